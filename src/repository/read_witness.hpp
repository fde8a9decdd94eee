#pragma once
// Knows whether a location behind a network could always be read.

#include <mutex>
#include <optional>

#include "base/error.hpp"
#include "storage/location.hpp"

namespace bt2c::repository {

/// Passes readings on to a location, which must outlive it, and notes the first that fails: what could not be
/// read is not damaged. Thread-safe.
class ReadWitness final : public storage::Location {
    template <typename Read>
    auto noted(Read read) {
        try {
            return read();
        } catch (const base::Error& error) {
            const std::lock_guard lock(mutex_);
            if (error.kind() != base::ErrorKind::interrupted && !failure_) failure_ = error;
            throw;
        }
    }

 public:
    explicit ReadWitness(storage::Location& location) : location_(location) {}

    std::optional<base::Error> failure() const {
        const std::lock_guard lock(mutex_);
        return failure_;
    }

    std::string describe() const override { return location_.describe(); }
    bool behind_network() const override { return location_.behind_network(); }
    bool put(const std::string& name, base::ByteView contents) override {
        return location_.put(name, contents);
    }
    unsigned puts_at_once() const override { return location_.puts_at_once(); }
    bool remove(const std::string& name) override { return location_.remove(name); }
    std::optional<base::Bytes> get(const std::string& name) override {
        return noted([&] { return location_.get(name); });
    }
    std::optional<base::Bytes> get_range(const std::string& name, std::uint64_t offset,
                                         std::uint64_t size) override {
        return noted([&] { return location_.get_range(name, offset, size); });
    }
    std::optional<std::uint64_t> size_of(const std::string& name) override {
        return noted([&] { return location_.size_of(name); });
    }
    std::vector<storage::ObjectInfo> list(const std::string& folder) override {
        return noted([&] { return location_.list(folder); });
    }

 private:
    storage::Location& location_;
    mutable std::mutex mutex_;
    std::optional<base::Error> failure_;
};

}  // namespace bt2c::repository
