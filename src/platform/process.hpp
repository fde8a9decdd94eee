#pragma once
// This process and its children.

#include <cstddef>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace bt2c::platform {

/// Opens /dev/null for each of the descriptors 0 to 2 that is closed, to read only: what is written there
/// fails, as it did before.
void open_standard_descriptors();

/// This machine's name; "unknown" when it has none.
std::string host_name();
/// The name of the user that this process runs as; the number where it has no name.
std::string user_name();
std::string user_name(unsigned user);

/// How a child ended, and what it wrote.
struct ChildResult {
    int status = 0;      ///< its exit status; 128 + the signal's number when a signal ended it
    base::Bytes output;  ///< its stdout; may be a secret, so callers that handle secrets wipe it
};

/// Runs `arguments` (the first one is looked up in PATH) with our stdin and stderr, and waits for it.
/// It is killed, and Error(failed) thrown, when it writes more than `output_max` bytes or runs longer than
/// `timeout_ms`; so it is, with Error(interrupted), when this process is asked to stop.
/// Throws Error(failed) when it cannot be started.
ChildResult run_and_capture(const std::vector<std::string>& arguments, std::size_t output_max,
                            int timeout_ms);

}  // namespace bt2c::platform
