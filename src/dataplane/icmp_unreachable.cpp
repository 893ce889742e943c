// SPDX-License-Identifier: Apache-2.0
// ICMP answers to inner senders; off the fast path, one for a packet that is dropped anyway.
#include "icmp_unreachable.hpp"

#include <algorithm>

#include <weft/base/endian.hpp>
#include <weft/net/checksum.hpp>

namespace weft::dataplane {

namespace {

constexpr std::size_t kIcmpHeader = 8;
constexpr std::size_t kQuoteV4 = 8;  // bytes of the packet after its IP header (RFC 792)
constexpr std::byte kHopLimit{64};

bool may_answer_v4(ConstBytes packet, const net::IpView& ip) {
    const bool later_fragment = (load_be16(&packet[6]) & 0x1fff) != 0;
    if (later_fragment || ip.source().is_unspecified() || ip.source().is_multicast() ||
        ip.destination().is_multicast()) {
        return false;
    }
    if (ip.protocol() != net::kProtocolIcmp || packet.size() <= ip.header_size()) {
        return true;
    }
    const auto type = std::to_integer<unsigned>(packet[ip.header_size()]);
    return type == 0 || type == 8;  // of ICMP itself only echoes are answered
}

bool may_answer_v6(ConstBytes packet, const net::IpView& ip) {
    if (ip.source().is_unspecified() || ip.source().is_multicast() ||
        ip.destination().is_multicast()) {
        return false;
    }
    const bool is_error = ip.protocol() == net::kProtocolIcmpv6 &&
                          packet.size() > net::kIpv6Header &&
                          (packet[net::kIpv6Header] & std::byte{0x80}) == std::byte{0};
    return !is_error;
}

std::size_t build_v4(ConstBytes packet, const net::IpView& ip, ConstBytes source, Bytes out) {
    const std::size_t quoted = std::min(packet.size(), ip.header_size() + kQuoteV4);
    const std::size_t size = net::kIpv4HeaderMin + kIcmpHeader + quoted;
    std::fill_n(out.begin(), net::kIpv4HeaderMin + kIcmpHeader, std::byte{0});
    out[0] = std::byte{0x45};
    store_be16(&out[2], static_cast<std::uint16_t>(size));
    out[8] = kHopLimit;
    out[9] = std::byte{net::kProtocolIcmp};
    copy_bytes(source, out.subspan(12));
    copy_bytes({ip.source_bytes(), 4}, out.subspan(16));
    net::write_ipv4_checksum(out.first(net::kIpv4HeaderMin));

    const Bytes icmp = out.subspan(net::kIpv4HeaderMin, kIcmpHeader + quoted);
    icmp[0] = std::byte{3};  // destination unreachable
    icmp[1] = std::byte{1};  // host
    copy_bytes(packet.first(quoted), icmp.subspan(kIcmpHeader));
    const std::uint16_t sum = net::checksum_fold(net::checksum_add(0, icmp));
    net::store_checksum(&icmp[2], static_cast<std::uint16_t>(~sum));
    return size;
}

std::size_t build_v6(ConstBytes packet, const net::IpView& ip, ConstBytes source, Bytes out) {
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
    icmp[0] = std::byte{1};  // destination unreachable
    icmp[1] = std::byte{3};  // address
    copy_bytes(packet.first(quoted), icmp.subspan(kIcmpHeader));
    const auto answer = net::IpView::parse(out.first(size));
    const std::uint64_t pseudo = net::pseudo_header_sum(
        *answer, net::kProtocolIcmpv6, static_cast<std::uint32_t>(icmp.size()));
    const std::uint16_t sum = net::checksum_fold(net::checksum_add(pseudo, icmp));
    net::store_checksum(&icmp[2], static_cast<std::uint16_t>(~sum));
    return size;
}

}  // namespace

std::size_t build_icmp_unreachable(ConstBytes packet,
                                   const net::IpView& ip,
                                   const net::IpAddress& source,
                                   Bytes out) {
    if (source.is_unspecified() || source.is_v4() != ip.is_v4() || out.size() < kIcmpMax) {
        return 0;
    }
    if (ip.is_v4()) {
        return may_answer_v4(packet, ip) ? build_v4(packet, ip, source.bytes(), out) : 0;
    }
    return may_answer_v6(packet, ip) ? build_v6(packet, ip, source.bytes(), out) : 0;
}

}  // namespace weft::dataplane
