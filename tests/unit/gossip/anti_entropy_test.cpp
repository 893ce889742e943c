// SPDX-License-Identifier: Apache-2.0
// Differences between two nodes are found by digests and mended, however many there are and whoever
// has more.
#include <gtest/gtest.h>

#include "gossip_world.hpp"

namespace weft::test {
namespace {

/// Two that know each other and have each other's address proven.
struct Difference {
    Difference() { World::acquaint(a, b); }
    /// What one of both knows of others; the numbers from `first` on.
    static void know(Machine& machine,
                     std::uint32_t first,
                     std::uint32_t count,
                     std::uint64_t sequence) {
        for (std::uint32_t i = first; i < first + count; ++i) {
            World::restore(machine, Statements{i, sequence});
        }
    }
    /// Their rumours are told; then one datagram each way shows that they differ.
    void meet() {
        world.prove(a, b);
        world.prove(b, a);
        a.hear(b, b.seal(a, {gossip::Nack{0}}));
        b.hear(a, a.seal(b, {gossip::Nack{0}}));
        for (int i = 0; i < 100 && !same(); ++i) {
            world.deliver();
            world.now += milliseconds{10};
            for (Machine* machine : {&a, &b}) {
                if (machine->node->next_timer() <= world.now) {
                    machine->on_timer();
                }
            }
        }
    }
    [[nodiscard]] bool same() const {
        return a.node->members().digest() == b.node->members().digest() &&
               a.node->members().size() == b.node->members().size();
    }

    World world;
    Machine& a = world.start(10);
    Machine& b = world.start(20);
};

TEST(AntiEntropy, mends_any_number_of_differences_in_a_second_whoever_has_more) {
    for (const std::uint32_t count : {0U, 1U, 41U, 300U}) {
        for (const unsigned who : {1U, 2U, 3U}) {
            Difference two;
            if ((who & 1U) != 0) {
                Difference::know(two.a, 1'000, count, 1);
            }
            if ((who & 2U) != 0) {
                Difference::know(two.b, 2'000, count, 1);
            }
            two.meet();
            EXPECT_TRUE(two.same()) << count << " of " << who;
            const std::uint32_t sides = who == 3 ? 2 : 1;
            EXPECT_EQ(two.a.node->members().size(), 2 + sides * count) << count << " of " << who;
        }
    }
}

TEST(AntiEntropy, mends_what_is_newer_here_and_there) {
    for (const std::uint32_t count : {1U, 41U, 150U}) {
        Difference two;
        Difference::know(two.a, 1'000, count, 2);
        Difference::know(two.b, 1'000, count, 1);
        Difference::know(two.a, 2'000, count, 1);
        Difference::know(two.b, 2'000, count, 2);
        two.meet();
        EXPECT_TRUE(two.same()) << count;
        for (const std::uint32_t number : {1'000U, 2'000U}) {
            EXPECT_EQ(two.a.node->members().find(node_id(number))->order().sequence, 2U);
            EXPECT_EQ(two.b.node->members().find(node_id(number))->order().sequence, 2U);
        }
    }
}

TEST(AntiEntropy, costs_nothing_where_nothing_differs) {
    Difference two;
    Difference::know(two.a, 1'000, 100, 1);
    Difference::know(two.b, 1'000, 100, 1);
    two.meet();
    EXPECT_EQ(two.a.node->counters().syncs, 0U);
    EXPECT_EQ(two.b.node->counters().syncs, 0U);
}

TEST(AntiEntropy, a_member_whose_digest_never_agrees_is_asked_each_thirty_seconds) {
    Difference two;
    two.world.prove(two.a, two.b);
    gossip::Header lie = two.b.header();
    std::size_t asked = 0;
    for (int tenths = 0; tenths < 600; ++tenths) {
        lie.members_digest += 1;
        const auto number = static_cast<gossip::ProbeNumber>(tenths);
        const auto actions = two.a.hear(two.b, two.b.seal(two.a, {gossip::Nack{number}}, lie));
        for (const Opened& opened : two.b.open_all(two.a, actions)) {
            asked += opened.all<gossip::Buckets>().size();
        }
        two.world.now += milliseconds{100};
        two.world.drop();
    }
    EXPECT_GE(asked, 1U);
    EXPECT_LE(asked, 3U);
}

TEST(AntiEntropy, what_is_wanted_twice_is_sent_once) {
    Difference two;
    Difference::know(two.a, 1'000, 30, 1);
    two.world.prove(two.a, two.b);
    gossip::Want want;
    for (std::uint32_t i = 1'000; i < 1'030; ++i) {
        want.nodes.push_back(node_id(i));
    }
    want.nodes.push_back(node_id(9'999));  // nobody knows it
    for (int i = 0; i < 10; ++i) {
        two.a.hear(two.b, two.b.seal(two.a, {want}));
    }
    std::size_t sent = 0;
    for (int i = 0; i < 20; ++i) {
        two.world.now += milliseconds{10};
        for (const Opened& opened : two.b.open_all(two.a, two.a.on_timer())) {
            for (const auto& item : opened.all<gossip::MemberItem>()) {
                sent += item.pushed ? 1 : 0;
            }
        }
    }
    EXPECT_EQ(sent, 30U);
}

}  // namespace
}  // namespace weft::test
