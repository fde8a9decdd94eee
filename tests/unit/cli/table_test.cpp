#include "cli/table.hpp"

#include <gtest/gtest.h>

#include "cli/output.hpp"

namespace bt2c::cli {
namespace {

using Align = Column::Align;

TEST(Table, ColumnsLineUp) {
    Table table({{"name"}, {"size", Align::right}, {"note"}});
    table.row({"Zoë", "5", "備份 done"});
    table.row({"b", "12,345", ""});
    EXPECT_EQ(table.text(TextTerminal()),
              "name    size  note\n"
              "────  ──────  ─────────\n"
              "Zoë        5  備份 done\n"
              "b     12,345\n");
}

TEST(Table, OnlyWhatMayShrinkIsCut) {
    Table table({{"id"}, {"reason", Align::left, true}});
    table.row({"40dc1520aaaaaaaa", "a long explanation"});
    EXPECT_EQ(table.text(TextTerminal(true, false, 30)),
              "id                reason\n"
              "────────────────  ────────────\n"
              "40dc1520aaaaaaaa  a long expl…\n");
    // Too narrow for all: the id stays whole, and the reason readable.
    EXPECT_NE(table.text(TextTerminal(true, false, 10)).find("40dc1520aaaaaaaa  a long …\n"),
              std::string::npos);
    EXPECT_NE(table.text(TextTerminal(false, false, 0)).find("a long explanation\n"), std::string::npos);
}

TEST(Table, ColumnsThatMayGoMakeRoomAndWhatIsLeftIsWhole) {
    Table table({{"id"},
                 {.title = "age", .align = Align::right, .may_go = true},
                 {.title = "height", .may_shrink = true, .narrowest = 11},
                 {.title = "stored", .align = Align::right, .may_go = true},
                 {"proved"}});
    table.row({"40dc", "3 d", "mainnet 412", "5 MiB", "never"});
    table.row({"41aa", "", "a reason that is long", "", ""});
    EXPECT_NE(table.text(TextTerminal()).find("41aa       a reason that is long\n"), std::string::npos);
    // The reason gives way before any column goes.
    EXPECT_NE(table.text(TextTerminal(true, false, 40)).find("40dc  3 d  mainnet 412     5 MiB  never\n"),
              std::string::npos);
    EXPECT_EQ(table.text(TextTerminal(true, false, 36)),
              "id    age  height             proved\n"
              "────  ───  ─────────────────  ──────\n"
              "40dc  3 d  mainnet 412        never\n"
              "41aa       a reason that is…\n");
    EXPECT_EQ(table.text(TextTerminal(true, false, 20)),
              "id    height       proved\n"
              "────  ───────────  ──────\n"
              "40dc  mainnet 412  never\n"
              "41aa  a reason t…\n");
}

TEST(Table, WhatHasNoRoomBesideItsRowStandsBelowIt) {
    Table table({{"id"}, {"kind"}, {.title = "why", .may_fall = true}});
    table.row({"40dc", "full", "the newest; proved last; of the last 7 days"});
    table.row({"41aa", "full", ""});
    EXPECT_NE(table.text(TextTerminal(true, false, 55))
                  .find("40dc  full  the newest; proved last; of the last 7 days\n"),
              std::string::npos);
    EXPECT_EQ(table.text(TextTerminal(true, false, 22)),
              "id    kind\n"
              "────  ────\n"
              "40dc  full\n"
              "      the newest;\n"
              "      proved last; of\n"
              "      the last 7 days\n"
              "41aa  full\n");
    // A word that is longer than a line stays whole.
    EXPECT_NE(table.text(TextTerminal(true, false, 9)).find("      newest;\n"), std::string::npos);
}

TEST(Table, CutsBetweenLettersAndNotWithin) {
    Table table({{"n", Align::left, true}});
    table.row({"ëëëëëëëëëëëë"});
    EXPECT_NE(table.text(TextTerminal(true, false, 9)).find("\nëëëëëëëë…\n"), std::string::npos);
    Table wide({{"n", Align::left, true}});
    wide.row({"備份備份備份備份"});
    EXPECT_NE(wide.text(TextTerminal(true, false, 10)).find("\n備份備份…\n"), std::string::npos);
}

TEST(Table, ACellCanBeCutBeforehand) {
    EXPECT_EQ(fitted("short", 5), "short");
    EXPECT_EQ(fitted("a long explanation", 12), "a long expl…");
}

TEST(Table, ColoursTakeNoRoom) {
    Table table({{"state"}, {"n"}});
    table.row({Cell("ok", Style::green), "1"});
    table.row({"damaged", "2"});
    const std::string text = table.text(TextTerminal(true, true, 80));
    EXPECT_NE(text.find("\x1b[32mok\x1b[0m       1\n"), std::string::npos) << text;
}

TEST(Output, FieldsShareOneColumn) {
    const TextTerminal terminal;
    Output output(terminal);
    output.line("Backup {} done", 7);
    output.fields({{"height", "12"}, {"größe", "5 B"}});
    EXPECT_EQ(output.text(), "Backup 7 done\n  height  12\n  größe   5 B\n");
}

}  // namespace
}  // namespace bt2c::cli
