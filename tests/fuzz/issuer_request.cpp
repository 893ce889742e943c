// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any text as the word by which a member asks to be an issuer, and any bytes as the
// inside of one.
#include <sodium.h>

#include <weft/identity/issuer_request.hpp>

#include "fuzz.hpp"

namespace {

void check(std::string_view text) {
    const auto request = weft::identity::parse_issuer_request(text);
    WEFT_FUZZ_CHECK(request ? weft::identity::valid_name(request->name)
                            : !request.error().cause.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check(weft::fuzz::Input{data, size}.text());
    constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    std::string text(sodium_base64_encoded_len(size, kVariant), '\0');
    sodium_bin2base64(text.data(), text.size(), data, size, kVariant);
    text.pop_back();
    check("weftissuer1_" + text);
    return 0;
}
