// SPDX-License-Identifier: Apache-2.0
// See anti_entropy.hpp.
#include "anti_entropy.hpp"

#include <algorithm>

namespace weft::gossip {
namespace {

NodeId first_of_bucket(std::size_t bucket) {
    NodeId id;
    id.bytes[0] = static_cast<std::byte>(bucket);
    return id;
}
NodeId last_of_bucket(std::size_t bucket) {
    NodeId id;
    id.bytes.fill(std::byte{0xff});
    id.bytes[0] = static_cast<std::byte>(bucket);
    return id;
}

/// What there is from `first` to `last`, in as many summaries as it takes.
void summarize(const std::map<NodeId, Member>& members,
               const NodeId& first,
               const NodeId& last,
               std::vector<Summary>& to) {
    Summary* summary = &to.emplace_back(Summary{first, last, {}});
    for (auto at = members.lower_bound(first); at != members.end() && at->first <= last; ++at) {
        if (summary->entries.size() == kSummaryEntriesMax) {
            summary->last = summary->entries.back().node;
            summary = &to.emplace_back(Summary{summary->last, last, {}});
            // It begins at the last of the one before, which both then name.
            summary->entries.push_back(to[to.size() - 2].entries.back());
        }
        summary->entries.push_back({at->first, at->second.hash});
    }
}

/// Messages in as few datagrams as they fit into, and no more than so many.
class Burst {
  public:
    Burst(Core& core,
          const NodeId& to,
          const net::Endpoint& at,
          std::size_t datagrams_max,
          const Moment& moment,
          Actions& actions)
        : core_(core),
          to_(to),
          at_(at),
          left_(datagrams_max),
          moment_(moment),
          actions_(actions),
          datagram_(core.writer(moment)) {}

    /// False where it is full, and everything before has been sent.
    bool add(const Message& message) {
        if (datagram_.add(message)) {
            return true;
        }
        flush();
        if (--left_ == 0) {
            return false;
        }
        datagram_ = core_.writer(moment_);
        datagram_.add(message);
        return true;
    }
    void flush() {
        if (!datagram_.empty()) {
            core_.send(to_, at_, datagram_, actions_);
        }
    }

