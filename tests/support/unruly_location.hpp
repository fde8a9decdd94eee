#pragma once
// A location in memory that behaves as badly as a test wants.

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <thread>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "storage/memory/memory_location.hpp"

namespace bt2c::support {

class UnrulyLocation final : public storage::Location {
 public:
    using Bytes = base::Bytes;
    /// Called before every operation with its name ("put", "get", "list", "remove") and the object's; may
    /// throw or wait.
    std::function<void(const std::string& operation, const std::string& object)> before;
    /// Says that it stored and did not.
    std::atomic<bool> lies = false;
    std::atomic<int> puts = 0;
    unsigned at_once = 1;
    bool remote = false;
    std::string described = "unruly";
    /// Answers each reading in a folder, where there is such an object, with as many bytes as were asked for,
    /// and counts them.
    std::string too_long;
    std::atomic<std::uint64_t> sent = 0;
    /// What a line makes of what is read.
    std::function<void(Bytes& contents)> on_the_way;
    storage::memory::MemoryLocation memory;

    static base::Error failure(const std::string& cause = "out of order") {
        return base::Error(base::ErrorKind::failed, "cannot reach the unruly location").cause(cause);
    }
    /// As a server that does not answer: until the process or the job is asked to stop.
    [[noreturn]] static void hang() {
        for (;;) {
            base::throw_if_interrupted();
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    /// The order in which objects came to be.
    std::vector<std::string> order() const {
        const std::lock_guard lock(mutex_);
        return order_;
    }

    std::string describe() const override { return described; }
    bool behind_network() const override { return remote; }
    bool put(const std::string& name, base::ByteView contents) override {
        ++puts;
        step("put", name);
        if (lies) return true;
        const std::lock_guard lock(mutex_);
        const bool stored = memory.put(name, contents);
        if (stored) order_.push_back(name);
        return stored;
    }
    unsigned puts_at_once() const override { return at_once; }
    std::optional<Bytes> get(const std::string& name) override {
        step("get", name);
        return memory.get(name);
    }
    std::optional<Bytes> get_range(const std::string& name, std::uint64_t offset,
                                   std::uint64_t size) override {
        step("get", name);
        auto contents = memory.get_range(name, offset, size);
        if (contents && !too_long.empty() && name.starts_with(too_long + "/")) {
            contents->resize(size);
            sent += size;
        }
        if (contents && on_the_way) on_the_way(*contents);
        return contents;
    }
    std::optional<std::uint64_t> size_of(const std::string& name) override {
        step("get", name);
        return memory.size_of(name);
    }
    std::vector<storage::ObjectInfo> list(const std::string& folder) override {
        step("list", folder);
        return memory.list(folder);
    }
    bool remove(const std::string& name) override {
        step("remove", name);
        return memory.remove(name);
    }

 private:
    void step(const std::string& operation, const std::string& object) const {
        if (before) before(operation, object);
    }
    mutable std::mutex mutex_;
    std::vector<std::string> order_;
};

}  // namespace bt2c::support
