// SPDX-License-Identifier: Apache-2.0
// The node's state. What it does is in three files: node.cpp (life, changes), node_watch.cpp (each
// second), node_status.cpp (what there is to say). Control thread.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <weft/base/clock.hpp>
#include <weft/base/random.hpp>
#include <weft/control/node.hpp>
#include <weft/dataplane/engine.hpp>
#include <weft/netlink/route_monitor.hpp>

#include "endpoint_names.hpp"
#include "link_setup.hpp"
#include "live_peers.hpp"
#include "peer_watch.hpp"
#include "reconcile.hpp"
#include "resolver.hpp"
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
    [[nodiscard]] Result<PingTarget> ping_target(std::string_view target);
    [[nodiscard]] std::string session_of(const KeyBytes& public_key);
    [[nodiscard]] const std::string& interface() const { return engine_->interface(); }
    [[nodiscard]] DeviceView view(bool with_secrets);
    [[nodiscard]] const config::Config& config() const { return config_; }

  private:
    Result<> start_engine();
    Result<> apply_desired(Desired desired);
    [[nodiscard]] Desired in_force();
    void forget_absent_peers();
    void sync_routes();
    void repair_link();

    // ---- Each second: node_watch.cpp ---------------------------------------------------------
    void arm_timer();
    void on_tick();
    void observe_peers();
    void check_sources();
    void keep_timestamps();
    void greet_peers();
    void ask_names();
    void take_answers();

    [[nodiscard]] std::string name_of(const KeyBytes& public_key) const;
    [[nodiscard]] api::PeerStatus status_of(const PeerView& peer) const;
    void add_peer_problems(const DeviceView& device, std::vector<api::Problem>& out) const;
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

    std::map<KeyBytes, DesiredPeer> peers_;  // of the configuration, without those removed by wg
    std::vector<net::Prefix> addresses_;     // of the configuration
    std::set<net::Prefix> skipped_routes_;   // told already
    Resolver resolver_;
    EndpointNames names_;
    PeerWatch watch_;
    TimestampFile timestamps_;
    LivePeers live_peers_;
    std::vector<LivePeers::Peer> to_greet_;  // of the last run, not called yet
    std::vector<PeerSample> samples_;        // of the last look
    Time routes_tried_;

    std::optional<Error> rejected_;              // the last reload's configuration
    std::optional<Error> addresses_failed_;      // of the last reload
    config::Config boot_;                        // what restart_required() compares with
    std::vector<std::string> restart_required_;  // settings

    boost::asio::steady_timer timer_;
};

}  // namespace weft::control
