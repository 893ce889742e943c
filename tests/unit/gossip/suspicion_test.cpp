// SPDX-License-Identifier: Apache-2.0
// Who seems to be gone: only by a probe that was missed or by a member's word, until anything newer
// is heard; and it never takes anything from anyone.
#include <gtest/gtest.h>

#include "gossip_world.hpp"

namespace weft::test {
namespace {

using gossip::Accusation;
using gossip::Reachability;

/// Three that know each other; a minute has passed in which nobody said anything.
struct Suspicion : testing::Test {
    Suspicion() {
        World::acquaint(node, target);
        World::acquaint(node, third);
        World::acquaint(target, third);
        world.run(seconds{10});
        world.now += seconds{60};
        node.events.clear();
    }
    [[nodiscard]] gossip::Order order(const Machine& of) const {
        return node.node->members().find(of.id())->order();
    }
    Accusation accusation() { return {target.id(), order(target), third.id()}; }
    void hear(const Accusation& accusation) {
        node.hear(third, third.seal(node, {accusation}, third.header()));
        world.drop();
    }
    [[nodiscard]] Reachability state() const { return node.node->reachability(target.id()); }
    [[nodiscard]] std::ptrdiff_t changes_of_target() const {
        return std::count_if(
            node.events.begin(), node.events.end(), [&](const gossip::Event& event) {
                return event.kind == gossip::Event::Kind::kReachability &&
                       event.node == target.id();
            });
    }
    void cut_off(Machine& machine) {
        world.lost = [&machine](const Packet& packet) {
            return packet.to == machine.at || packet.from == machine.at;
        };
    }

