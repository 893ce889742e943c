// SPDX-License-Identifier: Apache-2.0
// Issuers: the one of this node, and further ones. A member makes keys and shows their public half;
// where the root's key is they are certified for a slice that nobody else has, or taken back;
// gossip brings the word, and the issuer begins or ends with it. Design 6 (Keys).
//
//   issuer_request() --> text, by the operator --> sign_issuer() --> gossip --> refresh_issuer()
#include <algorithm>
#include <charconv>
#include <utility>

#include <weft/identity/issuer_request.hpp>
#include <weft/mesh/pools.hpp>

#include "participant_impl.hpp"

namespace weft::mesh {
namespace {

using identity::IssuerCertificate;
using identity::UnixSeconds;
using Issuer = identity::TrustStore::Issuer;

/// The one with this key; of more the one that is not revoked.
const Issuer* issuer_of(const identity::TrustStore& trust, const identity::VerifyKey& key) {
    const Issuer* found = nullptr;
    for (const auto& [number, issuer] : trust.issuers()) {
        if (issuer.certificate.signing_key == key && (found == nullptr || found->revoked)) {
            found = &issuer;
        }
    }
    return found;
}

/// By number or by the name of its node.
Result<const Issuer*> find_issuer(const identity::TrustStore& trust, const std::string& text) {
    std::uint32_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, failed] = std::from_chars(text.data(), end, number);
    if (failed == std::errc{} && stop == end && trust.issuer(number) != nullptr) {
        return trust.issuer(number);
    }
    const Issuer* found = nullptr;
    for (const auto& [other, issuer] : trust.issuers()) {
        if (issuer.certificate.name != text || issuer.revoked) {
            continue;
        }
        if (found != nullptr) {
            return invalid("two issuers are on " + text, "give its number: weft issuer list");
        }
        found = &issuer;
    }
    if (found == nullptr) {
        return invalid("no issuer is " + text, "weft issuer list shows them");
    }
    return found;
}

Error not_taken(identity::Rejected why) {
    return invalid("the root's word is not good here: " + std::string{to_string(why)},
                   "has this node heard of all issuers? weft issuer list");
}

}  // namespace

// ---- This node's -------------------------------------------------------------------------------

Result<> Participant::Impl::start_issuer(Member& member, bool alone) const {
    auto keys = State{storage_}.issuer_keys();
    if (!keys) {
        return keys.error();
    }
    if (!*keys) {
        return {};
    }
    const identity::TrustStore::Issuer* const own =
        issuer_of(member.trust, (*keys)->signing.verify_key());
    if (own == nullptr || own->revoked) {
        return {};
    }
    const auto journal = storage_.read(kIssuerJournal, issuer::kJournalSizeMax);
    if (!journal) {
        return journal.error();
    }
    auto subject = std::make_unique<issuer::Issuer>(
        issuer::Issuer::Parts{own->certificate,
                              *own->bytes,
                              (*keys)->signing.clone(),
                              (*keys)->sealing.clone(),
                              member.network.first_root,
                              member.trust,
                              random_},
        issuer::Issuer::Settings{member.network.blocks, member.network.pools, alone});
    const auto replayed = subject->replay(*journal ? ConstBytes{**journal} : ConstBytes{});
    if (!replayed) {
        return replayed.error();
    }
    member.journal_size = replayed->size;
    member.issuer_number = own->certificate.number;
    member.issuer_bytes = own->bytes;
    member.issuer = std::move(subject);
    return {};
}

/// Its certificate came, came anew, or was taken back.
void Participant::Impl::refresh_issuer(Output& out) {
    Member& member = *member_;
    if (!std::exchange(member.issuer_stale, false)) {
        return;
    }
    const auto keys = state_.issuer_keys();
    const Issuer* const own =
        keys && *keys ? issuer_of(member.trust, (*keys)->signing.verify_key()) : nullptr;
    const std::string name = member.certificate->certificate.name;
    if (own == nullptr || own->revoked) {
        if (std::exchange(member.issuer, nullptr)) {
            out.notices.push_back(
                {"issuer_ended", true, name, "the root has revoked this node's issuer"});
        }
        return;
    }
    if (member.issuer && *own->bytes == *member.issuer_bytes) {
        return;
    }
    const bool alone = member.issuer ? member.issuer->ready() : false;
    if (const Result<> started = start_issuer(member, alone); !started) {
        out.notices.push_back({"issuer_not_started", true, name, started.error().message()});
        return;
    }
    out.notices.push_back({"issuer_started", false, name, own->certificate.slices[0].to_string()});
}

