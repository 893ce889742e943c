// SPDX-License-Identifier: Apache-2.0
// See prober.hpp.
#include "prober.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace weft::gossip {
namespace {

/// Between dialling one dead member and the next.
constexpr Duration kDialInterval = std::chrono::seconds{10};
/// The same member again: as often as all nodes together dial it twice a second, within these.
constexpr Duration kRedialMin = std::chrono::seconds{10};
constexpr Duration kRedialMax = std::chrono::minutes{10};
constexpr Duration kRedialPerNode = std::chrono::milliseconds{500};
/// A word against a member that answered us this lately is not taken.
constexpr Duration kFreshAnswer = std::chrono::seconds{2};
constexpr Duration kChallengeInterval = std::chrono::seconds{1};
constexpr std::size_t kSeenByMax = 16;

Duration jittered(Duration duration, RandomSource& random) {
    const std::int64_t quarter = duration.count() / 4;
    return duration - Duration{quarter} +
           Duration{static_cast<std::int64_t>(random.below(2 * quarter + 1))};
}

}  // namespace

// ---- Timers ------------------------------------------------------------------------------------

void Prober::start(Time now) {
    next_probe_ =
        now + Duration{static_cast<std::int64_t>(core_.random.below(kProbeInterval.count()))};
    next_dial_ = next_probe_;
}

Time Prober::next_timer() const {
    Time next = std::min({next_probe_, next_dial_, next_nack_});
    if (probe_ && !probe_->acked && !probe_->asked) {
        next = std::min(next, probe_->indirect_at);
    }
    return next;
}

void Prober::on_timer(const Moment& moment, Actions& actions) {
    expire(moment, actions);
    if (probe_ && !probe_->acked && !probe_->asked && moment.now >= probe_->indirect_at) {
        ask_others(moment, actions);
    }
    if (moment.now >= next_probe_) {
        finish_probe(moment.now - next_probe_ > kLate, moment, actions);
        start_probe(moment, actions);
        next_probe_ = moment.now + scaled(kProbeInterval);
        judge_suspects(moment.now, actions);
    }
    if (moment.now >= next_dial_) {
        const bool alone = is_alone();
        dial_one(alone, moment, actions);
        next_dial_ = moment.now + jittered(alone ? kProbeInterval : kDialInterval, core_.random);
    }
}

// ---- One round: ping, ask others, judge --------------------------------------------------------

std::optional<ProbeNumber> Prober::send_ping(const NodeId& target,
                                             const net::Endpoint& to,
                                             const Moment& moment,
                                             Actions& actions,
                                             std::size_t size) {
    const ProbeNumber number = expect_answer(target, to, moment.now);
    DatagramWriter datagram = core_.writer(moment);
    datagram.add(Ping{number});
    const Contact& contact = core_.contacts[target];
    if (const Member* member = core_.members.find(target);
        member != nullptr && !contact.accusers.empty()) {
        datagram.add(Accusation{target, member->order(), contact.accusers.front().accuser});
    }
    const auto echo = core_.send_padded(target, to, datagram, size, actions);
    if (!echo) {
        pending_.erase(number);
        return std::nullopt;
    }
    pending_[number].echo = echo;
    return number;
}

ProbeNumber Prober::expect_answer(const NodeId& target, const net::Endpoint& to, Time now) {
    make_room();
    ProbeNumber number = core_.random.next_u32();
    while (pending_.contains(number)) {
        ++number;
    }
    Pending& pending = pending_[number];
    pending.target = target;
    pending.to = to;
    pending.expires = now + scaled(kProbeInterval);
    return number;
}

void Prober::start_probe(const Moment& moment, Actions& actions) {
    probe_.reset();
    const std::optional<NodeId> target = next_target();
    if (!target) {
        return;
    }
    const std::optional<net::Endpoint> to = core_.endpoint_for(*target, moment.now);
    const auto number = to ? send_ping(*target, *to, moment, actions) : std::nullopt;
    probe_ = Probe{};
    Probe& probe = *probe_;
    probe.target = *target;
    if (number) {
        probe.number = *number;
        probe.indirect_at = moment.now + scaled(kProbeTimeout);
        pending_[*number].probe = true;
    } else {  // without a way of our own others are asked at once
        probe.number = core_.random.next_u32();
        ask_others(moment, actions);
    }
}

