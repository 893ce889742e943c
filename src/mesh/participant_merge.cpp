// SPDX-License-Identifier: Apache-2.0
// An issuer that starts may be a backup's: before it grants and revokes it learns from the members
// what its journal lacks. Design 6 (Keys).
//
//   first answer --> enough agree, or time passes --> merge --> ready
#include <algorithm>
#include <memory>

#include "participant_impl.hpp"

namespace weft::mesh {

/// A backup was restored, and this one was out of reach when the others were asked.
void Participant::Impl::look_for_own_grant(const gossip::Member& member) const {
    const identity::Certificate& certificate = member.certificate->certificate;
    if (member_->issuer && certificate.issuer_number == member_->issuer_number) {
        const issuer::Ledger& ledger = member_->issuer->ledger();
        member_->has_unknown_grant =
            member_->has_unknown_grant || (ledger.live(certificate.identity_key) == nullptr &&
                                           !ledger.is_revoked(certificate.identity_key));
    }
}

/// Of those that can answer. Who has left answers no more, and its word counts no more.
Participant::Impl::Words Participant::Impl::words() const {
    Words sum;
    for (const auto& [id, member] : member_->node->members().members()) {
        if (id == member_->node->id() || member.record->record.left) {
            continue;
        }
        sum.members += 1;
        const auto word = member_->agrees.find(id);
        if (word != member_->agrees.end()) {
            sum.heard += 1;
            sum.agreeing += word->second ? 1U : 0U;
        }
    }
    return sum;
}

bool Participant::Impl::merge_is_due(Time now) const {
    if (!member_->issuer) {
        return false;
    }
    if (!member_->issuer->ready() && is_alone(*member_)) {
        return true;  // the last one has left before it answered
    }
    const auto& heard = member_->first_heard;
    if (!heard || now - *heard < kMergeAfter) {
        return false;
    }
    if (member_->issuer->ready()) {
        return member_->has_unknown_grant;
    }
    // One alone may be a node whose revocation the backup does not know. Where all differ what they
    // know has not arrived yet, and a number used again would part the network for good.
    const Words all = words();
    const bool agreed = all.agreeing == all.heard && all.heard >= std::min(kAgreeing, all.members);
    const bool mostly = all.heard > 0 && 2 * all.agreeing >= all.heard;
    const Duration passed = now - *heard;
    return agreed || (mostly && passed >= kMergeAtLast) || passed >= kMergeInAnyCase;
}

void Participant::Impl::merge(const Clock& clock, Output& out) {
    if (!merge_is_due(clock.now)) {
        return;
    }
    issuer::Known known;
    for (const auto& [id, member] : member_->node->members().members()) {
        if (!is_foreign(member) || !member.record->record.left) {
            known.certificates.push_back(
                std::make_shared<const std::vector<std::byte>>(member.certificate->bytes));
        }
    }
    const auto& revocations = member_->trust.revocations();
    const auto own = revocations.find(member_->issuer_number);
    if (own != revocations.end()) {
        known.revocations = own->second;
    }
    auto decision = member_->issuer->merge_known(known, time_->view());
    if (!decision) {
        out.notices.push_back({"merge_failed", true, {}, decision.error().message()});
        member_->first_heard = clock.now;  // again after a while
        return;
    }
    const auto merged = member_->issuer->commit(std::move(*decision), persist(*member_));
    if (!merged) {
        out.notices.push_back({"merge_not_recorded", true, {}, merged.error().message()});
        member_->first_heard = clock.now;
        return;
    }
    member_->has_unknown_grant = false;
    out.notices.push_back({"issuer_ready",
                           merged->certificates + merged->revocations > 0,
                           {},
                           std::to_string(merged->certificates) + " certificates and " +
                               std::to_string(merged->revocations) +
                               " revocations that the journal lacked"});
}

}  // namespace weft::mesh
