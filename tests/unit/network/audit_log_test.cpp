// [N1] The log of orders and acts, and what of its damage shows.

#include "network/audit_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <thread>

#include "base/error.hpp"
#include "network/order.hpp"
#include "platform/file.hpp"
#include "support/power_loss.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::network {
namespace {

namespace fs = std::filesystem;
using support::file_text;
using testing::HasSubstr;

constexpr base::UnixMs now = 1'790'000'000'000;

class AuditLog : public testing::Test {
 protected:
    AuditEntry add(const std::string& detail) const {
        return append_audit(home,
                            {.event = AuditEvent::paused,
                             .network = "mainnet",
                             .sequence = 7,
                             .actor = "alice",
                             .detail = detail,
                             .order = "{\"a\":\"b\"}"},
                            now);
    }
    void add_some(int count) const {
        for (int i = 1; i <= count; ++i) add("act " + std::to_string(i));
    }
    std::vector<std::string> lines() const {
        std::vector<std::string> all;
        std::istringstream text(file_text(file));
        for (std::string line; std::getline(text, line);) all.push_back(line);
        return all;
    }
    void put(const std::vector<std::string>& all) const {
        std::string text;
        for (const std::string& line : all) text += line + "\n";
        folder.write("network/audit.jsonl", text);
    }
    /// The first finding as "line: what"; empty for none.
    std::string finding() const {
        const AuditReport report = verify_audit(home);
        return report.findings.empty()
                   ? ""
                   : std::to_string(report.findings[0].line) + ": " + report.findings[0].what;
    }

