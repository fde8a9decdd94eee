// Answers that init is given beforehand. [A1]

#include "cli/init_wishes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/error.hpp"
#include "cli/location_trial.hpp"
#include "storage/memory/memory_location.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::string complaint(const std::string& answers) {
    const support::TemporaryFolder folder;
    folder.write("answers", answers);
    InitWishes wishes;
    try {
        wishes.read_answers(folder.path() / "answers");
    } catch (const Error& error) {
        return error.message() + "; " + error.hint();
    }
    return "";
}

TEST(InitWishes, AFileSaysWhatOptionsSay) {
    const support::TemporaryFolder folder;
    folder.write("answers",
                 "# for node-7\n\nnon-interactive\nrepository = /srv/b\n"
                 "location = name=usb,kind=folder,path=/mnt/usb\n"
                 "  location = name=s,kind=sftp,host=h,path=p  \r\nfull=01:00\nschedule = agent");
    InitWishes wishes;
    wishes.read_answers(folder.path() / "answers");
    EXPECT_TRUE(wishes.non_interactive);
    EXPECT_EQ(wishes.repository, "/srv/b");
    EXPECT_EQ(wishes.scheduler, "agent");
    EXPECT_THAT(wishes.schedule(), ElementsAre(Pair("full", "01:00")));
    const auto locations = wishes.locations();
    ASSERT_EQ(locations.size(), 2U);
    EXPECT_THAT(locations[0],
                ElementsAre(Pair("name", "usb"), Pair("kind", "folder"), Pair("path", "/mnt/usb")));
    EXPECT_THAT(locations[1],
                ElementsAre(Pair("name", "s"), Pair("kind", "sftp"), Pair("host", "h"), Pair("path", "p")));
}

TEST(InitWishes, WrongLinesAreNamed) {
    EXPECT_THAT(complaint("\nrepositry = x\n"), HasSubstr("line 2: there is no option 'repositry'"));
    EXPECT_THAT(complaint("schedule = anacron\n"), HasSubstr("'anacron' is no choice of 'schedule'"));
    EXPECT_THAT(complaint("first-backup = yes\n"), HasSubstr("takes no value"));
    EXPECT_THAT(complaint("repository\n"), HasSubstr("takes a value"));
    EXPECT_THAT(complaint("full = \n"), HasSubstr("line 1: 'full' has no value"));
    EXPECT_EQ(complaint("first-backup\n"), "");
    EXPECT_THAT(complaint("fulll = 01:00\n"), HasSubstr("; did you mean 'full'?"));
    EXPECT_THAT(complaint("anything = x\n"), HasSubstr("init --help"));
    EXPECT_THAT(complaint("full = 01:00\nfull = 05:00\n"), HasSubstr("line 2: 'full' is said twice"));
    EXPECT_EQ(complaint("location = name=a\nlocation = name=b\n"), "");
    EXPECT_EQ(complaint("\xEF\xBB\xBFnon-interactive\nfull = 01:00\n"), "");
}

/// As a shell's <(…) hands them over: it has no places to read at, and tells no size.
TEST(InitWishes, AnswersMayComeThroughAPipe) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    ASSERT_EQ(::write(ends[1], "full = 01:00\n", 13), 13);
    ::close(ends[1]);
    InitWishes wishes;
    wishes.read_answers("/dev/fd/" + std::to_string(ends[0]));
    ::close(ends[0]);
    EXPECT_EQ(wishes.full, "01:00");
}

TEST(InitWishes, FoldersBeginWhereTheCommandIsCalled) {
    const std::string here = std::filesystem::current_path().native();
    InitWishes wishes;
    wishes.location_words = {"name=a",    "path=usb/../far", "kind=folder", "name=b",
                             "kind=sftp", "host=h",          "path=far"};
    const auto locations = wishes.locations();
    EXPECT_EQ(locations.at(0).at(1).second, here + "/far");
    EXPECT_EQ(locations.at(1).at(3).second, "far");  // of the server
    EXPECT_EQ(folder_from_here("/mnt/usb"), "/mnt/usb");
    const char* const user = std::getenv("HOME");
    EXPECT_EQ(folder_from_here("~/usb"), user && *user ? std::string(user) + "/usb" : here + "/~/usb");
}

