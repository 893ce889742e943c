// SPDX-License-Identifier: Apache-2.0
// Who signs and how: Ed25519 (RFC 8032) by libsodium, with the names that follow from keys. Pure;
// any thread.
//
// A signature covers "weft/v1/KIND\0" || network id || body, so that a statement of one kind or of
// one network can never be taken for another's.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include <weft/base/bytes.hpp>
#include <weft/base/random.hpp>
#include <weft/base/secret.hpp>
#include <weft/crypto/x25519.hpp>

namespace weft::identity {

inline constexpr std::size_t kSignatureSize = 64;
using Signature = ByteArray<kSignatureSize>;

struct VerifyKey {
    ByteArray<32> bytes{};
    friend auto operator<=>(const VerifyKey&, const VerifyKey&) = default;
};

/// A node as gossip and revocations name it: BLAKE2b-128 of its Ed25519 key.
struct NodeId {
    ByteArray<16> bytes{};
    friend auto operator<=>(const NodeId&, const NodeId&) = default;
    [[nodiscard]] std::string to_string() const;  ///< 32 hex digits
};

/// A network: BLAKE2b-128 of its first root's Ed25519 key; successors of that root keep it.
struct NetworkId {
    ByteArray<16> bytes{};
    friend auto operator<=>(const NetworkId&, const NetworkId&) = default;
    [[nodiscard]] std::string to_string() const;  ///< 32 hex digits
};

[[nodiscard]] NodeId node_id_of(const VerifyKey& key);
[[nodiscard]] NetworkId network_id_of(const VerifyKey& first_root);

/// An Ed25519 key pair, kept as its 32-byte seed.
class SigningKey {
  public:
    [[nodiscard]] static SigningKey generate(RandomSource& random);
    [[nodiscard]] static SigningKey from_seed(Secret<32> seed);

    [[nodiscard]] const VerifyKey& verify_key() const { return public_; }
    [[nodiscard]] const Secret<32>& seed() const { return seed_; }
    [[nodiscard]] SigningKey clone() const { return from_seed(seed_.clone()); }

  private:
    SigningKey() = default;
    friend Signature sign(std::string_view, const NetworkId&, ConstBytes, const SigningKey&);
    Secret<32> seed_;
    Secret<64> expanded_;  // libsodium's form: seed || public key
    VerifyKey public_;
};

/// A key that somebody can have: canonical, on the curve, of the prime order.
[[nodiscard]] bool valid_key(const VerifyKey& key);
/// Canonical and not of low order: one key has one name, and no DH with it is zero.
[[nodiscard]] bool valid_key(const crypto::PublicKey& key);

/// Kinds of signed statements.
inline constexpr std::string_view kKindCertificate = "certificate";
inline constexpr std::string_view kKindIssuer = "issuer";
inline constexpr std::string_view kKindIssuerRequest = "issuer-request";
inline constexpr std::string_view kKindCertificateRequest = "certificate-request";
inline constexpr std::string_view kKindRevocation = "revocation";
inline constexpr std::string_view kKindSuccessor = "successor";
inline constexpr std::string_view kKindRecord = "record";
inline constexpr std::string_view kKindJoin = "join";
inline constexpr std::string_view kKindPossession = "possession";

[[nodiscard]] Signature sign(std::string_view kind,
                             const NetworkId& network,
                             ConstBytes body,
                             const SigningKey& key);

/// Strict (RFC 8032 5.1.7, no cofactor; small-order and non-canonical keys and points are refused),
/// so that a statement has one valid signature only per signer's choice.
[[nodiscard]] bool verify(std::string_view kind,
                          const NetworkId& network,
                          ConstBytes body,
                          const Signature& signature,
                          const VerifyKey& key);

}  // namespace weft::identity
