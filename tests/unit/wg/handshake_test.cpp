// SPDX-License-Identifier: Apache-2.0
// Handshakes between whole devices: who may begin a session, and what never begins one.
#include <weft/base/encoding.hpp>

#include "low_order_points.hpp"
#include "seed.hpp"
#include "wg_world.hpp"

namespace weft::test {
namespace {

using net::DropReason;
using wg::MessageType;

wg::PresharedKey psk_of(std::uint64_t seed) {
    SeededRandom random{seed};
    wg::PresharedKey key;
    random.fill(key.mutable_bytes());
    return key;
}

TEST(Handshake, carries_data_both_ways_after_one_round_trip) {
    Pair pair;
    pair.a.send(pair.b, "ping");
    pair.world.deliver();
    ASSERT_EQ(pair.b.inbox.size(), 1U);
    EXPECT_EQ(pair.b.inbox[0], payload_of("ping"));
    pair.b.send(pair.a, "pong");
    pair.world.deliver();
    ASSERT_EQ(pair.a.inbox.size(), 1U);
    EXPECT_EQ(pair.a.inbox[0], payload_of("pong"));
    EXPECT_EQ(pair.world.wire.count(MessageType::kInitiation), 1U);
    EXPECT_EQ(pair.world.wire.count(MessageType::kResponse), 1U);
    EXPECT_TRUE(pair.a.tunnel(pair.b).last_handshake());
    EXPECT_TRUE(pair.b.tunnel(pair.a).last_handshake());
}

TEST(Handshake, confirms_itself_with_a_keepalive_when_nothing_waits) {
    Pair pair;
    pair.a.request(pair.a.peer(pair.b), wg::PeerRequest::kHandshake);
    pair.world.deliver();
    EXPECT_EQ(pair.b.keepalives, 1U);
    EXPECT_NE(pair.b.peer(pair.a).current(), nullptr);
}

TEST(Handshake, messages_are_marked_af41_and_counted) {
    Pair pair;
    pair.a.request(pair.a.peer(pair.b), wg::PeerRequest::kHandshake);
    pair.world.deliver();
    EXPECT_EQ(pair.world.wire.log[0].traffic_class, 0x88);
    EXPECT_EQ(pair.world.wire.log[1].traffic_class, 0x88);
    EXPECT_EQ(pair.a.peer(pair.b).counters.tx_bytes.load(), 148U);
    EXPECT_EQ(pair.a.peer(pair.b).counters.rx_bytes.load(), 92U);
    EXPECT_EQ(pair.b.peer(pair.a).counters.rx_bytes.load(), 148U);
    EXPECT_EQ(pair.b.peer(pair.a).counters.tx_bytes.load(), 92U);
}

TEST(Handshake, the_responder_does_not_send_until_the_session_is_confirmed) {
    Pair pair;
    pair.world.lost = [](const WirePacket& packet) { return packet.type() == MessageType::kData; };
    pair.a.send(pair.b, "lost");
    pair.world.deliver();
    EXPECT_NE(pair.a.peer(pair.b).current(), nullptr);
    EXPECT_EQ(pair.b.peer(pair.a).current(), nullptr);
    pair.b.send(pair.a, "waits");
    pair.world.lost = nullptr;
    pair.a.send(pair.b, "confirms");
    pair.world.deliver();
    ASSERT_EQ(pair.a.inbox.size(), 1U);
    EXPECT_EQ(pair.a.inbox[0], payload_of("waits"));
}

TEST(Handshake, the_responder_answers_without_knowing_an_endpoint_before) {
    World world;
    Node& a = world.add_node();
    Node& b = world.add_node();
    world.introduce(a, b);
    world.introduce(b, a, false);
    b.send(a, "nowhere to go");
    world.deliver();
    EXPECT_TRUE(world.wire.log.empty());
    a.send(b, "hello");
    world.deliver();
    EXPECT_EQ(b.inbox.size(), 1U);
    EXPECT_EQ(b.peer(a).path().remote, a.endpoint());
}

TEST(Handshake, mixes_in_the_preshared_key) {
    Pair pair;
    pair.a.tunnel(pair.b).set_preshared_key(psk_of(7));
    pair.b.tunnel(pair.a).set_preshared_key(psk_of(7));
    pair.connect();
}

TEST(Handshake, fails_with_different_preshared_keys_and_succeeds_once_they_agree) {
    Pair pair;
    pair.a.tunnel(pair.b).set_preshared_key(psk_of(7));
    pair.a.send(pair.b, "secret");
    pair.world.deliver();
    EXPECT_EQ(pair.a.last_drop, DropReason::kHandshakeInvalid);
    EXPECT_EQ(pair.a.peer(pair.b).current(), nullptr);
    EXPECT_TRUE(pair.b.inbox.empty());
    pair.b.tunnel(pair.a).set_preshared_key(psk_of(7));
    pair.world.advance(6s);
    EXPECT_EQ(pair.b.inbox.size(), 1U);
}

TEST(Handshake, crossed_initiations_both_succeed_at_once) {
    Pair pair;
    pair.a.send(pair.b, "from a");
    pair.b.send(pair.a, "from b");
    EXPECT_EQ(pair.world.wire.under_way.size(), 2U);
    pair.world.deliver();
    EXPECT_EQ(pair.a.inbox.size(), 1U);
    EXPECT_EQ(pair.b.inbox.size(), 1U);
    pair.world.advance(60s);
    EXPECT_EQ(pair.world.wire.count(MessageType::kInitiation), 2U);
    // Each sends on the session it made and receives on the other, which is its previous one.
    EXPECT_TRUE(pair.a.peer(pair.b).current()->is_initiator());
    EXPECT_TRUE(pair.b.peer(pair.a).current()->is_initiator());
    EXPECT_EQ(pair.a.device().indices().used(), 2U);
    EXPECT_EQ(pair.b.device().indices().used(), 2U);
}

TEST(Handshake, crossed_initiations_heal_whatever_is_lost) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE(seed);
        Pair pair{seed};
        SeededRandom dice{seed};
        pair.world.lost = [&](const WirePacket&) { return dice.below(3) == 0; };
        pair.a.send(pair.b, "from a");
        pair.b.send(pair.a, "from b");
        pair.world.advance(12s);
        pair.world.lost = nullptr;
        pair.a.send(pair.b, "a again");
        pair.b.send(pair.a, "b again");
        pair.world.advance(8s);
        ASSERT_FALSE(pair.a.inbox.empty());
        ASSERT_FALSE(pair.b.inbox.empty());
        EXPECT_EQ(pair.a.inbox.back(), payload_of("b again"));
        EXPECT_EQ(pair.b.inbox.back(), payload_of("a again"));
    }
}

