// SPDX-License-Identifier: Apache-2.0
// See issuer_request.hpp. Control plane and CLI; any thread.
#include <algorithm>

#include <weft/base/assert.hpp>
#include <weft/base/encoding.hpp>
#include <weft/identity/issuer_request.hpp>

#include "base64url.hpp"
#include "fields.hpp"

namespace weft::identity {
namespace {

constexpr std::string_view kIssuerPrefix = "weftissuer1_";
constexpr std::string_view kIssuerAnyPrefix = "weftissuer";
constexpr std::string_view kIssuerRequestMagic = "WFQ";
constexpr std::size_t kIssuerTextMax = 512;  // characters
constexpr std::string_view kAskAgain =
    "copy the whole word that `weft issuer request` printed on the node that is to issue";

}  // namespace

std::string to_text(const IssuerRequest& request, const SigningKey& identity) {
    WEFT_ASSERT(identity.verify_key() == request.identity_key);
    ByteWriter body;
    write_head(body, kIssuerRequestMagic, request.network);
    body.append(request.identity_key.bytes);
    body.append(request.signing_key.bytes);
    body.append(request.sealing_key.bytes);
    write_text(body, request.name);
    return std::string{kIssuerPrefix} +
           to_base64url(
               append_signature(kKindIssuerRequest, request.network, std::move(body), identity));
}

Result<IssuerRequest> parse_issuer_request(std::string_view text) {
    text = trimmed(text);
    if (!text.starts_with(kIssuerPrefix)) {
        return text.starts_with(kIssuerAnyPrefix)
                   ? invalid("the issuer's request was made by another version of weft",
                             "upgrade weft there and here")
                   : invalid("this is not an issuer's request: those begin with `weftissuer1_`",
                             std::string{kAskAgain});
    }
    const Error mistyped =
        invalid("the issuer's request is cut short or mistyped", std::string{kAskAgain});
    if (text.size() > kIssuerTextMax) {
        return mistyped;
    }
    const std::vector<std::byte> bytes = from_base64url(text.substr(kIssuerPrefix.size()));
    if (bytes.size() <= kSignatureSize) {
        return mistyped;
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
        return mistyped;
    }
    return read ? Result<IssuerRequest>{std::move(request)} : read.error();
}

}  // namespace weft::identity
