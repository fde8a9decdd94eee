#include "cli/node_keys.hpp"

#include <algorithm>

#include "keys/key_status.hpp"

namespace bt2c::cli {

std::vector<std::string> validators_here(const Context& context, chaindb::sqlite::Connection& database,
                                         const std::string& network) {
    std::vector<std::string> addresses;
    for (const std::string& address : context.settings().network.validators)
        for (const chaindb::ValidatorRow& row : chaindb::find_validators(database, address))
            if (row.network == network) addresses.push_back(address);
    constexpr int rotation_months = 6;  // when a key is due is not asked here
    for (const keys::KeyStatus& key : keys::key_status(context.home(), {&database, nullptr}, rotation_months))
        for (const chaindb::ValidatorRow& row : key.validators)
            if (row.network == network && std::ranges::find(addresses, key.address) == addresses.end())
                addresses.push_back(key.address);
    return addresses;
}

}  // namespace bt2c::cli
