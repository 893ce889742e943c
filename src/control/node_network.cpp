// SPDX-License-Identifier: Apache-2.0
// What the network makes of the node: members are peers, by their certificates alone; the block's
// first address is the node's own; the pools are routed here. What others are told of the node.
// Control thread.
#include <algorithm>

#include <weft/gossip/record.hpp>

#include "device_access.hpp"
#include "network_directory.hpp"
#include "node_impl.hpp"

namespace weft::control {
namespace {

/// Members come in bursts: a thousand of them are one change, not a thousand.
constexpr std::chrono::milliseconds kReconcileEvery{500};

std::string software() {
    return std::string{"weft/"} + WEFT_VERSION;
}

}  // namespace

Result<> Node::Impl::start_network() {
    boot_id_ = (std::uint64_t{random_.next_u32()} << 32U) | random_.next_u32();
    overlay_.emplace(Overlay::Parts{env_.loop,
                                    *engine_,
                                    env_.log,
                                    random_,
                                    network_directory(env_.paths, config_),
                                    config_.gossip.enabled,
                                    [this] { reconcile_soon(); },
                                    [this](const auto& answer) { on_pinged(answer); },
                                    [this](const auto& asked) { on_asked(asked); },
                                    [this](const auto& seen) { on_seen(seen); }});
    network_ = std::make_unique<Network>(
        std::make_unique<Network::Impl>(Network::Impl::Parts{env_.loop,
                                                             *overlay_,
                                                             random_,
                                                             config_,
                                                             [this] { return surroundings(); },
                                                             [this] {
                                                                 describe_self();
                                                                 reconcile();
                                                             }}));
    return overlay_->start();
}

Result<> Node::Impl::take_own_key(Desired& desired, const config::Config& config) {
    mesh::Participant& participant = overlay_->participant();
    if (!config.node.private_key_file.empty()) {
        if (participant.is_member()) {
            return invalid(config.origins.at("node.private_key_file") +
                               ": node.private_key_file: this node is in a network, which knows it "
                               "by the key in its state",
                           "take the line out, or weft leave --yes first");
        }
        return {};
    }
    Result<crypto::PrivateKey> key = participant.wireguard_key();
    if (!key) {
        return key.error();
    }
    desired.private_key = std::move(*key);
    return {};
}

Result<> Node::Impl::check_network_owns_none(const DeviceEdit& edit) const {
    const auto refusal = [](std::string cause, std::string remedy) {
        return Error{std::make_error_code(std::errc::operation_not_permitted),
                     std::move(cause),
                     std::move(remedy)};
    };
    if (!overlay_->participant().is_member()) {
        return {};
    }
    if (edit.private_key) {
        return refusal("the key is the one in this node's certificate", "weft leave --yes first");
    }
    if (edit.replace_peers && !members_.empty()) {
        return refusal("the network's members are peers that wg cannot take away",
                       "wg addconf or wg set instead of wg setconf");
    }
    for (const PeerEdit& peer : edit.peers) {
        const auto known = peers_.find(peer.public_key);
        if (known != peers_.end() && known->second.member) {
            return refusal(
                known->second.name + " is a member of the network: its certificate decides",
                "weft node rm " + known->second.name + ", on an issuer's node");
        }
        for (const AllowedIpEdit& ip : peer.allowed_ips) {
            const auto owner = owner_of_prefix(ip.prefix);
            if (!ip.remove && owner) {
                return refusal(ip.prefix.to_string() + " is the block of " + *owner,
                               "choose another prefix");
            }
        }
    }
    return {};
}

std::optional<std::string> Node::Impl::owner_of_prefix(const net::Prefix& prefix) const {
    for (const auto& [key, peer] : peers_) {
        const bool owns = peer.member && std::find(peer.allowed_ips.begin(),
                                                   peer.allowed_ips.end(),
                                                   prefix.masked()) != peer.allowed_ips.end();
        if (owns) {
            return peer.name;
        }
    }
    return std::nullopt;
}

void Node::Impl::reconcile_soon() {
    if (reconcile_due_) {
        return;
    }
    reconcile_due_ = true;
    reconcile_timer_.expires_after(
        std::max<Duration>(reconciled_ + kReconcileEvery - BootClock::now(), Duration::zero()));
    reconcile_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && engine_) {
            settle();
        }
    });
}

