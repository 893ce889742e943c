// SPDX-License-Identifier: Apache-2.0
// Configuration of a device as `wg set` knows it, and its tables: indices, waiting packets.
#include <set>

#include "wg_world.hpp"

namespace weft::test {
namespace {

net::Prefix prefix(std::string_view text) {
    return *net::Prefix::parse(text);
}

crypto::PublicKey key_of(std::uint8_t number) {
    crypto::PublicKey key;
    key.bytes[0] = std::byte{9};
    key.bytes[1] = std::byte{number};
    return key;
}

// ---- Peers ------------------------------------------------------------------------------------

TEST(Device, ignores_its_own_key_as_a_peer_and_removes_a_peer_that_becomes_itself) {
    World world;
    Node& a = world.add_node();
    EXPECT_EQ(a.device().ensure_peer(a.key()), nullptr);
    SeededRandom random{1};
    const auto key = crypto::generate_private_key(random);
    ASSERT_NE(a.device().ensure_peer(crypto::public_key_of(key)), nullptr);
    wg::Actions actions;
    a.device().set_private_key(key, actions);
    EXPECT_TRUE(a.device().tunnels().empty());
    EXPECT_EQ(actions.retired_peers.size(), 1U);
    EXPECT_TRUE(actions.routes_changed);
}

TEST(Device, clamps_its_private_key) {
    World world;
    Node& a = world.add_node();
    ByteArray<32> ones;
    ones.fill(std::byte{0xff});
    wg::Actions actions;
    a.device().set_private_key(crypto::PrivateKey{ones}, actions);
    const auto key = a.device().identity().private_key.bytes();
    EXPECT_EQ(key[0], std::byte{0xf8});
    EXPECT_EQ(key[31], std::byte{0x7f});
}

TEST(Device, takes_no_more_peers_than_it_has_indices_for) {
    SeededRandom random{1};
    wg::Device device{random, 1};
    crypto::PublicKey key;
    for (std::uint32_t i = 1; i <= wg::kPeersMax; ++i) {
        store_le32(key.bytes.data(), i);
        ASSERT_NE(device.ensure_peer(key), nullptr);
    }
    EXPECT_EQ(device.ensure_peer(key), device.find_peer(key));
    EXPECT_EQ(device.ensure_peer(crypto::PublicKey{}), nullptr);
}

TEST(Device, deals_peers_to_workers_in_turn_and_puts_the_worker_into_their_indices) {
    SeededRandom random{1};
    wg::Device device{random, 3};
    for (std::uint8_t i = 0; i < 7; ++i) {
        EXPECT_EQ(device.ensure_peer(key_of(i))->peer().worker(), i % 3);
    }
    EXPECT_EQ(device.ensure_peer(key_of(4)), device.find_peer(key_of(4)));
    EXPECT_EQ(device.tunnels().size(), 7U);
}

TEST(Device, a_removed_peer_leaves_nothing_behind) {
    Pair pair;
    pair.connect();
    pair.a.peer(pair.b).staged.stage(payload_of("waits"), 3);
    wg::Actions actions;
    wg::Peer& peer = pair.a.peer(pair.b);
    pair.a.device().add_allowed_ip(pair.a.tunnel(pair.b), prefix("10.0.0.0/8"), actions);
    EXPECT_TRUE(pair.a.device().remove_peer(pair.b.key(), actions));
    EXPECT_FALSE(pair.a.device().remove_peer(pair.b.key(), actions));
    EXPECT_EQ(actions.dropped_staged, 3U);
    EXPECT_EQ(actions.retired_peers.size(), 1U);
    EXPECT_EQ(actions.retired_sessions.size(), 1U);
    EXPECT_EQ(peer.current(), nullptr);
    EXPECT_EQ(pair.a.device().indices().used(), 0U);
    EXPECT_TRUE(pair.a.device().routes().of(peer).empty());

    // A worker's request that was under way meets the peer's successor and is dropped.
    pair.world.introduce(pair.a, pair.b);
    wg::Actions after;
    pair.a.device().on_requests(peer, ~0U, pair.world.wire.now(), after);
    EXPECT_TRUE(after.datagrams.empty());
}

TEST(Device, counts_waiting_packets_of_a_removed_peer_by_packets) {
    Pair pair;
    wg::StagedQueue& staged = pair.a.peer(pair.b).staged;
    EXPECT_EQ(staged.stage(payload_of("super-packet"), 40), 0U);
    EXPECT_EQ(staged.stage(payload_of("single"), 1), 0U);
    wg::Actions actions;
    pair.a.device().remove_peer(pair.b.key(), actions);
    EXPECT_EQ(actions.dropped_staged, 41U);
}

// ---- Waiting packets --------------------------------------------------------------------------

TEST(StagedQueue, keeps_order_and_drops_the_oldest_beyond_128_packets) {
    wg::StagedQueue queue;
    for (std::uint8_t i = 0; i < 130; ++i) {
        EXPECT_EQ(queue.stage(ByteArray<1>{std::byte{i}}, 1), i < 128 ? 0U : 1U);
    }
    const auto items = queue.take_all();
    ASSERT_EQ(items.size(), 128U);
    EXPECT_EQ(items.front().bytes[0], std::byte{2});
    EXPECT_EQ(items.back().bytes[0], std::byte{129});
    EXPECT_TRUE(queue.take_all().empty());
}

TEST(StagedQueue, counts_segments_and_bytes) {
    wg::StagedQueue queue;
    EXPECT_EQ(queue.stage(ByteArray<1>{}, 100), 0U);
    EXPECT_EQ(queue.stage(ByteArray<1>{}, 28), 0U);
    EXPECT_EQ(queue.stage(ByteArray<1>{}, 1), 100U);
    EXPECT_EQ(queue.clear(), 29U);
    const Payload large(wg::kStagedBytesMax - 1);
    EXPECT_EQ(queue.stage(large, 60), 0U);
    EXPECT_EQ(queue.stage(ByteArray<1>{}, 1), 0U);
    EXPECT_EQ(queue.stage(ByteArray<1>{}, 1), 60U);
    const Payload too_large(wg::kStagedBytesMax + 1);
    EXPECT_EQ(queue.stage(too_large, 1), 2U);
    EXPECT_EQ(queue.take_all().size(), 1U);
}

// ---- Indices ----------------------------------------------------------------------------------

class Indices : public ::testing::Test {
  protected:
    SeededRandom random{1};
    wg::Device device{random, 1};
    wg::Tunnel& tunnel = *device.ensure_peer(key_of(1));
    wg::IndexTable table;

