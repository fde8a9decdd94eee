#pragma once
// Letting go of a read mark without leaving the writers its costs.

#include <cstdint>

#include "chaindb/sqlite/read_transaction.hpp"

namespace bt2c::chaindb::sqlite {

/// Ends `held`, a transaction in WAL mode whose mark covers the log up to `marked_frame` (0: nothing of it).
/// While it was held no checkpoint could pass the mark. Of a log that has grown long meanwhile, the writer
/// that commits next would bring home all pages at once, and wait for the disk that long. So the checkpoint
/// is made here, beside the writers, and begins before the mark is let go. A failure of it is nobody's
/// loss: the writers' own checkpoints do the work later.
/// @param main_file a descriptor of the database that stays open
void end_beside_writers(ReadTransaction& held, std::uint32_t marked_frame, int main_file) noexcept;

}  // namespace bt2c::chaindb::sqlite
