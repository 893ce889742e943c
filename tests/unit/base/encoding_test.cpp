// SPDX-License-Identifier: Apache-2.0
// Base64 and hex: RFC 4648's vectors, round trips, and everything that is not canonical.
#include <gtest/gtest.h>

#include <weft/base/encoding.hpp>
#include <weft/base/random.hpp>

#include "hex.hpp"

namespace weft {
namespace {

TEST(Base64, AgreesWithRfc4648) {
    EXPECT_EQ(to_base64(bytes_of("")), "");
    EXPECT_EQ(to_base64(bytes_of("f")), "Zg==");
    EXPECT_EQ(to_base64(bytes_of("fo")), "Zm8=");
    EXPECT_EQ(to_base64(bytes_of("foo")), "Zm9v");
    EXPECT_EQ(to_base64(bytes_of("foob")), "Zm9vYg==");
    EXPECT_EQ(to_base64(bytes_of("fooba")), "Zm9vYmE=");
    EXPECT_EQ(to_base64(bytes_of("foobar")), "Zm9vYmFy");
}

TEST(Hex, IsLowerCaseAndCoversEveryByte) {
    for (unsigned value = 0; value < 256; ++value) {
        const ByteArray<1> byte{static_cast<std::byte>(value)};
        const std::string text = to_hex(byte);
        constexpr std::string_view kDigits = "0123456789abcdef";
        EXPECT_EQ(text, (std::string{kDigits[value / 16], kDigits[value % 16]}));
        ByteArray<1> back{};
        EXPECT_TRUE(from_hex(text, back));
        EXPECT_EQ(back, byte);
    }
    EXPECT_EQ(to_hex({}), "");
}

TEST(Encoding, RoundTripsEveryLength) {
    SeededRandom random{1};
    for (std::size_t size = 0; size <= 100; ++size) {
        std::vector<std::byte> bytes(size);
        random.fill(bytes);
        std::vector<std::byte> back(size, std::byte{0x55});
        EXPECT_TRUE(from_base64(to_base64(bytes), back)) << size;
        EXPECT_EQ(back, bytes);
        std::fill(back.begin(), back.end(), std::byte{0x55});
        EXPECT_TRUE(from_hex(to_hex(bytes), back)) << size;
        EXPECT_EQ(back, bytes);
    }
}

TEST(Base64, TakesOnlyTheCanonicalTextOfTheSizeAskedFor) {
    ByteArray<1> one{};
    ByteArray<2> two{};
    ByteArray<3> three{};
    EXPECT_TRUE(from_base64("Zg==", one));
    EXPECT_FALSE(from_base64("Zh==", one)) << "bits beyond the last byte";
    EXPECT_FALSE(from_base64("Zm9=", two)) << "bits beyond the last byte";
    EXPECT_FALSE(from_base64("Zg", one)) << "no padding";
    EXPECT_FALSE(from_base64("Zg=", one));
    EXPECT_FALSE(from_base64("Zg===", one));
    EXPECT_FALSE(from_base64("Zg=A", one));
    EXPECT_FALSE(from_base64("Zm9v", two)) << "three bytes";
    EXPECT_FALSE(from_base64("Zm8=", three)) << "two bytes";
    EXPECT_FALSE(from_base64("Zm9v\n", three));
    EXPECT_FALSE(from_base64("Zm v", three));
    EXPECT_FALSE(from_base64("Zm-_", three)) << "the alphabet of URLs";
    EXPECT_FALSE(from_base64("", one));
    EXPECT_FALSE(from_base64("Zg==", {}));
    EXPECT_TRUE(from_base64("", {}));
}

TEST(Hex, TakesOnlyLowerCaseDigitsOfTheSizeAskedFor) {
    ByteArray<1> one{};
    EXPECT_FALSE(from_hex("A0", one));
    EXPECT_FALSE(from_hex("0F", one));
    EXPECT_FALSE(from_hex("0", one));
    EXPECT_FALSE(from_hex("000", one));
    EXPECT_FALSE(from_hex("", one));
    EXPECT_FALSE(from_hex("00", {}));
    EXPECT_TRUE(from_hex("", {}));
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (unsigned value = 0; value < 256; ++value) {
        const char c = static_cast<char>(value);
        const bool is_digit = kDigits.find(c) != kDigits.npos;
        EXPECT_EQ(from_hex(std::string{c, '0'}, one), is_digit) << value;
        EXPECT_EQ(from_hex(std::string{'0', c}, one), is_digit) << value;
    }
}

TEST(Base64, ALineMayEndInWhiteSpaceAndNothingElse) {
    ByteArray<3> out{};
    for (const char* good : {"Zm9v", "Zm9v\n", "Zm9v \t\r\n\n"}) {
        EXPECT_TRUE(from_base64_line(good, out)) << good;
    }
    for (const char* bad : {"", "\n", " Zm9v", "Zm 9v", "Zm9v\nZm9v", "Zm9v\v"}) {
        EXPECT_FALSE(from_base64_line(bad, out)) << bad;
    }
}

TEST(Encoding, LeavesNothingOfAKeyBehindWhenItRefusesIt) {
    ByteArray<3> out{};
    out.fill(std::byte{0x55});
    EXPECT_FALSE(from_hex("ffff0g", out));
    EXPECT_EQ(out, ByteArray<3>{});
    out.fill(std::byte{0x55});
    EXPECT_FALSE(from_base64("Zm9*", out));
    EXPECT_EQ(out, ByteArray<3>{});
}

}  // namespace
}  // namespace weft
