#include "agent/agent.hpp"
#include "base/time.hpp"
#include "cli/agent_hooks.hpp"
#include "cli/agent_jobs.hpp"
#include "cli/commands.hpp"
#include "network/open_control_plane.hpp"
#include "platform/file.hpp"
#include "platform/notify.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::Json;

class AgentCommand final : public Command {
    About about() const override {
        return {
            .name = "agent",
            .summary = "obey orders to pause and resume the network, on this node, until stopped",
            .description =
                "Runs beside the node, as a service. It waits for orders on the control plane that dr.toml "
                "names (the table 'network'), obeys each one at once, and acknowledges it. Orders that came "
                "while it was down or cut off are obeyed before it says that it is ready; the node is "
                "started after that.\n\n"
                "A control plane that is away does not stop it, nor the node: it tries again until it is "
                "back. SIGTERM stops it.\n\n"
                "Where 'setup-automated-backups' made it the one that runs the scheduled jobs it does that "
                "too, "
                "with or without a control plane.",
            .examples = {{"bt2c-dr agent", "obey the orders for the only network in the database"},
                         {"bt2c-dr --network testnet agent", "for that network"}},
            .exits = {ErrorKind::failed}};
    }

    void declare(Options& options) override {
        options.value(settle_seconds_, "--settle-seconds", "SECONDS",
                      "after an order, look again so much later: twice the block time");
    }

    Result run(Context& context) override {
        if (settle_seconds_ < 1 || settle_seconds_ > 86'400)
            throw Error(ErrorKind::usage, "--settle-seconds must be 1 to 86400");
        const auto plane = network::open_control_plane(context.settings().network);
        AgentJobs jobs(context);
        if (!plane && jobs.wanted()) {
            jobs.run();
            return stopped();
        }
        if (!plane)
            throw Error(ErrorKind::usage, "there is no control plane to take orders from")
                .hint(
                    "set network.control_plane in dr.toml to \"etcd\" or \"local\"; for the scheduled jobs "
                    "alone: bt2c-dr setup-automated-backups --scheduler agent");
        const std::filesystem::path marker = context.home().root / "network" / "agent-ready.json";
        platform::durable_mkdir(marker.parent_path(), 0700);
        platform::durable_remove(marker);
        AgentHooks node(context);
        base::Progress& progress = context.progress();
        agent::Agent(
            *plane,
            {.network = node.network(),
             .node = node.record(),
             .settle = std::chrono::seconds(settle_seconds_)},
            {.last_sequence = [&] { return node.last_sequence(); },
             .obey = [&](const auto& order, bool catching_up) { return node.obey(order, catching_up); },
             .settled = [&](const auto& acknowledgement) { return node.settled(acknowledgement); },
             .report = [&] { return node.report(); },
             .every_second =
                 [&] {
                     node.lapse();
                     keep_fresh(marker);
                     jobs.tick();
                     platform::notify_service_manager("WATCHDOG=1");
                 },
             .ready = [&] { say_ready(marker, progress); },
             .log = [&](const std::string& line) { progress.note(line); },
             .stop = [] { return false; }})  // but when this process is asked to
            .run();
        return stopped();
    }

    static Result stopped() {
        platform::notify_service_manager("STOPPING=1");
        return {.document = Json::object({{"stopped", true}}), .print = {}};
    }

    /// The node looks at the marker, and the service manager starts it.
    static void say_ready(const std::filesystem::path& marker, base::Progress& progress) {
        try {
            const Json json = Json::object({{"at", base::format_utc(base::now_unix_ms())}});
            platform::DurableFile file(marker, 0600);
            file.append(base::as_bytes(json.dump() + "\n"));
            platform::give_to_owner_of(marker.parent_path(), file.fd());
            file.commit(platform::DurableFile::Existing::replace);
        } catch (const Error& error) {
            progress.note(error.message() + ": " + error.cause());
        }
        progress.note("ready: all orders are obeyed");
        platform::notify_service_manager("READY=1");
    }

    /// A node that starts later than this agent sees by the marker's time that the agent still runs.
    static void keep_fresh(const std::filesystem::path& marker) {
        std::error_code not_ready_yet;
        std::filesystem::last_write_time(marker, std::filesystem::file_time_type::clock::now(),
                                         not_ready_yet);
    }

    std::uint64_t settle_seconds_ = 600;
};

}  // namespace

std::unique_ptr<Command> agent_command() {
    return std::make_unique<AgentCommand>();
}

}  // namespace bt2c::cli
