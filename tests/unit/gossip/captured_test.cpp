// SPDX-License-Identifier: Apache-2.0
// What a captured member, or someone who has recorded datagrams, cannot make a node do: prove an
// address that is not its own, send much to others, forget its own probes, raise alarms, tell the
// time, count as several.
#include <limits>

#include <gtest/gtest.h>

#include "gossip_world.hpp"
#include "prober.hpp"

namespace weft::test {
namespace {

using namespace gossip;

const net::Endpoint kVictim = endpoint("198.51.100.1:4444");

/// Three that know each other and have not talked for four minutes.
struct Captured : testing::Test {
    Captured() {
        World::acquaint(node, liar);
        World::acquaint(node, third);
        World::acquaint(liar, third);
        world.run(seconds{10});
        world.now += minutes{4};
        world.drop();
    }
    static std::size_t bytes_of(const Actions& actions) {
        std::size_t bytes = 0;
        for (const auto& datagram : actions.datagrams) {
            bytes += datagram.bytes.size();
        }
        return bytes;
    }
    Buffer sealed(const std::vector<Message>& messages) {
        return liar.seal(node, messages, node.header());
    }
    Order order_of(const Machine& machine) {
        return node.node->members().find(machine.id())->order();
    }

    World world;
    Machine& node = world.start(10);
    Machine& liar = world.start(20);
    Machine& third = world.start(30);
};

TEST_F(Captured, proves_no_address_by_answering_from_it) {
    for (const Opened& asked : liar.open_all(node, node.hear(liar, sealed({Ping{1}})))) {
        for (const Ping& ping : asked.all<Ping>()) {
            node.hear(kVictim, sealed({Ack{ping.number, node.at}}));
        }
    }
    EXPECT_NE(node.node->seen_endpoint(liar.id()), kVictim);
}

TEST_F(Captured, gets_few_answers_to_many_questions_in_one_datagram) {
    const Buffer pings = sealed(std::vector<Message>(39, Ping{7}));
    EXPECT_LE(node.hear(kVictim, pings).datagrams.size(), 2U);
    const Buffer requests = sealed(std::vector<Message>(48, PingRequest{8, third.id()}));
    EXPECT_LE(node.hear(kVictim, requests).datagrams.size(), 0U);
    world.prove(node, liar);
    for (std::uint64_t i = 1; i <= 200; ++i) {
        (void)node.revoke(static_cast<std::uint32_t>(1'000 + i), i);
    }
    world.drop();
    const Buffer heads = sealed(std::vector<Message>(130, TrustHeads{}));
    EXPECT_LE(node.hear(liar, heads).datagrams.size(), 2 * 32U + 2);
}

TEST_F(Captured, gets_so_many_summaries_and_no_more) {
    world.prove(node, liar);
    for (std::uint32_t i = 100; i < 400; ++i) {
        World::restore(node, Statements{i});
    }
    world.drop();
    std::size_t bytes = 0;
    for (int i = 0; i < 20; ++i) {
        bytes += bytes_of(node.hear(liar, sealed({Buckets{}})));
    }
    EXPECT_LE(bytes, 3 * 24 * kDatagramSizeMax);
}

TEST_F(Captured, cannot_make_a_node_forget_its_own_probe) {
    const Buffer request = sealed({PingRequest{1, third.id()}});
    std::optional<ProbeNumber> number;
    while (!number) {
        world.now = std::max(world.now, node.node->next_timer());
        for (const Opened& opened : third.open_all(node, node.on_timer())) {
            for (const Ping& ping : opened.all<Ping>()) {
                number = ping.number;
            }
        }
    }
    for (int i = 0; i < 10'000; ++i) {
        node.hear(liar, request);
    }
    world.drop();
    const std::size_t words = node.peer_times.size();
    node.hear(third, third.seal(node, {Ack{*number, node.at}}, node.header()));
    EXPECT_EQ(node.peer_times.size(), words + 1) << "the answer was not expected any more";
}

TEST_F(Captured, raises_no_alarm_against_others) {
    for (std::uint16_t mtu = 1'000; mtu < 1'008; ++mtu) {
        gossip::Record forged = record(30, 1);
        forged.order = order_of(third);
        forged.mtu = mtu;
        const Statements statements{certificate_bytes(30), sign(forged, 20)};
        node.hear(liar, sealed({statements.item()}));
    }
    EXPECT_EQ(node.count(Event::Kind::kEquivocation), 0U);
}

TEST_F(Captured, tells_the_time_by_expected_answers_only) {
    world.prove(node, liar);
    const std::size_t words = node.peer_times.size();
    Header old = node.header();
    old.time = 5;
    node.hear(liar, liar.seal(node, {Ack{12'345, {}}}, old));
    EXPECT_EQ(node.peer_times.size(), words);
}

TEST_F(Captured, counts_as_one_accuser_whatever_names_it_uses) {
    for (std::uint32_t i = 100; i < 104; ++i) {
        World::restore(node, Statements{i});
        node.hear(liar, sealed({Accusation{third.id(), order_of(third), node_id(i)}}));
    }
    const Time begin = world.now;
    while (node.node->reachability(third.id()) == Reachability::kSuspect &&
           world.now < begin + minutes{2}) {
        world.now = std::max(world.now, node.node->next_timer());
        node.on_timer();
        world.drop();
    }
    EXPECT_GE(world.now - begin, seconds{15});
}

TEST_F(Captured, is_asked_when_it_knows_other_statements_though_fewer) {
    world.prove(node, liar);
    world.now += seconds{31};  // it may have been asked just now
    Header other = node.header();
    other.trust_digest = 77;
    other.trust_count = 0;
    std::size_t asked = 0;
    for (const Opened& opened :
         liar.open_all(node, node.hear(liar, liar.seal(node, {Nack{1}}, other)))) {
        asked += opened.all<TrustHeads>().size();
    }
    EXPECT_EQ(asked, 1U);
}

TEST_F(Captured, records_that_cannot_be_passed_are_not_chased) {
    gossip::Record last = record(10, 1);
    last.order.epoch = std::numeric_limits<std::uint64_t>::max();
    const Statements at_the_end{certificate_bytes(10), sign(last, 10)};
    EXPECT_FALSE(node.hear(liar, sealed({at_the_end.item()})).epoch);
    gossip::Record newer = record(10, 1);
    newer.order.generation = 2;
    const Statements of_a_clone{certificate_bytes(10), sign(newer, 10)};
    EXPECT_FALSE(node.hear(liar, sealed({of_a_clone.item()})).epoch);
    EXPECT_GT(node.count(Event::Kind::kOwnElsewhere), 0U);
}

TEST_F(Captured, relays_of_a_later_format_are_not_barred) {
    for (int i = 0; i < 12; ++i) {
        Buffer later = sign(record(30, 9), 30);
        later[3] = std::byte{2};
        const Buffer certificate = certificate_bytes(30);
        node.hear(liar, sealed({MemberItem{certificate, later}}));
    }
    const Statements good{101};
    node.hear(liar, sealed({good.item()}));
    EXPECT_TRUE(node.knows(node_id(101)));
}

TEST(Advertised, addresses_that_name_no_other_machine_are_not) {
    for (const char* text :
         {"[::ffff:127.0.0.1]:51840", "255.255.255.255:51840", "0.1.2.3:51840"}) {
        EXPECT_FALSE(can_be_advertised(endpoint(text))) << text;
    }
}

}  // namespace
}  // namespace weft::test
