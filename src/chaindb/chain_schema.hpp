#pragma once
// The tables of a BT2C node, in the very words of the nodes that made them.

#include <string_view>

namespace bt2c::chaindb {

/// Which software made the tables: the chain's ORM, or the nodes that came later.
enum class Layout { orm, fresh };

/// All CREATE statements, in the order in which a node runs them.
std::string_view schema_sql(Layout layout);

}  // namespace bt2c::chaindb