std::optional<NodeId> Prober::next_target() {
    for (std::size_t tries = 0; tries <= 2 * core_.members.size(); ++tries) {
        if (round_.empty()) {
            round_.resize(core_.members.size());
            std::iota(round_.begin(), round_.end(), 0U);
            for (std::size_t i = round_.size(); i > 1; --i) {
                std::swap(round_[i - 1], round_[core_.random.below(i)]);
            }
            if (round_.empty()) {
                return std::nullopt;
            }
        }
        const std::uint32_t number = round_.back();
        round_.pop_back();
        if (number < core_.members.size() && core_.is_usable(core_.members.at(number))) {
            return core_.members.at(number);
        }
    }
    return std::nullopt;
}

/// It may have lost the address where it was heard: as long as others reach it, nothing else here
/// would look for it elsewhere.
void Prober::ping_elsewhere(const Moment& moment, Actions& actions) {
    const Member* const member = core_.members.find(probe_->target);
    if (member == nullptr) {
        return;
    }
    const auto tried = pending_.find(probe_->number);
    const net::Endpoint there = tried != pending_.end() ? tried->second.to : net::Endpoint{};
    for (const net::Endpoint& endpoint : member->record->record.endpoints) {
        if (endpoint == there) {
            continue;
        }
        if (const auto number = send_ping(probe_->target, endpoint, moment, actions)) {
            pending_[*number].probe = true;
        }
    }
}

void Prober::ask_others(const Moment& moment, Actions& actions) {
    probe_->asked = true;
    ping_elsewhere(moment, actions);
    std::vector<NodeId> helpers;
    if (const Member* member = core_.members.find(probe_->target)) {
        helpers = member->record->record.anchors;  // who has a way to it for certain
        std::erase_if(helpers, [&](const NodeId& id) { return !core_.is_usable(id); });
    }
    for (const NodeId& other : core_.random_members(kIndirectProbes, probe_->target)) {
        if (helpers.size() < kIndirectProbes &&
            std::ranges::find(helpers, other) == helpers.end()) {
            helpers.push_back(other);
        }
    }
    for (const NodeId& helper : helpers) {
        const auto to = core_.endpoint_for(helper, moment.now);
        DatagramWriter datagram = core_.writer(moment);
        datagram.add(PingRequest{probe_->number, probe_->target});
        if (to && core_.send(helper, *to, datagram, actions)) {
            ++probe_->helpers;
        }
    }
}

void Prober::finish_probe(bool late, const Moment& moment, Actions& actions) {
    if (late) {
        worsen(1);
    }
    if (!probe_ || late) {
        return;
    }
    if (probe_->acked) {
        return;
    }
    // Helpers that are silent too speak against our own network (Lifeguard, 3.1).
    const std::size_t silent = probe_->helpers - std::min(probe_->helpers, probe_->nacks);
    worsen(probe_->helpers > 0 ? static_cast<std::uint32_t>(silent) : 1);
    if (const Member* member = core_.members.find(probe_->target)) {
        suspect({probe_->target, member->order(), core_.id()}, core_.id(), moment.now, actions);
    }
}

// ---- What comes in -----------------------------------------------------------------------------

void Prober::on_ping(const NodeId& from,
                     const net::Endpoint& at,
                     const Ping& ping,
                     bool differs,
                     const Moment& moment,
                     Actions& actions) {
    DatagramWriter datagram = core_.writer(moment);
    datagram.add(Ack{ping.number, at});
    core_.send(from, at, datagram, actions);
    Contact& contact = core_.contacts[from];
    contact.pinged = moment.now;
    // It answered from elsewhere: its router may have taken another port.
    const bool moved = contact.seen && contact.seen != at;
    const bool unproven =
        (differs || moved || !is_advertised(from, at)) && !core_.proven(from, at, moment.now);
    if ((unproven || contact.state != Reachability::kAlive) &&
        moment.now - contact.challenged >= kChallengeInterval) {
        contact.challenged = moment.now;
        send_ping(from, at, moment, actions);
    }
}

bool Prober::is_advertised(const NodeId& node, const net::Endpoint& at) const {
    const Member* member = core_.members.find(node);
    return member != nullptr && std::ranges::find(member->record->record.endpoints, at) !=
                                    member->record->record.endpoints.end();
}

