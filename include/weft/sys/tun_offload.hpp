// SPDX-License-Identifier: Apache-2.0
// The virtio network header in front of every packet that a TUN with IFF_VNET_HDR reads or writes
// (linux/virtio_net.h; the 10-byte form, native byte order), and the offload mask of TUNSETOFFLOAD.
#pragma once

#include <cstdint>

#include <weft/base/bytes.hpp>

namespace weft::sys {

inline constexpr std::size_t kVnetHeaderSize = 10;

enum class GsoType : std::uint8_t { kNone = 0, kTcpV4 = 1, kUdpFragment = 3, kTcpV6 = 4, kUdp = 5 };

struct VnetHeader {
    static constexpr std::uint8_t kNeedsCsum = 1;
    static constexpr std::uint8_t kGsoEcn =
        0x80;  // in the type byte: the first segment carries CWR

    std::uint8_t flags = 0;
    GsoType gso_type = GsoType::kNone;
    bool gso_ecn = false;
    std::uint16_t header_size = 0;  // of the headers that every segment repeats; a hint
    std::uint16_t gso_size = 0;     // L4 payload bytes of each segment but the last
    std::uint16_t csum_start = 0;   // offset of the L4 header
    std::uint16_t csum_offset = 0;  // of the checksum field within it

    [[nodiscard]] bool needs_csum() const { return (flags & kNeedsCsum) != 0; }
    /// `bytes` holds at least kVnetHeaderSize.
    static VnetHeader decode(ConstBytes bytes);
    void encode(std::span<std::byte, kVnetHeaderSize> out) const;
};

/// What weft may do with segments; each probed at start and switched off when the kernel refuses
/// it.
struct Offloads {
    bool tun_tso = true;
    bool tun_uso = true;
    bool udp_gso = true;
    bool udp_gro = true;

    friend bool operator==(const Offloads&, const Offloads&) = default;
};

}  // namespace weft::sys