TEST(Handshake, a_lost_response_is_made_up_for_by_a_retry) {
    Pair pair;
    bool lost = false;
    pair.world.lost = [&](const WirePacket& packet) {
        return packet.type() == MessageType::kResponse && !std::exchange(lost, true);
    };
    pair.a.send(pair.b, "hello");
    pair.world.advance(4900ms);
    EXPECT_TRUE(pair.b.inbox.empty());
    pair.world.advance(500ms);
    EXPECT_EQ(pair.b.inbox.size(), 1U);
}

TEST(Handshake, a_retry_held_back_by_our_own_response_is_made_later) {
    Pair pair;
    pair.world.lost = [](const WirePacket&) { return true; };
    pair.a.send(pair.b, "waits");
    pair.world.advance(4s);
    pair.b.send(pair.a, "b speaks, and is not heard again");
    const WirePacket initiation = pair.world.wire.under_way.front();
    pair.world.deliver();
    ASSERT_EQ(pair.a.receive(initiation), DropReason::kNone);
    pair.world.advance(2s);
    EXPECT_EQ(pair.world.wire.count(MessageType::kInitiation), 2U);
    pair.world.lost = [&](const WirePacket& packet) {
        return packet.from == pair.b.endpoint() && packet.type() == MessageType::kInitiation;
    };
    pair.world.advance(4s);
    EXPECT_EQ(pair.b.inbox.size(), 1U);
}

