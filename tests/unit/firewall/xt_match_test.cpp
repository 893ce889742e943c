// SPDX-License-Identifier: Apache-2.0
// Matches of x_tables as the kernel's modules decide them, field by field.
#include "xt_match.hpp"

#include <arpa/inet.h>  // before linux/in.h, which then leaves out what is there
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_tcpudp.h>

#include <gtest/gtest.h>

#include "parsed.hpp"

namespace weft::firewall {
namespace {

Probe probe_of(std::uint8_t protocol, Path path = Path::kInput) {
    Probe probe;
    probe.path = path;
    probe.source = test::address("192.0.2.1");
    probe.destination = test::address("192.0.2.2");
    probe.protocol = protocol;
    probe.destination_port = 51840;
    return probe;
}

template <class Info>
ConstBytes bytes_of(const Info& info) {
    return std::as_bytes(std::span{&info, 1});
}

std::optional<bool> udp(const xt_udp& info, Path path = Path::kInput) {
    return xt_matches("udp", 0, bytes_of(info), probe_of(IPPROTO_UDP, path));
}

TEST(XtMatch, UdpPortsAreRangesWithTheirEnds) {
    EXPECT_EQ(udp({{0, 65535}, {0, 65535}, 0}), true);
    EXPECT_EQ(udp({{0, 65535}, {51840, 51840}, 0}), true);
    EXPECT_EQ(udp({{0, 65535}, {51841, 65535}, 0}), false);
    EXPECT_EQ(udp({{0, 65535}, {0, 51839}, 0}), false);
    EXPECT_EQ(udp({{0, 65535}, {51840, 51840}, XT_UDP_INV_DSTPT}), false);
    EXPECT_EQ(udp({{0, 65535}, {53, 53}, XT_UDP_INV_DSTPT}), true);
    EXPECT_EQ(udp({{51840, 51840}, {0, 65535}, 0}), false);  // from anywhere, on the way in
    EXPECT_EQ(udp({{51840, 51840}, {0, 65535}, 0}, Path::kOutput), true);
    EXPECT_EQ(udp({{51840, 51840}, {0, 65535}, XT_UDP_INV_SRCPT}), true);
}

std::optional<bool> tcp(const xt_tcp& info) {
    return xt_matches("tcp", 0, bytes_of(info), probe_of(IPPROTO_TCP));
}

TEST(XtMatch, TcpHasFlagsAndOptionsToo) {
    const xt_tcp any{{0, 65535}, {51840, 51840}, 0, 0, 0, 0};
    EXPECT_EQ(tcp(any), true);
    xt_tcp info = any;
    info.flg_mask = 0x17;  // SYN of SYN, ACK, RST, FIN
    info.flg_cmp = 0x02;
    EXPECT_EQ(tcp(info), true);
    info.invflags = XT_TCP_INV_FLAGS;
    EXPECT_EQ(tcp(info), false);
    info = any;
    info.invflags = XT_TCP_INV_DSTPT;
    EXPECT_EQ(tcp(info), false);
    info = any;
    info.option = 2;
    EXPECT_EQ(tcp(info), std::nullopt);
    info.dpts[1] = info.dpts[0] = 80;
    EXPECT_EQ(tcp(info), false);  // whatever its options
    EXPECT_EQ(xt_matches("tcp", 0, bytes_of(any), probe_of(IPPROTO_UDP)), false);
}

TEST(XtMatch, StatesAreThoseOfAFirstPacket) {
    const auto conntrack = [](unsigned flags, unsigned mask, unsigned inverted) {
        xt_conntrack_mtinfo3 info{};
        info.match_flags = static_cast<std::uint16_t>(flags);
        info.invert_flags = static_cast<std::uint16_t>(inverted);
        info.state_mask = static_cast<std::uint16_t>(mask);
        return xt_matches("conntrack", 3, bytes_of(info), probe_of(IPPROTO_UDP));
    };
    constexpr unsigned kNew = 8;
    constexpr unsigned kEstablishedOrRelated = 6;
    EXPECT_EQ(conntrack(XT_CONNTRACK_STATE, kNew, 0), true);
    EXPECT_EQ(conntrack(XT_CONNTRACK_STATE, kEstablishedOrRelated, 0), false);
    EXPECT_EQ(conntrack(XT_CONNTRACK_STATE, kNew, XT_CONNTRACK_STATE), false);
    EXPECT_EQ(conntrack(XT_CONNTRACK_STATE | XT_CONNTRACK_ORIGDST, kNew, 0), std::nullopt);
    xt_conntrack_mtinfo1 first{};
    first.match_flags = XT_CONNTRACK_STATE;
    first.state_mask = kEstablishedOrRelated;
    EXPECT_EQ(xt_matches("conntrack", 1, bytes_of(first), probe_of(IPPROTO_UDP)), false);
    const unsigned old = kNew;
    EXPECT_EQ(xt_matches("state", 0, bytes_of(old), probe_of(IPPROTO_UDP)), true);
}

TEST(XtMatch, WhatIsShortOrUnknownIsNotTold) {
    const xt_udp info{{0, 65535}, {0, 65535}, 0};
    const Probe probe = probe_of(IPPROTO_UDP);
    EXPECT_EQ(xt_matches("udp", 0, bytes_of(info).first(sizeof info - 1), probe), std::nullopt);
    EXPECT_EQ(xt_matches("udp", 1, bytes_of(info), probe), std::nullopt);
    EXPECT_EQ(xt_matches("multiport", 1, bytes_of(info), probe), std::nullopt);
    EXPECT_EQ(xt_matches("comment", 0, {}, probe), true);
}

}  // namespace
}  // namespace weft::firewall
