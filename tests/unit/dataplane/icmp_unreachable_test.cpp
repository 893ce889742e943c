// SPDX-License-Identifier: Apache-2.0
// The answers to inner senders.
#include "icmp_unreachable.hpp"

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

TEST(IcmpUnreachable, quotes_the_packet_and_goes_back_to_its_sender) {
    ByteArray<kIcmpMax> out{};
    const Buffer v4 = test::build_packet({.payload = 500});
    const std::size_t size4 = build(v4, kGateway4, out);
    ASSERT_EQ(size4, 20U + 8 + 28);
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

TEST(IcmpUnreachable, is_silent_where_rfc_1122_and_rfc_4443_want_silence) {
    ByteArray<kIcmpMax> out{};
    Buffer error = test::build_packet({.payload = 20});
    error[9] = std::byte{net::kProtocolIcmp};
    error[20] = std::byte{3};
    EXPECT_EQ(build(error, kGateway4, out), 0U);
    Buffer echo = error;
    echo[20] = std::byte{8};
    EXPECT_NE(build(echo, kGateway4, out), 0U);
    Buffer fragment = test::build_packet({.payload = 20});
    fragment[7] = std::byte{1};
    EXPECT_EQ(build(fragment, kGateway4, out), 0U);
    Buffer multicast = test::build_packet({.payload = 20});
    multicast[16] = std::byte{0xe0};
    EXPECT_EQ(build(multicast, kGateway4, out), 0U);
    Buffer error6 = test::build_packet({.v4 = false, .payload = 20});
    error6[6] = std::byte{net::kProtocolIcmpv6};
    error6[40] = std::byte{1};
    EXPECT_EQ(build(error6, kGateway6, out), 0U);
    EXPECT_EQ(build(test::build_packet({}), net::IpAddress{}, out), 0U);
    EXPECT_EQ(build(test::build_packet({}), kGateway6, out), 0U);
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
