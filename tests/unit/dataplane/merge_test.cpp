// SPDX-License-Identifier: Apache-2.0
// Merging: split and merge are inverse, and nothing is merged that the kernel's GRO would not.
#include "merge.hpp"

#include <gtest/gtest.h>

#include "packets.hpp"
#include "super_packet.hpp"

namespace weft::dataplane {
namespace {

using test::Buffer;
using test::join;
using test::PacketSpec;

constexpr Merger::Allowed kAllMerges{.tcp = true, .udp = true};

/// Feeds packets; true if all became one run, which is left in `merger`.
bool merge_all(Merger& merger, std::vector<Buffer>& packets, Merger::Allowed allowed = kAllMerges) {
    merger.clear();
    for (Buffer& packet : packets) {
        const auto ip = net::IpView::parse(packet);
        if (merger.empty()) {
            merger.start(packet, *ip, allowed);
        } else if (!merger.try_append(packet, *ip, allowed)) {
            return false;
        }
    }
    return true;
}

std::vector<Buffer> split(const PacketSpec& spec, std::uint16_t gso) {
    Buffer read = test::tun_read(spec, test::build_packet(spec), gso);
    const auto super = SuperPacket::parse(read);
    std::vector<Buffer> packets;
    for (std::uint32_t i = 0; i < super->segments(); ++i) {
        SuperPacket::Scratch scratch;
        const auto segment = super->segment(i, scratch);
        Buffer packet(segment.size());
        copy_bytes(segment.payload, copy_bytes(segment.head, packet));
        packets.push_back(std::move(packet));
    }
    return packets;
}

TEST(Merger, restores_a_super_packet_from_its_segments) {
    Merger merger;
    for (const bool v4 : {true, false}) {
        for (const bool tcp : {true, false}) {
            for (const std::size_t payload : {1001U, 2000U, 2999U, 45000U}) {
                const PacketSpec spec{.v4 = v4, .tcp = tcp, .payload = payload, .id = 0xfff0};
                auto packets = split(spec, 1000);
                ASSERT_TRUE(merge_all(merger, packets));
                Buffer expected = test::tun_read(spec, test::build_packet(spec), 1000);
                EXPECT_EQ(join(merger.finish()), expected) << v4 << tcp << payload;
            }
        }
    }
}

TEST(Merger, writes_a_single_packet_untouched_and_without_offload) {
    Merger merger;
    std::vector<Buffer> packets{test::build_packet({.payload = 100})};
    ASSERT_TRUE(merge_all(merger, packets));
    const Buffer written = join(merger.finish());
    EXPECT_EQ(Buffer(written.begin(), written.begin() + 10), Buffer(10));
    EXPECT_EQ(Buffer(written.begin() + 10, written.end()), test::build_packet({.payload = 100}));
}

TEST(Merger, gives_back_the_packets_as_received_when_the_merged_write_was_refused) {
    Merger merger;
    auto packets = split({.payload = 2500}, 1000);
    const auto originals = packets;
    ASSERT_TRUE(merge_all(merger, packets));
    [[maybe_unused]] const auto merged = merger.finish();
    for (std::size_t i = 0; i < originals.size(); ++i) {
        const Buffer written = join(merger.single(i));
        EXPECT_EQ(Buffer(written.begin() + 10, written.end()), originals[i]) << i;
    }
}

struct Pair {
    const char* why;
    PacketSpec first;
    PacketSpec second;
};

TEST(Merger, keeps_apart_what_gro_keeps_apart) {
    const PacketSpec a{.payload = 100, .seq = 1000, .id = 7};
    const auto next = [](auto edit) {
        PacketSpec spec{.payload = 100, .seq = 1100, .id = 8};
        edit(spec);
        return spec;
    };
    const auto first = [](auto edit) {
        PacketSpec spec{.payload = 100, .seq = 1000, .id = 7};
        edit(spec);
        return spec;
    };
    const Pair pairs[] = {
        {"gap in sequence", a, next([](auto& s) { s.seq += 1; })},
        {"IP id not consecutive", a, next([](auto& s) { s.id += 1; })},
        {"other source port", a, next([](auto& s) { s.source_port += 1; })},
        {"other destination port", a, next([](auto& s) { s.destination_port += 1; })},
        {"longer than the first", a, next([](auto& s) { s.payload = 101; })},
        {"no payload", a, next([](auto& s) { s.payload = 0; })},
        {"FIN", a, next([](auto& s) { s.tcp_flags = 0x11; })},
        {"SYN", a, next([](auto& s) { s.tcp_flags = 0x12; })},
        {"RST", a, next([](auto& s) { s.tcp_flags = 0x14; })},
        {"URG", a, next([](auto& s) { s.tcp_flags = 0x30; })},
        {"ECE", a, next([](auto& s) { s.tcp_flags = 0x50; })},
        {"CWR", a, next([](auto& s) { s.tcp_flags = 0x90; })},
        {"no ACK", a, next([](auto& s) { s.tcp_flags = 0x00; })},
        {"other options size", a, next([](auto& s) { s.tcp_options = 16; })},
        {"other traffic class", a, next([](auto& s) { s.traffic_class = 1; })},
        {"other family", a, next([](auto& s) { s.v4 = false; })},
        {"other protocol", a, next([](auto& s) { s.tcp = false; })},
        {"PSH ended the first", first([](auto& s) { s.tcp_flags = 0x18; }), next([](auto&) {})},
        {"FIN in the first", first([](auto& s) { s.tcp_flags = 0x11; }), next([](auto&) {})},
        {"VXLAN",
         first([](auto& s) {
             s.tcp = false;
             s.destination_port = 4789;
         }),
         next([](auto& s) {
             s.tcp = false;
             s.destination_port = 4789;
         })},
    };
    Merger merger;
    std::vector<Buffer> fine{test::build_packet(a), test::build_packet(next([](auto&) {}))};
    ASSERT_TRUE(merge_all(merger, fine))
        << "the unedited pair must merge, else this proves nothing";
    for (const Pair& pair : pairs) {
        std::vector<Buffer> packets{test::build_packet(pair.first),
                                    test::build_packet(pair.second)};
        EXPECT_FALSE(merge_all(merger, packets)) << pair.why;
    }
}

TEST(Merger, compares_fields_that_no_builder_varies) {
    struct Edit {
        const char* why;
        std::size_t at;
    };
    const Edit edits[] = {{"TTL", 8},
                          {"fragment flags", 6},
                          {"source address", 15},
                          {"destination", 19},
                          {"acknowledgement", 20 + 11},
                          {"window", 20 + 15},
                          {"option bytes", 20 + 20}};
    Merger merger;
    for (const Edit& edit : edits) {
        std::vector<Buffer> packets{test::build_packet({.payload = 100, .seq = 1000, .id = 7}),
                                    test::build_packet({.payload = 100, .seq = 1100, .id = 8})};
        packets[1][edit.at] ^= std::byte{0x20};
        EXPECT_FALSE(merge_all(merger, packets)) << edit.why;
    }
}

TEST(Merger, ends_a_run_with_a_shorter_packet) {
    Merger merger;
    std::vector<Buffer> packets{test::build_packet({.payload = 100, .seq = 0, .id = 1}),
                                test::build_packet({.payload = 99, .seq = 100, .id = 2}),
                                test::build_packet({.payload = 99, .seq = 199, .id = 3})};
    EXPECT_FALSE(merge_all(merger, packets));
    EXPECT_EQ(merger.packets(), 2U);
}

TEST(Merger, merges_only_what_is_allowed) {
    Merger merger;
    auto tcp = split({.payload = 2000}, 1000);
    EXPECT_FALSE(merge_all(merger, tcp, {.tcp = false, .udp = true}));
    auto udp = split({.tcp = false, .payload = 2000}, 1000);
    EXPECT_FALSE(merge_all(merger, udp, {.tcp = true, .udp = false}));
}

TEST(Merger, never_grows_past_64_packets_or_an_ip_packet) {
    Merger merger;
    for (const std::size_t size : {10U, 1400U}) {
        std::vector<Buffer> packets;
        for (std::uint32_t i = 0; i < 70; ++i) {
            packets.push_back(test::build_packet({.payload = size,
                                                  .seq = static_cast<std::uint32_t>(i * size),
                                                  .id = static_cast<std::uint16_t>(i)}));
        }
        EXPECT_FALSE(merge_all(merger, packets));
        EXPECT_LE(merger.packets(), Merger::kPacketsMax);
        EXPECT_LE(join(merger.finish()).size(), 65535U + sys::kVnetHeaderSize);
    }
}

}  // namespace
}  // namespace weft::dataplane
