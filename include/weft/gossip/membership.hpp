// SPDX-License-Identifier: Apache-2.0
// The members that a node knows: for each the newest certificate and record, and digests over all
// of them that tell two nodes where they differ. Decides by signed order alone, so all nodes end
// with the same. One thread. A member leaves the table only by revocation or by a certificate past
// its grace: never by silence.
#pragma once

#include <map>
#include <set>

#include <boost/container/flat_map.hpp>

#include <weft/base/clock.hpp>
#include <weft/base/random.hpp>
#include <weft/gossip/allowance.hpp>
#include <weft/gossip/messages.hpp>
#include <weft/gossip/statement_cache.hpp>

namespace weft::gossip {

struct Member {
    std::shared_ptr<const SignedCertificate> certificate;
    std::shared_ptr<const SignedRecord> record;
    std::uint64_t hash = 0;  ///< of both statements' bytes

    [[nodiscard]] const NodeId& id() const { return certificate->id; }
    [[nodiscard]] const Order& order() const { return record->record.order; }
};

class Membership {
  public:
    /// What became of an offered member.
    enum class Outcome : std::uint8_t {
        kNew,
        kChanged,      ///< newer than what was known
        kKnown,        ///< the same
        kOlder,        ///< the offerer is behind
        kEquivocated,  ///< same order, other content, and it replaced ours: alarm
        kEquivocatedLower,
        kOverBudget,  ///< too many changes of one owner: a later sync brings it
        kRejected,    ///< rejected() says why
    };

    Membership(const identity::TrustStore& trust, StatementCache& cache)
        : trust_(trust), cache_(cache) {}

    Outcome offer(const MemberItem& item, const identity::TimeView& view, Time now);
    [[nodiscard]] identity::Rejected rejected() const { return rejected_; }

    /// Whether its owner may make no further change now.
    [[nodiscard]] bool has_used_its_budget(const NodeId& id) const;

    /// Without the owner's budget, for statements of our own.
    Outcome offer_own(const MemberItem& item, const identity::TimeView& view);

    /// Removes whoever is revoked or past the grace; their ids.
    std::vector<NodeId> withdraw(const identity::TimeView& view);

    /// What Member::hash is of a statement.
    static std::uint64_t hash_of(const MemberItem& item);
    [[nodiscard]] const Member* find(const NodeId& id) const;
    [[nodiscard]] std::size_t size() const { return members_.size(); }
    [[nodiscard]] const std::map<NodeId, Member>& members() const { return members_; }
    /// By a number below size(); which member has which changes when one goes.
    [[nodiscard]] const NodeId& at(std::size_t number) const { return *numbered_[number]; }

    [[nodiscard]] std::uint64_t digest() const { return digest_; }
    [[nodiscard]] const Buckets& buckets() const { return buckets_; }
    static std::size_t bucket_of(const NodeId& id) {
        return std::to_integer<std::size_t>(id.bytes[0]);
    }

    /// Of certificates that claim overlapping prefixes the lowest (not_before, serial) has them.
    /// True where that is this member, or nobody else claims any of its blocks and routed prefixes.
    [[nodiscard]] bool owns_its_prefixes(const NodeId& id) const;

  private:
    Outcome consider(const MemberItem& item, const identity::TimeView& view, const Time* now);
    [[nodiscard]] Allowance* budget_of(const NodeId& id);
    Outcome verify(const MemberItem& item,
                   const Record& record,
                   const identity::TimeView& view,
                   Member& fresh);
    Outcome reject(identity::Rejected reason) {
        rejected_ = reason;
        return Outcome::kRejected;
    }
    void put(Member fresh);
    void toggle(const Member& member);
    void claim(const Member& member);
    void unclaim(const Member& member);

    const identity::TrustStore& trust_;
    StatementCache& cache_;
    std::map<NodeId, Member> members_;
    // Ids are those of members_.
    std::vector<const NodeId*> numbered_;
    boost::container::flat_multimap<net::Prefix, const NodeId*>
        claims_;                              // blocks and routed prefixes, masked
    std::set<std::uint8_t> claimed_lengths_;  // of those, now or once; few
    std::map<NodeId, Allowance> budgets_;     // changes that an owner may make; none: all of them
    std::uint64_t digest_ = 0;
    Buckets buckets_;
    identity::Rejected rejected_{};
};

}  // namespace weft::gossip
