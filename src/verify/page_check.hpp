#pragma once
// SQLite's own check of the database's pages.

#include "verify/context.hpp"

namespace bt2c::verify {

/// Runs `PRAGMA quick_check` and reports each of its messages.
void check_pages(Context& context);

/// Reports the rows that the other checks had to step over.
void report_damage(Context& context);

}  // namespace bt2c::verify