bool Prober::on_ack(const NodeId& from,
                    const net::Endpoint& at,
                    const Ack& ack,
                    const Moment& moment,
                    Actions& actions) {
    if (probe_ && ack.number == probe_->number && from != probe_->target && probe_->asked) {
        probe_->acked = true;  // a helper reached it
        clear(probe_->target, actions);
        return false;
    }
    const auto found = pending_.find(ack.number);
    if (found == pending_.end() || found->second.target != from) {
        return false;
    }
    const Pending pending = found->second;
    pending_.erase(found);
    Contact& contact = core_.contacts[from];
    if (at == pending.to) {
        contact.seen = at;
        contact.heard = moment.now;
    } else if (moment.now - contact.challenged >= kChallengeInterval) {
        contact.challenged = moment.now;  // proven once it answers from there
        send_ping(from, at, moment, actions);
    }
    clear(from, actions);
    if (probe_ && pending.probe && probe_->target == from) {
        probe_->acked = true;
        improve();
    }
    if (at == pending.to && can_be_advertised(ack.seen)) {
        core_.seen_by[from] = ack.seen;
        if (core_.seen_by.size() > kSeenByMax) {
            core_.seen_by.erase(core_.seen_by.begin());
        }
    }
    if (pending.requested) {
        DatagramWriter datagram = core_.writer(moment);
        datagram.add(Ack{*pending.requested, {}});
        core_.send(pending.requester, pending.requester_at, datagram, actions);
    }
    return true;
}

/// Others' requests go first; our own are as many as we send.
void Prober::make_room() {
    if (pending_.size() < kPendingMax) {
        return;
    }
    const auto requested = std::ranges::find_if(
        pending_, [](const auto& entry) { return entry.second.requested.has_value(); });
    pending_.erase(requested != pending_.end()
                       ? requested
                       : std::ranges::min_element(
                             pending_, {}, [](const auto& entry) { return entry.second.expires; }));
}

bool Prober::may_request(const NodeId& from, ProbeNumber number, Time now) {
    std::size_t requested = 0;
    for (const auto& [own_number, pending] : pending_) {
        requested += pending.requested ? 1U : 0U;
        if (pending.requested == number && pending.requester == from) {
            return false;
        }
    }
    return requested < kRequestedMax && core_.contacts[from].ping_requests.spend(now);
}

void Prober::on_ping_request(const NodeId& from,
                             const net::Endpoint& at,
                             const PingRequest& request,
                             const Moment& moment,
                             Actions& actions) {
    const auto to = core_.members.find(request.target) != nullptr && !core_.is_own(request.target)
                        ? core_.endpoint_for(request.target, moment.now)
                        : std::nullopt;
    const bool reachable = core_.proven(from, at, moment.now) || is_advertised(from, at);
    if (!to || !reachable || !may_request(from, request.number, moment.now)) {
        return;
    }
    if (const auto number = send_ping(request.target, *to, moment, actions)) {
        Pending& pending = pending_[*number];
        pending.requester = from;
        pending.requester_at = at;
        pending.requested = request.number;
        pending.expires = moment.now + kProbeTimeout * 4 / 5;
        next_nack_ = std::min(next_nack_, pending.expires);
    }
}

void Prober::on_nack(const Nack& nack) {
    if (probe_ && nack.number == probe_->number) {
        ++probe_->nacks;
    }
}

void Prober::expire(const Moment& moment, Actions& actions) {
    next_nack_ = Time::max();
    for (auto at = pending_.begin(); at != pending_.end();) {
        const Pending& pending = at->second;
        if (moment.now < pending.expires) {
            next_nack_ = pending.requested ? std::min(next_nack_, pending.expires) : next_nack_;
            ++at;
            continue;
        }
        if (pending.requested) {
            DatagramWriter datagram = core_.writer(moment);
            datagram.add(Nack{*pending.requested});
            core_.send(pending.requester, pending.requester_at, datagram, actions);
        }
        at = pending_.erase(at);
    }
}

std::optional<std::pair<NodeId, net::Endpoint>> Prober::take_by_echo(const Echo& echo,
                                                                     const net::Endpoint& from) {
    const auto found = std::ranges::find_if(pending_, [&](const auto& entry) {
        return entry.second.echo == echo && entry.second.to == from;
    });
    if (found == pending_.end()) {
        return std::nullopt;
    }
    found->second.echo.reset();
    return std::pair{found->second.target, found->second.to};
}

void Prober::forget(const NodeId& node) {
    suspects_.erase(node);
    std::erase_if(pending_, [&](const auto& entry) { return entry.second.target == node; });
    if (probe_ && probe_->target == node) {
        probe_.reset();
    }
}

// ---- Suspicion ---------------------------------------------------------------------------------

