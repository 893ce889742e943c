// SPDX-License-Identifier: Apache-2.0
// See issuer_request.hpp. Control plane and CLI; any thread.
#include <weft/base/assert.hpp>
#include <weft/identity/issuer_request.hpp>

#include "fields.hpp"
#include "words.hpp"

namespace weft::identity {
namespace {

constexpr WordKind kIssuerWord{
    "weftissuer1_",
    "weftissuer",
    "an issuer's request",
    "the issuer's request",
    "copy the whole word that `weft issuer request` printed on the node that is to issue",
    512};
constexpr std::string_view kIssuerRequestMagic = "WFQ";

}  // namespace

std::string to_text(const IssuerRequest& request, const SigningKey& identity) {
    WEFT_ASSERT(identity.verify_key() == request.identity_key);
    ByteWriter body;
    write_head(body, kIssuerRequestMagic, request.network);
    body.append(request.identity_key.bytes);
    body.append(request.signing_key.bytes);
    body.append(request.sealing_key.bytes);
    write_text(body, request.name);
    return to_word(
        kIssuerWord,
        append_signature(kKindIssuerRequest, request.network, std::move(body), identity));
}

Result<IssuerRequest> parse_issuer_request(std::string_view text) {
    const auto word = from_word(kIssuerWord, text);
    if (!word) {
        return word.error();
    }
    const ConstBytes bytes{*word};
    if (bytes.size() <= kSignatureSize) {
        return mistyped(kIssuerWord);
    }
    FieldReader reader{"the issuer's request", body_of(bytes)};
    reader.head(kIssuerRequestMagic);
    IssuerRequest request;
    request.network = reader.network();
    request.identity_key = reader.verify_key();
    request.signing_key = reader.verify_key();
    request.sealing_key = reader.public_key();
    request.name = reader.name();
    const Result<> read = reader.finish();
    if (!check_signature(kKindIssuerRequest, request.network, bytes, request.identity_key)) {
        return mistyped(kIssuerWord);
    }
    return read ? Result<IssuerRequest>{std::move(request)} : read.error();
}

}  // namespace weft::identity
