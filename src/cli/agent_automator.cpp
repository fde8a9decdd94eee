// A marker that the agent looks for.

#include "base/bytes.hpp"
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
                       .texts = {{marker.native(), text}}};
        if (done.changed && !dry_run) {
            config::make_jobs_folder(home_);
            platform::DurableFile file(marker, 0600);
            file.append(base::as_bytes(text));
            platform::give_to_owner_of(home_.root, file.fd());
            file.commit(platform::DurableFile::Existing::replace);
        }
        return done;
    }

    std::vector<std::string> remove(bool dry_run) override {
        const fs::path marker = config::agent_marker(home_);
        if (!fs::exists(marker)) return {};
        if (!dry_run) platform::durable_remove(marker);
        return {marker.native()};
    }

 private:
    static constexpr const char* text = "The agent runs the jobs of this home: bt2c-dr agent\n";
    config::Home home_;
};

}  // namespace

std::unique_ptr<Automator> agent_automator(const config::Home& home) {
    return std::make_unique<AgentAutomator>(home);
}

}  // namespace bt2c::cli
