// SPDX-License-Identifier: Apache-2.0
// The root key's text: there and back, and everything that a copy can lack.
#include <gtest/gtest.h>

#include <weft/identity/root_backup.hpp>

#include "parsed.hpp"
#include "statements.hpp"

namespace weft::identity {
namespace {

constexpr std::string_view kPassphrase = "correct horse battery staple";

RootBackup backup() {
    return {test::signing_key(1).verify_key(),
            3,
            test::signing_key(2),
            {test::prefix("10.16.0.0/12"), test::prefix("fd01:2:3::/48")},
            25,
            63};
}

struct RootText : testing::Test {
    SeededRandom random{5};
    std::string text = seal_root(backup(), kPassphrase, random).value();
};

TEST_F(RootText, there_and_back) {
    const auto opened = open_root(" \n" + text + "\n\n", kPassphrase);
    ASSERT_TRUE(opened) << opened.error().message();
    EXPECT_EQ(opened->first_root, backup().first_root);
    EXPECT_EQ(opened->number, 3U);
    EXPECT_EQ(opened->key.verify_key(), backup().key.verify_key());
    EXPECT_EQ(opened->pools, backup().pools);
    EXPECT_EQ(opened->block4, 25);
    EXPECT_EQ(opened->block6, 63);
    EXPECT_TRUE(
        text.starts_with("weft-root 1 " + network_id_of(backup().first_root).to_string() + "\n"));
    EXPECT_NE(text, seal_root(backup(), kPassphrase, random).value());
    std::string dos;
    for (const char c : text) {
        dos += c == '\n' ? "\r\n" : std::string{c};
    }
    EXPECT_TRUE(open_root(dos, kPassphrase));
}

TEST_F(RootText, a_short_passphrase_or_another_is_none) {
    EXPECT_FALSE(seal_root(backup(), "eleven char", random));
    const auto opened = open_root(text, "correct horse battery stapler");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, std::errc::permission_denied);
}

TEST_F(RootText, what_is_wrong_is_told_apart) {
    const auto cause = [](const std::string& wrong) {
        return open_root(wrong, kPassphrase).error().cause;
    };
    EXPECT_NE(cause("").find("not a root key's text"), std::string::npos);
    EXPECT_NE(cause("weft1_AAAA").find("not a root key's text"), std::string::npos);
    std::string other = text;
    other[10] = '2';
    EXPECT_NE(cause(other).find("another version"), std::string::npos);
    EXPECT_NE(cause(text.substr(0, 44)).find("cut short"), std::string::npos);
    EXPECT_NE(cause(text.substr(0, text.size() - 3)).find("cut short"), std::string::npos);
    // The memory that is asked for: bytes 20 to 23 of the body, bounded before it is taken.
    std::string greedy = text;
    greedy.replace(greedy.find('\n') + 1 + 28, 4, "////");
    EXPECT_NE(cause(greedy).find("cut short"), std::string::npos);
}

TEST_F(RootText, any_changed_character_is_noticed) {
    for (std::size_t i = 12; i < text.size(); i += 83) {
        std::string changed = text;
        changed[i] = changed[i] == 'a' ? 'b' : 'a';
        EXPECT_FALSE(open_root(changed, kPassphrase)) << i;
    }
}

}  // namespace
}  // namespace weft::identity
