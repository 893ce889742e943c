// SPDX-License-Identifier: Apache-2.0
// X25519 (RFC 7748) by libsodium, with the types that keep its keys apart.
#pragma once

#include <compare>

#include <weft/base/bytes.hpp>
#include <weft/base/random.hpp>
#include <weft/base/result.hpp>
#include <weft/base/secret.hpp>

namespace weft::crypto {

using PrivateKey = Secret<32>;
using SharedSecret = Secret<32>;

struct PublicKey {
    ByteArray<32> bytes{};
    friend auto operator<=>(const PublicKey&, const PublicKey&) = default;
};

/// Readies libsodium; idempotent, called before any thread starts.
[[nodiscard]] Result<> initialize();

/// A clamped private key.
[[nodiscard]] PrivateKey generate_private_key(RandomSource& random);
/// Clamps in place (RFC 7748, 5).
void clamp(PrivateKey& key);
[[nodiscard]] PublicKey public_key_of(const PrivateKey& key);

/// DH(private, public) into `out`; false when the result is all zero (a low-order public key): the
/// caller must abort then, `out` is wiped.
[[nodiscard]] bool dh(const PrivateKey& key, const PublicKey& other, SharedSecret& out);

}  // namespace weft::crypto
