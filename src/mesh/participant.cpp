// SPDX-License-Identifier: Apache-2.0
// See participant.hpp: start, init, join and leave; then what comes in, in the order of a
// datagram's way. What must be on the disk first is written before anything that relies on it is
// sent: epochs, trust, and by the issuer's commit whatever it grants.
#include <algorithm>
#include <utility>

#include <weft/mesh/pools.hpp>

#include "participant_impl.hpp"

namespace weft::mesh {
namespace {

using identity::UnixSeconds;
/// Those that the network's issuers give: in case this node is to be one of them.
issuer::BlockSizes sizes_of(const std::vector<net::Prefix>& blocks) {
    issuer::BlockSizes sizes;
    for (const net::Prefix& block : blocks) {
        (block.address.is_v4() ? sizes.v4 : sizes.v6) = block.length;
    }
    return sizes;
}

}  // namespace

Error already_member(const identity::Certificate& certificate) {
    return Error{std::make_error_code(std::errc::connection_already_in_progress),
                 "this node is " + certificate.name + " of network " +
                     certificate.network.to_string() + " already",
                 "weft leave --yes, if it is to be in another"};
}

Result<SharedCertificate> parse_own(ConstBytes bytes) {
    const Result<identity::Certificate> parsed = identity::parse_certificate(bytes);
    if (!parsed) {
        return parsed.error();
    }
    return std::make_shared<const gossip::SignedCertificate>(
        gossip::SignedCertificate{*parsed, parsed->id(), {bytes.begin(), bytes.end()}});
}

Error not_an_issuer() {
    return Error{std::make_error_code(std::errc::not_supported),
                 "this node issues no certificates",
                 "ask it of the node where weft init was run"};
}

Error not_a_member() {
    return Error{std::make_error_code(std::errc::not_connected),
                 "this node is in no network",
                 "weft init, or weft join TOKEN"};
}

// ---- Start -------------------------------------------------------------------------------------

Result<> Participant::Impl::start(const Clock& clock, Output& out) {
    const auto persisted = state_.time();
    if (!persisted) {
        return persisted.error();
    }
    time_.emplace(build_time_, persisted->value_or(0), clock.wall, clock.now);
    auto network = state_.network();
    if (!network) {
        return network.error();
    }
    if (!*network) {
        return {};
    }
    const Result<SharedCertificate> certificate = parse_own((*network)->certificate);
    if (!certificate) {
        return certificate.error();
    }
    std::optional<NodeKeys> next;
    Result<NodeKeys> keys = keys_in_use((*certificate)->certificate, next);
    if (!keys) {
        return keys.error();
    }
    Result<> started = become_member(std::move(*keys), std::move(**network), clock, out);
    if (started) {
        member_->renewal.keys = std::move(next);
    }
    return started;
}

Result<> Participant::Impl::become_member(NodeKeys keys,
                                          NetworkState network,
                                          const Clock& clock,
                                          Output& out) {
    auto certificate = parse_own(network.certificate);
    if (!certificate) {
        return certificate.error();
    }
    identity::TrustStore trust{network.first_root};
    auto member = std::make_unique<Member>(Member{std::move(keys),
                                                  std::move(network),
                                                  std::move(*certificate),
                                                  std::move(trust),
                                                  gossip::StatementCache{},
                                                  nullptr,
                                                  nullptr,
                                                  0,
                                                  nullptr,
                                                  false,
                                                  {},
                                                  0,
                                                  std::nullopt,
                                                  {},
                                                  false,
                                                  false,
                                                  clock.now});
    if (Result<> restored = restore_trust(*member); !restored) {
        return restored;
    }
    if (Result<> started = start_gossip(*member, clock, out); !started) {
        return started;
    }
    if (Result<> started = start_issuer(*member, is_alone(*member)); !started) {
        return started;
    }
    member_ = std::move(member);
    out.peers_changed = true;
    tell_own_revocations(clock, out);
    if (!own_.software.empty()) {
        describe(own_, clock, out);
    }
    return {};
}

Result<> Participant::Impl::restore_trust(Member& member) const {
    const auto trust = State{storage_}.trust();
    if (!trust) {
        return trust.error();
    }
    if (!*trust) {
        return {};
    }
    for (const auto& bytes : (*trust)->successors) {
        (void)member.trust.add_successor(bytes);
    }
    for (const auto& bytes : (*trust)->issuers) {
        (void)member.trust.add_issuer(bytes, {0, false});
    }
    for (const auto& bytes : (*trust)->revocations) {
        (void)member.trust.add_revocation(bytes);
    }
    return {};
}

/// The epoch is on the disk before anything is signed with it.
Result<> Participant::Impl::start_gossip(Member& member, const Clock& clock, Output& out) {
    const auto stored = state_.epoch();
    if (!stored) {
        return stored.error();
    }
    const std::uint64_t epoch = std::max<std::uint64_t>(stored->value_or(0) + 1, time_->view().now);
    if (Result<> kept = state_.keep_epoch(epoch); !kept) {
        return kept;
    }
    const auto known = state_.members();
    if (!known) {
        return known.error();
    }
    member.node = std::make_unique<gossip::Node>(
        gossip::OwnIdentity{
            member.certificate, member.keys.identity.clone(), member.keys.gossip.clone()},
        epoch,
        member.trust,
        member.cache,
        random_);
    for (const identity::Seed& seed : member.network.seeds) {
        member.node->add_seed(seed);
    }
    member.node->set_seed_addresses(seed_addresses_);
    gossip::Actions actions;
    if (*known) {
        for (const KnownMember& each : **known) {
            member.node->restore({each.certificate, each.record}, moment(clock), actions);
        }
    }
    out.peers_changed = out.peers_changed || !actions.events.empty();
    return {};
}

/// Nobody is there to be asked what was granted: who signed off will not answer.
bool Participant::Impl::is_alone(const Member& member) {
    const auto& members = member.node->members().members();
    return std::all_of(members.begin(), members.end(), [&](const auto& entry) {
        return entry.first == member.node->id() || entry.second.record->record.left;
    });
}

/// Those that a crash kept from being told after the journal had them: without them members would
/// take none of the later ones.
void Participant::Impl::tell_own_revocations(const Clock& clock, Output& out) {
    if (!member_->issuer) {
        return;
    }
    const auto told = member_->trust.revocations().find(member_->issuer_number);
    const std::size_t known = told == member_->trust.revocations().end() ? 0 : told->second.size();
    const auto& all = member_->issuer->ledger().revocations();
    for (std::size_t i = known; i < all.size(); ++i) {
        gossip::Actions actions;
        (void)member_->node->add_revocation(*all[i].bytes, moment(clock), actions);
        absorb(std::move(actions), clock, out);
    }
}

// ---- The operator's wishes ---------------------------------------------------------------------

/// Those of an attempt that a crash ended are as good as new ones.
Result<NodeKeys> Participant::Impl::own_keys() {
    if (Result<> removed = state_.remove_next_keys(); !removed) {
        return removed.error();
    }
    auto kept = state_.node_keys();
    if (!kept) {
        return kept.error();
    }
    if (*kept) {
        return std::move(**kept);
    }
    NodeKeys keys = NodeKeys::generate(random_);
    if (Result<> written = state_.keep(keys); !written) {
        return written.error();
    }
    return keys;
}

Result<crypto::PrivateKey> Participant::Impl::wireguard_key() {
    if (member_) {
        return member_->keys.wireguard.clone();
    }
    Result<NodeKeys> keys = own_keys();
    if (!keys) {
        return keys.error();
    }
    return std::move(keys->wireguard);
}

/// Everything but the network's file is of no consequence until that one is written, last.
Result<> Participant::Impl::init(const Beginning& beginning, const Clock& clock, Output& out) {
    if (member_) {
        return already_member(member_->certificate->certificate);
    }
    Result<NodeKeys> keys = own_keys();
    if (!keys) {
        return keys.error();
    }
    RootKey root{0, identity::SigningKey::generate(random_)};
    const IssuerKeys issuer{kFirstIssuer,
                            identity::SigningKey::generate(random_),
                            crypto::generate_private_key(random_)};
    identity::IssuerCertificate certificate;
    certificate.network = identity::network_id_of(root.key.verify_key());
    certificate.number = issuer.number;
    certificate.not_before = time_->view().now;
    certificate.not_after = certificate.not_before + kIssuerLife;
    certificate.signing_key = issuer.signing.verify_key();
    certificate.sealing_key = crypto::public_key_of(issuer.sealing);
    certificate.name = beginning.name;
    for (const net::Prefix& pool : beginning.pools) {
        certificate.slices.push_back(first_half(pool));
    }
    std::sort(certificate.slices.begin(), certificate.slices.end());

    NetworkState network{root.key.verify_key(), beginning.blocks, beginning.pools, {}, {}, {}};
    identity::TrustStore trust{network.first_root};
    const std::vector<std::byte> signed_issuer = identity::build(certificate, root.key);
    if (const auto rejected = trust.add_issuer(signed_issuer, time_->view())) {
        return Error{std::make_error_code(std::errc::invalid_argument),
                     "the network's own issuer is " + std::string{to_string(*rejected)},
                     "weft init with other pools"};
    }
    if (Result<> removed = storage_.remove(kIssuerJournal); !removed) {
        return removed;
    }
    if (Result<> kept = state_.keep(issuer); !kept) {
        return kept;
    }
    if (Result<> kept = state_.keep(trust); !kept) {
        return kept;
    }
    issuer::Issuer subject{{certificate,
                            signed_issuer,
                            issuer.signing.clone(),
                            issuer.sealing.clone(),
                            network.first_root,
                            trust,
                            random_},
                           {network.blocks, network.pools, true}};
    identity::JoinRequest request;
    request.identity_key = keys->identity.verify_key();
    request.wireguard_key = crypto::public_key_of(keys->wireguard);
    request.gossip_key = crypto::public_key_of(keys->gossip);
    request.name = beginning.name;
    auto decision = subject.issue(request, {}, time_->view());
    if (!decision) {
        return decision.error();
    }
    auto granted = subject.commit(std::move(*decision), [this](ConstBytes records) {
        return storage_.append(kIssuerJournal, 0, records);
    });
    if (!granted) {
        return granted.error();
    }
    network.certificate = std::move(*granted);
    network.root = std::move(root);
    if (Result<> kept = state_.keep(network); !kept) {
        return kept;
    }
    return become_member(std::move(*keys), std::move(network), clock, out);
}

Result<> Participant::Impl::join(std::string_view text,
                                 const std::string& name,
                                 std::vector<InUse> in_use,
                                 const Clock& clock,
                                 Output& out) {
    if (member_) {
        return already_member(member_->certificate->certificate);
    }
    Result<identity::Token> token = identity::parse_token(text);
    if (!token) {
        return token.error();
    }
    Result<NodeKeys> keys = own_keys();
    if (!keys) {
        return keys.error();
    }
    joining_root_ = token->root;
    in_use_ = std::move(in_use);
    joiner_ = std::make_unique<Joiner>(Joiner::Parts{std::move(*token),
                                                     keys->identity,
                                                     crypto::public_key_of(keys->wireguard),
                                                     crypto::public_key_of(keys->gossip),
                                                     name,
                                                     time_->view(),
                                                     random_},
                                       clock.now);
    joining_keys_ = std::move(*keys);
    joined_.reset();
    joiner_->on_timer(clock.now, out.datagrams);
    finish_join(clock, out);
    return {};
}

void Participant::Impl::finish_join(const Clock& clock, Output& out) {
    if (!joiner_ || !joiner_->outcome()) {
        return;
    }
    const std::unique_ptr<Joiner> joiner = std::move(joiner_);
    const Result<Joiner::Grant>& outcome = *joiner->outcome();
    if (!outcome) {
        joined_ = outcome.error();
        return;
    }
    joined_ = accept(*outcome, joining_root_, std::move(*joining_keys_), clock, out);
    joining_keys_.reset();
}

/// Trust and keys first, then the network's file, which makes the member.
Result<> Participant::Impl::accept(const Grant& grant,
                                   const identity::VerifyKey& root,
                                   NodeKeys keys,
                                   const Clock& clock,
                                   Output& out) {
    const identity::JoinReply& reply = grant.reply;
    if (Result<> checked = check_pools(reply.pools, in_use_); !checked) {
        return checked;
    }
    identity::TrustStore trust{root};
    (void)trust.add_issuer(reply.issuer_certificate, {0, false});
    NetworkState network{root,
                         sizes_of(grant.certificate.blocks),
                         reply.pools,
                         reply.certificate,
                         reply.seeds,
                         std::nullopt};
    if (Result<> kept = state_.keep(trust); !kept) {
        return kept;
    }
    if (Result<> kept = state_.keep(network); !kept) {
        return kept;
    }
    return become_member(std::move(keys), std::move(network), clock, out);
}

Result<> Participant::Impl::leave(const Clock& clock, Output& out) {
    if (!member_) {
        return not_a_member();
    }
    gossip::Actions actions;
    member_->node->leave(moment(clock), actions);
    absorb(std::move(actions), clock, out);
    return {};
}

Result<> Participant::Impl::forget() {
    member_.reset();
    return state_.forget();
}

// ---- The issuer's -------------------------------------------------------------------------------

issuer::Persist Participant::Impl::persist(Member& member) const {
    return [this, &member](ConstBytes records) -> Result<> {
        Result<> written = storage_.append(kIssuerJournal, member.journal_size, records);
        if (written) {
            member.journal_size += records.size();
        }
        return written;
    };
}

Result<issuer::NewToken> Participant::Impl::create_token(const issuer::TokenOptions& options,
                                                         const Clock& /*clock*/) {
    if (!member_ || !member_->issuer) {
        return not_an_issuer();
    }
    issuer::TokenOptions all = options;
    if (all.endpoints.empty()) {
        all.endpoints = own_.endpoints;
    }
    auto decision = member_->issuer->create_token(all, time_->view());
    if (!decision) {
        return decision.error();
    }
    return member_->issuer->commit(std::move(*decision), persist(*member_));
}

Result<> Participant::Impl::withdraw_token(const identity::TokenId& id) {
    if (!member_ || !member_->issuer) {
        return not_an_issuer();
    }
    auto decision = member_->issuer->withdraw_token(id);
    if (!decision) {
        return decision.error();
    }
    const auto done = member_->issuer->commit(std::move(*decision), persist(*member_));
    return done ? Result<>{} : Result<>{done.error()};
}

Result<> Participant::Impl::issue_alone() const {
    if (!member_ || !member_->issuer) {
        return not_an_issuer();
    }
    member_->issuer->go_alone();
    return {};
}

Result<> Participant::Impl::revoke(const std::string& name, const Clock& clock, Output& out) {
    if (!member_ || !member_->issuer) {
        return not_an_issuer();
    }
    return tell_revocation(member_->issuer->revoke(name, time_->view()), clock, out);
}

Result<> Participant::Impl::tell_revocation(
    Result<issuer::Decision<std::vector<std::byte>>> decision, const Clock& clock, Output& out) {
    if (!decision) {
        return decision.error();
    }
    const auto revocation = member_->issuer->commit(std::move(*decision), persist(*member_));
    if (!revocation) {
        return revocation.error();
    }
    gossip::Actions actions;
    (void)member_->node->add_revocation(*revocation, moment(clock), actions);
    absorb(std::move(actions), clock, out);
    return {};
}

}  // namespace weft::mesh
