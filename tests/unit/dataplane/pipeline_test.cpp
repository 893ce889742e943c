// SPDX-License-Identifier: Apache-2.0
// Outbound and Inbound back to back, content compared: TUN reads on one side, UDP over loopback,
// TUN writes on the other. Socket pairs stand for the TUN queues, so no root is needed.
#include <array>
#include <cstring>
#include <numeric>

#include <netinet/in.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include <weft/wg/device.hpp>

#include "inbound.hpp"
#include "outbound.hpp"
#include "packets.hpp"

namespace weft::dataplane {
namespace {

using test::Buffer;
using test::PacketSpec;

constexpr int kSocketBytes = 16 << 20;

void enlarge(int fd) {
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
        const auto super = SuperPacket::parse(write);
        EXPECT_TRUE(super);
        std::vector<Buffer> packets;
        for (std::uint32_t i = 0; super && i < super->segments(); ++i) {
            SuperPacket::Scratch scratch;
            const auto segment = super->segment(i, scratch);
            Buffer& packet = packets.emplace_back(segment.size());
            copy_bytes(segment.payload, copy_bytes(segment.head, packet));
        }
        return packets;
    }
    std::unique_ptr<sys::TunQueue> queue;
    UniqueFd kernel;
};

crypto::AeadKey key_of(std::uint64_t seed) {
    SeededRandom random{seed};
    crypto::AeadKey key;
    random.fill(key.mutable_bytes());
    return key;
}

wg::TransportKeys keys(std::uint64_t send, std::uint64_t receive) {
    return {key_of(send), key_of(receive)};
}

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
        routes_ = allowed_.snapshot();
        shared_.routes = routes_.get();
        shared_.offloads.tun_tso = true;
        shared_.offloads.tun_uso = true;
        outbound_ = std::make_unique<Outbound>(shared_, *tun_out_.queue, udp_.workers[0], drops_);
        inbound_ = std::make_unique<Inbound>(shared_, *tun_in_.queue, udp_.workers[0], drops_);
    }

    /// Sends all `reads` in one burst and expects all `packets`, in order and to the byte.
    void expect_carried(const std::vector<Buffer>& reads, const std::vector<Buffer>& packets) {
        for (const Buffer& read : reads) {
            tun_out_.put(read);
        }
        std::vector<Buffer> arrived;
        for (bool worked = true; worked;) {
            worked = outbound_->run(now_);
            worked |= inbound_->run(now_);
            for (auto some = tun_in_.take(); !some.empty(); some = tun_in_.take()) {
                arrived.insert(arrived.end(), some.begin(), some.end());
            }
        }
        ASSERT_EQ(arrived.size(), packets.size());
        for (std::size_t i = 0; i < packets.size(); ++i) {
            ASSERT_EQ(arrived[i], packets[i]) << "packet " << i;
        }
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
    wg::Identity identity_;
    wg::Tunnel tunnel_{{identity_, table_, random_}, crypto::PublicKey{}, 0};
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

Buffer plain_read(const Buffer& packet) {
    Buffer read(sys::kVnetHeaderSize + packet.size());
    copy_bytes(packet, Bytes{read}.subspan(sys::kVnetHeaderSize));
    return read;
}

/// `count` super-packets of one stream, as reads and as the packets they stand for.
void add_stream(PacketSpec spec,
                std::size_t count,
                std::uint16_t gso,
                std::vector<Buffer>& reads,
                std::vector<Buffer>& packets) {
    for (std::size_t n = 0; n < count; ++n) {
        spec.seed += 1;
        Buffer read = test::tun_read(spec, test::build_packet(spec), gso);
        const auto super = SuperPacket::parse(read);
        ASSERT_TRUE(super);
        for (std::uint32_t i = 0; i < super->segments(); ++i) {
            SuperPacket::Scratch scratch;
            const auto segment = super->segment(i, scratch);
            Buffer& packet = packets.emplace_back(segment.size());
            copy_bytes(segment.payload, copy_bytes(segment.head, packet));
        }
        reads.push_back(read);
        spec.seq += static_cast<std::uint32_t>(spec.payload);
        spec.id = static_cast<std::uint16_t>(spec.id + super->segments());
    }
}

TEST_F(PipelineTest, carries_a_burst_of_super_packets_to_the_byte) {
    for (const bool v4 : {true, false}) {
        for (const std::size_t segments : {1U, 7U, 40U, 45U, 46U}) {
            std::vector<Buffer> reads;
            std::vector<Buffer> packets;
            add_stream({.v4 = v4, .payload = segments * 1348}, 9, 1348, reads, packets);
            expect_carried(reads, packets);
        }
    }
    EXPECT_EQ(dropped(), 0U);
}

TEST_F(PipelineTest, carries_super_packets_with_short_tails_and_small_segments) {
    for (const std::uint16_t gso : std::array<std::uint16_t, 3>{100, 536, 1348}) {
        std::vector<Buffer> reads;
        std::vector<Buffer> packets;
        add_stream({.payload = 20'001}, 12, gso, reads, packets);
        add_stream({.tcp = false, .payload = 9'999}, 12, gso, reads, packets);
        expect_carried(reads, packets);
    }
    EXPECT_EQ(dropped(), 0U);
}

TEST_F(PipelineTest, carries_bursts_of_single_packets_of_any_size) {
    for (const std::size_t fixed : {0U, 36U, 1372U}) {
        std::vector<Buffer> reads;
        std::vector<Buffer> packets;
        for (std::uint32_t n = 0; n < 200; ++n) {
            const std::size_t size = fixed != 0 ? fixed : random_.below(1340);
            packets.push_back(test::build_packet({.tcp = false,
                                                  .payload = size,
                                                  .id = static_cast<std::uint16_t>(n * 3),
                                                  .seed = n}));
            reads.push_back(plain_read(packets.back()));
        }
        expect_carried(reads, packets);
    }
    EXPECT_EQ(dropped(), 0U);
}

TEST_F(PipelineTest, carries_the_same_without_any_offload) {
    shared_.offloads.udp_gso = false;
    shared_.offloads.tun_tso = false;
    shared_.offloads.tun_uso = false;
    std::vector<Buffer> reads;
    std::vector<Buffer> packets;
    add_stream({.payload = 45 * 1348}, 5, 1348, reads, packets);
    expect_carried(reads, packets);
    EXPECT_EQ(dropped(), 0U);
}

TEST_F(PipelineTest, drops_and_counts_a_packet_that_no_datagram_carries) {
    shared_.mtu = 65535;
    tun_out_.put(plain_read(test::build_packet({.tcp = false, .payload = 65'450})));
    EXPECT_TRUE(outbound_->run(now_));
    EXPECT_EQ(drops_.get(static_cast<std::size_t>(net::DropReason::kTooLarge)), 1U);
    const Buffer largest = test::build_packet({.tcp = false, .payload = 65'398});
    expect_carried({plain_read(largest)}, {largest});
}

TEST_F(PipelineTest, opens_nothing_that_is_replayed_forged_or_cut) {
    const Buffer packet = test::build_packet({.tcp = false, .payload = 100});
    // Catch a genuine message on its way.
    const UniqueFd tap{::socket(AF_INET, SOCK_DGRAM, 0)};
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(tap.get(), reinterpret_cast<sockaddr*>(&here), sizeof here), 0);
    socklen_t size = sizeof here;
    ASSERT_EQ(::getsockname(tap.get(), reinterpret_cast<sockaddr*>(&here), &size), 0);
    const net::Path genuine = peer_.path();
    peer_.set_endpoint({*net::IpAddress::parse("127.0.0.1"), ntohs(here.sin_port), 0});
    tun_out_.put(plain_read(packet));
    EXPECT_TRUE(outbound_->run(now_));
    Buffer message(2048);
    const ssize_t got = ::recv(tap.get(), message.data(), message.size(), 0);
    ASSERT_GT(got, 32);
    message.resize(static_cast<std::size_t>(got));
    peer_.roam(genuine);

    sockaddr_in there = here;
    there.sin_port = htons(udp_.port);
    const auto inject = [&](const Buffer& bytes) {
        ASSERT_GE(::sendto(tap.get(),
                           bytes.data(),
                           bytes.size(),
                           0,
                           reinterpret_cast<sockaddr*>(&there),
                           sizeof there),
                  0);
        inbound_->run(now_);  // nothing to do if the first byte led it to the lane
    };
    for (std::size_t at = 0; at < message.size(); ++at) {  // no flipped bit passes
        Buffer forged = message;
        forged[at] ^= std::byte{0x40};
        inject(forged);
    }
    for (std::size_t cut = 0; cut < message.size(); ++cut) {
        inject(Buffer(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(cut)));
    }
    EXPECT_TRUE(tun_in_.take().empty());
    EXPECT_EQ(peer_.path(), genuine) << "a forgery must not roam";
    inject(message);
    EXPECT_EQ(tun_in_.take(), std::vector<Buffer>{packet});
    EXPECT_EQ(peer_.path().remote.port, ntohs(here.sin_port));
    peer_.roam(genuine);
    inject(message);
    EXPECT_TRUE(tun_in_.take().empty());
    EXPECT_EQ(peer_.path(), genuine) << "a replay must not roam";
}

}  // namespace
}  // namespace weft::dataplane
