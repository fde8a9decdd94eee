#include "cli/agent_jobs.hpp"

#include <thread>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/own_program.hpp"
#include "config/job_record.hpp"
#include "platform/notify.hpp"

namespace bt2c::cli {

using std::chrono::milliseconds;

namespace {
constexpr std::chrono::minutes interval(1);
constexpr milliseconds second(1000), turn(200);
constexpr std::size_t output_bytes_max = 64 << 10;
/// Less than service managers wait before they kill.
constexpr int grace_ms = 8000;
}  // namespace

AgentJobs::~AgentJobs() {
    if (!child_) return;
    child_->ask_to_end();
    try {
        child_->wait(grace_ms);
    } catch (const std::exception&) {
        // It is killed then.
    }
}

bool AgentJobs::wanted() const {
    std::error_code error;
    return std::filesystem::exists(config::agent_marker(context_.home_unchecked()), error);
}

/// Who looks whether the agent runs sees it by the marker's time.
void AgentJobs::keep_fresh() {
    if (Clock::now() < next_sign_) return;
    next_sign_ = Clock::now() + interval;
    std::error_code not_wanted;
    std::filesystem::last_write_time(config::agent_marker(context_.home_unchecked()),
                                     std::filesystem::file_time_type::clock::now(), not_wanted);
}

void AgentJobs::tick() {
    keep_fresh();
    try {
        if (child_) {
            const auto status = child_->wait(0);
            if (!status) return;
            child_.reset();
        }
        if (Clock::now() < next_ || !wanted()) return;
        next_ = Clock::now() + interval;
        std::vector<std::string> arguments{own_program().native()};
        for (const std::string& option : own_options(context_)) arguments.push_back(option);
        arguments.insert(arguments.end(), {"job", "--due"});
        child_ = std::make_unique<platform::Subprocess>(arguments, platform::Subprocess::Rank::usual,
                                                        output_bytes_max);
    } catch (const std::exception& error) {
        child_.reset();
        context_.progress().note(base::format("cannot run the scheduled jobs: {}", error.what()));
    }
}

void AgentJobs::run() {
    context_.progress().note("ready: there is no control plane, only the scheduled jobs");
    platform::notify_service_manager("READY=1");
    try {
        for (Clock::time_point next;; std::this_thread::sleep_for(turn)) {
            base::throw_if_interrupted();
            if (Clock::now() < next) continue;
            next = Clock::now() + second;
            tick();
            platform::notify_service_manager("WATCHDOG=1");
        }
    } catch (const base::Error& error) {
        if (error.kind() != base::ErrorKind::interrupted) throw;
    }
}

}  // namespace bt2c::cli
