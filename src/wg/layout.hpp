// SPDX-License-Identifier: Apache-2.0
// Where the fields of a handshake message lie, as offsets from its first byte (WireGuard paper
// 5.4.2, 5.4.3, 5.4.7; picture in messages.hpp). Private to the handshake code of this room.
#pragma once

#include <weft/base/bytes.hpp>
#include <weft/base/endian.hpp>
#include <weft/crypto/aead.hpp>
#include <weft/wg/messages.hpp>

namespace weft::wg::layout {

inline constexpr std::size_t kKeySize = 32;
inline constexpr std::size_t kTimestampSize = 12;
inline constexpr std::size_t kType = 0;

namespace initiation {
inline constexpr std::size_t kSender = 4;
inline constexpr std::size_t kEphemeral = 8;
inline constexpr std::size_t kStatic = kEphemeral + kKeySize;
inline constexpr std::size_t kTimestamp = kStatic + kKeySize + crypto::kTagSize;
inline constexpr std::size_t kMac1 = kTimestamp + kTimestampSize + crypto::kTagSize;
static_assert(kMac1 + 2 * kMacSize == kInitiationSize);
}  // namespace initiation

namespace response {
inline constexpr std::size_t kSender = 4;
inline constexpr std::size_t kReceiver = 8;
inline constexpr std::size_t kEphemeral = 12;
inline constexpr std::size_t kNothing = kEphemeral + kKeySize;
inline constexpr std::size_t kMac1 = kNothing + crypto::kTagSize;
static_assert(kMac1 + 2 * kMacSize == kResponseSize);
}  // namespace response

namespace cookie_reply {
inline constexpr std::size_t kReceiver = 4;
inline constexpr std::size_t kNonce = 8;
inline constexpr std::size_t kNonceSize = 24;
inline constexpr std::size_t kCookie = kNonce + kNonceSize;
static_assert(kCookie + kMacSize + crypto::kTagSize == kCookieReplySize);
}  // namespace cookie_reply

// ---- Initiation and response alike ------------------------------------------------------------

inline ConstBytes before_mac1(ConstBytes message) {
    return message.first(message.size() - 2 * kMacSize);
}
inline ConstBytes before_mac2(ConstBytes message) {
    return message.first(message.size() - kMacSize);
}
template <class Byte>
std::span<Byte, kMacSize> mac1_of(std::span<Byte> message) {
    return message.template last<2 * kMacSize>().template first<kMacSize>();
}
template <class Byte>
std::span<Byte, kMacSize> mac2_of(std::span<Byte> message) {
    return message.template last<kMacSize>();
}

inline Index load_index(ConstBytes message, std::size_t offset) {
    return Index{load_le32(message.data() + offset)};
}
inline void store_index(Bytes message, std::size_t offset, Index index) {
    store_le32(message.data() + offset, static_cast<std::uint32_t>(index));
}
inline void store_type(Bytes message, MessageType type) {
    store_le32(message.data() + kType, static_cast<std::uint32_t>(type));
}

}  // namespace weft::wg::layout
