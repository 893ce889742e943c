// SPDX-License-Identifier: Apache-2.0
// Gossip that came to a worker's socket, on its way to the control thread.
#include <algorithm>
#include <array>

#include <gtest/gtest.h>

#include <weft/sys/gossip_relay.hpp>

namespace weft::sys {
namespace {

const net::Endpoint kFrom = net::Endpoint::parse("[2001:db8::7]:51840").value();

TEST(GossipRelay, HandsOnDatagramAndSenderInOrder) {
    const GossipRelay relay;
    for (const int type : {0x10, 0x1f}) {
        std::array<std::byte, 700> datagram{};
        datagram[0] = static_cast<std::byte>(type);
        datagram[699] = std::byte{9};
        ASSERT_TRUE(relay.post(kFrom, datagram));
    }
    std::array<std::byte, GossipRelay::kDatagramMax> buffer{};
    net::Endpoint from;
    for (const int type : {0x10, 0x1f}) {
        const ConstBytes taken = relay.take(from, buffer);
        ASSERT_EQ(taken.size(), 700U);
        EXPECT_EQ(taken[0], static_cast<std::byte>(type));
        EXPECT_EQ(taken[699], std::byte{9});
        EXPECT_EQ(from, kFrom);
    }
    EXPECT_TRUE(relay.take(from, buffer).empty());
}

TEST(GossipRelay, TakesNothingElse) {
    const GossipRelay relay;
    std::array<std::byte, GossipRelay::kDatagramMax + 1> datagram{std::byte{0x10}};
    EXPECT_FALSE(relay.post(kFrom, datagram)) << "too large";
    EXPECT_FALSE(relay.post(kFrom, {}));
    for (const int type : {0, 1, 4, 0x0f, 0x20, 0xff}) {
        datagram[0] = static_cast<std::byte>(type);
        EXPECT_FALSE(relay.post(kFrom, ConstBytes{datagram}.first(100))) << type;
    }
}

TEST(GossipRelay, HoldsMoreThanTenAndNobodyWaitsWhereNobodyReads) {
    const GossipRelay relay;
    const std::array<std::byte, 1'000> datagram{std::byte{0x10}};
    int posted = 0;
    while (posted < 100'000 && relay.post(kFrom, datagram)) {
        posted += 1;
    }
    EXPECT_GT(posted, 50);
    EXPECT_LT(posted, 100'000);
}

}  // namespace
}  // namespace weft::sys
