// SPDX-License-Identifier: Apache-2.0
// See membership.hpp.
#include <algorithm>

#include <weft/base/endian.hpp>
#include <weft/crypto/blake2s.hpp>
#include <weft/gossip/membership.hpp>

namespace weft::gossip {
namespace {

/// One change each 10 s, five at once.
constexpr Allowance kOwnersBudget{5, std::chrono::seconds{10}};

bool same(ConstBytes a, ConstBytes b) {
    return std::ranges::equal(a, b);
}

template <class Visit>
void for_each_prefix(const identity::Certificate& certificate, Visit&& visit) {
    std::ranges::for_each(certificate.blocks, visit);
    std::ranges::for_each(certificate.routed, visit);
}

/// Who has a prefix that both claim.
bool comes_first(const identity::Certificate& a, const identity::Certificate& b) {
    return std::tie(a.not_before, a.serial, a.identity_key) <
           std::tie(b.not_before, b.serial, b.identity_key);
}

}  // namespace

Membership::Outcome Membership::offer(const MemberItem& item,
                                      const identity::TimeView& view,
                                      Time now) {
    return consider(item, view, &now);
}

Membership::Outcome Membership::offer_own(const MemberItem& item, const identity::TimeView& view) {
    return consider(item, view, nullptr);
}

Membership::Outcome Membership::consider(const MemberItem& item,
                                         const identity::TimeView& view,
                                         const Time* now) {
    const Result<Record> parsed = parse_record(item.record);
    if (!parsed) {
        return reject(identity::Rejected::kMalformed);
    }
    const Member* known = find(parsed->node);
    const std::uint64_t hash = hash_of(item);
    const bool equivocated = known != nullptr && parsed->order == known->order();
    if (known != nullptr) {
        if (hash == known->hash) {
            return Outcome::kKnown;
        }
        if (parsed->order < known->order()) {
            return Outcome::kOlder;
        }
    }
    Allowance* const budget = now == nullptr ? nullptr : budget_of(parsed->node);
    if (budget != nullptr && !budget->spend(*now)) {
        return Outcome::kOverBudget;
    }
    Member fresh;
    fresh.hash = hash;
    const Outcome outcome = verify(item, *parsed, view, fresh);
    if (outcome == Outcome::kRejected) {
        if (budget != nullptr) {
            budget->give_back();  // forgeries are not its owner's doing
        }
        return outcome;
    }
    if (equivocated && hash < known->hash) {
        return Outcome::kEquivocatedLower;
    }
    const bool first = known == nullptr;
    put(std::move(fresh));
    return equivocated ? Outcome::kEquivocated : first ? Outcome::kNew : outcome;
}

std::uint64_t Membership::hash_of(const MemberItem& item) {
    return load_le64(crypto::blake2s(item.certificate, item.record).data());
}

Membership::Outcome Membership::verify(const MemberItem& item,
                                       const Record& record,
                                       const identity::TimeView& view,
                                       Member& fresh) {
    const Member* known = find(record.node);
    if (known != nullptr && same(known->certificate->bytes, item.certificate)) {
        fresh.certificate = known->certificate;
    } else {
        auto admitted = cache_.certificate(item.certificate, trust_, view);
        if (!admitted) {
            return reject(admitted.error());
        }
        fresh.certificate = std::move(*admitted);
    }
    const identity::Certificate& certificate = fresh.certificate->certificate;
    if (fresh.id() != record.node || certificate.generation != record.order.generation) {
        return reject(identity::Rejected::kMalformed);
    }
    fresh.record = cache_.record(item.record, trust_.network(), certificate.identity_key);
    return fresh.record ? Outcome::kChanged : reject(identity::Rejected::kBadSignature);
}

/// Only members have a budget of their own: a stranger's first statement costs its relayer.
Allowance* Membership::budget_of(const NodeId& id) {
    return find(id) == nullptr ? nullptr : &budgets_.try_emplace(id, kOwnersBudget).first->second;
}

bool Membership::has_used_its_budget(const NodeId& id) const {
    const auto found = budgets_.find(id);
    return found != budgets_.end() && found->second.left < 1;
}

void Membership::put(Member fresh) {
    const auto [at, added] = members_.try_emplace(fresh.id());
    if (added) {
        numbered_.push_back(&at->first);
    } else {
        toggle(at->second);
        unclaim(at->second);
    }
    at->second = std::move(fresh);
    toggle(at->second);
    claim(at->second);
}

void Membership::toggle(const Member& member) {
    digest_ ^= member.hash;
    buckets_.digests[bucket_of(member.id())] ^= static_cast<std::uint32_t>(member.hash);
}

void Membership::claim(const Member& member) {
    const NodeId* const id = &members_.find(member.id())->first;
    for_each_prefix(member.certificate->certificate, [&](const net::Prefix& prefix) {
        claims_.emplace(prefix, id);
        claimed_lengths_.insert(prefix.length);
    });
}

void Membership::unclaim(const Member& member) {
    for_each_prefix(member.certificate->certificate, [&](const net::Prefix& prefix) {
        const auto [first, last] = claims_.equal_range(prefix);
        const auto ours = std::find_if(
            first, last, [&](const auto& claim) { return *claim.second == member.id(); });
        if (ours != last) {
            claims_.erase(ours);
        }
    });
}

std::vector<NodeId> Membership::withdraw(const identity::TimeView& view) {
    std::vector<NodeId> gone;
    for (const auto& [id, member] : members_) {
        if (trust_.withdrawn(member.certificate->certificate, view)) {
            gone.push_back(id);
        }
    }
    for (const NodeId& id : gone) {
        const auto at = members_.find(id);
        toggle(at->second);
        unclaim(at->second);
        std::erase(numbered_, &at->first);
        members_.erase(at);
        budgets_.erase(id);
    }
    return gone;
}

const Member* Membership::find(const NodeId& id) const {
    const auto found = members_.find(id);
    return found == members_.end() ? nullptr : &found->second;
}

bool Membership::owns_its_prefixes(const NodeId& id) const {
    const Member* member = find(id);
    if (member == nullptr) {
        return false;
    }
    const identity::Certificate& ours = member->certificate->certificate;
    bool owns = true;
    const auto judge = [&](const auto& rival) {
        owns = owns && (*rival.second == id ||
                        !comes_first(find(*rival.second)->certificate->certificate, ours));
    };
    for_each_prefix(ours, [&](const net::Prefix& prefix) {
        // Prefixes are nested or disjoint: rivals start inside ours, or are a shorter one that
        // covers it.
        for (const std::uint8_t length : claimed_lengths_) {
            if (length >= prefix.length) {
                break;
            }
            const auto [first, last] =
                claims_.equal_range(net::Prefix{prefix.address, length}.masked());
            std::for_each(first, last, judge);
        }
        for (auto rival = claims_.lower_bound(prefix);
             rival != claims_.end() && prefix.contains(rival->first.address);
             ++rival) {
            judge(*rival);
        }
    });
    return owns;
}

}  // namespace weft::gossip