  private:
    Core& core_;
    const NodeId& to_;
    const net::Endpoint& at_;
    std::size_t left_;
    const Moment& moment_;
    Actions& actions_;
    DatagramWriter datagram_;
};

Duration longer(Duration pause) {
    return std::clamp(2 * pause, AntiEntropy::kInterval, AntiEntropy::kFruitlessInterval);
}

template <class Number>
std::uint64_t known_of(const std::vector<std::pair<std::uint32_t, Number>>& heads,
                       std::uint32_t key) {
    const auto found =
        std::ranges::find_if(heads, [&](const auto& head) { return head.first == key; });
    return found == heads.end() ? 0 : found->second;
}

}  // namespace

Time AntiEntropy::next_timer() const {
    return next_portion_;
}

void AntiEntropy::on_header(const NodeId& from,
                            const net::Endpoint& at,
                            const Header& header,
                            const Moment& moment,
                            Actions& actions) {
    if (!core_.proven(from, at, moment.now)) {
        return;
    }
    if (header.trust_digest != core_.trust_digest()) {
        ask_trust(from, at, moment, actions);
    }
    Contact& contact = core_.contacts[from];
    if (!wants_sync(contact, header, moment.now)) {
        return;
    }
    back_off_ = std::clamp(2 * back_off_, kBackOffMin, kFruitlessInterval);
    last_sync_ = moment.now;
    contact.synced_twice = contact.synced != Time{};
    contact.synced = moment.now;
    contact.sync_was_fruitful = false;
    ++core_.counters.syncs;
    DatagramWriter datagram = core_.writer(moment);
    datagram.add(core_.members.buckets());
    core_.send(from, at, datagram, actions);
}

bool AntiEntropy::wants_sync(const Contact& contact, const Header& header, Time now) const {
    if (header.members_digest == core_.members.digest()) {
        return false;
    }
    const bool hurries = now < hurries_until_;
    const bool soon = contact.sync_was_fruitful || (hurries && !contact.synced_twice);
    const Duration interval = soon ? kInterval : kFruitlessInterval;
    const Duration back_off = hurries ? std::min(back_off_, kInterval) : back_off_;
    if ((contact.synced != Time{} && now - contact.synced < interval) ||
        (last_sync_ != Time{} && now - last_sync_ < back_off)) {
        return false;
    }
    const auto ours = static_cast<std::uint32_t>(core_.members.size());
    const std::uint32_t difference =
        std::max(ours, header.members) - std::min(ours, header.members);
    return core_.rumours.empty() || difference > kSmallDifference ||
           now - last_sync_ >= kRumoursInterval;
}

void AntiEntropy::on_buckets(const NodeId& from,
                             const net::Endpoint& at,
                             const Buckets& theirs,
                             const Moment& moment,
                             Actions& actions) {
    if (!core_.contacts[from].bucket_answers.spend(moment.now)) {
        return;
    }
    const Buckets& ours = core_.members.buckets();
    std::vector<Summary> summaries;
    for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
        if (ours.digests[bucket] == theirs.digests[bucket]) {
            continue;
        }
        std::size_t last = bucket;
        while (last + 1 < kBuckets && ours.digests[last + 1] != theirs.digests[last + 1]) {
            ++last;
        }
        summarize(
            core_.members.members(), first_of_bucket(bucket), last_of_bucket(last), summaries);
        bucket = last;
    }
    if (summaries.empty()) {
        return;
    }
    // Those that do not fit this time come in another order the next.
    const auto first = static_cast<std::ptrdiff_t>(core_.random.below(summaries.size()));
    std::rotate(summaries.begin(), summaries.begin() + first, summaries.end());
    Burst burst{core_, from, at, kSummaryDatagrams, moment, actions};
    for (const Summary& summary : summaries) {
        if (!burst.add(summary)) {
            return;
        }
    }
    burst.flush();
}

void AntiEntropy::want(const Want& want,
                       const NodeId& to,
                       const net::Endpoint& at,
                       const Moment& moment,
                       Actions& actions) {
    DatagramWriter datagram = core_.writer(moment);
    datagram.add(want);
    core_.send(to, at, datagram, actions);
}

void AntiEntropy::on_summary(const NodeId& from,
                             const net::Endpoint& at,
                             const Summary& theirs,
                             const Moment& moment,
                             Actions& actions) {
    if (!core_.contacts[from].summaries.spend(moment.now)) {
        return;
    }
    Want missing;
    for (const SummaryEntry& entry : theirs.entries) {
        const Member* ours = core_.members.find(entry.node);
        if (ours == nullptr) {
            if (!was_refused(entry, moment.now)) {
                missing.nodes.push_back(entry.node);
            }
        } else if (ours->hash != entry.hash) {
            push(from, entry.node, moment.now);  // the older of the two answers with the newer
        }
    }
    const auto& members = core_.members.members();
    for (auto ours = members.lower_bound(theirs.first);
         ours != members.end() && ours->first <= theirs.last;
         ++ours) {
        if (std::ranges::find(theirs.entries, ours->first, &SummaryEntry::node) ==
                theirs.entries.end() &&
            !push(from, ours->first, moment.now)) {
            break;
        }
    }
    if (!missing.nodes.empty()) {
        want(missing, from, at, moment, actions);
    }
}

void AntiEntropy::on_want(const NodeId& from, const Want& want, Time now) {
    if (!core_.contacts[from].wants.spend(now)) {
        return;
    }
    for (const NodeId& node : want.nodes) {
        push(from, node, now);
    }
}

/// Each may have all members sent twice at once, and then once in kFruitlessInterval.
bool AntiEntropy::push(const NodeId& to, const NodeId& node, Time now) {
    if (queue_.size() >= kQueueMax || core_.members.find(node) == nullptr) {
        return false;
    }
    Contact& contact = core_.contacts[to];
    const auto members = static_cast<double>(core_.members.size());
    const double passed = std::chrono::duration<double>(now - contact.pushes_since) /
                          std::chrono::duration<double>(kFruitlessInterval);
    contact.pushes = std::max(0.0, contact.pushes - passed * members);
    contact.pushes_since = now;
    if (contact.pushes >= 2 * members + kPushesMore) {
        return false;
    }
    if (!queued_.insert({to, node}).second) {
        return true;
    }
    contact.pushes += 1;
    if (queue_.empty()) {
        next_portion_ = now;
    }
    queue_.push_back({to, node});
    return true;
}

