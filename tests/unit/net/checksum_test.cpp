// SPDX-License-Identifier: Apache-2.0
// The fast checksum against RFC 1071's words one by one.
#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include <weft/base/random.hpp>
#include <weft/net/checksum.hpp>

#include "hex.hpp"
#include "slow_checksum.hpp"

namespace weft::net {
namespace {

/// The native-order sum as the value that its bytes have on the wire.
std::uint16_t on_the_wire(std::uint64_t sum) {
    ByteArray<2> bytes{};
    store_checksum(bytes.data(), checksum_fold(sum));
    return load_be16(bytes.data());
}

TEST(Checksum, AgreesWithTheExampleOfRfc1071) {
    EXPECT_EQ(on_the_wire(checksum_add(0, test::unhex("0001f203f4f5f6f7"))), 0xddf2);
}

TEST(Checksum, AgreesWithTheSlowTwinForEveryLengthAndMisalignment) {
    SeededRandom random{21};
    std::vector<std::byte> buffer(2048 + 32);
    random.fill(buffer);
    for (std::size_t size = 0; size <= 2048; ++size) {
        for (std::size_t offset = 0; offset < 16; offset += size < 300 ? 1 : 5) {
            const ConstBytes data = ConstBytes{buffer}.subspan(offset, size);
            ASSERT_EQ(on_the_wire(checksum_add(0, data)), test::slow_checksum(data))
                << size << " bytes at " << offset;
        }
    }
}

TEST(Checksum, LosesNoCarryOfAllOnes) {
    const std::vector<std::byte> ones(65536, std::byte{0xff});
    for (const std::size_t size : {1u, 2u, 15u, 16u, 17u, 64u, 1000u, 65535u, 65536u}) {
        const ConstBytes data = ConstBytes{ones}.first(size);
        EXPECT_EQ(on_the_wire(checksum_add(0, data)), test::slow_checksum(data)) << size;
        EXPECT_EQ(on_the_wire(checksum_add(~std::uint64_t{0}, data)), test::slow_checksum(data))
            << size;
    }
}

TEST(Checksum, IsZeroOnlyForZeros) {
    const std::vector<std::byte> zeros(100);
    EXPECT_EQ(checksum_fold(checksum_add(0, zeros)), 0);
    EXPECT_EQ(checksum_fold(checksum_add(0, {})), 0);
    EXPECT_EQ(checksum_add(5, {}), 5u);
}

TEST(Checksum, AddsPartsInAnyOrderWithCallsOrWithPlus) {
    SeededRandom random{22};
    for (int i = 0; i < 2000; ++i) {
        std::vector<std::byte> data(random.below(3000));
        random.fill(data);
        const std::size_t cut = random.below(data.size() + 1) & ~std::size_t{1};
        const ConstBytes head = ConstBytes{data}.first(cut);
        const ConstBytes tail = ConstBytes{data}.subspan(cut);
        const std::uint16_t expected = test::slow_checksum(data);
        EXPECT_EQ(on_the_wire(checksum_add(checksum_add(0, head), tail)), expected);
        EXPECT_EQ(on_the_wire(checksum_add(checksum_add(0, tail), head)), expected);
        EXPECT_EQ(on_the_wire(checksum_add(0, tail) + checksum_add(0, head)), expected);
    }
}

TEST(Checksum, FoldsEveryWidth) {
    EXPECT_EQ(checksum_fold(0xffff), 0xffff);
    EXPECT_EQ(checksum_fold(0x10000), 1);
    EXPECT_EQ(checksum_fold(0xffffffff), 0xffff);
    EXPECT_EQ(checksum_fold(0x100000000), 1);
    EXPECT_EQ(checksum_fold(~std::uint64_t{0}), 0xffff);
    EXPECT_EQ(checksum_fold(0x0001000100010001), 4);
    EXPECT_EQ(checksum_fold(0xffffffff00000001), 1);
    SeededRandom random{23};
    for (int i = 0; i < 100000; ++i) {
        const std::uint64_t sum = random.below(~std::uint64_t{0});
        EXPECT_EQ(checksum_fold(sum) % 0xffff, sum % 0xffff);
    }
}

TEST(Checksum, OfAPseudoHeaderIsThatOfItsBytes) {
    auto packet = test::unhex(
        "45000020000000004011000"
        "0c0000201c63364c8"
        "0102030405060708090a0b0c");
    auto sum = pseudo_header_sum(*IpView::parse(packet), kProtocolUdp, 12);
    EXPECT_EQ(on_the_wire(sum), test::slow_checksum(test::unhex("c0000201c63364c80011000c")));

    packet = test::unhex(
        "6000000000080640"
        "20010db8000000000000000000000001"
        "20010db8ffffffffffffffffffffffff"
        "0102030405060708");
    sum = pseudo_header_sum(*IpView::parse(packet), kProtocolTcp, 0x12345);
    EXPECT_EQ(on_the_wire(sum),
              test::slow_checksum(test::unhex("20010db8000000000000000000000001"
                                              "20010db8ffffffffffffffffffffffff"
                                              "0001234500000006")));
}

TEST(Checksum, OfAnIpv4HeaderIsTheOneOnTheWire) {
    // A header with its checksum from a capture (b861 at offset 10).
    const auto captured = test::unhex(
        "450000730000400040"
        "11b861c0a80001c0a800c7");
    auto header = captured;
    header[10] = header[11] = std::byte{0x77};
    write_ipv4_checksum(header);
    EXPECT_EQ(to_hex(header), to_hex(captured));
}

TEST(Checksum, OfAnIpv4HeaderVerifiesWithOptions) {
    SeededRandom random{24};
    for (std::size_t size = 20; size <= 60; size += 4) {
        std::vector<std::byte> header(size);
        random.fill(header);
        write_ipv4_checksum(header);
        EXPECT_EQ(test::slow_checksum(header), 0xffff) << size;
    }
}

}  // namespace
}  // namespace weft::net
