// SPDX-License-Identifier: Apache-2.0
// The node: composition root of the daemon. Owns the packet engine, the interface's addresses and
// routes, the configuration that is in force, and what there is to say about all of it.
//
//   bin/weftd  ->  Node  ->  dataplane::Engine (threads)   netlink (addresses, routes)   Resolver
//
// Threading all calls on the control thread, the one that runs `loop`. Calls do not block for long;
// names are resolved elsewhere (control/resolver).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weft/api/check.hpp>
#include <weft/api/status.hpp>
#include <weft/base/log.hpp>
#include <weft/base/result.hpp>
#include <weft/config/config.hpp>
#include <weft/control/descriptor_store.hpp>
#include <weft/control/device_edit.hpp>
#include <weft/control/network.hpp>
#include <weft/control/vitals.hpp>

namespace boost::asio {
class io_context;
}

namespace weft::control {

/// Whom a ping is for: the peer that has the address, and the address.
struct PingTarget {
    std::string peer;  // name
    KeyBytes public_key{};
    net::IpAddress address;
};

using PeerChecked = std::function<void(const std::vector<api::Check>&)>;

class Node {
  public:
    struct Environment {
        config::Paths paths;
        boost::asio::io_context& loop;  // outlives the node, as does `log`
        Log& log;
        /// The interface was removed by someone else: the daemon must end. Called once.
        std::function<void()> on_interface_lost;
        /// weft down: the daemon is to end, once the answer to it is on its way.
        std::function<void()> on_down;
        DescriptorStore& store;  // outlives the node
    };

    /// Brings everything up or leaves nothing behind.
    static Result<std::unique_ptr<Node>> start(config::Config config, Environment environment);
    ~Node();  // NOLINT(bugprone-exception-escape): see node.cpp
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    /// Stops the engine; the interface, its addresses and routes vanish with it, unless the service
    /// manager keeps them for the next one. Idempotent.
    void stop();
    /// Reads the configuration again and applies what has changed. A bad one is an error, a problem
    /// in status() and nothing else: the running one stays.
    Result<> reload();

    [[nodiscard]] api::Status status();
    [[nodiscard]] Vitals vitals() const;
    /// Reads weft-cni's files.
    [[nodiscard]] ContainerCounts containers() const;
    /// In status from now on: what `part`, which stands above the node, has to say. Replaces what
    /// it said before.
    void set_problems(const std::string& part, std::vector<api::Problem> problems);
    /// Looks for what may be wrong, on the machine too; takes some milliseconds.
    [[nodiscard]] std::vector<api::Check> check();
    /// Asks a member what it sees of this node, measures the way there from both ends, and calls
    /// `done` once, some seconds later. Errors, and no call: no such member; busy (EAGAIN).
    Result<> check_peer(std::string_view name, PeerChecked done);
    /// Has the daemon end.
    void end_soon();
    /// The configuration in force as JSON, with the origin of each value; no secrets.
    [[nodiscard]] std::string config_json() const;
    [[nodiscard]] const std::string& interface() const;

    /// The network that the node is in, or may get into.
    [[nodiscard]] Network& network();

    /// `with_secrets`: private and preshared keys too, for uid 0.
    [[nodiscard]] DeviceView view(bool with_secrets);
    /// A change by WireGuard's tools, all of it at once or an error and nothing.
    Result<> apply(const DeviceEdit& edit);

    /// `target`: a peer's name or public key, or an address in some peer's prefixes. A peer stands
    /// for the single address, or else the first one, of its first IPv4 (else IPv6) prefix.
    [[nodiscard]] Result<PingTarget> ping_target(std::string_view target);
    /// "up" | "handshaking" | "none"
    [[nodiscard]] std::string session_of(const KeyBytes& public_key);

  private:
    class Impl;
    explicit Node(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::control