// ---- What will not be taken --------------------------------------------------------------------

void AntiEntropy::on_refused(const NodeId& node, std::uint64_t hash, Time now) {
    if (refused_.size() >= kRefusedMax) {
        std::erase_if(refused_,
                      [&](const auto& entry) { return now - entry.second >= kRefusedLifetime; });
    }
    if (refused_.size() < kRefusedMax) {
        refused_[{node, hash}] = now;
    }
}

void AntiEntropy::on_signers_changed() {
    refused_.clear();
    back_off_ = {};
    for (auto& [id, contact] : core_.contacts) {
        contact.sync_was_fruitful = true;
    }
}

bool AntiEntropy::was_refused(const SummaryEntry& entry, Time now) const {
    const auto found = refused_.find({entry.node, entry.hash});
    return found != refused_.end() && now - found->second < kRefusedLifetime;
}

void AntiEntropy::on_timer(const Moment& moment, Actions& actions) {
    if (moment.now < next_portion_) {
        return;
    }
    for (std::size_t sent = 0; sent < kPortion && !queue_.empty();) {
        const NodeId to = queue_.front().to;
        const auto at = core_.endpoint_for(to, moment.now);
        DatagramWriter datagram = core_.writer(moment);
        while (!queue_.empty() && queue_.front().to == to) {
            const Member* member = core_.members.find(queue_.front().node);
            if (member != nullptr &&
                !datagram.add(
                    MemberItem{member->certificate->bytes, member->record->bytes, true})) {
                break;
            }
            queued_.erase(queue_.front());
            queue_.pop_front();
        }
        if (at && !datagram.empty()) {
            core_.send(to, *at, datagram, actions);
            ++sent;
        }
    }
    next_portion_ = queue_.empty() ? Time::max() : moment.now + kPortionInterval;
}

// ---- Issuers, successors, revocations ----------------------------------------------------------

void AntiEntropy::ask_trust(const NodeId& from,
                            const net::Endpoint& at,
                            const Moment& moment,
                            Actions& actions) {
    Contact& contact = core_.contacts[from];
    if (contact.trust_asked != Time{} && moment.now - contact.trust_asked < contact.trust_pause) {
        return;
    }
    contact.trust_asked = moment.now;
    contact.trust_pause = longer(contact.trust_pause);
    DatagramWriter datagram = core_.writer(moment);
    datagram.add(core_.trust_heads());
    core_.send(from, at, datagram, actions);
}

void AntiEntropy::on_trust_heads(const NodeId& from,
                                 const net::Endpoint& at,
                                 const TrustHeads& theirs,
                                 const Moment& moment,
                                 Actions& actions) {
    if (!core_.contacts[from].trust_answers.spend(moment.now)) {
        return;
    }
    Burst burst{core_, from, at, kPortion, moment, actions};  // the rest when they ask again
    const auto successors = core_.trust.successors();
    for (std::size_t i = theirs.successors; i < successors.size(); ++i) {
        if (!burst.add(SuccessorItem{*successors[i]})) {
            return;
        }
    }
    for (const auto& [number, issuer] : core_.trust.issuers()) {
        if (known_of(theirs.issuers, number) < issuer.certificate.generation &&
            !burst.add(IssuerItem{*issuer.bytes})) {
            return;
        }
    }
    for (const auto& [signer, revocations] : core_.trust.revocations()) {
        for (std::uint64_t i = known_of(theirs.revocations, signer); i < revocations.size(); ++i) {
            if (!burst.add(RevocationItem{*revocations[static_cast<std::size_t>(i)]})) {
                return;
            }
        }
    }
    burst.flush();
}

}  // namespace weft::gossip
