// SPDX-License-Identifier: Apache-2.0
// Outbound stage 4's arithmetic: geometry of a super-packet, and the headers of its segments.
#include "super_packet.hpp"

#include <weft/base/endian.hpp>
#include <weft/net/checksum.hpp>
#include <weft/wg/session.hpp>

namespace weft::dataplane {

namespace {

constexpr std::size_t kTcpHeaderMin = 20;
constexpr std::size_t kTcpChecksum = 16;
constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kUdpChecksum = 6;
constexpr auto kTcpFin = std::byte{0x01};
constexpr auto kTcpPsh = std::byte{0x08};
constexpr auto kTcpCwr = std::byte{0x80};

/// The checksum of an L4 packet in two parts, complemented; UDP sends 0 as 0xffff.
std::uint16_t l4_checksum(std::uint64_t pseudo,
                          ConstBytes header,
                          ConstBytes payload,
                          bool is_udp) {
    const std::uint64_t sum = net::checksum_add(net::checksum_add(pseudo, header), payload);
    const auto checksum = static_cast<std::uint16_t>(~net::checksum_fold(sum));
    return is_udp && checksum == 0 ? std::uint16_t{0xffff} : checksum;
}

std::uint16_t load_native16(const std::byte* from) {
    std::uint16_t word = 0;
    std::memcpy(&word, from, sizeof word);
    return word;
}

/// A length as it stands in the pseudo header, as a native word.
std::uint16_t length_word(std::uint16_t length) {
    ByteArray<2> bytes;
    store_be16(bytes.data(), length);
    return load_native16(bytes.data());
}

}  // namespace

std::optional<SuperPacket> SuperPacket::parse(Bytes read) {
    if (read.size() < sys::kVnetHeaderSize) {
        return std::nullopt;
    }
    SuperPacket super;
    super.vnet_ = sys::VnetHeader::decode(read);
    super.packet_ = read.subspan(sys::kVnetHeaderSize);
    const auto ip = net::IpView::parse(super.packet_);
    if (!ip) {
        return std::nullopt;
    }
    super.ip_ = *ip;
    super.packet_ = super.packet_.first(ip->total_size());
    if (super.vnet_.gso_type != sys::GsoType::kNone) {
        return super.plan_segments() ? std::optional{super} : std::nullopt;
    }
    if (super.vnet_.needs_csum()) {
        if (!super.complete_checksum()) {
            return std::nullopt;
        }
        super.vnet_.flags = 0;
        super.vnet_.encode(read.first<sys::kVnetHeaderSize>());
    }
    return super;
}

bool SuperPacket::plan_segments() {
    const bool is_udp = vnet_.gso_type == sys::GsoType::kUdp;
    const bool is_tcp =
        vnet_.gso_type == (ip_.is_v4() ? sys::GsoType::kTcpV4 : sys::GsoType::kTcpV6);
    const std::size_t l4 = vnet_.csum_start;
    const std::size_t l4_min = is_udp ? kUdpHeader : kTcpHeaderMin;
    if ((!is_udp && !is_tcp) || !vnet_.needs_csum() || vnet_.gso_size == 0 ||
        l4 < ip_.header_size() || l4 + l4_min > packet_.size()) {
        return false;
    }
    // The header size in the vnet header is a hint that forwarded packets get wrong.
    head_size_ =
        l4 + (is_udp ? kUdpHeader : std::to_integer<std::size_t>(packet_[l4 + 12] >> 4) * 4);
    if (head_size_ < l4 + l4_min || head_size_ > crypto::kHeadMax || head_size_ >= packet_.size()) {
        return false;
    }
    // The field holds the pseudo-header sum, which knows the final destination even behind a
    // routing header; without the whole's length, each segment adds its own (tcp_gso_segment).
    const std::size_t field = l4 + (is_udp ? kUdpChecksum : kTcpChecksum);
    pseudo_sum_ = load_native16(&packet_[field]) +
                  (0xffffU - length_word(static_cast<std::uint16_t>(packet_.size() - l4)));

    const std::size_t payload = packet_.size() - head_size_;
    segments_ = static_cast<std::uint32_t>((payload + vnet_.gso_size - 1) / vnet_.gso_size);
    return segments_ <= wg::NonceCounter::kBlockMax;
}

bool SuperPacket::complete_checksum() {
    const std::size_t start = vnet_.csum_start;
    const std::size_t field = start + vnet_.csum_offset;
    if (start < ip_.header_size() || field + 2 > packet_.size()) {
        return false;
    }
    // The field holds the pseudo-header sum already.
    const bool is_udp = ip_.protocol() == net::kProtocolUdp && vnet_.csum_offset == kUdpChecksum;
    net::store_checksum(&packet_[field], l4_checksum(0, packet_.subspan(start), {}, is_udp));
    return true;
}

std::size_t SuperPacket::segment_size(std::uint32_t i) const {
    if (head_size_ == 0) {
        return packet_.size();
    }
    const std::size_t offset = head_size_ + std::size_t{i} * vnet_.gso_size;
    return head_size_ + std::min<std::size_t>(vnet_.gso_size, packet_.size() - offset);
}

SuperPacket::Segment SuperPacket::segment(std::uint32_t i, Scratch& scratch) const {
    if (head_size_ == 0) {
        return {{}, packet_};
    }
    const std::size_t offset = head_size_ + std::size_t{i} * vnet_.gso_size;
    const std::size_t size = segment_size(i) - head_size_;
    const ConstBytes payload = packet_.subspan(offset, size);
    const Bytes head = Bytes{scratch}.first(head_size_);
    copy_bytes(packet_.first(head_size_), head);
    patch_ip(head, i, size);

    const Bytes l4 = head.subspan(vnet_.csum_start);
    const bool is_udp = vnet_.gso_type == sys::GsoType::kUdp;
    const std::size_t l4_size = l4.size() + size;
    if (is_udp) {
        store_be16(&l4[4], static_cast<std::uint16_t>(l4_size));
    } else {
        patch_tcp(l4, i);
    }
    std::byte* field = &l4[is_udp ? kUdpChecksum : kTcpChecksum];
    net::store_checksum(field, 0);
    const std::uint64_t pseudo = pseudo_sum_ + length_word(static_cast<std::uint16_t>(l4_size));
    net::store_checksum(field, l4_checksum(pseudo, l4, payload, is_udp));
    return {head, payload};
}

void SuperPacket::patch_ip(Bytes head, std::uint32_t i, std::size_t payload_size) const {
    const std::size_t total = head.size() + payload_size;
    if (ip_.is_v4()) {
        store_be16(&head[2], static_cast<std::uint16_t>(total));
        store_be16(&head[4], static_cast<std::uint16_t>(load_be16(&head[4]) + i));
        net::write_ipv4_checksum(head.first(ip_.header_size()));
    } else {
        store_be16(&head[4], static_cast<std::uint16_t>(total - net::kIpv6Header));
    }
}

void SuperPacket::patch_tcp(Bytes tcp, std::uint32_t i) const {
    store_be32(&tcp[4], load_be32(&tcp[4]) + i * vnet_.gso_size);
    if (i != 0) {
        tcp[13] &= ~kTcpCwr;  // congestion was told once (RFC 3168)
    }
    if (i + 1 != segments_) {
        tcp[13] &= ~(kTcpFin | kTcpPsh);
    }
}

}  // namespace weft::dataplane
