// SPDX-License-Identifier: Apache-2.0
// Certificates of nodes and issuers as bytes: layouts in certificate.hpp, fields in fields.cpp.
// Parsing looks at the form only; whose signature is good and what follows is trust_store.cpp's.
// Pure; any thread.
#include <algorithm>

#include <weft/base/assert.hpp>
#include <weft/identity/certificate.hpp>

#include "bodies.hpp"
#include "fields.hpp"

namespace weft::identity {
namespace {

constexpr std::string_view kCertificateMagic = "WFC";
constexpr std::string_view kIssuerMagic = "WFI";
constexpr std::uint8_t kFlagEphemeral = 1;

bool letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

}  // namespace

bool valid_name(std::string_view name) {
    return !name.empty() && name.size() <= kNameSizeMax && letter_or_digit(name.front()) &&
           letter_or_digit(name.back()) && std::all_of(name.begin(), name.end(), [](char c) {
               return letter_or_digit(c) || c == '-';
           });
}

bool check_signature(std::string_view kind,
                     const NetworkId& network,
                     ConstBytes signed_bytes,
                     const VerifyKey& signer) {
    return signed_bytes.size() >= kSignatureSize &&
           verify(kind, network, body_of(signed_bytes), signature_of(signed_bytes), signer);
}

// ---- Nodes' -------------------------------------------------------------------------------------

std::size_t encoded_size(const Certificate& certificate) {
    constexpr std::size_t kFixed = kMagicSize + sizeof kFormatVersion + sizeof(NetworkId) +
                                   sizeof(Certificate::issuer_number) +
                                   sizeof(Certificate::serial) + sizeof(Certificate::generation) +
                                   sizeof kFlagEphemeral + 2 * sizeof(UnixSeconds) +
                                   3 * sizeof(VerifyKey) + sizeof kNoExtensions + kSignatureSize;
    return kFixed + 1 + certificate.name.size() + prefixes_size(certificate.blocks) +
           prefixes_size(certificate.routed);
}

ByteWriter encode_body(const Certificate& certificate) {
    ByteWriter out{kCertificateSizeMax};
    write_head(out, kCertificateMagic, certificate.network);
    out.write(certificate.issuer_number);
    out.write(certificate.serial);
    out.write(certificate.generation);
    out.write(certificate.ephemeral ? kFlagEphemeral : std::uint8_t{0});
    out.write(certificate.not_before);
    out.write(certificate.not_after);
    out.append(certificate.identity_key.bytes);
    out.append(certificate.wireguard_key.bytes);
    out.append(certificate.gossip_key.bytes);
    write_text(out, certificate.name);
    write_prefixes(out, certificate.blocks);
    write_prefixes(out, certificate.routed);
    out.write(kNoExtensions);
    return out;
}

std::vector<std::byte> build(const Certificate& certificate, const SigningKey& issuer) {
    std::vector<std::byte> bytes =
        append_signature(kKindCertificate, certificate.network, encode_body(certificate), issuer);
    WEFT_ASSERT(parse_certificate(bytes).has_value());
    return bytes;
}

Result<Certificate> parse_certificate(ConstBytes signed_bytes) {
    FieldReader reader{"a certificate", body_of(signed_bytes)};
    reader.require(signed_bytes.size() <= kCertificateSizeMax, "is too long");
    reader.head(kCertificateMagic);
    Certificate certificate;
    certificate.network = reader.network();
    certificate.issuer_number = reader.number<std::uint32_t>();
    certificate.serial = reader.number<std::uint64_t>();
    certificate.generation = reader.number<std::uint32_t>();
    const auto flags = reader.number<std::uint8_t>();
    certificate.ephemeral = (flags & kFlagEphemeral) != 0;
    certificate.not_before = reader.number<UnixSeconds>();
    certificate.not_after = reader.number<UnixSeconds>();
    reader.require(certificate.issuer_number != 0, "has no issuer");
    reader.require(certificate.serial >> 32U == certificate.issuer_number,
                   "has a serial that is not its issuer's");
    reader.require(certificate.generation != 0, "has no generation");
    reader.require((flags & ~kFlagEphemeral) == 0, "has a flag that is not known here");
    reader.require(certificate.not_before < certificate.not_after, "ends before it begins");
    certificate.identity_key = reader.verify_key();
    certificate.wireguard_key = reader.public_key();
    certificate.gossip_key = reader.public_key();
    certificate.name = reader.name();
    certificate.blocks = reader.prefixes(kBlocksMax, PrefixUse::kPool);
    certificate.routed = reader.prefixes(kRoutedMax, PrefixUse::kRouted);
    reader.extensions();
    if (const Result<> read = reader.finish(); !read) {
        return read.error();
    }
    return certificate;
}

// ---- Issuers' -----------------------------------------------------------------------------------

ByteWriter encode_body(const IssuerCertificate& certificate) {
    ByteWriter out{kCertificateSizeMax};
    write_head(out, kIssuerMagic, certificate.network);
    out.write(certificate.number);
    out.write(certificate.generation);
    out.write(certificate.root_number);
    out.write(certificate.not_before);
    out.write(certificate.not_after);
    out.append(certificate.signing_key.bytes);
    out.append(certificate.sealing_key.bytes);
    write_text(out, certificate.name);
    write_prefixes(out, certificate.slices);
    out.write(kNoExtensions);
    return out;
}

std::vector<std::byte> build(const IssuerCertificate& certificate, const SigningKey& root) {
    std::vector<std::byte> bytes =
        append_signature(kKindIssuer, certificate.network, encode_body(certificate), root);
    WEFT_ASSERT(parse_issuer_certificate(bytes).has_value());
    return bytes;
}

Result<IssuerCertificate> parse_issuer_certificate(ConstBytes signed_bytes) {
    FieldReader reader{"an issuer certificate", body_of(signed_bytes)};
    reader.require(signed_bytes.size() <= kCertificateSizeMax, "is too long");
    reader.head(kIssuerMagic);
    IssuerCertificate certificate;
    certificate.network = reader.network();
    certificate.number = reader.number<std::uint32_t>();
    certificate.generation = reader.number<std::uint32_t>();
    certificate.root_number = reader.number<std::uint32_t>();
    certificate.not_before = reader.number<UnixSeconds>();
    certificate.not_after = reader.number<UnixSeconds>();
    reader.require(certificate.number != 0, "has the root's number");
    reader.require(certificate.generation != 0, "has no generation");
    reader.require(certificate.not_before < certificate.not_after, "ends before it begins");
    certificate.signing_key = reader.verify_key();
    certificate.sealing_key = reader.public_key();
    certificate.name = reader.name();
    certificate.slices = reader.prefixes(kSlicesMax, PrefixUse::kPool);
    reader.extensions();
    if (const Result<> read = reader.finish(); !read) {
        return read.error();
    }
    return certificate;
}

}  // namespace weft::identity
