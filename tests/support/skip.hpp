#pragma once
// Tests that cannot run where they are.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>

namespace bt2c::support {

/// Whether this runs where every tool is installed (CI=true), so that a missing one is a fault.
inline bool in_ci() {
    const char* value = std::getenv("CI");
    return value && std::string_view(value) == "true";
}

}  // namespace bt2c::support

/// Ends the test because a tool or a right is missing: a skip on a developer's machine, a failure in CI.
/// For data that the repository does not hold (../shared) use GTEST_SKIP itself.
#define BT2C_SKIP_OR_FAIL(reason)                                                        \
    do {                                                                                 \
        if (::bt2c::support::in_ci()) FAIL() << "must not be skipped in CI: " << reason; \
        GTEST_SKIP() << reason;                                                          \
    } while (false)
