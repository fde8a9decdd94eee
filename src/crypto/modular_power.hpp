#pragma once
// Powers modulo numbers of 1024 bits, two at a time: processors with AVX-512 IFMA compute two at the price of
// one.

#include <array>
#include <memory>

#include "base/bytes.hpp"

namespace bt2c::crypto {

constexpr std::size_t modular_power_bytes = 128;

/// Constant time. Its memory is zeroed when it goes; one object per thread.
class ModularPowers {
 public:
    struct Input {
        base::ByteView base, exponent,
            modulus;  ///< big-endian; the modulus odd, of 1024 bits; base < modulus
    };
    ModularPowers();
    ~ModularPowers();
    ModularPowers(const ModularPowers&) = delete;
    ModularPowers& operator=(const ModularPowers&) = delete;

    using Output = std::array<std::uint8_t, modular_power_bytes>;
    void compute(const Input& first, const Input& second, Output& first_power, Output& second_power);

 private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace bt2c::crypto
