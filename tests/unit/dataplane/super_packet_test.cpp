// SPDX-License-Identifier: Apache-2.0
// Splitting: each segment equals the packet that a sender without offload would have built.
#include "super_packet.hpp"

#include <gtest/gtest.h>

#include "packets.hpp"

namespace weft::dataplane {
namespace {

using test::Buffer;
using test::PacketSpec;

Buffer join(const SuperPacket::Segment& segment) {
    Buffer whole(segment.size());
    copy_bytes(segment.payload, copy_bytes(segment.head, whole));
    return whole;
}

/// Segment `i` of a super-packet built the slow way, as a packet of its own.
Buffer expected_segment(
    PacketSpec spec, ConstBytes payload, std::uint32_t i, std::uint32_t last, std::uint16_t gso) {
    const std::size_t offset = std::size_t{i} * gso;
    spec.payload = std::min<std::size_t>(gso, payload.size() - offset);
    spec.seq += static_cast<std::uint32_t>(offset);
    spec.id = static_cast<std::uint16_t>(spec.id + i);
    if (i != 0) {
        spec.tcp_flags &= 0x7f;  // CWR only on the first
    }
    if (i != last) {
        spec.tcp_flags &= static_cast<std::uint8_t>(~0x09U);  // FIN, PSH only on the last
    }
    Buffer packet = test::build_packet(spec);
    copy_bytes(payload.subspan(offset, spec.payload),
               Bytes{packet}.subspan(test::header_bytes(spec)));
    test::fix_checksums(spec, packet);
    return packet;
}

void expect_split(const PacketSpec& spec, std::uint16_t gso) {
    const Buffer packet = test::build_packet(spec);
    const ConstBytes payload = ConstBytes{packet}.subspan(test::header_bytes(spec));
    Buffer read = test::tun_read(spec, packet, gso);
    const auto super = SuperPacket::parse(read);
    ASSERT_TRUE(super);
    const auto count = static_cast<std::uint32_t>((spec.payload + gso - 1) / gso);
    ASSERT_EQ(super->segments(), count);
    for (std::uint32_t i = 0; i < count; ++i) {
        SuperPacket::Scratch scratch;
        EXPECT_EQ(join(super->segment(i, scratch)),
                  expected_segment(spec, payload, i, count - 1, gso))
            << "segment " << i << " of " << count << ", gso " << gso;
    }
}

TEST(SuperPacket, splits_tcp_and_udp_of_both_families_into_what_a_plain_sender_builds) {
    for (const bool v4 : {true, false}) {
        for (const bool tcp : {true, false}) {
            for (const std::size_t payload : {1U, 2U, 999U, 1000U, 1001U, 5000U, 61003U}) {
                expect_split({.v4 = v4, .tcp = tcp, .payload = payload}, 1000);
                expect_split({.v4 = v4, .tcp = tcp, .payload = payload, .id = 0xfffe}, 1368);
            }
        }
    }
}

TEST(SuperPacket, keeps_cwr_on_the_first_and_fin_and_psh_on_the_last_segment) {
    expect_split({.payload = 3500, .tcp_flags = 0x10 | 0x80 | 0x08 | 0x01}, 1000);
    expect_split({.v4 = false, .payload = 3500, .seq = 0xfffffc00, .tcp_flags = 0x98}, 1000);
}

TEST(SuperPacket, completes_the_checksum_of_a_single_packet_once_and_only_once) {
    for (const bool v4 : {true, false}) {
        for (const bool tcp : {true, false}) {
            const PacketSpec spec{.v4 = v4, .tcp = tcp, .payload = 77};
            const Buffer packet = test::build_packet(spec);
            Buffer read = test::tun_read(spec, packet, 0);
            for (int round = 0; round < 2; ++round) {
                const auto super = SuperPacket::parse(read);
                ASSERT_TRUE(super);
                SuperPacket::Scratch scratch;
                EXPECT_EQ(join(super->segment(0, scratch)), packet) << "round " << round;
            }
        }
    }
}

TEST(SuperPacket, sends_a_zero_udp_checksum_as_all_ones) {
    const PacketSpec spec{.tcp = false, .payload = 2};
    Buffer packet = test::build_packet(spec);
    // Adding the checksum itself as payload makes the sum all ones, its complement zero.
    store_be16(&packet[28], 0);
    test::fix_checksums(spec, packet);
    const std::uint16_t checksum = load_be16(&packet[26]);
    store_be16(&packet[28], checksum);
    Buffer read = test::tun_read(spec, packet, 0);
    const auto super = SuperPacket::parse(read);
    ASSERT_TRUE(super);
    EXPECT_EQ(load_be16(&super->packet()[26]), 0xffff);
}

TEST(SuperPacket, refuses_every_vnet_header_that_contradicts_its_packet) {
    const PacketSpec spec{.payload = 3000};
    const Buffer good = test::tun_read(spec, test::build_packet(spec), 1000);
    ASSERT_TRUE([&] {
        Buffer copy = good;
        return SuperPacket::parse(copy).has_value();
    }());
    const auto with = [&](auto edit) {
        Buffer bad = good;
        auto vnet = sys::VnetHeader::decode(bad);
        edit(vnet);
        vnet.encode(Bytes{bad}.first<sys::kVnetHeaderSize>());
        return SuperPacket::parse(bad).has_value();
    };
    EXPECT_FALSE(with([](auto& v) { v.gso_size = 0; }));
    EXPECT_FALSE(with([](auto& v) { v.gso_type = sys::GsoType::kTcpV6; }));
    EXPECT_FALSE(with([](auto& v) { v.gso_type = sys::GsoType::kUdpFragment; }));
    EXPECT_FALSE(with([](auto& v) { v.csum_start = 0; }));
    EXPECT_FALSE(with([](auto& v) { v.csum_start = 3040; }));
    EXPECT_FALSE(with([](auto& v) { v.csum_start = 0xffff; }));
    for (std::size_t size = 0; size < 62; ++size) {  // shorter than its own headers
        Buffer cut = good;
        cut.resize(size);
        EXPECT_FALSE(SuperPacket::parse(cut)) << size;
    }
}

TEST(SuperPacket, survives_random_reads) {
    SeededRandom random{20261120};
    const PacketSpec spec{.payload = 300};
    for (int round = 0; round < 20000; ++round) {
        Buffer read = test::tun_read(spec, test::build_packet(spec), 100);
        for (int flips = 0; flips < 4; ++flips) {
            read[random.below(60)] = static_cast<std::byte>(random.next_u32());
        }
        read.resize(random.below(read.size() + 1));
        if (const auto super = SuperPacket::parse(read)) {
            for (std::uint32_t i = 0; i < super->segments(); ++i) {
                SuperPacket::Scratch scratch;
                EXPECT_LE(super->segment(i, scratch).size(), read.size());
            }
        }
    }
}

}  // namespace
}  // namespace weft::dataplane
