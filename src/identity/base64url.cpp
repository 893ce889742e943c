// SPDX-License-Identifier: Apache-2.0
// See base64url.hpp.
#include "base64url.hpp"

#include <algorithm>

#include <sodium.h>

namespace weft::identity {
namespace {

constexpr int kBase64Url = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

}  // namespace

std::string to_base64url(ConstBytes bytes) {
    std::string text(sodium_base64_encoded_len(bytes.size(), kBase64Url), '\0');
    sodium_bin2base64(text.data(), text.size(), as_uchar(bytes.data()), bytes.size(), kBase64Url);
    text.pop_back();  // the terminator
    return text;
}

std::vector<std::byte> from_base64url(std::string_view text) {
    std::vector<std::byte> bytes(text.size() * 3 / 4);
    // libsodium 1.0.18 takes bytes from 0x80 on for digits.
    const bool ascii = std::all_of(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    std::size_t size = 0;
    if (!ascii || bytes.empty() ||
        sodium_base642bin(as_uchar(bytes.data()),
                          bytes.size(),
                          text.data(),
                          text.size(),
                          nullptr,
                          &size,
                          nullptr,
                          kBase64Url) != 0) {
        size = 0;
    }
    bytes.resize(size);
    return bytes;
}

}  // namespace weft::identity
