// SPDX-License-Identifier: Apache-2.0
// What there is to say about the node: status, problems, whom a ping is for. Control thread.
#include <algorithm>
#include <tuple>

#include <weft/base/encoding.hpp>
#include <weft/base/utf8.hpp>
#include <weft/ipam/store.hpp>
#include <weft/net/drop_reason.hpp>

#include "device_access.hpp"
#include "ledger_count.hpp"
#include "node_impl.hpp"

namespace weft::control {
namespace {

constexpr std::size_t kShownMax = 64;            // bytes of what somebody asked for, in an error
constexpr std::chrono::seconds kStuckAfter{10};  // half of the unit's watchdog

const char* session_text(const PeerView& peer) {
    if (peer.session_live) {
        return "up";
    }
    return peer.handshake_pending ? "handshaking" : "none";
}

std::optional<net::IpAddress> address_of(const PeerView& peer) {
    for (const bool v4 : {true, false}) {
        for (const net::Prefix& prefix : peer.allowed_ips) {
            if (prefix.address.is_v4() == v4 && prefix.length > 0) {
                return prefix.first_host();
            }
        }
    }
    return std::nullopt;
}

/// The peer whose prefix is the longest of those that hold the address.
const PeerView* owner_of(const DeviceView& device, const net::IpAddress& address) {
    const PeerView* owner = nullptr;
    int longest = -1;
    for (const PeerView& peer : device.peers) {
        for (const net::Prefix& prefix : peer.allowed_ips) {
            if (prefix.contains(address) && prefix.length > longest) {
                owner = &peer;
                longest = prefix.length;
            }
        }
    }
    return owner;
}

}  // namespace

DeviceView Node::Impl::view(bool with_secrets) {
    return view_of(*engine_, with_secrets);
}

std::string Node::Impl::session_of(const KeyBytes& public_key) {
    const DeviceView device = view_of(*engine_, false);
    for (const PeerView& peer : device.peers) {
        if (peer.public_key == public_key) {
            return session_text(peer);
        }
    }
    return "none";
}

api::PeerStatus Node::Impl::status_of(const PeerView& peer) const {
    api::PeerStatus status;
    const auto configured = peers_.find(peer.public_key);
    status.public_key = to_base64(peer.public_key);
    status.name = name_of(peer.public_key);
    status.origin = configured != peers_.end() ? "static" : "uapi";
    if (configured != peers_.end() && configured->second.member) {
        const identity::NodeId& id = *configured->second.member;
        status.origin = "gossip";
        status.id = id.to_string();
        status.member = to_string(overlay_->participant().gossip().reachability(id));
    }
    if (peer.endpoint) {
        status.endpoint = peer.endpoint->to_string();
    }
    if (peer.session_live) {
        status.path = "direct";
    }
    status.allowed_ips = texts(peer.allowed_ips);
    if (configured != peers_.end()) {
        status.blocks = texts(configured->second.allowed_ips);
    }
    status.session = session_text(peer);
    if (peer.last_handshake) {
        status.last_handshake_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                                       peer.last_handshake->time_since_epoch())
                                       .count();
    }
    status.mtu = path_probes_->mtu_of(peer.public_key).value_or(mtu_);
    status.rtt_us = path_probes_->rtt_us_of(peer.public_key);
    status.loss_ppm = losses_.ppm_of(peer.public_key);
    status.rx_bytes = peer.rx_bytes;
    status.tx_bytes = peer.tx_bytes;
    status.rx_packets = peer.rx_packets;
    status.tx_packets = peer.tx_packets;
    return status;
}

