// SPDX-License-Identifier: Apache-2.0
// Loops of one peer and of several are found, tunnels within tunnels are not taken for loops.
#include "loop_guard.hpp"

#include <gtest/gtest.h>

#include "packets.hpp"

namespace weft::dataplane {
namespace {

using test::Buffer;

const Time kStart{std::chrono::seconds{1000}};

net::Endpoint place(int n) {
    return {*net::IpAddress::parse("192.0.2." + std::to_string(n)), 51840, 0};
}

TEST(LoopGuard, finds_a_message_that_would_go_where_it_goes_already) {
    LoopGuard guard;
    EXPECT_TRUE(guard.closes_loop(place(1), place(1), kStart));
    net::Endpoint scoped = place(1);
    scoped.scope_id = 3;
    EXPECT_TRUE(guard.closes_loop(place(1), scoped, kStart));
    net::Endpoint other_port = place(1);
    other_port.port = 1;
    EXPECT_FALSE(guard.closes_loop(place(1), other_port, kStart));
}

TEST(LoopGuard, finds_loops_over_as_many_peers_as_it_remembers) {
    for (int length = 2; length <= static_cast<int>(LoopGuard::kHopsMax) + 1; ++length) {
        LoopGuard guard;
        for (int n = 1; n < length; ++n) {
            EXPECT_FALSE(guard.closes_loop(place(n), place(n + 1), kStart)) << length;
        }
        EXPECT_TRUE(guard.closes_loop(place(length), place(1), kStart)) << length;
    }
}

TEST(LoopGuard, lets_tunnels_within_tunnels_be) {
    LoopGuard guard;
    for (int lap = 0; lap < 100; ++lap) {
        for (int n = 1; n < 5; ++n) {  // 1 in 2 in 3 in 4 in 5, and 5 goes out
            EXPECT_FALSE(guard.closes_loop(place(n), place(n + 1), kStart));
        }
        EXPECT_FALSE(guard.closes_loop(place(9), place(2), kStart));
    }
}

TEST(LoopGuard, forgets_a_hop_that_is_no_longer_seen) {
    LoopGuard guard;
    EXPECT_FALSE(guard.closes_loop(place(1), place(2), kStart));
    const Time later = kStart + LoopGuard::kMemory;
    EXPECT_FALSE(guard.closes_loop(place(2), place(1), later));
    EXPECT_TRUE(guard.closes_loop(place(1), place(2), later));
}

TEST(LoopGuard, keeps_the_newest_hops_and_one_for_each_place) {
    LoopGuard guard;
    for (int n = 0; n < 200; ++n) {
        const Time now = kStart + std::chrono::milliseconds{n};
        EXPECT_FALSE(guard.closes_loop(place(1), place(2), now));
        EXPECT_FALSE(guard.closes_loop(place(10 + n), place(3), now));
        EXPECT_TRUE(guard.closes_loop(place(2), place(1), now)) << n;
    }
    EXPECT_FALSE(guard.closes_loop(place(1), place(5), kStart));
    EXPECT_FALSE(guard.closes_loop(place(2), place(1), kStart)) << "1 goes elsewhere now";
}

TEST(LoopGuard, reads_ports_of_whole_packets_and_first_fragments_only) {
    const auto destination_of = [](const Buffer& packet, std::uint16_t port) {
        return udp_destination_from(port, packet, *net::IpView::parse(packet));
    };
    for (const bool v4 : {true, false}) {
        const Buffer udp = test::build_packet(
            {.v4 = v4, .tcp = false, .payload = 4, .source_port = 7, .destination_port = 9});
        const auto found = destination_of(udp, 7);
        ASSERT_TRUE(found);
        EXPECT_EQ(*found, (net::Endpoint{net::IpView::parse(udp)->destination(), 9, 0}));
        EXPECT_FALSE(destination_of(udp, 8));
        EXPECT_FALSE(destination_of(test::build_packet({.v4 = v4, .source_port = 7}), 7)) << "TCP";
    }
    Buffer fragment = test::build_packet({.tcp = false, .payload = 4, .source_port = 7});
    store_be16(&fragment[6], 0x2000);  // more to come
    EXPECT_TRUE(destination_of(fragment, 7));
    store_be16(&fragment[6], 0x2001);
    EXPECT_FALSE(destination_of(fragment, 7));

    const Buffer whole = test::build_packet({.v4 = false, .tcp = false, .source_port = 7});
    Buffer fragment6(whole.size() + 8);
    copy_bytes(whole, fragment6);
    copy_bytes(ConstBytes{whole}.subspan(40), Bytes{fragment6}.subspan(48));
    store_be16(&fragment6[4], 16);
    fragment6[6] = std::byte{44};
    fragment6[40] = std::byte{net::kProtocolUdp};
    store_be16(&fragment6[42], 1);  // offset 0, more to come
    EXPECT_TRUE(destination_of(fragment6, 7));
    store_be16(&fragment6[42], 8);
    EXPECT_FALSE(destination_of(fragment6, 7));
    for (std::size_t size = 40; size < 52; ++size) {
        Buffer cut(fragment6.begin(), fragment6.begin() + static_cast<std::ptrdiff_t>(size));
        store_be16(&cut[4], static_cast<std::uint16_t>(size - 40));
        store_be16(&cut[42 < size - 1 ? 42 : 4], 42 < size - 1 ? 0 : std::uint16_t(size - 40));
        EXPECT_FALSE(destination_of(cut, 7)) << size;
    }
}

}  // namespace
}  // namespace weft::dataplane
