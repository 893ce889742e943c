// SPDX-License-Identifier: Apache-2.0
// Outbound and Inbound of one worker as a fixture: socket pairs stand for the TUN queues, UDP goes
// over loopback, so no root is needed. The peer of the fixture is both ends; a FarPeer is another,
// whose messages the test seals itself.
#pragma once

#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include <weft/wg/device.hpp>

#include "inbound.hpp"
#include "outbound.hpp"
#include "packets.hpp"
#include "split.hpp"

namespace weft::dataplane {

using test::Buffer;
using test::PacketSpec;

inline constexpr int kSocketBytes = 16 << 20;

inline void enlarge(int fd) {
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kSocketBytes, sizeof kSocketBytes);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSocketBytes, sizeof kSocketBytes);
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kSocketBytes, sizeof kSocketBytes);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &kSocketBytes, sizeof kSocketBytes);
}

/// A TUN queue whose kernel side is the test.
struct FakeTun {
    FakeTun() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends.data()), 0);
        enlarge(ends[0]);
        enlarge(ends[1]);
        queue = std::make_unique<sys::TunQueue>(UniqueFd{ends[0]});
        kernel = UniqueFd{ends[1]};
    }
    void put(const Buffer& read) const {
        ASSERT_EQ(::send(kernel.get(), read.data(), read.size(), 0),
                  static_cast<ssize_t>(read.size()));
    }
    /// The next write, split to packets again; empty when there is none.
    [[nodiscard]] std::vector<Buffer> take() const {
        Buffer write(sys::kTunReadMax);
        const ssize_t size = ::recv(kernel.get(), write.data(), write.size(), 0);
        if (size <= 0) {
            return {};
        }
        write.resize(static_cast<std::size_t>(size));
        return split(write);
    }
    std::unique_ptr<sys::TunQueue> queue;
    UniqueFd kernel;
};

inline crypto::AeadKey key_of(std::uint64_t seed) {
    SeededRandom random{seed};
    crypto::AeadKey key;
    random.fill(key.mutable_bytes());
    return key;
}

inline wg::TransportKeys keys(std::uint64_t send, std::uint64_t receive) {
    return {key_of(send), key_of(receive)};
}

/// A UDP socket on 127.0.0.1 that is no part of the engine.
class Outside {
  public:
    Outside() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_in here{};
        here.sin_family = AF_INET;
        here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof here;
        EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&here), size), 0);
        EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&here), &size), 0);
        port_ = ntohs(here.sin_port);
        enlarge(socket_.get());
    }
    [[nodiscard]] net::Endpoint endpoint() const {
        return {*net::IpAddress::parse("127.0.0.1"), port_, 0};
    }
    /// To `port` on loopback, cut to a train of `segment` bytes each unless that is 0.
    void send(ConstBytes bytes, std::uint16_t port, int segment = 0, int tos = 0) const {
        sockaddr_in there{};
        there.sin_family = AF_INET;
        there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        there.sin_port = htons(port);
        ASSERT_EQ(::setsockopt(socket_.get(), IPPROTO_IP, IP_TOS, &tos, sizeof tos), 0);
        ASSERT_EQ(::setsockopt(socket_.get(), IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment),
                  0);
        ASSERT_EQ(::sendto(socket_.get(),
                           bytes.data(),
                           bytes.size(),
                           0,
                           reinterpret_cast<sockaddr*>(&there),
                           sizeof there),
                  static_cast<ssize_t>(bytes.size()))
            << std::strerror(errno);
    }
    /// The next datagram that came; empty when there is none.
    [[nodiscard]] Buffer take() const {
        Buffer datagram(65536);
        const ssize_t size = ::recv(socket_.get(), datagram.data(), datagram.size(), 0);
        datagram.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
        return datagram;
    }

  private:
    UniqueFd socket_;
    std::uint16_t port_ = 0;
};

/// Seals one data message by hand.
inline Buffer seal_message(const crypto::AeadKey& key,
                           wg::Index receiver,
                           std::uint64_t nonce,
                           ConstBytes plaintext) {
    Buffer message(wg::kDataOverhead + plaintext.size());
    wg::write_data_header(message.data(), receiver, nonce);
    const crypto::SealJob job{.key = &key,
                              .nonce = nonce,
                              .head = {},
                              .payload = plaintext,
                              .pad = 0,
                              .destination = message.data() + wg::kDataHeaderSize};
    (*crypto::choose_kernels("auto"))->seal(std::span{&job, 1});
    return message;
}

/// A peer whose messages the test seals itself.
class FarPeer {
  public:
    FarPeer(int number, wg::IndexTable& table, RandomSource& random, wg::Tunnel& owner, Time now)
        : peer(crypto::PublicKey{{static_cast<std::byte>(number)}}, 0),
          index_(*table.allocate(0, random, owner)),
          key_(key_of(static_cast<std::uint64_t>(number) + 100)),
          session_(peer,
                   keys(7, static_cast<std::uint64_t>(number) + 100),
                   wg::Session::Indices{index_, wg::Index{1}},
                   true,
                   now) {
        table.publish(index_, session_);
    }
    [[nodiscard]] Buffer seal(ConstBytes plaintext) {
        return seal_message(key_, index_, nonce_++, plaintext);
    }

