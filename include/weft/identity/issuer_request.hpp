// SPDX-License-Identifier: Apache-2.0
// What a member that is to issue shows to the root: the public half of the keys that it has made
// for it. One word, carried by the operator; no secret. Pure; any thread.
//
//   "weftissuer1_" and base64url of
//   "WFQ" version network_id identity_key signing_key sealing_key name signature (by the identity
//   key)
#pragma once

#include <string>
#include <string_view>

#include <weft/identity/certificate.hpp>

namespace weft::identity {

struct IssuerRequest {
    NetworkId network;
    VerifyKey identity_key;  ///< the member's
    VerifyKey signing_key;
    crypto::PublicKey sealing_key;
    std::string name;  ///< the member's

    friend bool operator==(const IssuerRequest&, const IssuerRequest&) = default;
};

/// `identity`: the key pair of identity_key: asserted.
[[nodiscard]] std::string to_text(const IssuerRequest& request, const SigningKey& identity);
/// White space around it is allowed. Errors (EINVAL): no such text, another version's, cut short or
/// mistyped (its signature is wrong), a name or key that none can have.
[[nodiscard]] Result<IssuerRequest> parse_issuer_request(std::string_view text);

}  // namespace weft::identity
