#pragma once
// The versions of single pages, read many at a time.

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include "repository/pack_set.hpp"

namespace bt2c::repository {

/// A version of a page takes some hundred bytes, and behind a network each reading a round trip. So blobs are
/// fetched together with their neighbours, and those are kept: whoever reads pages in about their order wants
/// them next. Thread-safe; a thread waits for what another one fetches already. Memory: 32 MiB.
class ReadAhead {
 public:
    /// @param packs in which the blobs are: more of them are read in smaller pieces, so that there is room
    /// for one of each
    explicit ReadAhead(std::size_t packs);
    ~ReadAhead();

    /// As PackSet::payload(), of a blob that holds versions of pages. Where that and its neighbours are not
    /// all sound in one copy, it is read alone. The packs must outlive this.
    base::Bytes payload(const PackSet& packs, BlobReference blob);

 private:
    struct Piece;
    using Key = std::tuple<const PackSet*, std::uint32_t, std::uint64_t>;  ///< pack, number of the piece
    std::shared_ptr<Piece> find(const Key& key);
    void fetch(const PackSet& packs, BlobReference blob, Piece& piece) const;
    void keep(const std::shared_ptr<Piece>& piece);

    std::uint64_t piece_bytes_;
    std::mutex mutex_;                          ///< guards what follows
    std::list<std::shared_ptr<Piece>> recent_;  // most recently used first
    std::map<Key, std::list<std::shared_ptr<Piece>>::iterator> places_;
    std::size_t bytes_ = 0;
};

}  // namespace bt2c::repository
