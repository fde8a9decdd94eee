#include "cli/commands.hpp"
#include "cli/hidden_arguments.hpp"
#include "cli/secret_input.hpp"
#include "crypto/mnemonic.hpp"
#include "keys/phrase.hpp"
#include "keys/share_set.hpp"
#include "platform/file.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;
using crypto::SecretBytes;

class KeysSplitCommand final : public Command {
    About about() const override {
        return {.name = "keys split",
                .summary = "split a seed phrase into shares, of which some give it back",
                .description =
                    "Makes SLIP-0039 shares of a seed phrase, or of a repository's recovery phrase: words on "
                    "paper, "
                    "for several people or places. Any --threshold of them give the phrase back; fewer tell "
                    "nothing "
                    "about it.\n\n"
                    "The shares are shown once, or written with --output into a folder, a file for each "
                    "(mode 0600), to "
                    "be carried apart. With --json they are never shown.\n\n"
                    "A passphrase may be set on top. Another one gives another phrase, and nothing says that "
                    "it is "
                    "wrong: rehearse with 'recover-keys --check --shares'.",
                .examples = {{"bt2c-dr keys split --threshold 2 --shares 3", "any two of three"},
                             {"bt2c-dr keys split --threshold 3 --shares 5 --output /media/usb",
                              "five files, to be carried to five places"}},
                .exits = {ErrorKind::failed}};
    }

    void declare(Options& options) override {
        options.value(threshold_, "--threshold", "K", "so many shares give the phrase back").required = true;
        options.value(count_, "--shares", "N", "so many shares are made, 16 at most").required = true;
        options.value(phrase_, "--seed-phrase", "PHRASE",
                      "the phrase, or '-' to read it from standard input");
        options.value(passphrase_file_, "--passphrase-file", "FILE",
                      "a passphrase for the shares, in the first line");
        options.value(folder_, "--output,-o", "FOLDER", "write the shares into files there");
    }

    Result run(Context& context) override {
        if (context.json() && !folder_)
            throw Error(ErrorKind::usage, "shares are secrets, and never part of a JSON document")
                .hint("name a folder for them with --output");
        if (threshold_ > 16 || count_ > 16)
            throw Error(ErrorKind::usage, "there are at most 16 shares, of which at most 16 are asked for");
        const SecretBytes typed = read_phrase(phrase_, "Phrase to split");
        keys::clean_phrase(typed.text());
        const SecretBytes entropy = crypto::entropy_from_mnemonic(typed.text()).entropy.copy();
        const SecretBytes passphrase = passphrase_file_ ? read_secret_file(*passphrase_file_) : SecretBytes();
        const keys::ShareGroup group{static_cast<unsigned>(threshold_), static_cast<unsigned>(count_)};
        const auto shares =
            std::move(keys::make_shares(entropy.view(), passphrase.view(), 1, {&group, 1}).front());
        prove(shares, passphrase, entropy);
        Json files = Json::array();
        if (folder_)
            for (std::size_t i = 0; i < shares.size(); ++i) files.push(write(shares[i], i + 1));
        else
            show(context.console().out, shares);
        return {.document = Json::object(
                    {{"threshold", threshold_}, {"shares", count_}, {"files", std::move(files)}}),
                .print = [this](Output& out) { print(out); }};
    }

    void show(Terminal& out, const std::vector<SecretBytes>& shares) const {
        for (std::size_t i = 0; i < shares.size(); ++i) {
            out.write(base::format("share {} of {}:\n", i + 1, count_));
            out.write(shares[i].text());
            out.write("\n\n");
        }
    }

    void print(Output& out) const {
        if (folder_)
            out.line("{} shares are written to {}, a file for each.", count_,
                     base::printable(folder_->native()));
        out.line("Any {} of these {} shares give the phrase back; fewer tell nothing about it.", threshold_,
                 count_);
        out.line(
            "They were tried out just now. Keep them in different places, and note on each what it is for.");
        out.line(
            "Rehearse at once, and once a year: bt2c-dr recover-keys --check --shares - --expect-address "
            "ADDRESS");
    }

    /// Before anybody relies on them: the first and the last `threshold` shares give the phrase back.
    void prove(const std::vector<SecretBytes>& shares, const SecretBytes& passphrase,
               const SecretBytes& entropy) const {
        std::vector<std::string_view> texts;
        for (const SecretBytes& share : shares) texts.push_back(share.text());
        const std::span<const std::string_view> all(texts);
        for (const auto part : {all.first(threshold_), all.last(threshold_)})
            if (!crypto::equal(keys::combine_shares(part, passphrase.view()).view(), entropy.view()))
                throw Error(ErrorKind::failed, "the shares do not give the phrase back")
                    .state("none was written");
    }

    std::string write(const SecretBytes& share, std::size_t number) const {
        const fs::path path = *folder_ / base::format("share-{}-of-{}.txt", number, count_);
        platform::DurableFile file(path, 0600);
        file.append(base::as_bytes(share.text()));
        file.append(base::as_bytes("\n"));
        if (!file.commit(platform::DurableFile::Existing::refuse))
            throw Error(ErrorKind::failed, base::format("{} exists already", base::printable(path.native())))
                .state(base::format("{} shares were written before it", number - 1))
                .hint("remove old shares first, or name another folder");
        return base::printable(path.native());
    }

    std::uint64_t threshold_ = 0, count_ = 0;
    std::optional<std::string> phrase_;
    std::optional<fs::path> passphrase_file_, folder_;
};

}  // namespace

std::unique_ptr<Command> keys_split_command() {
    return std::make_unique<KeysSplitCommand>();
}

}  // namespace bt2c::cli
