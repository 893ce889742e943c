// SPDX-License-Identifier: Apache-2.0
// A revocation takes a node's or an issuer's certificates back for good: by key, and for a node by
// serial as well, so that no re-encoding brings it back. Each signer numbers its own from 1 without
// gaps: who knows the highest number of each signer knows what is missing. Pure; any thread.
//
//   "WFV" version network_id signer root_number number kind serial key time extensions signature
#pragma once

#include <weft/identity/certificate.hpp>

namespace weft::identity {

inline constexpr std::size_t kRevocationSizeMax = 256;
/// As signer: the root.
inline constexpr std::uint32_t kRootSigner = 0;

struct Revocation {
    enum class Kind : std::uint8_t { kNode = 1, kIssuer = 2 };

    NetworkId network;
    std::uint32_t signer = kRootSigner;  ///< an issuer's number; it may revoke what it has issued
    std::uint32_t root_number = 0;       ///< signed by the root: which; by an issuer: 0
    std::uint64_t number = 1;            ///< the successors of a root go on with its numbers
    Kind kind = Kind::kNode;
    std::uint64_t serial = 0;  ///< of the node's certificate; of an issuer: its number
    VerifyKey key;             ///< identity key of the node, signing key of the issuer
    UnixSeconds time = 0;      ///< when; a block rests 24 h from then

    friend bool operator==(const Revocation&, const Revocation&) = default;
};

[[nodiscard]] std::vector<std::byte> build(const Revocation& revocation, const SigningKey& signer);
/// Errors as of parse_certificate.
[[nodiscard]] Result<Revocation> parse_revocation(ConstBytes signed_bytes);

/// The root's word for the key that follows it.
///   "WFS" version network_id number key time extensions signature
struct Successor {
    NetworkId network;
    std::uint32_t number = 1;  ///< one higher than the signing root's
    VerifyKey key;
    UnixSeconds time = 0;

    friend bool operator==(const Successor&, const Successor&) = default;
};
[[nodiscard]] std::vector<std::byte> build(const Successor& successor, const SigningKey& root);
[[nodiscard]] Result<Successor> parse_successor(ConstBytes signed_bytes);

}  // namespace weft::identity