void Prober::on_accusation(const NodeId& from,
                           const Accusation& accusation,
                           const Moment& moment,
                           Actions& actions) {
    const Member* member = core_.members.find(accusation.target);
    if (member == nullptr || accusation.order < member->order() ||
        !core_.contacts[from].accusations.spend(moment.now)) {
        return;
    }
    if (core_.is_own(accusation.target)) {
        core_.refute = true;
        return;
    }
    const Contact& contact = core_.contacts[accusation.target];
    if (contact.heard != Time{} && moment.now - contact.heard < kFreshAnswer) {
        return;
    }
    // Only members accuse, and of what there is.
    if (accusation.order == member->order() && core_.members.find(accusation.accuser) != nullptr &&
        accusation.accuser != accusation.target) {
        suspect(accusation, from, moment.now, actions);
    }
}

void Prober::suspect(const Accusation& accusation,
                     const NodeId& heard_from,
                     Time now,
                     Actions& actions) {
    Contact& contact = core_.contacts[accusation.target];
    const bool told_before = std::ranges::any_of(contact.accusers, [&](const Accuser& known) {
        return known.accuser == accusation.accuser || known.heard_from == heard_from;
    });
    if (!core_.is_usable(accusation.target) || contact.accusers.size() >= kAccusersMax ||
        told_before) {
        return;
    }
    contact.accusers.push_back({accusation.accuser, heard_from});
    core_.rumours.add(accusation);
    if (contact.state == Reachability::kAlive) {
        contact.state = Reachability::kSuspect;
        contact.suspected = now;
        suspects_.insert(accusation.target);
        ++core_.counters.suspicions;
        actions.events.push_back({Event::Kind::kReachability, accusation.target});
    }
}

/// memberlist's formula: from six times the minimum down to it, the more accuse.
Duration Prober::suspicion_timeout(std::size_t accusers) const {
    const double nodes = static_cast<double>(std::max<std::size_t>(1, core_.members.size()));
    const double min = kSuspicionMultiplier * std::max(1.0, std::log10(nodes)) *
                       static_cast<double>(kProbeInterval.count());
    const double max = kSuspicionMaxFactor * min;
    const double confirmations = static_cast<double>(accusers > 0 ? accusers - 1 : 0);
    const double shrink = std::log(confirmations + 1) / std::log(kSuspicionMultiplier - 1);
    return Duration{static_cast<std::int64_t>(std::max(min, max - shrink * (max - min)))};
}

void Prober::judge_suspects(Time now, Actions& actions) {
    for (auto at = suspects_.begin(); at != suspects_.end();) {
        Contact& contact = core_.contacts[*at];
        if (now - contact.suspected < suspicion_timeout(contact.accusers.size())) {
            ++at;
            continue;
        }
        contact.state = Reachability::kDead;
        contact.dialled = now;
        ++core_.counters.deaths;
        actions.events.push_back({Event::Kind::kReachability, *at});
        at = suspects_.erase(at);
    }
}

void Prober::clear(const NodeId& node, Actions& actions) {
    const auto found = core_.contacts.find(node);
    if (found == core_.contacts.end() || found->second.accusers.empty()) {
        return;
    }
    Contact& contact = found->second;
    contact.accusers.clear();
    contact.state = Reachability::kAlive;
    suspects_.erase(node);
    actions.events.push_back({Event::Kind::kReachability, node});
}

// ---- The dead, and seeds -----------------------------------------------------------------------

bool Prober::is_alone() {
    return core_.random_members(1, core_.id()).empty();
}

void Prober::dial_one(bool alone, const Moment& moment, Actions& actions) {
    const std::optional<NodeId> node = longest_not_dialled(moment.now, alone);
    if (!node) {
        return;
    }
    core_.contacts[*node].dialled = moment.now;
    if (const auto to = core_.endpoint_for(*node, moment.now)) {
        send_ping(*node, *to, moment, actions);
    }
}

std::optional<NodeId> Prober::longest_not_dialled(Time now, bool alone) {
    const auto nodes = static_cast<std::int64_t>(core_.members.size());
    const Duration redial =
        alone ? kProbeInterval : std::clamp(kRedialPerNode * nodes, kRedialMin, kRedialMax);
    std::optional<NodeId> chosen;
    Time oldest = now - redial;
    const auto consider = [&](const NodeId& node) {
        const Contact& contact = core_.contacts[node];
        if (contact.dialled == Time{} || contact.dialled <= oldest) {
            chosen = node;
            oldest = contact.dialled;
        }
    };
    for (const auto& [node, contact] : core_.contacts) {
        const Member* member = core_.members.find(node);
        if (contact.state == Reachability::kDead && member != nullptr &&
            !member->record->record.left) {
            consider(node);
        }
    }
    for (const auto& [node, seed] : core_.seeds) {
        if (core_.members.find(node) == nullptr) {
            consider(node);
        }
    }
    return chosen;
}

}  // namespace weft::gossip
