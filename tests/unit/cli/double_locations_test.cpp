// Two locations that are one folder: one of them is used, the other one is left out and told of. [B4]

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "support/skip.hpp"
#include "unit/cli/repository_commands.hpp"

namespace bt2c::cli {
namespace {

using base::Json;
using testing::HasSubstr;
using testing::Not;

/// Locations 'a' and 'b' in two folders, of which a test makes one.
class DoubleLocations : public RepositoryCommands {
 protected:
    DoubleLocations() {
        fs::create_directory(real);
        folder.write("home/config/dr.toml", "repository = 'none'\n" + location("a", real / "copies") +
                                                location("b", other / "copies"));
    }
    ~DoubleLocations() override {
        if (mounted_) ::umount2(other.c_str(), MNT_DETACH);
    }
    bool mount() {
        fs::create_directory(other);
        return mounted_ = ::mount(real.c_str(), other.c_str(), nullptr, MS_BIND, nullptr) == 0;
    }
    static std::string location(const std::string& name, const fs::path& path) {
        return "[[location]]\nname = '" + name + "'\nkind = 'folder'\npath = '" + path.native() + "'\n";
    }
    /// A command that makes backups: 'a' has them, 'b' has none, for that reason.
    void leaves_out(const std::vector<std::string>& words, const std::string& reason) const {
        const Ended ended = run(words);
        EXPECT_EQ(ended.status, 6) << ended.out << ended.err;
        const Json document = ended.document();
        const auto& locations = document.array_at("locations");
        EXPECT_EQ(locations.at(0).string_at("status"), "ok") << ended.out;
        EXPECT_EQ(locations.at(1).string_at("status"), "failed") << ended.out;
        EXPECT_THAT(locations.at(1).string_at("error"), HasSubstr(reason));
    }
    void everything_else_goes_on() const {
        const std::string same = "it is the same folder as location 'a'";
        for (const std::vector<std::string>& words :
             {std::vector<std::string>{"list-backups"},
              {"restore", "--backup", "latest", "--target", (folder / "restored").native()},
              {"verify-integrity", "--backup", "latest"}}) {
            const Ended ended = run(words, true, false);
            EXPECT_EQ(ended.status, 0) << words.front() << ended.out << ended.err;
            EXPECT_THAT(ended.err, HasSubstr("location 'b' is left out: " + same));
        }
        EXPECT_TRUE(done({"list-backups"}).array_at("unasked").empty());
        leaves_out({"backup", "--type", "full"}, same);
        leaves_out({"location", "sync"}, same);
        const Ended status = run({"location", "status"});
        EXPECT_EQ(status.status, 6);
        EXPECT_THAT(status.document().array_at("locations").at(1).string_at("error"), HasSubstr(same));
        EXPECT_EQ(status.document().array_at("locations").at(1).string_at("status"), "double");
        const Ended added = run({"repository", "key", "add", "--recovery-phrase"}, false, false);
        EXPECT_EQ(added.status, 6) << added.err;
        EXPECT_THAT(added.err, HasSubstr("location 'b' is left out: " + same));
        EXPECT_THAT(added.out, Not(HasSubstr("does not have it"))) << "what 'a' has is there too";
        const Json report = run({"doctor"}).document();
        bool told = false;
        for (const Json& check : report.array_at("checks"))
            told =
                told || (check.string_at("detail").starts_with(same) &&
                         check.string_at("mend") == "give it a place of its own in dr.toml, or take it out");
        EXPECT_TRUE(told) << report.dump();
    }

    fs::path real = folder / "real", other = folder / "other";

 private:
    bool mounted_ = false;
};

TEST_F(DoubleLocations, AFolderByALinkIsLeftOut) {
    fs::create_directory_symlink(real, other);
    leaves_out({"backup"}, "it is the same folder as location 'a'");
    everything_else_goes_on();
}

/// Before the folder is there nobody sees it but by writing.
TEST_F(DoubleLocations, AFolderByAnotherMountIsLeftOut) {
    if (!mount()) BT2C_SKIP_OR_FAIL("no right to mount");
    leaves_out({"backup"}, "it is the place of location 'a'");
    everything_else_goes_on();
}

TEST_F(DoubleLocations, ANewRepositoryIsNamedWhereItIs) {
    if (!mount()) BT2C_SKIP_OR_FAIL("no right to mount");
    const Ended made = run({"repository", "init"});
    EXPECT_EQ(made.status, 6) << made.err;
    EXPECT_THAT(made.err, HasSubstr("A new repository was made at " + (real / "copies").native() + ".\n"));
    EXPECT_EQ(made.document().string_at("location"), (real / "copies").native());
}

}  // namespace
}  // namespace bt2c::cli
