// SPDX-License-Identifier: Apache-2.0
// Two whole engines over loopback in a private namespace, while peers come, go, change keys and
// roam under traffic: what the thread sanitizer and the address sanitizer look at.
#include <array>
#include <chrono>
#include <cstring>
#include <thread>

#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include <weft/dataplane/engine.hpp>

#include "private_netns.hpp"

namespace weft::dataplane {
namespace {

using namespace std::chrono_literals;

/// An engine with one peer: the other one. Inner addresses 10.98.N.0/24.
struct Node {
    Node(int number, const Node* other, unsigned workers) : number_(number) {
        private_key = crypto::generate_private_key(random);
        public_key = crypto::public_key_of(private_key);
        EngineConfig config;
        config.interface = "wt" + std::to_string(number);
        config.workers = workers;
        config.kernels = *crypto::choose_kernels("auto");
        auto started = Engine::start(config, random);
        EXPECT_TRUE(started) << started.error().message();
        engine = std::move(*started);
        engine->change([&](wg::Device& device, wg::Now, wg::Actions& actions) {
            device.set_private_key(private_key, actions);
        });
        if (other != nullptr) {
            add(*other);
        }
    }
    void add(const Node& other) const {
        engine->change([&](wg::Device& device, wg::Now, wg::Actions& actions) {
            wg::Tunnel* tunnel = device.ensure_peer(other.public_key);
            tunnel->peer().set_endpoint(
                {*net::IpAddress::parse("127.0.0.1"), other.engine->listen_port(), 0});
            device.add_allowed_ip(
                *tunnel,
                *net::Prefix::parse("10.98." + std::to_string(other.number_) + ".0/24"),
                actions);
        });
    }
    void remove(const Node& other) const {
        engine->change([&](wg::Device& device, wg::Now, wg::Actions& actions) {
            device.remove_peer(other.public_key, actions);
        });
    }
    [[nodiscard]] std::uint64_t received_from(const Node& other) const {
        std::uint64_t packets = 0;
        engine->change([&](wg::Device& device, wg::Now, wg::Actions&) {
            if (wg::Tunnel* tunnel = device.find_peer(other.public_key)) {
                packets = tunnel->peer().counters.rx_packets.load();
            }
        });
        return packets;
    }

    SystemRandom random;
    crypto::PrivateKey private_key;
    crypto::PublicKey public_key;
    std::unique_ptr<Engine> engine;
    int number_;
};

/// Gives `node`'s interface its address and brings it up.
void configure(const Node& node) {
    const UniqueFd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ifreq request{};
    std::strncpy(request.ifr_name, node.engine->interface().c_str(), IFNAMSIZ - 1);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(0x0a620001U | static_cast<std::uint32_t>(node.number_) << 8U);
    std::memcpy(&request.ifr_addr, &address, sizeof address);
    ASSERT_EQ(::ioctl(fd.get(), SIOCSIFADDR, &request), 0);
    ASSERT_TRUE(test::PrivateNetns::bring_up(node.engine->interface().c_str()));
}

/// Sends inner UDP packets out of `from`'s interface to an address behind `to`.
class Sender {
  public:
    Sender(const Node& from, const Node& to)
        : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        const std::string& name = from.engine->interface();
        EXPECT_EQ(::setsockopt(socket_.get(),
                               SOL_SOCKET,
                               SO_BINDTODEVICE,
                               name.c_str(),
                               static_cast<socklen_t>(name.size())),
                  0);
        to_.sin_family = AF_INET;
        to_.sin_port = htons(9);
        to_.sin_addr.s_addr = htonl(0x0a620009U | static_cast<std::uint32_t>(to.number_) << 8U);
    }
    void send(std::size_t size) const {
        const std::array<std::byte, 1300> payload{};
        // What the interface has no room for is lost, as on any network.
        [[maybe_unused]] const auto sent = ::sendto(socket_.get(),
                                                    payload.data(),
                                                    std::min(size, payload.size()),
                                                    MSG_DONTWAIT,
                                                    reinterpret_cast<const sockaddr*>(&to_),
                                                    sizeof to_);
    }

  private:
    UniqueFd socket_;
    sockaddr_in to_{};
};

/// Sends until `received` says so, at most ten seconds.
bool send_until(const Sender& sender, const std::function<bool()>& received) {
    for (int n = 0; n < 10000; ++n) {
        sender.send(static_cast<std::size_t>(n % 1300));
        if (n % 20 == 0 && received()) {
            return true;
        }
        std::this_thread::sleep_for(1ms);
    }
    return false;
}

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

TEST(Engine, survives_peers_that_come_go_rekey_and_roam_under_traffic) {
    WEFT_ENTER_PRIVATE_NETNS();
    const Node a{1, nullptr, 2};
    const Node b{2, &a, 2};
    a.add(b);
    configure(a);
    configure(b);
    SystemRandom noise;
    std::atomic<bool> stop{false};
    const auto flood = [&](const Node& from, const Node& to) {
        const Sender sender{from, to};
        for (std::size_t n = 0; !stop.load(); ++n) {
            sender.send(n % 1300);
            if (n % 16 == 0) {
                std::this_thread::sleep_for(1ms);
            }
        }
    };
    std::thread there{flood, std::cref(a), std::cref(b)};
    std::thread back{flood, std::cref(b), std::cref(a)};
    for (int round = 0; round < 100; ++round) {
        switch (round % 4) {
            case 0:
                a.remove(b);
                a.add(b);
                break;
            case 1:  // every session of b is out of use, a handshake is due at once
                b.engine->change([&](wg::Device& device, wg::Now, wg::Actions& actions) {
                    device.set_private_key(crypto::generate_private_key(noise), actions);
                    device.set_private_key(b.private_key, actions);
                });
                break;
            case 2:
                EXPECT_TRUE(b.engine->rebind(0, 0));
                break;
            default:
                b.remove(a);
                b.add(a);
        }
        std::this_thread::sleep_for(10ms);
    }
    stop = true;
    there.join();
    back.join();
    a.remove(b);
    a.add(b);
    const std::uint64_t before = b.received_from(a);
    EXPECT_TRUE(send_until(Sender{a, b}, [&] { return b.received_from(a) >= before + 20; }));
}

TEST(Engine, starts_and_stops_again_and_again) {
    WEFT_ENTER_PRIVATE_NETNS();
    for (int round = 0; round < 20; ++round) {
        const Node a{1, nullptr, 3};
        configure(a);
    }
}

TEST(Engine, says_that_its_port_is_taken) {
    WEFT_ENTER_PRIVATE_NETNS();
    Node a{1, nullptr, 1};
    EngineConfig config;
    config.interface = "wt9";
    config.listen_port = a.engine->listen_port();
    config.kernels = *crypto::choose_kernels("auto");
    const auto second = Engine::start(config, a.random);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().cause.find("in use"), std::string::npos) << second.error().message();
}

}  // namespace
}  // namespace weft::dataplane
