// SPDX-License-Identifier: Apache-2.0
// X25519 (RFC 7748) by libsodium: every DH of a handshake. Handshake lane and control plane; any
// thread once initialize() has run.
#include <sodium.h>

#include <weft/crypto/x25519.hpp>

namespace weft::crypto {

static_assert(crypto_scalarmult_curve25519_BYTES == PrivateKey::kSize);
static_assert(crypto_scalarmult_curve25519_SCALARBYTES == PrivateKey::kSize);

Result<> initialize() {
    if (sodium_init() < 0) {
        return invalid("libsodium does not start: the system gives it no random numbers",
                       "/dev/urandom or getrandom(2) must be reachable");
    }
    return {};
}

PrivateKey generate_private_key(RandomSource& random) {
    PrivateKey key;
    random.fill(key.mutable_bytes());
    clamp(key);
    return key;
}

void clamp(PrivateKey& key) {
    const auto bytes = key.mutable_bytes();
    bytes[0] &= std::byte{0xf8};
    bytes[31] = (bytes[31] & std::byte{0x7f}) | std::byte{0x40};
}

PublicKey public_key_of(const PrivateKey& key) {
    PublicKey result;
    crypto_scalarmult_curve25519_base(as_uchar(result.bytes.data()), key.data());
    return result;
}

bool dh(const PrivateKey& key, const PublicKey& other, SharedSecret& out) {
    // Refuses points of low order and results of zero.
    if (crypto_scalarmult_curve25519(out.data(), key.data(), as_uchar(other.bytes.data())) != 0) {
        out.wipe();
        return false;
    }
    return true;
}

}  // namespace weft::crypto
