// SPDX-License-Identifier: Apache-2.0
// The node's guards while the daemon runs: nftables' tables and the pool's routing as the
// configuration and the network want them, put back when somebody else has removed them, and what
// they have dropped. They stay when the daemon ends; weft down removes them (guard.hpp). The socket
// that owns the tables is kept by the service manager (DescriptorStore), so that a crash leaves
// them ours. Control thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <weft/api/status.hpp>
#include <weft/base/clock.hpp>
#include <weft/base/log.hpp>
#include <weft/base/result.hpp>
#include <weft/config/config.hpp>
#include <weft/control/descriptor_store.hpp>
#include <weft/firewall/monitor.hpp>
#include <weft/firewall/nftables.hpp>
#include <weft/netlink/route_monitor.hpp>
#include <weft/netlink/rtnetlink.hpp>

namespace weft::control {

/// What the network and the node's place in it are to the guards; in no network nothing.
struct Site {
    std::vector<net::Prefix> pools;
    std::vector<net::Prefix> blocks;  // the node's own
    std::vector<net::Prefix> routed;  // behind it, by its certificate
    std::vector<net::Prefix> guests;  // of configured peers
};

/// What the configuration and the network want; `allowed` are the configured ones.
[[nodiscard]] firewall::Ruleset ruleset_of(const config::Config& config,
                                           std::uint16_t listen_port,
                                           const Site& site);

class Firewall {
  public:
    struct Parts {
        boost::asio::io_context& loop;  // outlives it, as does `log`
        Log& log;
        DescriptorStore& store;
        unsigned interface;  // weft's, its index
        /// Routes, rules or addresses of weft's are gone: the caller puts back what is the link's.
        std::function<void()> on_routing_lost;
        /// Packets of weft's that others' chains may drop.
        std::function<std::vector<firewall::Probe>()> probes;
    };
    explicit Firewall(Parts parts);
    ~Firewall() { stop(); }  // NOLINT(bugprone-exception-escape): a timer that cannot be cancelled
    Firewall(const Firewall&) = delete;
    Firewall& operator=(const Firewall&) = delete;

    /// Brings it about; what cannot be is a problem and tried again. The same again does nothing.
    void set(const config::Config& config, std::uint16_t listen_port, const Site& site);
    /// For lockdown, beside the configured ones: the machines that discovery has found.
    void set_allowed(std::vector<net::Prefix> machines);
    /// For lockdown: who may come with a token that is alive; a default route is everybody.
    void set_invited(std::vector<net::Prefix> prefixes);
    /// With firewall.open_others, where the probes are others now: opens what drops them. Others'
    /// changes are noticed.
    void open_others();
    /// Each few seconds: reads the counters, tries again what has failed.
    void tick();
    /// Reads the counters: before they are asked for.
    void observe();
    /// Watches no longer; the guards stay.
    void stop();

    /// The pools whose routes are in the pools' table.
    [[nodiscard]] std::span<const net::Prefix> guarded() const { return guarded_; }
    /// Whether nobody else can change the tables.
    [[nodiscard]] bool owned() const { return nftables_ && applied_ && nftables_->owned(); }
    /// Whether what others remove is put back.
    [[nodiscard]] bool watched() const { return monitor_ && route_monitor_; }
    /// Nothing: routing and tables are in force.
    [[nodiscard]] const Error* failure() const;
    /// "firewall_REASON" to packets, since the start.
    void add_drops(std::map<std::string, std::uint64_t>& out) const;
    void add_problems(std::vector<api::Problem>& out) const;
    /// How often something of it was put back after others had removed it.
    [[nodiscard]] std::uint64_t restored() const { return restored_; }

  private:
    struct Watched {
        explicit Watched(boost::asio::io_context& loop) : descriptor(loop) {}
        boost::asio::posix::stream_descriptor descriptor;  // a duplicate of the monitor's
        std::function<void()> on_notice;
    };

    void watch(Watched& watched, int fd, std::function<void()> on_notice);
    void wait(Watched& watched);
    void watch_rules();
    void watch_routes();
    void repair_soon();
    void repair();
    void route_pools(std::span<const net::Prefix> pools);
    Result<> try_route_pools(std::span<const net::Prefix> pools, bool is_clean);
    void name_other_owner(Error& error);
    [[nodiscard]] Result<firewall::Nftables> open_nftables();
    void apply();
    void change_allowed();
    void set_open(std::uint16_t port);
    [[nodiscard]] bool opens_others() const { return open_port_.value_or(0) != 0; }
    void add_lacks(std::vector<api::Problem>& out) const;
    [[nodiscard]] std::vector<net::Prefix> all_allowed() const;
    void add_counts(const firewall::DropCounts& counts);

    Parts parts_;
    std::optional<firewall::Nftables> nftables_;
    std::optional<firewall::Monitor> monitor_;
    std::optional<netlink::RouteMonitor> route_monitor_;
    std::optional<netlink::Rtnetlink> rtnetlink_;
    Watched rules_notices_;
    Watched route_notices_;
    boost::asio::steady_timer timer_;
    bool repair_due_ = false;
    bool rules_lost_ = false;
    bool routing_lost_ = false;
    bool others_changed_ = false;
    Time repaired_;
    unsigned repairs_ = 0;  // without a pause
    std::uint64_t restored_ = 0;

    firewall::Ruleset wanted_;  // `allowed`: all of them
    bool exclusive_ = true;
    bool applied_ = false;                    // wanted_ is in force
    std::optional<std::uint16_t> open_port_;  // others' chains are opened for it; 0: for none
    std::vector<net::Prefix> configured_;
    std::vector<net::Prefix> machines_;
    std::vector<net::Prefix> invited_;
    std::optional<std::vector<net::Prefix>> left_of_;  // only these pools' routing is there
    std::vector<net::Prefix> guarded_;
    std::optional<Error> failed_;
    std::optional<Error> routing_failed_;

    struct Drops {
        std::uint64_t total = 0;
        std::uint64_t last = 0;  // as the kernel counted it; it begins anew with each table
        std::optional<Time> risen;
    };
    std::map<std::string, Drops> drops_;
};

}  // namespace weft::control
