// SPDX-License-Identifier: Apache-2.0
// What the node does each second: is the interface still there, who has come and gone, which names
// are to be asked. Control thread.
#include <algorithm>

#include <weft/base/encoding.hpp>
#include <weft/control/systemd.hpp>

#include "device_access.hpp"
#include "node_impl.hpp"

namespace weft::control {
namespace {

constexpr std::chrono::milliseconds kTick{1000};
constexpr std::chrono::milliseconds kTickWhileResolving{100};
constexpr std::chrono::seconds kLinkRepair{30};
constexpr std::chrono::seconds kFirewallTick{5};
constexpr std::size_t kGreetingsPerTick = 500;

}  // namespace

void Node::Impl::arm_timer() {
    timer_.expires_after(resolver_.busy() ? kTickWhileResolving : kTick);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && engine_) {
            on_tick();
        }
    });
}

void Node::Impl::on_tick() {
    lag_.last = std::chrono::steady_clock::now() - timer_.expiry();
    lag_.total += lag_.last;
    ++lag_.rounds;
    if (engine_->interface_lost()) {
        env_.log.error("interface_lost",
                       {{"interface", engine_->interface()},
                        {"cause", "the interface was removed from outside"}});
        env_.on_interface_lost();
        return;
    }
    observe_peers();
    probe_paths();
    call_members();
    check_sources();
    keep_timestamps();
    greet_peers();
    if (to_greet_.empty()) {  // else the file still says more than is known now
        live_peers_.keep(samples_, BootClock::now());
    }
    invite();
    if (BootClock::now() - firewall_seen_ > kFirewallTick) {
        firewall_seen_ = BootClock::now();
        firewall_->tick();
    }
    take_answers();
    ask_names();
    if (BootClock::now() - routes_tried_ > kLinkRepair) {
        repair_link();
    }
    if (engine_->has_gone_round()) {  // as this loop has
        gone_round_ = BootClock::now();
        notify_alive();
    }
    arm_timer();
}

/// Somebody may have set the link down, which takes its routes, or flushed routes or addresses.
void Node::Impl::repair_link() {
    if (Result<> configured = link_->configure(mtu_); !configured) {
        env_.log.warn("link_not_set", {{"cause", configured.error().message()}});
    }
    sync_addresses();
    sync_routes();
}

void Node::Impl::observe_peers() {
    samples_ = samples_of(*engine_);
    losses_.observe(samples_, BootClock::now());
    for (const PeerWatch::Event& event : watch_.observe(samples_, BootClock::now())) {
        const auto sample =
            std::find_if(samples_.begin(), samples_.end(), [&event](const PeerSample& each) {
                return each.public_key == event.public_key;
            });
        const std::string endpoint = sample != samples_.end() && sample->endpoint
                                         ? sample->endpoint->to_string()
                                         : std::string{"none"};
        const std::string name = name_of(event.public_key);
        switch (event.change) {
            case PeerChange::kSessionUp:
                env_.log.info("session_up", {{"peer", name}, {"endpoint", endpoint}});
                break;
            case PeerChange::kSessionDown:
                env_.log.info("session_down", {{"peer", name}, {"endpoint", endpoint}});
                break;
            case PeerChange::kSilent:
                env_.log.warn("peer_silent", {{"peer", name}, {"endpoint", endpoint}});
                break;
        }
    }
}

/// Which packets reach members whole; where the interface's largest do not, their routes say so.
void Node::Impl::probe_paths() {
    const mesh::Participant& participant = overlay_->participant();
    if (!participant.is_member() || !overlay_->enabled()) {
        return;
    }
    std::map<KeyBytes, PathProbes::Peer> live;
    for (const PeerSample& sample : samples_) {
        const auto peer = peers_.find(sample.public_key);
        const bool is_member = peer != peers_.end() && peer->second.member.has_value();
        const auto measured =
            is_member ? measurements_.find(*peer->second.member) : measurements_.end();
        const bool is_wanted = sample.session_live || measured != measurements_.end();
        if (!is_member || !is_wanted || !sample.endpoint) {
            continue;
        }
        const gossip::Member* const member =
            participant.gossip().members().find(*peer->second.member);
        if (member != nullptr &&
            (member->record->record.features & gossip::kFeaturePaddedPings) != 0) {
            live[sample.public_key] = {*peer->second.member, *sample.endpoint, sample.tx_bytes};
        }
    }
    mesh::Output out;
    path_probes_->tick(
        live, BootClock::now(), [&](const auto& node, const auto& to, std::size_t size) {
            return overlay_->participant().ping(node, to, size, Overlay::clock(), out);
        });
    overlay_->carry_out(out);
    path_probes_->keep_only([this](const KeyBytes& key) { return peers_.contains(key); });
    if (small_paths() != small_paths_) {
        sync_routes();
        for (const auto& [prefix, mtu] : small_paths_) {
            env_.log.info("path_mtu",
                          {{"route", prefix.to_string()}, {"mtu", std::to_string(mtu)}});
        }
    }
}

