// SPDX-License-Identifier: Apache-2.0
// The five timers and the lifetimes of sessions, between whole devices (kernel timers.c).
#include "wg_world.hpp"

namespace weft::test {
namespace {

using net::DropReason;
using wg::MessageType;

void lose_everything(World& world) {
    world.lost = [](const WirePacket&) { return true; };
}

TEST(Timers, the_initiator_makes_new_keys_120_s_on_when_it_sends) {
    Pair pair;
    pair.connect();
    pair.world.advance(119s);
    pair.a.send(pair.b, "old keys");
    pair.b.send(pair.a, "old keys");
    pair.world.deliver();
    EXPECT_EQ(pair.world.wire.count(MessageType::kInitiation), 1U);
    const auto* before = pair.a.peer(pair.b).current();
    pair.world.advance(1s);
    pair.b.send(pair.a, "a responder does not care");
    pair.world.deliver();
    EXPECT_EQ(pair.world.wire.count(MessageType::kInitiation), 1U);
    pair.a.send(pair.b, "old keys, and asks for new ones");
    pair.world.deliver();
    EXPECT_EQ(pair.world.wire.count(MessageType::kInitiation), 2U);
    EXPECT_NE(pair.a.peer(pair.b).current(), before);
    EXPECT_TRUE(pair.b.peer(pair.a).current()->confirmed());
    EXPECT_EQ(pair.a.inbox.size(), 2U);
    EXPECT_EQ(pair.b.inbox.size(), 2U);
}

TEST(Timers, a_receiving_initiator_makes_new_keys_165_s_on_once) {
    Pair pair;
    pair.connect();
    pair.world.advance(164s);
    pair.b.send(pair.a, "1");
    pair.world.deliver();
    EXPECT_EQ(pair.world.wire.count(MessageType::kInitiation), 1U);
    pair.world.advance(1s);
    pair.world.lost = [](const WirePacket& packet) {
        return packet.type() == MessageType::kInitiation;
    };
    for (int i = 0; i < 5; ++i) {
        pair.b.send(pair.a, "2");
        pair.world.deliver();
    }
    EXPECT_EQ(pair.world.wire.count(MessageType::kInitiation), 2U);
}

TEST(Timers, keys_of_180_s_neither_send_nor_receive) {
    Pair pair;
    pair.connect();
    pair.world.wire.time += 179s;
    pair.a.send(pair.b, "late but good");
    pair.world.wire.under_way.pop_back();  // the initiation it caused
    WirePacket data = pair.world.wire.under_way.front();
    pair.world.deliver();
    EXPECT_EQ(pair.b.inbox.size(), 1U);

    pair.world.wire.time += 1s;
    EXPECT_EQ(pair.b.receive(data), DropReason::kSessionExpired);
    EXPECT_FALSE(pair.a.peer(pair.b).current()->may_send(pair.world.wire.time));
    EXPECT_FALSE(pair.b.peer(pair.a).current()->may_send(pair.world.wire.time));
    pair.b.send(pair.a, "needs new keys");
    pair.world.deliver();
    EXPECT_EQ(pair.a.inbox.size(), 1U);
}

TEST(Timers, an_unanswered_receiver_sends_one_keepalive_after_10_s) {
    Pair pair;
    pair.connect();
    pair.world.advance(9900ms);
    EXPECT_EQ(pair.a.keepalives, 0U);
    pair.world.advance(200ms);
    EXPECT_EQ(pair.a.keepalives, 1U);
    pair.world.advance(60s);  // keepalives do not answer keepalives
    EXPECT_EQ(pair.a.keepalives, 1U);
    EXPECT_EQ(pair.b.keepalives, 0U);
    EXPECT_EQ(pair.world.wire.count(MessageType::kInitiation), 1U);
}

TEST(Timers, one_keepalive_answers_all_that_came_before_it_and_later_data_brings_another) {
    Pair pair;
    pair.connect();  // data at 0 s
    pair.world.advance(5s);
    pair.a.send(pair.b, "while the timer runs");
    pair.world.advance(4900ms);
    EXPECT_EQ(pair.a.keepalives, 0U);
    pair.world.advance(200ms);
    EXPECT_EQ(pair.a.keepalives, 1U);
    pair.a.send(pair.b, "after the keepalive");
    pair.world.advance(9900ms);
    EXPECT_EQ(pair.a.keepalives, 1U);
    pair.world.advance(200ms);
    EXPECT_EQ(pair.a.keepalives, 2U);
    pair.world.advance(60s);
    EXPECT_EQ(pair.a.keepalives, 2U);
}

TEST(Timers, an_answer_spares_the_keepalive) {
    Pair pair;
    pair.connect();
    pair.world.advance(9s);
    pair.b.send(pair.a, "answer");
    pair.world.advance(5s);
    EXPECT_EQ(pair.a.keepalives, 0U);
}

TEST(Timers, data_without_an_answer_brings_a_new_handshake_after_15_s) {
    Pair pair;
    pair.connect();
    pair.a.peer(pair.b).roam({pair.b.endpoint(), pair.a.endpoint().address, 7});
    lose_everything(pair.world);
    pair.a.send(pair.b, "into the dark");
    pair.world.advance(14900ms);
    EXPECT_EQ(pair.world.wire.count(MessageType::kInitiation), 1U);
    pair.world.advance(500ms);
    EXPECT_EQ(pair.world.wire.count(MessageType::kInitiation), 2U);
    EXPECT_EQ(pair.a.peer(pair.b).path().source_interface, 0U);  // its source may be to blame
}

TEST(Timers, after_20_initiations_it_gives_up_and_lets_waiting_packets_go) {
    Pair pair;
    lose_everything(pair.world);
    pair.a.send(pair.b, "1");
    pair.a.send(pair.b, "2");
    pair.world.advance(300s);
    EXPECT_EQ(pair.world.wire.count(MessageType::kInitiation), 20U);
    EXPECT_EQ(pair.a.dropped_staged, 2U);
    EXPECT_TRUE(pair.a.peer(pair.b).staged.take_all().empty());

    pair.a.send(pair.b, "3");  // new traffic tries anew, and as long
    pair.world.advance(300s);
    EXPECT_EQ(pair.world.wire.count(MessageType::kInitiation), 40U);
    pair.world.lost = nullptr;
    pair.a.send(pair.b, "4");
    pair.world.deliver();
    EXPECT_EQ(pair.b.inbox.size(), 1U);
}

TEST(Timers, giving_up_stops_the_keepalive_timer) {
    Pair pair;
    pair.connect();
    lose_everything(pair.world);
    pair.world.advance(200s);  // the keys are dead
    pair.a.send(pair.b, "nobody there");
    wg::PacketTimers& timers = pair.a.peer(pair.b).timers;
    for (int i = 0; i < 200 && pair.a.dropped_staged == 0; ++i) {
        // As if a worker had just received data on what was left of a session.
        timers.on_data_received(pair.world.wire.time);
        pair.world.advance(1s);
    }
    EXPECT_EQ(pair.a.dropped_staged, 1U);
    EXPECT_FALSE(timers.unacknowledged_since());
}

TEST(Timers, a_retry_lets_go_of_the_source_address) {
    Pair pair;
    pair.a.peer(pair.b).roam({pair.b.endpoint(), pair.a.endpoint().address, 7});
    lose_everything(pair.world);
    pair.a.send(pair.b, "hello?");
    EXPECT_EQ(pair.a.peer(pair.b).path().source_interface, 7U);
    pair.world.advance(6s);
    EXPECT_EQ(pair.a.peer(pair.b).path().source_interface, 0U);
    EXPECT_EQ(pair.a.peer(pair.b).path().remote, pair.b.endpoint());
}

TEST(Timers, any_authenticated_answer_spares_the_new_handshake) {
    for (const bool keepalive : {true, false}) {
        Pair pair;
        pair.connect();
        pair.world.advance(30s);
        pair.a.send(pair.b, "answer me");
        pair.world.deliver();
        if (!keepalive) {
            pair.world.wire.time += 14s;
            pair.b.send(pair.a, "answer");
        }
        pair.world.advance(40s);  // b's keepalive answers after 10 s
        EXPECT_EQ(pair.world.wire.count(MessageType::kInitiation), 1U);
    }
}

TEST(Timers, after_a_suspend_old_keys_are_dead_and_new_ones_come_at_once) {
    for (const Duration asleep : {Duration{60s}, Duration{300s}, Duration{24h}}) {
        Pair pair;
        pair.connect();
        pair.world.wire.time += asleep;  // no timer ran meanwhile
        pair.world.wire.wall += asleep;
        pair.a.send(pair.b, "awake");
        pair.world.deliver();
        EXPECT_EQ(pair.b.inbox.size(), 1U);
        EXPECT_EQ(pair.world.wire.count(MessageType::kInitiation), asleep < 120s ? 1U : 2U);
    }
}

TEST(Timers, what_relied_on_a_handshake_that_came_to_nothing_gets_one_of_its_own) {
    Pair pair;
    pair.world.lost = [](const WirePacket& packet) { return packet.type() == MessageType::kData; };
    pair.a.request(pair.a.peer(pair.b), wg::PeerRequest::kHandshake);
    pair.world.deliver();  // b has answered, and a's confirming keepalive is lost
    pair.b.send(pair.a, "waits for it");
    pair.world.lost = nullptr;
    pair.world.advance(11s);
    ASSERT_EQ(pair.a.inbox.size(), 1U);
}

TEST(Timers, retries_come_5_s_apart_with_jitter) {
    Pair pair;
    std::vector<Time> sent;
    pair.world.lost = [&](const WirePacket&) {
        sent.push_back(pair.world.wire.time);
        return true;
    };
    pair.a.send(pair.b, "hello?");
    pair.world.advance(120s);
    ASSERT_EQ(sent.size(), 20U);
    Duration shortest = 1h;
    Duration longest{};
    for (std::size_t i = 1; i < sent.size(); ++i) {
        shortest = std::min(shortest, sent[i] - sent[i - 1]);
        longest = std::max(longest, sent[i] - sent[i - 1]);
    }
    EXPECT_GE(shortest, 5s);
    EXPECT_LT(longest, 5333ms);
    EXPECT_GT(longest - shortest, 50ms);
}

TEST(Timers, no_second_initiation_goes_within_5_s) {
    Pair pair;
    lose_everything(pair.world);
    for (int i = 0; i < 49; ++i) {
        pair.a.change([&](wg::Device& device, wg::Now now, wg::Actions& actions) {
            device.find_peer(pair.b.key())->initiate(now, false, actions);
        });
        pair.world.wire.time += 100ms;
    }
    EXPECT_EQ(pair.world.wire.count(MessageType::kInitiation), 1U);
}

TEST(Timers, keys_are_zeroed_540_s_after_the_last_session) {
    Pair pair;
    pair.connect();
    const auto index = pair.a.peer(pair.b).current()->local_index();
    pair.world.advance(539s);
    EXPECT_NE(pair.a.peer(pair.b).current(), nullptr);
    EXPECT_NE(pair.a.device().indices().find(index), nullptr);
    pair.world.advance(2s);
    EXPECT_EQ(pair.a.peer(pair.b).current(), nullptr);
    EXPECT_EQ(pair.a.device().indices().find(index), nullptr);
    EXPECT_EQ(pair.a.device().indices().used(), 0U);
    EXPECT_EQ(pair.b.device().indices().used(), 0U);
    pair.connect();
}

TEST(Timers, what_is_left_of_a_failed_attempt_is_zeroed_too) {
    Pair pair;
    lose_everything(pair.world);
    pair.a.send(pair.b, "hello?");
    pair.world.advance(120s);
    EXPECT_TRUE(pair.a.tunnel(pair.b).handshake_pending());
    pair.world.advance(540s);
    EXPECT_FALSE(pair.a.tunnel(pair.b).handshake_pending());
    EXPECT_EQ(pair.a.device().indices().used(), 0U);
}

TEST(Timers, a_persistent_keepalive_starts_at_once_and_keeps_its_interval) {
    Pair pair;
    const auto set = [&](std::chrono::seconds interval) {
        pair.a.change([&](wg::Device& device, wg::Now now, wg::Actions& actions) {
            device.find_peer(pair.b.key())->set_persistent_keepalive(interval, now, actions);
        });
    };
    set(25s);
    pair.world.deliver();
    EXPECT_EQ(pair.b.keepalives, 1U);
    pair.world.advance(24900ms);
    EXPECT_EQ(pair.b.keepalives, 1U);
    pair.world.advance(200ms);
    EXPECT_EQ(pair.b.keepalives, 2U);
    pair.b.send(pair.a, "traffic puts it off");
    pair.world.advance(9s);
    pair.a.send(pair.b, "in either direction");
    pair.world.advance(24s);
    // b's passive keepalive after 10 s was the last packet: 15 s to go.
    EXPECT_EQ(pair.b.keepalives, 2U);
    pair.world.advance(100s);
    EXPECT_GE(pair.b.keepalives, 5U);
    const std::size_t last = pair.b.keepalives;
    set(0s);
    pair.world.advance(100s);
    EXPECT_EQ(pair.b.keepalives, last);
}

TEST(Timers, a_persistent_keepalive_finds_a_peer_that_was_away_for_long) {
    Pair pair;
    lose_everything(pair.world);
    pair.a.change([&](wg::Device& device, wg::Now now, wg::Actions& actions) {
        device.find_peer(pair.b.key())->set_persistent_keepalive(25s, now, actions);
    });
    pair.world.advance(3600s);
    pair.world.lost = nullptr;
    pair.world.advance(31s);
    EXPECT_NE(pair.b.peer(pair.a).current(), nullptr);
}

TEST(Timers, a_persistent_keepalive_that_cannot_be_sent_waits_for_its_next_turn) {
    Pair pair;
    pair.connect();
    pair.a.change([&](wg::Device& device, wg::Now now, wg::Actions& actions) {
        device.find_peer(pair.b.key())->set_persistent_keepalive(25s, now, actions);
        device.set_private_key({}, actions);
    });
    const std::size_t sent = pair.world.wire.log.size();
    pair.world.advance(100s);                         // throws if the timer stays due
    EXPECT_LE(pair.world.wire.log.size(), sent + 2);  // b's own affairs
}

TEST(Timers, deadlines_are_never_far_off_nor_past_after_their_timers_ran) {
    Pair pair{9};
    SeededRandom dice{9};
    pair.world.lost = [&](const WirePacket&) { return dice.below(4) == 0; };
    for (int i = 0; i < 2000; ++i) {
        if (dice.below(3) == 0) {
            dice.below(2) == 0 ? pair.a.send(pair.b, "x") : pair.b.send(pair.a, "x");
        }
        pair.world.advance(Duration{static_cast<std::int64_t>(dice.below(2'000'000'000))});
        const Time now = pair.world.wire.time;
        for (Node* node : {&pair.a, &pair.b}) {
            EXPECT_GT(node->device().next_deadline(), now);
            EXPECT_LE(node->device().next_deadline(), now + 5s);
        }
    }
}

TEST(Timers, waiting_packets_find_a_session_within_20_s_whatever_was_lost_before) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        SCOPED_TRACE(seed);
        Pair pair{seed};
        SeededRandom dice{seed};
        for (int round = 0; round < 5; ++round) {
            pair.world.lost = [&](const WirePacket&) { return dice.below(2) == 0; };
            for (int i = 0; i < 20; ++i) {
                dice.below(2) == 0 ? pair.a.send(pair.b, "x") : pair.b.send(pair.a, "x");
                pair.world.advance(std::chrono::seconds{dice.below(40)});
            }
            pair.world.lost = nullptr;
            pair.a.inbox.clear();
            pair.b.inbox.clear();
            pair.a.send(pair.b, "through");
            pair.b.send(pair.a, "through");
            pair.world.advance(20s);
            // Sent on a session that the other side has lost, it is gone: the next one is not.
            pair.a.send(pair.b, "through");
            pair.b.send(pair.a, "through");
            pair.world.advance(20s);
            ASSERT_FALSE(pair.a.inbox.empty() || pair.b.inbox.empty());
        }
    }
}

}  // namespace
}  // namespace weft::test
