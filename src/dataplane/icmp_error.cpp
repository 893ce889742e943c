// SPDX-License-Identifier: Apache-2.0
// ICMP answers to inner senders; off the fast path, one for a packet that is dropped anyway.
#include "icmp_error.hpp"

#include <algorithm>

#include <weft/base/endian.hpp>
#include <weft/net/checksum.hpp>

namespace weft::dataplane {

namespace {

constexpr std::size_t kIcmpHeader = 8;
constexpr std::size_t kIcmpV4Max = 576;  // of the whole answer (RFC 1812 4.3.2.3)
constexpr std::byte kHopLimit{64};

/// Type, code and the word after the checksum.
struct Message {
    std::uint8_t type;
    std::uint8_t code;
    std::uint32_t word = 0;
};

constexpr Message kUnreachableV4{3, 1};  // host
constexpr Message kUnreachableV6{1, 3};  // address

/// Of one host: not 0/8, 127/8, multicast, reserved or broadcast (RFC 1122 3.2.2).
bool is_one_host_v4(const std::byte* address) {
    const auto first = std::to_integer<unsigned>(address[0]);
    return first != 0 && first != 127 && first < 224;
}

bool may_answer_v4(ConstBytes packet, const net::IpView& ip) {
    const bool later_fragment = (load_be16(&packet[6]) & 0x1fff) != 0;
    if (later_fragment || !is_one_host_v4(ip.source_bytes()) ||
        std::to_integer<unsigned>(*ip.destination_bytes()) >= 224) {
        return false;
    }
    if (ip.protocol() != net::kProtocolIcmp || packet.size() <= ip.header_size()) {
        return true;
    }
    const auto type = std::to_integer<unsigned>(packet[ip.header_size()]);
    return type == 0 || type == 8;  // of ICMP itself only echoes are answered
}

/// Whether `packet` is an ICMPv6 error or redirect, or may be one that its headers hide
/// (RFC 4443 2.4 e.1, e.2).
bool is_icmpv6_error(ConstBytes packet) {
    constexpr std::uint8_t kHopByHop = 0;
    constexpr std::uint8_t kRouting = 43;
    constexpr std::uint8_t kFragment = 44;
    constexpr std::uint8_t kDestinationOptions = 60;
    constexpr unsigned kRedirect = 137;
    constexpr int kHeadersMax = 8;
    auto next = std::to_integer<std::uint8_t>(packet[6]);
    std::size_t at = net::kIpv6Header;
    for (int i = 0; i < kHeadersMax; ++i) {
        if (next == net::kProtocolIcmpv6) {
            const auto type = at < packet.size() ? std::to_integer<unsigned>(packet[at]) : 0;
            return type < 128 || type == kRedirect;
        }
        const bool extends = next == kHopByHop || next == kRouting || next == kFragment ||
                             next == kDestinationOptions;
        if (!extends) {
            return false;
        }
        if (packet.size() - at < 8) {
            return true;
        }
        if (next == kFragment && (load_be16(&packet[at + 2]) & 0xfff8) != 0) {
            return std::to_integer<std::uint8_t>(packet[at]) == net::kProtocolIcmpv6;
        }
        const bool fixed = next == kFragment;
        next = std::to_integer<std::uint8_t>(packet[at]);
        at += fixed ? 8 : (std::to_integer<std::size_t>(packet[at + 1]) + 1) * 8;
        if (at > packet.size()) {
            return true;
        }
    }
    return true;
}

bool may_answer_v6(ConstBytes packet, const net::IpView& ip, bool multicast_too) {
    const net::IpAddress source = ip.source();
    return !source.is_unspecified() && !source.is_multicast() && !source.is_loopback() &&
           (multicast_too || !ip.destination().is_multicast()) && !is_icmpv6_error(packet);
}

/// The ICMP part of an answer: `out` is its header and then the quotation, whose size it has.
void write_icmp(Message message, ConstBytes packet, std::uint64_t pseudo_header, Bytes out) {
    out[0] = std::byte{message.type};
    out[1] = std::byte{message.code};
    store_be32(&out[4], message.word);
    copy_bytes(packet.first(out.size() - kIcmpHeader), out.subspan(kIcmpHeader));
    const std::uint16_t sum = net::checksum_fold(net::checksum_add(pseudo_header, out));
    net::store_checksum(&out[2], static_cast<std::uint16_t>(~sum));
}

std::size_t build_v4(
    ConstBytes packet, const net::IpView& ip, Message message, ConstBytes source, Bytes out) {
    constexpr std::size_t kHead = net::kIpv4HeaderMin + kIcmpHeader;
    const std::size_t quoted = std::min(packet.size(), kIcmpV4Max - kHead);
    const std::size_t size = kHead + quoted;
    std::fill_n(out.begin(), kHead, std::byte{0});
    out[0] = std::byte{0x45};
    store_be16(&out[2], static_cast<std::uint16_t>(size));
    out[8] = kHopLimit;
    out[9] = std::byte{net::kProtocolIcmp};
    copy_bytes(source, out.subspan(12));
    copy_bytes({ip.source_bytes(), 4}, out.subspan(16));
    net::write_ipv4_checksum(out.first(net::kIpv4HeaderMin));

    write_icmp(message, packet, 0, out.subspan(net::kIpv4HeaderMin, kIcmpHeader + quoted));
    return size;
}

std::size_t build_v6(
    ConstBytes packet, const net::IpView& ip, Message message, ConstBytes source, Bytes out) {
    constexpr std::size_t kHead = net::kIpv6Header + kIcmpHeader;
    const std::size_t quoted = std::min(packet.size(), kIcmpMax - kHead);
    const std::size_t size = kHead + quoted;
    std::fill_n(out.begin(), kHead, std::byte{0});
    out[0] = std::byte{0x60};
    store_be16(&out[4], static_cast<std::uint16_t>(kIcmpHeader + quoted));
    out[6] = std::byte{net::kProtocolIcmpv6};
    out[7] = kHopLimit;
    copy_bytes(source, out.subspan(8));
    copy_bytes({ip.source_bytes(), 16}, out.subspan(24));

    const Bytes icmp = out.subspan(net::kIpv6Header, kIcmpHeader + quoted);
    const auto answer = net::IpView::parse(out.first(size));
    write_icmp(message,
               packet,
               net::pseudo_header_sum(
                   *answer, net::kProtocolIcmpv6, static_cast<std::uint32_t>(icmp.size())),
               icmp);
    return size;
}

bool can_answer(const net::IpView& ip, const net::IpAddress& source, Bytes out) {
    return !source.is_unspecified() && source.is_v4() == ip.is_v4() && out.size() >= kIcmpMax;
}

}  // namespace

std::size_t build_icmp_unreachable(ConstBytes packet,
                                   const net::IpView& ip,
                                   const net::IpAddress& source,
                                   Bytes out) {
    if (!can_answer(ip, source, out)) {
        return 0;
    }
    if (ip.is_v4()) {
        return may_answer_v4(packet, ip) ? build_v4(packet, ip, kUnreachableV4, source.bytes(), out)
                                         : 0;
    }
    return may_answer_v6(packet, ip, false)
               ? build_v6(packet, ip, kUnreachableV6, source.bytes(), out)
               : 0;
}

std::size_t build_icmp_too_big(ConstBytes packet,
                               const net::IpView& ip,
                               std::uint32_t mtu,
                               const net::IpAddress& source,
                               Bytes out) {
    if (!can_answer(ip, source, out) || !must_stay_whole(packet, ip)) {
        return 0;
    }
    if (ip.is_v4()) {
        return may_answer_v4(packet, ip)
                   ? build_v4(packet, ip, {3, 4, mtu & 0xffffU}, source.bytes(), out)
                   : 0;
    }
    return may_answer_v6(packet, ip, true) ? build_v6(packet, ip, {2, 0, mtu}, source.bytes(), out)
                                           : 0;
}

bool must_stay_whole(ConstBytes packet, const net::IpView& ip) {
    constexpr std::uint16_t kDontFragment = 0x4000;
    return !ip.is_v4() || (load_be16(&packet[6]) & kDontFragment) != 0;
}

}  // namespace weft::dataplane