TEST(Handshake, a_replayed_initiation_is_refused) {
    Pair pair;
    pair.connect();
    const WirePacket initiation = pair.world.wire.log[0];
    const std::size_t sent = pair.world.wire.log.size();
    pair.world.advance(1s);
    EXPECT_EQ(pair.b.receive(initiation), DropReason::kHandshakeReplayed);
    EXPECT_EQ(pair.world.wire.log.size(), sent);
}

TEST(Handshake, an_initiation_older_than_the_last_one_taken_is_refused) {
    Pair pair;
    pair.world.lost = [](const WirePacket&) { return true; };
    pair.a.send(pair.b, "hello");
    pair.world.advance(6s);
    ASSERT_EQ(pair.world.wire.count(MessageType::kInitiation), 2U);
    const WirePacket older = pair.world.wire.log[0];
    const WirePacket newer = pair.world.wire.log[1];
    EXPECT_EQ(pair.b.receive(newer), DropReason::kNone);
    pair.world.wire.time += 1s;
    EXPECT_EQ(pair.b.receive(older), DropReason::kHandshakeReplayed);
}

TEST(Handshake, initiations_of_one_peer_are_50_a_second_at_most) {
    Pair pair;
    const auto fresh_initiation = [&] {
        pair.a.change([&](wg::Device& device, wg::Now now, wg::Actions& actions) {
            wg::Tunnel* tunnel = device.find_peer(pair.b.key());
            tunnel->on_identity_changed();  // an initiation may go at once
            tunnel->initiate(now, false, actions);
        });
        const WirePacket packet = pair.world.wire.under_way.back();
        pair.world.wire.under_way.clear();
        return packet;
    };
    EXPECT_EQ(pair.b.receive(fresh_initiation()), DropReason::kNone);
    pair.world.wire.time += 19ms;
    EXPECT_EQ(pair.b.receive(fresh_initiation()), DropReason::kHandshakeFlood);
    pair.world.wire.time += 1ms;
    EXPECT_EQ(pair.b.receive(fresh_initiation()), DropReason::kNone);
}

TEST(Handshake, goes_on_while_the_wall_clock_stands_still_or_jumps_back) {
    Pair pair;
    pair.connect();
    pair.world.wire.wall_stands_still = true;
    for (int i = 0; i < 5; ++i) {
        pair.world.wire.wall -= std::chrono::hours{1};
        pair.world.advance(200s);
        pair.b.inbox.clear();
        pair.a.send(pair.b, "again");
        pair.world.deliver();
        ASSERT_EQ(pair.b.inbox.size(), 1U) << i;
    }
}

TEST(Handshake, garbage_responses_do_not_disturb_the_real_one) {
    Pair pair;
    pair.a.send(pair.b, "hello");
    WirePacket initiation = pair.world.wire.under_way.front();
    ByteArray<4> index;
    std::copy_n(initiation.bytes.begin() + 4, 4, index.begin());
    wg::CookieJar jar;  // whoever knows a's public key can make a valid mac1
    jar.set_peer_key(pair.a.key());
    SeededRandom random{5};
    const std::uint64_t forgeries = test::rounds<std::uint64_t>(3000, 1'000'000);
    for (std::uint64_t i = 0; i < forgeries; ++i) {
        WirePacket forged{pair.b.endpoint(), pair.a.endpoint(), Payload(wg::kResponseSize), 0};
        random.fill(forged.bytes);
        store_le32(forged.bytes.data(), 2);
        std::copy(index.begin(), index.end(), forged.bytes.begin() + 8);
        ASSERT_EQ(pair.a.receive(forged), DropReason::kBadMac1);
        jar.add_macs(forged.bytes, pair.world.wire.time);
        ASSERT_EQ(pair.a.receive(forged), DropReason::kHandshakeInvalid);
    }
    pair.world.deliver();
    EXPECT_EQ(pair.b.inbox.size(), 1U);
}

TEST(Handshake, a_response_to_an_older_initiation_is_refused) {
    Pair pair;
    pair.a.send(pair.b, "hello");
    const WirePacket first = pair.world.wire.under_way.front();
    pair.world.wire.under_way.clear();
    pair.world.lost = [](const WirePacket&) { return true; };
    pair.world.advance(6s);
    pair.world.lost = nullptr;
    ASSERT_EQ(pair.world.wire.count(MessageType::kInitiation), 2U);
    pair.b.receive(first);
    pair.world.deliver();
    EXPECT_EQ(pair.a.last_drop, DropReason::kUnknownIndex);
    EXPECT_EQ(pair.a.peer(pair.b).current(), nullptr);
}

