// SPDX-License-Identifier: Apache-2.0
// Builders of inner packets for tests: whole, with right checksums computed the slow way.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <sys/uio.h>

#include <weft/base/bytes.hpp>
#include <weft/base/endian.hpp>
#include <weft/base/random.hpp>
#include <weft/net/ip_view.hpp>
#include <weft/sys/tun_offload.hpp>

#include "slow_checksum.hpp"

namespace weft::test {

using Buffer = std::vector<std::byte>;

/// What writev() would write.
inline Buffer join(std::span<const iovec> parts) {
    Buffer whole;
    for (const iovec& part : parts) {
        const auto* bytes = static_cast<const std::byte*>(part.iov_base);
        whole.insert(whole.end(), bytes, bytes + part.iov_len);
    }
    return whole;
}

/// What belongs in the checksum field, in network order's value; 0 over data whose field is right.
inline std::uint16_t complement_sum(ConstBytes data, std::uint32_t sum = 0) {
    return static_cast<std::uint16_t>(~slow_checksum(data, sum));
}

inline std::uint32_t slow_pseudo_sum(ConstBytes packet,
                                     bool v4,
                                     std::uint8_t protocol,
                                     std::size_t l4_size) {
    std::uint32_t sum = protocol + static_cast<std::uint32_t>(l4_size);
    const ConstBytes addresses = v4 ? packet.subspan(12, 8) : packet.subspan(8, 32);
    for (std::size_t i = 0; i < addresses.size(); i += 2) {
        sum += load_be16(&addresses[i]);
    }
    return sum;
}

struct PacketSpec {
    bool v4 = true;
    bool tcp = true;
    std::size_t payload = 0;
    std::uint32_t seq = 1000;
    std::uint16_t id = 7;
    std::uint8_t tcp_flags = 0x10;
    std::size_t tcp_options = 12;
    std::uint8_t traffic_class = 0;
    std::uint16_t source_port = 4000;
    std::uint16_t destination_port = 5201;
    std::uint64_t seed = 1;
};

inline std::size_t l4_offset(const PacketSpec& spec) {
    return spec.v4 ? net::kIpv4HeaderMin : net::kIpv6Header;
}
inline std::size_t header_bytes(const PacketSpec& spec) {
    return l4_offset(spec) + (spec.tcp ? 20 + spec.tcp_options : 8);
}

/// Writes both checksums of `packet`.
inline void fix_checksums(const PacketSpec& spec, Bytes packet) {
    const std::size_t l4 = l4_offset(spec);
    if (spec.v4) {
        store_be16(&packet[10], 0);
        store_be16(&packet[10], complement_sum(packet.first(20)));
    }
    const std::size_t field = l4 + (spec.tcp ? 16U : 6U);
    store_be16(&packet[field], 0);
    const std::uint8_t protocol = spec.tcp ? net::kProtocolTcp : net::kProtocolUdp;
    const std::uint16_t sum = complement_sum(
        packet.subspan(l4), slow_pseudo_sum(packet, spec.v4, protocol, packet.size() - l4));
    store_be16(&packet[field], !spec.tcp && sum == 0 ? std::uint16_t{0xffff} : sum);
}

inline Buffer build_packet(const PacketSpec& spec) {
    const std::size_t l4 = l4_offset(spec);
    Buffer packet(header_bytes(spec) + spec.payload);
    SeededRandom random{spec.seed};
    random.fill(Bytes{packet}.subspan(header_bytes(spec)));
    const std::uint8_t protocol = spec.tcp ? net::kProtocolTcp : net::kProtocolUdp;
    if (spec.v4) {
        packet[0] = std::byte{0x45};
        packet[1] = std::byte{spec.traffic_class};
        store_be16(&packet[2], static_cast<std::uint16_t>(packet.size()));
        store_be16(&packet[4], spec.id);
        store_be16(&packet[6], 0x4000);
        packet[8] = std::byte{64};
        packet[9] = std::byte{protocol};
        store_be32(&packet[12], 0x0a2c0001);
        store_be32(&packet[16], 0x0a2c0102);
    } else {
        store_be32(packet.data(),
                   0x60000000U | static_cast<std::uint32_t>(spec.traffic_class) << 20U);
        store_be16(&packet[4], static_cast<std::uint16_t>(packet.size() - net::kIpv6Header));
        packet[6] = std::byte{protocol};
        packet[7] = std::byte{64};
        packet[8] = packet[24] = std::byte{0xfd};
        packet[23] = std::byte{1};
        packet[39] = std::byte{2};
    }
    store_be16(&packet[l4], spec.source_port);
    store_be16(&packet[l4 + 2], spec.destination_port);
    if (spec.tcp) {
        store_be32(&packet[l4 + 4], spec.seq);
        store_be32(&packet[l4 + 8], 77);
        packet[l4 + 12] = static_cast<std::byte>((20 + spec.tcp_options) / 4 << 4U);
        packet[l4 + 13] = std::byte{spec.tcp_flags};
        store_be16(&packet[l4 + 14], 512);
        for (std::size_t i = 0; i < spec.tcp_options; ++i) {
            packet[l4 + 20 + i] = std::byte{1};  // NOP
        }
    } else {
        store_be16(&packet[l4 + 4], static_cast<std::uint16_t>(packet.size() - l4));
    }
    fix_checksums(spec, packet);
    return packet;
}

/// `packet` behind a vnet header as a TUN reads it: a super-packet of `gso_size` segments, checksum
/// field holding the pseudo-header sum; gso_size 0: a single packet with a partial checksum.
inline Buffer tun_read(const PacketSpec& spec, Buffer packet, std::uint16_t gso_size) {
    const std::size_t l4 = l4_offset(spec);
    sys::VnetHeader vnet;
    vnet.flags = sys::VnetHeader::kNeedsCsum;
    if (gso_size != 0) {
        vnet.gso_type = !spec.tcp ? sys::GsoType::kUdp
                        : spec.v4 ? sys::GsoType::kTcpV4
                                  : sys::GsoType::kTcpV6;
    }
    vnet.gso_size = gso_size;
    vnet.header_size = static_cast<std::uint16_t>(header_bytes(spec));
    vnet.csum_start = static_cast<std::uint16_t>(l4);
    vnet.csum_offset = spec.tcp ? 16 : 6;
    const std::uint8_t protocol = spec.tcp ? net::kProtocolTcp : net::kProtocolUdp;
    const std::uint32_t sum = slow_pseudo_sum(packet, spec.v4, protocol, packet.size() - l4);
    const std::uint16_t folded = slow_checksum({}, sum);
    store_be16(&packet[l4 + vnet.csum_offset], folded);

    Buffer read(sys::kVnetHeaderSize + packet.size());
    vnet.encode(Bytes{read}.first<sys::kVnetHeaderSize>());
    copy_bytes(packet, Bytes{read}.subspan(sys::kVnetHeaderSize));
    return read;
}

}  // namespace weft::test
