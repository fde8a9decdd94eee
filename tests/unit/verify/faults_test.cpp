// Every fault that the generator knows is named by the check that it is meant for, and by no other
// than those it cannot be had without. [I1]

#include "sample/faults.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "test_chain.hpp"

namespace bt2c::verify {
namespace {

struct Case {
    std::string fault;
    sample::Layout layout;
};

/// Made once for all tests of a layout.
const TestChain& sound_chain(sample::Layout layout) {
    const auto made = [](sample::Layout of) {
        sample::ChainOptions options;
        options.layout = of;
        options.networks = {"mainnet", "testnet"};
        options.blocks = 300;  // enough for pages above the leaves
        return options;
    };
    static const TestChain orm(made(sample::Layout::orm));
    static const TestChain fresh(made(sample::Layout::fresh));
    return layout == sample::Layout::orm ? orm : fresh;
}

class InjectedFaults : public testing::TestWithParam<Case> {};

TEST_P(InjectedFaults, AreNamedByTheRightCheck) {
    const auto fault = std::find_if(sample::faults().begin(), sample::faults().end(),
                                    [](const sample::Fault& each) { return each.name == GetParam().fault; });
    ASSERT_NE(fault, sample::faults().end());
    const support::TemporaryFolder folder;
    const std::filesystem::path path = folder.path() / "chain.db";
    std::filesystem::copy_file(sound_chain(GetParam().layout).path(), path);
    sample::inject_fault(path, fault->name);
    const Report report = verify_file(path);
    EXPECT_FALSE(report.ok);
    if (fault->check.empty()) {  // no image of such a file is ever made; whoever reads it learns why
        EXPECT_EQ(failures(report), "database_pages=" + std::to_string(report[Check::database_pages].count));
        return;
    }
    for (const CheckResult& result : report.checks) {
        const std::string_view name = check_name(result.check);
        if (name == fault->check) {
            EXPECT_EQ(result.status, CheckStatus::fail) << name;
            ASSERT_FALSE(result.examples.empty());
            EXPECT_FALSE(result.examples[0].text.empty());
            EXPECT_FALSE(result.examples[0].expected.empty());
            EXPECT_FALSE(result.examples[0].found.empty());
        } else if (std::find(fault->also.begin(), fault->also.end(), name) == fault->also.end() &&
                   std::find(fault->also.begin(), fault->also.end(), "*") == fault->also.end()) {
            EXPECT_NE(result.status, CheckStatus::fail) << name;
        }
        EXPECT_LE(result.examples.size(), 10U);
    }
}

std::vector<Case> all_cases() {
    std::vector<Case> cases;
    for (const auto layout : {sample::Layout::orm, sample::Layout::fresh})
        for (const sample::Fault& fault : sample::faults())
            cases.push_back({std::string(fault.name), layout});
    return cases;
}

INSTANTIATE_TEST_SUITE_P(All, InjectedFaults, testing::ValuesIn(all_cases()), [](const auto& tested) {
    std::string name = tested.param.fault;
    std::replace(name.begin(), name.end(), '-', '_');
    return name + (tested.param.layout == sample::Layout::orm ? "_orm" : "_fresh");
});

}  // namespace
}  // namespace bt2c::verify
