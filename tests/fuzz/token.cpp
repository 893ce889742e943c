// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any text as a token, and any bytes as the inside of one, with the checksum that no
// mutation would find. What is read writes the same text again.
#include <sodium.h>

#include <weft/base/checksum.hpp>
#include <weft/identity/token.hpp>

#include "fuzz.hpp"

namespace {

namespace identity = weft::identity;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const std::size_t from = std::min(text.find_first_not_of(kSpace), text.size());
    return text.substr(from, text.find_last_not_of(kSpace) + 1 - from);
}

void check(std::string_view text) {
    const auto token = identity::parse_token(text);
    if (!token) {
        WEFT_FUZZ_CHECK(!token.error().cause.empty());
        return;
    }
    WEFT_FUZZ_CHECK(to_text(*token) == trimmed(text));
    WEFT_FUZZ_CHECK(token->endpoints.size() <= identity::kTokenEndpointsMax);
    for (const weft::net::Endpoint& endpoint : token->endpoints) {
        WEFT_FUZZ_CHECK(endpoint.valid());
    }
}

std::string text_of(weft::fuzz::Buffer bytes) {
    const auto sum = weft::checksum<4>(bytes);
    bytes.insert(bytes.end(), sum.begin(), sum.end());
    constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    std::string text(sodium_base64_encoded_len(bytes.size(), kVariant), '\0');
    sodium_bin2base64(
        text.data(), text.size(), weft::as_uchar(bytes.data()), bytes.size(), kVariant);
    text.pop_back();
    return "weft1_" + text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    weft::fuzz::Input input{data, size};
    check(weft::fuzz::Input{data, size}.text());
    check(text_of(weft::fuzz::copy_of(input.rest())));
    return 0;
}
