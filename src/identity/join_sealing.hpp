// SPDX-License-Identifier: Apache-2.0
// The boxes around join messages: X25519, then XChaCha20-Poly1305 under a key that depends on who
// talks to whom and in which direction. Layouts: join_message.cpp. Private to this room.
#pragma once

#include <optional>
#include <vector>

#include <weft/crypto/aead.hpp>
#include <weft/identity/join_message.hpp>

namespace weft::identity {

inline constexpr std::size_t kBoxNonceSize = 24;
inline constexpr std::size_t kRequestPlainSize =
    kJoinRequestSize - sizeof(crypto::PublicKey) - crypto::kTagSize;
inline constexpr std::size_t kReplyPlainMax = kJoinReplySizeMax - kBoxNonceSize - crypto::kTagSize;

/// A reply before it is sealed and after it is opened (join_message.cpp).
[[nodiscard]] std::vector<std::byte> encode_reply(const JoinReply& reply);
[[nodiscard]] Result<JoinReply> parse_reply(ConstBytes plain);

/// `plain` is kRequestPlainSize bytes, `issuer` no key of low order (asserted).
[[nodiscard]] std::vector<std::byte> seal_request_plain(ConstBytes plain,
                                                        const NetworkId& network,
                                                        const crypto::PublicKey& issuer,
                                                        RandomSource& random);
[[nodiscard]] std::optional<std::vector<std::byte>> open_request_plain(
    ConstBytes sealed, const NetworkId& network, const crypto::PrivateKey& issuer);

/// `plain` is at most kReplyPlainMax bytes, `reply_key` no key of low order (asserted).
[[nodiscard]] std::vector<std::byte> seal_reply_plain(ConstBytes plain,
                                                      const crypto::PublicKey& reply_key,
                                                      const crypto::PrivateKey& issuer,
                                                      RandomSource& random);
[[nodiscard]] std::optional<std::vector<std::byte>> open_reply_plain(
    ConstBytes sealed, const crypto::PrivateKey& reply_key, const crypto::PublicKey& issuer);

}  // namespace weft::identity
