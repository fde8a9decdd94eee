#include "cli/application.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "base/json.hpp"
#include "support/environment.hpp"
#include "unit/cli/sample_commands.hpp"

namespace bt2c::cli {
namespace {

using base::Json;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

Json document_of(const std::vector<std::string>& arguments) {
    const Outcome ended = run_sample(arguments);
    EXPECT_EQ(ended.status, 0) << ended.err;
    return Json::parse(ended.out);
}

TEST(CommandLine, OptionsReachTheCommand) {
    const Json plain = document_of({"--json", "--home", "/n", "work"});
    EXPECT_EQ(plain.dump(),
              R"({"type":"full","only":[],"output":null,"count":1,"reason":"","force":false,"id":"",)"
              R"("home":"/n","network":null})");
    const Json full = document_of({"--home=/n", "work", "-o", "a b", "--only", "keys,config,keys",
                                   "--only=database", "--count", "7", "--type=incremental", "40dc", "--json",
                                   "--network", "testnet", "--reason", "why"});
    EXPECT_EQ(full.dump(),
              R"({"type":"incremental","only":["keys","config","database"],"output":"a b","count":7,)"
              R"("reason":"why","force":false,"id":"40dc","home":"/n","network":"testnet"})");
    EXPECT_EQ(document_of({"work", "--json", "--reason=--force", "-"}).string_at("reason"), "--force");
    EXPECT_EQ(document_of({"work", "--json", "--reason", "[a,b]"}).string_at("reason"), "[a,b]");
    EXPECT_EQ(document_of({"work", "--json", "--reason", "a="}).string_at("reason"), "a=");
    EXPECT_EQ(document_of({"work", "--json", "--", "--home="}).string_at("id"), "--home=");
    EXPECT_EQ(document_of({"work", "--json", "--", "--force"}).string_at("id"), "--force");
    // The name of a command may be a value.
    EXPECT_EQ(document_of({"work", "--json", "fail"}).string_at("id"), "fail");
}

TEST(CommandLine, SubCommandsAreFound) {
    EXPECT_EQ(document_of({"vault", "check", "--json"}).string_at("ran"), "vault check");
    EXPECT_EQ(document_of({"vault", "--json", "key", "add"}).string_at("ran"), "vault key add");
    EXPECT_EQ(document_of({"--json", "__hidden"}).string_at("ran"), "__hidden");
}

struct Wrong {
    std::vector<std::string> arguments;
    std::string message, hint;
};

TEST(CommandLine, WrongUsageSuggestsTheNearest) {
    const std::string help = "run 'bt2c-dr work --help'";
    const std::vector<Wrong> cases{
        {{}, "no command is given", "run 'bt2c-dr help' for the list of commands"},
        {{"wrok"}, "there is no command 'wrok'", "did you mean 'work'?"},
        {{"frobnicate"}, "there is no command 'frobnicate'", "run 'bt2c-dr --help'"},
        {{"vault"}, "'vault' needs one of: check, key", "run 'bt2c-dr vault --help'"},
        {{"vault", "chekc"}, "there is no command 'vault chekc'", "did you mean 'check'?"},
        {{"vault", "key", "ad"}, "there is no command 'vault key ad'", "did you mean 'add'?"},
        {{"work", "--fore"}, "'work' has no option '--fore'", "did you mean '--force'?"},
        {{"work", "--tpye=full"}, "'work' has no option '--tpye'", "did you mean '--type'?"},
        {{"work", "--jsno"}, "'work' has no option '--jsno'", "did you mean '--json'?"},
        {{"--hoem", "/x", "work"}, "'work' has no option '--hoem'", "did you mean '--home'?"},
        {{"--verison"}, "there is no option '--verison'", "did you mean '--version'?"},
        {{"work", "-x"}, "'work' has no option '-x'", help},
        {{"work", "a", "b"}, "'work' takes no further argument 'b'", help},
        {{"work", "--type", "ful"},
         "cannot use --type: 'ful' is none of full, incremental",
         "did you mean 'full'?"},
        {{"work", "--only", "keys,,config"}, "cannot use --only: '' is none of database, config, keys", help},
        {{"work", "--count", "7x"}, "cannot use --count: '7x' is not a whole number", help},
        {{"work", "--count", "-1"}, "cannot use --count: '-1' is not a whole number", help},
        {{"work", "--count", "18446744073709551616"},
         "cannot use --count: '18446744073709551616' is not a whole number",
         help},
        {{"work", "--output", ""}, "cannot use --output: the path is empty", help},
        {{"work", "--reason", ""}, "cannot use --reason: the value is empty", help},
        {{"--home=", "work"}, "cannot use --home: the path is empty", "run 'bt2c-dr --help'"},
        {{"work", "--home="}, "cannot use --home: the path is empty", help},
        {{"work", "--type=", "incremental"}, "cannot use --type: '' is none of full, incremental", help},
        {{"work", "--only=", "keys"}, "cannot use --only: '' is none of database, config, keys", help},
        {{"work", "--force=", "40dc"}, "--force takes no value", help},
        {{"work", ""}, "cannot use ID: the value is empty", help},
        {{"work", "--output"}, "--output needs a value", help},
        {{"work", "--output", "--force"},
         "--output needs a value",
         "if '--force' is meant as the value, write --output=--force"},
        {{"work", "--type=full", "--type=full"}, "--type is given more than once", help},
        {{"work", "--force=yes"}, "--force takes no value", help},
        {{"fail", "usage"}, "neither this nor that", "run 'bt2c-dr fail --help'"},
        {{"fail"}, "KIND is missing", "run 'bt2c-dr fail --help'"},
        {{"--network", "tesnet", "work"},
         "cannot use --network: 'tesnet' is none of mainnet, testnet, devnet",
         "did you mean 'testnet'?"},
        {{"work", "--\x1b[31m"}, "'work' has no option '--\\x1b[31m'", help},
    };
    for (const Wrong& wrong : cases) {
        const Outcome ended = run_sample(wrong.arguments);
        EXPECT_EQ(ended.status, 2);
        EXPECT_EQ(ended.out, "");
        EXPECT_THAT(ended.err, StartsWith("bt2c-dr: error: " + wrong.message + "\n"));
        EXPECT_THAT(ended.err, EndsWith("\n  hint:  " + wrong.hint + "\n"));
    }
}

TEST(CommandLine, WrongUsageIsADocumentWhereverJsonStands) {
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--json"},
                                                      {"wrok", "--json"},
                                                      {"--json", "work", "--nonsense"},
                                                      {"work", "--nonsense", "--json"},
                                                      {"work", "--type", "--json"},
                                                      {"fail", "--json"}}) {
        const Outcome ended = run_sample(arguments);
        EXPECT_EQ(ended.status, 2);
        EXPECT_EQ(Json::parse(ended.out).at("error").string_at("kind"), "usage") << ended.out;
    }
}

