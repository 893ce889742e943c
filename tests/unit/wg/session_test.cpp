// SPDX-License-Identifier: Apache-2.0
// Nonces, and the way of sessions through a tunnel's three slots.
#include <limits>
#include <thread>

#include "wg_world.hpp"

namespace weft::test {
namespace {

using net::DropReason;
using wg::MessageType;

// ---- Nonces -----------------------------------------------------------------------------------

TEST(NonceCounter, hands_out_blocks_end_to_end_also_past_32_bits) {
    wg::NonceCounter counter{(1ULL << 32) - 2};
    EXPECT_EQ(counter.take(1), (1ULL << 32) - 2);
    EXPECT_EQ(counter.take(64), (1ULL << 32) - 1);
    EXPECT_EQ(counter.take(1), (1ULL << 32) + 63);
}

TEST(NonceCounter, never_reaches_the_limit_however_often_it_is_asked) {
    wg::NonceCounter counter{wg::kRejectAfterMessages - 10};
    EXPECT_FALSE(counter.take(11));
    EXPECT_EQ(counter.take(4), wg::kRejectAfterMessages - 10);
    EXPECT_EQ(counter.take(6), wg::kRejectAfterMessages - 6);
    for (int i = 0; i < 100'000; ++i) {
        ASSERT_FALSE(counter.take(wg::NonceCounter::kBlockMax));
    }
    EXPECT_FALSE(counter.take(1));
    EXPECT_EQ(counter.next(), wg::kRejectAfterMessages);
}

TEST(NonceCounter, gives_no_nonce_twice_to_many_threads) {
    constexpr std::uint64_t kLeft = 40'000;
    wg::NonceCounter counter{wg::kRejectAfterMessages - kLeft};
    std::vector<std::vector<std::uint64_t>> taken(4);
    std::vector<std::thread> threads;
    for (auto& mine : taken) {
        threads.emplace_back([&] {
            while (const auto first = counter.take(7)) {
                mine.push_back(*first);
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    std::vector<std::uint64_t> all;
    for (const auto& mine : taken) {
        all.insert(all.end(), mine.begin(), mine.end());
    }
    std::sort(all.begin(), all.end());
    for (std::size_t i = 0; i < all.size(); ++i) {
        ASSERT_EQ(all[i], wg::kRejectAfterMessages - kLeft + 7 * i);
    }
    EXPECT_EQ(all.size(), kLeft / 7);
}

TEST(Session, a_used_up_session_never_sends_again) {
    wg::Peer peer{{}, 0};
    wg::Session session{peer, {}, {wg::Index{1}, wg::Index{2}}, true, Time{1s}};
    EXPECT_TRUE(session.may_send(Time{2s}));
    EXPECT_EQ(session.take_nonces(5), 0U);
    EXPECT_EQ(session.take_nonces(1), 5U);
    session.invalidate_sending();
    EXPECT_FALSE(session.may_send(Time{2s}));
}

/// A session of either role that has sent `sent` messages.
struct AgedSession {
    explicit AgedSession(std::uint64_t sent, bool is_initiator = true)
        : session(peer, {}, {wg::Index{1}, wg::Index{2}}, is_initiator, Time{1000s}, sent) {}
    wg::Peer peer{{}, 0};
    wg::Session session;
};

TEST(Session, retires_at_the_message_limit_instead_of_wrapping) {
    AgedSession aged{wg::kRejectAfterMessages - 2};
    EXPECT_TRUE(aged.session.may_send(Time{1001s}));
    EXPECT_FALSE(aged.session.take_nonces(3));  // and with that it is over, though two are left
    EXPECT_FALSE(aged.session.may_send(Time{1001s}));
    AgedSession last{wg::kRejectAfterMessages - 1};
    EXPECT_EQ(last.session.take_nonces(1), wg::kRejectAfterMessages - 1);
    EXPECT_FALSE(last.session.may_send(Time{1001s}));
    EXPECT_FALSE(last.session.take_nonces(1));
}

TEST(Session, wants_new_keys_after_2_60_messages_in_either_role) {
    for (const bool is_initiator : {true, false}) {
        AgedSession aged{wg::kRekeyAfterMessages - 1, is_initiator};
        EXPECT_FALSE(aged.session.wants_rekey_after_send(Time{1001s}));
        EXPECT_TRUE(aged.session.take_nonces(1));
        EXPECT_FALSE(aged.session.wants_rekey_after_send(Time{1001s}));
        EXPECT_TRUE(aged.session.take_nonces(1));
        EXPECT_TRUE(aged.session.wants_rekey_after_send(Time{1001s}));
    }
}

/// When each limit begins, to the nanosecond, for initiator and responder.
TEST(Session, ages_by_the_table) {
    struct Row {
        Duration from;
        bool for_initiator, for_responder;
        bool (*holds)(wg::Session&, Time);
    };
    const Row rows[] = {
        {120s, true, false, [](wg::Session& s, Time t) { return s.wants_rekey_after_send(t); }},
        {165s, true, false, [](wg::Session& s, Time t) { return s.wants_rekey_after_receive(t); }},
        {180s, true, true, [](wg::Session& s, Time t) { return !s.may_send(t); }},
        {180s, true, true, [](wg::Session& s, Time t) { return !s.may_receive(t); }}};
    for (const Row& row : rows) {
        for (const bool is_initiator : {true, false}) {
            SCOPED_TRACE(row.from.count());
            AgedSession aged{0, is_initiator};
            EXPECT_FALSE(row.holds(aged.session, Time{1000s} + row.from - 1ns));
            EXPECT_EQ(row.holds(aged.session, Time{1000s} + row.from),
                      is_initiator ? row.for_initiator : row.for_responder);
        }
    }
}

TEST(Session, asks_for_new_keys_on_receiving_once_in_its_life) {
    AgedSession aged{0};
    EXPECT_TRUE(aged.session.wants_rekey_after_receive(Time{1170s}));
    EXPECT_FALSE(aged.session.wants_rekey_after_receive(Time{1171s}));
}

TEST(Session, only_one_caller_confirms_and_an_initiators_is_born_confirmed) {
    wg::Peer peer{{}, 0};
    wg::Session responders{peer, {}, {wg::Index{1}, wg::Index{2}}, false, Time{1s}};
    EXPECT_FALSE(responders.confirmed());
    EXPECT_TRUE(responders.confirm());
    EXPECT_FALSE(responders.confirm());
    wg::Session initiators{peer, {}, {wg::Index{1}, wg::Index{2}}, true, Time{1s}};
    EXPECT_FALSE(initiators.confirm());
}

TEST(Session, a_confirmed_one_succeeds_what_was_current_and_nothing_newer) {
    wg::Peer peer{{}, 0};
    wg::Session older{peer, {}, {wg::Index{1}, wg::Index{2}}, true, Time{1s}};
    wg::Session newer{peer, {}, {wg::Index{3}, wg::Index{4}}, false, Time{2s}};
    peer.succeed(nullptr, newer);
    EXPECT_EQ(peer.current(), nullptr);
    peer.publish_current(&older);
    peer.succeed(&older, newer);
    EXPECT_EQ(peer.current(), &newer);
    peer.publish_current(nullptr);
    peer.succeed(&older, newer);
    EXPECT_EQ(peer.current(), nullptr);
}

// ---- Slots ------------------------------------------------------------------------------------

TEST(Slots, the_previous_session_still_receives_after_a_rekey) {
    Pair pair;
    pair.connect();
    pair.world.advance(121s);
    pair.b.send(pair.a, "on the old keys");
    const WirePacket late = pair.world.wire.under_way.front();
    pair.world.wire.under_way.clear();
    pair.a.send(pair.b, "asks for new ones");
    pair.world.deliver();
    EXPECT_EQ(pair.world.wire.count(MessageType::kResponse), 2U);
    EXPECT_EQ(pair.a.receive(late), DropReason::kNone);
    EXPECT_EQ(pair.a.device().indices().used(), 2U);
    EXPECT_EQ(pair.b.device().indices().used(), 2U);

    pair.world.advance(121s);
    pair.a.send(pair.b, "and the third");
    pair.world.deliver();
    EXPECT_EQ(pair.a.receive(late), DropReason::kUnknownIndex);
    EXPECT_EQ(pair.a.device().indices().used(), 2U);
}

TEST(Slots, an_unconfirmed_session_gives_way_to_the_next_one) {
    Pair pair;
    pair.world.lost = [](const WirePacket& packet) {
        return packet.type() == MessageType::kResponse;
    };
    pair.a.send(pair.b, "hello");
    pair.world.advance(21s);
    EXPECT_GE(pair.world.wire.count(MessageType::kResponse), 4U);
    EXPECT_EQ(pair.b.device().indices().used(), 1U);
    EXPECT_EQ(pair.a.device().indices().used(), 1U);
}

TEST(Slots, a_session_confirmed_a_moment_ago_outlives_the_next_initiation) {
    Pair pair;
    pair.world.lost = [](const WirePacket& packet) { return packet.type() == MessageType::kData; };
    pair.a.send(pair.b, "never arrives");
    pair.world.deliver();
    const WirePacket data = pair.world.wire.log.back();
    wg::Session* session = pair.b.device().indices().find(wg::receiver_of_data(data.bytes));
    ASSERT_NE(session, nullptr);
    ASSERT_TRUE(session->confirm());  // by a worker whose request has not reached the lane yet
    pair.world.wire.time += 5s;
    pair.a.request(pair.a.peer(pair.b), wg::PeerRequest::kHandshake);
    pair.world.deliver();
    EXPECT_EQ(pair.b.peer(pair.a).current(), session);
    EXPECT_EQ(pair.b.device().indices().used(), 2U);
}

TEST(Slots, a_new_private_key_stops_sending_and_hands_shakes_at_once) {
    Pair pair;
    pair.connect();
    Node& a = pair.a;
    SeededRandom random{77};
    const auto fresh = crypto::generate_private_key(random);
    wg::Tunnel* renamed = pair.b.device().ensure_peer(crypto::public_key_of(fresh));
    a.change([&](wg::Device& device, wg::Now, wg::Actions& actions) {
        device.set_private_key(fresh, actions);
    });
    EXPECT_FALSE(a.peer(pair.b).current()->may_send(pair.world.wire.time));
    a.send(pair.b, "under a new name");
    pair.world.deliver();
    EXPECT_EQ(pair.b.inbox.size(), 1U);
    EXPECT_NE(renamed->peer().current(), nullptr);
}

TEST(Slots, a_new_private_key_stops_a_session_that_is_not_confirmed_yet_too) {
    Pair pair;
    pair.world.lost = [](const WirePacket& packet) { return packet.type() == MessageType::kData; };
    pair.a.send(pair.b, "confirms, late");
    pair.world.deliver();
    const WirePacket data = pair.world.wire.log.back();
    SeededRandom random{77};
    pair.b.change([&](wg::Device& device, wg::Now, wg::Actions& actions) {
        device.set_private_key(crypto::generate_private_key(random), actions);
    });
    pair.b.receive(data);
    ASSERT_NE(pair.b.peer(pair.a).current(), nullptr);
    EXPECT_FALSE(pair.b.peer(pair.a).current()->may_send(pair.world.wire.time));
}

TEST(Slots, the_same_private_key_again_changes_nothing) {
    Pair pair;
    pair.connect();
    pair.a.change([&](wg::Device& device, wg::Now, wg::Actions& actions) {
        device.set_private_key(device.identity().private_key.clone(), actions);
    });
    pair.a.send(pair.b, "on the same session");
    pair.world.deliver();
    EXPECT_EQ(pair.b.inbox.size(), 1U);
    EXPECT_EQ(pair.world.wire.count(MessageType::kInitiation), 1U);
}

TEST(Slots, a_new_private_key_forgets_the_handshake_made_with_the_old_one) {
    Pair pair;
    pair.a.send(pair.b, "hello");
    const WirePacket initiation = pair.world.wire.under_way.front();
    pair.world.wire.under_way.clear();
    pair.b.receive(initiation);
    const WirePacket response = pair.world.wire.under_way.front();
    SeededRandom random{77};
    pair.a.change([&](wg::Device& device, wg::Now, wg::Actions& actions) {
        device.set_private_key(crypto::generate_private_key(random), actions);
    });
    EXPECT_NE(pair.a.receive(response), DropReason::kNone);
    EXPECT_EQ(pair.a.peer(pair.b).current(), nullptr);
    EXPECT_EQ(pair.a.device().indices().used(), 0U);
}

TEST(Slots, the_confirmation_of_a_session_cancels_an_initiation_of_our_own) {
    Pair pair;
    pair.world.lost = [&](const WirePacket& packet) {
        return packet.from == pair.b.endpoint() && packet.type() == MessageType::kInitiation;
    };
    pair.b.request(pair.b.peer(pair.a), wg::PeerRequest::kHandshake);
    pair.world.deliver();
    ASSERT_TRUE(pair.b.tunnel(pair.a).handshake_pending());
    pair.a.send(pair.b, "a's handshake is the one");
    pair.world.deliver();
    EXPECT_FALSE(pair.b.tunnel(pair.a).handshake_pending());
    EXPECT_EQ(pair.b.device().indices().used(), 1U);
    pair.world.lost = nullptr;
    pair.world.advance(60s);
    EXPECT_EQ(pair.world.wire.count(MessageType::kInitiation), 2U);  // no retry
}

TEST(Slots, a_response_counts_once) {
    Pair pair;
    pair.a.send(pair.b, "hello");
    pair.world.deliver();
    const WirePacket response = pair.world.wire.log[1];
    ASSERT_EQ(response.type(), MessageType::kResponse);
    const wg::Session* current = pair.a.peer(pair.b).current();
    EXPECT_EQ(pair.a.receive(response), DropReason::kUnknownIndex);
    EXPECT_EQ(pair.a.peer(pair.b).current(), current);
}

TEST(Slots, a_new_preshared_key_counts_from_the_next_handshake_on) {
    Pair pair;
    pair.connect();
    SeededRandom random{3};
    wg::PresharedKey key;
    random.fill(key.mutable_bytes());
    pair.a.tunnel(pair.b).set_preshared_key(key);
    pair.a.send(pair.b, "the old session goes on");
    pair.world.deliver();
    EXPECT_EQ(pair.b.inbox.size(), 1U);
    pair.world.advance(121s);
    const wg::Session* before = pair.a.peer(pair.b).current();
    pair.a.send(pair.b, "asks for new keys, in vain");
    pair.world.deliver();
    EXPECT_EQ(pair.a.peer(pair.b).current(), before);
    pair.b.tunnel(pair.a).set_preshared_key(key);
    pair.world.advance(6s);
    EXPECT_NE(pair.a.peer(pair.b).current(), before);
}

TEST(Slots, without_a_private_key_nothing_is_sent_or_accepted_until_one_comes) {
    Pair pair;
    crypto::PrivateKey key = pair.a.device().identity().private_key.clone();
    pair.a.change([&](wg::Device& device, wg::Now, wg::Actions& actions) {
        device.set_private_key({}, actions);
    });
    pair.a.peer(pair.b).staged.stage(payload_of("waits"), 1);
    pair.a.request(pair.a.peer(pair.b), wg::PeerRequest::kHandshake);
    pair.b.change([&](wg::Device& device, wg::Now now, wg::Actions& actions) {
        device.find_peer(crypto::public_key_of(key))->initiate(now, false, actions);
    });
    pair.world.advance(4s);
    EXPECT_EQ(pair.a.last_drop, DropReason::kBadMac1);
    EXPECT_EQ(pair.world.wire.log.size(), 1U);
    pair.a.change([&](wg::Device& device, wg::Now, wg::Actions& actions) {
        device.set_private_key(key, actions);
    });
    pair.world.advance(6s);
    EXPECT_EQ(pair.b.inbox.size(), 1U);
}

}  // namespace
}  // namespace weft::test
