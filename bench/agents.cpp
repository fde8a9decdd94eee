// How long an order takes to reach agents and be acknowledged by all of them:
//
//   bt2c-bench-agents            a thousand agents and a real etcd
//   bt2c-bench-agents --local    ten agents and a folder
//
// AGENTS and ROUNDS in the environment change the numbers. Prints Markdown. The agents are those of bt2c-dr,
// each with its own connections, but they obey at once and have no database.

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <thread>
#include <vector>

#include "agent/agent.hpp"
#include "base/text.hpp"
#include "network/etcd_store.hpp"
#include "network/local_store.hpp"
#include "support/etcd_server.hpp"

namespace {

using namespace bt2c;
using base::format;
using network::ControlPlane;
using Open = std::function<std::unique_ptr<ControlPlane>()>;

constexpr const char* network_name = "mainnet";
constexpr std::size_t processes = 4;
constexpr double idle_seconds = 30;

std::size_t number(const char* variable, std::size_t usual) {
    const char* value = std::getenv(variable);
    return value ? std::strtoul(value, nullptr, 10) : usual;
}

void run_agent(const Open& open, std::size_t index, const std::atomic<bool>& stop) {
    const auto plane = open();
    const std::string name = format("node-{:04}", index);
    network::Acknowledgement done;
    done.status = "applied";
    done.height = 123'456;
    done.tip_hash = std::string(64, 'a');
    done.validators_changed = 1000;
    std::int64_t applied = 0;
    agent::Agent(*plane, {.network = network_name, .node = {name, std::string(40, 'v'), 100.0, 0}},
                 {.last_sequence = [&] { return applied; },
                  .obey =
                      [&](const network::PublishedOrder& order, bool) {
                          applied = order.sequence;
                          return done;
                      },
                  .settled = [&](const network::Acknowledgement& was) { return std::optional(was); },
                  .log =
                      [&](const std::string& line) {
                          if (!line.starts_with("order ")) std::cerr << name << ": " << line << '\n';
                      },
                  .stop = [&] { return stop.load(); }})
        .run();
}

/// Some agents in a process of their own.
class AgentProcess {
 public:
    AgentProcess(const Open& open, std::size_t first, std::size_t count) : pid_(::fork()) {
        if (pid_ > 0) return;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        static std::atomic<bool> stop{false};
        ::signal(SIGTERM, [](int) { stop = true; });
        pthread_attr_t small;
        ::pthread_attr_init(&small);
        ::pthread_attr_setstacksize(&small, 256 << 10);
        ::pthread_setattr_default_np(&small);
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < count; ++i)
            threads.emplace_back([&open, i, first] { run_agent(open, first + i, stop); });
        for (std::thread& thread : threads) thread.join();
        ::_exit(0);
    }
    AgentProcess(AgentProcess&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
    ~AgentProcess() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGTERM);
        ::waitpid(pid_, nullptr, 0);
    }
    double cpu_seconds() const { return support::cpu_seconds_of(pid_); }
    std::size_t resident_bytes() const { return support::resident_bytes_of(pid_); }

 private:
    pid_t pid_;
};

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

class Measurement {
 public:
    Measurement(ControlPlane& plane, std::size_t agents) : plane_(plane), agents_(agents) {}

    struct Round {
        double half = 0, all = 0;  ///< s until so many have acknowledged
    };
    /// Publishes an order and waits for the agents, as a command does; then until all have settled.
    Round round() {
        Round round;
        const std::string order(1000, 'o');
        const base::Stopwatch watch;
        if (!plane_.publish(network_name, ++sequence_, order)) throw std::runtime_error("taken");
        for (std::size_t settled = 0; settled < agents_;) {
            if (watch.seconds() > 120) throw std::runtime_error("not all agents acknowledge");
            if (!plane_.wait_for_change(network_name, network::Side::operators, 1000).acknowledgements)
                continue;
            const auto found = plane_.acknowledgements(network_name, sequence_);
            if (round.half == 0 && found.size() * 2 >= agents_) round.half = watch.seconds();
            if (round.all == 0 && found.size() == agents_) round.all = watch.seconds();
            settled = static_cast<std::size_t>(
                std::ranges::count_if(found, [](const auto& a) { return a.settled; }));
        }
        return round;
    }

 private:
    ControlPlane& plane_;
    std::size_t agents_;
    std::int64_t sequence_ = 0;
};

void print_row(const std::string& what, const std::string& value) {
    std::cout << "| " << what << " | " << value << " |\n";
}
void print_goal(const std::string& what, double value, double goal) {
    std::cout << "\n| goal | measured | at most | |\n|---|---|---|---|\n"
              << format("| {} | {:.3f} | ≤ {} | {} |\n", what, value, goal, value <= goal ? "met" : "missed");
}

