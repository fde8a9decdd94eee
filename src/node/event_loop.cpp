#include "node/event_loop.hpp"

#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace bt2c::node {
namespace asio = boost::asio;
using boost::system::error_code;

EventLoop::EventLoop() : context_(std::make_unique<asio::io_context>(1)) {}
EventLoop::~EventLoop() = default;

void EventLoop::run() {
    context_->restart();
    context_->run();
}

void EventLoop::stop() {
    context_->stop();
}

void EventLoop::post(std::function<void()> work) {
    asio::post(*context_, std::move(work));
}

void EventLoop::after(std::chrono::milliseconds delay, std::function<void()> work) {
    const auto timer = std::make_shared<asio::steady_timer>(*context_, delay);
    timer->async_wait([timer, work = std::move(work)](const error_code& error) {
        if (!error) work();
    });
}

void EventLoop::every(std::chrono::milliseconds interval, std::function<void()> work) {
    after(interval, [this, interval, work = std::move(work)]() mutable {
        work();
        every(interval, std::move(work));
    });
}

void EventLoop::on_stop_signal(std::function<void()> work) {
    const auto signals = std::make_shared<asio::signal_set>(*context_);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
        struct sigaction before {};
        if (::sigaction(number, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) continue;
        signals->add(number);
    }
    signals->async_wait([signals, work = std::move(work)](const error_code& error, int) {
        if (error) return;
        work();
    });
}

}  // namespace bt2c::node
