#pragma once
// A token of SoftHSM2 for one test.

#include <cstdlib>
#include <filesystem>
#include <string>

#include "support/environment.hpp"
#include "support/skip.hpp"
#include "support/temporary_folder.hpp"
#include "token/token.hpp"

namespace bt2c::token::test {

namespace fs = std::filesystem;

inline const fs::path softhsm_module = "/usr/lib/softhsm/libsofthsm2.so";

/// Initialised tokens in a folder of their own, with the PIN 123456.
class SoftToken {
 public:
    SoftToken() { add("validator"); }
    /// Empty when SoftHSM2 is there and works.
    const std::string& problem() const { return problem_; }
    void add(const std::string& label) {
        fs::create_directories(folder_ / "tokens");
        const std::string command = "softhsm2-util --init-token --free --label " + label +
                                    " --pin 123456 --so-pin 654321 >/dev/null 2>&1";
        if (!fs::exists(softhsm_module) || std::system(command.c_str()) != 0)
            problem_ = "SoftHSM2 is not installed, or its token cannot be made";
    }
    /// A PIN of "" stands for none.
    Access access(const std::string& pin = "123456", const std::string& token = "") const {
        Access access{.module = softhsm_module, .token = token};
        if (!pin.empty()) access.pin = crypto::SecretBytes::copy_of(base::as_bytes(pin));
        return access;
    }
    const support::TemporaryFolder& folder() const { return folder_; }

 private:
    support::TemporaryFolder folder_;
    fs::path settings_ =
        folder_.write("softhsm2.conf", "directories.tokendir = " + (folder_ / "tokens").native() +
                                           "\nobjectstore.backend = file\nlog.level = ERROR\n");
    support::Variable variable_{"SOFTHSM2_CONF", settings_.c_str()};
    std::string problem_;
};

}  // namespace bt2c::token::test
