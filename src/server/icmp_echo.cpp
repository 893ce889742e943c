// SPDX-License-Identifier: Apache-2.0
// See icmp_echo.hpp. Control thread.
#include "icmp_echo.hpp"

#include <algorithm>

#include <weft/base/endian.hpp>
#include <weft/net/checksum.hpp>

namespace weft::server {
namespace {

constexpr std::byte kEchoRequestV4{8};
constexpr std::byte kEchoReplyV4{0};
constexpr std::byte kEchoRequestV6{128};
constexpr std::byte kEchoReplyV6{129};

/// Type 0 is an echo reply, so a message that starts with 0x4_ is an IPv4 header.
ConstBytes without_ipv4_header(ConstBytes message) {
    if (message.empty() || (message[0] >> 4) != std::byte{4}) {
        return message;
    }
    const std::size_t header = std::to_integer<std::size_t>(message[0] & std::byte{15}) * 4;
    return header < net::kIpv4HeaderMin || header > message.size() ? ConstBytes{}
                                                                   : message.subspan(header);
}

}  // namespace

ByteArray<kEchoSize> build_echo_request(net::Family family, const Echo& echo) {
    const bool v4 = family == net::Family::kIpv4;
    ByteArray<kEchoSize> message{};
    message[0] = v4 ? kEchoRequestV4 : kEchoRequestV6;
    store_be16(&message[4], echo.ident);
    store_be16(&message[6], echo.sequence);
    copy_bytes(echo.cookie, Bytes{message}.subspan(kEchoHeaderSize));
    if (v4) {
        const std::uint16_t sum = net::checksum_fold(net::checksum_add(0, message));
        net::store_checksum(&message[2], static_cast<std::uint16_t>(~sum));
    }
    return message;
}

std::optional<Echo> parse_echo_reply(net::Family family, ConstBytes message) {
    const bool v4 = family == net::Family::kIpv4;
    if (v4) {
        message = without_ipv4_header(message);
    }
    if (message.size() < kEchoSize || message[0] != (v4 ? kEchoReplyV4 : kEchoReplyV6) ||
        message[1] != std::byte{0}) {
        return std::nullopt;
    }
    Echo echo;
    echo.ident = load_be16(&message[4]);
    echo.sequence = load_be16(&message[6]);
    const ConstBytes cookie = message.subspan(kEchoHeaderSize, echo.cookie.size());
    std::copy(cookie.begin(), cookie.end(), echo.cookie.begin());
    return echo;
}

}  // namespace weft::server
