#include "chaindb/sqlite/row.hpp"

#include "base/text.hpp"
#include "chaindb/sqlite/connection.hpp"

namespace bt2c::chaindb::sqlite {

Row::Row(const Statement& statement) : cells_(statement.columns()) {
    statement.read(*this);
}

std::string_view Row::digits(std::size_t column) const {
    digits_.resize(cells_.size());
    const Cell& cell = cells_[column];
    digits_[column] =
        cell.type == ValueType::integer ? base::format("{}", cell.integer) : base::format("{}", cell.real);
    return digits_[column];
}

}  // namespace bt2c::chaindb::sqlite
