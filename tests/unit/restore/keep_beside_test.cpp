#include "restore/keep_beside.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "support/temporary_folder.hpp"

namespace bt2c::restore {
namespace {

namespace fs = std::filesystem;

/// Dies when the n-th piece was copied.
class DeadlyProgress final : public base::Progress {
 public:
    explicit DeadlyProgress(int pieces) : left_(pieces) {}
    void phase(const std::string&, std::uint64_t) override {}
    void note(const std::string&) override {}
    void advance(std::uint64_t) override {
        if (--left_ == 0) ::_exit(9);
    }

 private:
    int left_;
};

class KeepBeside : public testing::Test {
 protected:
    KeepBeside() {
        for (const char* part : {"data", "config", "keys", "backups"})
            fs::create_directory(home_.root / part);
        std::ofstream(home_.database()) << "blocks";
        std::ofstream(home_.config() / "validator.json") << "{}";
        std::ofstream(home_.keys() / "wallet.json") << "key";
        fs::create_symlink("wallet.json", home_.keys() / "link");
    }
    std::vector<std::string> kept() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(home_.backups()))
            names.push_back(entry.path().filename());
        return names;
    }
    /// The exit status of a process that dies after so many files.
    int die_after(int pieces) {
        const pid_t child = ::fork();
        if (child == 0) {
            DeadlyProgress progress(pieces);
            keep_beside(home_, progress);
            ::_exit(0);
        }
        int status = -1;
        ::waitpid(child, &status, 0);
        return WEXITSTATUS(status);
    }

    support::TemporaryFolder folder_;
    config::Home home_{folder_.path()};
};

TEST_F(KeepBeside, KeepsAllOfTheHome) {
    base::SilentProgress progress;
    const fs::path kept_at = keep_beside(home_, progress);
    EXPECT_EQ(kept_at.parent_path(), home_.backups());
    for (const char* file : {"data/blockchain.db", "config/validator.json", "keys/wallet.json"}) {
        std::ifstream before(home_.root / file), after(kept_at / file);
        EXPECT_EQ(std::string(std::istreambuf_iterator<char>(after), {}),
                  std::string(std::istreambuf_iterator<char>(before), {}))
            << file;
    }
    EXPECT_EQ(fs::read_symlink(kept_at / "keys/link"), "wallet.json");
    EXPECT_EQ(fs::status(kept_at).permissions(), fs::perms::owner_all);
    EXPECT_THAT(kept(), testing::ElementsAre(kept_at.filename()));
}

TEST_F(KeepBeside, HalfACopyHasAnotherNameAndGoes) {
    for (int pieces = 1; pieces <= 3; ++pieces) {
        ASSERT_EQ(die_after(pieces), 9);
        EXPECT_THAT(kept(), testing::ElementsAre(testing::EndsWith(".partial"))) << pieces;
    }
    base::SilentProgress progress;
    const fs::path kept_at = keep_beside(home_, progress);
    EXPECT_THAT(kept(), testing::ElementsAre(kept_at.filename()));
}

TEST_F(KeepBeside, WhereBackupsTakesNoneItIsInTheHome) {
    fs::remove(home_.backups());
    std::ofstream(home_.backups()) << "no folder";
    base::SilentProgress progress;
    const fs::path kept_at = keep_beside(home_, progress);
    EXPECT_EQ(kept_at.parent_path(), home_.root);
    EXPECT_TRUE(fs::exists(kept_at / "keys/wallet.json"));
}

}  // namespace
}  // namespace bt2c::restore
