// SPDX-License-Identifier: Apache-2.0
// Reads the ancillary data of a received UDP message (see control_message.hpp). Runs right after
// recvmsg, before anything of the datagram itself is looked at.
#include "control_message.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>

namespace weft::sys {
namespace {

constexpr std::size_t kHeaderSize = control_align(sizeof(cmsghdr));

template <class T>
bool load_payload(ConstBytes payload, T& out) {
    if (payload.size() < sizeof out) {
        return false;
    }
    std::memcpy(&out, payload.data(), sizeof out);
    return true;
}

/// TOS comes as one byte (IPv4) or an int (IPv6); whoever sends an int for either is understood.
void read_traffic_class(ConstBytes payload, ControlInfo& info) {
    int wide = 0;
    if (load_payload(payload, wide)) {
        info.traffic_class = static_cast<std::uint8_t>(wide & 0xff);
    } else if (!payload.empty()) {
        info.traffic_class = std::to_integer<std::uint8_t>(payload[0]);
    }
}

void read_ipv4(int type, ConstBytes payload, ControlInfo& info) {
    in_pktinfo packet{};
    if (type == IP_TOS) {
        read_traffic_class(payload, info);
    } else if (type == IP_PKTINFO && load_payload(payload, packet) && packet.ipi_ifindex >= 0) {
        // ipi_spec_dst, not ipi_addr: the same for unicast, and for a broadcast an address of ours.
        info.local =
            net::IpAddress{std::as_bytes(std::span<const in_addr, 1>{&packet.ipi_spec_dst, 1})};
        info.interface = static_cast<std::uint32_t>(packet.ipi_ifindex);
        info.has_local = true;
    }
}

void read_ipv6(int type, ConstBytes payload, ControlInfo& info) {
    in6_pktinfo packet{};
    if (type == IPV6_TCLASS) {
        read_traffic_class(payload, info);
    } else if (type == IPV6_PKTINFO && load_payload(payload, packet)) {
        info.local =
            net::IpAddress{std::as_bytes(std::span<const in6_addr, 1>{&packet.ipi6_addr, 1})};
        info.interface = static_cast<std::uint32_t>(packet.ipi6_ifindex);
        info.has_local = true;
    }
}

void read_udp(int type, ConstBytes payload, ControlInfo& info) {
    int segment = 0;
    if (type == UDP_GRO && load_payload(payload, segment) && segment > 0) {
        info.segment = static_cast<std::uint32_t>(segment);
    }
}

}  // namespace

ControlInfo parse_control(ConstBytes control) {
    ControlInfo info;
    while (control.size() >= kHeaderSize) {
        cmsghdr header{};
        std::memcpy(&header, control.data(), sizeof header);
        if (header.cmsg_len < kHeaderSize || header.cmsg_len > control.size()) {
            break;
        }
        const ConstBytes payload = control.subspan(kHeaderSize, header.cmsg_len - kHeaderSize);
        switch (header.cmsg_level) {
            case IPPROTO_IP:
                read_ipv4(header.cmsg_type, payload, info);
                break;
            case IPPROTO_IPV6:
                read_ipv6(header.cmsg_type, payload, info);
                break;
            case IPPROTO_UDP:
                read_udp(header.cmsg_type, payload, info);
                break;
            default:
                break;
        }
        // The last message may go without its padding.
        const std::size_t step = control_align(header.cmsg_len);
        control = control.subspan(step < control.size() ? step : control.size());
    }
    return info;
}

}  // namespace weft::sys
