// SPDX-License-Identifier: Apache-2.0
// Start, stop, reload and wg's changes. Control thread.
//
//   start: key files -> kernels -> MTU -> engine (interface, port) -> the network as it was left
//          -> link -> keys and peers -> addresses and routes -> the engine's threads -> each second
#include <algorithm>
#include <thread>
#include <utility>

#include <weft/control/node.hpp>
#include <weft/control/systemd.hpp>
#include <weft/crypto/aead.hpp>
#include <weft/crypto/x25519.hpp>

#include "cipher_choice.hpp"
#include "device_access.hpp"
#include "kept_ends.hpp"
#include "node_impl.hpp"
#include "signals_blocked.hpp"

namespace weft::control {
namespace {

constexpr unsigned kWorkersDefaultMax = 4;

unsigned worker_count(unsigned configured) {
    return configured != 0
               ? configured
               : std::clamp(std::thread::hardware_concurrency(), 1U, kWorkersDefaultMax);
}

std::vector<net::IpAddress> numeric_endpoints(const config::Config& config) {
    std::vector<net::IpAddress> addresses;
    for (const config::PeerConfig& peer : config.peers) {
        if (!peer.endpoint) {
            continue;
        }
        if (const auto endpoint = numeric_endpoint(*peer.endpoint)) {
            addresses.push_back(endpoint->address);
        }
    }
    return addresses;
}

}  // namespace

Node::Impl::Impl(config::Config config, Environment environment)
    : env_(std::move(environment)),
      config_(std::move(config)),
      started_(BootClock::now()),
      timestamps_(env_.paths.state_dir / (config_.node.interface + ".timestamp"), env_.log),
      live_peers_(env_.paths.state_dir / (config_.node.interface + ".peers"), env_.log),
      node_file_(env_.paths.run_dir / api::kNodeFileName, env_.log),
      boot_(config_),
      discovered_(
          env_.loop,
          env_.paths.state_dir / (config_.node.interface + ".discovered"),
          env_.log,
          [this](std::vector<net::IpAddress> machines) { on_machines(std::move(machines)); }),
      timer_(env_.loop),
      reconcile_timer_(env_.loop),
      down_timer_(env_.loop),
      measure_timer_(env_.loop) {}

Result<> Node::Impl::start_engine() {
    const Result<const crypto::AeadKernels*> kernels = crypto::choose_kernels(config_.node.isa);
    if (!kernels) {
        Error error = kernels.error();
        error.cause = config_.origins.at("node.isa") + ": node.isa: " + error.cause;
        return error;
    }
    kernels_ = config_.node.isa == "auto" ? &choose_cipher(crypto::available_kernels()) : *kernels;
    for (const crypto::AeadKernels* failed : crypto::failed_kernels()) {
        env_.log.error("kernels_failed",
                       {{"isa", failed->name},
                        {"cause", "its self-test fails on this processor; it is not used"}});
    }
    for (const crypto::AeadKernels* available : crypto::available_kernels()) {
        isa_available_.emplace_back(available->name);
    }
    Result<netlink::Rtnetlink> rtnetlink = netlink::Rtnetlink::open();
    if (!rtnetlink) {
        return rtnetlink.error();
    }
    Result<netlink::Rtnetlink> looking = netlink::Rtnetlink::open();
    if (!looking) {
        return looking.error();
    }
    rtnetlink_ = std::move(*looking);
    Result<netlink::RouteMonitor> route_monitor = netlink::RouteMonitor::open();
    if (!route_monitor) {
        return route_monitor.error();
    }
    route_monitor_ = std::move(*route_monitor);
    mtu_ = config_.node.mtu;
    if (mtu_ == 0) {
        const Result<std::uint32_t> found =
            find_mtu(*rtnetlink, config_.node.interface, numeric_endpoints(config_));
        if (!found) {
            return found.error();
        }
        mtu_ = *found;
    }
    path_probes_.emplace(mtu_);
    Result<Ends> ends = open_ends(config_.node.interface,
                                  {.port = config_.node.listen_port,
                                   .workers = worker_count(config_.node.workers),
                                   .fwmark = config_.node.fwmark,
                                   .wish = config_.offloads},
                                  env_.store,
                                  env_.log);
    if (!ends) {
        return ends.error();
    }
    dataplane::EngineConfig engine;
    engine.mtu = mtu_;
    engine.fwmark = config_.node.fwmark;
    engine.offloads = config_.offloads;
    engine.kernels = kernels_;
    engine_ = std::make_unique<dataplane::Engine>(
        engine, std::move(ends->tun), std::move(ends->udp), random_);
    link_.emplace(std::move(*rtnetlink), engine_->ifindex(), env_.log);
    if (Result<> recalled = link_->recall(); !recalled) {
        return recalled.error();
    }
    const auto on_routing_lost = [this] {
        sync_addresses();
        sync_routes();
    };
    firewall_.emplace(Firewall::Parts{
        env_.loop, env_.log, env_.store, engine_->ifindex(), on_routing_lost, [this] {
            return foreign_probes();
        }});
    return {};
}

Result<> Node::Impl::start() {
    if (Result<> ready = crypto::initialize(); !ready) {
        return ready.error();
    }
    Result<Desired> desired = load_desired(config_);
    if (!desired) {
        return desired.error();
    }
    if (Result<> started = start_engine(); !started) {
        return started.error();
    }
    if (Result<> started = start_network(); !started) {
        return started.error();
    }
    if (Result<> taken = take_own_key(*desired, config_); !taken) {
        return taken.error();
    }
    engine_->change([floor = timestamps_.load()](wg::Device& device, wg::Now, wg::Actions&) {
        device.timestamps().raise_floor(floor);
    });
    keep_timestamps();
    // Up before peers: their first handshakes may leave at once, and routes need a link that is up.
    if (Result<> configured = link_->configure(mtu_); !configured) {
        return configured.error();
    }
    if (Result<> applied = apply_desired(std::move(*desired)); !applied) {
        return applied.error();
    }
    if (addresses_failed_) {
        return *addresses_failed_;
    }
    set_names();
    describe_self();
    for (const LivePeers::Peer& peer : live_peers_.load()) {
        to_greet_.push_back({peer, false});
    }
    greet_peers();
    {
        const SignalsBlocked blocked;  // in the engine's threads
        engine_->start();
    }
    env_.log.info("node_started",
                  {{"interface", engine_->interface()},
                   {"port", std::to_string(engine_->listen_port())},
                   {"mtu", std::to_string(mtu_)},
                   {"workers", std::to_string(engine_->workers())},
                   {"isa", kernels_->name},
                   {"peers", std::to_string(peers_.size())}});
    discovered_.configure(config_.discovery);
    gone_round_ = BootClock::now();
    arm_timer();
    return {};
}

void Node::Impl::stop() {
    if (!engine_) {
        return;
    }
    timer_.cancel();
    reconcile_timer_.cancel();
    discovered_.stop();
    node_file_.write_stopped("weftd has stopped");
    down_timer_.cancel();
    measure_timer_.cancel();
    firewall_.reset();  // the guards stay
    network_.reset();
    overlay_.reset();
    link_.reset();
    const std::string interface = engine_->interface();
    engine_.reset();
    env_.log.info("node_stopped", {{"interface", interface}});
}

/// The configured peers as they are on the device now, whatever wg has done to them; their
/// endpoints as they were configured, since a peer may roam.
Desired Node::Impl::in_force() {
    DeviceView device = view_of(*engine_, true);
    Desired now;
    now.private_key = std::move(device.private_key);
    now.listen_port = device.listen_port;
    now.fwmark = device.fwmark;
    now.peers = peers_in_force(std::move(device), false);
    return now;
}

/// Of the members, or of the others.
PeerMap Node::Impl::peers_in_force(DeviceView device, bool members) const {
    PeerMap now;
    for (PeerView& view : device.peers) {
        const auto known = peers_.find(view.public_key);
        if (known == peers_.end() || known->second.member.has_value() != members) {
            continue;
        }
        DesiredPeer peer;
        peer.name = known->second.name;
        peer.member = known->second.member;
        peer.endpoint = known->second.endpoint;
        peer.preshared_key = std::move(view.preshared_key);
        peer.allowed_ips = std::move(view.allowed_ips);
        std::sort(peer.allowed_ips.begin(), peer.allowed_ips.end());
        peer.keepalive = view.keepalive;
        now.emplace(view.public_key, std::move(peer));
    }
    return now;
}

Result<> Node::Impl::edit_device(const DeviceEdit& edit) {
    const bool rebinds = edit.listen_port || edit.fwmark;
    if (rebinds) {
        overlay_->release_sockets();
    }
    Result<> applied = apply_edit(*engine_, edit);
    if (rebinds) {
        keep_port(engine_->sockets(), env_.store);
        overlay_->take_sockets();
        describe_self();  // another port, perhaps
        sync_firewall();
    }
    return applied;
}

/// Device first, as it takes all or nothing; then what the kernel shows.
Result<> Node::Impl::apply_desired(Desired desired) {
    const Plan plan = diff(in_force(), desired);
    if (Result<> applied = edit_device(plan.edit); !applied) {
        return applied.error();
    }
    for (const PeerEdit& edit : plan.edit.peers) {
        env_.log.debug(
            edit.remove ? "peer_removed" : "peer_configured",
            {{"peer",
              edit.remove ? name_of(edit.public_key) : desired.peers.at(edit.public_key).name}});
        if (edit.remove || edit.endpoint) {
            names_.remove(edit.public_key);
        }
    }
    for (auto& [key, peer] : desired.peers) {
        peer.preshared_key.wipe();  // the device has it; nobody asks here
        if (!peer.endpoint) {
            names_.remove(key);  // no longer configured: the last one found stays
        }
    }
    for (const KeyBytes& key : plan.resolve) {
        names_.set(key, *desired.peers.at(key).endpoint);
    }
    std::erase_if(peers_, [](const auto& entry) { return !entry.second.member; });
    for (auto& [key, peer] : desired.peers) {
        peers_.insert_or_assign(key, std::move(peer));
    }
    addresses_ = std::move(desired.addresses);
    reconcile_members();
    ask_names();
    return {};
}

void Node::Impl::sync_addresses() {
    const std::vector<net::Prefix> wanted = own_addresses();
    addresses_failed_.reset();
    if (Result<> synced = link_->sync_addresses(wanted); !synced) {
        addresses_failed_ = synced.error();
        env_.log.error("address_not_set", {{"cause", synced.error().message()}});
    }
    const auto v6 = std::find_if(wanted.begin(), wanted.end(), [](const net::Prefix& prefix) {
        return !prefix.address.is_v4();
    });
    engine_->set_icmp_source6(v6 != wanted.end() ? v6->address
                                                 : net::IpAddress::unspecified(net::Family::kIpv6));
}

/// Peers that the device does not have: our own key, or removed by wg.
void Node::Impl::forget_absent_peers() {
    std::set<KeyBytes> present;
    KeyBytes own{};
    engine_->change([&](wg::Device& device, wg::Now /*now*/, wg::Actions& /*actions*/) {
        own = device.identity().public_key.bytes;
        for (const auto& [key, tunnel] : device.tunnels()) {
            present.insert(key.bytes);
        }
    });
    for (auto it = peers_.begin(); it != peers_.end();) {
        if (present.contains(it->first)) {
            ++it;
            continue;
        }
        env_.log.info("peer_absent",
                      {{"peer", it->second.name},
                       {"cause", it->first == own ? "it is this node" : "removed by wg"}});
        names_.remove(it->first);
        it = peers_.erase(it);
    }
}

void Node::Impl::sync_routes() {
    const WantedRoutes wanted = wanted_routes(peers_, pools());
    for (const net::Prefix& prefix : wanted.skipped) {
        if (!skipped_routes_.contains(prefix)) {
            env_.log.warn("default_route_skipped",
                          {{"route", prefix.to_string()},
                           {"cause", "weft does not take over the machine's default route"},
                           {"remedy",
                            "ip route add default dev " + engine_->interface() +
                                ", with a fwmark rule that keeps weft's own packets off"}});
        }
    }
    skipped_routes_ = wanted.skipped;
    small_paths_ = small_paths();
    std::map<net::Prefix, std::uint32_t> routes = small_paths_;
    for (const net::Prefix& prefix : wanted.routes) {
        routes.emplace(prefix, 0);
    }
    link_->sync_routes(routes, firewall_->guarded());
    routes_tried_ = BootClock::now();
}

Result<> Node::Impl::reload() {
    const auto reject = [this](Error error) {
        env_.log.error("config_rejected", {{"cause", error.message()}});
        rejected_ = error;
        return error;
    };
    Result<config::Config> config = config::load(env_.paths);
    if (!config) {
        return reject(config.error());
    }
    Result<Desired> desired = load_desired(*config);
    if (!desired) {
        return reject(desired.error());
    }
    if (Result<> taken = take_own_key(*desired, *config); !taken) {
        return reject(taken.error());
    }
    if (Result<> applied = apply_desired(std::move(*desired)); !applied) {
        return reject(applied.error());
    }
    rejected_.reset();
    restart_required_ = restart_required(boot_, *config);
    for (const std::string& setting : restart_required_) {
        env_.log.warn("restart_required", {{"setting", setting}});
    }
    config_ = std::move(*config);
    discovered_.configure(config_.discovery);
    node_file_.write(node_file());
    sync_firewall();
    sync_routes();  // with guards or without, they are in another table
    set_names();
    describe_self();
    env_.log.info("config_reloaded", {{"peers", std::to_string(peers_.size())}});
    return {};
}

Result<> Node::Impl::apply(const DeviceEdit& edit) {
    if (Result<> checked = check_network_owns_none(edit); !checked) {
        env_.log.warn("device_set_refused", {{"cause", checked.error().message()}});
        return checked;
    }
    if (Result<> applied = edit_device(edit); !applied) {
        return applied.error();
    }
    env_.log.info("device_set_by_wg", {{"peers", std::to_string(edit.peers.size())}});
    for (const PeerEdit& peer : edit.peers) {
        if (peer.endpoint) {
            names_.remove(peer.public_key);  // what wg sets stays until the configuration changes
        }
    }
    const std::size_t before = peers_.size();
    forget_absent_peers();
    if (peers_.size() != before) {
        sync_routes();
    }
    return {};
}

// ---- The door --------------------------------------------------------------------------------

Node::Node(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
// NOLINTNEXTLINE(bugprone-exception-escape): out of memory alone, and that ends the program
Node::~Node() {
    stop();
}

Result<std::unique_ptr<Node>> Node::start(config::Config config, Environment environment) {
    auto impl = std::make_unique<Impl>(std::move(config), std::move(environment));
    if (Result<> started = impl->start(); !started) {
        return started.error();  // the engine's destructor closes interface and port
    }
    return std::unique_ptr<Node>{new Node{std::move(impl)}};
}

void Node::stop() {
    impl_->stop();
}
Result<> Node::reload() {
    notify_reloading();
    Result<> reloaded = impl_->reload();
    notify_ready(reloaded ? "running" : "running; the new configuration was rejected");
    return reloaded;
}
Result<> Node::apply(const DeviceEdit& edit) {
    return impl_->apply(edit);
}
std::vector<api::Check> Node::check() {
    return impl_->check();
}
Result<> Node::check_peer(std::string_view name, PeerChecked done) {
    return impl_->check_peer(name, std::move(done));
}
void Node::end_soon() {
    impl_->end_soon();
}
api::Status Node::status() {
    return impl_->status();
}
Vitals Node::vitals() const {
    return impl_->vitals();
}
ContainerCounts Node::containers() const {
    return impl_->containers();
}
void Node::set_problems(const std::string& part, std::vector<api::Problem> problems) {
    impl_->set_problems(part, std::move(problems));
}
std::string Node::config_json() const {
    return config::to_json(impl_->config());
}
const std::string& Node::interface() const {
    return impl_->interface();
}
DeviceView Node::view(bool with_secrets) {
    return impl_->view(with_secrets);
}
Result<PingTarget> Node::ping_target(std::string_view target) {
    return impl_->ping_target(target);
}
Network& Node::network() {
    return impl_->network();
}
std::string Node::session_of(const KeyBytes& public_key) {
    return impl_->session_of(public_key);
}

}  // namespace weft::control