void Node::Impl::settle() {
    if (reconcile_due_) {
        reconcile();
    }
}

void Node::Impl::reconcile() {
    apply_own_key();
    reconcile_members();
}

/// A failure is a problem in status, and tried again with the next change.
void Node::Impl::reconcile_members() {
    reconcile_due_ = false;
    reconciled_ = BootClock::now();
    network_failed_.reset();
    apply_members();
    forget_absent_peers();
    call_members();
    sync_firewall();
    sync_addresses();
    sync_routes();
    node_file_.write(node_file());
}

/// After leaving and after a rotation it is another one.
void Node::Impl::apply_own_key() {
    if (!config_.node.private_key_file.empty()) {
        return;
    }
    own_key_failed_.reset();
    Result<crypto::PrivateKey> key = overlay_->participant().wireguard_key();
    if (!key) {
        own_key_failed_ = key.error();
        return;
    }
    const crypto::PublicKey wanted = crypto::public_key_of(*key);
    bool same = false;
    engine_->change([&](wg::Device& device, wg::Now /*now*/, wg::Actions& /*actions*/) {
        same = device.identity().public_key == wanted;
    });
    if (same) {
        return;
    }
    DeviceEdit edit;
    edit.private_key = std::move(*key);
    if (Result<> applied = apply_edit(*engine_, edit); !applied) {
        own_key_failed_ = applied.error();
    }
}

void Node::Impl::apply_members() {
    const mesh::Participant& participant = overlay_->participant();
    members_.clear();
    if (participant.is_member()) {
        members_ = mesh::wanted_peers(participant.gossip(), participant.network().pools);
    }
    PeerMap configured;
    for (const auto& [key, peer] : peers_) {
        if (!peer.member) {
            configured[key].allowed_ips = peer.allowed_ips;
        }
    }
    MemberPeers wanted = member_peers(members_, configured);
    const Plan plan = diff(peers_in_force(view_of(*engine_, false), true), wanted.peers);
    if (Result<> applied = apply_edit(*engine_, plan.edit); !applied) {
        network_failed_ = applied.error();
        env_.log.error("members_not_set", {{"cause", applied.error().message()}});
        return;
    }
    for (const PeerEdit& edit : plan.edit.peers) {
        if (edit.remove) {
            caller_.forget(crypto::PublicKey{edit.public_key});
        }
    }
    std::erase_if(peers_, [](const auto& entry) { return entry.second.member.has_value(); });
    peers_.merge(wanted.peers);
    shadowed_ = std::move(wanted.shadowed);
}

/// Members without a session are given the endpoint that is to be tried next. Whether there is a
/// session is seen under the device's lock: what roaming has found is never overwritten.
void Node::Impl::call_members() {
    if (members_.empty()) {
        return;
    }
    const Time time = BootClock::now();
    engine_->change([&](wg::Device& device, wg::Now now, wg::Actions& /*actions*/) {
        for (const auto& [key, member] : members_) {
            wg::Tunnel* const tunnel = device.find_peer(key);
            const auto peer = peers_.find(key.bytes);
            if (tunnel == nullptr || peer == peers_.end() || !peer->second.member) {
                continue;  // a configured peer is where the configuration says
            }
            const std::optional<net::Endpoint> next =
                caller_.next(key, member.candidates, caller_view(*tunnel, now), time);
            if (next) {
                tunnel->peer().set_endpoint(*next);
            }
        }
    });
}

void Node::Impl::set_names() {
    std::vector<config::HostPort> names = config_.node.advertise;
    names.insert(names.end(), config_.gossip.seeds.begin(), config_.gossip.seeds.end());
    own_names_.set(names);
    ask_names();
}

/// They may come in, and members may be there.
void Node::Impl::on_machines(std::vector<net::IpAddress> machines) {
    machines_ = std::move(machines);
    std::vector<net::Prefix> allowed;
    for (const net::IpAddress& address : machines_) {
        allowed.push_back(net::Prefix::host(address));
    }
    firewall_->set_allowed(std::move(allowed));
    describe_self();
}

