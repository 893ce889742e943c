// SPDX-License-Identifier: Apache-2.0
// The node's state. What it does is in seven files: node.cpp (life, changes), node_network.cpp
// (what the network it is in makes of it), node_watch.cpp (each second), node_status.cpp (what
// there is to say), node_problems.cpp (what is wrong in the network), node_check.cpp (what may be
// wrong), node_peer_check.cpp (between two). Control thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <weft/base/clock.hpp>
#include <weft/base/random.hpp>
#include <weft/control/node.hpp>
#include <weft/dataplane/engine.hpp>
#include <weft/netlink/route_monitor.hpp>

#include "discovered.hpp"
#include "endpoint_names.hpp"
#include "firewall.hpp"
#include "link_setup.hpp"
#include "live_peers.hpp"
#include "loss_meter.hpp"
#include "network_impl.hpp"
#include "node_file_writer.hpp"
#include "overlay.hpp"
#include "own_names.hpp"
#include "path_probes.hpp"
#include "peer_check.hpp"
#include "peer_watch.hpp"
#include "reconcile.hpp"
#include "resolver.hpp"
#include "surroundings.hpp"
#include "timestamp_file.hpp"

namespace weft::control {

class Node::Impl {
  public:
    Impl(config::Config config, Environment environment);

    // ---- Life and changes: node.cpp ----------------------------------------------------------
    Result<> start();
    void stop();
    Result<> reload();
    Result<> apply(const DeviceEdit& edit);

    // ---- What there is to say: node_status.cpp -----------------------------------------------
    [[nodiscard]] api::Status status();
    [[nodiscard]] Vitals vitals() const;
    [[nodiscard]] ContainerCounts containers() const;
    void set_problems(const std::string& part, std::vector<api::Problem> problems) {
        told_[part] = std::move(problems);
    }
    [[nodiscard]] std::vector<api::Check> check();                 // node_check.cpp
    Result<> check_peer(std::string_view name, PeerChecked done);  // node_peer_check.cpp
    void end_soon();
    [[nodiscard]] Result<PingTarget> ping_target(std::string_view target);
    [[nodiscard]] std::string session_of(const KeyBytes& public_key);
    [[nodiscard]] const std::string& interface() const { return engine_->interface(); }
    [[nodiscard]] DeviceView view(bool with_secrets);
    [[nodiscard]] const config::Config& config() const { return config_; }
    [[nodiscard]] Network& network() {
        settle();
        return *network_;
    }

  private:
    Result<> start_engine();
    Result<> apply_desired(Desired desired);
    [[nodiscard]] Desired in_force();
    [[nodiscard]] PeerMap peers_in_force(DeviceView device, bool members) const;
    /// apply_edit, with gossip's sockets let go where they are replaced.
    Result<> edit_device(const DeviceEdit& edit);
    void forget_absent_peers();
    void sync_addresses();
    void sync_routes();
    void repair_link();

    // ---- The network: node_network.cpp -------------------------------------------------------
    Result<> start_network();
    /// The private key, where the configuration names none. Errors: it names one beside the
    /// certificate's.
    Result<> take_own_key(Desired& desired, const config::Config& config);
    /// Of wg's changes: the key and the members are the network's. Errors: EPERM.
    [[nodiscard]] Result<> check_network_owns_none(const DeviceEdit& edit) const;
    [[nodiscard]] std::optional<std::string> owner_of_prefix(const net::Prefix& prefix) const;
    void reconcile_soon();
    /// What is due at once: what is shown is in force.
    void settle();
    /// Key, members, addresses and routes as the network has them now.
    void reconcile();
    /// The same without the key, which a reload has set.
    void reconcile_members();
    void sync_firewall();
    [[nodiscard]] bool is_by_overlay(const net::IpAddress& address);
    std::optional<net::IpAddress> routed_elsewhere(const net::Prefix& pool);
    [[nodiscard]] api::Check check_ip6_forwarding();
    void invite();
    void apply_own_key();
    void apply_members();
    void call_members();
    /// The configuration's names are others now.
    void set_names();
    void on_machines(std::vector<net::IpAddress> machines);
    /// Tells the network where this node is, and gossip where members may be.
    void describe_self();
    void greet_live_peers();
    [[nodiscard]] std::vector<net::Endpoint> advertised() const;
    [[nodiscard]] std::span<const net::Prefix> pools() const;
    [[nodiscard]] std::vector<net::Prefix> own_addresses() const;
    [[nodiscard]] Surroundings surroundings();
    /// For the CNI plugin; why this node cannot take containers, or "".
    [[nodiscard]] api::NodeFile node_file() const;
    [[nodiscard]] std::string why_not_ready() const;
    // node_problems.cpp
    /// Though it does not answer: what it is sent is dropped on the way.
    [[nodiscard]] bool is_heard(const identity::NodeId& member) const;
    void add_network_problems(std::vector<api::Problem>& out) const;
    void add_member_problems(std::vector<api::Problem>& out) const;
    void add_clock_problem(std::vector<api::Problem>& out) const;
    void add_state_problems(std::vector<api::Problem>& out) const;

