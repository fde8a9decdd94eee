// A marker that the agent looks for.

#include <chrono>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "cli/automation_install.hpp"
#include "config/job_record.hpp"
#include "platform/file.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;

class AgentAutomator final : public Automator {
 public:
    explicit AgentAutomator(const config::Home& home) : home_(home) {}

    Installed install(const agent::Automation&, bool dry_run) override {
        const fs::path marker = config::agent_marker(home_);
        Installed done{.installed = {marker.native()},
                       .removed = {},
                       .changed = !fs::exists(marker),
                       .texts = {{marker.native(), contents}}};
        if (done.changed && !dry_run) {
            config::make_jobs_folder(home_);
            platform::DurableFile file(marker, 0600);
            file.append(base::as_bytes(contents));
            file.set_times(0);  // no agent has seen it yet
            platform::give_to_owner_of(home_.root, file.fd());
            file.commit(platform::DurableFile::Existing::replace);
        }
        return done;
    }

    std::vector<std::string> remove(bool dry_run) override {
        const fs::path marker = config::agent_marker(home_);
        if (!fs::exists(marker)) return {};
        if (!dry_run) try {
                platform::durable_remove(marker);
            } catch (base::Error& error) {
                error.state("the agent goes on with the jobs of this home");
                throw;
            }
        return {marker.native()};
    }

    std::string text() const override { return fs::exists(config::agent_marker(home_)) ? contents : ""; }

    std::string standstill() const override {
        std::error_code error;
        const auto seen = fs::last_write_time(config::agent_marker(home_), error);
        if (!error && std::chrono::abs(fs::file_time_type::clock::now() - seen) < freshness) return "";
        return "the agent does not run; a service should keep it running";
    }

 private:
    /// A running agent touches its marker once a minute; clocks may differ by as much.
    static constexpr std::chrono::minutes freshness{5};
    static constexpr const char* contents = "The agent of bt2c-dr runs the jobs of this home.\n";
    config::Home home_;
};

}  // namespace

std::unique_ptr<Automator> agent_automator(const config::Home& home) {
    return std::make_unique<AgentAutomator>(home);
}

}  // namespace bt2c::cli
