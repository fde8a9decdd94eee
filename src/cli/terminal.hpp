#pragma once
// Where the program's output goes, and the rules of what it may look like.
//
// stdout carries the result and nothing else; progress, notes and errors go to stderr.
// Colours and live bars appear only where a person looks on: each stream is asked by itself, and
// NO_COLOR (set and not empty) and TERM=dumb turn colours off.
// Text that came from outside (paths, database contents) goes through base::printable first.

#include <cstddef>
#include <string>
#include <string_view>

namespace bt2c::cli {

enum class Style { plain, bold, dim, red, green, yellow };

/// One stream of output.
class Terminal {
 public:
    virtual ~Terminal() = default;
    /// Writes all of `text`; throws Error(failed) when the stream does not take it.
    virtual void write(std::string_view text) = 0;

    bool is_terminal() const { return is_terminal_; }
    bool has_colours() const { return colours_; }
    /// Columns of the window now; 0 when this is no terminal, so that nothing is ever cut.
    virtual std::size_t width() const { return 0; }
    /// `text` in that style where colours are on, else as it is.
    std::string styled(Style style, std::string_view text) const;

 protected:
    Terminal(bool is_terminal, bool colours) : is_terminal_(is_terminal), colours_(colours) {}

 private:
    bool is_terminal_, colours_;
};

/// A file descriptor of this process, such as 1 or 2.
class DescriptorTerminal final : public Terminal {
 public:
    explicit DescriptorTerminal(int fd);
    void write(std::string_view text) override;
    std::size_t width() const override;

 private:
    int fd_;
};

/// Keeps what is written; for tests and generators.
class TextTerminal final : public Terminal {
 public:
    explicit TextTerminal(bool is_terminal = false, bool colours = false, std::size_t width = 0)
        : Terminal(is_terminal, colours), width_(width) {}
    void write(std::string_view text) override { text_ += text; }
    std::size_t width() const override { return width_; }
    const std::string& text() const { return text_; }

 private:
    std::size_t width_;
    std::string text_;
};

/// The two streams of a run.
struct Console {
    Terminal& out;
    Terminal& err;
};

/// Columns that `text` takes: by code point, wide ones 2, combining ones 0; escape sequences 0.
std::size_t display_width(std::string_view text);

}  // namespace bt2c::cli
