// SPDX-License-Identifier: Apache-2.0
// Two whole engines over loopback in a private namespace: what they carry, and what happens to them
// from outside. While peers come, go and change: stress_test.cpp.
#include <poll.h>

#include "engine_node.hpp"

namespace weft::dataplane {
namespace {

TEST(Engine, carries_packets_between_two_nodes_both_ways) {
    WEFT_ENTER_PRIVATE_NETNS();
    const Node a{1, nullptr, 2};
    const Node b{2, &a, 2};
    a.add(b);
    configure(a);
    configure(b);
    EXPECT_TRUE(send_until(Sender{a, b}, [&] { return b.received_from(a) >= 100; }));
    EXPECT_TRUE(send_until(Sender{b, a}, [&] { return a.received_from(b) >= 100; }));
    EXPECT_EQ(b.engine->drops()[static_cast<std::size_t>(net::DropReason::kAuthFailed)], 0U);
}

TEST(Engine, wakes_for_every_message_over_ipv6_too) {
    WEFT_ENTER_PRIVATE_NETNS();
    const Node a{1, nullptr, 2};
    const Node b{2, nullptr, 2};
    a.add(b, "::1");
    b.add(a, "::1");
    configure(a);  // and not b: its TUN stays silent, only UDP can wake its workers
    const Sender sender{a, b};
    for (int round = 0; round < 5; ++round) {
        const std::uint64_t before = b.received_from(a);
        ASSERT_TRUE(send_until(sender, [&] { return b.received_from(a) > before; })) << round;
    }
    a.with(b, [](wg::Device&, wg::Tunnel& tunnel, wg::Now, wg::Actions&) {
        EXPECT_EQ(tunnel.peer().path().remote.address, net::IpAddress::parse("::1"));
    });
}

TEST(Engine, forgets_its_source_addresses_with_its_port) {
    WEFT_ENTER_PRIVATE_NETNS();
    const NodePair nodes;
    const auto& [a, b] = nodes;
    ASSERT_TRUE(send_until(Sender{a, b}, [&] { return b.received_from(a) >= 10; }));
    const auto source = [&] {
        net::IpAddress found;
        b.with(a, [&](wg::Device&, wg::Tunnel& tunnel, wg::Now, wg::Actions&) {
            found = tunnel.peer().path().source;
        });
        return found;
    };
    EXPECT_EQ(source(), net::IpAddress::parse("127.0.0.1"));
    EXPECT_TRUE(b.engine->rebind(0, 0));  // to a port that a does not know
    EXPECT_TRUE(source().is_unspecified());
}

TEST(Engine, carries_packets_over_a_path_that_is_smaller_than_its_messages) {
    WEFT_ENTER_PRIVATE_NETNS();
    const NodePair nodes;
    set_mtu("lo", 1300);  // trains of larger messages are refused there, single ones are cut
    const Flood flood{nodes.a, nodes.b};
    const auto received = [&] { return nodes.b.received_from(nodes.a); };
    EXPECT_TRUE(send_until(Sender{nodes.a, nodes.b}, [&] { return received() >= 2000; }));
    EXPECT_EQ(nodes.a.dropped(net::DropReason::kSendFailed), 0U);
    EXPECT_TRUE(nodes.a.engine->offloads().udp_gso);
    set_mtu("lo", 65536);
    const std::uint64_t before = received();
    EXPECT_TRUE(send_until(Sender{nodes.a, nodes.b}, [&] { return received() >= before + 500; }));
}

TEST(Engine, says_that_its_interface_was_deleted_under_load_and_ends_cleanly) {
    WEFT_ENTER_PRIVATE_NETNS();
    const NodePair nodes;
    const Flood there{nodes.a, nodes.b};
    const Flood back{nodes.b, nodes.a};
    ASSERT_TRUE(send_until(Sender{nodes.b, nodes.a},
                           [&] { return nodes.a.received_from(nodes.b) >= 100; }));
    EXPECT_FALSE(nodes.a.engine->interface_lost());
    delete_link(nodes.a.engine->ifindex());
    // b goes on sending meanwhile.
    EXPECT_TRUE(
        send_until(Sender{nodes.b, nodes.a}, [&] { return nodes.a.engine->interface_lost(); }));
    EXPECT_FALSE(nodes.b.engine->interface_lost());
}

TEST(Engine, cuts_off_a_loop_of_its_own_messages) {
    WEFT_ENTER_PRIVATE_NETNS();
    const NodePair nodes;
    ASSERT_TRUE(
        send_until(Sender{nodes.a, nodes.b}, [&] { return nodes.b.received_from(nodes.a) >= 10; }));
    const net::Endpoint inside{*net::IpAddress::parse("10.98.2.50"), 51840, 0};
    route_into(nodes.a, 0x0a620232);
    const auto tx_packets = [&] {
        std::uint64_t packets = 0;
        nodes.a.with(nodes.b, [&](wg::Device&, wg::Tunnel& tunnel, wg::Now, wg::Actions&) {
            packets = tunnel.peer().counters.tx_packets;
        });
        return packets;
    };
    nodes.b.remove(nodes.a);  // so that nothing comes and roams back
    nodes.a.with(nodes.b, [&](wg::Device&, wg::Tunnel& tunnel, wg::Now, wg::Actions&) {
        tunnel.peer().set_endpoint(inside);
    });
    const std::uint64_t before = tx_packets();
    std::uint64_t sent = 0;
    const Sender sender{nodes.a, nodes.b};
    ASSERT_TRUE(send_until(sender, [&] {
        sent += 20;  // send_until asks as often
        return nodes.a.dropped(net::DropReason::kRoutingLoop) >= 100;
    }));
    EXPECT_LE(tx_packets() - before, 2 * sent) << "a packet goes round once at most";
}

/// Sends one datagram of gossip to `node`'s port and waits for it at `socket`.
bool gossip_arrives(const Node& node, const sys::UdpSocket& socket) {
    const bool v4 = socket.family() == net::Family::kIpv4;
    const sys::UdpSocket sender{
        UniqueFd{::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)}, socket.family()};
    const std::array<std::byte, 3> datagram{std::byte{0x10}, std::byte{1}, std::byte{2}};
    const net::Path path{
        .remote = {*net::IpAddress::parse(v4 ? "127.0.0.1" : "::1"), node.engine->listen_port(), 0},
        .source = {},
        .source_interface = 0};
    EXPECT_TRUE(sender.send({datagram, datagram.size(), 0}, path).ok());
    pollfd wait{.fd = socket.fd(), .events = POLLIN, .revents = 0};
    std::array<std::byte, 8> buffer{};
    sys::ReceivedTrain train;
    return ::poll(&wait, 1, 2000) == 1 && socket.receive(buffer, train).ok() &&
           std::equal(datagram.begin(), datagram.end(), buffer.begin(), &buffer[train.size]);
}

TEST(Engine, leaves_gossip_to_its_caller_before_and_after_another_port) {
    WEFT_ENTER_PRIVATE_NETNS();
    const Node a{1, nullptr, 2};
    configure(a);
    const sys::UdpPair& gossip = a.engine->gossip_sockets();
    const std::uint16_t before = a.engine->listen_port();
    EXPECT_TRUE(gossip_arrives(a, gossip.v4));
    EXPECT_TRUE(gossip_arrives(a, gossip.v6));
    ASSERT_TRUE(a.engine->rebind(0, 0));
    EXPECT_NE(a.engine->listen_port(), before);
    EXPECT_TRUE(gossip_arrives(a, a.engine->gossip_sockets().v4));
    EXPECT_TRUE(gossip_arrives(a, a.engine->gossip_sockets().v6));
    EXPECT_EQ(a.dropped(net::DropReason::kUnknownType), 0U);
}

/// As GRO makes it: data first, then a shorter datagram of the same two ports.
TEST(Engine, relays_gossip_at_the_end_of_a_train_of_data) {
    WEFT_ENTER_PRIVATE_NETNS();
    const Node a{1, nullptr, 1};
    configure(a);
    const sys::UdpSocket sender{UniqueFd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)},
                                net::Family::kIpv4};
    std::array<std::byte, 2 * 100 + 50> train{std::byte{4}};
    train[100] = std::byte{4};
    train[200] = std::byte{0x10};
    const net::Path path{
        .remote = {*net::IpAddress::parse("127.0.0.1"), a.engine->listen_port(), 0},
        .source = {},
        .source_interface = 0};
    const auto relayed = [&]() -> std::size_t {
        std::array<std::byte, sys::GossipRelay::kDatagramMax> buffer{};
        net::Endpoint from;
        pollfd wait{.fd = a.engine->gossip_relay().fd(), .events = POLLIN, .revents = 0};
        return ::poll(&wait, 1, 2000) == 1 ? a.engine->gossip_relay().take(from, buffer).size() : 0;
    };
    ASSERT_TRUE(sender.send({train, 100, 0}, path).ok());
    EXPECT_EQ(relayed(), 50U);
    EXPECT_EQ(a.dropped(net::DropReason::kUnknownType), 0U);
}

