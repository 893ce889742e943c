// SPDX-License-Identifier: Apache-2.0
// Engines under traffic while their configuration changes in every way: what the thread sanitizer
// looks at, and that no packet ever sees half a change.
#include "engine_node.hpp"
#include "seed.hpp"

namespace weft::dataplane {
namespace {

/// One change of the configuration between two nodes, any of those that a user can make.
void change_something(const NodePair& nodes, int what, RandomSource& random) {
    const auto& [a, b] = nodes;
    const auto give_psk = [](const crypto::SharedSecret& psk) {
        return [&psk](wg::Device&, wg::Tunnel& tunnel, wg::Now, wg::Actions&) {
            tunnel.set_preshared_key(psk);
        };
    };
    switch (what) {
        case 0:
            a.remove(b);
            a.add(b);
            break;
        case 1:  // every session of b is out of use, a handshake is due at once
            b.engine->change([&](wg::Device& device, wg::Now, wg::Actions& actions) {
                device.set_private_key(crypto::generate_private_key(random), actions);
                device.set_private_key(b.private_key, actions);
            });
            break;
        case 2:  // roams
            EXPECT_TRUE(b.engine->rebind(0, 0));
            break;
        case 3: {
            const auto psk = crypto::generate_private_key(random);
            a.with(b, give_psk(psk));
            b.with(a, give_psk(psk));
            break;
        }
        case 4:
            a.with(b,
                   [](wg::Device& device, wg::Tunnel& tunnel, wg::Now now, wg::Actions& actions) {
                       device.clear_allowed_ips(tunnel, actions);
                       device.add_allowed_ip(tunnel, *net::Prefix::parse("10.98.2.0/24"), actions);
                       tunnel.set_persistent_keepalive(1s, now, actions);
                       tunnel.set_persistent_keepalive(0s, now, actions);
                   });
            break;
        default:
            b.remove(a);
            b.add(a);
    }
}

TEST(Stress, survives_peers_that_come_go_change_keys_and_roam_under_traffic) {
    WEFT_ENTER_PRIVATE_NETNS();
    const NodePair nodes;
    SystemRandom random;
    {
        const Flood there{nodes.a, nodes.b};
        const Flood back{nodes.b, nodes.a};
        for (int round = 0; round < test::rounds(120, 6000); ++round) {
            change_something(nodes, round % 6, random);
            std::this_thread::sleep_for(10ms);
        }
    }
    nodes.b.remove(nodes.a);  // and their preshared keys with them
    nodes.b.add(nodes.a);
    nodes.a.remove(nodes.b);
    nodes.a.add(nodes.b);
    EXPECT_TRUE(
        send_until(Sender{nodes.a, nodes.b}, [&] { return nodes.b.received_from(nodes.a) >= 20; }));
}

TEST(Stress, leads_no_packet_astray_while_allowed_ips_change_in_a_loop) {
    WEFT_ENTER_PRIVATE_NETNS();
    const NodePair nodes;
    const auto& [a, b] = nodes;
    // c has a session with a, but a's address is not allowed there: what is delivered to c,
    // wrongly, is counted as from a wrong source.
    const Node c{3, nullptr, 1};
    a.add(c);
    c.add(a);
    c.with(a, [](wg::Device& device, wg::Tunnel& tunnel, wg::Now now, wg::Actions& actions) {
        device.clear_allowed_ips(tunnel, actions);
        tunnel.set_persistent_keepalive(1s, now, actions);
    });
    // The rest of 10.98/16 is c's: half a change would lead b's packets there, and b's source with
    // them.
    a.with(c, [](wg::Device& device, wg::Tunnel& tunnel, wg::Now, wg::Actions& actions) {
        device.add_allowed_ip(tunnel, *net::Prefix::parse("10.98.0.0/16"), actions);
    });
    const Sender sender{a, b};
    ASSERT_TRUE(
        send_until(sender, [&] { return a.received_from(c) != 0 && b.received_from(a) >= 10; }));

    const net::Prefix whole = *net::Prefix::parse("10.98.2.0/24");
    const net::Prefix low = *net::Prefix::parse("10.98.2.0/25");
    const net::Prefix high = *net::Prefix::parse("10.98.2.128/25");
    const std::uint64_t before = b.received_from(a);
    const Flood there{a, b};
    const Flood back{b, a};
    for (int round = 0; round < test::rounds(2000, 200'000); ++round) {
        a.with(b, [&](wg::Device& device, wg::Tunnel& tunnel, wg::Now, wg::Actions& actions) {
            device.clear_allowed_ips(tunnel, actions);
            if (round % 2 == 0) {
                device.add_allowed_ip(tunnel, low, actions);
                device.add_allowed_ip(tunnel, high, actions);
            } else {
                device.add_allowed_ip(tunnel, whole, actions);
            }
        });
        std::this_thread::sleep_for(500us);
    }
    EXPECT_TRUE(send_until(sender, [&] { return b.received_from(a) >= before + 500; }));
    EXPECT_EQ(c.dropped(net::DropReason::kWrongSource), 0U);
    EXPECT_EQ(a.dropped(net::DropReason::kWrongSource), 0U);
}

}  // namespace
}  // namespace weft::dataplane