void Node::Impl::add_peer_problems(const DeviceView& device, std::vector<api::Problem>& out) const {
    const auto failures = names_.failures();
    for (const PeerView& peer : device.peers) {
        const std::string name = name_of(peer.public_key);
        const auto failure = failures.find(peer.public_key);
        if (failure != failures.end() && !peer.session_live) {
            const std::string& host = failure->second.host.host;
            out.push_back({"endpoint_unresolved",
                           "warning",
                           name,
                           "its endpoint " + host + " does not resolve: " + failure->second.cause,
                           "getent ahosts " + host});
        } else if (watch_.silent(peer.public_key) && peer.endpoint) {
            const auto known = peers_.find(peer.public_key);
            const bool heard =
                known != peers_.end() && known->second.member && is_heard(*known->second.member);
            out.push_back({"peer_silent",
                           "warning",
                           name,
                           "it does not answer handshakes at " + peer.endpoint->to_string() +
                               (heard ? ", though it is heard: what it is sent is dropped there "
                                        "or on the way"
                                      : ""),
                           "weft status on that node; check its public key, its listen_port and "
                           "the firewalls for UDP " +
                               std::to_string(peer.endpoint->port)});
        }
    }
}

void Node::Impl::add_path_problems(std::vector<api::Problem>& out) const {
    for (const auto& [key, peer] : peers_) {
        const std::uint32_t mtu = path_probes_->mtu_of(key).value_or(mtu_);
        if (path_probes_->is_below_least(key)) {
            out.push_back({"path_mtu_below_least",
                           "warning",
                           peer.name,
                           "packets of " + std::to_string(mesh::PathMtu::kLeast) +
                               " bytes do not reach it whole, and weft makes none smaller",
                           "a larger MTU on the way to it: tracepath -n its address"});
        } else if (mtu < mtu_) {
            out.push_back({"path_mtu",
                           "info",
                           peer.name,
                           "the way to it carries packets of " + std::to_string(mtu) +
                               " bytes, not of " + std::to_string(mtu_) +
                               ": larger ones are refused here, or cut",
                           "a larger MTU on the way, or node.mtu = " + std::to_string(mtu) +
                               " on both nodes"});
        }
        const std::uint32_t lost = losses_.ppm_of(key).value_or(0);
        if (lost >= LossMeter::kTellPpm) {
            out.push_back({"packets_lost",
                           "info",
                           peer.name,
                           std::to_string(lost / 10'000) +
                               " % of what it sent in the last minute did not arrive: lost on the "
                               "way, or more than this node takes",
                           "weft check --peer " + peer.name + ", and the load of both machines"});
        }
    }
}

std::vector<api::Problem> Node::Impl::problems(const DeviceView& device) const {
    std::vector<api::Problem> out;
    if (rejected_) {
        out.push_back({"config_rejected",
                       "error",
                       env_.paths.config.string(),
                       rejected_->message() + "; the configuration before it stays in force",
                       "correct it, then weft reload"});
    }
    if (addresses_failed_) {
        out.push_back({"address_not_set",
                       "error",
                       engine_->interface(),
                       addresses_failed_->message(),
                       "correct node.addresses, then weft reload"});
    }
    for (const auto& [prefix, error] : link_->failed_routes()) {
        out.push_back(
            {"route_not_added",
             "error",
             prefix.to_string(),
             error.cause,
             error.remedy.empty() ? "ip route show " + prefix.to_string() : error.remedy});
    }
    for (const std::string& setting : restart_required_) {
        out.push_back({"restart_required",
                       "warning",
                       setting,
                       "changed in the configuration, but not while running",
                       "restart weftd"});
    }
    add_peer_problems(device, out);
    add_path_problems(out);
    firewall_->add_problems(out);
    add_network_problems(out);
    add_state_problems(out);
    discovered_.add_problems(out);
    for (const auto& [part, told] : told_) {
        out.insert(out.end(), told.begin(), told.end());
    }
    if (const auto& participant = overlay_->participant(); participant.has_root()) {
        out.push_back({"root_on_this_node",
                       "info",
                       participant.certificate().name,
                       "the network's root key lies on this node",
                       "weft root export --out FILE, keep it elsewhere, then weft root remove "
                       "--yes"});
    }
    return out;
}

api::Status Node::Impl::status() {
    settle();
    const DeviceView device = view_of(*engine_, false);
    api::Status status;
    status.version = WEFT_VERSION;
    status.node.name = config_.node.name;
    status.node.public_key = to_base64(device.public_key);
    status.node.interface = engine_->interface();
    status.node.listen_port = device.listen_port;
    status.node.mtu = mtu_;
    for (const net::Prefix& address : addresses_) {
        status.node.blocks.push_back(address.masked().to_string());
    }
    if (const auto& participant = overlay_->participant(); participant.is_member()) {
        const identity::Certificate& certificate = participant.certificate();
        status.node.name = certificate.name;
        status.node.id = certificate.id().to_string();
        status.node.blocks = texts(certificate.blocks);
    }
    const auto uptime =
        std::chrono::duration_cast<std::chrono::seconds>(BootClock::now() - started_);
    status.node.uptime_s = static_cast<std::uint64_t>(uptime.count());
    status.isa_chosen = kernels_->name;
    status.isa_available = isa_available_;
    const sys::Offloads offloads = engine_->offloads();
    status.tun_tso = offloads.tun_tso;
    status.tun_uso = offloads.tun_uso;
    status.udp_gso = offloads.udp_gso;
    status.udp_gro = offloads.udp_gro;
    status.workers = engine_->workers();
    status.shared_batches = engine_->shared_batches();
    for (const PeerView& peer : device.peers) {
        status.peers.push_back(status_of(peer));
    }
    std::sort(status.peers.begin(), status.peers.end(), [](const auto& a, const auto& b) {
        return std::tie(a.name, a.public_key) < std::tie(b.name, b.public_key);
    });
    const dataplane::DropCounts drops = engine_->drops();
    for (std::size_t reason = 1; reason < net::kDropReasonCount; ++reason) {
        status.drops.emplace(net::kDropReasonNames[reason], drops[reason]);
    }
    firewall_->observe();
    firewall_->add_drops(status.drops);
    status.problems = problems(device);
    status.verdict = api::count_problems(status.problems) == 0 ? "healthy" : "degraded";
    return status;
}

Vitals Node::Impl::vitals() const {
    Vitals vitals;
    if (BootClock::now() - gone_round_ > kStuckAfter) {
        vitals.not_alive = "a thread of the data plane has not gone round for more than " +
                           std::to_string(kStuckAfter.count()) + " s";
    }
    vitals.not_ready = why_not_ready();
    vitals.lag = lag_;
    vitals.guards_restored = firewall_->restored();
    return vitals;
}

ContainerCounts Node::Impl::containers() const {
    ContainerCounts counts;
    if (const auto requests = ipam::read_request_counts(ipam::kDirectoryDefault)) {
        counts.requests = *requests;
    }
    const Result<ipam::Journal> journal = ipam::read(ipam::kDirectoryDefault);
    if (!journal) {
        return counts;
    }
    if (const Result<ipam::Ledger> ledger = ipam::replay(*journal)) {
        const auto now =
            std::chrono::duration_cast<std::chrono::milliseconds>(wall_now().time_since_epoch());
        counts.ledger =
            count_ledger(*ledger, node_file().blocks, static_cast<ipam::UnixMs>(now.count()));
    }
    return counts;
}

Result<PingTarget> Node::Impl::ping_target(std::string_view target) {
    const DeviceView device = view_of(*engine_, false);
    if (const auto address = net::IpAddress::parse(target)) {
        const PeerView* const owner = owner_of(device, *address);
        if (owner == nullptr) {
            return Error{std::make_error_code(std::errc::network_unreachable),
                         "no peer has the address " + address->to_string(),
                         "weft peers shows who has which prefixes"};
        }
        return PingTarget{name_of(owner->public_key), owner->public_key, *address};
    }
    for (const PeerView& peer : device.peers) {
        if (name_of(peer.public_key) != target && to_base64(peer.public_key) != target) {
            continue;
        }
        const auto address = address_of(peer);
        if (!address) {
            return Error{std::make_error_code(std::errc::address_not_available),
                         "peer " + std::string{target} + " has no prefix of its own to ping",
                         "ping an address, or add allowed_ips to the peer"};
        }
        return PingTarget{name_of(peer.public_key), peer.public_key, *address};
    }
    return Error{std::make_error_code(std::errc::no_such_device_or_address),
                 "no peer " + utf8_excerpt(target, kShownMax),
                 "weft peers lists them"};
}

}  // namespace weft::control