Result<std::string> Participant::Impl::issuer_request() {
    if (!member_) {
        return not_a_member();
    }
    auto keys = state_.issuer_keys();
    if (!keys) {
        return keys.error();
    }
    const Issuer* const own =
        *keys ? issuer_of(member_->trust, (*keys)->signing.verify_key()) : nullptr;
    if (!*keys || (own != nullptr && own->revoked)) {
        // The journal is of the keys that were: without it they are nobody's.
        member_->issuer.reset();
        if (Result<> removed = storage_.remove(kIssuerJournal); !removed) {
            return removed.error();
        }
        *keys = IssuerKeys{
            0, identity::SigningKey::generate(random_), crypto::generate_private_key(random_)};
        if (Result<> kept = state_.keep(**keys); !kept) {
            return kept.error();
        }
    }
    return to_text(identity::IssuerRequest{member_->trust.network(),
                                           member_->keys.identity.verify_key(),
                                           (*keys)->signing.verify_key(),
                                           crypto::public_key_of((*keys)->sealing),
                                           member_->certificate->certificate.name},
                   member_->keys.identity);
}

// ---- The root's --------------------------------------------------------------------------------

/// Slices of issuers, those included whose members may not have heard yet that they are revoked.
std::vector<net::Prefix> Participant::Impl::taken_slices() const {
    const identity::TimeView time = time_->view();
    std::set<std::uint64_t> rested;
    const auto revocations = member_->trust.revocations().find(identity::kRootSigner);
    if (revocations != member_->trust.revocations().end()) {
        for (const identity::SignedBytes& bytes : revocations->second) {
            const auto word = identity::parse_revocation(*bytes);
            const bool is_over = time.trusted && time.now >= issuer::BlockPool::kRest &&
                                 word->time <= time.now - issuer::BlockPool::kRest;
            if (word->kind == identity::Revocation::Kind::kIssuer && is_over) {
                rested.insert(word->serial);
            }
        }
    }
    std::vector<net::Prefix> taken;
    for (const auto& [number, issuer] : member_->trust.issuers()) {
        if (!rested.contains(number)) {
            const auto& slices = issuer.certificate.slices;
            taken.insert(taken.end(), slices.begin(), slices.end());
        }
    }
    return taken;
}

Result<std::vector<net::Prefix>> Participant::Impl::new_slices() const {
    const NetworkState& network = member_->network;
    const std::vector<net::Prefix> taken = taken_slices();
    std::vector<net::Prefix> slices;
    for (const net::Prefix& pool : network.pools) {
        const auto length = pool.address.is_v4() ? network.blocks.v4 : network.blocks.v6;
        const auto slice = further_slice(pool, taken, length);
        if (!slice) {
            return invalid(
                "no part of the pool " + pool.to_string() + " is left for an issuer",
                "weft issuer revoke one that is not needed; its part is free 24 h later");
        }
        slices.push_back(*slice);
    }
    std::sort(slices.begin(), slices.end());
    return slices;
}

/// What is to be signed for a request; nullopt: its issuer has a certificate that is good for long.
Result<std::optional<IssuerCertificate>> Participant::Impl::issuer_to_be(
    const identity::IssuerRequest& request) const {
    const UnixSeconds now = time_->view().now;
    IssuerCertificate certificate;
    if (const Issuer* const known = issuer_of(member_->trust, request.signing_key)) {
        if (known->revoked || known->certificate.sealing_key != request.sealing_key) {
            return invalid("issuer " + std::to_string(known->certificate.number) +
                               " with this key " +
                               (known->revoked ? "was revoked" : "has another sealing key"),
                           "let the node make another request");
        }
        certificate = known->certificate;
        if (now < certificate.not_before || now - certificate.not_before < kIssuerLife / 2) {
            return std::optional<IssuerCertificate>{};
        }
        certificate.generation += 1;
    } else {
        auto slices = new_slices();
        if (!slices) {
            return slices.error();
        }
        const auto& issuers = member_->trust.issuers();
        certificate.network = member_->trust.network();
        certificate.number = issuers.empty() ? kFirstIssuer : issuers.rbegin()->first + 1;
        certificate.signing_key = request.signing_key;
        certificate.sealing_key = request.sealing_key;
        certificate.slices = *std::move(slices);
    }
    certificate.name = request.name;
    certificate.root_number = root()->number;
    certificate.not_before = now;
    certificate.not_after = now + kIssuerLife;
    return std::optional{std::move(certificate)};
}

