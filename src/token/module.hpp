#pragma once
// A PKCS#11 module that is loaded. For the isolated process only.

#include <filesystem>
#include <string>
#include <vector>

#include "token/token.hpp"

struct ck_function_list;

namespace bt2c::token {

/// Of a slot, a session or an object (CK_ULONG).
using Handle = unsigned long;

/// A slot with an initialised token in it.
struct Slot {
    Handle id = 0;
    unsigned long flags = 0;  ///< CKF_… of the token
    TokenInfo token;          ///< without keys
};

class Module {
 public:
    /// Loads and initialises it. Throws Error(failed) when the file is no module.
    explicit Module(const std::filesystem::path& path);
    ~Module();
    Module(const Module&) = delete;
    Module& operator=(const Module&) = delete;

    const ck_function_list& calls() const { return *calls_; }
    std::vector<Slot> slots() const;
    /// The slot of the token with that label or serial number; for an empty text of the only one.
    /// Throws Error(failed) naming those that are there.
    Slot find(const std::string& wanted) const;
    /// The token's flags now.
    unsigned long flags_of(Handle slot) const;

 private:
    const ck_function_list* calls_ = nullptr;
};

/// How many tries a PIN has left, in words; empty when there are enough.
std::string pin_warning(unsigned long flags);

}  // namespace bt2c::token
