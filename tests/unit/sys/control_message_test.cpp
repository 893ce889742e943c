// SPDX-License-Identifier: Apache-2.0
// Ancillary data: what was written is read back, and nothing hostile is read past its end. The
// hostile inputs live in heap blocks of their exact size, so that ASan sees one byte too many.
#include "control_message.hpp"

#include <random>
#include <vector>

#include <netinet/in.h>
#include <netinet/udp.h>

#include <gtest/gtest.h>

namespace weft::sys {
namespace {

std::vector<std::byte> copy(ConstBytes bytes) {
    return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> whole_message() {
    ControlWriter<256> writer;
    in_pktinfo packet{};
    packet.ipi_ifindex = 7;
    packet.ipi_spec_dst.s_addr = htonl(0xc0000201);  // 192.0.2.1
    packet.ipi_addr.s_addr = htonl(0xffffffff);
    writer.append(IPPROTO_IP, IP_PKTINFO, packet);
    writer.append(IPPROTO_IP, IP_TOS, std::uint8_t{0x88});
    writer.append(IPPROTO_UDP, UDP_GRO, int{1452});
    return copy(writer.bytes());
}

void set_length(std::vector<std::byte>& message, std::size_t length) {
    std::memcpy(message.data() + offsetof(cmsghdr, cmsg_len), &length, sizeof length);
}

TEST(ControlMessage, ReadsIpv4) {
    const ControlInfo info = parse_control(whole_message());
    EXPECT_EQ(info.segment, 1452U);
    EXPECT_EQ(info.traffic_class, 0x88);
    ASSERT_TRUE(info.has_local);
    EXPECT_EQ(info.local, net::IpAddress::parse("192.0.2.1"));
    EXPECT_EQ(info.interface, 7U);
}

TEST(ControlMessage, ReadsIpv6) {
    ControlWriter<256> writer;
    in6_pktinfo packet{};
    packet.ipi6_ifindex = 3;
    packet.ipi6_addr.s6_addr[0] = 0xfe;
    packet.ipi6_addr.s6_addr[1] = 0x80;
    packet.ipi6_addr.s6_addr[15] = 1;
    writer.append(IPPROTO_IPV6, IPV6_PKTINFO, packet);
    writer.append(IPPROTO_IPV6, IPV6_TCLASS, int{0x03});
    const ControlInfo info = parse_control(writer.bytes());
    EXPECT_EQ(info.segment, 0U);
    EXPECT_EQ(info.traffic_class, 3);
    ASSERT_TRUE(info.has_local);
    EXPECT_EQ(info.local, net::IpAddress::parse("fe80::1"));
    EXPECT_EQ(info.interface, 3U);
}

TEST(ControlMessage, SkipsWhatItDoesNotKnow) {
    ControlWriter<256> writer;
    writer.append(SOL_SOCKET, SO_TIMESTAMP, std::uint64_t{1});
    writer.append(IPPROTO_UDP, UDP_SEGMENT, std::uint16_t{9});
    writer.append(IPPROTO_UDP, UDP_GRO, int{100});
    EXPECT_EQ(parse_control(writer.bytes()).segment, 100U);
}

TEST(ControlMessage, IgnoresSegmentsThatAreNone) {
    for (const int segment : {0, -1, INT32_MIN}) {
        ControlWriter<64> writer;
        writer.append(IPPROTO_UDP, UDP_GRO, segment);
        EXPECT_EQ(parse_control(writer.bytes()).segment, 0U);
    }
}

TEST(ControlMessage, SurvivesEveryTruncation) {
    const std::vector<std::byte> whole = whole_message();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const std::vector<std::byte> cut(whole.begin(),
                                         whole.begin() + static_cast<std::ptrdiff_t>(size));
        const ControlInfo info = parse_control(cut);
        EXPECT_EQ(info.has_local, size >= control_align(sizeof(cmsghdr)) + sizeof(in_pktinfo));
    }
}

TEST(ControlMessage, SurvivesLyingLengths) {
    const std::size_t lies[] = {0, 1, 15, 17, 27, 1000, SIZE_MAX, SIZE_MAX - 6, SIZE_MAX / 2 + 1};
    for (const std::size_t lie : lies) {
        std::vector<std::byte> message = whole_message();
        set_length(message, lie);
        EXPECT_FALSE(parse_control(message).has_local) << lie;
    }
}

TEST(ControlMessage, SurvivesNoise) {
    std::mt19937 random{1};
    for (int i = 0; i < 200000; ++i) {
        std::vector<std::byte> message = whole_message();
        const std::size_t flips = 1 + random() % 8;
        for (std::size_t flip = 0; flip < flips; ++flip) {
            message[random() % message.size()] = static_cast<std::byte>(random());
        }
        message.resize(random() % (message.size() + 1));
        message.shrink_to_fit();
        const ControlInfo info = parse_control(message);
        EXPECT_LE(info.segment, 0x7fffffffU);
    }
}

TEST(ControlMessage, WriterNeverOverflows) {
    ControlWriter<control_space(sizeof(int))> writer;
    writer.append(IPPROTO_IP, IP_TOS, int{1});
    writer.append(IPPROTO_IP, IP_TOS, int{2});
    EXPECT_EQ(writer.size(), control_space(sizeof(int)));
    EXPECT_EQ(parse_control(writer.bytes()).traffic_class, 1);
}

}  // namespace
}  // namespace weft::sys
