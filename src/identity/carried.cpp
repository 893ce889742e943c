// SPDX-License-Identifier: Apache-2.0
// See carried.hpp. Control plane; any thread.
#include <algorithm>

#include <weft/base/assert.hpp>
#include <weft/base/checksum.hpp>
#include <weft/identity/carried.hpp>

#include "fields.hpp"
#include "join_sealing.hpp"
#include "words.hpp"

namespace weft::identity {
namespace {

constexpr std::string_view kCertificateRequestMagic = "WFM";
constexpr std::size_t kCarriedChecksumSize = 4;
constexpr std::size_t kCarriedHead = 1 + sizeof(VerifyKey) + kCarriedChecksumSize;

constexpr WordKind kRequestWord{
    "weftreq1_",
    "weftreq",
    "a request for a certificate",
    "the request for a certificate",
    "copy the whole word that `weft cert request` printed on the machine that is to have it",
    512};
constexpr WordKind kGrantWord{"weftcert1_",
                              "weftcert",
                              "a certificate",
                              "the certificate",
                              "copy the whole word that `weft cert sign` printed on the issuer",
                              2'048};

/// Against mistakes; what is inside is signed.
ByteArray<kCarriedChecksumSize> checksum_of(const VerifyKey& root, ConstBytes reply) {
    ByteWriter all{sizeof root + reply.size()};
    all.append(root.bytes);
    all.append(reply);
    return checksum<kCarriedChecksumSize>(all.bytes());
}

}  // namespace

std::string to_text(const CertificateRequest& request, const SigningKey& identity) {
    WEFT_ASSERT(identity.verify_key() == request.identity_key);
    ByteWriter body;
    write_head(body, kCertificateRequestMagic, {});
    body.append(request.identity_key.bytes);
    body.append(request.wireguard_key.bytes);
    body.append(request.gossip_key.bytes);
    write_text(body, request.name);
    return to_word(kRequestWord,
                   append_signature(kKindCertificateRequest, {}, std::move(body), identity));
}

Result<CertificateRequest> parse_certificate_request(std::string_view text) {
    const auto word = from_word(kRequestWord, text);
    if (!word) {
        return word.error();
    }
    const ConstBytes bytes{*word};
    if (bytes.size() <= kSignatureSize) {
        return mistyped(kRequestWord);
    }
    FieldReader reader{kRequestWord.the, body_of(bytes)};
    reader.head(kCertificateRequestMagic);
    reader.require(reader.network() == NetworkId{}, "names a network");
    CertificateRequest request;
    request.identity_key = reader.verify_key();
    request.wireguard_key = reader.public_key();
    request.gossip_key = reader.public_key();
    request.name = reader.name();
    const Result<> read = reader.finish();
    if (!check_signature(kKindCertificateRequest, {}, bytes, request.identity_key)) {
        return mistyped(kRequestWord);
    }
    return read ? Result<CertificateRequest>{std::move(request)} : read.error();
}

std::string to_text(const CarriedGrant& grant) {
    WEFT_ASSERT(grant.reply.status == JoinReply::Status::kGranted);
    const std::vector<std::byte> reply = encode_reply(grant.reply);
    ByteWriter out{kCarriedHead + reply.size()};
    out.write(kFormatVersion);
    out.append(grant.root.bytes);
    out.append(checksum_of(grant.root, reply));
    out.append(reply);
    return to_word(kGrantWord, out.bytes());
}

Result<CarriedGrant> parse_carried_grant(std::string_view text) {
    const auto word = from_word(kGrantWord, text);
    if (!word) {
        return word.error();
    }
    const ConstBytes bytes{*word};
    if (bytes.size() <= kCarriedHead) {
        return mistyped(kGrantWord);
    }
    FieldReader head{kGrantWord.the, bytes.first(kCarriedHead)};
    const auto version = head.number<std::uint8_t>();
    CarriedGrant grant;
    grant.root = head.verify_key();
    const auto expected = head.array<kCarriedChecksumSize>();
    const Result<> read = head.finish();
    const ConstBytes body = bytes.subspan(kCarriedHead);
    if (!read || checksum_of(grant.root, body) != expected) {
        return mistyped(kGrantWord);
    }
    if (version != kFormatVersion) {
        return invalid("the certificate was made by another version of weft",
                       "upgrade weft there and here");
    }
    auto reply = parse_reply(body);
    if (!reply) {
        return reply.error();
    }
    if (reply->status != JoinReply::Status::kGranted) {
        return mistyped(kGrantWord);
    }
    grant.reply = *std::move(reply);
    return grant;
}

}  // namespace weft::identity
