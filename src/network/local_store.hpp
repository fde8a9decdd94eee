#pragma once
// The entries of a control plane as files, for nodes that share a machine.

#include <chrono>
#include <filesystem>

#include "network/plane_store.hpp"
#include "platform/folder_watch.hpp"

namespace bt2c::network {

/// An entry is a file of its name. Files belong to the owner of the folder when root writes them, and are for
/// nobody else: who may write the folder may speak for every node.
class LocalStore final : public PlaneStore {
 public:
    explicit LocalStore(std::filesystem::path root) : root_(std::move(root)) {}

    bool create(const std::string& folder, const StoredEntry& entry) override;
    void put(const std::string& folder, const StoredEntry& entry) override;
    std::vector<StoredEntry> list(const std::string& folder, const std::string& prefix,
                                  const std::string& after, std::size_t limit, std::size_t text_max) override;
    void remove(const std::string& folder, const std::string& name) override;
    void remove_all(const std::string& folder, const std::string& prefix) override;
    std::set<std::string> wait(const std::string& folder, const std::set<std::string>& subfolders,
                               int timeout_ms) override;

 private:
    bool write(const std::string& folder, const StoredEntry& entry, bool replace);
    std::vector<std::string> names(const std::string& folder, const std::string& prefix) const;
    std::filesystem::path made(const std::string& folder);

    std::filesystem::path root_;
    platform::FolderWatch watch_;
    std::chrono::steady_clock::time_point next_look_;
};

}  // namespace bt2c::network
