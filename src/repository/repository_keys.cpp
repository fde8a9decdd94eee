#include "repository/repository_keys.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "crypto/seal.hpp"

namespace bt2c::repository {

using base::ByteView;
using base::Error;
using base::ErrorKind;
using crypto::SecretBytes;

namespace {

constexpr std::size_t backup_secret_bytes = 32;
static_assert(sealed_secret_bytes == backup_secret_bytes + crypto::box_overhead_bytes);

}  // namespace

RepositoryKeys::RepositoryKeys(SecretBytes master, const ObjectId& repository) : master_(std::move(master)) {
    const auto derive = [&](std::string_view what, std::size_t size) {
        return crypto::hkdf_sha256(master_.view(), repository.bytes, what, size);
    };
    sealing_secret_key_ = derive("bt2c-dr sealing key", crypto::box_secret_key_bytes);
    write_ = {repository, crypto::box_public_key(sealing_secret_key_),
              derive("bt2c-dr content id", content_key_bytes), derive("bt2c-dr writer", writer_secret_bytes)};
}

void RepositoryKeys::require_reader() const {
    if (!can_read())
        throw Error(ErrorKind::wrong_secret,
                    "cannot read the repository: this node can write backups and not read them")
            .cause("it has a write key file, which opens nothing")
            .state("nothing was read or changed")
            .hint(
                "give the repository's password or 24-word recovery phrase in BT2C_REPO_PASSWORD, or work "
                "where its "
                "key file is");
}

const SecretBytes& RepositoryKeys::master() const {
    require_reader();
    return master_;
}

WriteKey RepositoryKeys::write_key() const {
    require_reader();
    return write_.copy();
}

SecretBytes RepositoryKeys::new_backup_secret() const {
    return can_read() ? SecretBytes() : SecretBytes::random(backup_secret_bytes);
}

SecretBytes RepositoryKeys::derive_key(ByteView header, const SecretBytes& backup_secret) const {
    std::string info = backup_secret.empty() ? "bt2c-dr object" : "bt2c-dr sealed object";
    info += base::as_text(repository().bytes);
    if (backup_secret.empty())
        return crypto::hkdf_sha256(master().view(), header, info, crypto::seal_key_bytes);
    SecretBytes both(backup_secret.size() + write_.writer_secret.size());
    std::copy_n(backup_secret.data(), backup_secret.size(), both.data());
    std::copy_n(write_.writer_secret.data(), write_.writer_secret.size(), both.data() + backup_secret.size());
    return crypto::hkdf_sha256(both.view(), header, info, crypto::seal_key_bytes);
}

RepositoryKeys::NewObject RepositoryKeys::new_object(ObjectType type, const ObjectId& id,
                                                     const SecretBytes& backup_secret) const {
    const SealKind kind = backup_secret.empty() ? SealKind::master_key : SealKind::write_only;
    const ObjectHeader header = make_header(type, id, kind);
    NewObject object{{header.begin(), header.end()}, derive_key(header, backup_secret)};
    if (kind == SealKind::write_only) {
        const base::Bytes box = crypto::seal_box(write_.sealing_key, backup_secret.view());
        object.front.insert(object.front.end(), box.begin(), box.end());
    }
    return object;
}

std::optional<RepositoryKeys::OpenedObject> RepositoryKeys::open_front(ByteView object) const {
    require_reader();
    const std::size_t front = front_bytes(object);
    if (object.size() < front) return std::nullopt;
    const ByteView header = object.first(object_header_bytes);
    if (front == object_header_bytes) return OpenedObject{{}, derive_key(header, {})};
    auto secret = crypto::open_box(sealing_secret_key_, object.first(front).subspan(object_header_bytes));
    if (!secret) return std::nullopt;
    SecretBytes key = derive_key(header, *secret);
    return OpenedObject{std::move(*secret), std::move(key)};
}

SecretBytes RepositoryKeys::object_key(ObjectType type, const ObjectId& id,
                                       const SecretBytes& backup_secret) const {
    require_reader();
    const SealKind kind = backup_secret.empty() ? SealKind::master_key : SealKind::write_only;
    return derive_key(make_header(type, id, kind), backup_secret);
}

}  // namespace bt2c::repository