TEST(Handshake, a_stranger_that_becomes_a_peer_is_called_instead_of_waited_for) {
    World world;
    Node& early = world.add_node();
    Node& late = world.add_node();
    world.introduce(early, late);
    early.send(late, "hello");
    world.deliver();
    EXPECT_EQ(late.last_drop, DropReason::kUnknownPeer);
    late.change([&](wg::Device& device, wg::Now /*now*/, wg::Actions& /*actions*/) {
        device.ensure_peer(early.key())->peer().set_endpoint(early.endpoint());
    });
    world.deliver();
    EXPECT_EQ(late.inbox.size(), 1U);  // and no time has passed
    EXPECT_EQ(world.wire.count(MessageType::kInitiation), 2U);
    late.change([](wg::Device&, wg::Now, wg::Actions&) {});
    EXPECT_EQ(world.wire.count(MessageType::kInitiation), 2U);
}

TEST(Handshake, strangers_and_broken_messages_get_no_answer) {
    Pair pair;
    Node& stranger = pair.world.add_node();
    pair.world.introduce(stranger, pair.b);
    stranger.send(pair.b, "let me in");
    WirePacket initiation = pair.world.wire.under_way.front();
    pair.world.deliver();
    EXPECT_EQ(pair.b.last_drop, DropReason::kUnknownPeer);
    initiation.bytes[1] = std::byte{1};  // a reserved byte
    EXPECT_EQ(pair.b.receive(initiation), DropReason::kUnknownType);
    initiation.bytes[1] = std::byte{0};
    initiation.bytes.push_back(std::byte{0});
    EXPECT_EQ(pair.b.receive(initiation), DropReason::kUnknownType);
    for (std::size_t length = 0; length < 200; ++length) {
        for (unsigned type = 0; type < 6; ++type) {
            WirePacket packet{initiation.from, initiation.to, Payload(length), 0};
            if (length > 0) {
                packet.bytes[0] = static_cast<std::byte>(type);
            }
            EXPECT_NE(pair.b.receive(packet), DropReason::kNone);
        }
    }
    EXPECT_EQ(pair.world.wire.log.size(), 1U);
}

TEST(Handshake, an_accepted_initiation_or_response_moves_the_endpoint) {
    Pair pair;
    const net::Endpoint elsewhere = *net::Endpoint::parse("198.51.100.7:999");
    pair.a.send(pair.b, "hello");
    WirePacket initiation = pair.world.wire.under_way.front();
    pair.world.wire.under_way.clear();
    initiation.from = elsewhere;
    EXPECT_EQ(pair.b.receive(initiation), DropReason::kNone);
    EXPECT_EQ(pair.b.peer(pair.a).path().remote, elsewhere);
    WirePacket response = pair.world.wire.under_way.front();
    EXPECT_EQ(response.to, elsewhere);
    response.from = elsewhere;
    EXPECT_EQ(pair.a.receive(response), DropReason::kNone);
    EXPECT_EQ(pair.a.peer(pair.b).path().remote, elsewhere);
}

TEST(Handshake, low_order_public_keys_are_accepted_as_peers_and_never_spoken_to) {
    World world;
    Node& a = world.add_node();
    for (const char* hex : test::kLowOrderPoints) {
        crypto::PublicKey key;
        ASSERT_TRUE(from_hex(hex, key.bytes));
        wg::Tunnel* tunnel = a.device().ensure_peer(key);
        ASSERT_NE(tunnel, nullptr);
        tunnel->peer().set_endpoint(*net::Endpoint::parse("192.0.2.99:1"));
        a.change([&](wg::Device&, wg::Now now, wg::Actions& actions) {
            tunnel->set_persistent_keepalive(1s, now, actions);
        });
        a.send(tunnel->peer(), payload_of("into the void"));
    }
    world.advance(60s);
    EXPECT_TRUE(world.wire.log.empty());
    EXPECT_EQ(a.device().indices().used(), 0U);
}

}  // namespace
}  // namespace weft::test