    World world;
    Machine& node = world.start(10);
    Machine& target = world.start(20);
    Machine& third = world.start(30);
};

TEST_F(Suspicion, comes_of_nothing_but_silence) {
    world.run(minutes{5});
    EXPECT_EQ(state(), Reachability::kAlive);
    EXPECT_EQ(node.node->counters().suspicions, 0U);
    EXPECT_EQ(node.count(gossip::Event::Kind::kReachability), 0U);
}

TEST_F(Suspicion, comes_of_a_missed_probe_becomes_death_and_withdraws_nobody) {
    cut_off(target);
    bool suspected = false;
    for (int i = 0; i < 120 && state() != Reachability::kDead; ++i) {
        world.run(seconds{1});
        suspected = suspected || state() == Reachability::kSuspect;
    }
    EXPECT_TRUE(suspected);
    EXPECT_EQ(state(), Reachability::kDead);
    EXPECT_EQ(third.node->reachability(target.id()), Reachability::kDead);
    world.run(minutes{60});
    EXPECT_TRUE(node.knows(target.id()));
    EXPECT_TRUE(node.node->members().owns_its_prefixes(target.id()));
    EXPECT_EQ(node.count(gossip::Event::Kind::kMemberWithdrawn), 0U);
    // The dead are dialled for ever.
    world.lost = nullptr;
    world.run(minutes{1});
    EXPECT_EQ(state(), Reachability::kAlive);
    EXPECT_EQ(target.node->reachability(node.id()), Reachability::kAlive);
}

TEST_F(Suspicion, is_cleared_by_who_was_reached_through_others) {
    // Nothing passes between these two, and all between others.
    world.lost = [&](const Packet& packet) {
        return (packet.to == target.at && packet.from == node.at) ||
               (packet.to == node.at && packet.from == target.at);
    };
    world.run(minutes{3});
    EXPECT_EQ(state(), Reachability::kAlive);
    EXPECT_EQ(node.node->counters().deaths, 0U);
}

TEST_F(Suspicion, comes_of_a_members_word_and_is_cleared_by_an_answer) {
    hear(accusation());
    EXPECT_EQ(state(), Reachability::kSuspect);
    hear(accusation());  // once is enough
    EXPECT_EQ(node.node->counters().suspicions, 1U);
    node.hear(target, target.seal(node, {gossip::Ping{1}}));
    EXPECT_EQ(state(), Reachability::kSuspect);  // that may be a replay
    world.answer_next_ping(node, target);
    EXPECT_EQ(state(), Reachability::kAlive);
    EXPECT_EQ(changes_of_target(), 2);
    hear(accusation());  // against who answered this instant
    EXPECT_EQ(state(), Reachability::kAlive);
}

TEST_F(Suspicion, is_cleared_by_a_newer_record) {
    hear(accusation());
    ASSERT_EQ(state(), Reachability::kSuspect);
    const Statements newer{20, order(target).sequence + 1};
    node.hear(third, third.seal(node, {newer.item()}));
    EXPECT_EQ(state(), Reachability::kAlive);
    const Accusation old{target.id(), {1, kBirth, 1}, third.id()};
    hear(old);
    EXPECT_EQ(state(), Reachability::kAlive);
}

TEST_F(Suspicion, comes_of_no_word_that_is_about_nothing) {
    gossip::Order older = order(target);
    older.sequence -= 1;
    gossip::Order newer = order(target);
    newer.sequence += 1;
    const Accusation cases[] = {{target.id(), older, third.id()},
                                {target.id(), newer, third.id()},
                                {target.id(), order(target), target.id()},
                                {target.id(), order(target), node_id(99)},
                                {node_id(99), order(target), third.id()}};
    for (const Accusation& one : cases) {
        hear(one);
        EXPECT_EQ(state(), Reachability::kAlive);
    }
    EXPECT_EQ(node.node->reachability(node_id(99)), Reachability::kAlive);
    EXPECT_EQ(node.node->counters().suspicions, 0U);
}

TEST_F(Suspicion, comes_of_no_word_that_is_replayed) {
    gossip::Header header = third.header();
    header.time -= 601;
    const Buffer old = third.seal(node, {accusation()}, header);
    node.hear(endpoint("198.51.100.1:1"), old);
    EXPECT_EQ(state(), Reachability::kAlive);
    header.time += 600;
    node.hear(third, third.seal(node, {accusation()}, header));
    EXPECT_EQ(state(), Reachability::kSuspect);
}

TEST_F(Suspicion, has_four_accusers_at_most_and_dies_the_sooner_the_more_there_are) {
    const auto dies_after = [&](std::uint32_t accusers) {
        const Time begin = world.now;
        for (std::uint32_t i = 0; i < accusers; ++i) {
            hear({target.id(), order(target), node_id(100 + i)});
        }
        while (state() == Reachability::kSuspect) {
            world.now = std::max(world.now, node.node->next_timer());
            node.on_timer();
            world.drop();
        }
        const Duration lasted = world.now - begin;
        EXPECT_EQ(state(), Reachability::kDead);
        world.answer_next_ping(node, target);
        EXPECT_EQ(state(), Reachability::kAlive);
        world.now += seconds{60};
        return lasted;
    };
    for (std::uint32_t i = 100; i < 110; ++i) {
        World::restore(node, Statements{i});
    }
    const Duration by_one = dies_after(1);
    const Duration by_four = dies_after(4);
    EXPECT_GT(by_one, by_four);
    EXPECT_GE(by_four, seconds{4});
    EXPECT_LT(dies_after(10), by_one);
}

// ---- The accused --------------------------------------------------------------------------------

TEST_F(Suspicion, the_accused_signs_a_newer_record_and_all_take_it) {
    const gossip::Order before = order(target);
    target.hear(third, third.seal(target, {accusation()}, third.header()));
    EXPECT_EQ(target.node->counters().refutations, 1U);
    world.run(seconds{5});
    EXPECT_GT(order(target), before);
    EXPECT_EQ(node.node->members().digest(), target.node->members().digest());
    // What it was accused of is past.
    target.hear(third, third.seal(target, {Accusation{target.id(), before, third.id()}}));
    EXPECT_EQ(target.node->counters().refutations, 1U);
}

TEST_F(Suspicion, the_accused_answers_so_often_and_no_more) {
    for (int tenths = 0; tenths < 600; ++tenths) {
        const auto now = target.node->members().find(target.id())->order();
        target.hear(third, third.seal(target, {Accusation{target.id(), now, third.id()}}));
        world.drop();
        world.now += milliseconds{100};
    }
    EXPECT_GE(target.node->counters().refutations, 5U);
    EXPECT_LE(target.node->counters().refutations, 5U + 6U);
}

TEST_F(Suspicion, the_accused_hears_of_it_with_each_ping) {
    hear(accusation());
    ASSERT_EQ(state(), Reachability::kSuspect);
    std::size_t told = 0;
    for (int i = 0; i < 20 && told == 0; ++i) {
        world.now = std::max(world.now, node.node->next_timer());
        for (const Opened& opened : target.open_all(node, node.on_timer())) {
            told += opened.all<gossip::Ping>().size() * opened.all<Accusation>().size();
        }
    }
    EXPECT_GT(told, 0U);
}

TEST_F(Suspicion, left_members_are_not_suspected) {
    gossip::Record leave = record(20, order(target).sequence + 1);
    leave.left = true;
    const Statements left{certificate_bytes(20), sign(leave, 20)};
    node.hear(third, third.seal(node, {left.item()}));
    ASSERT_EQ(state(), Reachability::kLeft);
    hear(accusation());
    EXPECT_EQ(state(), Reachability::kLeft);
    EXPECT_EQ(node.node->counters().suspicions, 0U);
}

// ---- Helpers ------------------------------------------------------------------------------------

TEST_F(Suspicion, helpers_pass_on_an_answer_and_say_when_there_is_none) {
    const Buffer request = third.seal(node, {gossip::PingRequest{77, target.id()}}, third.header());
    const auto pings = target.open_all(node, node.hear(third, request));
    ASSERT_EQ(pings.size(), 1U);
    const auto number = pings[0].all<gossip::Ping>().at(0).number;
    EXPECT_NE(number, 77U);
    const gossip::Actions answer =
        node.hear(target, target.seal(node, {gossip::Ack{number, node.at}}, target.header()));
    std::size_t acks = 0;
    for (const Opened& opened : third.open_all(node, answer)) {
        for (const gossip::Ack& ack : opened.all<gossip::Ack>()) {
            EXPECT_EQ(ack.number, 77U);
            EXPECT_FALSE(ack.seen.valid());
            ++acks;
        }
    }
    EXPECT_EQ(acks, 1U);

    node.hear(third, request);
    std::size_t nacks = 0;
    const Time end = world.now + seconds{3};
    while (nacks == 0 && world.now < end) {
        world.now = std::max(world.now, node.node->next_timer());
        for (const Opened& opened : third.open_all(node, node.on_timer())) {
            nacks += opened.all<gossip::Nack>().size();
        }
    }
    EXPECT_EQ(nacks, 1U);
}

TEST_F(Suspicion, helpers_ask_no_stranger_and_not_themselves) {
    for (const auto& of : {node_id(99), node.id()}) {
        const Buffer request = third.seal(node, {gossip::PingRequest{77, of}}, third.header());
        for (const auto& sent : node.hear(third, request).datagrams) {
            EXPECT_EQ(sent.to, third.at);  // at most a question to the requester
        }
    }
}

}  // namespace
}  // namespace weft::test