Result<IssuerCertificate> Participant::Impl::sign_issuer(std::string_view text,
                                                         const Clock& clock,
                                                         Output& out) {
    const RootKey* const key = root();
    if (key == nullptr) {
        return no_root();
    }
    const auto request = identity::parse_issuer_request(text);
    if (!request) {
        return request.error();
    }
    const gossip::Member* const asker =
        member_->node->members().find(identity::node_id_of(request->identity_key));
    if (asker == nullptr || asker->certificate->certificate.name != request->name) {
        return invalid(
            "the request is of " + request->name + ", which is no member that is known here",
            "weft status shows the members; both must be in one network");
    }
    const auto wanted = issuer_to_be(*request);
    if (!wanted) {
        return wanted.error();
    }
    if (!*wanted) {
        return issuer_of(member_->trust, request->signing_key)->certificate;
    }
    const std::vector<std::byte> bytes = identity::build(**wanted, key->key);
    identity::TrustStore trust = member_->trust;
    if (const auto rejected = trust.add_issuer(bytes, time_->view())) {
        return not_taken(*rejected);
    }
    if (Result<> kept = state_.keep(trust); !kept) {
        return kept.error();  // else a number could be given twice
    }
    gossip::Actions actions;
    (void)member_->node->add_issuer(bytes, moment(clock), actions);
    absorb(std::move(actions), clock, out);
    return **wanted;
}

Result<std::uint32_t> Participant::Impl::revoke_issuer(const std::string& issuer,
                                                       const Clock& clock,
                                                       Output& out) {
    const RootKey* const key = root();
    if (key == nullptr) {
        return no_root();
    }
    const auto found = find_issuer(member_->trust, issuer);
    if (!found) {
        return found.error();
    }
    const IssuerCertificate gone = (*found)->certificate;
    if ((*found)->revoked) {
        return gone.number;
    }
    if (gone.number == member_->certificate->certificate.issuer_number) {
        return invalid("issuer " + std::to_string(gone.number) +
                           " has certified this very node, which would be out before it could tell",
                       "weft root import, and revoke it, on a node that another issuer certified");
    }
    const auto& revocations = member_->trust.revocations();
    const auto before = revocations.find(identity::kRootSigner);
    identity::Revocation word;
    word.network = member_->trust.network();
    word.signer = identity::kRootSigner;
    word.root_number = key->number;
    word.number = before == revocations.end() ? 1 : before->second.size() + 1;
    word.kind = identity::Revocation::Kind::kIssuer;
    word.serial = gone.number;
    word.key = gone.signing_key;
    word.time = time_->view().now;
    const std::vector<std::byte> bytes = identity::build(word, key->key);
    identity::TrustStore trust = member_->trust;
    if (const auto rejected = trust.add_revocation(bytes)) {
        return not_taken(*rejected);
    }
    if (Result<> kept = state_.keep(trust); !kept) {
        return kept.error();
    }
    gossip::Actions actions;
    (void)member_->node->add_revocation(bytes, moment(clock), actions);
    absorb(std::move(actions), clock, out);
    return gone.number;
}

// ---- The door ----------------------------------------------------------------------------------

Result<std::string> Participant::issuer_request() {
    return impl_->issuer_request();
}
Result<IssuerCertificate> Participant::sign_issuer(std::string_view request,
                                                   const Clock& clock,
                                                   Output& out) {
    return impl_->sign_issuer(request, clock, out);
}
Result<std::uint32_t> Participant::revoke_issuer(const std::string& issuer,
                                                 const Clock& clock,
                                                 Output& out) {
    return impl_->revoke_issuer(issuer, clock, out);
}

}  // namespace weft::mesh
