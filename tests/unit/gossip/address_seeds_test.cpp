// SPDX-License-Identifier: Apache-2.0
// Addresses at which some member should be: found by asking, by those alone who know the network.
#include "address_seeds.hpp"

#include <gtest/gtest.h>

#include "gossip_world.hpp"

namespace weft::test {
namespace {

using gossip::AddressSeeds;

struct ByAddress : testing::Test {
    std::size_t asks() const {
        std::size_t count = 0;
        for (const Packet& packet : world.wire) {
            count += packet.bytes[0] == std::byte{0x15} ? 1U : 0U;
        }
        return count;
    }
    World world;
    Machine& a = world.start(1);
    Machine& b = world.start(2);
};

TEST_F(ByAddress, a_member_is_found_and_known) {
    a.node->set_seed_addresses({b.at});
    world.run(seconds{5});
    EXPECT_TRUE(a.knows(b.id()));
    EXPECT_TRUE(b.knows(a.id()));
    EXPECT_EQ(a.node->reachability(b.id()), gossip::Reachability::kAlive);
}

TEST_F(ByAddress, an_address_is_asked_for_ever_and_ever_later) {
    a.node->set_seed_addresses({endpoint("192.0.2.77:51840")});
    Time last = world.now;
    std::size_t asked = 0;
    for (Duration passed{}; passed < std::chrono::hours{3}; passed += seconds{1}) {
        world.now += seconds{1};
        a.on_timer();
        if (asks() > 0) {
            last = world.now;
            ++asked;
        }
        world.drop();
    }
    EXPECT_GE(asked, 18U);
    EXPECT_LE(asked, 30U);
    EXPECT_LE(world.now - last, AddressSeeds::kAskMax);
    // Who moves there later is found.
    b.at = endpoint("192.0.2.77:51840");
    world.run(AddressSeeds::kAskMax + seconds{5});
    EXPECT_TRUE(a.knows(b.id()));
}

TEST_F(ByAddress, strangers_to_the_network_are_not_answered_and_nobody_without_a_cookie_at_length) {
    Buffer ask(gossip::kAskSize);
    ask[0] = std::byte{0x15};
    ask[1] = std::byte{gossip::kFormatVersion};
    EXPECT_TRUE(a.hear(b, ask).datagrams.empty());
    const gossip::Echo nonce{std::byte{7}};
    copy_bytes(nonce, Bytes{ask}.subspan(18, 16));
    const auto mac = gossip::ask_mac(network(), {}, nonce);
    copy_bytes(mac, Bytes{ask}.subspan(34, 16));
    const auto answer = a.hear(b, ask);
    ASSERT_EQ(answer.datagrams.size(), 1U);
    EXPECT_EQ(answer.datagrams[0].bytes[0], std::byte{0x12});
    ask.pop_back();
    EXPECT_TRUE(a.hear(b, ask).datagrams.empty());
}

TEST_F(ByAddress, what_nobody_asked_for_makes_no_seed) {
    Buffer tell{std::byte{0x16}, std::byte{gossip::kFormatVersion}};
    tell.resize(18);
    tell.insert(tell.end(), b.certificate->bytes.begin(), b.certificate->bytes.end());
    EXPECT_TRUE(a.hear(b, tell).datagrams.empty());
    a.node->set_seed_addresses({b.at});
    EXPECT_EQ(a.on_timer().datagrams.size(), 1U);
    EXPECT_TRUE(a.hear(b, tell).datagrams.empty());  // of another nonce
    EXPECT_FALSE(a.knows(b.id()));
}

}  // namespace
}  // namespace weft::test
