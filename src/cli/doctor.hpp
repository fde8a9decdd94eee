#pragma once
// All checks of a set-up, and how they are told.

#include <chrono>
#include <optional>

#include "cli/context.hpp"
#include "cli/health_check.hpp"
#include "cli/output.hpp"
#include "crypto/secret.hpp"

namespace bt2c::cli {

/// How long what is asked of locations may take; all else has a third of that, for each group of checks.
constexpr std::chrono::seconds doctor_patience{60};

/// Looks at everything, changes nothing, and asks nobody. To be called while this process has one thread.
/// @param typed what opens the repository, where neither the environment nor a file does
HealthChecks examine(const GlobalOptions& options, std::chrono::seconds patience,
                     const std::optional<crypto::SecretBytes>& typed);

/// {ok, findings, checks:[{name,subject,status,detail,mend}]}
base::Json health_document(const HealthChecks& checks);

/// What was found, each with what mends it; with `all` what is well too. One line where all is well.
void print_health(Output& out, const HealthChecks& checks, bool all);

}  // namespace bt2c::cli