    [[nodiscard]] std::unique_ptr<wg::Session> session_of(wg::Index index) const {
        return std::make_unique<wg::Session>(
            tunnel.peer(), wg::TransportKeys{}, wg::Session::Indices{index, {}}, true, Time{});
    }
};

TEST_F(Indices, all_32_bits_must_match) {
    const wg::Index index = *table.allocate(5, random, tunnel);
    const auto session = session_of(index);
    EXPECT_EQ(table.find(index), nullptr);
    EXPECT_EQ(table.owner(index), &tunnel);
    table.publish(index, *session);
    EXPECT_EQ(table.find(index), session.get());
    for (unsigned bit = 0; bit < 32; ++bit) {
        const wg::Index other{static_cast<std::uint32_t>(index) ^ (1U << bit)};
        EXPECT_EQ(table.find(other), nullptr) << bit;
        EXPECT_EQ(table.owner(other), nullptr) << bit;
    }
    table.release(index);
    EXPECT_EQ(table.find(index), nullptr);
    EXPECT_EQ(table.owner(index), nullptr);
    EXPECT_EQ(table.used(), 0U);
}

TEST_F(Indices, are_unique_until_every_slot_is_taken_and_carry_the_worker) {
    std::set<wg::Index> taken;
    for (std::size_t i = 0; i < wg::IndexTable::kSlots; ++i) {
        const auto worker = static_cast<std::uint8_t>(i % 15);
        const auto index = table.allocate(worker, random, tunnel);
        ASSERT_TRUE(index);
        ASSERT_EQ(static_cast<std::uint32_t>(*index) & 15U, worker);
        ASSERT_TRUE(taken.insert(*index).second);
    }
    EXPECT_FALSE(table.allocate(0, random, tunnel));
    table.release(*taken.begin());
    EXPECT_TRUE(table.allocate(0, random, tunnel));
}

TEST_F(Indices, use_all_their_bits) {
    std::uint32_t ones = 0;
    std::uint32_t zeros = 0;
    for (int i = 0; i < 200; ++i) {
        const auto index = static_cast<std::uint32_t>(*table.allocate(0, random, tunnel));
        ones |= index;
        zeros |= ~index;
    }
    EXPECT_EQ(ones, 0xfffffff0U);
    EXPECT_EQ(zeros, 0xffffffffU);
}

}  // namespace
}  // namespace weft::test
