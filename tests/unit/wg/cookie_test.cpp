// SPDX-License-Identifier: Apache-2.0
// MAC1, MAC2 and cookies: alone, and between devices of which one is under load.
#include "wg_world.hpp"

namespace weft::test {
namespace {

using net::DropReason;
using wg::MessageType;

const net::Endpoint kHere = *net::Endpoint::parse("192.0.2.1:51820");
const net::Endpoint kOtherPort = *net::Endpoint::parse("192.0.2.1:51821");
const net::Endpoint kOtherHost = *net::Endpoint::parse("192.0.2.2:51820");

/// A checker, the jar of somebody who knocks there, and a message between them.
struct Door {
    SeededRandom random{1};
    wg::CookieChecker checker{random};
    wg::CookieJar jar;
    ByteArray<wg::kInitiationSize> message{};
    Time now{1000s};

    Door() {
        const crypto::PublicKey key = crypto::public_key_of(crypto::generate_private_key(random));
        checker.set_public_key(key);
        jar.set_peer_key(key);
        random.fill(message);
        jar.add_macs(message, now);
    }
    /// The jar asks for a cookie and gets it.
    [[nodiscard]] bool fetch() { return jar.consume_reply(reply_to(kHere), now); }
    ByteArray<wg::kCookieReplySize> reply_to(const net::Endpoint& source) {
        ByteArray<wg::kCookieReplySize> reply;
        checker.create_reply(message, source, now, reply);
        return reply;
    }
};

TEST(Cookies, mac1_covers_every_byte_before_it) {
    Door door;
    EXPECT_TRUE(door.checker.mac1_valid(door.message));
    for (std::size_t at = 0; at < wg::kInitiationSize - wg::kMacSize; ++at) {
        door.message[at] ^= std::byte{0x10};
        EXPECT_FALSE(door.checker.mac1_valid(door.message)) << at;
        door.message[at] ^= std::byte{0x10};
    }
}

TEST(Cookies, a_cookie_makes_mac2_valid_for_its_address_and_port_only) {
    Door door;
    EXPECT_FALSE(door.checker.mac2_valid(door.message, kHere, door.now));
    ASSERT_TRUE(door.fetch());
    door.jar.add_macs(door.message, door.now);
    EXPECT_TRUE(door.checker.mac2_valid(door.message, kHere, door.now));
    EXPECT_FALSE(door.checker.mac2_valid(door.message, kOtherPort, door.now));
    EXPECT_FALSE(door.checker.mac2_valid(door.message, kOtherHost, door.now));
}

TEST(Cookies, a_cookie_is_used_for_115_s_and_valid_for_120_s) {
    Door door;
    ASSERT_TRUE(door.fetch());
    door.now += 114s;
    door.jar.add_macs(door.message, door.now);
    EXPECT_TRUE(door.checker.mac2_valid(door.message, kHere, door.now));
    EXPECT_TRUE(door.checker.mac2_valid(door.message, kHere, door.now + 5s));
    EXPECT_FALSE(door.checker.mac2_valid(door.message, kHere, door.now + 6s));
    door.now += 1s;
    door.jar.add_macs(door.message, door.now);
    const auto mac2 = ConstBytes{door.message}.last(wg::kMacSize);
    EXPECT_TRUE(
        std::all_of(mac2.begin(), mac2.end(), [](std::byte b) { return b == std::byte{}; }));
}

TEST(Cookies, a_reply_is_taken_once_for_each_mac1_and_only_if_it_answers_the_last) {
    Door door;
    const auto reply = door.reply_to(kHere);
    EXPECT_TRUE(door.jar.consume_reply(reply, door.now));
    EXPECT_FALSE(door.jar.consume_reply(reply, door.now));
    door.jar.add_macs(door.message, door.now);
    EXPECT_TRUE(door.jar.consume_reply(reply, door.now));  // the same message, the same mac1
    door.message[40] ^= std::byte{1};
    door.jar.add_macs(door.message, door.now);
    EXPECT_FALSE(door.jar.consume_reply(reply, door.now));
    auto forged = door.reply_to(kHere);
    forged[40] ^= std::byte{1};
    EXPECT_FALSE(door.jar.consume_reply(forged, door.now));
    EXPECT_TRUE(door.fetch());  // the forgery changed nothing
}

// ---- Under load -------------------------------------------------------------------------------

/// Whoever knows a node's public key can make a valid mac1.
class Forger {
  public:
    explicit Forger(Node& victim) : victim_(victim) { jar_.set_peer_key(victim.key()); }
    WirePacket initiation(const net::Endpoint& from, Time now) {
        WirePacket packet{from, victim_.endpoint(), Payload(wg::kInitiationSize), 0};
        random_.fill(packet.bytes);
        store_le32(packet.bytes.data(), 1);
        jar_.add_macs(packet.bytes, now);
        return packet;
    }

