#pragma once
// What every storage::Location must do; each implementation instantiates the suites that it can run.

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.hpp"
#include "storage/location.hpp"
#include "support/skip.hpp"

namespace bt2c::storage::contract {

inline base::Bytes bytes_of(std::string_view text) {
    const base::ByteView view = base::as_bytes(text);
    return {view.begin(), view.end()};
}

/// The objects that the reading suite expects to find.
inline const std::map<std::string, std::string>& sample_objects() {
    static const std::map<std::string, std::string> objects{
        {"format", "{}"},
        {"keys/0a", std::string("\0\1\2\xFF", 4)},
        {"packs/1b", std::string(100'000, 'p')},
        {"packs/2c", ""},
        {"packs-of-others/3d", "x"},
    };
    return objects;
}

/// One implementation: makes an empty location, and one that holds sample_objects(); null where its server is
/// not installed.
struct Maker {
    std::string name;
    std::function<std::shared_ptr<Location>()> filled;
    std::function<std::shared_ptr<Location>()> empty;  ///< unset where the location cannot be written
};
inline std::ostream& operator<<(std::ostream& out, const Maker& maker) {
    return out << maker.name;
}

class LocationRead : public testing::TestWithParam<Maker> {
 protected:
    std::shared_ptr<Location> location = GetParam().filled();
    void SetUp() override {
        if (!location) BT2C_SKIP_OR_FAIL("the server that keeps it is not installed");
    }
};
class LocationWrite : public testing::TestWithParam<Maker> {
 protected:
    std::shared_ptr<Location> location = GetParam().empty();
    void SetUp() override {
        if (!location) BT2C_SKIP_OR_FAIL("the server that keeps it is not installed");
    }
};

TEST_P(LocationRead, GivesEachObjectWhole) {
    for (const auto& [name, contents] : sample_objects()) {
        EXPECT_EQ(location->get(name), bytes_of(contents)) << name;
        EXPECT_EQ(location->size_of(name), contents.size()) << name;
    }
}

TEST_P(LocationRead, GivesRangesCutAtTheEnd) {
    EXPECT_EQ(location->get_range("keys/0a", 1, 2), bytes_of("\1\2"));
    EXPECT_EQ(location->get_range("keys/0a", 3, 100), bytes_of("\xFF"));
    EXPECT_EQ(location->get_range("keys/0a", 4, 1), base::Bytes());
    EXPECT_EQ(location->get_range("keys/0a", UINT64_MAX, UINT64_MAX), base::Bytes());
    EXPECT_EQ(location->get_range("packs/2c", 0, 10), base::Bytes());
}

TEST_P(LocationRead, TellsAbsenceAsAValue) {
    EXPECT_EQ(location->get("packs/ff"), std::nullopt);
    EXPECT_EQ(location->get_range("packs/ff", 0, 1), std::nullopt);
    EXPECT_EQ(location->size_of("nothing/here"), std::nullopt);
    EXPECT_TRUE(location->list("nothing").empty());
}

TEST_P(LocationRead, ListsAFolderInOrderAndNoMore) {
    const std::vector<ObjectInfo> found = location->list("packs");
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].name, "packs/1b");
    EXPECT_EQ(found[0].bytes, 100'000U);
    EXPECT_EQ(found[1].name, "packs/2c");
    EXPECT_EQ(found[1].bytes, 0U);
}

TEST_P(LocationRead, ListsEverything) {
    std::vector<std::string> expected, names;
    for (const auto& [name, contents] : sample_objects()) expected.push_back(name);
    for (const ObjectInfo& object : location->list("")) names.push_back(object.name);
    EXPECT_EQ(names, expected);
}

TEST_P(LocationRead, ServesManyThreads) {
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 50; ++i)
                for (const auto& [name, contents] : sample_objects())
                    if (location->get(name) != bytes_of(contents)) ++wrong;
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

TEST_P(LocationWrite, KeepsWhatIsPut) {
    EXPECT_TRUE(location->list("").empty());
    EXPECT_TRUE(location->put("packs/1b", bytes_of("first")));
    EXPECT_TRUE(location->put("format", bytes_of("")));
    EXPECT_EQ(location->get("packs/1b"), bytes_of("first"));
    EXPECT_EQ(location->get("format"), base::Bytes());
}

TEST_P(LocationWrite, NeverReplaces) {
    ASSERT_TRUE(location->put("packs/1b", bytes_of("first")));
    EXPECT_FALSE(location->put("packs/1b", bytes_of("second, longer")));
    EXPECT_EQ(location->get("packs/1b"), bytes_of("first"));
    EXPECT_EQ(location->list("").size(), 1U);
}

TEST_P(LocationWrite, RemovesOnce) {
    ASSERT_TRUE(location->put("packs/1b", bytes_of("first")));
    EXPECT_TRUE(location->remove("packs/1b"));
    EXPECT_FALSE(location->remove("packs/1b"));
    EXPECT_EQ(location->get("packs/1b"), std::nullopt);
    EXPECT_TRUE(location->put("packs/1b", bytes_of("anew")));
}

TEST_P(LocationWrite, LetsOneOfSeveralWritersOfANameWin) {
    std::atomic<int> won = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            if (location->put("packs/1b", bytes_of(std::string(1000, static_cast<char>('a' + t))))) ++won;
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(won, 1);
    const base::Bytes kept = location->get("packs/1b").value();
    EXPECT_EQ(kept, base::Bytes(1000, kept.at(0)));
}

// A suite is instantiated by some implementations only.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LocationRead);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LocationWrite);

inline std::string maker_name(const testing::TestParamInfo<Maker>& info) {
    return info.param.name;
}

}  // namespace bt2c::storage::contract