TEST(InitWishes, EachLocationBeginsWithItsName) {
    InitWishes wishes;
    wishes.location_words = {"kind=folder", "name=usb"};
    EXPECT_THROW(wishes.locations(), Error);
    wishes.location_words = {"name=usb", "folder"};
    EXPECT_THROW(wishes.locations(), Error);
}

/// Fails in one way.
class Faulty final : public storage::Location {
 public:
    enum class Fault { none, other_bytes, longer, not_listed, not_removable, away, late, lost };
    explicit Faulty(Fault fault) : fault_(fault) {}
    std::string describe() const override { return "a place of the test"; }
    bool put(const std::string& name, base::ByteView contents) override {
        if (fault_ == Fault::lost || (fault_ == Fault::late && puts_++ == 0))
            throw Error(base::ErrorKind::failed, "cannot create it").system_code(ENOENT);
        return inner_.put(name, contents);
    }
    std::optional<base::Bytes> get(const std::string& name) override { return inner_.get(name); }
    std::optional<base::Bytes> get_range(const std::string& name, std::uint64_t offset,
                                         std::uint64_t size) override {
        auto contents = inner_.get_range(name, offset, size);
        if (fault_ == Fault::other_bytes && contents) contents->back() ^= 1;
        if (fault_ == Fault::longer && contents) contents->resize(size);  // as much as was asked for
        return contents;
    }
    std::optional<std::uint64_t> size_of(const std::string& name) override {
        if (fault_ == Fault::away) throw Error(base::ErrorKind::failed, "no answer");
        return inner_.size_of(name);
    }
    std::vector<storage::ObjectInfo> list(const std::string& folder) override {
        if (fault_ == Fault::not_listed) return {};
        return inner_.list(folder);
    }
    bool remove(const std::string& name) override {
        if (fault_ == Fault::not_removable) throw Error(base::ErrorKind::failed, "no permission");
        return inner_.remove(name);
    }
    std::size_t objects() { return inner_.list("").size(); }

 private:
    Fault fault_;
    int puts_ = 0;
    storage::memory::MemoryLocation inner_;
};

TEST(LocationTrial, LeavesNothingAndTellsWhatFails) {
    Faulty sound(Faulty::Fault::none);
    const LocationTrial trial = try_location(sound);
    EXPECT_TRUE(trial.removable);
    EXPECT_FALSE(trial.repository);
    EXPECT_EQ(sound.objects(), 0U);
    for (const auto fault : {Faulty::Fault::other_bytes, Faulty::Fault::longer, Faulty::Fault::not_listed}) {
        Faulty faulty(fault);
        EXPECT_THROW(try_location(faulty), Error);
        EXPECT_EQ(faulty.objects(), 0U);
    }
    Faulty append_only(Faulty::Fault::not_removable);
    EXPECT_FALSE(try_location(append_only).removable);
}

/// As a folder that was made a moment ago, by another path than this mount's.
TEST(LocationTrial, TriesAgainWhereTheFolderIsNotSeenYet) {
    Faulty late(Faulty::Fault::late);
    try_location(late);
    EXPECT_EQ(late.objects(), 0U);
    Faulty lost(Faulty::Fault::lost);
    try {
        try_location(lost);
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.hint(), HasSubstr("by another mount"));
    }
}

/// One that is asked by another name, and one that cannot be asked.
TEST(LocationTrial, KnowsAPlaceByAnotherName) {
    const auto one = std::make_shared<storage::memory::MemoryLocation>(),
               other = std::make_shared<storage::memory::MemoryLocation>();
    try_location(*one, {{"away", std::make_shared<Faulty>(Faulty::Fault::away)}, {"other", other}});
    try {
        try_location(*one, {{"other", other}, {"usb", one}});
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.message(), HasSubstr("it is the place of location 'usb'"));
    }
    EXPECT_TRUE(one->list("").empty());
}

}  // namespace
}  // namespace bt2c::cli
