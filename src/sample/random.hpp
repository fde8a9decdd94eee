#pragma once
// Random values that are the same for a seed on every machine; for sample data, never for secrets.

#include <cstdint>
#include <random>
#include <string>

#include "base/bytes.hpp"

namespace bt2c::sample {

class Random {
 public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}

    /// 0 to `bound` - 1; `bound` must not be 0. The slight bias of a remainder does not matter here.
    std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
    /// From `low` to below `high`.
    double uniform(double low, double high);
    void fill(base::MutableBytes out);
    /// `size` random bytes as twice as many lower-case hexadecimal digits.
    std::string hex(std::size_t size);
    /// "bt2c_" and 26 characters, as a node derives it from a key.
    std::string address();
    /// Base64 of 256 random bytes, the shape of an RSA-2048 signature.
    std::string signature();

 private:
    std::mt19937_64 engine_;  // its sequence is fixed by the C++ standard
};

}  // namespace bt2c::sample
