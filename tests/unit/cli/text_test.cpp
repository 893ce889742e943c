// SPDX-License-Identifier: Apache-2.0
// Numbers and tables as people read them.
#include "text.hpp"

#include <gtest/gtest.h>

namespace weft::cli {
namespace {

TEST(Text, bytes_have_two_or_three_digits_and_a_unit) {
    EXPECT_EQ(format_bytes(0), "0 B");
    EXPECT_EQ(format_bytes(1023), "1023 B");
    EXPECT_EQ(format_bytes(1024), "1.0 KiB");
    EXPECT_EQ(format_bytes(10'188), "9.9 KiB");
    EXPECT_EQ(format_bytes(10'200), "10 KiB");
    EXPECT_EQ(format_bytes(830ULL << 20), "830 MiB");
    EXPECT_EQ(format_bytes(1'288'490'189), "1.2 GiB");
    EXPECT_EQ(format_bytes(~0ULL), "16 EiB");
}

TEST(Text, ages_grow_coarser) {
    constexpr std::int64_t kNow = 1'700'000'000'000;
    EXPECT_EQ(format_age(std::nullopt, kNow), "never");
    EXPECT_EQ(format_age(kNow + 5000, kNow), "0 s ago");  // the clock was set back
    EXPECT_EQ(format_age(kNow - 119'999, kNow), "119 s ago");
    EXPECT_EQ(format_age(kNow - 120'000, kNow), "2 min ago");
    EXPECT_EQ(format_age(kNow - 7'200'000, kNow), "2 h ago");
    EXPECT_EQ(format_age(kNow - 172'800'000, kNow), "2 d ago");
}

TEST(Text, times_have_three_digits) {
    EXPECT_EQ(format_ms(0), "0.00 ms");
    EXPECT_EQ(format_ms(213), "0.21 ms");
    EXPECT_EQ(format_ms(9'999), "10.0 ms");
    EXPECT_EQ(format_ms(12'345), "12.3 ms");
    EXPECT_EQ(format_ms(99'990), "100 ms");
    EXPECT_EQ(format_ms(2'000'000), "2000 ms");
}

TEST(Text, counts_have_their_plural) {
    EXPECT_EQ(format_count(0, "peer"), "0 peers");
    EXPECT_EQ(format_count(1, "prefix"), "1 prefix");
    EXPECT_EQ(format_count(2, "prefix"), "2 prefixes");
    EXPECT_EQ(format_count(2, "batch"), "2 batches");
}

TEST(Text, a_table_is_aligned_by_characters) {
    EXPECT_EQ(format_table({{"A", "B", "C"}, {"–", "long", ""}, {"x"}}),
              "A  B     C\n–  long\nx\n");
    EXPECT_EQ(format_table({}), "");
}

TEST(Text, colour_is_only_there_when_wanted) {
    EXPECT_EQ(paint("x", Colour::kRed, false), "x");
    EXPECT_EQ(paint("x", Colour::kPlain, true), "x");
    EXPECT_EQ(paint("x", Colour::kGreen, true), "\x1b[32mx\x1b[0m");
}

}  // namespace
}  // namespace weft::cli
