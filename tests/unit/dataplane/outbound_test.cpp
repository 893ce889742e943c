// SPDX-License-Identifier: Apache-2.0
// What comes out of the TUN and must not be believed, carried or answered without a thought: vnet
// headers, empty datagrams, nonces at their limit, packets too large, messages that go round.
#include <set>
#include <thread>

#include "pipeline.hpp"

namespace weft::dataplane {
namespace {

class OutboundTest : public PipelineTest {
  protected:
    OutboundTest() { shared_.icmp_source6 = *net::IpAddress::parse("fd44::1"); }
    /// The answers that inner senders were given: written to the TUN that was read.
    [[nodiscard]] std::vector<Buffer> answers() const {
        std::vector<Buffer> all;
        for (auto some = tun_out_.take(); !some.empty(); some = tun_out_.take()) {
            all.insert(all.end(), some.begin(), some.end());
        }
        return all;
    }
    void read(const Buffer& read) {
        tun_out_.put(read);
        outbound_->run(now_);
    }
};

TEST_F(OutboundTest, carries_empty_udp_datagrams_among_others_in_one_train) {
    std::vector<Buffer> reads;
    std::vector<Buffer> packets;
    for (const bool v4 : {true, false}) {
        for (const std::size_t payload : {100U, 0U, 100U, 0U, 0U, 1U, 0U}) {
            packets.push_back(test::build_packet({.v4 = v4, .tcp = false, .payload = payload}));
            reads.push_back(plain_read(packets.back()));
        }
    }
    expect_carried(reads, packets);
    EXPECT_EQ(dropped(), 0U);
}

TEST_F(OutboundTest, takes_any_gso_size_that_makes_segments) {
    // As large as the payload or larger: one segment. Far smaller than the headers: many.
    for (const std::uint16_t gso : std::array<std::uint16_t, 6>{20, 39, 999, 1000, 1001, 65535}) {
        for (const bool tcp : {true, false}) {
            std::vector<Buffer> reads;
            std::vector<Buffer> packets;
            const PacketSpec spec{.tcp = tcp, .payload = 1000};
            Buffer read = test::tun_read(spec, test::build_packet(spec), gso);
            const auto super = SuperPacket::parse(read);
            ASSERT_TRUE(super);
            EXPECT_EQ(super->segments(), (1000U + gso - 1) / gso);
            for (std::uint32_t i = 0; i < super->segments(); ++i) {
                SuperPacket::Scratch scratch;
                const auto segment = super->segment(i, scratch);
                Buffer& packet = packets.emplace_back(segment.size());
                copy_bytes(segment.payload, copy_bytes(segment.head, packet));
            }
            expect_carried({read}, packets);
        }
    }
    EXPECT_EQ(dropped(), 0U);
}

TEST_F(OutboundTest, drops_and_counts_a_gso_size_that_makes_none_or_too_many) {
    const PacketSpec spec{.payload = 60000};
    for (const std::uint16_t gso : std::array<std::uint16_t, 2>{1, 119}) {  // over 500 segments
        read(test::tun_read(spec, test::build_packet(spec), gso));
    }
    Buffer none = test::tun_read(spec, test::build_packet(spec), 1000);
    auto vnet = sys::VnetHeader::decode(none);
    vnet.gso_size = 0;
    vnet.encode(Bytes{none}.first<sys::kVnetHeaderSize>());
    read(none);
    EXPECT_EQ(dropped(net::DropReason::kOffloadMalformed), 3U);
    read(Buffer(sys::kVnetHeaderSize - 1));
    read(plain_read(Buffer(60)));
    EXPECT_EQ(dropped(net::DropReason::kInnerMalformed), 2U);
    EXPECT_TRUE(arrived().empty());
}

TEST_F(OutboundTest, splits_a_super_packet_whose_type_has_the_ecn_bit) {
    const PacketSpec spec{.payload = 3500, .tcp_flags = 0x10 | 0x80, .traffic_class = 2};
    Buffer read = test::tun_read(spec, test::build_packet(spec), 1000);
    Buffer marked = read;
    marked[1] |= std::byte{sys::VnetHeader::kGsoEcn};
    const auto plain = SuperPacket::parse(read);
    const auto super = SuperPacket::parse(marked);
    ASSERT_TRUE(super);
    ASSERT_EQ(super->segments(), 4U);
    for (std::uint32_t i = 0; i < super->segments(); ++i) {
        SuperPacket::Scratch scratch;
        SuperPacket::Scratch other;
        const auto segment = super->segment(i, scratch);
        const bool cwr = (segment.head[33] & std::byte{0x80}) != std::byte{0};
        EXPECT_EQ(cwr, i == 0) << "congestion is told once";
        const ConstBytes expected = plain->segment(i, other).head;
        EXPECT_TRUE(std::equal(segment.head.begin(), segment.head.end(), expected.begin()));
    }
}

TEST_F(OutboundTest, shows_the_inner_ecn_outside_but_never_a_mark_or_dscp) {
    const Outside wire;
    const int on = 1;
    for (const bool v4 : {true, false}) {
        for (unsigned ecn = 0; ecn < 4; ++ecn) {
            const auto before = peer_.path();
            sys::UdpSocket socket{UniqueFd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)},
                                  net::Family::kIpv4};
            sockaddr_in here{};
            here.sin_family = AF_INET;
            here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            socklen_t size = sizeof here;
            ASSERT_EQ(::bind(socket.fd(), reinterpret_cast<sockaddr*>(&here), size), 0);
            ASSERT_EQ(::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&here), &size), 0);
            ASSERT_EQ(::setsockopt(socket.fd(), IPPROTO_IP, IP_RECVTOS, &on, sizeof on), 0);
            peer_.set_endpoint({wire.endpoint().address, ntohs(here.sin_port), 0});
            const auto tos = static_cast<std::uint8_t>(0xb8U | ecn);
            read(plain_read(test::build_packet({.v4 = v4, .payload = 5, .traffic_class = tos})));
            sys::ReceivedTrain train;
            Buffer buffer(2048);
            ASSERT_TRUE(socket.receive(buffer, train).ok());
            EXPECT_EQ(train.traffic_class, ecn == 3 ? 2 : ecn);
            peer_.roam(before);
        }
    }
}