    support::TemporaryFolder folder;
    config::Home home{folder.path()};
    fs::path file = audit_file(home);
};

TEST_F(AuditLog, KeepsEntriesInAChain) {
    EXPECT_EQ(verify_audit(home).entries, 0);
    EXPECT_TRUE(read_audit(home, 10).empty());
    add_some(5);
    const AuditReport report = verify_audit(home);
    EXPECT_EQ(report.entries, 5);
    EXPECT_EQ(report.findings_count, 0);
    EXPECT_FALSE(report.torn);
    const std::vector<AuditEntry> newest = read_audit(home, 2);
    ASSERT_EQ(newest.size(), 2U);
    EXPECT_EQ(newest[0].number, 4);
    EXPECT_EQ(newest[1].previous, newest[0].hash);
    EXPECT_EQ(newest[1].hash, report.last_hash);
    EXPECT_EQ(newest[1].event, "paused");
    EXPECT_EQ(newest[1].detail, "act 5");
    EXPECT_EQ(newest[1].order, "{\"a\":\"b\"}");
    EXPECT_EQ(newest[1].at, now);
    EXPECT_EQ(read_audit(home, 1000).front().previous, std::string(64, '0'));
    EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(AuditLog, TakesAnyText) {
    add("\xff\xfe\n\x01 \"quoted\" \xc3\xa9");
    add(std::string(100'000, 'x'));
    append_audit(home, {.event = AuditEvent::paused, .order = std::string(order_bytes_max, '"')}, now);
    const AuditReport report = verify_audit(home);
    EXPECT_EQ(report.entries, 3);
    EXPECT_EQ(report.findings_count, 0) << finding();
}

TEST_F(AuditLog, ShowsAChangedLine) {
    add_some(5);
    auto all = lines();
    all[2].replace(all[2].find("act 3"), 5, "act X");
    put(all);
    EXPECT_THAT(finding(), HasSubstr("3: was changed: entry 3 does not have its hash"));
    EXPECT_EQ(verify_audit(home).findings_count, 1);
}

TEST_F(AuditLog, ShowsALineThatWasMadeAnew) {
    add_some(5);
    auto all = lines();
    const auto entries = read_audit(home, 5);
    // A consistent line in the place of the third, as its forger would make it.
    const support::TemporaryFolder other;
    for (int i = 1; i <= 3; ++i)
        append_audit(config::Home{other.path()}, {.event = AuditEvent::paused, .detail = "forged"}, now);
    all[2] = read_audit(config::Home{other.path()}, 1)[0].line();
    put(all);
    EXPECT_THAT(finding(), HasSubstr("3: is entry 3, which does not continue the line before it"));
}

TEST_F(AuditLog, ShowsARemovedLine) {
    add_some(5);
    auto all = lines();
    all.erase(all.begin() + 2);
    put(all);
    EXPECT_THAT(finding(), HasSubstr("3: is entry 4, but 3 should come here: entries were removed"));
    EXPECT_EQ(verify_audit(home).findings_count, 1);
    all.erase(all.begin());
    put(all);
    EXPECT_THAT(finding(), HasSubstr("1: is entry 2, but 1 should come here"));
}

TEST_F(AuditLog, ShowsLinesInAnotherOrder) {
    add_some(5);
    auto all = lines();
    std::swap(all[1], all[3]);
    put(all);
    EXPECT_THAT(finding(), HasSubstr("2: is entry 4, but 2 should come here"));
    all = lines();
    std::swap(all[1], all[3]);
    all.insert(all.begin() + 1, all[0]);
    put(all);
    EXPECT_THAT(finding(),
                HasSubstr("2: is entry 1, but 2 should come here: it was put elsewhere or is there"));
}

TEST_F(AuditLog, ShowsALineThatIsNone) {
    add_some(5);
    auto all = lines();
    all[2].resize(all[2].size() / 2);
    put(all);
    EXPECT_EQ(finding(), "3: is no entry of the log");
    EXPECT_EQ(verify_audit(home).findings_count, 1);
    all[2] = lines()[0] + " ";
    put(all);
    EXPECT_EQ(finding(), "3: is no entry of the log");
    all[2] = std::string(1 << 20, 'x');
    put(all);
    EXPECT_EQ(finding(), "3: is no entry of the log");
}

TEST_F(AuditLog, EveryChangedByteShows) {
    add_some(3);
    const std::string text = file_text(file);
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
        std::string changed = text;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        folder.write("network/audit.jsonl", changed);
        ASSERT_GT(verify_audit(home).findings_count, 0) << i;
    }
}

TEST_F(AuditLog, CannotShowThatItsEndIsMissing) {
    add_some(5);
    auto all = lines();
    all.pop_back();
    put(all);
    EXPECT_EQ(verify_audit(home).findings_count, 0);
}

TEST_F(AuditLog, MendsALineThatWasCutOff) {
    add_some(2);
    const std::string whole = file_text(file);
    const std::string torn = add("cut off").line();
    for (std::size_t size = 1; size <= torn.size(); ++size) {
        folder.write("network/audit.jsonl", whole + torn.substr(0, size));
        EXPECT_TRUE(verify_audit(home).torn);
        EXPECT_EQ(verify_audit(home).findings_count, 0);
        add("after it");
        const AuditReport report = verify_audit(home);
        ASSERT_EQ(report.findings_count, 0) << size << finding();
        ASSERT_FALSE(report.torn);
        const auto entries = read_audit(home, 10);
        ASSERT_EQ(entries.size(), 4U);
        EXPECT_EQ(entries[2].event, "log_mended");
        EXPECT_THAT(entries[2].detail, HasSubstr("its " + std::to_string(size) + " bytes"));
        EXPECT_EQ(entries[3].detail, "after it");
    }
}

TEST_F(AuditLog, GoesOnAfterDamageWithoutHidingIt) {
    add_some(3);
    auto all = lines();
    all[2] = "nonsense";
    put(all);
    EXPECT_EQ(add("after it").number, 1);
    EXPECT_EQ(finding(), "3: is no entry of the log");
    folder.write("network/audit.jsonl", std::string(1 << 15, '\n'));
    add("after it");
    EXPECT_GT(verify_audit(home).findings_count, 1000);
    EXPECT_EQ(verify_audit(home).findings.size(), 100U);
    folder.write("network/audit.jsonl", std::string(1 << 20, 'x'));
    add("after it");
    EXPECT_EQ(file_text(file).substr(0, 1 << 20), std::string(1 << 20, 'x'));
    EXPECT_EQ(finding(), "1: is no entry of the log");
    EXPECT_EQ(read_audit(home, 1)[0].detail, "after it");
}

/// What the file would hold if the power failed before each step of the third append.
TEST_F(AuditLog, SurvivesALossOfPowerAtEachStep) {
    for (const bool with_torn_line : {false, true}) {
        put({});
        fs::remove(file);
        add_some(2);
        const std::string before = file_text(file) + (with_torn_line ? "{\"number\":3,\"at" : "");
        folder.write("network/audit.jsonl", before);
        std::vector<support::RecordedStep> steps;
        {
            const support::StepRecorder recorder;
            add("the third");
            steps = recorder.steps();
        }
        ASSERT_GE(steps.size(), 3U);
        for (std::size_t done = 0; done <= steps.size(); ++done)
            for (const bool all : {false, true}) {
                support::ForgetfulDisk disk;
                disk.put(file, before);
                for (std::size_t i = 0; i < done; ++i) disk.apply(steps[i]);
                const auto files = disk.files(all);
                ASSERT_TRUE(files.contains(file.native()));
                folder.write("network/audit.jsonl", files.at(file.native()));
                EXPECT_EQ(verify_audit(home).findings_count, 0) << done << all;
                const auto entries = read_audit(home, 10);
                ASSERT_GE(entries.size(), 2U);
                if (done == steps.size()) {
                    EXPECT_EQ(entries.back().detail, "the third");
                }
                add("the fourth");
                EXPECT_EQ(verify_audit(home).findings_count, 0) << done << all;
                EXPECT_EQ(read_audit(home, 1)[0].detail, "the fourth");
            }
    }
}

/// As a write that is interrupted within leaves it: any part of the new line, upon any part of the torn one.
TEST_F(AuditLog, NeverDropsATornLineSilently) {
    add_some(1);
    const std::string good = file_text(file), torn(700, 'x');
    folder.write("network/audit.jsonl", good + torn);
    add("after it");
    const std::string written = file_text(file).substr(good.size());
    for (std::size_t size = 0; size <= written.size(); size += 7) {
        std::string text = written.substr(0, size);
        if (size < torn.size()) text += torn.substr(size);
        folder.write("network/audit.jsonl", good + text);
        add("again");
        EXPECT_EQ(verify_audit(home).findings_count, 0) << size;
        EXPECT_THAT(file_text(file), HasSubstr("log_mended")) << size;
    }
}

TEST_F(AuditLog, IsWrittenByManyAtOnce) {
    constexpr int writers = 4, each = 10;
    std::vector<std::thread> threads;
    for (int i = 0; i < writers; ++i) threads.emplace_back([&] { add_some(each); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(verify_audit(home).entries, writers * each);
    EXPECT_EQ(verify_audit(home).findings_count, 0);
}

TEST_F(AuditLog, IsNotWrittenThroughALink) {
    fs::create_directories(file.parent_path());
    const fs::path elsewhere = folder.write("elsewhere", "mine");
    fs::create_symlink(elsewhere, file);
    EXPECT_THROW(add("act"), base::Error);
    EXPECT_EQ(file_text(elsewhere), "mine");
}

TEST_F(AuditLog, KnowsWhichOfTwoIsTheLonger) {
    add_some(3);
    const fs::path older = folder.write("older", file_text(file));
    const fs::path torn = folder.write("torn", file_text(file) + "{\"num");
    add("one more");
    EXPECT_TRUE(is_extension_of(file, older));
    EXPECT_TRUE(is_extension_of(file, file));
    EXPECT_TRUE(is_extension_of(file, torn));
    EXPECT_TRUE(is_extension_of(file, folder / "absent"));
    EXPECT_FALSE(is_extension_of(folder / "absent", file));
    EXPECT_FALSE(is_extension_of(older, file));
    const fs::path forked = folder.write("forked", file_text(older));
    std::string text = file_text(forked);
    text.replace(text.find("act 2"), 5, "act X");
    EXPECT_FALSE(is_extension_of(file, folder.write("forked", text)));
}

}  // namespace
}  // namespace bt2c::network
