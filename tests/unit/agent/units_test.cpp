// The units for systemd, as systemd reads them.

#include <gtest/gtest.h>

#include <regex>

#include "platform/process.hpp"
#include "support/skip.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::agent {
namespace {

TEST(Units, SystemdFindsNoFault) {
    if (platform::run_and_capture({"sh", "-c", "command -v systemd-analyze"}, 4096, 10'000).status != 0)
        BT2C_SKIP_OR_FAIL("systemd-analyze is not installed");
    const support::TemporaryFolder folder;
    std::string command = "systemd-analyze verify";
    for (const std::string name : {"bt2c-dr-agent.service", "bt2c-node.service"}) {
        // The programs and their manual need not be installed where this runs.
        const std::string text =
            support::file_text(std::filesystem::path(BT2C_SOURCE_DIR) / "packaging/systemd" / name);
        ASSERT_NE(text, "");
        const std::string here =
            std::regex_replace(text, std::regex("ExecStart=[^\n]*"), "ExecStart=/bin/true");
        command +=
            " " +
            folder.write(name, std::regex_replace(here, std::regex("Documentation=[^\n]*\n"), "")).native();
    }
    const auto result = platform::run_and_capture({"sh", "-c", command + " 2>&1"}, 1 << 16, 60'000);
    EXPECT_EQ(result.status, 0);
    EXPECT_EQ(base::as_text(result.output), "");
}

}  // namespace
}  // namespace bt2c::agent
