#include "crypto/modular_power.hpp"

#include <openssl/bn.h>

#include "base/error.hpp"

namespace bt2c::crypto {
namespace {

struct Free {
    void operator()(BIGNUM* number) const noexcept { BN_clear_free(number); }
    void operator()(BN_CTX* context) const noexcept { BN_CTX_free(context); }
    void operator()(BN_MONT_CTX* context) const noexcept { BN_MONT_CTX_free(context); }
};
using Number = std::unique_ptr<BIGNUM, Free>;

void set(const Number& number, base::ByteView bytes) {
    BT2C_ASSERT(bytes.size() <= modular_power_bytes &&
                BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), number.get()) != nullptr);
}

struct Lane {
    Number base{BN_new()}, exponent{BN_new()}, modulus{BN_new()}, power{BN_new()};
    std::unique_ptr<BN_MONT_CTX, Free> reduction{BN_MONT_CTX_new()};

    void load(const ModularPowers::Input& input, BN_CTX* context) {
        set(base, input.base);
        set(exponent, input.exponent);
        set(modulus, input.modulus);
        BT2C_ASSERT(BN_MONT_CTX_set(reduction.get(), modulus.get(), context) == 1);
    }
    void store(ModularPowers::Output& out) const {
        BT2C_ASSERT(BN_bn2binpad(power.get(), out.data(), static_cast<int>(out.size())) >= 0);
    }
};

}  // namespace

struct ModularPowers::State {
    std::unique_ptr<BN_CTX, Free> context{BN_CTX_secure_new()};
    Lane first, second;
};

ModularPowers::ModularPowers() : state_(std::make_unique<State>()) {}
ModularPowers::~ModularPowers() = default;

void ModularPowers::compute(const Input& first, const Input& second, Output& first_power,
                            Output& second_power) {
    State& s = *state_;
    s.first.load(first, s.context.get());
    s.second.load(second, s.context.get());
    const int ok = BN_mod_exp_mont_consttime_x2(
        s.first.power.get(), s.first.base.get(), s.first.exponent.get(), s.first.modulus.get(),
        s.first.reduction.get(), s.second.power.get(), s.second.base.get(), s.second.exponent.get(),
        s.second.modulus.get(), s.second.reduction.get(), s.context.get());
    BT2C_ASSERT(ok == 1);
    s.first.store(first_power);
    s.second.store(second_power);
}

}  // namespace bt2c::crypto
