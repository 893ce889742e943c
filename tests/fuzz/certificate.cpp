// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as each kind of signed statement. What parse takes has one encoding: the
// fields written again are the bytes that were read, up to the extensions, and no bytes are two
// kinds.
#include <weft/identity/revocation.hpp>

#include "bodies.hpp"
#include "fuzz.hpp"

namespace {

namespace identity = weft::identity;

template <class Parsed>
bool check(weft::ConstBytes bytes, const weft::Result<Parsed>& parsed) {
    if (!parsed) {
        WEFT_FUZZ_CHECK(!parsed.error().cause.empty());
        return false;
    }
    // The encoding ends with "no extensions" where the bytes have whatever they have.
    const weft::ByteWriter encoded = encode_body(*parsed);
    const weft::ConstBytes fields = encoded.bytes().first(encoded.size() - 2);
    const weft::ConstBytes body = bytes.first(bytes.size() - identity::kSignatureSize);
    WEFT_FUZZ_CHECK(body.size() >= encoded.size());
    WEFT_FUZZ_CHECK(std::equal(fields.begin(), fields.end(), body.begin()));
    const std::size_t extensions = body.size() - encoded.size();
    const auto low = std::to_integer<std::size_t>(body[fields.size()]);
    const auto high = std::to_integer<std::size_t>(body[fields.size() + 1]);
    WEFT_FUZZ_CHECK((low | high << 8U) == extensions);
    WEFT_FUZZ_CHECK(bytes.size() <= identity::kCertificateSizeMax);
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const weft::fuzz::Buffer bytes = weft::fuzz::copy_of(std::as_bytes(std::span{data, size}));
    const auto certificate = identity::parse_certificate(bytes);
    int kinds = 0;
    kinds += check(bytes, certificate) ? 1 : 0;
    kinds += check(bytes, identity::parse_issuer_certificate(bytes)) ? 1 : 0;
    kinds += check(bytes, identity::parse_revocation(bytes)) ? 1 : 0;
    kinds += check(bytes, identity::parse_successor(bytes)) ? 1 : 0;
    WEFT_FUZZ_CHECK(kinds <= 1);
    if (certificate) {
        WEFT_FUZZ_CHECK(encoded_size(*certificate) <= bytes.size());
        WEFT_FUZZ_CHECK(identity::valid_name(certificate->name));
        WEFT_FUZZ_CHECK(certificate->serial >> 32U == certificate->issuer_number);
    }
    return 0;
}
