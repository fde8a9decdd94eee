#pragma once
// The one thread of a node: what it waits for, and what it does then.

#include <chrono>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace bt2c::node {

/// All functions but stop() belong to the thread that runs it.
class EventLoop {
 public:
    EventLoop();
    ~EventLoop();

    /// Until stop(), or until there is nothing left to wait for. An exception of a handler ends it and is
    /// thrown here.
    void run();
    /// From any thread.
    void stop();

    void post(std::function<void()> work);
    void after(std::chrono::milliseconds delay, std::function<void()> work);
    /// For as long as the loop lives: whoever calls it outlives the loop's run.
    void every(std::chrono::milliseconds interval, std::function<void()> work);
    /// SIGTERM, SIGINT and SIGHUP, but for those that were ignored when the process began.
    void on_stop_signal(std::function<void()> work);

    boost::asio::io_context& context() { return *context_; }

 private:
    std::unique_ptr<boost::asio::io_context> context_;
};

}  // namespace bt2c::node
