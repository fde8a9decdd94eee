#include "cli/share_output.hpp"

#include <charconv>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/secret_input.hpp"
#include "crypto/mnemonic.hpp"
#include "keys/share_set.hpp"
#include "platform/file.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::format;
using crypto::SecretBytes;

namespace {

constexpr std::uint64_t most = 16;  // of shares in a group, and of groups

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

void ShareOutput::declare(Options& options) {
    options.value(threshold_, "--threshold", "K", "so many shares give the phrase back");
    options.value(count_, "--shares", "N", "so many shares are made, 16 at most");
    options.texts(groups_, "--group", "K/N",
                  "in place of these two, for each group of people: K of its N shares");
    options.value(group_threshold_, "--groups-needed", "G",
                  "so many groups give the phrase back (default: 1)");
    options.value(passphrase_file_, "--passphrase-file", "FILE",
                  "a passphrase for the shares, in the first line");
    options.value(folder_, "--output,-o", "FOLDER", "write the shares into files there");
}

bool ShareOutput::asked_for() const {
    return threshold_ != 0 || count_ != 0 || !groups_.empty() || folder_ || passphrase_file_;
}

std::vector<ShareOutput::Group> ShareOutput::groups() const {
    if (groups_.empty() == (threshold_ == 0 && count_ == 0))
        throw Error(ErrorKind::usage,
                    "say how to split: --threshold K and --shares N, or --group K/N for each group");
    std::vector<Group> groups;
    if (groups_.empty()) groups.push_back({threshold_, count_});
    for (const std::string& text : groups_) {
        const std::size_t slash = text.find('/');
        const auto threshold = number(std::string_view(text).substr(0, slash));
        const auto count =
            slash == std::string::npos ? std::nullopt : number(std::string_view(text).substr(slash + 1));
        if (!threshold || !count)
            throw Error(ErrorKind::usage,
                        format("--group takes K/N, such as 2/3; '{}' is not", base::printable(text)));
        groups.push_back({*threshold, *count});
    }
    if (groups.size() > most) throw Error(ErrorKind::usage, "there are at most 16 groups");
    for (const Group& group : groups)
        if (group.threshold > most || group.count > most)
            throw Error(ErrorKind::usage, "there are at most 16 shares, of which at most 16 are asked for");
    if (group_threshold_ == 0 || group_threshold_ > groups.size())
        throw Error(ErrorKind::usage,
                    format("{} groups cannot be needed: {} are made", group_threshold_, groups.size()));
    return groups;
}

void ShareOutput::check(const Context& context) const {
    if (context.json() && !folder_)
        throw Error(ErrorKind::usage, "shares are secrets, and never part of a JSON document")
            .hint("name a folder for them with --output");
    groups();
    if (std::error_code error; folder_ && !fs::is_directory(*folder_, error))
        throw Error(ErrorKind::failed,
                    format("cannot write shares into {}", base::printable(folder_->native())))
            .cause(error ? error.message() : "it is no folder")
            .state("no share was made")
            .hint("make the folder first, with a mode that keeps others out");
}

std::vector<NamedShare> ShareOutput::make(const SecretBytes& phrase) const {
    const SecretBytes secret = crypto::entropy_from_mnemonic(phrase.text()).entropy.copy();
    const SecretBytes passphrase = passphrase_file_ ? read_secret_file(*passphrase_file_) : SecretBytes();
    std::vector<keys::ShareGroup> rules;
    for (const Group& group : groups())
        rules.push_back({static_cast<unsigned>(group.threshold), static_cast<unsigned>(group.count)});
    auto shares =
        keys::make_shares(secret.view(), passphrase.view(), static_cast<unsigned>(group_threshold_), rules);
    prove(shares, passphrase.view(), secret.view());
    std::vector<NamedShare> named;
    for (std::size_t group = 0; group < shares.size(); ++group)
        for (std::size_t i = 0; i < shares[group].size(); ++i)
            named.push_back(
                {format("share-{}{}-of-{}", shares.size() > 1 ? format("group-{}-", group + 1) : "", i + 1,
                        shares[group].size()),
                 std::move(shares[group][i])});
    return named;
}

/// Before anybody relies on them: the first shares of the first groups, and the last of the last, give the
/// phrase back.
void ShareOutput::prove(const std::vector<std::vector<SecretBytes>>& shares, base::ByteView passphrase,
                        base::ByteView secret) const {
    const std::vector<Group> rules = groups();
    const std::size_t first_of_last = shares.size() - group_threshold_;
    for (const bool last : {false, true}) {
        std::vector<std::string_view> texts;
        for (std::size_t i = 0; i < group_threshold_; ++i) {
            const std::size_t group = last ? first_of_last + i : i;
            const std::size_t skipped = last ? shares[group].size() - rules[group].threshold : 0;
            for (std::size_t k = 0; k < rules[group].threshold; ++k)
                texts.push_back(shares[group][skipped + k].text());
        }
        if (!crypto::equal(keys::combine_shares(texts, passphrase).view(), secret))
            throw Error(ErrorKind::failed, "the shares do not give the phrase back")
                .state("none was written");
    }
}

std::vector<std::string> ShareOutput::hand_out(const std::vector<NamedShare>& shares, Terminal& out) const {
    std::vector<std::string> files;
    for (const NamedShare& share : shares) {
        if (!folder_) {
            out.write(share.name + ":\n");
            out.write(share.words.text());
            out.write("\n\n");
            continue;
        }
        const fs::path path = *folder_ / (share.name + ".txt");
        platform::DurableFile file(path, 0600);
        file.append(base::as_bytes(share.words.text()));
        file.append(base::as_bytes("\n"));
        if (!file.commit(platform::DurableFile::Existing::refuse))
            throw Error(ErrorKind::failed, format("{} exists already", base::printable(path.native())))
                .state(format("{} shares were written before it", files.size()))
                .hint("remove old shares first, or name another folder");
        files.push_back(base::printable(path.native()));
    }
    return files;
}

std::string ShareOutput::rule() const {
    const std::vector<Group> rules = groups();
    if (rules.size() == 1) return format("any {} of {} shares", rules[0].threshold, rules[0].count);
    std::string text = format("{} of {} groups (", group_threshold_, rules.size());
    for (std::size_t i = 0; i < rules.size(); ++i)
        text += format("{}{} of {}", i == 0 ? "" : ", ", rules[i].threshold, rules[i].count);
    return text + " shares)";
}

}  // namespace bt2c::cli
