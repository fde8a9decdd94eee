#pragma once
// The agent as what runs the scheduled jobs, where neither systemd nor cron does.

#include <chrono>
#include <memory>

#include "cli/context.hpp"
#include "platform/subprocess.hpp"

namespace bt2c::cli {

/// Once a minute it starts 'bt2c-dr job --due' beside the agent, while the home asks for that
/// (config::agent_marker). Used by one thread.
class AgentJobs {
 public:
    explicit AgentJobs(Context& context) : context_(context) {}
    /// Asks a job that runs to stop, and waits for a few seconds.
    ~AgentJobs();
    AgentJobs(const AgentJobs&) = delete;
    AgentJobs& operator=(const AgentJobs&) = delete;

    bool wanted() const;
    /// Once a second; never waits.
    void tick();
    /// Nothing but this, until this process is asked to stop.
    void run();

 private:
    using Clock = std::chrono::steady_clock;
    void keep_fresh();

    Context& context_;
    std::unique_ptr<platform::Subprocess> child_;
    Clock::time_point next_, next_sign_;
};

}  // namespace bt2c::cli
