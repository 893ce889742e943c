// SPDX-License-Identifier: Apache-2.0
// Certificates by hand: a machine that reaches no issuer shows its keys as a word, an issuer's node
// signs them by its operator's word, and what it prints makes the machine a member, or is a
// member's next certificate. Design 6 (Joining, Keys).
//
//   certificate_request() --> word, by the operator --> sign_certificate() --> word, by the
//   operator
//       --> install_certificate()
#include <algorithm>
#include <utility>

#include <weft/identity/carried.hpp>

#include "participant_impl.hpp"

namespace weft::mesh {

// ---- The machine that asks ---------------------------------------------------------------------

Result<std::string> Participant::Impl::certificate_request(const std::string& name) {
    if (member_) {
        const identity::Certificate& own = member_->certificate->certificate;
        return to_text(
            identity::CertificateRequest{
                own.identity_key, own.wireguard_key, own.gossip_key, own.name},
            member_->keys.identity);
    }
    if (!identity::valid_name(name)) {
        return invalid("this is not a node's name: " + name,
                       "1 to 63 of a-z, 0-9 and inner hyphens");
    }
    const Result<NodeKeys> keys = own_keys();
    if (!keys) {
        return keys.error();
    }
    return to_text(identity::CertificateRequest{keys->identity.verify_key(),
                                                crypto::public_key_of(keys->wireguard),
                                                crypto::public_key_of(keys->gossip),
                                                name},
                   keys->identity);
}

// ---- The issuer --------------------------------------------------------------------------------

Result<std::string> Participant::Impl::sign_certificate(const Signing& signing,
                                                        const Clock& clock,
                                                        Output& out) {
    if (!member_ || !member_->issuer) {
        return not_an_issuer();
    }
    const auto asked = identity::parse_certificate_request(signing.request);
    if (!asked) {
        return asked.error();
    }
    identity::JoinRequest request;
    request.identity_key = asked->identity_key;
    request.wireguard_key = asked->wireguard_key;
    request.gossip_key = asked->gossip_key;
    request.name = signing.name.empty() ? asked->name : signing.name;
    auto certificate = certify(signing, request, clock, out);
    if (!certificate) {
        return certificate.error();
    }
    tell_grant(*certificate, "its operator", out);
    identity::JoinReply reply;
    reply.time = time_->view().now;
    reply.certificate = *std::move(certificate);
    reply.issuer_certificate = *member_->issuer_bytes;
    reply.pools = member_->network.pools;
    reply.seeds = seeds();
    return to_text(identity::CarriedGrant{member_->network.first_root, std::move(reply)});
}

/// Written by the issuer before it is given; the node whose place is taken is revoked at once.
Result<std::vector<std::byte>> Participant::Impl::certify(const Signing& signing,
                                                          const identity::JoinRequest& request,
                                                          const Clock& clock,
                                                          Output& out) {
    Member& member = *member_;
    if (signing.replace.empty()) {
        auto decision =
            member.issuer->issue(request, {signing.ephemeral, signing.routed}, time_->view());
        return decision ? member.issuer->commit(std::move(*decision), persist(member))
                        : decision.error();
    }
    if (signing.replace == member.certificate->certificate.name) {
        return invalid(signing.replace + " is this very node, whose issuer would be out with it",
                       "ask another issuer: weft issuer list");
    }
    auto decision = member.issuer->replace(request, signing.replace, time_->view());
    if (!decision) {
        return decision.error();
    }
    auto replaced = member.issuer->commit(std::move(*decision), persist(member));
    if (!replaced) {
        return replaced.error();
    }
    if (!replaced->revocation.empty()) {
        gossip::Actions actions;
        (void)member.node->add_revocation(replaced->revocation, moment(clock), actions);
        absorb(std::move(actions), clock, out);
    }
    return std::move(replaced->certificate);
}

/// For the operator's log; the issuer's journal is what counts.
void Participant::Impl::tell_grant(ConstBytes certificate, const std::string& to, Output& out) {
    const auto granted = identity::parse_certificate(certificate);
    if (!granted) {
        return;  // refused
    }
    std::string detail = "serial " + std::to_string(granted->serial) + ", generation " +
                         std::to_string(granted->generation) + " for";
    for (const net::Prefix& block : granted->blocks) {
        detail += " " + block.to_string();
    }
    out.notices.push_back({"certificate_granted", false, granted->name, detail + ", to " + to});
}

// ---- The machine that has asked ----------------------------------------------------------------

Result<> Participant::Impl::install_certificate(std::string_view text,
                                                std::vector<InUse> in_use,
                                                const Clock& clock,
                                                Output& out) {
    auto carried = identity::parse_carried_grant(text);
    if (!carried) {
        return carried.error();
    }
    if (member_) {
        if (network_id_of(carried->root) != member_->trust.network()) {
            return already_member(member_->certificate->certificate);
        }
        const identity::TimeView time = time_of_grant(carried->reply, time_->view());
        return adopt(std::move(carried->reply.certificate),
                     std::move(carried->reply.seeds),
                     time,
                     clock,
                     out);
    }
    Result<NodeKeys> keys = own_keys();
    if (!keys) {
        return keys.error();
    }
    const Result<Grant> grant = verify_grant(std::move(carried->reply),
                                             {carried->root,
                                              keys->identity.verify_key(),
                                              crypto::public_key_of(keys->wireguard),
                                              crypto::public_key_of(keys->gossip)},
                                             time_->view());
    if (!grant) {
        return invalid("the certificate " + grant.error().cause,
                       "weft cert request here, weft cert sign with that word on an issuer's node");
    }
    if (std::exchange(joiner_, nullptr)) {
        joined_ = Error{std::make_error_code(std::errc::operation_canceled),
                        "a certificate that was installed took this join's place",
                        {}};
        joining_keys_.reset();
    }
    in_use_ = std::move(in_use);
    return accept(*grant, carried->root, std::move(*keys), clock, out);
}

// ---- The door ----------------------------------------------------------------------------------

Result<std::string> Participant::certificate_request(const std::string& name) {
    return impl_->certificate_request(name);
}
Result<std::string> Participant::sign_certificate(const Signing& signing,
                                                  const Clock& clock,
                                                  Output& out) {
    return impl_->sign_certificate(signing, clock, out);
}
Result<> Participant::install_certificate(std::string_view text,
                                          std::vector<InUse> in_use,
                                          const Clock& clock,
                                          Output& out) {
    return impl_->install_certificate(text, std::move(in_use), clock, out);
}

}  // namespace weft::mesh
