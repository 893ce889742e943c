// SPDX-License-Identifier: Apache-2.0
// Pings in datagrams of a wished size, by which paths are measured.
#include <gtest/gtest.h>

#include "gossip_world.hpp"

namespace weft::test {
namespace {

using gossip::Actions;

class PaddedPing : public ::testing::Test {
  protected:
    PaddedPing() { World::acquaint(a, b); }

    Actions ping(std::size_t size) {
        return a.act([&](gossip::Node& node, const gossip::Moment& moment, Actions& actions) {
            number = node.ping(b.id(), b.at, size, moment, actions);
        });
    }

    World world;
    Machine& a = world.start(10);
    Machine& b = world.start(20);
    std::optional<gossip::ProbeNumber> number;
};

TEST_F(PaddedPing, is_as_long_as_wished_whole_and_answered_by_something_small) {
    for (const std::size_t size : {1'312U, 1'452U, 8'952U}) {
        world.drop();
        const Actions sent = ping(size);
        ASSERT_EQ(sent.datagrams.size(), 1U);
        EXPECT_EQ(sent.datagrams[0].bytes.size(), size);
        EXPECT_TRUE(sent.datagrams[0].whole);
        const Actions answer = b.hear(a, sent.datagrams[0].bytes);
        ASSERT_FALSE(answer.datagrams.empty());
        for (const Actions::Datagram& datagram : answer.datagrams) {
            EXPECT_LE(datagram.bytes.size(), gossip::kDatagramSizeMax);
            EXPECT_FALSE(datagram.whole);
        }
        world.deliver();
        ASSERT_FALSE(a.peer_times.empty());
        EXPECT_TRUE(std::any_of(a.peer_times.begin(), a.peer_times.end(), [&](const auto& word) {
            return word.number == *number && word.peer == b.id();
        }));
    }
}

TEST_F(PaddedPing, without_a_size_is_a_usual_one) {
    const Actions sent = ping(0);
    ASSERT_EQ(sent.datagrams.size(), 1U);
    EXPECT_LT(sent.datagrams[0].bytes.size(), 200U);
    EXPECT_FALSE(sent.datagrams[0].whole);
}

TEST_F(PaddedPing, is_for_members_alone) {
    Actions actions;
    EXPECT_FALSE(a.node->ping(node_id(99), b.at, 1'452, a.moment(), actions));
    EXPECT_TRUE(actions.datagrams.empty());
}

TEST_F(PaddedPing, carries_nothing_else_however_large_it_is) {
    const Statements third{30};
    gossip::DatagramWriter datagram{a.header(), gossip::kPlaintextMax};
    datagram.add(gossip::Ping{7});
    datagram.add(third.item());
    datagram.pad_to(2'000);
    const auto& key = b.certificate->certificate.gossip_key;
    const Actions answer = b.hear(a, a.sealer.seal({}, b.id(), key, datagram.bytes()));
    EXPECT_FALSE(a.open_all(b, answer).empty());
    EXPECT_FALSE(b.knows(node_id(30)));
}

TEST_F(PaddedPing, of_more_than_the_largest_size_is_no_datagram_of_ours) {
    gossip::DatagramWriter datagram{a.header(), gossip::kPlaintextMax};
    datagram.add(gossip::Ping{7});
    datagram.pad_to(gossip::kPaddedSizeMax);
    const auto& key = b.certificate->certificate.gossip_key;
    const std::uint64_t malformed = b.node->counters().malformed;
    EXPECT_TRUE(b.hear(a, a.sealer.seal({}, b.id(), key, datagram.bytes())).datagrams.empty());
    EXPECT_EQ(b.node->counters().malformed, malformed + 1);
}

}  // namespace
}  // namespace weft::test
