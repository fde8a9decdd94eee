#include "keys/wallet_store.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "platform/file.hpp"

namespace bt2c::keys {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::printable;
using platform::DurableFile;

namespace {

constexpr unsigned wallet_mode = 0600;
constexpr std::uint64_t wallet_bytes_max = 1 << 20;

Error there_already(const fs::path& path) {
    return Error(ErrorKind::failed, base::format("there is a wallet already: {}", printable(path.native())))
        .state("nothing was changed")
        .hint("'--check' tells whether the phrase is that wallet's; '--force' replaces it and keeps a copy");
}

void write_new(const fs::path& path, std::string_view text) {
    DurableFile file(path, wallet_mode);
    file.append(base::as_bytes(text));
    platform::give_to_owner_of(path.parent_path(), file.fd());
    if (!file.commit(DurableFile::Existing::refuse)) throw there_already(path);
}

/// "20260405T020000Z"
std::string compact_now() {
    std::string text = base::format_utc(base::now_unix_ms() / 1000 * 1000);
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text;
}

/// ADDRESS.json.kept-TIME, with a number behind it where that is taken.
fs::path keep_copy(const fs::path& path) {
    const base::Bytes contents = platform::read_file(path, wallet_bytes_max);
    for (int number = 1;; ++number) {
        fs::path kept = path;
        kept += ".kept-" + compact_now();
        if (number > 1) kept += base::format("-{}", number);
        if (fs::exists(fs::symlink_status(kept))) continue;
        write_new(kept, base::as_text(contents));
        return kept;
    }
}

}  // namespace

fs::path wallet_path(const fs::path& folder, std::string_view address) {
    return folder / (std::string(address) + ".json");
}

void check_no_wallet(const fs::path& folder, std::string_view address, bool replace) {
    const fs::path path = wallet_path(folder, address);
    if (!replace && fs::exists(fs::symlink_status(path))) throw there_already(path);
}

std::optional<fs::path> store_wallet(const fs::path& folder, std::string_view address, std::string_view text,
                                     bool replace) {
    const fs::path path = wallet_path(folder, address);
    check_no_wallet(folder, address, replace);
    platform::durable_mkdir(folder, 0700);
    if (!fs::exists(fs::symlink_status(path))) {
        write_new(path, text);
        return std::nullopt;
    }
    const fs::path kept = keep_copy(path);
    DurableFile file(path, wallet_mode);
    file.append(base::as_bytes(text));
    platform::give_to_owner_of(folder, file.fd());
    file.commit(DurableFile::Existing::replace);
    return kept;
}

}  // namespace bt2c::keys
