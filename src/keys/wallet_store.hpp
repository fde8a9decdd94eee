#pragma once
// The folder of wallet files, one for each address.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace bt2c::keys {

/// FOLDER/ADDRESS.json, as the chain's tools name it.
std::filesystem::path wallet_path(const std::filesystem::path& folder, std::string_view address);

/// Throws Error(failed) when a wallet of that address is there, unless `replace`.
void check_no_wallet(const std::filesystem::path& folder, std::string_view address, bool replace);

/// Writes a wallet durably, mode 0600, the folder's owner its owner. One that is there is kept beside it
/// first, when `replace`, under the name that is returned; else Error(failed) and nothing is changed.
std::optional<std::filesystem::path> store_wallet(const std::filesystem::path& folder,
                                                  std::string_view address, std::string_view text,
                                                  bool replace);

}  // namespace bt2c::keys
