#include "chaindb/validators.hpp"

namespace bt2c::chaindb {

std::vector<ValidatorRow> find_validators(sqlite::Connection& database, std::string_view address) {
    std::vector<ValidatorRow> rows;
    auto query = database.try_prepare(
        "SELECT network_type, upper(status), stake FROM validators WHERE address = ? ORDER BY network_type");
    if (!query) return rows;
    query->bind(1, address);
    while (query->step() == sqlite::Step::row) {
        ValidatorRow& row = rows.emplace_back();
        row.address = address;
        row.network = query->string(0);
        row.status = query->string(1);
        if (query->type(2) == sqlite::ValueType::real || query->type(2) == sqlite::ValueType::integer)
            row.stake = query->real(2);
    }
    return rows;
}

std::optional<std::string> joined_at(sqlite::Connection& database, std::string_view address) {
    auto query = database.try_prepare("SELECT min(joined_at) FROM validators WHERE address = ?");
    if (!query) return std::nullopt;
    query->bind(1, address);
    if (query->step() != sqlite::Step::row || query->is_null(0)) return std::nullopt;
    return query->string(0);
}

}  // namespace bt2c::chaindb