void measure_etcd(std::size_t agents, std::size_t rounds) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    support::EtcdServer etcd;
    const Open open = [url = etcd.url()] {
        return std::make_unique<ControlPlane>(std::make_unique<network::EtcdStore>(
            network::EtcdAccess{.endpoints = {url}, .tls = {}, .user = "", .password_file = ""}));
    };
    std::vector<AgentProcess> children;
    for (std::size_t p = 0; p < processes; ++p)
        children.emplace_back(open, agents * p / processes,
                              agents * (p + 1) / processes - agents * p / processes);
    const auto agents_cpu = [&] {
        double sum = 0;
        for (const AgentProcess& child : children) sum += child.cpu_seconds();
        return sum;
    };
    const auto plane = open();
    Measurement measurement(*plane, agents);
    std::cerr << "starting " << agents << " agents\n";
    measurement.round();  // until all are there

    std::vector<double> all, half;
    double etcd_before = etcd.cpu_seconds(), agents_before = agents_cpu();
    for (std::size_t r = 0; r < rounds; ++r) {
        const auto round = measurement.round();
        all.push_back(round.all);
        half.push_back(round.half);
        std::cerr << format("round {}: half {:.3f} s, all {:.3f} s\n", r + 1, round.half, round.all);
    }
    const double etcd_order = (etcd.cpu_seconds() - etcd_before) / static_cast<double>(rounds);
    const double agents_order = (agents_cpu() - agents_before) / static_cast<double>(rounds);
    etcd_before = etcd.cpu_seconds();
    agents_before = agents_cpu();
    std::this_thread::sleep_for(std::chrono::duration<double>(idle_seconds));
    const double etcd_idle = etcd.cpu_seconds() - etcd_before, agents_idle = agents_cpu() - agents_before;
    std::size_t memory = 0;
    for (const AgentProcess& child : children) memory += child.resident_bytes();

    const auto count = static_cast<double>(agents);
    std::cout << format("| {} agents, median of {} rounds | |\n|---|---|\n", agents, rounds);
    print_row("order published → half of them acknowledged, s", format("{:.3f}", median(half)));
    print_row("order published → all of them acknowledged, s",
              format("{:.3f} (slowest round {:.3f})", median(all), std::ranges::max(all)));
    print_row("etcd: processor time for an order, with both acknowledgements of each agent, s",
              format("{:.2f}", etcd_order));
    print_row("etcd: processor time while nothing happens, % of a core",
              format("{:.1f}", 100 * etcd_idle / idle_seconds));
    print_row("etcd: memory, MiB", format("{}", etcd.resident_bytes() >> 20));
    print_row("an agent: processor time for an order, ms", format("{:.2f}", 1000 * agents_order / count));
    print_row("an agent: processor time while nothing happens, % of a core",
              format("{:.3f}", 100 * agents_idle / idle_seconds / count));
    print_row("an agent: memory beyond the program itself, KiB",
              format("{:.0f}", static_cast<double>(memory) / 1024 / count));
    print_goal(format("order → all of {} agents have acknowledged, s", agents), median(all), 5);
}

void measure_local(std::size_t agents, std::size_t rounds) {
    const support::TemporaryFolder folder;
    const Open open = [&folder] {
        return std::make_unique<ControlPlane>(std::make_unique<network::LocalStore>(folder.path()));
    };
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < agents; ++i) threads.emplace_back([&, i] { run_agent(open, i, stop); });
    const auto plane = open();
    Measurement measurement(*plane, agents);
    measurement.round();
    std::vector<double> all;
    for (std::size_t r = 0; r < rounds; ++r) all.push_back(measurement.round().all);
    stop = true;
    for (std::thread& thread : threads) thread.join();
    std::cout << format("| {} agents on one machine, median of {} rounds | |\n|---|---|\n", agents, rounds);
    print_row("order published → all of them acknowledged, s",
              format("{:.3f} (slowest round {:.3f})", median(all), std::ranges::max(all)));
    print_goal(format("order → all of {} agents have acknowledged, s", agents), median(all), 1);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc > 1 && std::string_view(argv[1]) == "--local")
            measure_local(number("AGENTS", 10), number("ROUNDS", 11));
        else
            measure_etcd(number("AGENTS", 1000), number("ROUNDS", 11));
        return 0;
    } catch (const base::Error& error) {
        std::cerr << error.message() << ": " << error.cause() << '\n';
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
    }
    return 1;
}