TEST(Engine, goes_on_with_another_source_of_icmp6) {
    WEFT_ENTER_PRIVATE_NETNS();
    const NodePair nodes;
    const auto received = [&] { return nodes.b.received_from(nodes.a); };
    ASSERT_TRUE(send_until(Sender{nodes.a, nodes.b}, [&] { return received() >= 10; }));
    const std::uint16_t port = nodes.b.engine->listen_port();
    for (const char* source : {"fd44::1", "fd44::1", "fd44::2", "::"}) {
        nodes.b.engine->set_icmp_source6(*net::IpAddress::parse(source));
        const std::uint64_t before = received();
        EXPECT_TRUE(send_until(Sender{nodes.a, nodes.b}, [&] { return received() > before + 10; }));
    }
    EXPECT_EQ(nodes.b.engine->listen_port(), port);
    EXPECT_TRUE(gossip_arrives(nodes.b, nodes.b.engine->gossip_sockets().v4));
}

TEST(Engine, packets_wait_until_it_starts) {
    WEFT_ENTER_PRIVATE_NETNS();
    Node b{2, nullptr, 2};
    const Node a{1, &b, 2, false};
    b.add(a);
    configure(a);
    configure(b);
    b.with(a, [](wg::Device&, wg::Tunnel& tunnel, wg::Now now, wg::Actions& actions) {
        tunnel.initiate(now, false, actions);  // waits in a's socket
    });
    Sender{a, b}.send(100);  // in its interface
    a.engine->set_icmp_source6(net::IpAddress::unspecified(net::Family::kIpv4));
    EXPECT_TRUE(a.engine->rebind(a.engine->listen_port(), 7));  // neither of them starts it
    EXPECT_EQ(a.engine->drops(), DropCounts{});
    a.engine->start();
    const Time deadline = BootClock::now() + 10s;
    while (b.received_from(a) == 0 && BootClock::now() < deadline) {
        std::this_thread::sleep_for(1ms);
    }
    EXPECT_GT(b.received_from(a), 0U);
}

TEST(Engine, starts_and_stops_again_and_again) {
    WEFT_ENTER_PRIVATE_NETNS();
    for (int round = 0; round < 20; ++round) {
        const Node a{1, nullptr, 3};
        configure(a);
    }
}

TEST(Engine, tells_when_every_thread_has_gone_round) {
    WEFT_ENTER_PRIVATE_NETNS();
    Node a{2, nullptr, 1};
    const Time deadline = BootClock::now() + std::chrono::seconds{10};
    int rounds = 0;
    while (rounds < 3 && BootClock::now() < deadline) {
        rounds += a.engine->has_gone_round() ? 1 : 0;
    }
    EXPECT_EQ(rounds, 3);  // although there is nothing to do
}

}  // namespace
}  // namespace weft::dataplane
