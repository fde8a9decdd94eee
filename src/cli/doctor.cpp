#include "cli/doctor.hpp"

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "cli/health_checks.hpp"
#include "cli/own_program.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using base::Json;
using Status = HealthCheck::Status;

namespace {

struct CheckGroup {
    const char* name;
    std::function<HealthChecks(Context&)> look;
    bool is_remote;
};

std::optional<HealthCheck> settings_fault(Context& context) {
    try {
        context.settings();
        return std::nullopt;
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return HealthCheck{
            "settings", "others", Status::unknown,
            "files, disks, schedule, jobs, repository and locations were not looked at: dr.toml "
            "cannot be used",
            ""};
    }
}

}  // namespace

HealthChecks examine(const GlobalOptions& options, std::chrono::seconds patience,
                     const std::optional<crypto::SecretBytes>& typed) {
    // What locations say of themselves is in the checks, and not on stderr.
    GlobalOptions silent = options;
    silent.quiet = true;
    TextTerminal nowhere;
    Console console{nowhere, nowhere};
    Context context(silent, console);
    // A lock that is waited for in vain, of which there are two, must not cost the group's other checks.
    const std::chrono::milliseconds local_patience = patience / 3, lock_patience = local_patience / 4;
    std::vector<CheckGroup> groups{
        {"home", [&](Context& in) { return check_node(in, lock_patience); }, false}};
    HealthChecks checks;
    try {
        context.home();
    } catch (const Error& error) {
        HealthCheck check = unknown_check("home", error);
        check.status = Status::finding;
        std::error_code refused;
        const auto type = std::filesystem::status(context.home_unchecked().root, refused).type();
        if (type == std::filesystem::file_type::not_found)
            check.mend = "bt2c-dr init --make-home";
        else if (check.mend.empty())
            check.mend = base::system_error("", refused.value()).hint();
        groups.clear();
        checks.push_back(std::move(check));
    }
    if (!groups.empty()) {
        if (auto fault = settings_fault(context))
            checks.push_back(std::move(*fault));
        else
            groups.insert(
                groups.end(),
                {{"file_modes", check_file_modes, false},
                 {"disk_space", check_disk_space, false},
                 {"schedule", check_schedule, false},
                 {"job", check_jobs, false},
                 {"repository",
                  [&](Context& in) { return check_repository(in, typed, patience / 4, checks); }, true}});
    }
    for (const CheckGroup& group : groups) {
        const auto found = looked_at_within(group.is_remote ? patience : local_patience, group.name,
                                            [&] { return group.look(context); });
        checks.insert(checks.end(), found.begin(), found.end());
    }
    mend_backups_first(checks);
    for (HealthCheck& check : checks) check.mend = with_given_options(check.mend, options);
    return checks;
}

Json health_document(const HealthChecks& checks) {
    Json list = Json::array();
    for (const HealthCheck& check : checks) list.push(check.to_json());
    const auto findings = std::ranges::count_if(checks, &HealthCheck::is_finding);
    return Json::object({{"ok", findings == 0}, {"findings", findings}, {"checks", std::move(list)}});
}

void print_health(Output& out, const HealthChecks& checks, bool all) {
    constexpr std::pair<std::string_view, Style> looks[] = {
        {"ok", Style::green}, {"finding", Style::red}, {"unknown", Style::yellow}, {"skipped", Style::dim}};
    std::size_t width = 0;
    const auto title = [](const HealthCheck& check) {
        return check.subject.empty() ? check.name : check.name + " " + check.subject;
    };
    const auto shown = [&](const HealthCheck& check) { return all || check.is_finding(); };
    constexpr std::size_t widest = 32;  // a path as the subject pushes only its own line
    for (const HealthCheck& check : checks)
        if (shown(check) && display_width(title(check)) <= widest)
            width = std::max(width, display_width(title(check)));
    for (const HealthCheck& check : checks) {
        if (!shown(check)) continue;
        const auto& [word, style] = looks[static_cast<std::size_t>(check.status)];
        const std::string name = title(check);
        const std::size_t padding = width - std::min(width, display_width(name));
        out.line("{}{}  {}{}  {}", out.styled(style, word), std::string(7 - word.size(), ' '),
                 out.styled(Style::bold, name), std::string(padding, ' '), check.detail);
        if (!check.mend.empty()) out.line("{:9}→ {}", "", check.mend);
    }
    const auto findings = std::ranges::count_if(checks, &HealthCheck::is_finding);
    if (findings == 0)
        out.line("{}: {} checks, nothing found.", out.styled(Style::green, "All is well"), checks.size());
    else
        out.line("{} of {} checks found something.", findings, checks.size());
}

}  // namespace bt2c::cli
