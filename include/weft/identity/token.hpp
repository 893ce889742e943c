// SPDX-License-Identifier: Apache-2.0
// The one argument of `weft join`: "weft1_" and base64url of
//   version u8, token id 8, one-time Ed25519 seed 32, root key 32, issuer X25519 key 32,
//   expiry u64, u8 count, endpoints {u8 family, 4 or 16 bytes, u16 port},
//   checksum 4 (of BLAKE2b-128 of all before it).
// The seed signs the join request and never travels. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <weft/identity/certificate.hpp>

namespace weft::identity {

inline constexpr std::size_t kTokenEndpointsMax = 4;
inline constexpr std::size_t kTokenTextMax = 512;  // characters

using TokenId = ByteArray<8>;

struct Token {
    TokenId id{};  ///< never zero
    SigningKey one_time_key;
    VerifyKey root;
    crypto::PublicKey issuer_sealing_key;
    UnixSeconds expiry = 0;
    std::vector<net::Endpoint> endpoints;  ///< of issuers; at most kTokenEndpointsMax
};

/// The text, which is a secret until it is used or expired.
[[nodiscard]] std::string to_text(const Token& token);

/// White space around it is allowed. Errors (EINVAL), each with its own cause and remedy: no token
/// at all, cut short or mistyped (the checksum), made by another version, an endpoint that none can
/// be.
[[nodiscard]] Result<Token> parse_token(std::string_view text);

}  // namespace weft::identity
