// SPDX-License-Identifier: Apache-2.0
// Who is believed: statements in, each through the same gates (form, network, signer, signature,
// place), and verdicts on certificates out. Gossip offers every statement here before it is stored
// or relayed.
#include <algorithm>
#include <array>

#include <sodium.h>

#include <weft/base/assert.hpp>
#include <weft/base/endian.hpp>
#include <weft/identity/trust_store.hpp>

#include "fields.hpp"

namespace weft::identity {
namespace {

using Hash = ByteArray<32>;

Hash hash_of(ConstBytes signed_bytes) {
    Hash hash;
    crypto_generichash(as_uchar(hash.data()),
                       hash.size(),
                       as_uchar(signed_bytes.data()),
                       signed_bytes.size(),
                       nullptr,
                       0);
    return hash;
}

/// A statement's part in revocation_digest().
std::uint64_t digest_of(ConstBytes signed_bytes) {
    return load_le64(hash_of(signed_bytes).data());
}

SignedBytes share(ConstBytes bytes) {
    return std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
}

bool same_bytes(const SignedBytes& known, ConstBytes offered) {
    return std::equal(known->begin(), known->end(), offered.begin(), offered.end());
}

std::uint32_t issuer_of(std::uint64_t serial) {
    return static_cast<std::uint32_t>(serial >> 32U);
}

/// Of the issuer certificates with one number, the highest is kept: what an earlier root's key
/// signs cannot displace what a later one's has.
std::pair<std::uint32_t, std::uint32_t> rank_of(const IssuerCertificate& certificate) {
    return {certificate.root_number, certificate.generation};
}

}  // namespace

std::optional<Rejected> outside_validity(UnixSeconds not_before,
                                         UnixSeconds not_after,
                                         UnixSeconds grace,
                                         const TimeView& time) {
    if (!time.trusted) {
        return std::nullopt;
    }
    // Subtracted, not added: the dates are whatever somebody signed.
    if (not_before > time.now && not_before - time.now > TrustStore::kSkew) {
        return Rejected::kNotYetValid;
    }
    if (time.now > not_after && time.now - not_after > grace) {
        return Rejected::kExpired;
    }
    return std::nullopt;
}

std::string_view to_string(Rejected reason) {
    switch (reason) {
        case Rejected::kMalformed:
            return "malformed";
        case Rejected::kForeignNetwork:
            return "foreign_network";
        case Rejected::kUnknownIssuer:
            return "unknown_issuer";
        case Rejected::kBadSignature:
            return "bad_signature";
        case Rejected::kOutsideSlice:
            return "outside_slice";
        case Rejected::kRevoked:
            return "revoked";
        case Rejected::kIssuerRevoked:
            return "issuer_revoked";
        case Rejected::kExpired:
            return "expired";
        case Rejected::kNotYetValid:
            return "not_yet_valid";
        case Rejected::kGap:
            return "gap";
        case Rejected::kFull:
            return "full";
        case Rejected::kConflict:
            return "conflict";
        case Rejected::kCount:
            break;
    }
    return "unknown";
}

TrustStore::TrustStore(const VerifyKey& first_root)
    : network_(network_id_of(first_root)), roots_{first_root} {}

// ---- Roots --------------------------------------------------------------------------------------

std::optional<Rejected> TrustStore::add_successor(ConstBytes signed_bytes) {
    const auto successor = parse_successor(signed_bytes);
    if (!successor) {
        return Rejected::kMalformed;
    }
    if (successor->network != network_) {
        return Rejected::kForeignNetwork;
    }
    if (successor->number > roots_.size()) {
        return Rejected::kGap;
    }
    const bool is_known = successor->number < roots_.size();
    if (is_known && same_bytes(successors_[successor->number - 1], signed_bytes)) {
        return std::nullopt;
    }
    const VerifyKey& signer = roots_[successor->number - 1];
    if (!check_signature(kKindSuccessor, network_, signed_bytes, signer)) {
        return Rejected::kBadSignature;
    }
    if (is_known) {
        // The first stays: issuers and revocations hang on it, and whoever has a root's key can
        // sign two.
        ++conflicts_;
        return Rejected::kConflict;
    }
    if (roots_.size() == kRootsMax) {
        return Rejected::kFull;
    }
    roots_.push_back(successor->key);
    successors_.push_back(share(signed_bytes));
    return std::nullopt;
}

// ---- Issuers ------------------------------------------------------------------------------------

const TrustStore::Issuer* TrustStore::issuer(std::uint32_t number) const {
    const auto found = issuers_.find(number);
    return found == issuers_.end() ? nullptr : &found->second;
}

bool TrustStore::is_revoked_issuer(const IssuerCertificate& certificate) const {
    return revoked_issuers_.contains(certificate.number) ||
           revoked_issuer_keys_.contains(certificate.signing_key);
}

bool TrustStore::is_revoked_issuer(std::uint32_t number) const {
    const Issuer* const known = issuer(number);
    return revoked_issuers_.contains(number) || (known != nullptr && known->revoked);
}

bool TrustStore::overlaps_another(const IssuerCertificate& certificate) const {
    const auto overlaps = [](const auto& ours, const auto& theirs) {
        return std::any_of(ours.begin(), ours.end(), [&](const net::Prefix& one) {
            return std::any_of(theirs.begin(), theirs.end(), [&](const net::Prefix& other) {
                return one.overlaps(other);
            });
        });
    };
    return std::any_of(issuers_.begin(), issuers_.end(), [&](const auto& entry) {
        const auto& [number, other] = entry;
        return number != certificate.number && !other.revoked &&
               overlaps(certificate.slices, other.certificate.slices);
    });
}

/// `offered` does not rank below `known`, which has its number.
bool TrustStore::may_replace(const IssuerCertificate& offered,
                             ConstBytes offered_bytes,
                             const Issuer& known) {
    if (offered.signing_key != known.certificate.signing_key) {
        return false;  // what the other key has signed could not be verified by newcomers
    }
    if (rank_of(offered) > rank_of(known.certificate)) {
        return true;
    }
    ++conflicts_;
    return hash_of(offered_bytes) < hash_of(*known.bytes);
}

std::optional<Rejected> TrustStore::add_issuer(ConstBytes signed_bytes, const TimeView& time) {
    const auto certificate = parse_issuer_certificate(signed_bytes);
    if (!certificate) {
        return Rejected::kMalformed;
    }
    if (certificate->network != network_) {
        return Rejected::kForeignNetwork;
    }
    if (certificate->root_number >= roots_.size()) {
        return Rejected::kUnknownIssuer;
    }
    const Issuer* const known = issuer(certificate->number);
    if (known != nullptr && same_bytes(known->bytes, signed_bytes)) {
        return std::nullopt;
    }
    if (!check_signature(kKindIssuer, network_, signed_bytes, roots_[certificate->root_number])) {
        return Rejected::kBadSignature;
    }
    // Past its end as well: members that it has certified live on in their grace.
    if (const auto outside =
            outside_validity(certificate->not_before, certificate->not_after, kGrace, time)) {
        return outside;
    }
    if (known != nullptr && rank_of(*certificate) < rank_of(known->certificate)) {
        return std::nullopt;  // something better is known
    }
    const bool revoked = is_revoked_issuer(*certificate);
    if ((known != nullptr && !may_replace(*certificate, signed_bytes, *known)) ||
        (!revoked && overlaps_another(*certificate))) {
        ++conflicts_;
        return Rejected::kConflict;
    }
    if (known == nullptr && issuers_.size() == kIssuersMax) {
        return Rejected::kFull;
    }
    issuers_.insert_or_assign(certificate->number,
                              Issuer{*certificate, share(signed_bytes), revoked});
    return std::nullopt;
}

// ---- Revocations --------------------------------------------------------------------------------

const VerifyKey* TrustStore::signer_of(const Revocation& revocation) const {
    if (revocation.signer == kRootSigner) {
        return revocation.root_number < roots_.size() ? &roots_[revocation.root_number] : nullptr;
    }
    const Issuer* const known = issuer(revocation.signer);
    return known == nullptr ? nullptr : &known->certificate.signing_key;
}

bool TrustStore::has_room(std::uint32_t signer) const {
    return revocation_count_ <
           (signer == kRootSigner ? kRevocationsMax : kRevocationsMax - kRootRevocationsReserved);
}

std::optional<Rejected> TrustStore::add_revocation(ConstBytes signed_bytes) {
    const auto revocation = parse_revocation(signed_bytes);
    if (!revocation) {
        return Rejected::kMalformed;
    }
    if (revocation->network != network_) {
        return Rejected::kForeignNetwork;
    }
    const std::uint32_t signer = revocation->signer;
    const bool is_its_own =
        revocation->kind == Revocation::Kind::kNode && issuer_of(revocation->serial) == signer;
    if (signer != kRootSigner && !is_its_own) {
        return Rejected::kOutsideSlice;
    }
    if (is_revoked_issuer(signer)) {
        return Rejected::kIssuerRevoked;
    }
    const VerifyKey* const key = signer_of(*revocation);
    if (key == nullptr) {
        return Rejected::kUnknownIssuer;
    }
    const auto list = revocations_.find(signer);
    const std::size_t known = list == revocations_.end() ? 0 : list->second.size();
    if (revocation->number > known + 1) {
        return Rejected::kGap;
    }
    const bool is_known = revocation->number <= known;
    const auto index = static_cast<std::size_t>(revocation->number - 1);
    SignedBytes* const kept = is_known ? &list->second[index] : nullptr;
    if (is_known && same_bytes(*kept, signed_bytes)) {
        return std::nullopt;
    }
    if (!check_signature(kKindRevocation, network_, signed_bytes, *key)) {
        return Rejected::kBadSignature;
    }
    if (!has_room(signer)) {
        return Rejected::kFull;
    }
    if (is_known) {
        take_effect(*revocation, known + kContradictionsMax);
        return contradict(*kept, signed_bytes);
    }
    revocations_[signer].push_back(share(signed_bytes));
    revocation_count_ += 1;
    revocation_digest_ ^= digest_of(signed_bytes);
    take_effect(*revocation, known + 1 + kContradictionsMax);
    return std::nullopt;
}

/// Another statement of a signer and number: one of both is kept, the same one everywhere.
std::optional<Rejected> TrustStore::contradict(SignedBytes& kept, ConstBytes signed_bytes) {
    ++conflicts_;
    if (hash_of(*kept) < hash_of(signed_bytes)) {
        return Rejected::kConflict;
    }
    revocation_digest_ ^= digest_of(*kept) ^ digest_of(signed_bytes);
    kept = share(signed_bytes);
    return std::nullopt;
}

/// `max`: how many keys its signer can have taken back by then.
void TrustStore::take_effect(const Revocation& revocation, std::size_t max) {
    const bool of_issuer = revocation.kind == Revocation::Kind::kIssuer;
    if (of_issuer) {
        revoked_issuers_.insert(static_cast<std::uint32_t>(revocation.serial));
        revoked_issuer_keys_.insert(revocation.key);
        forget_revoked_issuers();
        return;
    }
    Revoked& revoked = revoked_[revocation.signer];
    if (revoked.serials.size() < max) {
        revoked.keys.insert(revocation.key);
        revoked.serials.insert(revocation.serial);
    }
}

/// What issuers that are revoked by now have taken back goes without saying.
void TrustStore::forget_revoked_issuers() {
    for (auto& [number, issuer] : issuers_) {
        issuer.revoked = issuer.revoked || is_revoked_issuer(issuer.certificate);
        if (!issuer.revoked) {
            continue;
        }
        revoked_.erase(number);
        const auto gone = revocations_.find(number);
        if (gone == revocations_.end()) {
            continue;
        }
        for (const SignedBytes& bytes : gone->second) {
            revocation_digest_ ^= digest_of(*bytes);
        }
        revocation_count_ -= gone->second.size();
        revocations_.erase(gone);
    }
}

bool TrustStore::is_revoked(const VerifyKey& identity_key, std::uint64_t serial) const {
    const auto by = [&](std::uint32_t signer) {
        const auto found = revoked_.find(signer);
        return found != revoked_.end() && found->second.contains(identity_key, serial);
    };
    return is_revoked_issuer(issuer_of(serial)) || by(kRootSigner) || by(issuer_of(serial));
}

// ---- Certificates -------------------------------------------------------------------------------

bool TrustStore::is_inside_slices(const Certificate& certificate,
                                  const IssuerCertificate& issuer) const {
    const auto inside_any = [](const net::Prefix& prefix, const IssuerCertificate& of) {
        return std::any_of(of.slices.begin(), of.slices.end(), [&](const net::Prefix& slice) {
            return slice.contains(prefix);
        });
    };
    // A routed prefix inside another issuer's slice would take what that one grants: the longest
    // prefix wins.
    const auto is_anothers = [&](const net::Prefix& prefix) {
        return std::any_of(issuers_.begin(), issuers_.end(), [&](const auto& entry) {
            const auto& [number, other] = entry;
            return number != issuer.number && !other.revoked &&
                   inside_any(prefix, other.certificate);
        });
    };
    return std::all_of(certificate.blocks.begin(),
                       certificate.blocks.end(),
                       [&](const net::Prefix& block) { return inside_any(block, issuer); }) &&
           std::none_of(certificate.routed.begin(), certificate.routed.end(), is_anothers);
}

/// What takes a certificate back whatever the time is.
std::optional<Rejected> TrustStore::revoked_or_foreign(const Certificate& certificate) const {
    if (is_revoked_issuer(certificate.issuer_number)) {
        return Rejected::kIssuerRevoked;
    }
    const Issuer* const by = issuer(certificate.issuer_number);
    if (by == nullptr) {
        return Rejected::kUnknownIssuer;
    }
    if (is_revoked(certificate.identity_key, certificate.serial)) {
        return Rejected::kRevoked;
    }
    if (!is_inside_slices(certificate, by->certificate)) {
        return Rejected::kOutsideSlice;
    }
    return std::nullopt;
}

boost::system::result<Certificate, Rejected> TrustStore::admit(ConstBytes signed_bytes,
                                                               const TimeView& time) const {
    auto certificate = parse_certificate(signed_bytes);
    if (!certificate) {
        return Rejected::kMalformed;
    }
    if (certificate->network != network_) {
        return Rejected::kForeignNetwork;
    }
    const Issuer* const by = issuer(certificate->issuer_number);
    const auto verdict = revoked_or_foreign(*certificate);
    if (by == nullptr || by->revoked) {
        return *verdict;  // nobody whose signature could be good
    }
    const VerifyKey& signer = by->certificate.signing_key;
    if (!check_signature(kKindCertificate, network_, signed_bytes, signer)) {
        return Rejected::kBadSignature;
    }
    if (verdict) {
        return *verdict;
    }
    const UnixSeconds not_after = std::min(certificate->not_after, by->certificate.not_after);
    if (const auto outside = outside_validity(certificate->not_before, not_after, 0, time)) {
        return *outside;
    }
    return std::move(*certificate);
}

std::optional<Rejected> TrustStore::withdrawn(const Certificate& certificate,
                                              const TimeView& time) const {
    if (const auto verdict = revoked_or_foreign(certificate)) {
        return verdict;
    }
    const IssuerCertificate& by = issuer(certificate.issuer_number)->certificate;
    const UnixSeconds grace = certificate.ephemeral ? 0 : kGrace;
    const auto outside = outside_validity(
        certificate.not_before, std::min(certificate.not_after, by.not_after), grace, time);
    // A member's clock or ours was set back: it has been valid.
    return outside == Rejected::kNotYetValid ? std::nullopt : outside;
}

}  // namespace weft::identity