/// Members' prefixes to which the interface's largest packets do not pass.
std::map<net::Prefix, std::uint32_t> Node::Impl::small_paths() const {
    std::map<net::Prefix, std::uint32_t> small;
    for (const auto& [key, peer] : peers_) {
        const std::uint32_t mtu = path_probes_->mtu_of(key).value_or(mtu_);
        for (const net::Prefix& prefix : peer.allowed_ips) {
            if (peer.member && mtu < mtu_ && prefix.length > 0) {
                small.emplace(prefix, mtu);
            }
        }
    }
    return small;
}

/// Where a better way to a peer has come up, its address is the source from now on; and this node
/// may be elsewhere than it has told others.
void Node::Impl::check_sources() {
    if (route_monitor_->take_changes()) {
        forget_sources(*engine_, [this](const net::Path& path) {
            return link_->has_moved(path, engine_->fwmark());
        });
        describe_self();
    }
}

void Node::Impl::keep_timestamps() {
    wg::Timestamp greatest;
    wg::Now now;
    engine_->change([&](wg::Device& device, wg::Now at, wg::Actions& /*actions*/) {
        greatest = device.timestamps().greatest();
        now = at;
    });
    const wg::Timestamp ceiling = timestamps_.keep(greatest, now);  // may write: not under the lock
    engine_->change([&](wg::Device& device, wg::Now /*now*/, wg::Actions& /*actions*/) {
        device.timestamps().set_ceiling(ceiling);
    });
}

/// A handshake with whomever the last run had a session; the endpoint it had, where there is none.
void Node::Impl::greet_peers() {
    const std::size_t count = std::min(to_greet_.size(), kGreetingsPerTick);
    if (count == 0) {
        return;
    }
    engine_->change([&](wg::Device& device, wg::Now now, wg::Actions& actions) {
        for (std::size_t i = 0; i < count; ++i) {
            wg::Tunnel* tunnel = device.find_peer(crypto::PublicKey{to_greet_[i].peer.public_key});
            // Without the session that it was to be told of the move by, it was added anew
            // meanwhile.
            if (tunnel == nullptr ||
                (to_greet_[i].in_session && !caller_view(*tunnel, now).session)) {
                continue;
            }
            if (!tunnel->peer().has_endpoint()) {
                tunnel->peer().set_endpoint(to_greet_[i].peer.endpoint);
            }
            tunnel->initiate(now, false, actions);
        }
    });
    to_greet_.erase(to_greet_.begin(), to_greet_.begin() + static_cast<std::ptrdiff_t>(count));
}

void Node::Impl::ask_names() {
    if (resolver_.busy()) {
        return;
    }
    const auto questions = names_.due(BootClock::now(), watch_.live());
    std::vector<Resolver::Question> all = own_names_.due(BootClock::now());
    all.insert(all.end(), questions.begin(), questions.end());
    if (!resolver_.ask(all)) {
        names_.not_asked(questions);
        own_names_.not_asked();
    }
}

void Node::Impl::take_answers() {
    for (const Resolver::Answer& answer : resolver_.take_answers()) {
        if (!answer.question.peer) {
            take_own_answer(answer);
            continue;
        }
        const KeyBytes& key = *answer.question.peer;
        const auto sample =
            std::find_if(samples_.begin(), samples_.end(), [&key](const PeerSample& each) {
                return each.public_key == key;
            });
        if (sample == samples_.end()) {
            continue;
        }
        const std::string host = answer.question.host.to_string();
        const auto failures = names_.failures();
        const auto known = failures.find(key);
        const bool is_news = known == failures.end() || known->second.cause != answer.cause;
        if (answer.endpoints.empty() && is_news) {
            env_.log.warn("endpoint_unresolved",
                          {{"peer", name_of(key)}, {"endpoint", host}, {"cause", answer.cause}});
        }
        const bool failing =
            !sample->session_live && (sample->handshake_pending || watch_.silent(key));
        const std::optional<net::Endpoint> endpoint =
            names_.on_answer(answer, sample->endpoint, failing, BootClock::now());
        if (!endpoint) {
            continue;
        }
        DeviceEdit edit;
        PeerEdit& peer = edit.peers.emplace_back();
        peer.public_key = key;
        peer.update_only = true;
        peer.endpoint = endpoint;
        if (Result<> applied = apply_edit(*engine_, edit); applied) {
            env_.log.info(
                "endpoint_resolved",
                {{"peer", name_of(key)}, {"endpoint", host}, {"address", endpoint->to_string()}});
        }
    }
}

void Node::Impl::take_own_answer(const Resolver::Answer& answer) {
    const std::string host = answer.question.host.to_string();
    const auto failures = own_names_.failures();
    const auto known = failures.find(host);
    const bool is_news = known == failures.end() || known->second != answer.cause;
    if (answer.endpoints.empty() && is_news) {
        env_.log.warn("name_unresolved", {{"name", host}, {"cause", answer.cause}});
    }
    if (own_names_.on_answer(answer, BootClock::now())) {
        for (const net::Endpoint& endpoint : answer.endpoints) {
            env_.log.info("name_resolved", {{"name", host}, {"address", endpoint.to_string()}});
        }
        describe_self();
    }
}

std::string Node::Impl::name_of(const KeyBytes& public_key) const {
    const auto found = peers_.find(public_key);
    return found != peers_.end() ? found->second.name : to_base64(public_key);
}

}  // namespace weft::control
