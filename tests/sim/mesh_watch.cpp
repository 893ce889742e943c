// SPDX-License-Identifier: Apache-2.0
// See mesh_watch.hpp.
#include "mesh_watch.hpp"

#include <algorithm>

namespace weft::sim {
namespace {

/// Clocks that are trusted may be an hour off.
constexpr Duration kRest = std::chrono::hours{24 - 2};
constexpr std::size_t kViolationsMax = 8;

bool overlap(const std::vector<net::Prefix>& a, const std::vector<net::Prefix>& b) {
    return std::any_of(a.begin(), a.end(), [&](const net::Prefix& one) {
        return std::any_of(
            b.begin(), b.end(), [&](const net::Prefix& other) { return one.overlaps(other); });
    });
}

/// All that a node would send elsewhere, and what it keeps to itself.
std::vector<net::Prefix> all_prefixes(const std::map<crypto::PublicKey, mesh::WantedPeer>& wanted,
                                      const mesh::Participant& node) {
    std::vector<net::Prefix> all;
    if (node.gossip().members().owns_its_prefixes(node.gossip().id())) {
        all = node.certificate().blocks;
    }
    for (const auto& [key, peer] : wanted) {
        all.insert(all.end(), peer.prefixes.begin(), peer.prefixes.end());
    }
    std::sort(all.begin(), all.end());
    return all;
}

}  // namespace

void Watch::violate(std::size_t machine, Time now, std::string what) {
    if (violations_.size() < kViolationsMax) {
        const auto at = std::chrono::duration_cast<std::chrono::milliseconds>(
            now.time_since_epoch() - std::chrono::seconds{1'000});
        violations_.push_back("at " + std::to_string(static_cast<double>(at.count()) / 1e3) +
                              " s, machine " + std::to_string(machine) + ": " + std::move(what));
    }
}

std::string Watch::violations() const {
    std::string all;
    for (const std::string& each : violations_) {
        all += each + '\n';
    }
    return all;
}

const Watch::Entry* Watch::find(const gossip::NodeId& id) const {
    const auto found = entries_.find(id);
    return found == entries_.end() ? nullptr : &found->second;
}

const Watch::Entry* Watch::find(const std::string& name) const {
    const auto found = by_text_.find(name);
    return found == by_text_.end() ? nullptr : find(found->second);
}

bool Watch::is_revoked(const gossip::NodeId& id) const {
    const Entry* const entry = find(id);
    return entry != nullptr && entry->revoked;
}

// ---- What is granted ---------------------------------------------------------------------------

void Watch::on_ledger(Machine& machine, const issuer::Issuer& issuer, Time now) {
    const issuer::Ledger& ledger = issuer.ledger();
    if (ledger.version() == machine.version) {
        return;
    }
    machine.version = ledger.version();
    std::vector<Entry*> just_revoked;
    for (const auto& [key, node] : ledger.nodes()) {
        const auto entry = entries_.find(node.certificate.id());
        if (node.revoked && entry != entries_.end() && !entry->second.revoked) {
            entry->second.revoked = std::min(now, machine.since);
            just_revoked.push_back(&entry->second);
        }
    }
    for (const auto& [key, node] : ledger.nodes()) {
        if (node.revoked || entries_.contains(node.certificate.id())) {
            continue;
        }
        for (Entry* const old : just_revoked) {
            old->replaced =
                old->replaced || overlap(old->certificate.blocks, node.certificate.blocks);
        }
        on_grant(machine, node.certificate, now);
    }
    machine.since = Time::max();
}

void Watch::on_grant(const Machine& machine, const identity::Certificate& certificate, Time now) {
    const gossip::NodeId id = certificate.id();
    const auto twin = std::find_if(entries_.begin(), entries_.end(), [&](const auto& entry) {
        return entry.second.held && entry.second.certificate.serial == certificate.serial;
    });
    if (twin != entries_.end()) {
        violate(machine.index, now, "a serial is used twice, by " + certificate.name);
    }
    const Entry& granted = entries_.emplace(id, Entry{certificate, false, {}, false}).first->second;
    by_text_[certificate.name] = id;
    by_text_[id.to_string()] = id;
    check_blocks(machine, granted, now);
}

/// Against all that machines have.
void Watch::check_blocks(const Machine& machine, const Entry& granted, Time now) {
    for (const auto& [id, other] : entries_) {
        const bool free =
            !other.held || other.replaced || (other.revoked && now - *other.revoked >= kRest);
        if (!free && &other != &granted && !granted.revoked &&
            overlap(other.certificate.blocks, granted.certificate.blocks)) {
            violate(machine.index,
                    now,
                    "the block of " + other.certificate.name + " was given to " +
                        granted.certificate.name);
        }
    }
}

// ---- After each call ---------------------------------------------------------------------------

void Watch::look(Machine& machine,
                 const mesh::Participant& node,
                 const mesh::Output& out,
                 bool check_peers,
                 Time now) {
    if (!node.is_member()) {
        machine.order.reset();
        return;
    }
    if (node.issuer() != nullptr) {
        on_ledger(machine, *node.issuer(), now);
    }
    for (const mesh::Notice& notice : out.notices) {
        on_notice(machine, notice, now);
    }
    on_own(machine, node, now);
    if (out.peers_changed && check_peers) {
        check_owners(machine, node, now);
    }
}

void Watch::on_notice(const Machine& machine, const mesh::Notice& notice, Time now) {
    if (notice.event == "member_withdrawn") {
        const auto known = by_text_.find(notice.subject);
        if (known == by_text_.end() || !is_revoked(known->second)) {
            violate(machine.index, now, notice.subject + " was withdrawn and never revoked");
        }
    }
    if (notice.event == "own_identity_elsewhere" || notice.event == "member_contradicts_itself") {
        violate(machine.index, now, "a clone was told of, and there is none: " + notice.subject);
    }
    if (notice.event == "clone_refused") {
        violate(machine.index, now, "a clone was refused, and there is none: " + notice.detail);
    }
}

void Watch::on_own(Machine& machine, const mesh::Participant& node, Time now) {
    const gossip::NodeId& id = node.gossip().id();
    const auto entry = entries_.find(id);
    if (entry == entries_.end()) {
        violate(machine.index, now, "has a certificate that no ledger has");
        return;
    }
    if (!entry->second.held) {
        entry->second.held = true;
        check_blocks(machine, entry->second, now);
    }
    const gossip::Member* const own = node.gossip().members().find(id);
    if (own == nullptr) {
        return;  // not described yet, or revoked
    }
    if (machine.order && (own->order() < *machine.order ||
                          (own->order() == *machine.order && own->hash != machine.hash))) {
        violate(machine.index, now, "its own record went backward");
    }
    machine.order = own->order();
    machine.hash = own->hash;
}

// ---- Who has what ------------------------------------------------------------------------------

void Watch::check_owners(Machine& machine, const mesh::Participant& node, Time now) {
    const auto wanted = mesh::wanted_peers(node.gossip(), node.network().pools);
    for (const auto& [key, peer] : wanted) {
        const Entry* const entry = find(peer.id);
        std::vector<net::Prefix> certified =
            entry == nullptr ? std::vector<net::Prefix>{} : entry->certificate.blocks;
        std::sort(certified.begin(), certified.end());
        if (entry == nullptr || entry->certificate.wireguard_key != key ||
            certified != peer.prefixes) {
            violate(machine.index, now, "wants what no certificate covers, for " + peer.name);
        }
    }
    const std::string fault = machine.device.reconcile(wanted, node.network().pools);
    if (!fault.empty()) {
        violate(machine.index, now, fault);
    }
    const std::vector<net::Prefix> all = all_prefixes(wanted, node);
    const auto twice = std::adjacent_find(
        all.begin(), all.end(), [](const auto& a, const auto& b) { return a.overlaps(b); });
    if (twice != all.end()) {
        violate(machine.index, now, "wants " + twice->to_string() + " for two peers");
    }
    const auto& members = node.gossip().members().members();
    for (const auto& [id, member] : members) {
        const identity::Certificate& certificate = member.certificate->certificate;
        if (id != node.gossip().id() && !member.record->record.left && !is_revoked(id) &&
            !wanted.contains(certificate.wireguard_key) && !awaits_its_place(node, certificate)) {
            violate(machine.index, now, "has no routes to " + certificate.name);
        }
    }
    if (members.size() > entries_.size()) {
        violate(machine.index, now, "knows more members than there are");
    }
}

/// The node that it replaces is not known to be revoked here yet.
bool Watch::awaits_its_place(const mesh::Participant& node,
                             const identity::Certificate& certificate) const {
    const auto& members = node.gossip().members().members();
    return std::any_of(members.begin(), members.end(), [&](const auto& entry) {
        return is_revoked(entry.first) &&
               overlap(entry.second.certificate->certificate.blocks, certificate.blocks);
    });
}

void Watch::check(Machine& machine,
                  const mesh::Participant& node,
                  identity::UnixSeconds true_time,
                  Time now) {
    if (!node.is_member()) {
        return;
    }
    check_owners(machine, node, now);
    const identity::Certificate& own = node.certificate();
    if (is_revoked(own.id())) {
        return;
    }
    if (const auto rejected = node.trust().withdrawn(own, {true_time, true})) {
        violate(machine.index, now, "its own certificate is " + std::string{to_string(*rejected)});
    }
    if (!node.gossip().members().owns_its_prefixes(own.id()) && !awaits_its_place(node, own)) {
        violate(machine.index, now, "does not own its own prefixes");
    }
}

}  // namespace weft::sim
