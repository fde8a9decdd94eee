#pragma once
// Knows what a location could not give while it was checked.

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "repository/copies.hpp"
#include "storage/location.hpp"

namespace bt2c::repository {

/// Passes readings on to a location, which must outlive it, and notes those that fail: what could not be read
/// is not damaged. Where nothing more can be read there, nobody waits for each of the others in vain.
/// Thread-safe.
class ReadWitness final : public storage::Location {
    template <typename Read>
    auto noted(const std::string& name, Read read) {
        if (const auto lost = this->lost()) throw base::Error(*lost);
        try {
            return read();
        } catch (const base::Error& error) {
            if (error.kind() != base::ErrorKind::interrupted && !is_failure_damage(location_, error))
                note(name, error);
            throw;
        }
    }
    void note(const std::string& name, const base::Error& error) {
        bool answers = true;
        try {
            static_cast<void>(location_.list("keys"));
        } catch (const base::Error& refusal) {
            if (refusal.kind() == base::ErrorKind::interrupted) throw;
            answers = false;
        }
        const std::lock_guard lock(mutex_);
        failures_.try_emplace(name, error);
        if (!answers && !lost_) lost_ = error;
    }

 public:
    explicit ReadWitness(storage::Location& location) : location_(location) {}

    /// The first failure of each object.
    std::map<std::string, base::Error> failures() const {
        const std::lock_guard lock(mutex_);
        return failures_;
    }
    bool failed(const std::string& name) const {
        const std::lock_guard lock(mutex_);
        return failures_.contains(name);
    }
    /// Why the place itself does not answer any more.
    std::optional<base::Error> lost() const {
        const std::lock_guard lock(mutex_);
        return lost_;
    }

    std::string describe() const override { return location_.describe(); }
    std::string if_emptied() const override { return location_.if_emptied(); }
    bool behind_network() const override { return location_.behind_network(); }
    bool put(const std::string& name, base::ByteView contents) override {
        return location_.put(name, contents);
    }
    unsigned puts_at_once() const override { return location_.puts_at_once(); }
    bool remove(const std::string& name) override { return location_.remove(name); }
    std::optional<base::Bytes> get(const std::string& name) override {
        return noted(name, [&] { return location_.get(name); });
    }
    std::optional<base::Bytes> get_range(const std::string& name, std::uint64_t offset,
                                         std::uint64_t size) override {
        return noted(name, [&] { return location_.get_range(name, offset, size); });
    }
    std::optional<std::uint64_t> size_of(const std::string& name) override {
        return noted(name, [&] { return location_.size_of(name); });
    }
    std::vector<storage::ObjectInfo> list(const std::string& folder) override {
        return location_.list(folder);
    }

 private:
    storage::Location& location_;
    mutable std::mutex mutex_;
    std::map<std::string, base::Error> failures_;
    std::optional<base::Error> lost_;
};

}  // namespace bt2c::repository
