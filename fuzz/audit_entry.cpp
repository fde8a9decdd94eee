// Lines of an audit log.

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "network/audit_log.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bt2c;
    try {
        const std::string_view line = base::as_text({data, size});
        BT2C_ASSERT(network::AuditEntry::parse(line).line() == line);
    } catch (const base::Error&) {
    }
    return 0;
}