TEST(Application, ErrorsAreToldInTheFormOfTheContract) {
    const Outcome plain = run_sample({"fail", "x"});
    EXPECT_EQ(plain.status, 4);
    EXPECT_EQ(plain.out, "");
    EXPECT_EQ(
        plain.err,
        "bt2c-dr: error: cannot do it: it's held\n  cause: a lock\n  state: unchanged\n  hint:  wait\n");
    const Outcome json = run_sample({"fail", "x", "--json"});
    EXPECT_EQ(json.status, 4);
    EXPECT_EQ(json.out, R"({"error":{"kind":"busy","message":"cannot do it: it's held","cause":"a lock",)"
                        R"("state":"unchanged","hint":"wait"}})"
                        "\n");
}

TEST(Application, WhatAFailureLeavesBehindIsToldWhereTheErrorDoesNotSayIt) {
    EXPECT_EQ(run_sample({"fail", "interrupt"}).err,
              "bt2c-dr: error: interrupted\n  state: half of it stays\n");
    // Before anything is done.
    for (const char* kind : {"usage", "none"})
        EXPECT_THAT(run_sample({"fail", kind}).err, HasSubstr("\n  state: nothing was changed\n"));
}

TEST(Application, NothingEndsWithoutAMessageAndAStatus) {
    const Outcome memory = run_sample({"fail", "memory"});
    EXPECT_EQ(memory.status, 1);
    EXPECT_THAT(memory.err, StartsWith("bt2c-dr: error: out of memory\n  state: "));
    EXPECT_THAT(memory.err, HasSubstr("\n  hint:  "));
    const Outcome library = run_sample({"fail", "library", "--json"});
    EXPECT_EQ(library.status, 1);
    EXPECT_THAT(library.err,
                StartsWith("bt2c-dr: error: unexpected failure\n  cause: broken \\x1b[31m\n  state: "));
    EXPECT_THAT(library.err, HasSubstr("\n  hint:  "));
    EXPECT_EQ(Json::parse(library.out).at("error").string_at("kind"), "failed");
    EXPECT_EQ(run_sample({"fail", "interrupt"}).status, 130);
}

TEST(Application, WhatMayNotBeLookedAtIsNamedWithItsOwnerToBeAsked) {
    const Outcome ended = run_sample({"fail", "file", "--json"});
    EXPECT_EQ(ended.status, 1);
    const Json error = Json::parse(ended.out).at("error");
    EXPECT_EQ(error.string_at("kind"), "failed");
    EXPECT_EQ(error.string_at("message"), "cannot look at /my node/backups");
    EXPECT_EQ(error.string_at("cause"), "Permission denied");
    EXPECT_EQ(error.string_at("state"), "nothing further was done");
    EXPECT_THAT(error.string_at("hint"), HasSubstr("ls -ld '/my node/backups'"));
}

TEST(Application, FindingsAreAResultAndNoError) {
    const Outcome ended = run_sample({"work", "--force", "--quiet"});
    EXPECT_EQ(ended.status, 3);
    EXPECT_EQ(ended.out, "worked\n");
    EXPECT_EQ(ended.err, "");
}

TEST(Application, NotesGoToStderrUnlessQuiet) {
    const Outcome ended = run_sample({"work", "--json"});
    EXPECT_EQ(ended.err, "note: working\n");
    EXPECT_NO_THROW(Json::parse(ended.out));
    EXPECT_EQ(run_sample({"work", "--quiet"}).err, "");
}

