// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any text as a word that an operator carries (a member's request to be an issuer, a
// machine's for a certificate, and what is granted), and any bytes as the inside of one.
#include <sodium.h>

#include <weft/identity/carried.hpp>
#include <weft/identity/issuer_request.hpp>

#include "fuzz.hpp"

namespace {

void check(std::string_view text) {
    const auto request = weft::identity::parse_issuer_request(text);
    WEFT_FUZZ_CHECK(request ? weft::identity::valid_name(request->name)
                            : !request.error().cause.empty());
    const auto asked = weft::identity::parse_certificate_request(text);
    WEFT_FUZZ_CHECK(asked ? weft::identity::valid_name(asked->name) : !asked.error().cause.empty());
    const auto granted = weft::identity::parse_carried_grant(text);
    WEFT_FUZZ_CHECK(granted ? !granted->reply.certificate.empty() : !granted.error().cause.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check(weft::fuzz::Input{data, size}.text());
    constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    std::string text(sodium_base64_encoded_len(size, kVariant), '\0');
    sodium_bin2base64(text.data(), text.size(), data, size, kVariant);
    text.pop_back();
    for (const char* const prefix : {"weftissuer1_", "weftreq1_", "weftcert1_"}) {
        check(prefix + text);
    }
    return 0;
}
