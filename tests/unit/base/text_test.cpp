// SPDX-License-Identifier: Apache-2.0
// Numbers out of text, and text that is fit to be shown.
#include <cstdint>

#include <gtest/gtest.h>

#include <weft/base/number.hpp>
#include <weft/base/utf8.hpp>

namespace weft {
namespace {

TEST(Number, TakesDigitsThatFitAndNothingElse) {
    EXPECT_EQ(parse_number<std::uint16_t>("0"), 0);
    EXPECT_EQ(parse_number<std::uint16_t>("007"), 7);
    EXPECT_EQ(parse_number<std::uint16_t>("65535"), 65535);
    for (const char* bad :
         {"", "65536", "-1", "+1", " 1", "1 ", "1a", "0x10", "99999999999999999999"}) {
        EXPECT_FALSE(parse_number<std::uint16_t>(bad)) << bad;
    }
}

TEST(Utf8, KnowsTheSequencesOfTheRfc) {
    EXPECT_EQ(utf8_length("a"), 1U);
    EXPECT_EQ(utf8_length("\xc3\xa4"), 2U);
    EXPECT_EQ(utf8_length("\xe2\x82\xac"), 3U);
    EXPECT_EQ(utf8_length("\xf0\x9f\x90\x91"), 4U);
    for (const char* bad : {"\x80",              // a continuation alone
                            "\xc3",              // cut off
                            "\xc3z",             // no continuation
                            "\xc0\xaf",          // overlong
                            "\xe0\x80\xaf",      // overlong
                            "\xed\xa0\x80",      // a surrogate
                            "\xf4\x90\x80\x80",  // beyond U+10FFFF
                            "\xff"}) {
        EXPECT_EQ(utf8_length(bad), 0U);
    }
}

TEST(Utf8, AnExcerptEndsBetweenSequences) {
    EXPECT_EQ(utf8_excerpt("weft", 4), "weft");
    EXPECT_EQ(utf8_excerpt("wefts", 4), "weft...");
    EXPECT_EQ(utf8_excerpt("abc\xc3\xa4", 5), "abc\xc3\xa4");
    EXPECT_EQ(utf8_excerpt("abc\xc3\xa4", 4), "abc...");
    EXPECT_EQ(utf8_excerpt("a\xff\xc3", 8), "a??");
    EXPECT_EQ(utf8_excerpt("", 0), "");
}

}  // namespace
}  // namespace weft