struct FullTerminal final : Terminal {
    FullTerminal() : Terminal(false, false) {}
    void write(std::string_view) override {
        throw base::Error(base::ErrorKind::failed, "cannot write the output");
    }
};

TEST(Application, AResultThatCannotBeWrittenIsAFailure) {
    FullTerminal out;
    TextTerminal err;
    EXPECT_EQ(run({"work"}, {out, err}, sample_commands), 1);
    EXPECT_THAT(err.text(), HasSubstr("bt2c-dr: error: cannot write the output"));
    EXPECT_EQ(run({"work", "--json"}, {out, out}, sample_commands), 1);
    TextTerminal json;
    EXPECT_EQ(run({"fail", "x", "--json"}, {json, out}, sample_commands), 4);
    EXPECT_THAT(json.text(), StartsWith("{\"error\""));
}

TEST(Application, HelpAndVersion) {
    const Outcome program = run_sample({"--help"});
    EXPECT_EQ(program.status, 0);
    EXPECT_THAT(program.out, StartsWith("Usage: bt2c-dr COMMAND [OPTIONS]\n"));
    EXPECT_THAT(program.out,
                HasSubstr("  work   do some work\n  fail   fail\n  vault  look after the vault\n"));
    EXPECT_THAT(program.out, testing::Not(HasSubstr("__hidden")));
    EXPECT_EQ(run_sample({"-h"}).out, program.out);
    EXPECT_EQ(run_sample({"help"}).status, 0);

    const Outcome work = run_sample({"work", "--nonsense", "--help"});
    EXPECT_EQ(work.status, 0);
    for (const char* part : {"Usage: bt2c-dr work [ID] [OPTIONS]\n", "  -o, --output FILE", "(default: full)",
                             "  bt2c-dr work --type full\n      works fully\n", "  0    done\n",
                             "  3    it found problems", "  130  interrupted\n"})
        EXPECT_THAT(work.out, HasSubstr(part));
    EXPECT_THAT(run_sample({"vault", "--help"}).out, HasSubstr("  key    look after its keys\n"));
    EXPECT_THAT(run_sample({"vault", "key", "add", "-h"}).out, StartsWith("Usage: bt2c-dr vault key add\n"));
    EXPECT_TRUE(Json::parse(run_sample({"work", "--json", "--help"}).out).find("help"));

    EXPECT_THAT(run_sample({"--version"}).out, testing::MatchesRegex("bt2c-dr [0-9]+\\.[0-9]+\\.[0-9]+.*\n"));
    EXPECT_EQ(Json::parse(run_sample({"--version", "--json"}).out).string_at("program"), "bt2c-dr");
}

TEST(Application, HelpIsAsWideAsTheWindow) {
    const auto widest = [](std::size_t window) {
        TextTerminal out(window > 0, false, window), err;
        EXPECT_EQ(run({"work", "--help"}, {out, err}, sample_commands), 0);
        std::size_t columns = 0;
        std::istringstream lines(out.text());
        for (std::string line; std::getline(lines, line);) columns = std::max(columns, display_width(line));
        return columns;
    };
    EXPECT_LE(widest(56), 56U);
    EXPECT_GT(widest(0), 56U);
    EXPECT_LE(widest(0), 80U);
    EXPECT_LE(widest(300), 92U);
}

TEST(Application, ColoursOnlyWhereTheyAreWanted) {
    TextTerminal out, plain, coloured(true, true, 80);
    run({"fail", "x"}, {out, plain}, sample_commands);
    run({"fail", "x"}, {out, coloured}, sample_commands);
    EXPECT_EQ(plain.text().find('\x1b'), std::string::npos);
    EXPECT_THAT(coloured.text(), HasSubstr("\x1b[31merror:\x1b[0m"));
}

/// The program's own commands, whatever they are: complete enough for help, man pages and completions.
TEST(Commands, AllAreDescribed) {
    const CommandTable table = all_commands();
    const auto tree = command_tree(table);
    EXPECT_GT(tree.size(), 3U);
    for (const CommandNode& node : tree) {
        EXPECT_FALSE(node.about.summary.empty()) << node.about.name;
        EXPECT_FALSE(node.about.summary.ends_with(".")) << node.about.name;
        if (!node.is_command) {
            EXPECT_FALSE(node.words.empty()) << node.about.name << " leads nowhere";
            continue;
        }
        EXPECT_FALSE(node.about.description.empty()) << node.about.name;
        EXPECT_FALSE(node.about.examples.empty()) << node.about.name;
        for (const Example& example : node.about.examples)
            EXPECT_THAT(example.command, HasSubstr("bt2c-dr")) << node.about.name;
        for (const Option& option : node.options) {
            EXPECT_FALSE(option.help.empty()) << node.about.name << " " << option.name;
            EXPECT_FALSE(option.help.ends_with(".")) << node.about.name << " " << option.name;
        }
    }
}

}  // namespace
}  // namespace bt2c::cli
