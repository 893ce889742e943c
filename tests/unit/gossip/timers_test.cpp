// SPDX-License-Identifier: Apache-2.0
// A node's timers: each is done when it was due, and the next lies ahead.
#include <gtest/gtest.h>

#include "gossip_world.hpp"

namespace weft::test {
namespace {

/// Each timer in its time, and nothing that is sent arrives.
void run_alone(World& world, Machine& machine, int timers) {
    for (int i = 0; i < timers; ++i) {
        const Time next = machine.node->next_timer();
        ASSERT_NE(next, Time::max());
        world.now = std::max(world.now, next);
        machine.on_timer();
        ASSERT_GT(machine.node->next_timer(), world.now) << "timer " << i;
        world.drop();
    }
}

TEST(Timers, there_are_none_before_the_first_record) {
    World world;
    Machine& node = world.add(10);
    EXPECT_EQ(node.node->next_timer(), Time::max());
    EXPECT_TRUE(node.on_timer().datagrams.empty());
    node.publish();
    EXPECT_LT(node.node->next_timer(), world.now + seconds{2});
}

TEST(Timers, of_a_node_alone_lie_ahead) {
    World world;
    run_alone(world, world.start(10), 1'000);
}

TEST(Timers, of_a_node_whom_nobody_answers_lie_ahead) {
    World world;
    Machine& node = world.start(10);
    for (std::uint32_t i = 100; i < 130; ++i) {
        World::restore(node, Statements{i});
    }
    run_alone(world, node, 2'000);
    EXPECT_EQ(node.node->members().size(), 31U);
    EXPECT_GT(node.node->counters().deaths, 0U);
}

TEST(Timers, of_a_node_with_nothing_but_a_dead_seed_lie_ahead) {
    World world;
    Machine& node = world.start(10);
    node.node->add_seed(
        {node_id(99), crypto::public_key_of(private_key(99)), endpoint("192.0.2.99:1")});
    run_alone(world, node, 1'000);
}

TEST(Timers, that_are_late_are_done_at_once) {
    World world;
    Machine& node = world.start(10);
    for (std::uint32_t i = 100; i < 110; ++i) {
        World::restore(node, Statements{i});
    }
    for (const Duration late :
         {Duration{seconds{1}}, Duration{seconds{60}}, Duration{std::chrono::hours{100}}}) {
        world.now += late;
        node.on_timer();
        EXPECT_GT(node.node->next_timer(), world.now);
        EXPECT_LT(node.node->next_timer(), world.now + seconds{20});
        world.drop();
    }
}

TEST(Timers, of_two_that_talk_lie_ahead_and_two_that_agree_say_little) {
    World world;
    Machine& a = world.start(10);
    Machine& b = world.start(20);
    World::acquaint(a, b);
    world.run(seconds{60});
    const auto before = a.node->counters();
    world.run(seconds{60});  // throws where a timer is due and never done
    EXPECT_EQ(a.node->members().digest(), b.node->members().digest());
    EXPECT_EQ(a.node->counters().syncs, before.syncs);
    EXPECT_EQ(a.node->counters().suspicions, 0U);
    // Probes and answers, each way one a second.
    EXPECT_LE(a.node->counters().datagrams_out - before.datagrams_out, 150U);
    EXPECT_TRUE(a.events.size() < 10 && b.events.size() < 10);
}

}  // namespace
}  // namespace weft::test