    // ---- Between two ends: node_peer_check.cpp -----------------------------------------------
    struct PeerChecking {
        gossip::NodeId node;
        KeyBytes key{};
        std::string name;
        std::optional<net::Endpoint> to;  // nothing: no way there is known
        gossip::ProbeNumber number = 0;   // of the question
        Time began;
        Time asked;
        std::optional<api::Sight> there;
        bool there_is_final = false;
        PeerChecked done;
    };
    [[nodiscard]] std::optional<net::Endpoint> way_to(const KeyBytes& key,
                                                      const mesh::WantedPeer& member) const;
    void measure(const gossip::NodeId& node, const net::Endpoint& to);
    void arm_measuring();
    void on_measuring();
    void ask_for_sight(PeerChecking& checking, bool begins);
    void on_asked(const gossip::Actions::Asked& asked);
    void on_seen(const gossip::Actions::Seen& seen);
    void on_pinged(const gossip::Actions::PeerTime& answer);
    [[nodiscard]] api::Sight sight_of(const gossip::NodeId& node, const KeyBytes& key);
    [[nodiscard]] PeerFindings findings_of(const PeerChecking& checking, Time now);
    void conclude_checks(Time now);

    // ---- Each second: node_watch.cpp ---------------------------------------------------------
    void arm_timer();
    void on_tick();
    void observe_peers();
    void probe_paths();
    [[nodiscard]] std::map<net::Prefix, std::uint32_t> small_paths() const;
    void add_path_problems(std::vector<api::Problem>& out) const;
    void check_sources();
    void keep_timestamps();
    void greet_peers();
    void ask_names();
    void take_answers();
    void take_own_answer(const Resolver::Answer& answer);

    [[nodiscard]] std::string name_of(const KeyBytes& public_key) const;
    [[nodiscard]] api::PeerStatus status_of(const PeerView& peer) const;
    void add_peer_problems(const DeviceView& device, std::vector<api::Problem>& out) const;
    [[nodiscard]] api::Check check_interface();
    [[nodiscard]] api::Check check_offloads() const;
    [[nodiscard]] api::Check check_guards();
    [[nodiscard]] api::Check check_clock() const;
    [[nodiscard]] api::Check check_state() const;
    [[nodiscard]] api::Check check_pools();
    [[nodiscard]] api::Check check_containers() const;
    [[nodiscard]] api::Check check_ip_forwarding();
    [[nodiscard]] std::vector<firewall::Probe> foreign_probes();
    void add_foreign_checks(std::vector<api::Check>& out);
    [[nodiscard]] std::vector<api::Problem> problems(const DeviceView& device) const;

    Environment env_;
    config::Config config_;  // the last good one
    Time started_;
    SystemRandom random_;
    std::uint32_t mtu_ = 0;
    const crypto::AeadKernels* kernels_ = nullptr;
    std::vector<std::string> isa_available_;
    std::unique_ptr<dataplane::Engine> engine_;
    std::optional<LinkSetup> link_;
    std::optional<netlink::RouteMonitor> route_monitor_;
    std::optional<netlink::Rtnetlink> rtnetlink_;  // for looking around

    std::optional<Firewall> firewall_;
    Time firewall_seen_;
    std::optional<Overlay> overlay_;
    std::unique_ptr<Network> network_;
    bool reconcile_due_ = false;
    Time reconciled_;
    mesh::Caller caller_;
    std::vector<net::Endpoint> told_endpoints_;
    std::map<crypto::PublicKey, mesh::WantedPeer> members_;  // wanted at the last reconciling
    std::map<net::Prefix, std::string> shadowed_;            // members' prefixes not in force
    std::optional<Error> network_failed_;                    // what reconciling could not do
    std::optional<Error> own_key_failed_;                    // of the state
    std::uint64_t boot_id_ = 0;

    PeerMap peers_;                         // configured and members, without those removed by wg
    std::vector<net::Prefix> addresses_;    // of the configuration
    std::set<net::Prefix> skipped_routes_;  // told already
    Resolver resolver_;
    EndpointNames names_;
    OwnNames own_names_;
    PeerWatch watch_;
    LossMeter losses_;
    TimestampFile timestamps_;
    LivePeers live_peers_;
    std::optional<PathProbes> path_probes_;
    std::map<net::Prefix, std::uint32_t> small_paths_;  // routes with an MTU of their own
    NodeFileWriter node_file_;
    struct Greeting {
        LivePeers::Peer peer;
        bool in_session;  // of this run, when this node moved; else of the last run
    };
    std::vector<Greeting> to_greet_;   // not called yet
    std::vector<PeerSample> samples_;  // of the last look
    Time routes_tried_;

    std::optional<Error> rejected_;              // the last reload's configuration
    std::optional<Error> addresses_failed_;      // of the last reload
    config::Config boot_;                        // what restart_required() compares with
    std::vector<std::string> restart_required_;  // settings

    std::map<std::string, std::vector<api::Problem>> told_;  // by parts above
    LoopLag lag_;
    Time gone_round_;  // when the data plane's threads had, last

    std::vector<net::IpAddress> machines_;  // that discovery has found
    Discovered discovered_;
    boost::asio::steady_timer timer_;
    boost::asio::steady_timer reconcile_timer_;
    boost::asio::steady_timer down_timer_;
    boost::asio::steady_timer measure_timer_;
    std::map<gossip::NodeId, Measurement> measurements_;
    std::vector<PeerChecking> peer_checks_;
    bool measuring_ = false;  // the timer is armed
};

}  // namespace weft::control
