// SPDX-License-Identifier: Apache-2.0
// See grant.hpp.
#include <algorithm>

#include <weft/mesh/grant.hpp>

namespace weft::mesh {
namespace {

bool is_inside_any(const net::Prefix& prefix, const std::vector<net::Prefix>& outer) {
    return std::any_of(
        outer.begin(), outer.end(), [&](const net::Prefix& each) { return each.contains(prefix); });
}

/// An issuer that a successor of the token's root has signed. The successor's statement is not in
/// the answer, so the root's signature cannot be verified yet; that the answer is sealed by the key
/// in the token, which the issuer's certificate names, has to do until gossip brings the statement.
/// What else TrustStore::admit would ask is asked here; the network is the same already.
std::optional<identity::Rejected> admit_by_issuer(ConstBytes signed_bytes,
                                                  const identity::Certificate& certificate,
                                                  const identity::IssuerCertificate& issuer,
                                                  const identity::TimeView& time) {
    if (certificate.issuer_number != issuer.number) {
        return identity::Rejected::kUnknownIssuer;
    }
    if (!check_signature(
            identity::kKindCertificate, issuer.network, signed_bytes, issuer.signing_key)) {
        return identity::Rejected::kBadSignature;
    }
    const bool is_inside = std::all_of(
        certificate.blocks.begin(), certificate.blocks.end(), [&](const net::Prefix& block) {
            return is_inside_any(block, issuer.slices);
        });
    if (!is_inside) {
        return identity::Rejected::kOutsideSlice;
    }
    return outside_validity(std::max(certificate.not_before, issuer.not_before),
                            std::min(certificate.not_after, issuer.not_after),
                            0,
                            time);
}

/// Empty, or what is wrong, as the end of a sentence about the issuer's answer.
std::string fault_in_signatures(const identity::JoinReply& reply,
                                const identity::Certificate& certificate,
                                const identity::IssuerCertificate& issuer,
                                const identity::VerifyKey& root,
                                const identity::TimeView& time) {
    identity::TrustStore trust{root};
    std::optional<identity::Rejected> rejected = trust.add_issuer(reply.issuer_certificate, time);
    if (rejected && (rejected != identity::Rejected::kUnknownIssuer || issuer.root_number == 0)) {
        return "has an issuer's certificate that is not good: " + std::string{to_string(*rejected)};
    }
    if (rejected) {
        rejected = admit_by_issuer(reply.certificate, certificate, issuer, time);
    } else if (const auto admitted = trust.admit(reply.certificate, time); !admitted) {
        rejected = admitted.error();
    }
    return rejected ? "has a certificate that is not good: " + std::string{to_string(*rejected)}
                    : "";
}

std::string fault_in_pools(const std::vector<net::Prefix>& pools,
                           const std::vector<net::Prefix>& blocks) {
    if (pools.empty() || pools.size() > identity::kPoolsMax) {
        return "names no pool";
    }
    if (pools.size() == identity::kPoolsMax &&
        pools[0].address.family() == pools[1].address.family()) {
        return "names two pools of one family";
    }
    const auto outside = std::find_if(blocks.begin(), blocks.end(), [&](const net::Prefix& block) {
        return !is_inside_any(block, pools);
    });
    return outside == blocks.end() ? ""
                                   : "has the block " + outside->to_string() + " outside its pools";
}

}  // namespace

identity::TimeView time_of_grant(const identity::JoinReply& reply, const identity::TimeView& own) {
    const identity::UnixSeconds apart =
        std::max(own.now, reply.time) - std::min(own.now, reply.time);
    return own.trusted && apart <= kGrantClockOffMax ? own : identity::TimeView{reply.time, true};
}

Result<Grant> verify_grant(identity::JoinReply reply,
                           const GrantedKeys& ours,
                           const identity::TimeView& own_time) {
    auto issuer = identity::parse_issuer_certificate(reply.issuer_certificate);
    auto certificate = identity::parse_certificate(reply.certificate);
    if (!issuer || !certificate) {
        return invalid("cannot be read: " + (issuer ? certificate.error() : issuer.error()).cause);
    }
    if (issuer->network != identity::network_id_of(ours.root) ||
        certificate->network != issuer->network) {
        return invalid("is for another network than its root's");
    }
    // Also where this machine lost one of its keys, and came again with a token that it has used.
    if (certificate->identity_key != ours.identity_key ||
        certificate->wireguard_key != ours.wireguard_key ||
        certificate->gossip_key != ours.gossip_key) {
        return invalid("is not for this machine: it certifies other keys");
    }
    const identity::TimeView time = time_of_grant(reply, own_time);
    std::string fault = fault_in_signatures(reply, *certificate, *issuer, ours.root, time);
    if (fault.empty()) {
        fault = fault_in_pools(reply.pools, certificate->blocks);
    }
    if (!fault.empty()) {
        return invalid(fault);
    }
    return Grant{std::move(reply), *std::move(certificate), *std::move(issuer)};
}

}  // namespace weft::mesh
