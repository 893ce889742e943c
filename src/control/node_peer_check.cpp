// SPDX-License-Identifier: Apache-2.0
// weft check --peer: this end's part, for its own operator and for members that ask. Control
// thread.
//
//   check_peer ── Inquiry(begins) ──► on_asked: measures too ── Sight ─► taken, measuring goes on
//   5 s later  ── Inquiry         ──► on_asked               ── Sight ─► the table
#include <algorithm>
#include <utility>

#include <weft/base/utf8.hpp>
#include <weft/firewall/foreign.hpp>

#include "device_access.hpp"
#include "node_impl.hpp"

namespace weft::control {
namespace {

constexpr std::chrono::milliseconds kRound{100};  // of measuring
constexpr Duration kAskAgain = std::chrono::milliseconds{500};
constexpr Duration kAskFor = std::chrono::seconds{2};  // when measuring is over
constexpr Duration kHeardLately = std::chrono::seconds{20};
constexpr std::size_t kMeasurementsMax = 16;  // at once
constexpr std::size_t kShownNameMax = 64;     // bytes of a name that nobody has

}  // namespace

Result<> Node::Impl::check_peer(std::string_view name, PeerChecked done) {
    const mesh::Participant& participant = overlay_->participant();
    const auto refuse = [](std::string cause, std::string remedy) {
        return Error{std::make_error_code(std::errc::no_such_device_or_address),
                     std::move(cause),
                     std::move(remedy)};
    };
    if (!participant.is_member() || !overlay_->enabled()) {
        return refuse("in no network: a member is asked what it sees",
                      "weft ping, for other peers");
    }
    const auto member = std::find_if(members_.begin(), members_.end(), [name](const auto& entry) {
        return entry.second.name == name;
    });
    if (member == members_.end()) {
        return refuse("no member " + utf8_excerpt(name, kShownNameMax) + " but this node",
                      "weft node list names them");
    }
    if (peer_checks_.size() >= kMeasurementsMax) {
        return Error{std::make_error_code(std::errc::resource_unavailable_try_again),
                     "many checks are under way",
                     "wait until some of them are over"};
    }
    PeerChecking checking;
    checking.node = member->second.id;
    checking.key = member->first.bytes;
    checking.name = member->second.name;
    checking.to = way_to(member->first.bytes, member->second);
    checking.number = random_.next_u32();
    checking.began = BootClock::now();
    checking.done = std::move(done);
    if (checking.to) {
        measure(checking.node, *checking.to);
        ask_for_sight(checking, true);
    }
    peer_checks_.push_back(std::move(checking));
    arm_measuring();
    return {};
}

/// Where the tunnel's messages go, else where gossip's do.
std::optional<net::Endpoint> Node::Impl::way_to(const KeyBytes& key,
                                                const mesh::WantedPeer& member) const {
    for (const PeerSample& sample : samples_) {
        if (sample.public_key == key && sample.session_live && sample.endpoint) {
            return sample.endpoint;
        }
    }
    return member.candidates.empty() ? std::nullopt : std::optional{member.candidates.front()};
}

void Node::Impl::measure(const gossip::NodeId& node, const net::Endpoint& to) {
    const Time now = BootClock::now();
    const auto known = measurements_.find(node);
    const bool is_new = known == measurements_.end() || known->second.is_over(now);
    if (is_new && measurements_.size() < kMeasurementsMax) {
        measurements_.insert_or_assign(node, Measurement{to, now});
        arm_measuring();
    }
}

void Node::Impl::arm_measuring() {
    if (std::exchange(measuring_, true)) {
        return;
    }
    measure_timer_.expires_after(kRound);
    measure_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && engine_) {
            measuring_ = false;
            on_measuring();
        }
    });
}

void Node::Impl::on_measuring() {
    const Time now = BootClock::now();
    mesh::Output out;
    for (auto& [node, measurement] : measurements_) {
        if (!measurement.is_due(now)) {
            continue;
        }
        const auto number =
            overlay_->participant().ping(node, measurement.to(), 0, Overlay::clock(), out);
        if (number) {
            measurement.on_sent(*number, now);
        }
    }
    overlay_->carry_out(out);
    for (PeerChecking& checking : peer_checks_) {
        const Duration after = now - checking.began - Measurement::kLasts;
        if (after >= Duration::zero() && now - checking.asked >= kAskAgain && checking.to) {
            ask_for_sight(checking, false);
        }
    }
    conclude_checks(now);
    // What was found is kept for a question that comes late.
    std::erase_if(measurements_,
                  [now](const auto& entry) { return entry.second.is_over(now - kAskFor); });
    if (!measurements_.empty() || !peer_checks_.empty()) {
        arm_measuring();
    }
}

