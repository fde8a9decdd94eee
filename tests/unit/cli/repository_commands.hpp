#pragma once
// The program on a home of one test's own, as an operator runs it.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "cli/application.hpp"
#include "sample/append_blocks.hpp"
#include "sample/create_chain.hpp"
#include "support/environment.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;

/// A node's home, and the program run on it without any secret in the environment.
class RepositoryCommands : public testing::Test {
 protected:
    /// What a run left behind.
    struct Ended {
        int status;
        std::string out, err;
        base::Json document() const { return base::Json::parse(out); }
    };

    RepositoryCommands() {
        fs::create_directories(home / "data");
        sample::create_chain(home / "data/blockchain.db", {});
        folder.write("home/keys/validator.pem", "key");
    }
    Ended run(std::vector<std::string> arguments, bool json = true, bool quiet = true) const {
        arguments.insert(arguments.begin(), {"--home", home.native()});
        if (quiet) arguments.insert(arguments.begin(), "--quiet");
        if (json) arguments.insert(arguments.begin(), "--json");
        TextTerminal out, err;
        const int status = cli::run(arguments, {out, err});
        return {status, out.text(), err.text()};
    }
    base::Json done(const std::vector<std::string>& arguments) const {
        const Ended ended = run(arguments);
        EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
        return ended.document();
    }
    /// The error document of a run that must fail so.
    base::Json failed(const std::vector<std::string>& arguments, int status) const {
        const Ended ended = run(arguments);
        EXPECT_EQ(ended.status, status) << ended.out;
        return ended.document().at("error");
    }
    void append_blocks() const {
        auto chain = chaindb::sqlite::Connection::open(home / "data/blockchain.db",
                                                       chaindb::sqlite::Connection::Mode::read_write);
        sample::append_blocks(chain, 2);
    }
    static void flip_byte(const fs::path& path, std::size_t offset) {
        fs::permissions(path, fs::perms(0600));
        std::fstream stream(path, std::ios::binary | std::ios::in | std::ios::out);
        const auto at = static_cast<std::streamoff>(offset);
        const int byte = stream.seekg(at).get();
        stream.seekp(at).put(static_cast<char>(byte ^ 1));
    }
    /// The 24 words on stderr.
    static std::string phrase_in(const std::string& text) {
        std::istringstream lines(text);
        std::string phrase;
        for (std::string line; std::getline(lines, line);)
            if (line.starts_with("   ")) phrase += line.substr(2);
        return phrase;
    }

    support::TemporaryFolder folder;
    fs::path home = folder / "home";
    fs::path repository = home / "backups/repository";
    const support::Variable password{"BT2C_REPO_PASSWORD", nullptr}, file{"BT2C_REPO_PASSWORD_FILE", nullptr},
        command{"BT2C_REPO_PASSWORD_COMMAND", nullptr}, fresh{"BT2C_REPO_NEW_PASSWORD", nullptr},
        fresh_file{"BT2C_REPO_NEW_PASSWORD_FILE", nullptr};
};

}  // namespace bt2c::cli
