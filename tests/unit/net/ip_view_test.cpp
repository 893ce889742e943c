// SPDX-License-Identifier: Apache-2.0
// The inner header: lengths that lie are refused, fields are read, ECN follows RFC 6040's table.
#include <vector>

#include <gtest/gtest.h>

#include <weft/base/random.hpp>
#include <weft/net/checksum.hpp>
#include <weft/net/drop_reason.hpp>
#include <weft/net/ip_view.hpp>

#include "hex.hpp"
#include "slow_checksum.hpp"

namespace weft::net {
namespace {

using Packet = std::vector<std::byte>;

Packet ipv4_packet(std::size_t header_size = 20, std::size_t payload = 8) {
    Packet packet(header_size + payload);
    packet[0] = static_cast<std::byte>(0x40 | header_size / 4);
    store_be16(&packet[2], static_cast<std::uint16_t>(packet.size()));
    packet[8] = std::byte{64};
    packet[9] = std::byte{kProtocolUdp};
    copy_bytes(IpAddress::parse("10.0.0.1")->bytes(), Bytes{packet}.subspan(12));
    copy_bytes(IpAddress::parse("10.0.0.2")->bytes(), Bytes{packet}.subspan(16));
    write_ipv4_checksum(Bytes{packet}.first(header_size));
    return packet;
}

Packet ipv6_packet(std::size_t payload = 8) {
    Packet packet(kIpv6Header + payload);
    packet[0] = std::byte{0x60};
    store_be16(&packet[4], static_cast<std::uint16_t>(payload));
    packet[6] = std::byte{kProtocolTcp};
    copy_bytes(IpAddress::parse("fd00::1")->bytes(), Bytes{packet}.subspan(8));
    copy_bytes(IpAddress::parse("fd00::2")->bytes(), Bytes{packet}.subspan(24));
    return packet;
}

TEST(IpView, ReadsTheFieldsOfIpv4) {
    Packet packet = ipv4_packet(28, 10);
    packet[1] = std::byte{0xb9};
    const auto view = IpView::parse(packet);
    ASSERT_TRUE(view);
    EXPECT_TRUE(view->is_v4());
    EXPECT_EQ(view->header_size(), 28u);
    EXPECT_EQ(view->total_size(), 38u);
    EXPECT_EQ(view->protocol(), kProtocolUdp);
    EXPECT_EQ(view->traffic_class(), 0xb9);
    EXPECT_EQ(view->source().to_string(), "10.0.0.1");
    EXPECT_EQ(view->destination().to_string(), "10.0.0.2");
    EXPECT_EQ(view->source_bytes(), packet.data() + 12);
}

TEST(IpView, ReadsTheFieldsOfIpv6) {
    Packet packet = ipv6_packet(10);
    store_be32(packet.data(), 0x6b9abcde);
    const auto view = IpView::parse(packet);
    ASSERT_TRUE(view);
    EXPECT_FALSE(view->is_v4());
    EXPECT_EQ(view->header_size(), 40u);
    EXPECT_EQ(view->total_size(), 50u);
    EXPECT_EQ(view->protocol(), kProtocolTcp);
    EXPECT_EQ(view->traffic_class(), 0xb9);
    EXPECT_EQ(view->source().to_string(), "fd00::1");
    EXPECT_EQ(view->destination().to_string(), "fd00::2");
}

TEST(IpView, TellsThePacketFromItsPadding) {
    Packet packet = ipv4_packet();
    packet.resize(packet.size() + 15);
    EXPECT_EQ(IpView::parse(packet)->total_size(), 28u);
    packet = ipv6_packet();
    packet.resize(packet.size() + 15);
    EXPECT_EQ(IpView::parse(packet)->total_size(), 48u);
}

TEST(IpView, TakesAHeaderWithoutPayload) {
    EXPECT_TRUE(IpView::parse(ipv4_packet(20, 0)));
    EXPECT_TRUE(IpView::parse(ipv4_packet(60, 0)));
    EXPECT_TRUE(IpView::parse(ipv6_packet(0)));
}

TEST(IpView, RefusesEveryTruncation) {
    for (const Packet& packet : {ipv4_packet(20), ipv4_packet(60), ipv6_packet()}) {
        for (std::size_t size = 0; size < packet.size(); ++size) {
            const Packet cut(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
            EXPECT_FALSE(IpView::parse(cut)) << size;
        }
    }
}

TEST(IpView, RefusesEveryOtherVersion) {
    for (unsigned version = 0; version < 16; ++version) {
        Packet packet(64);
        packet[0] = static_cast<std::byte>(version << 4 | 5);
        store_be16(&packet[2], 64);
        EXPECT_EQ(IpView::parse(packet).has_value(), version == 4 || version == 6) << version;
    }
}

TEST(IpView, RefusesIpv4LengthsThatContradictTheHeader) {
    for (unsigned words = 0; words < 16; ++words) {
        Packet packet = ipv4_packet(20, 100);
        packet[0] = static_cast<std::byte>(0x40 | words);
        EXPECT_EQ(IpView::parse(packet).has_value(), words >= 5) << words;
    }
    Packet packet = ipv4_packet(24, 0);
    for (const unsigned total : {0u, 19u, 20u, 23u, 25u, 0xffffu}) {
        store_be16(&packet[2], static_cast<std::uint16_t>(total));
        EXPECT_FALSE(IpView::parse(packet)) << total;
    }
}

TEST(IpView, SurvivesRandomBytes) {
    SeededRandom random{11};
    for (int i = 0; i < 20000; ++i) {
        Packet packet(random.below(80));
        random.fill(packet);
        if (!packet.empty() && i % 2 == 0) {
            packet[0] = static_cast<std::byte>(i % 4 == 0 ? 0x45 : 0x60);
        }
        if (const auto view = IpView::parse(packet)) {
            EXPECT_LE(view->header_size(), view->total_size());
            EXPECT_LE(view->total_size(), packet.size());
            static_cast<void>(view->destination());
            static_cast<void>(view->traffic_class());
        }
    }
}

// ---- ECN ----------------------------------------------------------------------------------------

TEST(SetEcn, ChangesTheTwoBitsAndKeepsTheIpv4ChecksumRight) {
    for (unsigned class_before = 0; class_before < 256; ++class_before) {
        for (unsigned ecn = 0; ecn < 4; ++ecn) {
            Packet packet = ipv4_packet(24);
            packet[1] = static_cast<std::byte>(class_before);
            write_ipv4_checksum(Bytes{packet}.first(24));
            Packet expected = packet;
            expected[1] = static_cast<std::byte>((class_before & 0xfc) | ecn);
            write_ipv4_checksum(Bytes{expected}.first(24));

            set_ecn(packet, true, static_cast<std::uint8_t>(ecn));
            EXPECT_EQ(packet, expected);
        }
    }
}

TEST(SetEcn, AgreesWithAFreshChecksumForRandomHeaders) {
    SeededRandom random{12};
    for (int i = 0; i < 20000; ++i) {
        Packet packet(20);
        random.fill(packet);
        packet[0] = std::byte{0x45};
        write_ipv4_checksum(packet);
        const auto ecn = static_cast<std::uint8_t>(random.below(4));
        set_ecn(packet, true, ecn);
        EXPECT_EQ(test::slow_checksum(packet), 0xffff);
        EXPECT_EQ(std::to_integer<unsigned>(packet[1]) & 3, ecn);
    }
}

TEST(SetEcn, TouchesNothingElseOfIpv6) {
    for (unsigned ecn = 0; ecn < 4; ++ecn) {
        Packet packet = ipv6_packet();
        store_be32(packet.data(), 0x6fffffff);
        Packet expected = packet;
        store_be32(expected.data(), 0x6fcfffff | ecn << 20);
        set_ecn(packet, false, static_cast<std::uint8_t>(ecn));
        EXPECT_EQ(packet, expected);
    }
}

TEST(DecapsulateEcn, FollowsTheTableOfRfc6040) {
    // Figure 4; rows: inner, columns: outer Not-ECT 00, ECT(1) 01, ECT(0) 10, CE 11.
    constexpr int kTable[4][4] = {
        {0, 0, 0, 0},  // Not-ECT: also under CE, as kernel WireGuard has it
        {1, 1, 1, 3},  // ECT(1)
        {2, 1, 2, 3},  // ECT(0)
        {3, 3, 3, 3},  // CE
    };
    for (const bool is_v4 : {true, false}) {
        for (std::uint8_t inner = 0; inner < 4; ++inner) {
            for (std::uint8_t outer = 0; outer < 4; ++outer) {
                Packet packet = is_v4 ? ipv4_packet() : ipv6_packet();
                set_ecn(packet, is_v4, inner);
                // The outer DSCP is of no concern.
                const auto outer_class = static_cast<std::uint8_t>(0xb8 | outer);
                decapsulate_ecn(outer_class, packet, is_v4);
                const int expected = kTable[inner][outer];
                EXPECT_EQ(IpView::parse(packet)->traffic_class(), expected);
                if (is_v4) {
                    EXPECT_EQ(test::slow_checksum(ConstBytes{packet}.first(20)), 0xffff);
                }
            }
        }
    }
}

TEST(DropReason, HasANameOfItsOwnForEachValue) {
    EXPECT_EQ(name_of(DropReason::kNone), "none");
    EXPECT_EQ(name_of(DropReason::kLaneOverflow), kDropReasonNames.back());
    for (std::size_t i = 0; i < kDropReasonCount; ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            EXPECT_NE(kDropReasonNames[i], kDropReasonNames[j]);
        }
    }
}

}  // namespace
}  // namespace weft::net
