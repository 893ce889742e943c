// SPDX-License-Identifier: Apache-2.0
// Tokens: there and back, and every way in which a copy goes wrong with its own message.
#include <sodium.h>

#include <weft/identity/token.hpp>

#include "statements.hpp"
#include "vector_file.hpp"

namespace weft::test {
namespace {

using identity::Token;

Token token(std::vector<net::Endpoint> endpoints = {endpoint("192.0.2.1:51840"),
                                                    endpoint("[2001:db8::1]:51841")}) {
    return {unhex_array<8>("0102030405060708"),
            signing_key(7),
            signing_key(kRootSeed).verify_key(),
            public_key(6),
            kNow + 3600,
            std::move(endpoints)};
}
std::string error_of(std::string_view text) {
    const auto parsed = identity::parse_token(text);
    return parsed ? "" : parsed.error().message();
}
void expect_error(std::string_view text, std::string_view part) {
    const std::string error = error_of(text);
    EXPECT_NE(error.find(part), std::string::npos) << text << ": " << error;
    EXPECT_NE(error.find('('), std::string::npos) << "without a remedy: " << error;
}
/// A token of any bytes, with the right checksum.
std::string text_of(ConstBytes fields) {
    Buffer bytes(fields.begin(), fields.end());
    ByteArray<16> hash{};
    crypto_generichash(as_uchar(hash.data()), 16, as_uchar(bytes.data()), bytes.size(), nullptr, 0);
    bytes.insert(bytes.end(), hash.begin(), hash.begin() + 4);
    const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    std::string text(sodium_base64_encoded_len(bytes.size(), variant), '\0');
    sodium_bin2base64(text.data(), text.size(), as_uchar(bytes.data()), bytes.size(), variant);
    text.pop_back();
    return "weft1_" + text;
}
/// The fields of token(), without checksum.
Buffer fields_of(const std::string& text) {
    Buffer bytes(text.size());
    std::size_t size = 0;
    sodium_base642bin(as_uchar(bytes.data()),
                      bytes.size(),
                      text.data() + 6,
                      text.size() - 6,
                      nullptr,
                      &size,
                      nullptr,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    bytes.resize(size - 4);
    return bytes;
}

void expect_same(const Token& parsed, const Token& original) {
    EXPECT_EQ(parsed.id, original.id);
    EXPECT_EQ(parsed.one_time_key.seed(), original.one_time_key.seed());
    EXPECT_EQ(parsed.one_time_key.verify_key(), original.one_time_key.verify_key());
    EXPECT_EQ(parsed.root, original.root);
    EXPECT_EQ(parsed.issuer_sealing_key, original.issuer_sealing_key);
    EXPECT_EQ(parsed.expiry, original.expiry);
    EXPECT_EQ(parsed.endpoints, original.endpoints);
}

TEST(Tokens, are_the_frozen_text) {
    const auto frozen = read_vectors("identity_token.txt");
    EXPECT_EQ(to_text(token()), frozen.at(0).at(0));
    expect_same(*identity::parse_token(frozen[0][0]), token());
}

TEST(Tokens, survive_being_copied_with_space_around) {
    const Token full = token({4, endpoint("[2001:db8::1]:65535")});
    const std::string text = to_text(full);
    EXPECT_LE(text.size(), identity::kTokenTextMax);
    expect_same(*identity::parse_token(text), full);
    expect_same(*identity::parse_token(" \t" + text + "\r\n"), full);
    expect_same(*identity::parse_token(to_text(token({}))), token({}));
    for (const char c : text) {
        EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-');
    }
}

TEST(Tokens, that_are_none_say_so) {
    expect_error("", "no token");
    expect_error(" \n", "no token");
    expect_error("hello", "not a token");
    expect_error("weft", "not a token");
    expect_error("weft_abc", "not a token");
    expect_error("weftx_abc", "not a token");
    expect_error("Weft1_abc", "not a token");
    expect_error("weft2_" + to_text(token()).substr(6), "another version");
    expect_error("weft10_abc", "another version");
    expect_error("weft1_", "cut short");
    expect_error("weft1_AAAA", "cut short");
    expect_error("weft1_" + std::string(600, 'A'), "longer");
}

TEST(Tokens, with_one_wrong_character_or_cut_anywhere_are_refused) {
    const std::string text = to_text(token());
    for (std::size_t size = 6; size < text.size(); ++size) {
        expect_error(text.substr(0, size), "cut short or mistyped");
    }
    for (std::size_t at = 6; at < text.size(); ++at) {
        for (const char c : {'A', 'b', '+', '/', '=', ' ', '\0', '\xff'}) {
            std::string wrong = text;
            if (wrong[at] != c) {
                wrong[at] = c;
                EXPECT_NE(error_of(wrong), "") << at << c;
            }
        }
    }
    EXPECT_NE(error_of(text + "A"), "");
    EXPECT_NE(error_of(text + "=="), "");
    EXPECT_NE(error_of(text + " " + text), "");
}

TEST(Tokens, of_right_checksum_are_read_with_the_same_care) {
    const Buffer fields = fields_of(to_text(token()));
    EXPECT_EQ(error_of(text_of(fields)), "");
    const auto changed = [&](std::size_t at, std::string_view by) {
        Buffer bytes = fields;
        const Buffer part = unhex(by);
        std::copy(part.begin(), part.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
        return text_of(bytes);
    };
    constexpr std::size_t kRoot = 1 + 8 + 32;
    constexpr std::size_t kCount = kRoot + 32 + 32 + 8;
    expect_error(changed(0, "02"), "another version");
    EXPECT_NE(error_of(changed(1, "0000000000000000")).find("no id"), std::string::npos);
    EXPECT_NE(error_of(changed(kRoot, std::string(64, '0'))).find("Ed25519"), std::string::npos);
    EXPECT_NE(error_of(changed(kRoot + 32, std::string(64, '0'))).find("X25519"),
              std::string::npos);
    EXPECT_NE(error_of(changed(kCount, "05")).find("too many"), std::string::npos);
    EXPECT_NE(error_of(changed(kCount, "01")).find("behind its end"), std::string::npos);
    EXPECT_NE(error_of(changed(kCount, "03")).find("cut short"), std::string::npos);
    EXPECT_NE(error_of(changed(kCount + 1, "07")).find("no family"), std::string::npos);
    EXPECT_NE(error_of(changed(kCount + 6, "0000")).find("endpoint"), std::string::npos);  // port
    EXPECT_NE(error_of(changed(kCount + 2, "00000000")).find("endpoint"), std::string::npos);
    EXPECT_NE(error_of(changed(kCount + 2, "e0000001")).find("endpoint"), std::string::npos);
    EXPECT_NE(error_of(changed(kCount + 9, "fe80")).find("endpoint"), std::string::npos);
}

}  // namespace
}  // namespace weft::test
