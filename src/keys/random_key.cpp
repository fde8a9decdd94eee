#include "keys/random_key.hpp"

namespace bt2c::keys {

RsaKey new_rsa_key() {
    const crypto::RsaPrimes primes = crypto::generate_rsa_primes();
    return rsa_key_of_primes(primes.p.view(), primes.q.view());
}

}  // namespace bt2c::keys
