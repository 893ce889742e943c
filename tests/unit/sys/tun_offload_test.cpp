// SPDX-License-Identifier: Apache-2.0
// The vnet header: layout byte by byte, and every field back again. Pure, no kernel needed; the
// layout is include/uapi/linux/virtio_net.h's struct virtio_net_hdr, and tun_test.cpp sees the real
// kernel agree.
#include <bit>

#include <gtest/gtest.h>

#include <weft/sys/tun_offload.hpp>

namespace weft::sys {
namespace {

TEST(VnetHeader, EncodesTheLayoutOfTheKernel) {
    VnetHeader header;
    header.flags = VnetHeader::kNeedsCsum;
    header.gso_type = GsoType::kTcpV6;
    header.gso_ecn = true;
    header.header_size = 0x0102;
    header.gso_size = 0x0304;
    header.csum_start = 0x0506;
    header.csum_offset = 0x0708;
    ByteArray<kVnetHeaderSize> bytes{};
    header.encode(bytes);
    EXPECT_EQ(bytes[0], std::byte{0x01});
    EXPECT_EQ(bytes[1], std::byte{0x84});
    // Native order, in the order hdr_len, gso_size, csum_start, csum_offset.
    const std::size_t high = std::endian::native == std::endian::big ? 0 : 1;
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(bytes[2 + 2 * i + high], std::byte(2 * i + 1));
        EXPECT_EQ(bytes[2 + 2 * i + 1 - high], std::byte(2 * i + 2));
    }
}

TEST(VnetHeader, DecodesWhatItEncoded) {
    for (const GsoType type :
         {GsoType::kNone, GsoType::kTcpV4, GsoType::kUdpFragment, GsoType::kTcpV6, GsoType::kUdp}) {
        for (const bool ecn : {false, true}) {
            VnetHeader in;
            in.flags = ecn ? VnetHeader::kNeedsCsum : std::uint8_t{0};
            in.gso_type = type;
            in.gso_ecn = ecn;
            in.header_size = 54;
            in.gso_size = 1448;
            in.csum_start = 34;
            in.csum_offset = 16;
            ByteArray<kVnetHeaderSize> bytes{};
            in.encode(bytes);
            const VnetHeader out = VnetHeader::decode(bytes);
            EXPECT_EQ(out.needs_csum(), ecn);
            EXPECT_EQ(out.gso_type, type);
            EXPECT_EQ(out.gso_ecn, ecn);
            EXPECT_EQ(out.header_size, 54);
            EXPECT_EQ(out.gso_size, 1448);
            EXPECT_EQ(out.csum_start, 34);
            EXPECT_EQ(out.csum_offset, 16);
        }
    }
}

}  // namespace
}  // namespace weft::sys
