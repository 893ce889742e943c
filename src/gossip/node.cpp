// SPDX-License-Identifier: Apache-2.0
// See node.hpp.
#include <algorithm>

#include <weft/base/assert.hpp>
#include <weft/base/byte_writer.hpp>
#include <weft/gossip/node.hpp>

#include "node_parts.hpp"

namespace weft::gossip {
namespace {

/// A rumour as it is now; nullopt where there is nothing left to say.
struct MessageOf {
    const Core& core;

    std::optional<Message> operator()(const MemberRumour& about) const {
        const Member* member = core.members.find(about.node);
        if (member == nullptr) {
            return std::nullopt;
        }
        const ConstBytes certificate{member->certificate->bytes};
        return MemberItem{about.whole ? certificate : ConstBytes{}, member->record->bytes};
    }
    std::optional<Message> operator()(const IssuerRumour& about) const {
        const auto* issuer = core.trust.issuer(about.number);
        return issuer == nullptr ? std::nullopt
                                 : std::optional<Message>{IssuerItem{*issuer->bytes}};
    }
    std::optional<Message> operator()(const RevocationRumour& about) const {
        const auto found = core.trust.revocations().find(about.signer);
        if (found == core.trust.revocations().end() || about.number == 0 ||
            about.number > found->second.size()) {
            return std::nullopt;
        }
        return RevocationItem{*found->second[static_cast<std::size_t>(about.number - 1)]};
    }
    std::optional<Message> operator()(const SuccessorRumour& about) const {
        const auto successors = core.trust.successors();
        if (about.number == 0 || about.number > successors.size()) {
            return std::nullopt;
        }
        return SuccessorItem{*successors[about.number - 1]};
    }
    std::optional<Message> operator()(const Accusation& accusation) const {
        const Member* member = core.members.find(accusation.target);
        return member == nullptr || member->order() != accusation.order
                   ? std::nullopt
                   : std::optional<Message>{accusation};
    }
};

}  // namespace

std::string_view to_string(Reachability reachability) {
    switch (reachability) {
        case Reachability::kAlive:
            return "alive";
        case Reachability::kSuspect:
            return "suspect";
        case Reachability::kDead:
            return "dead";
        case Reachability::kLeft:
            return "left";
    }
    return "dead";
}

Node::Node(OwnIdentity own,
           std::uint64_t epoch,
           identity::TrustStore& trust,
           StatementCache& cache,
           RandomSource& random)
    : parts_(std::make_unique<Parts>(std::move(own), epoch, trust, cache, random)) {}

Node::~Node() = default;

// ---- What this node says of itself -------------------------------------------------------------

void Node::publish(const OwnRecord& record, const Moment& moment, Actions& actions) {
    parts_->start(moment.now);
    if (parts_->own == record) {
        return;
    }
    const bool is_first = !parts_->own;
    parts_->own = record;
    if (!is_first && !parts_->own_records.spend(moment.now)) {
        parts_->own_waits = true;
        return;
    }
    parts_->sign_own(moment, actions);
    parts_->settle(moment, actions);
}

void Node::leave(const Moment& moment, Actions& actions) {
    parts_->left = true;
    parts_->sign_own(moment, actions);
    parts_->gossip(moment, actions);
}

bool Node::has_signed_off() const {
    return parts_->signed_off;
}

void Node::replace_identity(OwnIdentity own, const Moment& moment, Actions& actions) {
    WEFT_ASSERT(own.certificate->id == id());
    parts_->core.own = std::move(own);
    parts_->own_is_news = true;
    parts_->core.sealer.set_own(id(), parts_->core.own.gossip_key);
    parts_->sign_own(moment, actions);
    parts_->settle(moment, actions);
}

void Node::on_epoch_stored(const Moment& moment, Actions& actions) {
    if (parts_->epoch_to_store) {
        parts_->epoch = *parts_->epoch_to_store;
        parts_->epoch_to_store.reset();
        parts_->sequence = 0;
        parts_->sign_own(moment, actions);
        parts_->settle(moment, actions);
    }
}

void Node::Parts::sign_own(const Moment& moment, Actions& actions) {
    if (!own || epoch_to_store) {
        return;
    }
    own_waits = false;
    Record record;
    record.node = core.id();
    record.order = {core.own.certificate->certificate.generation, epoch, ++sequence};
    record.left = left;
    record.translated = own->translated;
    record.boot_id = own->boot_id;
    record.mtu = own->mtu;
    record.features = own->features;
    record.software = own->software;
    record.endpoints = own->endpoints;
    record.anchors = own->anchors;
    const std::vector<std::byte> bytes = build(record, core.trust.network(), core.own.identity_key);
    // Expired or not: others decide by what they know, and they may know it within its grace.
    const identity::TimeView timeless{moment.wall.now, false};
    const auto outcome = core.members.offer_own({core.own.certificate->bytes, bytes}, timeless);
    if (outcome == Membership::Outcome::kRejected) {
        ++core.counters.rejected[static_cast<std::size_t>(core.members.rejected())];
        return;
    }
    spread_member(core.id(), std::exchange(own_is_news, false));
    actions.events.push_back({Event::Kind::kMemberChanged, core.id()});
}

// ---- What it is given --------------------------------------------------------------------------

void Node::add_seed(const Seed& seed) {
    if (seed.node != id()) {
        parts_->core.seeds[seed.node] = seed;
    }
}

void Node::set_seed_addresses(const std::vector<net::Endpoint>& addresses) {
    parts_->address_seeds.set(addresses);
}

void Node::restore(const MemberItem& item, const Moment& moment, Actions& actions) {
    const Result<Record> record = parse_record(item.record);
    if (!record || record->node == id()) {
        return;
    }
    const identity::TimeView timeless{moment.wall.now, false};
    const auto outcome = parts_->core.members.offer_own(item, timeless);
    if (outcome == Membership::Outcome::kNew) {
        actions.events.push_back({Event::Kind::kMemberNew, record->node});
    }
}

std::optional<identity::Rejected> Node::add_issuer(ConstBytes bytes,
                                                   const Moment& moment,
                                                   Actions& actions) {
    return parts_->add_issuer(bytes, moment, actions);
}

std::optional<identity::Rejected> Node::add_revocation(ConstBytes bytes,
                                                       const Moment& moment,
                                                       Actions& actions) {
    return parts_->add_revocation(bytes, moment, actions);
}

std::optional<identity::Rejected> Node::add_successor(ConstBytes bytes,
                                                      const Moment& moment,
                                                      Actions& actions) {
    return parts_->add_successor(bytes, moment, actions);
}

std::optional<identity::Rejected> Node::Parts::add_issuer(ConstBytes bytes,
                                                          const Moment& moment,
                                                          Actions& actions) {
    const auto rejected = core.trust.add_issuer(bytes, moment.wall);
    if (!rejected) {
        const auto issuer = identity::parse_issuer_certificate(bytes);
        on_trust_added(IssuerRumour{issuer->number}, moment, actions);
    }
    return rejected;
}

std::optional<identity::Rejected> Node::Parts::add_successor(ConstBytes bytes,
                                                             const Moment& moment,
                                                             Actions& actions) {
    const auto rejected = core.trust.add_successor(bytes);
    if (!rejected) {
        const auto successor = identity::parse_successor(bytes);
        on_trust_added(SuccessorRumour{successor->number}, moment, actions);
    }
    return rejected;
}

std::optional<identity::Rejected> Node::Parts::add_revocation(ConstBytes bytes,
                                                              const Moment& moment,
                                                              Actions& actions) {
    const auto rejected = core.trust.add_revocation(bytes);
    if (!rejected) {
        const auto revocation = identity::parse_revocation(bytes);
        on_trust_added(RevocationRumour{revocation->signer, revocation->number}, moment, actions);
        if (revocation->kind == identity::Revocation::Kind::kNode) {
            forget(identity::node_id_of(revocation->key));  // a seed that never was a member, too
        }
    }
    return rejected;
}

/// Accepted, now or before: only what changes something is told.
void Node::Parts::on_trust_added(const Rumour& rumour, const Moment& moment, Actions& actions) {
    const std::uint32_t before = core.trust_digest();
    core.refresh_trust_digest();
    if (core.trust_digest() != before) {
        spread(rumour);
        if (!std::holds_alternative<RevocationRumour>(rumour)) {
            anti_entropy.on_signers_changed();
        }
        actions.events.push_back({Event::Kind::kTrustChanged, core.id()});
        withdraw(moment, actions);
        settle(moment, actions);
    }
}

void Node::Parts::withdraw(const Moment& moment, Actions& actions) {
    for (const NodeId& gone : core.members.withdraw(moment.wall)) {
        forget(gone);
        actions.events.push_back({Event::Kind::kMemberWithdrawn, gone});
    }
}

/// Those who change as often as they may are spread with half the effort: what that misses, the
/// digests find. Else one liar would keep all the others busy.
void Node::Parts::spread_member(const NodeId& node, bool whole) {
    const MemberRumour record{node, false};
    const MemberRumour both{node, true};
    const std::uint32_t sent = core.members.has_used_its_budget(node)
                                   ? Rumours::transmissions(core.members.size()) / 2
                                   : 0;
    if (whole || core.rumours.contains(both)) {
        core.rumours.remove(record);
        core.rumours.add(both, whole ? 0 : sent);
    } else {
        core.rumours.add(record, sent);
    }
}

void Node::Parts::forget(const NodeId& node) {
    core.rumours.remove(MemberRumour{node, false});
    core.rumours.remove(MemberRumour{node, true});
    core.sealer.forget(node);
    core.seeds.erase(node);
    core.contacts.erase(node);
    core.seen_by.erase(node);
    prober.forget(node);
}

// ---- Timers ------------------------------------------------------------------------------------

void Node::Parts::start(Time now) {
    if (!started) {
        started = now;
        next_withdraw = now + kWithdrawInterval;
        prober.start(now);
        anti_entropy.on_start(now);
    }
}

Time Node::next_timer() const {
    if (!parts_->started) {
        return Time::max();
    }
    return std::min({parts_->prober.next_timer(),
                     parts_->anti_entropy.next_timer(),
                     parts_->address_seeds.next_timer(),
                     parts_->next_gossip,
                     parts_->own_waits ? parts_->own_records.next() : Time::max(),
                     parts_->next_withdraw});
}

void Node::on_timer(const Moment& moment, Actions& actions) {
    if (!parts_->started) {
        return;
    }
    parts_->on_timer(parts_->confirmed(moment), actions);
}

void Node::Parts::on_timer(const Moment& moment, Actions& actions) {
    prober.on_timer(moment, actions);
    anti_entropy.on_timer(moment, actions);
    address_seeds.on_timer(moment.now, actions);
    if (moment.now >= next_gossip) {
        gossip(moment, actions);
    }
    if (own_waits && own_records.spend(moment.now)) {
        sign_own(moment, actions);
    }
    if (moment.now >= next_withdraw) {
        next_withdraw = moment.now + kWithdrawInterval;
        withdraw(moment, actions);
    }
    settle(moment, actions);
}

Moment Node::Parts::confirmed(const Moment& moment) const {
    const bool agrees = agreed && moment.now - *agreed <= kAgreementLifetime;
    return {moment.now, {moment.wall.now, moment.wall.trusted && agrees}};
}

void Node::Parts::settle(const Moment& moment, Actions& actions) {
    if (core.refute) {
        core.refute = false;
        if (own_records.spend(moment.now)) {
            ++core.counters.refutations;
            prober.on_refuted();
            sign_own(moment, actions);
        }
    }
    if (core.rumours.take_fresh()) {
        const Time soon = std::max(moment.now + kGossipSoon, last_gossip + kGossipIntervalMin);
        next_gossip = std::min(next_gossip, soon);
    }
}

void Node::Parts::gossip(const Moment& moment, Actions& actions) {
    last_gossip = moment.now;
    const std::vector<NodeId> targets = core.random_members(kGossipTargets, core.id());
    bool full = false;  // more is new than one datagram holds
    for (const NodeId& target : targets) {
        const auto to = core.endpoint_for(target, moment.now);
        if (!to) {
            continue;
        }
        DatagramWriter datagram = core.writer(moment);
        bool tells_own = false;
        for (const Rumour& rumour : core.rumours.next(kRumoursTried)) {
            const std::optional<Message> message = std::visit(MessageOf{core}, rumour);
            if (!message) {
                core.rumours.remove(rumour);
            } else if (datagram.add(*message)) {
                core.rumours.on_sent(rumour, core.members.size());
                const auto* const of = std::get_if<MemberRumour>(&rumour);
                tells_own |= of != nullptr && core.is_own(of->node);
            } else {
                full = true;
            }
        }
        if (!datagram.empty()) {
            const bool sent = core.send(target, *to, datagram, actions).has_value();
            signed_off |= sent && tells_own && left && !epoch_to_store;
        }
    }
    const Duration interval = targets.empty() ? kLonelyInterval
                              : full          ? kGossipIntervalMin
                                              : kGossipInterval;
    next_gossip = core.rumours.empty() ? Time::max() : moment.now + interval;
}

std::optional<ProbeNumber> Node::ping(const NodeId& target,
                                      const net::Endpoint& to,
                                      std::size_t size,
                                      const Moment& moment,
                                      Actions& actions) {
    WEFT_ASSERT(size <= kPaddedSizeMax);
    return parts_->prober.ping(target, to, moment, actions, size);
}

bool Node::inquire(const NodeId& member,
                   const net::Endpoint& to,
                   const Inquiry& inquiry,
                   const Moment& moment,
                   Actions& actions) {
    DatagramWriter datagram = parts_->core.writer(moment);
    datagram.add(inquiry);
    return parts_->core.send(member, to, datagram, actions).has_value();
}

void Node::answer(const Actions::Asked& asked,
                  ConstBytes bytes,
                  const Moment& moment,
                  Actions& actions) {
    WEFT_ASSERT(bytes.size() <= kSightSizeMax);
    DatagramWriter datagram = parts_->core.writer(moment);
    datagram.add(Sight{asked.inquiry.number, bytes});
    parts_->core.send(asked.from, asked.at, datagram, actions);
}

// ---- What is known -----------------------------------------------------------------------------

Actions::Datagram Node::join_reply(const Actions::Join& join, ConstBytes sealed) {
    ByteWriter reply{kDatagramSizeMax};
    reply.write(static_cast<std::uint8_t>(DatagramType::kJoinReply));
    reply.write(kFormatVersion);
    reply.append(join.echo);
    reply.append(sealed);
    WEFT_ASSERT(reply.size() <= kDatagramSizeMax);
    return {join.from, std::move(reply).release()};
}

const NodeId& Node::id() const {
    return parts_->core.id();
}
const Membership& Node::members() const {
    return parts_->core.members;
}
const Counters& Node::counters() const {
    return parts_->core.counters;
}

Reachability Node::reachability(const NodeId& id) const {
    const Member* member = parts_->core.members.find(id);
    if (member != nullptr && member->record->record.left) {
        return Reachability::kLeft;
    }
    const auto contact = parts_->core.contacts.find(id);
    return contact == parts_->core.contacts.end() ? Reachability::kAlive : contact->second.state;
}

std::optional<net::Endpoint> Node::seen_endpoint(const NodeId& id) const {
    const auto contact = parts_->core.contacts.find(id);
    return contact == parts_->core.contacts.end() ? std::nullopt : contact->second.seen;
}

Time Node::heard_from(const NodeId& id) const {
    const auto contact = parts_->core.contacts.find(id);
    return contact == parts_->core.contacts.end() ? Time{} : contact->second.said;
}

std::optional<Time> Node::last_ping_of(const NodeId& id) const {
    const auto found = parts_->core.contacts.find(id);
    if (found == parts_->core.contacts.end()) {
        return std::nullopt;
    }
    const Contact& contact = found->second;
    const bool is_out_of_reach =
        contact.state == Reachability::kSuspect || contact.state == Reachability::kDead;
    return is_out_of_reach && contact.pinged && *contact.pinged <= contact.suspected
               ? std::nullopt
               : contact.pinged;
}

std::vector<net::Endpoint> Node::own_seen_endpoints() const {
    std::map<net::Endpoint, int> votes;
    for (const auto& [witness, endpoint] : parts_->core.seen_by) {
        ++votes[endpoint];
    }
    std::vector<net::Endpoint> agreed;
    for (const auto& [endpoint, count] : votes) {
        if (count >= 2) {
            agreed.push_back(endpoint);
        }
    }
    return agreed;
}

}  // namespace weft::gossip
