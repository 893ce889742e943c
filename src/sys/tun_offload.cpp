// SPDX-License-Identifier: Apache-2.0
// The vnet header as bytes. First thing a worker decodes of a packet read from the TUN, last thing
// it encodes before writing one. Legacy (not VERSION_1) virtio is in the machine's own byte order,
// and so is a TUN without TUNSETVNETLE/BE (kernel drivers/net/tun.c, tun_is_little_endian).
// Layout: include/uapi/linux/virtio_net.h, struct virtio_net_hdr.
#include <cstring>

#include <weft/base/assert.hpp>
#include <weft/sys/tun_offload.hpp>

namespace weft::sys {
namespace {

// Offsets of struct virtio_net_hdr (which C++ cannot include: a field is named `class`).
constexpr std::size_t kFlagsAt = 0;
constexpr std::size_t kGsoTypeAt = 1;
constexpr std::size_t kHeaderSizeAt = 2;
constexpr std::size_t kGsoSizeAt = 4;
constexpr std::size_t kCsumStartAt = 6;
constexpr std::size_t kCsumOffsetAt = 8;

std::uint16_t load_native16(const std::byte* from) {
    std::uint16_t value = 0;
    std::memcpy(&value, from, sizeof value);
    return value;
}

void store_native16(std::byte* to, std::uint16_t value) {
    std::memcpy(to, &value, sizeof value);
}

}  // namespace

VnetHeader VnetHeader::decode(ConstBytes bytes) {
    WEFT_DCHECK(bytes.size() >= kVnetHeaderSize);
    const std::byte* at = bytes.data();
    const auto type = std::to_integer<std::uint8_t>(at[kGsoTypeAt]);
    VnetHeader header;
    header.flags = std::to_integer<std::uint8_t>(at[kFlagsAt]);
    header.gso_type = static_cast<GsoType>(type & ~kGsoEcn);
    header.gso_ecn = (type & kGsoEcn) != 0;
    header.header_size = load_native16(at + kHeaderSizeAt);
    header.gso_size = load_native16(at + kGsoSizeAt);
    header.csum_start = load_native16(at + kCsumStartAt);
    header.csum_offset = load_native16(at + kCsumOffsetAt);
    return header;
}

void VnetHeader::encode(std::span<std::byte, kVnetHeaderSize> out) const {
    std::byte* at = out.data();
    at[kFlagsAt] = std::byte{flags};
    at[kGsoTypeAt] =
        static_cast<std::byte>(gso_type) | std::byte{gso_ecn ? kGsoEcn : std::uint8_t{0}};
    store_native16(at + kHeaderSizeAt, header_size);
    store_native16(at + kGsoSizeAt, gso_size);
    store_native16(at + kCsumStartAt, csum_start);
    store_native16(at + kCsumOffsetAt, csum_offset);
}

}  // namespace weft::sys