  private:
    Node& victim_;
    wg::CookieJar jar_;
    SeededRandom random_{1};
};

TEST(UnderLoad, a_handshake_takes_one_cookie_more) {
    Pair pair;
    pair.b.queue_depth = wg::kUnderLoadAt;
    pair.a.send(pair.b, "hello");
    pair.world.deliver();
    EXPECT_EQ(pair.b.last_drop, DropReason::kCookieRequired);
    EXPECT_EQ(pair.a.last_drop, DropReason::kNone);
    ASSERT_EQ(pair.world.wire.count(MessageType::kCookieReply), 1U);
    EXPECT_EQ(pair.world.wire.log.back().traffic_class, 0);
    EXPECT_EQ(pair.b.device().indices().used(), 0U);
    pair.world.advance(6s);
    EXPECT_EQ(pair.b.inbox.size(), 1U);
    EXPECT_EQ(pair.world.wire.count(MessageType::kCookieReply), 1U);
}

TEST(UnderLoad, a_stranger_gets_one_cookie_in_4_seconds_and_then_one_in_16) {
    Pair pair;
    pair.b.queue_depth = wg::kUnderLoadAt;
    Forger forger{pair.b};
    const auto cookies_for = [&](std::size_t messages, const net::Endpoint& from) {
        const std::size_t before = pair.world.wire.count(MessageType::kCookieReply);
        for (std::size_t i = 0; i < messages; ++i) {
            WirePacket packet = forger.initiation(from, pair.world.wire.time);
            if (i % 2 == 1) {
                packet.bytes.back() ^= std::byte{1};  // a wrong mac2 is worth no more than none
            }
            EXPECT_EQ(pair.b.receive(packet), DropReason::kCookieRequired);
        }
        return pair.world.wire.count(MessageType::kCookieReply) - before;
    };
    EXPECT_EQ(cookies_for(1, kOtherPort), 1U);
    const std::size_t more = cookies_for(1600, kOtherPort);
    EXPECT_GT(more, 50U);
    EXPECT_LT(more, 200U);
    pair.world.wire.time += wg::kAnswerAgainAfter + 100ms;
    EXPECT_EQ(cookies_for(1, kOtherPort), 1U);
}

TEST(UnderLoad, a_peer_is_answered_whatever_is_sent_in_its_name) {
    Pair pair;
    pair.b.queue_depth = wg::kUnderLoadAt;
    pair.b.send(pair.a, "so that b knows where a is");
    pair.world.wire.under_way.clear();
    pair.a.send(pair.b, "hello");
    const WirePacket knock = pair.world.wire.under_way.back();
    for (std::size_t i = 1; i <= 100; ++i) {
        EXPECT_EQ(pair.b.receive(knock), DropReason::kCookieRequired);
        EXPECT_EQ(pair.world.wire.count(MessageType::kCookieReply), i);
    }
}

TEST(UnderLoad, a_response_takes_a_cookie_too) {
    Pair pair;
    pair.a.queue_depth = wg::kUnderLoadAt;
    pair.a.send(pair.b, "hello");
    pair.world.deliver();
    EXPECT_EQ(pair.a.last_drop, DropReason::kCookieRequired);
    EXPECT_EQ(pair.b.last_drop, DropReason::kNone);  // found by the index of its new session
    pair.world.advance(6s);
    EXPECT_EQ(pair.b.inbox.size(), 1U);
}

TEST(UnderLoad, lasts_for_a_second_after_the_queue_was_long) {
    Pair pair;
    const auto knock = [&] {
        pair.a.change([&](wg::Device& device, wg::Now now, wg::Actions& actions) {
            device.find_peer(pair.b.key())->on_identity_changed();
            device.find_peer(pair.b.key())->initiate(now, false, actions);
        });
        WirePacket packet = pair.world.wire.under_way.back();
        pair.world.wire.under_way.clear();
        return pair.b.receive(packet);
    };
    pair.b.queue_depth = wg::kUnderLoadAt - 1;
    EXPECT_EQ(knock(), DropReason::kNone);
    pair.world.wire.time += 100ms;
    pair.b.queue_depth = wg::kUnderLoadAt;
    EXPECT_EQ(knock(), DropReason::kCookieRequired);
    pair.b.queue_depth = 0;
    pair.world.wire.time += 999ms;
    EXPECT_EQ(knock(), DropReason::kCookieRequired);
    pair.world.wire.time += 1ms;
    EXPECT_EQ(knock(), DropReason::kNone);
}

TEST(UnderLoad, a_source_with_a_cookie_is_still_limited) {
    Pair pair;
    pair.b.queue_depth = wg::kUnderLoadAt;
    pair.a.send(pair.b, "hello");
    pair.world.deliver();  // a has its cookie
    pair.world.wire.time += 6s;
    pair.a.on_timers();
    const WirePacket knock = pair.world.wire.under_way.back();
    for (unsigned i = 0; i < wg::kRateLimitBurst; ++i) {
        EXPECT_NE(pair.b.receive(knock), DropReason::kRateLimited);
    }
    const std::size_t sent = pair.world.wire.log.size();
    EXPECT_EQ(pair.b.receive(knock), DropReason::kRateLimited);
    EXPECT_EQ(pair.world.wire.log.size(), sent);  // in silence
    pair.world.wire.time += 50ms;
    EXPECT_EQ(pair.b.receive(knock), DropReason::kHandshakeReplayed);
}

TEST(UnderLoad, a_cookie_of_another_port_of_the_same_host_is_worth_nothing) {
    Pair pair;
    pair.b.queue_depth = wg::kUnderLoadAt;
    pair.a.send(pair.b, "hello");
    pair.world.deliver();  // a has its cookie
    pair.world.wire.time += 6s;
    pair.a.on_timers();
    WirePacket knock = pair.world.wire.under_way.back();
    pair.world.wire.under_way.clear();
    knock.from.port = 1;
    EXPECT_EQ(pair.b.receive(knock), DropReason::kCookieRequired);
    knock.from.port = pair.a.endpoint().port;
    EXPECT_EQ(pair.b.receive(knock), DropReason::kNone);
}

TEST(UnderLoad, a_flood_delays_a_stranger_and_is_forgotten_2_s_after_its_end) {
    Pair pair;
    Node& newcomer = pair.world.add_node();
    pair.world.introduce(newcomer, pair.b);
    pair.world.introduce(pair.b, newcomer);
    Forger forger{pair.b};
    const auto flood = [&](int messages) {
        for (int i = 0; i < messages; ++i) {
            EXPECT_EQ(pair.b.receive(forger.initiation(kOtherPort, pair.world.wire.time)),
                      DropReason::kCookieRequired);
        }
        pair.world.wire.under_way.clear();
    };
    pair.b.queue_depth = wg::kLaneQueueMax;
    flood(100);
    newcomer.send(pair.b, "through the flood");
    const Time knocked = pair.world.wire.time;
    while (pair.b.inbox.empty() && pair.world.wire.time - knocked < 60s) {
        pair.world.advance(500ms);
        flood(20);
    }
    EXPECT_LE(pair.world.wire.time - knocked, 10s);

    pair.b.queue_depth = 0;
    pair.world.wire.time += 2s;
    const std::size_t replies = pair.world.wire.count(MessageType::kCookieReply);
    pair.a.send(pair.b, "after the flood");
    pair.world.deliver();
    EXPECT_EQ(pair.b.inbox.size(), 2U);
    EXPECT_EQ(pair.world.wire.count(MessageType::kCookieReply), replies);
}

TEST(UnderLoad, without_load_nobody_is_counted) {
    World world;
    Node& b = world.add_node();
    for (unsigned i = 0; i < 4 * wg::kRateLimitBurst; ++i) {  // all of one host
        Node& guest = world.add_node();
        world.introduce(b, guest);
        world.introduce(guest, b);
        guest.send(b, "hello");
        WirePacket packet = world.wire.under_way.back();
        world.wire.under_way.clear();
        packet.from = kHere;
        EXPECT_EQ(b.receive(packet), DropReason::kNone);
    }
}

TEST(UnderLoad, mac2_is_ignored_without_load) {
    Pair pair;
    pair.a.send(pair.b, "hello");
    WirePacket packet = pair.world.wire.under_way.front();
    for (std::size_t at = wg::kInitiationSize - wg::kMacSize; at < wg::kInitiationSize; ++at) {
        packet.bytes[at] = std::byte{0xa5};
    }
    EXPECT_EQ(pair.b.receive(packet), DropReason::kNone);
}

TEST(UnderLoad, a_bad_mac1_gets_no_answer) {
    Pair pair;
    pair.b.queue_depth = wg::kUnderLoadAt;
    pair.a.send(pair.b, "hello");
    WirePacket packet = pair.world.wire.under_way.front();
    pair.world.wire.under_way.clear();
    packet.bytes[50] ^= std::byte{1};
    EXPECT_EQ(pair.b.receive(packet), DropReason::kBadMac1);
    EXPECT_TRUE(pair.world.wire.under_way.empty());
}

TEST(UnderLoad, a_cookie_reply_neither_moves_the_endpoint_nor_touches_timers) {
    Pair pair;
    pair.b.queue_depth = wg::kUnderLoadAt;
    pair.a.send(pair.b, "hello");
    WirePacket knock = pair.world.wire.under_way.front();
    pair.world.wire.under_way.clear();
    pair.b.receive(knock);
    WirePacket reply = pair.world.wire.under_way.front();
    reply.from = kOtherHost;
    reply.from.port = 1;
    const auto traversal = pair.a.peer(pair.b).timers.last_traversal();
    pair.world.wire.time += 1s;
    EXPECT_EQ(pair.a.receive(reply), DropReason::kNone);
    EXPECT_EQ(pair.a.peer(pair.b).path().remote, pair.b.endpoint());
    EXPECT_EQ(pair.a.peer(pair.b).timers.last_traversal(), traversal);
    EXPECT_EQ(pair.a.receive(reply), DropReason::kCookieInvalid);
}

}  // namespace
}  // namespace weft::test
