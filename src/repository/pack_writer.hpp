#pragma once
// Seals blobs into packs and stores the packs while the next ones fill.

#include <memory>
#include <vector>

#include "repository/format.hpp"
#include "repository/pack_directory.hpp"
#include "repository/repository_keys.hpp"
#include "storage/location.hpp"

namespace bt2c::repository {

/// A pack that is durable in the location.
struct StoredPack {
    ObjectId id;
    std::uint64_t bytes = 0;
    PackDirectory directory;
};

/// One per backup. add() is not thread-safe; threads of its own, as many as the location is good
/// for (Location::puts_at_once()), store full packs. Two more than these are kept in memory at most, so that
/// the disk or the network works beside the processor. Destroyed without commit(), it removes the packs that
/// it stored.
class PackWriter {
 public:
    PackWriter(storage::Location& location, const RepositoryKeys& keys, const ObjectId& backup,
               std::uint32_t page_size);
    ~PackWriter();
    PackWriter(const PackWriter&) = delete;
    PackWriter& operator=(const PackWriter&) = delete;

    /// Seals one compressed payload. The reference's pack counts the packs of this writer from 0.
    BlobReference add(BlobKind kind, base::ByteView payload, std::uint32_t plain_bytes,
                      std::uint32_t first_page = 0, std::uint32_t page_count = 0);
    /// Stores what is left and waits until all packs are durable.
    std::vector<StoredPack> finish();
    /// What the packs are sealed with, and the backup's other objects must be; see RepositoryKeys.
    const crypto::SecretBytes& backup_secret() const;
    /// A manifest names the packs now: they stay.
    void commit();

 private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace bt2c::repository
