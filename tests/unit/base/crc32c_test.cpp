// SPDX-License-Identifier: Apache-2.0
// CRC-32C against published values: RFC 3720 B.4, and the catalogue's check value.
#include <gtest/gtest.h>

#include <weft/base/crc32c.hpp>

namespace weft {
namespace {

TEST(Crc32c, PublishedValues) {
    EXPECT_EQ(crc32c({}), 0U);
    EXPECT_EQ(crc32c(bytes_of("123456789")), 0xE3069283U);
    EXPECT_EQ(crc32c(ByteArray<32>{}), 0x8A9136AAU);
    ByteArray<32> ones{};
    ones.fill(std::byte{0xFF});
    EXPECT_EQ(crc32c(ones), 0x62A8AB43U);
}

}  // namespace
}  // namespace weft
