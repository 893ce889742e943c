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

TEST(Text, what_is_to_come_is_told_as_what_is_past) {
    constexpr std::int64_t kNow = 1'700'000'000'000;
    EXPECT_EQ(format_until(kNow + 3'600'000, kNow), "in 60 min");
    EXPECT_EQ(format_until(kNow + 1, kNow), "in 1 s");
    EXPECT_EQ(format_until(kNow + 7 * 86'400'000, kNow), "in 7 d");
    EXPECT_EQ(format_until(kNow, kNow), "0 s ago");
    EXPECT_EQ(format_until(kNow - 60'000, kNow), "60 s ago");
}

TEST(Text, what_others_wrote_cannot_move_the_cursor) {
    EXPECT_EQ(printable("node-b größer – 😀"), "node-b größer – 😀");
    EXPECT_EQ(printable("a\x1b[2Jb\r\n\t\x7f"), "a?[2Jb????");
    EXPECT_EQ(printable(std::string_view{"\0", 1}), "?");
    EXPECT_EQ(printable("\xc2\x9b"
                        "2J\xc2\xa0"),
              "?2J\xc2\xa0");                                             // CSI in C1
    EXPECT_EQ(printable("\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xa8"), "???");  // U+202E, 2066, 2028
    EXPECT_EQ(printable("\xff\xc3"), "??");
    EXPECT_EQ(format_table({{"\x1b[31m", "b"}}), "?[31m  b\n");
}

TEST(Text, lists_are_whole_or_their_first) {
    EXPECT_EQ(format_list({}), "–");
    EXPECT_EQ(format_list({"a", "b\n"}), "a, b?");
    EXPECT_EQ(first_of({}), "–");
    EXPECT_EQ(first_of({"a"}), "a");
    EXPECT_EQ(first_of({"a", "b", "c"}), "a +2");
    EXPECT_EQ(short_id("0011223344556677"), "00112233");
    EXPECT_EQ(short_id(""), "");
}

TEST(Text, times_are_read_with_their_unit) {
    EXPECT_EQ(parse_seconds("0"), 0U);
    EXPECT_EQ(parse_seconds("45"), 45U);
    EXPECT_EQ(parse_seconds("45s"), 45U);
    EXPECT_EQ(parse_seconds("30m"), 1'800U);
    EXPECT_EQ(parse_seconds("1h"), 3'600U);
    EXPECT_EQ(parse_seconds("7d"), 604'800U);
    for (const char* text :
         {"", "s", "-1", "+1", "1.5h", "1 h", "1w", "1hm", "h1", "4294967296", "49711d"}) {
        EXPECT_EQ(parse_seconds(text), std::nullopt) << text;
    }
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
