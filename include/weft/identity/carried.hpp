// SPDX-License-Identifier: Apache-2.0
// A certificate by hand, for a machine that reaches no issuer: what it asks with, and what it is
// given. Two words, carried by the operator; neither is a secret. Pure; any thread.
//
//   "weftreq1_"   base64url of "WFM" version zeros identity_key wireguard_key gossip_key name
//                 signature (by the identity key)
//   "weftcert1_"  base64url of version root_key checksum, and a join's reply (join_message.hpp):
//   who
//                 carries it vouches for the root's key, as for a token's
#pragma once

#include <string>
#include <string_view>

#include <weft/identity/join_message.hpp>

namespace weft::identity {

struct CertificateRequest {
    VerifyKey identity_key;
    crypto::PublicKey wireguard_key;
    crypto::PublicKey gossip_key;
    std::string name;  ///< wished

    friend bool operator==(const CertificateRequest&, const CertificateRequest&) = default;
};
struct CarriedGrant {
    VerifyKey root;   ///< the network's first
    JoinReply reply;  ///< kGranted: asserted
};

/// `identity`: the key pair of identity_key: asserted.
[[nodiscard]] std::string to_text(const CertificateRequest& request, const SigningKey& identity);
[[nodiscard]] std::string to_text(const CarriedGrant& grant);

/// White space around them is allowed. Errors (EINVAL): no such text, another version's, cut short
/// or mistyped, a field that none can have. Whether what was granted is good is not looked at.
[[nodiscard]] Result<CertificateRequest> parse_certificate_request(std::string_view text);
[[nodiscard]] Result<CarriedGrant> parse_carried_grant(std::string_view text);

}  // namespace weft::identity
