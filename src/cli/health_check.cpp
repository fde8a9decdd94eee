#include "cli/health_check.hpp"

#include <algorithm>
#include <iterator>

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "platform/isolated.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using base::Json;
using Status = HealthCheck::Status;

namespace {

constexpr std::string_view status_names[] = {"ok", "finding", "unknown", "skipped"};
constexpr std::size_t answer_bytes_max = 4 << 20;

Json text_or_null(const std::string& text) {
    return text.empty() ? Json() : Json(text);
}

std::string text_at(const Json& json, std::string_view key) {
    return json.find(key) ? json.string_at(key) : "";
}

base::Bytes encode(const HealthChecks& checks) {
    Json list = Json::array();
    for (const HealthCheck& check : checks) list.push(check.to_json());
    const std::string text = list.dump();
    return {text.begin(), text.end()};
}

HealthChecks decode(base::ByteView bytes) {
    const Json list = Json::parse(base::as_text(bytes));
    HealthChecks checks;
    std::ranges::transform(list.elements(), std::back_inserter(checks), HealthCheck::from_json);
    return checks;
}

}  // namespace

std::string_view status_name(Status status) {
    return status_names[static_cast<std::size_t>(status)];
}

Json HealthCheck::to_json() const {
    return Json::object({{"name", name},
                         {"subject", text_or_null(subject)},
                         {"status", status_name(status)},
                         {"detail", detail},
                         {"mend", text_or_null(mend)}});
}

HealthCheck HealthCheck::from_json(const Json& json) {
    HealthCheck check;
    check.name = json.string_at("name");
    check.subject = text_at(json, "subject");
    const auto* const at = std::ranges::find(status_names, json.string_at("status"));
    if (at == std::end(status_names)) throw Error(ErrorKind::failed, "no status of a check");
    check.status = static_cast<Status>(at - std::begin(status_names));
    check.detail = json.string_at("detail");
    check.mend = text_at(json, "mend");
    return check;
}

HealthCheck unknown_check(std::string name, const Error& error) {
    return {.name = std::move(name),
            .subject = {},
            .status = Status::unknown,
            .detail = base::printable(error.in_full()),
            .mend = base::printable(error.hint())};
}

bool is_there(const std::filesystem::path& path) {
    std::error_code error;
    const bool there = std::filesystem::exists(path, error);
    if (error)
        throw base::system_error(base::format("cannot look at {}", base::printable(path.native())),
                                 error.value());
    return there;
}

HealthChecks looked_at(const std::string& name, const std::function<HealthChecks()>& look) {
    try {
        return look();
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return {unknown_check(name, error)};
    } catch (const std::filesystem::filesystem_error& error) {
        const std::string path = base::printable(error.path1().native());
        return {unknown_check(
            name, base::system_error(base::format("cannot look at {}", path), error.code().value()))};
    } catch (const std::exception& error) {
        return {unknown_check(name, Error(ErrorKind::failed, error.what()))};
    }
}

HealthChecks looked_at_within(std::chrono::milliseconds patience, const std::string& name,
                              const std::function<HealthChecks()>& look) {
    return looked_at(name, [&]() -> HealthChecks {
        const auto done = platform::run_isolated([&] { return encode(looked_at(name, look)); },
                                                 answer_bytes_max, static_cast<int>(patience.count()));
        using End = platform::IsolatedResult::End;
        if (done.end == End::answered) return decode(done.answer);
        if (done.end == End::timed_out)
            throw Error(ErrorKind::failed,
                        base::format("it was given up after {}",
                                     base::human_duration(static_cast<double>(patience.count()) / 1000)))
                .hint("see whether a mount or a server hangs; --patience SECONDS waits longer");
        throw Error(ErrorKind::failed, base::format("the process that looked ended early ({})", done.number));
    });
}

std::string shell_word(const std::string& text) {
    constexpr std::string_view plain = "-_./:=@%+,";
    const bool bare = !text.empty() && std::ranges::all_of(text, [&](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               plain.find(static_cast<char>(c)) != std::string_view::npos;
    });
    if (bare) return text;
    if (base::printable(text) == text) {
        std::string quoted = "'";
        for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
        return quoted + "'";
    }
    std::string quoted = "$'";  // which bash, zsh and ksh know
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte > 0x7e)
            quoted += base::format("\\x{:02x}", byte);
        else
            quoted += (c == '\'' || c == '\\' ? "\\" : "") + std::string(1, c);
    }
    return quoted + "'";
}

}  // namespace bt2c::cli
