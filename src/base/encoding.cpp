// SPDX-License-Identifier: Apache-2.0
// Base64 and hex of keys, without branches or table look-ups on their content, so that timing and
// caches tell nothing of a private key. Base64 is libsodium's; hex is decoded here because
// sodium_hex2bin takes upper case too, and a key has one text. Control plane; any thread.
#include <algorithm>

#include <sodium.h>

#include <weft/base/encoding.hpp>

namespace weft {

namespace {

constexpr int kBase64 = sodium_base64_VARIANT_ORIGINAL;

void wipe(Bytes out) {
    if (!out.empty()) {
        sodium_memzero(out.data(), out.size());
    }
}

/// All ones where low <= c <= high, else zero.
std::uint32_t mask_between(std::uint32_t c, std::uint32_t low, std::uint32_t high) {
    const std::uint32_t outside = (c - low) | (high - c);  // bit 31 set by either borrow
    return (outside >> 31) - 1;
}

/// The value of a lower-case hex digit; `bad` gets bits set for any other character.
std::uint32_t hex_digit(char character, std::uint32_t& bad) {
    const std::uint32_t c = static_cast<unsigned char>(character);
    const std::uint32_t digit = mask_between(c, '0', '9');
    const std::uint32_t letter = mask_between(c, 'a', 'f');
    bad |= ~(digit | letter);
    return (digit & (c - '0')) | (letter & (c - 'a' + 10));
}

}  // namespace

std::string to_base64(ConstBytes bytes) {
    if (bytes.empty()) {  // libsodium takes no null pointers
        return {};
    }
    std::string text(sodium_base64_encoded_len(bytes.size(), kBase64), '\0');
    sodium_bin2base64(text.data(), text.size(), as_uchar(bytes.data()), bytes.size(), kBase64);
    text.pop_back();  // the terminator
    return text;
}

std::string to_hex(ConstBytes bytes) {
    if (bytes.empty()) {
        return {};
    }
    std::string text(bytes.size() * 2 + 1, '\0');
    sodium_bin2hex(text.data(), text.size(), as_uchar(bytes.data()), bytes.size());
    text.pop_back();  // the terminator
    return text;
}

bool from_base64(std::string_view text, Bytes out) {
    unsigned bits = 0;  // libsodium 1.0.18 takes bytes from 0x80 on for digits
    for (const char c : text) {
        bits |= static_cast<unsigned char>(c);
    }
    if (text.size() != sodium_base64_encoded_len(out.size(), kBase64) - 1 || bits > 0x7f) {
        return false;
    }
    if (out.empty()) {
        return true;
    }
    std::size_t length = 0;
    const int failed = sodium_base642bin(as_uchar(out.data()),
                                         out.size(),
                                         text.data(),
                                         text.size(),
                                         nullptr,
                                         &length,
                                         nullptr,
                                         kBase64);
    if (failed != 0 || length != out.size()) {
        wipe(out);
        return false;
    }
    return true;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
    return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

bool from_base64_line(std::string_view text, Bytes out) {
    return from_base64(text.substr(0, text.find_last_not_of(" \t\r\n") + 1), out);
}

bool from_hex(std::string_view text, Bytes out) {
    if (text.size() != out.size() * 2) {
        return false;
    }
    std::uint32_t bad = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::uint32_t high = hex_digit(text[2 * i], bad);
        const std::uint32_t low = hex_digit(text[2 * i + 1], bad);
        out[i] = static_cast<std::byte>(high << 4 | low);
    }
    if (bad != 0) {
        wipe(out);
        return false;
    }
    return true;
}

}  // namespace weft
