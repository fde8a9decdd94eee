#include "keys/signing_state.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"

namespace bt2c::keys {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;

namespace {

constexpr std::uint64_t file_bytes_max = 4096;
constexpr std::string_view prefix = "watermark-", suffix = ".json";
constexpr std::int64_t height_max = std::int64_t{1} << 53;

fs::path lock_file(const config::Home& home) {
    return home.network() / "signing-lock.json";
}

/// Networks and addresses come from databases: only what is safe in a name stays as it is.
std::string name_part(std::string_view text) {
    std::string name;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        name += plain ? std::string(1, c) : base::format("%{:02x}", static_cast<unsigned char>(c));
    }
    return name;
}

fs::path watermark_file(const config::Home& home, const SigningIdentity& identity) {
    return home.network() / base::format("{}{}-{}{}", prefix, name_part(identity.network),
                                         name_part(identity.address), suffix);
}

Error unusable(const fs::path& file, std::string cause) {
    return Error(ErrorKind::failed, base::format("cannot use {}", base::printable(file.native())))
        .cause(std::move(cause))
        .state("nothing was signed")
        .hint("'bt2c-dr network unlock-signing' finds the height anew");
}

std::string text_of(const Watermark& mark) {
    // Heights are texts: readers in other languages must not round them.
    return Json::object({{"version", 1},
                         {"network", mark.identity.network},
                         {"genesis_hash", mark.identity.genesis_hash},
                         {"address", mark.identity.address},
                         {"height", base::format("{}", mark.height)}})
               .dump(true) +
           "\n";
}

std::int64_t parse_height(const std::string& text) {
    std::int64_t height = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), height);
    if (error != std::errc() || end != text.data() + text.size() || height < 0 || height > height_max)
        throw Error(ErrorKind::failed, base::format("'{}' is no height", base::printable(text)));
    return height;
}

Watermark read_file_of(const fs::path& file) {
    const base::Bytes contents = platform::read_file(file, file_bytes_max);
    try {
        return parse_watermark(base::as_text(contents));
    } catch (const Error& error) {
        throw unusable(file, error.message());
    }
}

/// A file of the home's owner, whoever writes it: the node has to read it, and to write it anew.
void put(const config::Home& home, const fs::path& file, const std::string& text) {
    if (!fs::exists(home.network())) {
        platform::durable_mkdir(home.network(), 0700);
        platform::give_to_owner_of(home.root, platform::open_for_reading(home.network()).get());
    }
    platform::DurableFile out(file, 0600);
    out.append(base::as_bytes(text));
    platform::give_to_owner_of(home.root, out.fd());
    out.commit(platform::DurableFile::Existing::replace);
}

bool is_there(const fs::path& file) {
    std::error_code error;
    const fs::file_type type = fs::symlink_status(file, error).type();
    if (type == fs::file_type::none) throw unusable(file, error.message());
    return type != fs::file_type::not_found;
}

}  // namespace

Watermark parse_watermark(std::string_view json) {
    const Json document = Json::parse(json);
    if (document.integer_at("version") != 1) throw Error(ErrorKind::failed, "its version is not known");
    Watermark mark;
    mark.identity.network = document.string_at("network");
    mark.identity.genesis_hash = document.string_at("genesis_hash");
    mark.identity.address = document.string_at("address");
    mark.height = parse_height(document.string_at("height"));
    return mark;
}

std::optional<std::int64_t> read_watermark(const config::Home& home, const SigningIdentity& identity) {
    const fs::path file = watermark_file(home, identity);
    if (!is_there(file)) return std::nullopt;
    const Watermark mark = read_file_of(file);
    if (mark.identity.network != identity.network || mark.identity.address != identity.address)
        throw unusable(file, "it is another key's");
    if (mark.identity.genesis_hash != identity.genesis_hash)
        throw unusable(file, base::format("it is for a chain that begins with block {}, this one with {}",
                                          base::printable(mark.identity.genesis_hash.substr(0, 16)),
                                          base::printable(identity.genesis_hash.substr(0, 16))));
    return mark.height;
}

void raise_watermark(const config::Home& home, const SigningIdentity& identity, std::int64_t height) {
    BT2C_ASSERT(height >= 0);
    const std::optional<std::int64_t> before = read_watermark(home, identity);
    if (before && *before >= height) return;
    platform::durable_mkdir(home.network(), 0700);
    platform::write_durably(watermark_file(home, identity), base::as_bytes(text_of({identity, height})),
                            0600);
}

std::vector<Watermark> all_watermarks(const config::Home& home) {
    std::vector<Watermark> marks;
    if (!is_there(home.network())) return marks;
    for (const auto& entry : fs::directory_iterator(home.network())) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(prefix) && name.ends_with(suffix)) marks.push_back(read_file_of(entry.path()));
    }
    std::ranges::sort(marks, {}, [](const Watermark& mark) {
        return std::pair(mark.identity.network, mark.identity.address);
    });
    return marks;
}

std::optional<SigningLock> signing_lock(const config::Home& home) {
    const fs::path file = lock_file(home);
    try {
        if (!is_there(file)) return std::nullopt;
        const base::Bytes contents = platform::read_file(file, file_bytes_max);
        const Json document = Json::parse(base::as_text(contents));
        const auto since = base::parse_utc(document.string_at("since"));
        if (!since) throw Error(ErrorKind::failed, "its time cannot be read");
        return SigningLock{*since, document.string_at("reason")};
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return SigningLock{
            0, base::format("{} cannot be read: {}", base::printable(file.native()), error.message())};
    }
}

void lock_signing(const config::Home& home, const std::string& reason) {
    if (signing_lock(home)) return;
    constexpr std::size_t reason_max = 1000;
    const Json document = Json::object({{"since", base::format_utc(base::now_unix_ms())},
                                        {"reason", base::printable(reason).substr(0, reason_max)}});
    put(home, lock_file(home), document.dump(true) + "\n");
}

bool unlock_signing(const config::Home& home) {
    return platform::durable_remove(lock_file(home));
}

}  // namespace bt2c::keys
