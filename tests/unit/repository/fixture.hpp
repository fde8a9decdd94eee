#pragma once
// A repository with backups of a generated chain, to be damaged and looked at.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "backup/backup.hpp"
#include "base/error.hpp"
#include "repository/repository.hpp"
#include "storage/local/local_location.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::repository::test {

namespace fs = std::filesystem;

/// What `call` throws; fails the test when it throws nothing.
template <typename Call>
base::Error error_of(Call call) {
    try {
        call();
    } catch (const base::Error& error) {
        return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return {base::ErrorKind::failed, ""};
}

/// A key-file secret, which costs no time to open with, unlike a password.
inline Secret key_secret(std::uint8_t fill = 7) {
    return {SlotKind::key_file, crypto::SecretBytes::copy_of(base::Bytes(32, fill))};
}

/// A node's home with a chain, files of odd kinds, and a repository in a folder.
class BackedUpHome {
 public:
    explicit BackedUpHome(int blocks = 300);

    /// Adds blocks to the chain in the home.
    void grow(int blocks) const;
    Manifest back_up(BackupType type) const;
    /// The file of an object.
    fs::path file(ObjectType type, const ObjectId& id) const { return root / object_name(type, id); }

    support::TemporaryFolder folder;
    config::Home home{folder / "home"};
    fs::path root = folder / "repository";
    std::shared_ptr<storage::Location> location = std::make_shared<storage::local::LocalLocation>(root);
    Repository repository;
};

/// Changes an object's file, which is read-only.
void overwrite(const fs::path& file, const std::string& contents);
/// Turns one bit of a file round.
void flip_bit(const fs::path& file, std::size_t offset);
void truncate(const fs::path& file, std::size_t size);

/// The database of a backup, as a restore would write it.
base::Bytes image_of(const Repository& repository, const Manifest& manifest);

}  // namespace bt2c::repository::test
