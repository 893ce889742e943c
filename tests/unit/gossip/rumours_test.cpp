// SPDX-License-Identifier: Apache-2.0
// What is being spread: how often, in which order, how much at once.
#include "rumours.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "gossip_world.hpp"

namespace weft::test {
namespace {

using gossip::MemberRumour;
using gossip::RevocationRumour;
using gossip::Rumour;
using gossip::Rumours;

MemberRumour member(std::uint32_t number) {
    MemberRumour rumour;
    store_le32(rumour.node.bytes.data(), number);
    return rumour;
}

TEST(Rumours, go_out_four_times_the_logarithm_of_the_network) {
    EXPECT_EQ(Rumours::transmissions(1), 4U);
    EXPECT_EQ(Rumours::transmissions(9), 4U);
    EXPECT_EQ(Rumours::transmissions(10), 8U);
    EXPECT_EQ(Rumours::transmissions(99), 8U);
    EXPECT_EQ(Rumours::transmissions(100), 12U);
    EXPECT_EQ(Rumours::transmissions(1'000), 16U);
    for (std::size_t nodes = 1; nodes < 20'000; nodes += 7) {
        const double digits = std::ceil(std::log10(static_cast<double>(nodes + 1)));
        EXPECT_EQ(Rumours::transmissions(nodes), static_cast<std::uint32_t>(4 * digits)) << nodes;
    }
}

TEST(Rumours, are_gone_after_that) {
    Rumours rumours;
    rumours.add(member(1));
    for (int i = 0; i < 8; ++i) {
        ASSERT_EQ(rumours.next(10).size(), 1U) << i;
        rumours.on_sent(member(1), 50);
    }
    EXPECT_TRUE(rumours.empty());
    rumours.on_sent(member(1), 50);  // of one that is gone
    EXPECT_TRUE(rumours.empty());
}

TEST(Rumours, least_sent_go_first) {
    Rumours rumours;
    rumours.add(member(1));
    rumours.add(member(2));
    rumours.on_sent(member(1), 1'000);
    rumours.on_sent(member(1), 1'000);
    rumours.on_sent(member(2), 1'000);
    rumours.add(member(3));
    EXPECT_EQ(rumours.next(3), (std::vector<Rumour>{member(3), member(2), member(1)}));
    EXPECT_EQ(rumours.next(1), (std::vector<Rumour>{member(3)}));
}

TEST(Rumours, equally_often_sent_go_by_importance) {
    Rumours rumours;
    const gossip::Accusation accusation{node_id(1), {}, node_id(2)};
    rumours.add(accusation);
    rumours.add(member(1));
    rumours.add(gossip::IssuerRumour{1});
    rumours.add(gossip::SuccessorRumour{1});
    rumours.add(RevocationRumour{1, 1});
    EXPECT_EQ(rumours.next(9),
              (std::vector<Rumour>{RevocationRumour{1, 1},
                                   gossip::SuccessorRumour{1},
                                   gossip::IssuerRumour{1},
                                   member(1),
                                   accusation}));
}

TEST(Rumours, told_anew_begin_anew) {
    Rumours rumours;
    rumours.add(member(1));
    rumours.add(member(2));
    for (int i = 0; i < 3; ++i) {
        rumours.on_sent(member(1), 1);
    }
    rumours.add(member(1));
    EXPECT_EQ(rumours.size(), 2U);
    EXPECT_EQ(rumours.next(1), (std::vector<Rumour>{member(1)}));
    for (int i = 0; i < 4; ++i) {
        rumours.on_sent(member(1), 1);
    }
    EXPECT_EQ(rumours.next(9), (std::vector<Rumour>{member(2)}));
    rumours.remove(member(2));
    rumours.remove(member(2));
    EXPECT_TRUE(rumours.empty());
}

TEST(Rumours, are_bounded_and_the_most_sent_goes_first) {
    Rumours rumours;
    for (std::uint32_t i = 0; i < Rumours::kMax; ++i) {
        rumours.add(member(i));
    }
    rumours.on_sent(member(77), 1'000);
    for (std::uint32_t i = 0; i < 100; ++i) {
        rumours.add(member(100'000 + i));
        EXPECT_EQ(rumours.size(), Rumours::kMax);
    }
    const auto all = rumours.next(Rumours::kMax);
    EXPECT_EQ(std::count(all.begin(), all.end(), Rumour{member(77)}), 0);
    EXPECT_EQ(std::count(all.begin(), all.end(), Rumour{member(100'099)}), 1);
}

}  // namespace
}  // namespace weft::test
