// SPDX-License-Identifier: Apache-2.0
// A participant's traffic: a datagram or a timer goes to whoever waits for it (the joiner, gossip),
// and what gossip then wants done is carried out in its order: epoch to the disk, datagrams,
// events, clocks of peers, requests to the issuer.
#include <algorithm>
#include <utility>

#include "participant_impl.hpp"

namespace weft::mesh {

// ---- In ----------------------------------------------------------------------------------------

void Participant::Impl::on_datagram(const net::Endpoint& from,
                                    ConstBytes bytes,
                                    const Clock& clock,
                                    Output& out) {
    if (joiner_) {
        joiner_->on_datagram(from, bytes, clock.now, out.datagrams);
        finish_join(clock, out);
        return;
    }
    if (member_ && gossip::is_gossip(bytes) && !answers_renewal(from, bytes, clock, out)) {
        gossip::Actions actions;
        member_->node->on_datagram(from, bytes, moment(clock), actions);
        absorb(std::move(actions), clock, out);
    }
}

void Participant::Impl::on_timer(const Clock& clock, Output& out) {
    time_->on_tick(clock.wall, clock.now);
    if (joiner_ && joiner_->next_timer() <= clock.now) {
        joiner_->on_timer(clock.now, out.datagrams);
        finish_join(clock, out);
    }
    if (!time_kept_ || clock.now - *time_kept_ >= kKeepTimeEvery) {
        time_kept_ = clock.now;
        if (const Result<> kept = state_.keep_time(time_->persist_now()); !kept) {
            out.notices.push_back({"state_not_kept", true, "time", kept.error().message()});
        }
    }
    if (!member_) {
        return;
    }
    if (member_->node->next_timer() <= clock.now) {
        gossip::Actions actions;
        member_->node->on_timer(moment(clock), actions);
        absorb(std::move(actions), clock, out);
    }
    refresh_issuer(out);
    merge(clock, out);
    revoke_left(clock, out);
    learn(out);
    renew(clock, out);
    watch_expiry(clock, out);
    if (member_->members_dirty && clock.now - member_->members_kept >= kKeepMembersEvery) {
        member_->members_kept = clock.now;
        keep_members(out);
    }
    describe(own_, clock, out);
}

Time Participant::Impl::next_timer() const {
    Time next = Time::max();
    if (joiner_) {
        next = std::min(next, joiner_->next_timer());
    }
    if (member_) {
        next = std::min({next, member_->node->next_timer(), next_renewal()});
    }
    return next;
}

/// Where two members see this node, and it does not know it from its own interfaces, is told too.
void Participant::Impl::describe(const gossip::OwnRecord& own, const Clock& clock, Output& out) {
    own_ = own;
    if (!member_ || own_.software.empty()) {
        return;
    }
    gossip::OwnRecord told = own_;
    for (const net::Endpoint& seen : member_->node->own_seen_endpoints()) {
        const bool known =
            std::find(told.endpoints.begin(), told.endpoints.end(), seen) != told.endpoints.end();
        if (!known && told.endpoints.size() < gossip::kEndpointsMax) {
            told.endpoints.push_back(seen);
            told.translated = true;
        }
    }
    gossip::Actions actions;
    member_->node->publish(told, moment(clock), actions);
    absorb(std::move(actions), clock, out);
}

void Participant::Impl::set_seed_addresses(std::vector<net::Endpoint> addresses) {
    seed_addresses_ = std::move(addresses);
    if (member_) {
        member_->node->set_seed_addresses(seed_addresses_);
    }
}

// ---- Out ---------------------------------------------------------------------------------------

void Participant::Impl::absorb(gossip::Actions actions, const Clock& clock, Output& out) {
    while (actions.epoch) {
        gossip::Actions more;
        store_epoch(*actions.epoch, clock, more, out);
        actions.epoch = more.epoch;
        std::move(
            more.datagrams.begin(), more.datagrams.end(), std::back_inserter(actions.datagrams));
        actions.events.insert(actions.events.end(), more.events.begin(), more.events.end());
    }
    std::move(
        actions.datagrams.begin(), actions.datagrams.end(), std::back_inserter(out.datagrams));
    for (const gossip::Event& event : actions.events) {
        on_event(event, clock, out);
    }
    for (const gossip::Actions::PeerTime& word : actions.peer_times) {
        time_->on_peer_time(word.peer, word.theirs, clock.now);
        member_->agrees[word.peer] = word.knows_the_same;
        if (!member_->first_heard) {
            member_->first_heard = clock.now;
        }
    }
    out.answers.insert(out.answers.end(), actions.peer_times.begin(), actions.peer_times.end());
    std::move(actions.asked.begin(), actions.asked.end(), std::back_inserter(out.asked));
    std::move(actions.seen.begin(), actions.seen.end(), std::back_inserter(out.seen));
    for (const gossip::Actions::Join& join : actions.joins) {
        on_join_request(join, clock, out);
    }
}

/// Without it on the disk nothing is signed with it: gossip goes on with what it has said before.
void Participant::Impl::store_epoch(std::uint64_t epoch,
                                    const Clock& clock,
                                    gossip::Actions& more,
                                    Output& out) {
    if (const Result<> kept = state_.keep_epoch(epoch); !kept) {
        out.notices.push_back({"state_not_kept", true, "epoch", kept.error().message()});
        return;
    }
    member_->node->on_epoch_stored(moment(clock), more);
}

void Participant::Impl::on_event(const gossip::Event& event, const Clock& clock, Output& out) {
    using Kind = gossip::Event::Kind;
    const gossip::Member* const known = member_->node->members().find(event.node);
    const std::string subject =
        known != nullptr ? known->certificate->certificate.name : event.node.to_string();
    switch (event.kind) {
        case Kind::kMemberNew:
        case Kind::kMemberChanged:
        case Kind::kMemberWithdrawn:
            member_->members_dirty = true;
            member_->someone_left =
                member_->someone_left || (known != nullptr && known->record->record.left);
            member_->unlearnt.insert(event.node);
            out.peers_changed = true;
            on_heard_of(event.node, clock.now);
            if (event.kind == Kind::kMemberNew && known != nullptr) {
                look_for_own_grant(*known);
            }
            if (event.kind != Kind::kMemberChanged) {
                out.notices.push_back(
                    {event.kind == Kind::kMemberNew ? "member_new" : "member_withdrawn",
                     false,
                     subject,
                     {}});
            }
            return;
        case Kind::kReachability:
            on_heard_of(event.node, clock.now);
            out.notices.push_back(
                {"member_reachability",
                 false,
                 subject,
                 std::string{to_string(member_->node->reachability(event.node))}});
            return;
        case Kind::kEquivocation:
        case Kind::kOwnElsewhere:
            note_clone(event, subject, clock.now, out);
            return;
        case Kind::kTrustChanged:
            out.peers_changed = true;
            member_->issuer_stale = true;
            if (const Result<> kept = state_.keep(member_->trust); !kept) {
                out.notices.push_back({"state_not_kept", true, "trust", kept.error().message()});
            }
            return;
    }
}

// ---- The issuer's lane -------------------------------------------------------------------------

void Participant::Impl::on_join_request(const gossip::Actions::Join& join,
                                        const Clock& clock,
                                        Output& out) {
    if (!member_->issuer) {
        return;
    }
    issuer::Issuer& issuer = *member_->issuer;
    issuer.set_seeds(seeds());
    const auto current_of = [this](const identity::VerifyKey& key) {
        const auto* const known = member_->node->members().find(identity::node_id_of(key));
        return known == nullptr ? ConstBytes{} : ConstBytes{known->certificate->bytes};
    };
    auto decision = issuer.on_request(join.sealed, join.from, current_of, time_->view());
    if (!decision) {
        return;  // nobody is answered
    }
    const auto answer = issuer.commit(std::move(*decision), persist(*member_));
    if (!answer) {
        out.notices.push_back({"join_not_recorded", true, {}, answer.error().message()});
        return;
    }
    if (answer->clone) {
        note_clone({"clone_refused",
                    false,
                    answer->clone->first,
                    answer->clone->second + " at " + answer->clone->second_source.to_string() +
                        " has the same identity key: two machines of one image",
                    std::string{kCopyRemedy}},
                   clock.now,
                   out);
    }
    if (!answer->revocation.empty()) {
        gossip::Actions actions;
        (void)member_->node->add_revocation(answer->revocation, moment(clock), actions);
        absorb(std::move(actions), clock, out);
    }
    tell_grant(answer->certificate, join.from.to_string(), out);
    out.datagrams.push_back(gossip::Node::join_reply(join, answer->sealed));
}

/// This node, then whoever answers.
std::vector<identity::Seed> Participant::Impl::seeds() const {
    std::vector<identity::Seed> all;
    if (!own_.endpoints.empty()) {
        all.push_back({member_->node->id(),
                       member_->certificate->certificate.gossip_key,
                       own_.endpoints.front()});
    }
    for (const auto& [id, member] : member_->node->members().members()) {
        if (all.size() >= identity::kJoinSeedsMax) {
            break;
        }
        const auto seen = member_->node->seen_endpoint(id);
        if (seen && member_->node->reachability(id) == gossip::Reachability::kAlive) {
            all.push_back({id, member.certificate->certificate.gossip_key, *seen});
        }
    }
    return all;
}

/// Who has signed off has given up its keys: its name is free at once, its blocks when they have
/// rested.
void Participant::Impl::revoke_left(const Clock& clock, Output& out) {
    if (!member_->someone_left || !member_->issuer || !member_->issuer->ready()) {
        return;
    }
    member_->someone_left = false;
    std::vector<identity::VerifyKey> left;
    for (const auto& [id, member] : member_->node->members().members()) {
        const identity::Certificate& certificate = member.certificate->certificate;
        if (member.record->record.left && id != member_->node->id() &&
            certificate.issuer_number == member_->issuer_number) {
            left.push_back(certificate.identity_key);
        }
    }
    for (const identity::VerifyKey& key : left) {
        const Result<> revoked =
            tell_revocation(member_->issuer->revoke(key, time_->view()), clock, out);
        if (!revoked) {
            out.notices.push_back({"leaver_not_revoked",
                                   true,
                                   node_id_of(key).to_string(),
                                   revoked.error().message()});
        }
    }
}

/// Names that other issuers have given since the merge, and those that are free again: who has left
/// may come back by this issuer before the other one has revoked it.
void Participant::Impl::learn(Output& out) {
    const std::set<gossip::NodeId> changed = std::exchange(member_->unlearnt, {});
    if (!member_->issuer || !member_->issuer->ready()) {
        return;  // the merge will have them
    }
    issuer::Known known;
    for (const gossip::NodeId& id : changed) {
        const gossip::Member* const other = member_->node->members().find(id);
        if (other == nullptr || !is_foreign(*other)) {
            continue;
        }
        if (other->record->record.left) {
            member_->issuer->on_left(other->certificate->certificate.identity_key);
        } else {
            known.certificates.push_back(
                std::make_shared<const std::vector<std::byte>>(other->certificate->bytes));
        }
    }
    if (known.certificates.empty()) {
        return;
    }
    auto decision = member_->issuer->merge_known(known, time_->view());
    if (!decision || !member_->issuer->commit(std::move(*decision), persist(*member_))) {
        out.notices.push_back({"merge_failed", true, {}, "names of other issuers' nodes"});
    }
}

void Participant::Impl::stop(Output& out) {
    if (member_ && member_->members_dirty) {
        keep_members(out);
    }
}

void Participant::Impl::keep_members(Output& out) {
    std::vector<KnownMember> members;
    for (const auto& [id, member] : member_->node->members().members()) {
        if (id != member_->node->id()) {
            members.push_back({member.certificate->bytes, member.record->bytes});
        }
    }
    if (const Result<> kept = state_.keep(members); !kept) {
        out.notices.push_back({"state_not_kept", true, "members", kept.error().message()});
        return;
    }
    member_->members_dirty = false;
}

// ---- The door ----------------------------------------------------------------------------------

Participant::Participant(const Parts& parts) : impl_(std::make_unique<Impl>(parts)) {}
Participant::~Participant() = default;

Result<> Participant::start(const Clock& clock, Output& out) {
    return impl_->start(clock, out);
}
void Participant::stop(Output& out) {
    impl_->stop(out);
}
void Participant::describe(const gossip::OwnRecord& own, const Clock& clock, Output& out) {
    impl_->describe(own, clock, out);
}
void Participant::set_seed_addresses(std::vector<net::Endpoint> addresses) {
    impl_->set_seed_addresses(std::move(addresses));
}
Result<> Participant::init(const Beginning& beginning, const Clock& clock, Output& out) {
    return impl_->init(beginning, clock, out);
}
Result<> Participant::join(std::string_view token,
                           const std::string& name,
                           std::vector<InUse> in_use,
                           const Clock& clock,
                           Output& out) {
    return impl_->join(token, name, std::move(in_use), clock, out);
}
std::optional<Result<>> Participant::take_joined() {
    return std::exchange(impl_->joined_, std::nullopt);
}
Result<> Participant::leave(const Clock& clock, Output& out) {
    return impl_->leave(clock, out);
}
Result<> Participant::forget() {
    return impl_->forget();
}
Result<issuer::NewToken> Participant::create_token(const issuer::TokenOptions& options,
                                                   const Clock& clock) {
    return impl_->create_token(options, clock);
}
Result<> Participant::withdraw_token(const identity::TokenId& id) {
    return impl_->withdraw_token(id);
}
Result<> Participant::issue_alone() {
    return impl_->issue_alone();
}
Result<> Participant::revoke(const std::string& name, const Clock& clock, Output& out) {
    return impl_->revoke(name, clock, out);
}
void Participant::on_datagram(const net::Endpoint& from,
                              ConstBytes bytes,
                              const Clock& clock,
                              Output& out) {
    impl_->on_datagram(from, bytes, clock, out);
}
void Participant::on_timer(const Clock& clock, Output& out) {
    impl_->on_timer(clock, out);
}
Time Participant::next_timer() const {
    return impl_->next_timer();
}
bool Participant::is_member() const {
    return impl_->member_ != nullptr;
}
const gossip::Node& Participant::gossip() const {
    return *impl_->member_->node;
}
const identity::TrustStore& Participant::trust() const {
    return impl_->member_->trust;
}
const identity::Certificate& Participant::certificate() const {
    return impl_->member_->certificate->certificate;
}
const NetworkState& Participant::network() const {
    return impl_->member_->network;
}
Result<crypto::PrivateKey> Participant::wireguard_key() {
    return impl_->wireguard_key();
}
const issuer::Issuer* Participant::issuer() const {
    return impl_->member_->issuer.get();
}
const identity::TrustedTime& Participant::time() const {
    return *impl_->time_;
}

}  // namespace weft::mesh
