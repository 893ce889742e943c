// SPDX-License-Identifier: Apache-2.0
// What a member knows, put beside the ledger. A ledger that lacks some of what this issuer has
// signed came from a backup: the rest is adopted, serials jump, and open tokens end. Design 6
// (Joining).
#include <algorithm>
#include <limits>

#include <weft/base/byte_writer.hpp>

#include "journal.hpp"
#include "verdict.hpp"

namespace weft::issuer {
namespace {

/// This issuer's revocations among a member's, by number. Unsigned and others' are left out.
std::map<std::uint64_t, SignedBytes> own_revocations(const std::vector<SignedBytes>& known,
                                                     const identity::IssuerCertificate& issuer) {
    std::map<std::uint64_t, SignedBytes> own;
    for (const SignedBytes& bytes : known) {
        const auto revocation = identity::parse_revocation(*bytes);
        if (revocation && revocation->signer == issuer.number &&
            revocation->network == issuer.network &&
            revocation->kind == identity::Revocation::Kind::kNode &&
            check_signature(
                identity::kKindRevocation, issuer.network, *bytes, issuer.signing_key)) {
            own.emplace(revocation->number, bytes);
        }
    }
    return own;
}

/// The serial after the highest seen and kSerialJump more, or the last there is.
std::uint32_t jump_past(std::uint32_t next) {
    constexpr std::uint32_t kLast = std::numeric_limits<std::uint32_t>::max();
    return next == 0 ? 0 : next + std::min(kSerialJump, kLast - next);
}

}  // namespace

Result<Decision<Merged>> Issuer::merge_known(const Known& known, const TimeView& time) {
    ledger_.on_time(time);
    Merged merged;
    ByteWriter adopted;
    std::uint32_t next = ledger_.next_counter();
    std::set<std::uint64_t> serials;
    for (const SignedBytes& bytes : known.certificates) {
        const auto certificate = identity::parse_certificate(*bytes);
        if (!certificate || certificate->network != parts_.certificate.network) {
            continue;
        }
        if (certificate->issuer_number != parts_.certificate.number) {
            learn(*certificate, *bytes, time);
        } else if (is_lost(*bytes, *certificate) && serials.insert(certificate->serial).second) {
            adopted.append(journal::encode(journal::Granted{{}, {}, *bytes}));
            ++merged.certificates;
            const auto counter = static_cast<std::uint32_t>(certificate->serial);
            next = next == 0 || counter < next ? next : counter + 1;
        }
    }
    for (const auto& [number, bytes] : own_revocations(known.revocations, parts_.certificate)) {
        const std::size_t have = ledger_.revocations().size();
        if (number <= have) {
            const auto index = static_cast<std::size_t>(number - 1);
            const bool same = *bytes == *ledger_.revocations()[index].bytes;
            merged.conflicts += same ? 0U : 1U;
        } else if (number == have + merged.revocations + 1) {
            adopted.append(journal::encode(journal::Revoked{*bytes, false}));
            ++merged.revocations;
        } else {
            return invalid("a member knows revocation " + std::to_string(number) +
                               " of this issuer, and not those before it",
                           "ask it, or another member, again");
        }
    }
    if (adopted.size() == 0) {
        return decide(merged);
    }
    // Each record stands alone, and a merge that a crash ended is done again: so first what
    // forbids.
    ByteWriter records;
    for (const auto& [id, token] : ledger_.tokens()) {
        if (token.open()) {
            records.append(journal::encode(journal::TokenWithdrawn{id}));
            ++merged.tokens_withdrawn;
        }
    }
    records.append(journal::encode(journal::Counter{jump_past(next)}));
    records.append(adopted.bytes());
    return decide(merged, std::move(records).release());
}

/// A certificate of this issuer's that its ledger should have. Those that others followed it may
/// have forgotten.
bool Issuer::is_lost(ConstBytes bytes, const identity::Certificate& certificate) const {
    if (!check_signature(identity::kKindCertificate,
                         parts_.certificate.network,
                         bytes,
                         parts_.certificate.signing_key) ||
        ledger_.is_revoked(certificate.identity_key)) {
        return false;
    }
    const auto& blocks = certificate.blocks;
    if (!std::all_of(blocks.begin(), blocks.end(), [&](const net::Prefix& block) {
            return ledger_.pool().can_hold(block);
        })) {
        return false;
    }
    const Ledger::Node* node = ledger_.live(certificate.identity_key);
    return node == nullptr || is_newer(certificate, node->certificate) ||
           std::any_of(blocks.begin(), blocks.end(), [&](const net::Prefix& block) {
               return std::find(node->blocks.begin(), node->blocks.end(), block) ==
                      node->blocks.end();
           });
}

/// A node of another issuer: its name and its key are taken.
void Issuer::learn(const identity::Certificate& certificate,
                   ConstBytes bytes,
                   const TimeView& time) {
    const TimeView then{std::min(time.now, certificate.not_after), time.trusted};
    if (!parts_.trust.admit(bytes, then) || parts_.trust.withdrawn(certificate, time) ||
        (!foreign_.contains(certificate.identity_key) && foreign_.size() == kForeignMax)) {
        return;
    }
    Foreign& foreign = foreign_[certificate.identity_key];
    foreign_names_.erase(foreign.name);
    foreign = {certificate.name, certificate.serial};
    foreign_names_.insert_or_assign(certificate.name, certificate.identity_key);
}

void Issuer::on_left(const VerifyKey& identity_key) {
    std::erase_if(foreign_names_, [&](const auto& entry) { return entry.second == identity_key; });
}

}  // namespace weft::issuer
