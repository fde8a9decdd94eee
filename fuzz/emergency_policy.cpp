// Policies: what is taken can be met.

#include "config/emergency_policy.hpp"

#include <cstddef>
#include <cstdint>

#include "base/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bt2c;
    try {
        const auto policy =
            config::parse_emergency_policy(base::as_text({data, size}), "emergency-policy.toml");
        BT2C_ASSERT(!policy.members.empty() && policy.resume_threshold >= policy.pause_threshold);
        for (const auto& member : policy.members) BT2C_ASSERT(policy.find(member.name) == &member);
    } catch (const base::Error&) {
    }
    return 0;
}
