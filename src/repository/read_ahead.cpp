#include "repository/read_ahead.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace bt2c::repository {

namespace {

constexpr std::size_t ahead_bytes_max = std::size_t{32} << 20;
constexpr std::size_t piece_bytes_min = std::size_t{64} << 10;
constexpr std::size_t piece_bytes_max = std::size_t{1} << 20;

bool holds_versions(const BlobEntry& blob) {
    return blob.kind == BlobKind::page_difference || blob.kind == BlobKind::loose_pages;
}

}  // namespace

/// Neighbouring blobs whose beginnings are in the same stretch of a pack.
struct ReadAhead::Piece {
    explicit Piece(const Key& which) : key(which) {}
    const Key key;
    std::mutex mutex;  ///< guards what follows, and is held while it is fetched
    bool fetched = false;
    std::uint32_t first = 0;
    PackSet::Payloads payloads;  ///< none where not all could be had at once

    // Guarded by the mutex of ReadAhead.
    std::size_t bytes_kept = 0;
    bool dropped = false;
};

ReadAhead::ReadAhead(std::size_t packs)
    : piece_bytes_(
          std::clamp(ahead_bytes_max / std::max<std::size_t>(packs, 1), piece_bytes_min, piece_bytes_max)) {}

ReadAhead::~ReadAhead() = default;

base::Bytes ReadAhead::payload(const PackSet& packs, BlobReference blob) {
    const auto piece = find({&packs, blob.pack, packs.entry(blob).offset / piece_bytes_});
    {
        const std::lock_guard lock(piece->mutex);
        if (!piece->fetched) {
            fetch(packs, blob, *piece);
            keep(piece);
        }
        const std::uint32_t at = blob.blob - piece->first;
        if (blob.blob >= piece->first && at < piece->payloads.views.size())
            return {piece->payloads.views[at].begin(), piece->payloads.views[at].end()};
    }
    return packs.payload(blob);
}

std::shared_ptr<ReadAhead::Piece> ReadAhead::find(const Key& key) {
    const std::lock_guard lock(mutex_);
    if (const auto found = places_.find(key); found != places_.end()) {
        recent_.splice(recent_.begin(), recent_, found->second);
        return recent_.front();
    }
    recent_.push_front(std::make_shared<Piece>(key));
    places_.emplace(key, recent_.begin());
    return recent_.front();
}

void ReadAhead::fetch(const PackSet& packs, BlobReference blob, Piece& piece) const {
    const auto& blobs = packs.directory(blob.pack).blobs;
    const auto belongs = [&](std::uint32_t i) {
        return holds_versions(blobs[i]) && blobs[i].offset / piece_bytes_ == std::get<2>(piece.key);
    };
    std::uint32_t first = blob.blob, end = blob.blob + 1;
    while (first > 0 && belongs(first - 1)) --first;
    while (end < blobs.size() && belongs(end)) ++end;
    try {
        piece.payloads = packs.payloads_of_one_copy({blob.pack, first}, end - first);
        piece.first = first;
    } catch (const base::Error& error) {
        if (error.kind() == base::ErrorKind::interrupted) throw;
    }
    piece.fetched = true;
}

void ReadAhead::keep(const std::shared_ptr<Piece>& piece) {
    const std::lock_guard lock(mutex_);
    if (piece->dropped) return;
    piece->bytes_kept = piece->payloads.bytes.size();
    bytes_ += piece->bytes_kept;
    while (bytes_ > ahead_bytes_max && recent_.back() != piece) {
        recent_.back()->dropped = true;
        bytes_ -= recent_.back()->bytes_kept;
        places_.erase(recent_.back()->key);
        recent_.pop_back();
    }
}

}  // namespace bt2c::repository
