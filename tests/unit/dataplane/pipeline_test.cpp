// SPDX-License-Identifier: Apache-2.0
// Outbound and Inbound back to back, content compared: TUN reads on one side, UDP over loopback,
// TUN writes on the other.
#include "pipeline.hpp"

namespace weft::dataplane {
namespace {

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
    EXPECT_EQ(dropped(net::DropReason::kTooLarge), 1U);
    const Buffer largest = test::build_packet({.tcp = false, .payload = 65'398});
    expect_carried({plain_read(largest)}, {largest});
}

TEST_F(PipelineTest, opens_nothing_that_is_replayed_forged_or_cut) {
    const Buffer packet = test::build_packet({.tcp = false, .payload = 100});
    const Outside tap;  // catches a genuine message on its way
    const net::Path genuine = peer_.path();
    peer_.set_endpoint(tap.endpoint());
    tun_out_.put(plain_read(packet));
    EXPECT_TRUE(outbound_->run(now_));
    const Buffer message = tap.take();
    ASSERT_GT(message.size(), 32U);
    peer_.roam(genuine);

    const auto inject = [&](const Buffer& bytes) {
        tap.send(bytes, udp_.port);
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
    EXPECT_EQ(peer_.path().remote, tap.endpoint());
    peer_.roam(genuine);
    inject(message);
    EXPECT_TRUE(tun_in_.take().empty());
    EXPECT_EQ(peer_.path(), genuine) << "a replay must not roam";
}

}  // namespace
}  // namespace weft::dataplane