void Node::Impl::ask_for_sight(PeerChecking& checking, bool begins) {
    checking.asked = BootClock::now();
    mesh::Output out;
    overlay_->participant().inquire(
        checking.node, *checking.to, {checking.number, begins}, Overlay::clock(), out);
    overlay_->carry_out(out);
}

/// A member asks. It is answered at once, with what there is.
void Node::Impl::on_asked(const gossip::Actions::Asked& asked) {
    if (asked.inquiry.begins) {
        measure(asked.from, asked.at);
    }
    const gossip::Member* const member =
        overlay_->participant().gossip().members().find(asked.from);
    if (member == nullptr) {
        return;
    }
    const KeyBytes key = member->certificate->certificate.wireguard_key.bytes;
    const std::string text = api::to_json(sight_of(asked.from, key));
    mesh::Output out;
    if (text.size() <= gossip::kSightSizeMax) {
        overlay_->participant().answer(asked, bytes_of(text), Overlay::clock(), out);
    }
    overlay_->carry_out(out);
}

void Node::Impl::on_seen(const gossip::Actions::Seen& seen) {
    const std::string_view text{reinterpret_cast<const char*>(seen.bytes.data()),
                                seen.bytes.size()};
    const Time now = BootClock::now();
    for (PeerChecking& checking : peer_checks_) {
        if (checking.node != seen.by || checking.number != seen.number) {
            continue;
        }
        if (Result<api::Sight> sight = api::parse_sight(text)) {
            checking.there = std::move(*sight);
            checking.there_is_final = now - checking.began >= Measurement::kLasts;
        }
    }
}

void Node::Impl::on_pinged(const gossip::Actions::PeerTime& answer) {
    const Time now = BootClock::now();
    path_probes_->on_answer(answer.peer, answer.number, now);
    const auto measurement = measurements_.find(answer.peer);
    if (measurement != measurements_.end()) {
        const auto ours = static_cast<std::int64_t>(overlay_->participant().time().view().now);
        measurement->second.on_answer(
            answer.number, static_cast<std::int64_t>(answer.theirs) - ours, now);
    }
}

/// This end's view of a member.
api::Sight Node::Impl::sight_of(const gossip::NodeId& node, const KeyBytes& key) {
    api::Sight sight;
    sight.version = WEFT_VERSION;
    sight.isa = kernels_->name;
    sight.interface_mtu = mtu_;
    sight.path_mtu = path_probes_->mtu_of(key).value_or(0);
    sight.session = session_of(key);
    if (const auto found = measurements_.find(node); found != measurements_.end()) {
        sight.sent = found->second.sent();
        sight.answered = found->second.answered();
        sight.rtt_us = found->second.rtt_us();
    }
    sight.clock_trusted = overlay_->participant().time().view().trusted;
    for (const firewall::Probe& probe : foreign_probes()) {
        if (const auto drops = firewall::foreign_drops(probe)) {
            sight.firewall_drops += static_cast<std::uint32_t>(std::count_if(
                drops->begin(), drops->end(), [](const auto& drop) { return drop.certain; }));
        }
    }
    for (const api::Problem& problem : problems(view_of(*engine_, false))) {
        if (problem.severity != "info") {
            sight.problems.push_back(problem.code);
        }
    }
    return sight;
}

void Node::Impl::conclude_checks(Time now) {
    std::vector<PeerChecking> over;
    std::erase_if(peer_checks_, [&](PeerChecking& checking) {
        const Duration after = now - checking.began - Measurement::kLasts;
        const bool has_all = after >= Duration::zero() && checking.there_is_final;
        if (checking.to && !has_all && after < kAskFor) {
            return false;
        }
        over.push_back(std::move(checking));
        return true;
    });
    for (PeerChecking& checking : over) {
        checking.done(peer_checks(findings_of(checking, now)));
    }
}

PeerFindings Node::Impl::findings_of(const PeerChecking& checking, Time now) {
    PeerFindings findings;
    findings.name = checking.name;
    findings.endpoint = checking.to ? checking.to->to_string() : "";
    if (overlay_->participant().is_member()) {  // it may have left meanwhile
        const gossip::Node& gossip = overlay_->participant().gossip();
        const gossip::Member* const member = gossip.members().find(checking.node);
        findings.understands =
            member != nullptr && (member->record->record.features & gossip::kFeatureSights) != 0;
        const Time heard = gossip.heard_from(checking.node);
        findings.heard = heard != Time{} && now - heard < kHeardLately;
    }
    findings.here = sight_of(checking.node, checking.key);
    if (const auto found = measurements_.find(checking.node); found != measurements_.end()) {
        findings.clock_ahead_s = found->second.ahead_s();
    }
    findings.there = checking.there;
    return findings;
}

}  // namespace weft::control
