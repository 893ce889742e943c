// SPDX-License-Identifier: Apache-2.0
// What an issuer has granted to this machine, sealed in answer to a token or carried by the
// operator, and whether it is good. Pure; any thread.
#pragma once

#include <weft/identity/join_message.hpp>
#include <weft/identity/trust_store.hpp>

namespace weft::mesh {

/// A clock further off the issuer's is not held against a certificate's dates.
inline constexpr identity::UnixSeconds kGrantClockOffMax = 300;

/// Verified as far as it can be here.
struct Grant {
    /// kGranted: the certificate is this machine's, valid now, inside the pools. An issuer's
    /// certificate signed by a successor of the root is taken on the word of who gave the answer:
    /// offer it to a TrustStore when the successor is known.
    identity::JoinReply reply;
    identity::Certificate certificate;   ///< parsed from `reply`
    identity::IssuerCertificate issuer;  ///< parsed from `reply`
};

/// Of the network and of this machine.
struct GrantedKeys {
    identity::VerifyKey root;
    identity::VerifyKey identity_key;
    crypto::PublicKey wireguard_key;
    crypto::PublicKey gossip_key;
};

/// By which its dates are judged: this machine's clock, or the issuer's where that is far off.
[[nodiscard]] identity::TimeView time_of_grant(const identity::JoinReply& reply,
                                               const identity::TimeView& own);

/// Errors: a cause that is the end of a sentence about the answer.
[[nodiscard]] Result<Grant> verify_grant(identity::JoinReply reply,
                                         const GrantedKeys& ours,
                                         const identity::TimeView& own_time);

}  // namespace weft::mesh
