// SPDX-License-Identifier: Apache-2.0
// The four messages (WireGuard paper 5.4.2–5.4.7). All integers little-endian, lengths exact.
//
// clang-format off
//   1 initiation  148   type 4 · sender 4 · ephemeral 32 · static 32+16 · timestamp 12+16 · mac1 16 · mac2 16
//   2 response     92   type 4 · sender 4 · receiver 4 · ephemeral 32 · nothing 16 · mac1 16 · mac2 16
//   3 cookie reply 64   type 4 · receiver 4 · nonce 24 · cookie 16+16
//   4 data       ≥ 32   type 4 · receiver 4 · counter 8 · ciphertext · tag 16
// clang-format on
#pragma once

#include <cstdint>
#include <optional>

#include <weft/base/bytes.hpp>
#include <weft/base/endian.hpp>
#include <weft/wg/constants.hpp>

namespace weft::wg {

enum class MessageType : std::uint32_t {
    kInitiation = 1,
    kResponse = 2,
    kCookieReply = 3,
    kData = 4
};

inline constexpr std::size_t kInitiationSize = 148;
inline constexpr std::size_t kResponseSize = 92;
inline constexpr std::size_t kCookieReplySize = 64;
inline constexpr std::size_t kDataHeaderSize = 16;
inline constexpr std::size_t kDataOverhead = 32;  // header and tag
inline constexpr std::size_t kHandshakeMessageMax = kInitiationSize;
inline constexpr std::size_t kMacSize = 16;

/// A receiver index: who it is for is the receiver's own affair.
enum class Index : std::uint32_t {};

/// The type of a datagram whose whole type word and length are right; nothing else is WireGuard.
[[nodiscard]] inline std::optional<MessageType> classify(ConstBytes datagram) {
    if (datagram.size() < kDataOverhead) {
        return std::nullopt;
    }
    const auto type = static_cast<MessageType>(load_le32(datagram.data()));
    switch (type) {
        case MessageType::kData:
            return type;
        case MessageType::kInitiation:
            return datagram.size() == kInitiationSize ? std::optional{type} : std::nullopt;
        case MessageType::kResponse:
            return datagram.size() == kResponseSize ? std::optional{type} : std::nullopt;
        case MessageType::kCookieReply:
            return datagram.size() == kCookieReplySize ? std::optional{type} : std::nullopt;
    }
    return std::nullopt;
}

/// Header of a data message: `to` holds kDataHeaderSize bytes.
inline void write_data_header(std::byte* to, Index receiver, std::uint64_t counter) {
    store_le32(to, static_cast<std::uint32_t>(MessageType::kData));
    store_le32(to + 4, static_cast<std::uint32_t>(receiver));
    store_le64(to + 8, counter);
}
/// Of a datagram that classify() called data.
[[nodiscard]] inline Index receiver_of_data(ConstBytes datagram) {
    return Index{load_le32(datagram.data() + 4)};
}
[[nodiscard]] inline std::uint64_t counter_of_data(ConstBytes datagram) {
    return load_le64(datagram.data() + 8);
}

/// Zeros to add to an inner packet of `size` bytes: to a multiple of 16, never beyond `mtu`
/// (kernel send.c, calculate_skb_padding; mtu 0 means none is known).
[[nodiscard]] constexpr std::uint32_t padding_for(std::size_t size, std::size_t mtu) {
    const auto aligned = [](std::size_t n) {
        return (n + kPaddingMultiple - 1) & ~(kPaddingMultiple - 1);
    };
    if (mtu == 0) {
        return static_cast<std::uint32_t>(aligned(size) - size);
    }
    const std::size_t last = size > mtu ? size % mtu : size;
    const std::size_t padded = aligned(last) < mtu ? aligned(last) : mtu;
    return static_cast<std::uint32_t>(padded - last);
}

}  // namespace weft::wg
