// The project's own sources, and small trees with one fault each that show that the checks see it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"
#include "unit/architecture/includes.hpp"
#include "unit/architecture/style.hpp"

namespace bt2c::architecture {
namespace {

using support::TemporaryFolder;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string listed(const std::vector<std::string>& faults) {
    std::string text;
    for (const std::string& fault : faults) text += "  " + fault + "\n";
    return text;
}

TEST(Architecture, EveryIncludeFollowsTheTables) {
    const auto faults = include_faults(BT2C_SOURCE_DIR);
    EXPECT_TRUE(faults.empty()) << listed(faults);
}

TEST(Architecture, EveryFileFollowsTheStyle) {
    const auto files = source_files(BT2C_SOURCE_DIR);
    ASSERT_GT(files.size(), 20U);
    for (const SourceFile& file : files) {
        const auto faults = style_faults(file);
        EXPECT_TRUE(faults.empty()) << listed(faults);
    }
}

/// A sound tree of two folders; each test breaks one thing.
struct Includes : testing::Test {
    Includes() {
        rules("| low | | |\n| high | low | |\n| apps | high | |\n", "| zstd | low |\n");
        tree.write("src/low/a.hpp", "#pragma once\n#include <vector>\n");
        tree.write("src/low/a.cpp", "#include \"low/a.hpp\"\n#include <zstd.h>\n");
        tree.write("src/high/b.hpp", "#include \"low/a.hpp\"\n");
        tree.write("apps/x/main.cpp", "#include \"high/b.hpp\"\n");
    }
    void rules(const std::string& layers, const std::string& third_party) {
        tree.write("docs/architecture.md",
                   "<!-- layers: -->\n| folder | may | what |\n|---|---|---|\n" + layers + "<!-- end -->\n" +
                       "<!-- third party: -->\n| header | folder |\n|---|---|\n" + third_party +
                       "<!-- end -->\nThe system's own headers belong to `high`.\n");
    }
    std::vector<std::string> faults() const { return include_faults(tree.path()); }
    TemporaryFolder tree;
};

TEST_F(Includes, SoundTreeHasNoFaults) {
    EXPECT_THAT(faults(), IsEmpty());
}
TEST_F(Includes, ArrowThatTheTableDoesNotHave) {
    tree.write("src/low/c.cpp", "\n#include \"high/b.hpp\"\n");
    EXPECT_THAT(faults(), ElementsAre("src/low/c.cpp:2: low may not include high (high/b.hpp)"));
}
TEST_F(Includes, ProgramThatReachesPastItsRow) {
    tree.write("apps/x/main.cpp", "#include \"low/a.hpp\"\n");
    EXPECT_THAT(faults(), ElementsAre("apps/x/main.cpp:1: apps may not include low (low/a.hpp)"));
}
TEST_F(Includes, RowThatPointsUp) {
    rules("| low | high | |\n| high | | |\n| apps | high | |\n", "| zstd | low |\n");
    EXPECT_THAT(faults(), Contains(HasSubstr("from low to high does not point to an earlier row")));
}
TEST_F(Includes, ForeignHeaderOutsideItsFolder) {
    tree.write("src/high/c.cpp", "#include <zstd.h>\n");
    EXPECT_THAT(faults(), ElementsAre("src/high/c.cpp:1: <zstd.h> belongs to low"));
}
TEST_F(Includes, ForeignHeaderInAnInterface) {
    tree.write("src/low/c.hpp", "#include <zstd.h>\n");
    EXPECT_THAT(faults(), ElementsAre("src/low/c.hpp:1: <zstd.h> is included by a header"));
}
TEST_F(Includes, UnknownForeignHeader) {
    tree.write("src/low/c.cpp", "#include <curl/curl.h>\n#include <boost>\n");
    EXPECT_THAT(faults(), ElementsAre("src/low/c.cpp:1: <curl/curl.h> is in no table",
                                      "src/low/c.cpp:2: <boost> is in no table"));
}
TEST_F(Includes, SystemHeaderInAFolderOfPlainData) {
    tree.write("src/low/c.cpp", "#include <unistd.h>\n");
    EXPECT_THAT(faults(), ElementsAre(HasSubstr("<unistd.h> is the system's")));
    tree.write("src/low/c.cpp", "");
    tree.write("src/high/c.cpp", "#include <unistd.h>\n");
    EXPECT_THAT(faults(), IsEmpty());
}
TEST_F(Includes, CircleWithinAFolder) {
    tree.write("src/low/c.hpp", "#include \"low/d.hpp\"\n");
    tree.write("src/low/d.hpp", "#include \"low/c.hpp\"\n");
    EXPECT_THAT(faults(), ElementsAre(HasSubstr("it includes itself")));
}
TEST_F(Includes, PathThatIsNotFromTheTop) {
    tree.write("src/low/c.cpp", "#include \"a.hpp\"\n");
    EXPECT_THAT(faults(), ElementsAre(HasSubstr("\"a.hpp\" is no path below src/")));
}
TEST_F(Includes, StaleRows) {
    rules("| low | | |\n| gone | | |\n| high | low | |\n| apps | high | |\n",
          "| zstd | low |\n| lz4 | low |\n");
    EXPECT_THAT(faults(), ElementsAre("docs/architecture.md: there is no folder gone",
                                      "docs/architecture.md: nobody includes lz4"));
}
TEST_F(Includes, FolderWithoutARow) {
    tree.write("src/extra/e.cpp", "");
    EXPECT_THAT(faults(), Contains("docs/architecture.md: folder extra has no row"));
}
TEST_F(Includes, NoTablesAtAll) {
    tree.write("docs/architecture.md", "# Architecture\n");
    EXPECT_THAT(faults(), ElementsAre("docs/architecture.md: the tables are not there"));
}

std::vector<std::string> style_of(const std::string& name, const std::string& text) {
    return style_faults({name, "low", text});
}
const std::string sound = "#pragma once\n// What it is.\nnamespace bt2c::low {\n}\n";

TEST(Style, SoundHeaderHasNoFaults) {
    EXPECT_THAT(style_of("src/low/a.hpp", sound), IsEmpty());
}
TEST(Style, EachRuleIsSeen) {
    const auto only = [](const std::string& text) { return style_of("src/low/a.hpp", text); };
    EXPECT_THAT(only(sound + std::string(450, '\n') + "\n}\n"), ElementsAre(HasSubstr("more than 450")));
    EXPECT_THAT(only(sound + "\tint a;\n"), ElementsAre(HasSubstr("tabs")));
    EXPECT_THAT(only(sound + "// TO"
                             "DO later\n"),
                ElementsAre(HasSubstr("unfinished")));
    EXPECT_THAT(only(sound + "int a;"), ElementsAre(HasSubstr("line end")));
    EXPECT_THAT(only("#pragma once\n\nnamespace bt2c::low {\n}\n"), ElementsAre(HasSubstr("comment")));
    EXPECT_THAT(only("// What it is.\nnamespace bt2c::low {\n}\n"), Contains(HasSubstr("#pragma once")));
    EXPECT_THAT(only("#pragma once\n// It.\nnamespace bt2c::high {\n}\n"),
                ElementsAre(HasSubstr("bt2c::low")));
}

}  // namespace
}  // namespace bt2c::architecture
