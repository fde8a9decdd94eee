#pragma once
// The entries of a control plane in an etcd cluster, under keys "bt2c/FOLDER/NAME".

#include <chrono>
#include <memory>

#include "network/etcd_gateway.hpp"
#include "network/plane_store.hpp"

namespace bt2c::network {

class EtcdStore final : public PlaneStore {
 public:
    explicit EtcdStore(EtcdAccess access) : gateway_(std::move(access)) {}

    bool create(const std::string& folder, const StoredEntry& entry) override;
    void put(const std::string& folder, const StoredEntry& entry) override;
    std::vector<StoredEntry> list(const std::string& folder, const std::string& prefix,
                                  const std::string& after, std::size_t limit, std::size_t text_max) override;
    void remove(const std::string& folder, const std::string& name) override;
    void remove_all(const std::string& folder, const std::string& prefix) override;
    std::set<std::string> wait(const std::string& folder, const std::set<std::string>& subfolders,
                               int timeout_ms) override;

 private:
    base::Json call(const std::string& path, const base::Json& body);
    /// Makes a stream to the member that answers, unless there is one.
    void keep_stream(const std::string& folder);
    void lose_stream();
    /// Reads lines that are complete; true when one says that the watch begins.
    bool take_lines(const std::string& folder, std::set<std::string>& changed);

    EtcdGateway gateway_;
    std::unique_ptr<platform::HttpStream> stream_;
    std::size_t stream_member_ = 0;
    std::size_t streams_lost_ = 0;  ///< in a row
    std::string unread_;            ///< of the stream
    std::chrono::steady_clock::time_point next_look_, last_told_;
};

}  // namespace bt2c::network
