// SPDX-License-Identifier: Apache-2.0
// A network's keys, as values and as JSON: this node's certificate, the root's key, the issuers.
// Unknown is null, never absent; times are Unix ms; keys are base64, lists sorted.
//
//   GET    /v1/certificate     -> CertificateStatus     POST /v1/rotate        {} -> RotationReply
//   POST   /v1/certificate/request CertificateRequest -> CertificateWord
//   POST   /v1/certificate/sign    SignRequest -> CertificateWord
//   POST   /v1/certificate/install InstallRequest -> NetworkReply (network.hpp)
//   POST   /v1/root/export     RootExportRequest -> RootText
//   POST   /v1/root/import     RootImportRequest -> {}  DELETE /v1/root        -> {}
//   POST   /v1/issuers/request {} -> IssuerWord         GET    /v1/issuers     -> IssuerStatus…
//   POST   /v1/issuers         IssuerRequest -> IssuerStatus
//   POST   /v1/issuers/alone   {} -> {}
//   DELETE /v1/issuers/ID      -> {}; a number or a node's name
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <weft/base/result.hpp>

namespace weft::api {

/// What a rotation has come to: done, or the keys in use are still the old ones.
struct RotationReply {
    std::string name;
    bool rotating = false;
    std::string public_key;  ///< WireGuard's, in use
    std::uint32_t generation = 0;
};

struct IssuerStatus {
    std::uint32_t number = 0;
    std::string name;  ///< of the node where it lives
    std::vector<std::string> slices;
    std::int64_t not_after_ms = 0;
    bool revoked = false;
    bool self = false;  ///< on this node
};

struct CertificateStatus {
    std::string network;
    std::string name;
    std::string id;
    std::uint64_t serial = 0;
    std::uint32_t generation = 0;
    bool ephemeral = false;
    std::vector<std::string> blocks;
    std::vector<std::string> routed;
    std::int64_t not_before_ms = 0;
    std::int64_t not_after_ms = 0;
    std::string identity_key;
    std::string public_key;  ///< WireGuard's
    std::string gossip_key;
    bool renewing = false;  ///< a certificate of a later end, or of other keys, is being asked for
    bool rotating = false;  ///< of other keys
    IssuerStatus issuer;    ///< that signed it
};

/// A certificate by hand. The words are no secrets (weft/identity/carried.hpp).
struct CertificateRequest {
    std::string name;  ///< "": node.name
};
struct SignRequest {
    std::string request;
    std::string name;     ///< "": the one that is wished
    std::string replace;  ///< a node whose name, blocks and routed prefixes it gets; "": none
    bool ephemeral = false;
    std::vector<std::string> routed;  ///< prefixes
};
struct InstallRequest {
    std::string text;
};
struct CertificateWord {
    std::string text;
};

/// Secrets: whoever has both has the network.
struct RootExportRequest {
    std::string passphrase;
};
struct RootText {
    std::string text;
};
struct RootImportRequest {
    std::string text;
    std::string passphrase;
};

/// No secret: public keys of the member that is to issue.
struct IssuerWord {
    std::string request;
};
struct IssuerRequest {
    std::string request;
};

[[nodiscard]] std::string to_json(const CertificateRequest& request);
[[nodiscard]] std::string to_json(const SignRequest& request);
[[nodiscard]] std::string to_json(const InstallRequest& request);
[[nodiscard]] std::string to_json(const CertificateWord& word);
[[nodiscard]] std::string to_json(const RootExportRequest& request);
[[nodiscard]] std::string to_json(const RootImportRequest& request);
[[nodiscard]] std::string to_json(const IssuerRequest& request);
[[nodiscard]] std::string to_json(const RotationReply& reply);
[[nodiscard]] std::string to_json(const CertificateStatus& certificate);
[[nodiscard]] std::string to_json(const RootText& text);
[[nodiscard]] std::string to_json(const IssuerWord& word);
[[nodiscard]] std::string to_json(const IssuerStatus& issuer);
[[nodiscard]] std::string to_json(const std::vector<IssuerStatus>& issuers);

/// Of requests every field must be there and not empty, but those with a default above; unknown
/// fields and wrong types are errors that name the field, and never a value. Of replies every field
/// must be there; further ones are ignored.
[[nodiscard]] Result<CertificateRequest> parse_certificate_request(std::string_view text);
[[nodiscard]] Result<SignRequest> parse_sign_request(std::string_view text);
[[nodiscard]] Result<InstallRequest> parse_install_request(std::string_view text);
[[nodiscard]] Result<CertificateWord> parse_certificate_word(std::string_view text);
[[nodiscard]] Result<RootExportRequest> parse_root_export_request(std::string_view text);
[[nodiscard]] Result<RootImportRequest> parse_root_import_request(std::string_view text);
[[nodiscard]] Result<IssuerRequest> parse_issuer_request(std::string_view text);
[[nodiscard]] Result<RotationReply> parse_rotation_reply(std::string_view text);
[[nodiscard]] Result<CertificateStatus> parse_certificate(std::string_view text);
[[nodiscard]] Result<RootText> parse_root_text(std::string_view text);
[[nodiscard]] Result<IssuerWord> parse_issuer_word(std::string_view text);
[[nodiscard]] Result<IssuerStatus> parse_issuer(std::string_view text);
[[nodiscard]] Result<std::vector<IssuerStatus>> parse_issuers(std::string_view text);

}  // namespace weft::api
