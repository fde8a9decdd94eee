#include "cli/terminal.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/error.hpp"
#include "platform/file.hpp"
#include "support/environment.hpp"

namespace bt2c::cli {
namespace {

using support::Variable;

struct Pty {
    Pty() {
        struct winsize size {};
        size.ws_col = 72;
        if (::openpty(&master, &slave, nullptr, nullptr, &size) != 0) std::abort();
    }
    ~Pty() {
        ::close(master);
        ::close(slave);
    }
    int master = -1, slave = -1;
};

TEST(Terminal, KnowsAWindowFromAPipe) {
    const Variable term("TERM", "xterm"), colour("NO_COLOR", nullptr);
    const Pty pty;
    const DescriptorTerminal window(pty.slave);
    EXPECT_TRUE(window.is_terminal());
    EXPECT_TRUE(window.has_colours());
    EXPECT_EQ(window.width(), 72U);
    EXPECT_EQ(window.styled(Style::red, "x"), "\x1b[31mx\x1b[0m");
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const DescriptorTerminal pipe(ends[1]);
    EXPECT_FALSE(pipe.is_terminal());
    EXPECT_EQ(pipe.width(), 0U);
    EXPECT_EQ(pipe.styled(Style::red, "x"), "x");
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST(Terminal, ColoursCanBeTurnedOff) {
    const Pty pty;
    const Variable term("TERM", "xterm");
    {
        const Variable colour("NO_COLOR", "1");
        EXPECT_FALSE(DescriptorTerminal(pty.slave).has_colours());
    }
    const Variable colour("NO_COLOR", "");
    EXPECT_TRUE(DescriptorTerminal(pty.slave).has_colours());
    const Variable dumb("TERM", "dumb");
    EXPECT_FALSE(DescriptorTerminal(pty.slave).has_colours());
}

TEST(Terminal, WhatCannotBeWrittenIsAnError) {
    const platform::Descriptor full(::open("/dev/full", O_WRONLY));
    DescriptorTerminal terminal(full.get());
    try {
        terminal.write("x");
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.cause(), "No space left on device");
    }
}

TEST(Terminal, WidthIsThatOfTheLettersShown) {
    EXPECT_EQ(display_width(""), 0U);
    EXPECT_EQ(display_width("Zoë"), 3U);
    EXPECT_EQ(display_width("Zoe\u0308"), 3U);
    EXPECT_EQ(display_width("備份"), 4U);
    EXPECT_EQ(display_width("─…✓"), 3U);
    EXPECT_EQ(display_width("\x1b[31mred\x1b[0m"), 3U);
    EXPECT_EQ(display_width("\xff\xc3"), 2U);
    EXPECT_EQ(display_width("\x1b[3"), 0U);
}

}  // namespace
}  // namespace bt2c::cli
