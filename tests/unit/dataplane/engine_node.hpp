// SPDX-License-Identifier: Apache-2.0
// Whole engines over loopback in the test's private namespace, and the inner traffic between them.
#pragma once

#include <array>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include <weft/dataplane/engine.hpp>

#include "private_netns.hpp"

namespace weft::dataplane {

using namespace std::chrono_literals;

/// An engine with one peer: the other one. Inner addresses 10.98.N.0/24.
struct Node {
    Node(int number, const Node* other, unsigned workers, bool starts = true) : number_(number) {
        private_key = crypto::generate_private_key(random);
        public_key = crypto::public_key_of(private_key);
        EngineConfig config;
        config.kernels = *crypto::choose_kernels("auto");
        auto tun = sys::Tun::create("wt" + std::to_string(number), workers, {});
        EXPECT_TRUE(tun) << tun.error().message();
        sys::UdpGroupConfig port;
        port.workers = workers;
        auto udp = sys::UdpGroup::open(port);
        EXPECT_TRUE(udp) << udp.error().message();
        engine = std::make_unique<Engine>(config, std::move(*tun), std::move(*udp), random);
        engine->change([&](wg::Device& device, wg::Now, wg::Actions& actions) {
            device.set_private_key(private_key, actions);
        });
        if (other != nullptr) {
            add(*other);
        }
        if (starts) {
            engine->start();
        }
    }
    /// With its endpoint at `outer`, an address of the loopback.
    void add(const Node& other, const char* outer = "127.0.0.1") const {
        engine->change([&](wg::Device& device, wg::Now, wg::Actions& actions) {
            wg::Tunnel* tunnel = device.ensure_peer(other.public_key);
            tunnel->peer().set_endpoint(
                {*net::IpAddress::parse(outer), other.engine->listen_port(), 0});
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
    /// Runs `edit` on the tunnel to `other`, in one change.
    void with(
        const Node& other,
        const std::function<void(wg::Device&, wg::Tunnel&, wg::Now, wg::Actions&)>& edit) const {
        engine->change([&](wg::Device& device, wg::Now now, wg::Actions& actions) {
            wg::Tunnel* tunnel = device.find_peer(other.public_key);
            ASSERT_NE(tunnel, nullptr);
            edit(device, *tunnel, now, actions);
        });
    }
    [[nodiscard]] std::uint64_t dropped(net::DropReason reason) const {
        return engine->drops()[static_cast<std::size_t>(reason)];
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
inline void configure(const Node& node) {
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
inline bool send_until(const Sender& sender, const std::function<bool()>& received) {
    for (int n = 0; n < 10000; ++n) {
        sender.send(static_cast<std::size_t>(n % 1300));
        if (n % 20 == 0 && received()) {
            return true;
        }
        std::this_thread::sleep_for(1ms);
    }
    return false;
}

/// `ip link delete`, as somebody else would do it.
inline void delete_link(unsigned ifindex) {
    struct {
        nlmsghdr header{};
        ifinfomsg link{};
    } request;
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = RTM_DELLINK;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    request.link.ifi_index = static_cast<int>(ifindex);
    const UniqueFd fd{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
    ASSERT_EQ(::send(fd.get(), &request, sizeof request, 0), static_cast<ssize_t>(sizeof request));
    struct {
        nlmsghdr header{};
        nlmsgerr answer{};
    } reply;
    ASSERT_GE(::recv(fd.get(), &reply, sizeof reply, MSG_TRUNC),
              static_cast<ssize_t>(sizeof reply));
    ASSERT_EQ(reply.answer.error, 0);
}

inline void set_mtu(const char* interface, int mtu) {
    const UniqueFd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ifreq request{};
    std::strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
    request.ifr_mtu = mtu;
    ASSERT_EQ(::ioctl(fd.get(), SIOCSIFMTU, &request), 0);
}

/// A route to the IPv4 address `host` (host byte order) through `node`'s interface.
inline void route_into(const Node& node, std::uint32_t host) {
    const auto address_of = [](std::uint32_t bits) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(bits);
        sockaddr any{};
        std::memcpy(&any, &address, sizeof any);
        return any;
    };
    std::string name = node.engine->interface();
    rtentry route{};
    route.rt_dst = address_of(host);
    route.rt_genmask = address_of(0xffffffff);
    route.rt_flags = RTF_UP | RTF_HOST;
    route.rt_dev = name.data();
    const UniqueFd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ASSERT_EQ(::ioctl(fd.get(), SIOCADDRT, &route), 0) << std::strerror(errno);
}

/// Two engines that know each other, their interfaces up.
struct NodePair {
    NodePair() {
        a.add(b);
        configure(a);
        configure(b);
    }
    Node a{1, nullptr, 2};
    Node b{2, &a, 2};
};

/// A thread that sends without end, in bursts, until this dies.
class Flood {
  public:
    Flood(const Node& from, const Node& to)
        : sender_(from, to), thread_([this] {
              for (std::size_t n = 0; !stop_.load(); ++n) {
                  sender_.send(n % 1300);
                  if (n % 16 == 0) {
                      std::this_thread::sleep_for(1ms);
                  }
              }
          }) {}
    Flood(const Flood&) = delete;
    Flood& operator=(const Flood&) = delete;
    ~Flood() {
        stop_ = true;
        thread_.join();
    }

  private:
    Sender sender_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace weft::dataplane
