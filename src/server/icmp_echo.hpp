// SPDX-License-Identifier: Apache-2.0
// ICMP echo messages (RFC 792, RFC 4443 4.1): built and read. Pure. A random cookie in the payload
// tells one ping's answers from every other's, also on raw sockets, which see them all.
#pragma once

#include <cstdint>
#include <optional>

#include <weft/base/bytes.hpp>
#include <weft/net/address.hpp>

namespace weft::server {

using EchoCookie = ByteArray<16>;

inline constexpr std::size_t kEchoHeaderSize = 8;
inline constexpr std::size_t kEchoSize = kEchoHeaderSize + sizeof(EchoCookie);

struct Echo {
    std::uint16_t ident = 0;  // the kernel puts its own in place of it on datagram sockets
    std::uint16_t sequence = 0;
    EchoCookie cookie{};
};

/// With a checksum for IPv4; over IPv6 the kernel writes it, as it needs the addresses.
[[nodiscard]] ByteArray<kEchoSize> build_echo_request(net::Family family, const Echo& echo);

/// An echo reply with a whole cookie, or nothing. `message` may start with an IPv4 header, as raw
/// sockets give it.
[[nodiscard]] std::optional<Echo> parse_echo_reply(net::Family family, ConstBytes message);

}  // namespace weft::server