/// Of names that are advertised some may lead nowhere for others.
std::vector<net::Endpoint> Node::Impl::advertised() const {
    std::vector<net::Endpoint> advertised = own_names_.endpoints(config_.node.advertise);
    std::erase_if(advertised, [](const net::Endpoint& endpoint) {
        return !gossip::can_be_advertised(endpoint);
    });
    return advertised;
}

void Node::Impl::describe_self() {
    if (!overlay_) {
        return;
    }
    gossip::OwnRecord own;
    own.boot_id = boot_id_;
    own.mtu = static_cast<std::uint16_t>(mtu_);
    own.features = gossip::kFeaturePaddedPings | gossip::kFeatureSights;
    own.software = software();
    const Surroundings around = surroundings();
    own.endpoints = own_endpoints(advertised(), around.addresses, pools(), engine_->listen_port());
    if (own.endpoints != told_endpoints_) {
        told_endpoints_ = own.endpoints;
        greet_live_peers();
        firewall_->open_others();
    }
    overlay_->participant().set_seed_addresses(
        seed_endpoints(own_names_.endpoints(config_.gossip.seeds),
                       machines_,
                       around.addresses,
                       pools(),
                       config_.node.listen_port));
    mesh::Output out;
    overlay_->participant().describe(own, Overlay::clock(), out);
    overlay_->carry_out(out);
}

/// This node has moved: who hears a handshake from the new address answers there.
void Node::Impl::greet_live_peers() {
    for (const PeerSample& sample : samples_) {
        if (sample.session_live && sample.endpoint) {
            to_greet_.push_back({{sample.public_key, *sample.endpoint}, true});
        }
    }
}

std::span<const net::Prefix> Node::Impl::pools() const {
    const mesh::Participant& participant = overlay_->participant();
    return participant.is_member() ? std::span<const net::Prefix>{participant.network().pools}
                                   : std::span<const net::Prefix>{};
}

/// The configured ones, and each block's first address: once no other certificate has it first, as
/// a node has that this one takes the place of, until its revocation is known here.
std::vector<net::Prefix> Node::Impl::own_addresses() const {
    std::vector<net::Prefix> addresses = addresses_;
    const mesh::Participant& participant = overlay_->participant();
    if (!participant.is_member() ||
        !participant.gossip().members().owns_its_prefixes(participant.gossip().id())) {
        return addresses;
    }
    for (const net::Prefix& block : participant.certificate().blocks) {
        const net::IpAddress own = block.first_host();
        const bool configured = std::any_of(
            addresses.begin(), addresses.end(), [&](const auto& a) { return a.address == own; });
        if (!configured) {
            addresses.push_back({own, own.bits()});
        }
    }
    return addresses;
}

std::string Node::Impl::why_not_ready() const {
    if (!config_.cni.enabled) {
        return "cni.enabled is false in this node's configuration";
    }
    const mesh::Participant& participant = overlay_->participant();
    if (!participant.is_member()) {
        return "this node is in no network: weft init, or weft join TOKEN";
    }
    if (!participant.gossip().members().owns_its_prefixes(participant.gossip().id())) {
        return "another node had this one's block: its revocation is not known here yet";
    }
    return addresses_failed_ ? addresses_failed_->message() : std::string{};
}

api::NodeFile Node::Impl::node_file() const {
    api::NodeFile file;
    file.reason = why_not_ready();
    file.ready = file.reason.empty();
    file.node = config_.node.name;
    file.interface = engine_->interface();
    file.mtu = mtu_;
    file.gso_max_segs = gso_segments_for(mtu_);
    const mesh::Participant& participant = overlay_->participant();
    if (!participant.is_member()) {
        return file;
    }
    file.network_id = participant.certificate().network.to_string();
    file.node = participant.certificate().name;
    file.blocks = participant.certificate().blocks;
    file.pools = participant.network().pools;
    for (const net::Prefix& block : file.blocks) {
        auto& gateway = block.address.is_v4() ? file.gateway4 : file.gateway6;
        if (!gateway) {
            gateway = block.first_host();
        }
    }
    return file;
}

Surroundings Node::Impl::surroundings() {
    Result<Surroundings> around = look_around(*rtnetlink_, engine_->ifindex());
    if (!around) {
        env_.log.warn("surroundings_unknown", {{"cause", around.error().message()}});
        return {};
    }
    return std::move(*around);
}

}  // namespace weft::control
