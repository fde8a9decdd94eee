#include "storage/s3/xml.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

namespace bt2c::storage::s3 {
namespace {

constexpr std::size_t depth_max = 16;
constexpr std::size_t name_bytes_max = 64;

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == ':';
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto byte = [&](std::uint32_t value) {
        out += static_cast<char>(static_cast<std::uint8_t>(value));
    };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xC0 | code >> 6);
        byte(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        byte(0xE0 | code >> 12);
        byte(0x80 | (code >> 6 & 0x3F));
        byte(0x80 | (code & 0x3F));
    } else {
        byte(0xF0 | code >> 18);
        byte(0x80 | (code >> 12 & 0x3F));
        byte(0x80 | (code >> 6 & 0x3F));
        byte(0x80 | (code & 0x3F));
    }
}

/// What stands between '&' and ';'.
bool append_entity(std::string& out, std::string_view name) {
    if (name == "amp") return out += '&', true;
    if (name == "lt") return out += '<', true;
    if (name == "gt") return out += '>', true;
    if (name == "quot") return out += '"', true;
    if (name == "apos") return out += '\'', true;
    if (!name.starts_with('#')) return false;
    name.remove_prefix(1);
    const int base = name.starts_with('x') ? 16 : 10;
    if (base == 16) name.remove_prefix(1);
    std::uint32_t code = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), code, base);
    if (error != std::errc() || end != name.data() + name.size() || code == 0 || code > 0x10FFFF ||
        (code >= 0xD800 && code <= 0xDFFF))
        return false;
    append_utf8(out, code);
    return true;
}

class XmlReader {
 public:
    XmlReader(std::string_view text, const std::function<void(std::string_view, std::string_view)>& element)
        : rest_(text), element_(element) {}

    bool read() {
        take("\xEF\xBB\xBF");
        if (take("<?xml") && !skip_past("?>")) return false;
        skip_space();
        if (!take("<") || !open()) return false;
        while (!open_.empty()) {
            if (rest_.empty()) return false;
            if (take("</")) {
                if (!close()) return false;
            } else if (take("<")) {
                if (!open()) return false;
            } else if (!text()) {
                return false;
            }
        }
        skip_space();
        return rest_.empty();
    }

 private:
    struct Open {
        std::string_view name;
        std::size_t path_bytes;  ///< of the path without it
        std::string text;
    };

    bool take(std::string_view expected) {
        if (!rest_.starts_with(expected)) return false;
        rest_.remove_prefix(expected.size());
        return true;
    }
    bool skip_past(std::string_view end) {
        const std::size_t at = rest_.find(end);
        if (at == std::string_view::npos) return false;
        rest_.remove_prefix(at + end.size());
        return true;
    }
    void skip_space() {
        while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
    }
    std::string_view name() {
        std::size_t size = 0;
        while (size < rest_.size() && size <= name_bytes_max && is_name(rest_[size])) ++size;
        if (size > name_bytes_max) return {};
        const std::string_view name = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return name;
    }

    bool open() {
        const std::string_view tag = name();
        if (tag.empty() || open_.size() == depth_max) return false;
        open_.push_back({tag, path_.size(), {}});
        if (!path_.empty()) path_ += '/';
        path_ += tag.substr(tag.find(':') == std::string_view::npos ? 0 : tag.find(':') + 1);
        for (;;) {
            skip_space();
            if (take(">")) return true;
            if (take("/>")) return end();
            if (!attribute()) return false;
        }
    }
    bool attribute() {
        if (name().empty() || !take("=") || rest_.empty()) return false;
        const char quote = rest_.front();
        if (quote != '"' && quote != '\'') return false;
        rest_.remove_prefix(1);
        return skip_past({&quote, 1});
    }
    bool close() {
        if (name() != open_.back().name) return false;
        skip_space();
        return take(">") && end();
    }
    bool end() {
        element_(path_, open_.back().text);
        path_.resize(open_.back().path_bytes);
        open_.pop_back();
        return true;
    }
    bool text() {
        std::string& to = open_.back().text;
        if (take("&")) {
            const std::size_t end = rest_.substr(0, 12).find(';');
            if (end == std::string_view::npos || !append_entity(to, rest_.substr(0, end))) return false;
            rest_.remove_prefix(end + 1);
            return true;
        }
        const std::size_t size = std::min(rest_.find_first_of("<&"), rest_.size());
        to += rest_.substr(0, size);
        rest_.remove_prefix(size);
        return true;
    }

    std::string_view rest_;
    const std::function<void(std::string_view, std::string_view)>& element_;
    std::vector<Open> open_;
    std::string path_;
};

}  // namespace

bool read_xml(std::string_view text, const std::function<void(std::string_view, std::string_view)>& element) {
    return XmlReader(text, element).read();
}

}  // namespace bt2c::storage::s3