    wg::Peer peer;

  private:
    wg::Index index_;
    crypto::AeadKey key_;
    wg::Session session_;
    std::uint64_t nonce_ = 0;
};

class PipelineTest : public testing::Test {
  protected:
    PipelineTest() {
        shared_.mtu = 1420;
        shared_.offloads.udp_gso = true;
        auto group = sys::UdpGroup::open({.port = 0, .workers = 1, .fwmark = 0, .wish = {}});
        EXPECT_TRUE(group);
        udp_ = std::move(*group);
        enlarge(udp_.workers[0].v4.fd());
        const auto there = wg::Index{0x1230};
        const auto index = table_.allocate(0, random_, tunnel_);
        // One peer is both ends: it sends on `out_`, whose messages `in_` receives.
        out_ = std::make_unique<wg::Session>(
            peer_, keys(1, 2), wg::Session::Indices{there, *index}, true, now_);
        in_ = std::make_unique<wg::Session>(
            peer_, keys(3, 1), wg::Session::Indices{*index, there}, true, now_);
        table_.publish(*index, *in_);
        peer_.publish_current(out_.get());
        peer_.set_endpoint({*net::IpAddress::parse("127.0.0.1"), udp_.port, 0});
        allowed_.add(*net::Prefix::parse("0.0.0.0/0"), peer_);
        allowed_.add(*net::Prefix::parse("::/0"), peer_);
        publish_routes();
        shared_.listen_port = udp_.port;
        shared_.offloads.tun_tso = true;
        shared_.offloads.tun_uso = true;
        outbound_ =
            std::make_unique<Outbound>(shared_, 0, *tun_out_.queue, udp_.workers[0], drops_);
        inbound_ = std::make_unique<Inbound>(shared_, 0, *tun_in_.queue, udp_.workers[0], drops_);
    }

    /// Sends all `reads` in one burst and expects all `packets`, in order and to the byte.
    void expect_carried(const std::vector<Buffer>& reads, const std::vector<Buffer>& packets) {
        for (const Buffer& read : reads) {
            tun_out_.put(read);
        }
        std::vector<Buffer> carried;
        for (bool worked = true; worked;) {
            worked = outbound_->run(now_);
            const auto some = arrived();
            worked |= !some.empty();
            carried.insert(carried.end(), some.begin(), some.end());
        }
        ASSERT_EQ(carried.size(), packets.size());
        for (std::size_t i = 0; i < packets.size(); ++i) {
            ASSERT_EQ(carried[i], packets[i]) << "packet " << i;
        }
    }
    /// Packets that the TUN of the receiving side has been given, after all that waits is done.
    [[nodiscard]] std::vector<Buffer> arrived() {
        while (inbound_->run(now_)) {
        }
        std::vector<Buffer> all;
        for (auto some = tun_in_.take(); !some.empty(); some = tun_in_.take()) {
            all.insert(all.end(), some.begin(), some.end());
        }
        return all;
    }
    /// A new session to send on, whose first nonce is `first`; `in_` does not follow.
    void send_from_nonce(std::uint64_t first) {
        out_ = std::make_unique<wg::Session>(peer_,
                                             keys(1, 2),
                                             wg::Session::Indices{wg::Index{1}, in_->local_index()},
                                             true,
                                             now_,
                                             first);
        peer_.publish_current(out_.get());
    }
    void publish_routes() {
        auto fresh = allowed_.snapshot();
        shared_.routes = fresh.get();
        routes_ = std::move(fresh);
    }
    [[nodiscard]] std::uint64_t dropped(net::DropReason reason) const {
        return drops_.get(static_cast<std::size_t>(reason));
    }
    [[nodiscard]] std::uint64_t dropped() const {
        std::uint64_t sum = 0;
        for (std::size_t reason = 0; reason < net::kDropReasonCount; ++reason) {
            sum += drops_.get(reason);
        }
        return sum;
    }

    Time now_ = BootClock::now();
    SeededRandom random_{7};
    wg::IndexTable table_;
    wg::Device device_{random_, 1};
    wg::Tunnel& tunnel_ = *device_.ensure_peer(crypto::PublicKey{{std::byte{9}}});  // owns indices
    wg::Peer peer_{crypto::PublicKey{}, 0};
    wg::AllowedIps allowed_;
    std::unique_ptr<const wg::RouteTable> routes_;
    Shared shared_{**crypto::choose_kernels("auto"), table_, 1};
    sys::UdpGroup udp_;
    std::unique_ptr<wg::Session> out_;
    std::unique_ptr<wg::Session> in_;
    DropCounters drops_;
    FakeTun tun_out_;
    FakeTun tun_in_;
    std::unique_ptr<Outbound> outbound_;
    std::unique_ptr<Inbound> inbound_;
};

/// `packet` behind a vnet header that says nothing.
inline Buffer plain_read(const Buffer& packet) {
    Buffer read(sys::kVnetHeaderSize + packet.size());
    copy_bytes(packet, Bytes{read}.subspan(sys::kVnetHeaderSize));
    return read;
}

}  // namespace weft::dataplane
