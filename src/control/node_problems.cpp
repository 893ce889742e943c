// SPDX-License-Identifier: Apache-2.0
// What is wrong with the node's part in its network, for status: its key, its members, its
// certificate, its clock, and what it could not keep. Control thread.
#include <algorithm>

#include <weft/api/state_check.hpp>

#include "clock_text.hpp"
#include "node_impl.hpp"

namespace weft::control {
namespace {

constexpr std::size_t kDeadShownMax = 8;
constexpr std::size_t kProblemsMax = 64;
/// A dead member dials once in ten seconds at least.
constexpr std::chrono::seconds kPingedLately{60};

std::string port_of(const std::vector<net::Endpoint>& endpoints) {
    return endpoints.empty() ? "packets" : std::to_string(endpoints.front().port);
}

}  // namespace

bool Node::Impl::is_heard(const identity::NodeId& member) const {
    const mesh::Participant& participant = overlay_->participant();
    if (!participant.is_member()) {
        return false;
    }
    const auto pinged = participant.gossip().last_ping_of(member);
    return pinged && BootClock::now() - *pinged < kPingedLately;
}

void Node::Impl::add_network_problems(std::vector<api::Problem>& out) const {
    if (own_key_failed_) {
        out.push_back({"key_not_read",
                       "error",
                       engine_->interface(),
                       own_key_failed_->cause,
                       own_key_failed_->remedy});
    }
    if (network_failed_) {
        out.push_back({"members_not_set",
                       "error",
                       engine_->interface(),
                       network_failed_->cause,
                       network_failed_->remedy});
    }
    for (const auto& [prefix, name] : shadowed_) {
        out.push_back({"prefix_of_another",
                       "warning",
                       name,
                       "a configured peer has " + prefix.to_string() + " of this member",
                       "take it out of that peer's allowed_ips, then weft reload"});
    }
    add_member_problems(out);
    for (const auto& [name, cause] : own_names_.failures()) {
        out.push_back({"name_unresolved",
                       "warning",
                       name,
                       "a name of node.advertise or gossip.seeds does not resolve: " + cause,
                       "getent ahosts " + name.substr(0, name.rfind(':'))});
    }
    if (!overlay_->enabled() && overlay_->participant().is_member()) {
        out.push_back({"gossip_off",
                       "info",
                       config_.node.name,
                       "gossip.enabled is false: members are as they were last known, and nobody "
                       "hears of this node",
                       "take it out of the configuration, then restart weftd"});
    }
    const mesh::Participant& participant = overlay_->participant();
    if (participant.is_member() &&
        participant.trust().is_revoked(participant.certificate().identity_key,
                                       participant.certificate().serial)) {
        out.push_back(
            {"removed_from_network",
             "error",
             participant.certificate().name,
             "this node's certificate was taken back: the others speak to it no more",
             "weft leave --yes, then weft join with a new token, if it is to be in again"});
    }
    for (const mesh::Trouble& trouble : participant.troubles(BootClock::now())) {
        out.push_back({trouble.code,
                       trouble.error ? "error" : "warning",
                       trouble.subject,
                       trouble.cause,
                       trouble.remedy});
    }
    add_clock_problem(out);
}

/// Status alone says it: no expiry is judged by it. A minute is more than delays make.
void Node::Impl::add_clock_problem(std::vector<api::Problem>& out) const {
    const mesh::Participant& participant = overlay_->participant();
    if (!participant.is_member()) {
        return;
    }
    const std::string off = clock_off(participant.time());
    if (!participant.time().view().trusted) {
        out.push_back({"clock_not_trusted",
                       "warning",
                       config_.node.name,
                       std::string{participant.time().distrust()} +
                           (off.empty() ? "" : "; " + off) +
                           ": nothing expires here until it agrees with them",
                       kSetClock});
    } else if (!off.empty()) {
        out.push_back({"clock_off", "warning", config_.node.name, off, kSetClock});
    }
}

/// What was kept before stays in force, and a restart finds it.
void Node::Impl::add_state_problems(std::vector<api::Problem>& out) const {
    const StateStorage& storage = overlay_->storage();
    const auto add = [&](const std::string& file, const Error& error) {
        const auto& directory =
            error.code.value() == EROFS || !storage.directory().has_parent_path()
                ? storage.directory()
                : storage.directory().parent_path();
        std::string remedy = api::state_remedy(error.code.value(), directory);
        out.push_back({"state_not_kept",
                       "error",
                       file,
                       error.cause + ": what has changed since is forgotten at the next start",
                       remedy.empty() ? "make it writable: weft check" : remedy});
    };
    for (const auto& [name, error] : storage.failures()) {
        add(name, error);
    }
    if (const auto& failure = timestamps_.failure()) {
        add(engine_->interface() + ".timestamp", *failure);
    }
}

/// Who is dead keeps its place; where many are, the first stand for all.
void Node::Impl::add_member_problems(std::vector<api::Problem>& out) const {
    const mesh::Participant& participant = overlay_->participant();
    if (!participant.is_member()) {
        return;
    }
    std::vector<std::string> dead;
    for (const auto& [id, member] : participant.gossip().members().members()) {
        if (participant.gossip().reachability(id) != gossip::Reachability::kDead) {
            continue;
        }
        const std::string& name = member.certificate->certificate.name;
        if (is_heard(id) && out.size() < kProblemsMax) {
            out.push_back({"member_deaf",
                           "warning",
                           name,
                           "this node hears it, and what it is sent does not arrive: a firewall "
                           "there or on the way to it drops UDP " +
                               port_of(member.record->record.endpoints),
                           "weft check on " + name + "; it names a firewall there"});
        } else {
            dead.push_back(name);
        }
    }
    const auto others = participant.gossip().members().members().size() - 1;  // without this one
    if (others > 1 && dead.size() == others) {
        out.push_back({"no_member_reached",
                       "warning",
                       participant.certificate().name,
                       "not one of the other nodes answers: this machine's network is away, or the "
                       "others have removed this node",
                       "weft node list on another node; if this one is not in it: weft leave --yes "
                       "here, then weft join with a new token"});
    }
    std::sort(dead.begin(), dead.end());
    for (std::size_t i = 0; i < std::min(dead.size(), kDeadShownMax); ++i) {
        out.push_back(
            {"member_dead",
             "warning",
             dead[i],
             "neither this node nor those that it asked can reach it: weftd does not run there, or "
             "a "
             "firewall there, here or between drops UDP " +
                 std::to_string(engine_->listen_port()),
             "weft check here and there; if it is gone for good: weft node rm " + dead[i]});
    }
    if (dead.size() > kDeadShownMax) {
        out.push_back({"member_dead",
                       "warning",
                       std::to_string(dead.size() - kDeadShownMax) + " more",
                       "they cannot be reached either",
                       "weft node list"});
    }
}

}  // namespace weft::control
