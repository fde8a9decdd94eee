#pragma once
// What the tests of the SFTP location share.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "base/error.hpp"
#include "storage/sftp/sftp_location.hpp"
#include "support/skip.hpp"
#include "support/sshd_server.hpp"

namespace bt2c::storage::sftp {

inline Options options_for(const support::SshdServer& server) {
    return {.host = "127.0.0.1",
            .port = server.port(),
            .user = server.user(),
            .path = "backups/node",
            .key_file = server.key(),
            .known_hosts_file = server.known_hosts(),
            .timeout_ms = 20'000,
            .retries = 0};
}

/// What `call` throws.
template <typename Call>
base::Error error_of(Call call) {
    try {
        call();
    } catch (const base::Error& error) {
        return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return {base::ErrorKind::failed, ""};
}

/// All that an operator is told.
inline std::string text_of(const base::Error& error) {
    return error.message() + "\n" + error.cause() + "\n" + error.state() + "\n" + error.hint();
}

inline bool within(double seconds, const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

/// A test with a server of its own.
class WithServer : public testing::Test {
 protected:
    void SetUp() override {
        if (!support::sshd_is_installed()) BT2C_SKIP_OR_FAIL("openssh-server is not installed");
    }
};

}  // namespace bt2c::storage::sftp