TEST_F(OutboundTest, uses_no_nonce_past_the_limit_nor_any_twice_with_many_workers) {
    constexpr std::uint64_t kLeft = 3'000;
    constexpr std::size_t kWorkers = 4;
    send_from_nonce(wg::kRejectAfterMessages - kLeft);
    const Outside wire;
    peer_.set_endpoint(wire.endpoint());
    std::array<FakeTun, kWorkers> tuns;
    std::array<DropCounters, kWorkers> drops;
    std::vector<std::thread> workers;
    std::set<std::uint64_t> nonces;
    const PacketSpec spec{.payload = 6000};
    const Buffer super = test::tun_read(spec, test::build_packet(spec), 1000);
    // In rounds, so that the wire's buffer never overflows: all of it is looked at.
    for (std::uint64_t sent = 0; sent < kLeft + 1000; sent += kWorkers * 6 * 20) {
        workers.clear();
        for (std::size_t n = 0; n < kWorkers; ++n) {
            for (int i = 0; i < 20; ++i) {
                tuns[n].put(super);
            }
            workers.emplace_back([&, n] {
                Outbound outbound{shared_, 0, *tuns[n].queue, udp_.workers[0], drops[n]};
                while (outbound.run(now_)) {
                }
            });
        }
        for (std::thread& worker : workers) {
            worker.join();
        }
        for (Buffer message = wire.take(); !message.empty(); message = wire.take()) {
            EXPECT_TRUE(nonces.insert(wg::counter_of_data(message)).second) << "a nonce twice";
        }
    }
    ASSERT_FALSE(nonces.empty());
    EXPECT_LT(*nonces.rbegin(), wg::kRejectAfterMessages);
    EXPECT_GT(nonces.size(), kLeft - 6);  // and all but an odd block of them were used
    EXPECT_FALSE(out_->may_send(now_));
    EXPECT_NE(shared_.lane.take_requested(), nullptr) << "a handshake is asked for";
}

