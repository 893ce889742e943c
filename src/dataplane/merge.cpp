// SPDX-License-Identifier: Apache-2.0
// Inbound stage 8's arithmetic: may this packet follow that one, and the headers of the merged one.
#include "merge.hpp"

#include <algorithm>

#include <weft/base/endian.hpp>
#include <weft/net/checksum.hpp>

namespace weft::dataplane {

namespace {

constexpr std::size_t kTcpHeaderMin = 20;
constexpr std::size_t kUdpHeader = 8;
constexpr auto kTcpPsh = std::byte{0x08};
constexpr auto kTcpAck = std::byte{0x10};

/// VXLAN and Geneve: kernels before 6.8.5 corrupt such packets when they segment them again.
bool is_udp_tunnel(std::uint16_t port) {
    return port == 4789 || port == 8472 || port == 6081;
}

bool same_bytes(ConstBytes a, ConstBytes b, std::size_t from, std::size_t to) {
    return std::equal(a.begin() + static_cast<std::ptrdiff_t>(from),
                      a.begin() + static_cast<std::ptrdiff_t>(to),
                      b.begin() + static_cast<std::ptrdiff_t>(from));
}

}  // namespace

/// False for what is never part of a run: IP options and extension headers, fragments, a wrong
/// IPv4 checksum (merging would mend it), TCP flags but ACK and PSH, empty payloads, UDP without
/// checksum, tunnels.
bool Merger::shape_of(ConstBytes packet, const net::IpView& ip, Shape& out) {
    out.l4 = ip.header_size();
    out.is_tcp = ip.protocol() == net::kProtocolTcp;
    if (ip.is_v4() && (out.l4 != net::kIpv4HeaderMin || (load_be16(&packet[6]) & 0x3fff) != 0 ||
                       net::checksum_fold(net::checksum_add(0, packet.first(out.l4))) != 0xffff)) {
        return false;
    }
    const ConstBytes l4 = packet.subspan(out.l4);
    if (out.is_tcp) {
        if (l4.size() < kTcpHeaderMin) {
            return false;
        }
        const auto tcp_size = std::to_integer<std::size_t>(l4[12] >> 4) * 4;
        const std::byte flags = l4[13];
        const bool reserved_clear = (l4[12] & std::byte{0x0f}) == std::byte{0};
        if (tcp_size < kTcpHeaderMin || (flags & ~kTcpPsh) != kTcpAck || !reserved_clear) {
            return false;
        }
        out.headers = out.l4 + tcp_size;
        out.ends = (flags & kTcpPsh) != std::byte{0};
    } else {
        if (ip.protocol() != net::kProtocolUdp || l4.size() < kUdpHeader ||
            load_be16(&l4[4]) != l4.size() || load_be16(&l4[6]) == 0 ||
            is_udp_tunnel(load_be16(&l4[2]))) {
            return false;
        }
        out.headers = out.l4 + kUdpHeader;
    }
    if (out.headers >= packet.size()) {
        return false;
    }
    out.payload = packet.size() - out.headers;
    return true;
}

/// All header fields that segments of one super-packet share.
bool Merger::same_flow(ConstBytes packet, const Shape& shape) const {
    const ConstBytes first = headers_as_received_;
    const bool is_v4 = ip_.is_v4();
    const std::size_t l4 = shape.l4;
    if (l4 != shape_.l4 || shape.headers != shape_.headers || shape.is_tcp != shape_.is_tcp ||
        (packet[0] & std::byte{0xf0}) != (first[0] & std::byte{0xf0})) {
        return false;
    }
    if (is_v4) {
        const auto id = static_cast<std::uint16_t>(load_be16(&first[4]) + count_);
        if (!same_bytes(packet, first, 0, 2) || load_be16(&packet[4]) != id ||
            !same_bytes(packet, first, 6, 10) || !same_bytes(packet, first, 12, 20)) {
            return false;
        }
    } else if (!same_bytes(packet, first, 0, 4) ||
               !same_bytes(packet, first, 6, net::kIpv6Header)) {
        return false;
    }
    if (!same_bytes(packet, first, l4, l4 + 4)) {  // ports
        return false;
    }
    if (!shape.is_tcp) {
        return true;
    }
    const auto next = static_cast<std::uint32_t>(load_be32(&first[l4 + 4]) + payload_total_);
    return load_be32(&packet[l4 + 4]) == next &&
           same_bytes(packet, first, l4 + 8, l4 + 13) &&       // ack, size
           same_bytes(packet, first, l4 + 14, l4 + 16) &&      // window
           same_bytes(packet, first, l4 + 18, shape.headers);  // options
}

bool Merger::try_append(Bytes packet, const net::IpView& ip, Allowed allowed) {
    Shape shape;
    if (count_ == 0 || count_ == kPacketsMax || !mergeable_ || ended_ ||
        !shape_of(packet, ip, shape) || (shape.is_tcp ? !allowed.tcp : !allowed.udp) ||
        !same_flow(packet, shape)) {
        return false;
    }
    if (shape.payload > shape_.payload ||
        shape_.headers + payload_total_ + shape.payload > kBytesMax) {
        return false;
    }
    packets_[count_] = packet;
    parts_[count_ + 1] = {packet.data() + shape.headers, shape.payload};
    count_ += 1;
    payload_total_ += shape.payload;
    pushed_ = shape.ends;
    ended_ = shape.ends || shape.payload < shape_.payload;
    return true;
}

void Merger::start(Bytes packet, const net::IpView& ip, Allowed allowed) {
    packets_[0] = packet;
    count_ = 1;
    ip_ = ip;
    shape_ = {};
    mergeable_ = shape_of(packet, ip, shape_) && (shape_.is_tcp ? allowed.tcp : allowed.udp);
    ended_ = shape_.ends;
    pushed_ = shape_.ends;
    payload_total_ = shape_.payload;
    parts_[0] = {vnet_.data(), vnet_.size()};
    parts_[1] = {packet.data(), packet.size()};
    if (mergeable_) {
        copy_bytes(packet.first(std::min(shape_.headers, kHeadersMax)), headers_as_received_);
    }
}

std::span<const iovec> Merger::finish() {
    sys::VnetHeader vnet;
    if (count_ > 1) {
        const Bytes first = packets_[0];
        const std::size_t total = shape_.headers + payload_total_;
        const Bytes l4 = first.subspan(shape_.l4);
        const auto l4_size = static_cast<std::uint32_t>(total - shape_.l4);
        if (ip_.is_v4()) {
            store_be16(&first[2], static_cast<std::uint16_t>(total));
            net::write_ipv4_checksum(first.first(shape_.l4));
        } else {
            store_be16(&first[4], static_cast<std::uint16_t>(total - net::kIpv6Header));
        }
        if (shape_.is_tcp && pushed_) {
            l4[13] |= kTcpPsh;
        } else if (!shape_.is_tcp) {
            store_be16(&l4[4], static_cast<std::uint16_t>(l4_size));
        }
        vnet.flags = sys::VnetHeader::kNeedsCsum;
        vnet.gso_type = !shape_.is_tcp ? sys::GsoType::kUdp
                        : ip_.is_v4()  ? sys::GsoType::kTcpV4
                                       : sys::GsoType::kTcpV6;
        vnet.header_size = static_cast<std::uint16_t>(shape_.headers);
        vnet.gso_size = static_cast<std::uint16_t>(shape_.payload);
        vnet.csum_start = static_cast<std::uint16_t>(shape_.l4);
        vnet.csum_offset = shape_.is_tcp ? 16 : 6;
        const std::uint64_t pseudo = net::pseudo_header_sum(
            ip_, shape_.is_tcp ? net::kProtocolTcp : net::kProtocolUdp, l4_size);
        net::store_checksum(&l4[vnet.csum_offset], net::checksum_fold(pseudo));
    }
    vnet.encode(vnet_);
    return {parts_.data(), count_ + 1};
}

std::array<iovec, 2> Merger::single(std::size_t i) {
    const Bytes packet = packets_[i];
    if (i == 0) {
        copy_bytes(ConstBytes{headers_as_received_}.first(shape_.headers), packet);
    }
    sys::VnetHeader{}.encode(vnet_);
    return {iovec{vnet_.data(), vnet_.size()}, iovec{packet.data(), packet.size()}};
}

}  // namespace weft::dataplane
