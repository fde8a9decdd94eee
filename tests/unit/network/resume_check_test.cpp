// [N2] A network is not resumed while its nodes disagree, are too few, or do not prove.

#include "network/resume_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bt2c::network {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

NodeReport node(const std::string& name, std::int64_t height) {
    NodeReport report;
    report.node = name;
    report.genesis_hash = "g";
    report.height = height;
    for (std::int64_t at = std::max<std::int64_t>(0, height - 3); at <= height; ++at)
        report.recent.emplace_back(at, "b" + std::to_string(at));
    report.tip_hash = "b" + std::to_string(height);
    report.paused = true;
    report.stake = 10;
    report.stake_total = 40;
    return report;
}

ResumeFacts four() {
    return {{node("n1", 10), node("n2", 11), node("n3", 9), node("n4", 10)}, {}, 67};
}

TEST(ResumeCheck, NodesOfOneChainGoOn) {
    EXPECT_THAT(reasons_against_resume(four()), IsEmpty());
    EXPECT_THAT(reasons_against_resume({{node("only", 0)}, {}, 25}), IsEmpty());
}

TEST(ResumeCheck, OneThatDisagreesStopsIt) {
    ResumeFacts facts = four();
    facts.reports[3].recent.back().second = "other";
    EXPECT_THAT(reasons_against_resume(facts), ElementsAre(HasSubstr("n1 and n4 disagree on block 10")));
    facts = four();
    facts.reports[1].genesis_hash = "h";
    EXPECT_THAT(reasons_against_resume(facts), ElementsAre("n1 and n2 are on different chains"));
    facts = four();
    facts.reports[2] = node("n3", 900);
    EXPECT_THAT(reasons_against_resume(facts), ElementsAre(HasSubstr("too far from the others")));
}

TEST(ResumeCheck, TooLittleStakeStopsIt) {
    ResumeFacts facts = four();
    facts.reports.resize(2);
    facts.silent = {"n3", "n4"};
    EXPECT_THAT(
        reasons_against_resume(facts),
        ElementsAre("50.0 % of the active stake can be reached, 67 % are needed; no answer from n3, n4"));
    facts.reports.push_back(node("n3", 9));
    EXPECT_THAT(reasons_against_resume(facts), IsEmpty());
    facts.reports.clear();
    EXPECT_THAT(reasons_against_resume(facts), ElementsAre("no node can be reached: no answer from n3, n4"));
    facts.silent.clear();
    EXPECT_THAT(reasons_against_resume(facts), IsEmpty()) << "there is no node";
}

TEST(ResumeCheck, AChainThatDoesNotProveStopsIt) {
    ResumeFacts facts = four();
    facts.reports[0].problem = "merkle_roots (2)";
    EXPECT_THAT(reasons_against_resume(facts),
                ElementsAre("the chain of n1 does not prove: merkle_roots (2)"));
}

TEST(ResumeCheck, ReportsTravelAsText) {
    const NodeReport sent = node("n1", 10);
    const NodeReport come = NodeReport::parse("n1", sent.text());
    EXPECT_EQ(come.error, "");
    EXPECT_EQ(come.recent, sent.recent);
    EXPECT_EQ(come.height, sent.height);
    EXPECT_EQ(come.stake, sent.stake);
    EXPECT_TRUE(come.paused);
}

TEST(ResumeCheck, AMalformedReportIsNoAnswer) {
    for (const char* text : {"", "{}", "[]", R"({"genesis_hash":1})"}) {
        ResumeFacts facts = four();
        facts.reports[3] = NodeReport::parse("n4", text);
        EXPECT_THAT(reasons_against_resume(facts), Contains(HasSubstr("n4 cannot say how it is"))) << text;
    }
    NodeReport greedy = node("n1", 10);
    greedy.recent.resize(1000);
    EXPECT_EQ(NodeReport::parse("n1", greedy.text()).error, "it tells of too many blocks");
    greedy = node("n1", 10);
    greedy.stake = -1;
    EXPECT_NE(NodeReport::parse("n1", greedy.text()).error, "");
}

}  // namespace
}  // namespace bt2c::network