TEST_F(OutboundTest, tells_the_inner_sender_of_a_missing_peer_or_endpoint_within_the_budget) {
    allowed_.remove_all(peer_);
    publish_routes();
    for (const bool v4 : {true, false}) {
        const Buffer packet = test::build_packet({.v4 = v4, .tcp = false, .payload = 30});
        read(plain_read(packet));
        const auto got = answers();
        ASSERT_EQ(got.size(), 1U);
        const auto ip = net::IpView::parse(got[0]);
        EXPECT_EQ(ip->destination(), net::IpView::parse(packet)->source());
        EXPECT_EQ(load_be16(&got[0][ip->header_size()]), v4 ? 0x0301 : 0x0103);
    }
    EXPECT_EQ(dropped(net::DropReason::kNoRoute), 2U);
    allowed_.add(*net::Prefix::parse("0.0.0.0/0"), peer_);
    publish_routes();
    peer_.set_endpoint({});
    std::size_t told = 0;
    for (int i = 0; i < 200; ++i) {
        read(plain_read(test::build_packet({.tcp = false, .payload = 30})));
        told += answers().size();
    }
    EXPECT_EQ(dropped(net::DropReason::kNoEndpoint), 200U);
    EXPECT_EQ(told, static_cast<std::size_t>(IcmpBudget::kBurst) - 2);
}

TEST_F(OutboundTest, tells_the_sender_of_a_packet_that_no_message_carries) {
    shared_.mtu = 65535;
    const Buffer packet = test::build_packet({.tcp = false, .payload = 65'450});  // DF
    read(plain_read(packet));
    auto got = answers();
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(load_be16(&got[0][20]), 0x0304);
    const std::size_t mtu = load_be16(&got[0][26]);
    EXPECT_EQ(load_be16(&got[0][24]), 0);
    Buffer cuttable = packet;
    cuttable[6] = std::byte{0};
    read(plain_read(cuttable));
    EXPECT_TRUE(answers().empty()) << "without DF its sender could do nothing about it";
    EXPECT_EQ(dropped(net::DropReason::kTooLarge), 2U);
    const Buffer fits = test::build_packet({.tcp = false, .payload = mtu - 28});
    expect_carried({plain_read(fits)}, {fits});
}

TEST_F(OutboundTest, drops_its_own_message_that_would_go_to_the_same_peer_again) {
    for (const bool v4 : {true, false}) {
        PacketSpec spec{.v4 = v4, .tcp = false, .payload = 128};
        spec.source_port = udp_.port;
        spec.destination_port = 51840;
        const Buffer message = test::build_packet(spec);
        peer_.set_endpoint({net::IpView::parse(message)->destination(), 51840, 0});
        const std::uint64_t before = dropped(net::DropReason::kRoutingLoop);
        read(plain_read(message));
        EXPECT_EQ(dropped(net::DropReason::kRoutingLoop), before + 1);
        EXPECT_EQ(peer_.counters.tx_packets, 0U);
        EXPECT_TRUE(answers().empty());
    }
    const PacketSpec others{.tcp = false, .payload = 1, .destination_port = 51840};
    peer_.set_endpoint({net::IpView::parse(test::build_packet(others))->destination(), 51840, 0});
    read(plain_read(test::build_packet(others)));
    EXPECT_EQ(peer_.counters.tx_packets, 1U) << "from another port it is not ours";
}

TEST_F(OutboundTest, carries_its_own_message_to_another_peer) {
    PacketSpec spec{.tcp = false, .payload = 128};
    spec.source_port = udp_.port;
    const Buffer message = test::build_packet(spec);  // to a peer that is behind ours
    expect_carried({plain_read(message), plain_read(message)}, {message, message});
    EXPECT_EQ(dropped(), 0U);
}

}  // namespace
}  // namespace weft::dataplane
