// SPDX-License-Identifier: Apache-2.0
// Echo requests as they go out, replies as they come in.
#include "icmp_echo.hpp"

#include <gtest/gtest.h>

#include <weft/net/checksum.hpp>

namespace weft::server {
namespace {

constexpr Echo kEcho{0x1234, 7, {std::byte{0xaa}, std::byte{0xbb}}};

ByteArray<kEchoSize> reply(net::Family family) {
    auto message = build_echo_request(family, kEcho);
    message[0] = family == net::Family::kIpv4 ? std::byte{0} : std::byte{129};
    return message;
}

TEST(IcmpEcho, BuildsRequests) {
    const auto v4 = build_echo_request(net::Family::kIpv4, kEcho);
    EXPECT_EQ(v4[0], std::byte{8});
    EXPECT_EQ(net::checksum_fold(net::checksum_add(0, v4)), 0xffff);
    EXPECT_EQ(v4[4], std::byte{0x12});
    EXPECT_EQ(v4[7], std::byte{7});
    EXPECT_EQ(v4[8], std::byte{0xaa});
    EXPECT_EQ(build_echo_request(net::Family::kIpv6, kEcho)[0], std::byte{128});
}

TEST(IcmpEcho, ReadsReplies) {
    for (const net::Family family : {net::Family::kIpv4, net::Family::kIpv6}) {
        const auto echo = parse_echo_reply(family, reply(family));
        ASSERT_TRUE(echo);
        EXPECT_EQ(echo->ident, kEcho.ident);
        EXPECT_EQ(echo->sequence, kEcho.sequence);
        EXPECT_EQ(echo->cookie, kEcho.cookie);
    }
}

TEST(IcmpEcho, SkipsTheIpv4HeaderOfRawSockets) {
    for (const std::size_t header : {20U, 24U, 60U}) {
        std::vector<std::byte> packet(header);
        packet[0] = static_cast<std::byte>(0x40 + header / 4);
        const auto message = reply(net::Family::kIpv4);
        packet.insert(packet.end(), message.begin(), message.end());
        EXPECT_TRUE(parse_echo_reply(net::Family::kIpv4, packet)) << header;
        packet[0] = std::byte{0x44};  // a header of 16 bytes
        EXPECT_FALSE(parse_echo_reply(net::Family::kIpv4, packet));
    }
}

TEST(IcmpEcho, IgnoresEverythingElse) {
    const auto request = build_echo_request(net::Family::kIpv4, kEcho);
    EXPECT_FALSE(parse_echo_reply(net::Family::kIpv4, request));
    EXPECT_FALSE(parse_echo_reply(net::Family::kIpv4, {}));
    EXPECT_FALSE(parse_echo_reply(net::Family::kIpv6, reply(net::Family::kIpv4)));
    for (const net::Family family : {net::Family::kIpv4, net::Family::kIpv6}) {
        const auto message = reply(family);
        for (std::size_t size = 0; size < message.size(); ++size) {
            EXPECT_FALSE(parse_echo_reply(family, ConstBytes{message}.first(size)));
        }
    }
}

}  // namespace
}  // namespace weft::server
