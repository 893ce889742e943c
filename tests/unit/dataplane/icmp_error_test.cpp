// SPDX-License-Identifier: Apache-2.0
// The answers to inner senders.
#include "icmp_error.hpp"

#include <gtest/gtest.h>

#include "packets.hpp"

namespace weft::dataplane {
namespace {

using test::Buffer;

const net::IpAddress kGateway4 = *net::IpAddress::parse("10.44.0.1");
const net::IpAddress kGateway6 = *net::IpAddress::parse("fd44::1");

std::size_t build(const Buffer& packet, const net::IpAddress& source, Bytes out) {
    return build_icmp_unreachable(packet, *net::IpView::parse(packet), source, out);
}

TEST(IcmpError, quotes_the_packet_and_goes_back_to_its_sender) {
    ByteArray<kIcmpMax> out{};
    const Buffer v4 = test::build_packet({.payload = 500});
    const std::size_t size4 = build(v4, kGateway4, out);
    ASSERT_EQ(size4, 576U);
    const auto ip4 = net::IpView::parse(Bytes{out}.first(size4));
    ASSERT_TRUE(ip4);
    EXPECT_EQ(ip4->source(), kGateway4);
    EXPECT_EQ(ip4->destination(), net::IpView::parse(v4)->source());
    EXPECT_EQ(test::complement_sum(Bytes{out}.first(20)), 0);
    EXPECT_EQ(test::complement_sum(Bytes{out}.subspan(20, size4 - 20)), 0);
    EXPECT_EQ(load_be16(&out[20]), 0x0301);

    const Buffer v6 = test::build_packet({.v4 = false, .payload = 2000});
    const std::size_t size6 = build(v6, kGateway6, out);
    ASSERT_EQ(size6, kIcmpMax);
    const auto pseudo = test::slow_pseudo_sum(out, false, net::kProtocolIcmpv6, size6 - 40);
    EXPECT_EQ(test::complement_sum(Bytes{out}.subspan(40, size6 - 40), pseudo), 0);
    EXPECT_EQ(load_be16(&out[40]), 0x0103);
}

/// Where nothing may be answered to: unreachable, nor too big.
void expect_silence(const Buffer& packet, const char* why) {
    ByteArray<kIcmpMax> out{};
    const auto ip = net::IpView::parse(packet);
    ASSERT_TRUE(ip) << why;
    const net::IpAddress& source = ip->is_v4() ? kGateway4 : kGateway6;
    EXPECT_EQ(build_icmp_unreachable(packet, *ip, source, out), 0U) << why;
    EXPECT_EQ(build_icmp_too_big(packet, *ip, 1280, source, out), 0U) << why;
}

TEST(IcmpError, is_silent_where_rfc_1122_wants_silence) {
    const Buffer good = test::build_packet({.payload = 20});
    ByteArray<kIcmpMax> out{};
    ASSERT_NE(build(good, kGateway4, out), 0U);
    const auto with = [&](std::size_t at, unsigned value) {
        Buffer packet = good;
        packet[at] = static_cast<std::byte>(value);
        return packet;
    };
    for (const unsigned first : {0U, 127U, 224U, 239U, 240U, 255U}) {
        expect_silence(with(12, first), "sender is not one host");
    }
    for (const unsigned first : {224U, 239U, 255U}) {
        expect_silence(with(16, first), "multicast, broadcast");
    }
    expect_silence(with(7, 1), "later fragment");
    EXPECT_NE(build(with(6, 0x60), kGateway4, out), 0U) << "the first fragment";
    for (unsigned type = 0; type < 256; ++type) {
        Buffer icmp = with(9, net::kProtocolIcmp);
        icmp[20] = static_cast<std::byte>(type);
        if (type == 0 || type == 8) {
            EXPECT_NE(build(icmp, kGateway4, out), 0U);
        } else {
            expect_silence(icmp, "ICMP");
        }
    }
    EXPECT_EQ(build(good, net::IpAddress{}, out), 0U);
    EXPECT_EQ(build(good, kGateway6, out), 0U);
}

/// An ICMPv6 message of `type` behind extension headers (RFC 8200 4).
Buffer icmpv6_behind(std::initializer_list<std::uint8_t> headers, unsigned type) {
    Buffer packet = test::build_packet({.v4 = false, .tcp = false});
    packet.resize(40);
    std::size_t next_at = 6;
    for (const std::uint8_t header : headers) {
        packet[next_at] = std::byte{header};
        next_at = packet.size();
        packet.resize(packet.size() + 8);
    }
    packet[next_at] = std::byte{net::kProtocolIcmpv6};
    packet.resize(packet.size() + 8);
    packet[packet.size() - 8] = static_cast<std::byte>(type);
    store_be16(&packet[4], static_cast<std::uint16_t>(packet.size() - 40));
    return packet;
}

TEST(IcmpError, is_silent_where_rfc_4443_wants_silence) {
    ByteArray<kIcmpMax> out{};
    for (const std::initializer_list<std::uint8_t> headers :
         {std::initializer_list<std::uint8_t>{}, {0}, {43}, {60}, {44}, {0, 60, 43, 44, 60}}) {
        for (const unsigned error : {1U, 2U, 3U, 4U, 100U, 127U, 137U}) {
            expect_silence(icmpv6_behind(headers, error), "ICMPv6 error or redirect");
        }
        for (const unsigned type : {128U, 129U, 135U}) {
            EXPECT_NE(build(icmpv6_behind(headers, type), kGateway6, out), 0U);
        }
    }
    const std::initializer_list<std::uint8_t> endless = {60, 60, 60, 60, 60, 60, 60, 60, 60};
    expect_silence(icmpv6_behind(endless, 128), "more headers than we follow");
    for (std::size_t size = 40; size < 56; ++size) {
        Buffer cut = icmpv6_behind({0, 60}, 128);
        cut.resize(size);
        store_be16(&cut[4], static_cast<std::uint16_t>(size - 40));
        expect_silence(cut, "headers that end too early");
    }
    Buffer later = icmpv6_behind({44}, 128);
    store_be16(&later[42], 8);
    expect_silence(later, "a fragment that may be an error");
    const Buffer good = test::build_packet({.v4 = false, .payload = 20});
    for (const unsigned first : {0U, 0xffU}) {
        Buffer packet = good;
        packet[8] = static_cast<std::byte>(first);  // ::1, ff00::1
        expect_silence(packet, "sender is not one host");
    }
    Buffer multicast = good;
    multicast[24] = std::byte{0xff};
    EXPECT_EQ(build(multicast, kGateway6, out), 0U);
    EXPECT_NE(build_icmp_too_big(multicast, *net::IpView::parse(multicast), 1280, kGateway6, out),
              0U);
    EXPECT_EQ(build(good, net::IpAddress::unspecified(net::Family::kIpv6), out), 0U);
}

TEST(IcmpError, tells_the_mtu_to_whoever_wants_packets_whole) {
    ByteArray<kIcmpMax> out{};
    const auto too_big = [&](const Buffer& packet, const net::IpAddress& source) {
        return build_icmp_too_big(packet, *net::IpView::parse(packet), 1234, source, out);
    };
    Buffer v4 = test::build_packet({.payload = 1400});
    const std::size_t size4 = too_big(v4, kGateway4);
    ASSERT_EQ(size4, 576U);
    EXPECT_EQ(load_be16(&out[20]), 0x0304);
    EXPECT_EQ(load_be32(&out[24]), 1234U);
    EXPECT_EQ(test::complement_sum(Bytes{out}.subspan(20, size4 - 20)), 0);
    EXPECT_TRUE(std::equal(v4.begin(), v4.begin() + 548, out.begin() + 28));
    v4[6] = std::byte{0};
    EXPECT_EQ(too_big(v4, kGateway4), 0U);

    const std::size_t size6 =
        too_big(test::build_packet({.v4 = false, .payload = 1400}), kGateway6);
    ASSERT_EQ(size6, kIcmpMax);
    EXPECT_EQ(load_be16(&out[40]), 0x0200);
    EXPECT_EQ(load_be32(&out[44]), 1234U);
    const auto pseudo = test::slow_pseudo_sum(out, false, net::kProtocolIcmpv6, size6 - 40);
    EXPECT_EQ(test::complement_sum(Bytes{out}.subspan(40, size6 - 40), pseudo), 0);
}

TEST(IcmpBudget, allows_a_burst_and_then_the_rate) {
    IcmpBudget budget;
    Time now{std::chrono::seconds{1000}};
    int allowed = 0;
    for (int i = 0; i < 1000; ++i) {
        allowed += budget.take(now) ? 1 : 0;
    }
    EXPECT_EQ(allowed, IcmpBudget::kBurst);
    allowed = 0;
    for (int i = 0; i < 10000; ++i) {
        now += std::chrono::milliseconds{1};
        allowed += budget.take(now) ? 1 : 0;
    }
    EXPECT_NEAR(allowed, 10 * IcmpBudget::kPerSecond, 2);
}

}  // namespace
}  // namespace weft::dataplane
