#pragma once
// Starts, looks at and stops the processes of a network.

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/progress.hpp"
#include "drill/devnet.hpp"
#include "platform/http.hpp"

namespace bt2c::drill {

/// The programs to run; names without a slash are looked up in PATH.
struct Programs {
    std::string node;   ///< bt2c-node
    std::string agent;  ///< bt2c-dr
};
/// Those beside this program, else those in PATH.
Programs programs_beside_this();

/// What a node's REST interface says, of at most 4 MiB. Throws Error(failed) when there is no answer in 2 s,
/// or one that is no JSON; an answer that tells of an error is one.
base::Json ask(platform::HttpClient& http, const DevnetNode& node, const std::string& path,
               const std::string& body = "");

struct NodeState {
    bool running = false;
    std::optional<bool> agent_running;  ///< nothing: the network has no agents
    bool answers = false;               ///< what follows is of a node that answers
    std::int64_t height = -1;
    std::string hash;
    std::int64_t peers = 0;
    bool synced = false, paused = false, signing_locked = false;
    std::string abstained;  ///< why it makes no block at the moment; empty: it does
};
NodeState look_at(platform::HttpClient& http, const Devnet& devnet, const DevnetNode& node);

/// Starts what does not run, each agent before its node, keeping the file up to date; gives the names of what
/// it started.
std::vector<std::string> start(Devnet& devnet, const Programs& programs);

/// Waits until all nodes answer, are connected with all others, and have a block beyond the first one unless
/// they are paused. Throws Error(failed), with the end of its log, as soon as a process has ended, and after
/// `patience_s`; all is left as it stands then.
void wait_until_up(const Devnet& devnet, double patience_s, base::Progress& progress);

/// Ends all processes; gives the names of those that had to be killed after `patience_s`.
std::vector<std::string> stop(Devnet& devnet, double patience_s);

/// The last lines of a log in one, with bars between them; empty when there is none.
std::string log_end(const std::filesystem::path& log);

}  // namespace bt2c::drill
