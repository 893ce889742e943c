// SPDX-License-Identifier: Apache-2.0
// See firewall.hpp. Control thread.
#include "firewall.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include <fcntl.h>

#include "pool_routing.hpp"
#include "reconcile.hpp"

namespace weft::control {
namespace {

/// Between two repairs, so that nobody who removes things for ever keeps us busy for ever. With a
/// transaction's own time well within 200 ms.
constexpr std::chrono::milliseconds kRepairEvery{50};
/// For how long a counter that has risen is a problem.
constexpr std::chrono::minutes kToldFor{10};

struct Explanation {
    std::string_view reason;
    const char* severity;
    const char* cause;
    const char* remedy;
};
constexpr std::array kExplanations = {
    Explanation{"inbound",
                "warning",
                "packets with overlay addresses came from outside the tunnel: somebody on the "
                "underlay tries to reach containers",
                "nothing got in; to see who it is: tcpdump -ni any not port 51840 and net POOL"},
    Explanation{"outbound",
                "warning",
                "packets to overlay addresses were about to leave outside the tunnel: another "
                "route or rule takes them",
                "nothing got out; find what is before weft's rules: ip rule, ip route get ADDRESS"},
    Explanation{"unmasqueraded",
                "info",
                "containers' packets were about to leave with overlay addresses, as what connection "
                "tracking takes for invalid",
                "nothing got out; where firewall.masquerade is false, masquerade them yourself"},
    Explanation{"exit",
                "warning",
                "members of the overlay sent packets for networks outside of it by this node",
                "nothing got through; if they may: a certificate that names it: weft cert sign --route PREFIX"},
    Explanation{"spoofed",
                "warning",
                "a container sent packets with an address that is not its own",
                "find it: nft list chain inet weft from_containers, tcpdump -ni wv…"},
    Explanation{"arp",
                "info",
                "somebody on the underlay asks for overlay addresses by ARP",
                "nothing answers; tcpdump -ni any arp shows who it is"},
    Explanation{"metadata",
                "info",
                "a container tried to reach the provider's metadata address",
                "if it may: firewall.metadata"},
    Explanation{"loopback",
                "warning",
                "packets to this machine's loopback address came from outside",
                "nothing got in; sysctl net.ipv4.conf.all.route_localnet should be 0"},
    Explanation{"lockdown",
                "info",
                "machines that are not allowed sent to weft's port",
                "if they may: firewall.allow"},
};

}  // namespace

firewall::Ruleset ruleset_of(const config::Config& config,
                             std::uint16_t listen_port,
                             const Site& site) {
    firewall::Ruleset ruleset;
    if (!config.firewall.enabled) {
        return ruleset;
    }
    ruleset.interface = config.node.interface;
    ruleset.listen_port = listen_port;
    ruleset.pools = site.pools;
    ruleset.blocks = site.blocks;
    ruleset.routed = site.routed;
    ruleset.guests = site.guests;
    ruleset.masquerade = config.firewall.masquerade;
    ruleset.mss_clamp = config.firewall.mss_clamp;
    ruleset.metadata_allowed = config.firewall.metadata;
    ruleset.lockdown = config.firewall.lockdown;
    if (!ruleset.lockdown) {
        return ruleset;
    }
    ruleset.allowed = config.firewall.allow;
    for (const config::PeerConfig& peer : config.peers) {  // the operator's word too
        const auto endpoint = peer.endpoint ? numeric_endpoint(*peer.endpoint) : std::nullopt;
        if (endpoint) {
            ruleset.allowed.push_back(net::Prefix::host(endpoint->address));
        }
    }
    return ruleset;
}

Firewall::Firewall(Parts parts)
    : parts_(std::move(parts)),
      rules_notices_(parts_.loop),
      route_notices_(parts_.loop),
      timer_(parts_.loop) {}

void Firewall::stop() {
    boost::system::error_code ignored;
    timer_.cancel();
    rules_notices_.descriptor.close(ignored);
    route_notices_.descriptor.close(ignored);
}

// ---- What shall be -----------------------------------------------------------------------------

void Firewall::set(const config::Config& config,
                   std::uint16_t listen_port,
                   const Site& site) {
    firewall::Ruleset ruleset = ruleset_of(config, listen_port, site);
    configured_ = std::exchange(ruleset.allowed, {});
    ruleset.allowed = ruleset.lockdown ? all_allowed() : std::vector<net::Prefix>{};
    if (!std::exchange(was_set_, true) && ruleset.pools.empty()) {
        guarded_ = site.pools;  // by an earlier run, perhaps
    }
    route_pools(ruleset.pools);
    if (applied_ && ruleset == wanted_ && exclusive_ == config.firewall.exclusive) {
        return;
    }
    wanted_ = std::move(ruleset);
    exclusive_ = config.firewall.exclusive;
    apply();
}

/// Routing first: it holds where there is no nftables.
void Firewall::route_pools(std::span<const net::Prefix> pools) {
    if (pools.empty() && guarded_.empty()) {
        return;
    }
    if (!rtnetlink_) {
        Result<netlink::Rtnetlink> opened = netlink::Rtnetlink::open();
        if (!opened) {
            routing_failed_ = opened.error();
            return;
        }
        rtnetlink_ = std::move(*opened);
    }
    std::vector<net::Prefix> gone;
    std::copy_if(guarded_.begin(), guarded_.end(), std::back_inserter(gone), [&](const auto& pool) {
        return std::find(pools.begin(), pools.end(), pool) == pools.end();
    });
    Result<> routed = remove_pool_routing(*rtnetlink_, gone);
    if (routed) {
        routed = ensure_pool_routing(*rtnetlink_, pools);
    }
    routing_failed_ = routed ? std::nullopt : std::optional{routed.error()};
    if (!routed) {
        parts_.log.error("pool_not_routed", {{"cause", routed.error().message()}});
    }
    guarded_.assign(pools.begin(), pools.end());
}

void Firewall::apply() {
    applied_ = false;
    failed_.reset();
    const bool is_first = !nftables_;
    if (is_first) {
        Result<firewall::Nftables> opened = firewall::Nftables::open();
        if (opened) {
            nftables_ = std::move(*opened);
        } else if (!wanted_.empty()) {
            failed_ = opened.error();
        }
    }
    if (nftables_) {
        observe();  // what was counted is gone with the table
        const bool nothing_there = is_first && drops_.empty();
        if (!wanted_.empty() || !nothing_there) {
            const auto ownership =
                exclusive_ ? firewall::Ownership::kOurs : firewall::Ownership::kShared;
            if (Result<> done = nftables_->apply(wanted_, ownership); !done) {
                failed_ = done.error();
            }
        }
        for (auto& [reason, drops] : drops_) {
            drops.last = 0;
        }
    }
    if (failed_) {
        parts_.log.error("firewall_not_set", {{"cause", failed_->message()}});
        return;
    }
    applied_ = true;
    if (!wanted_.empty()) {
        start_watching();
    }
}

void Firewall::set_allowed(std::vector<net::Prefix> machines) {
    machines_ = std::move(machines);
    change_allowed();
}

void Firewall::set_invited(std::vector<net::Prefix> prefixes) {
    if (prefixes != invited_) {
        invited_ = std::move(prefixes);
        change_allowed();
    }
}

std::vector<net::Prefix> Firewall::all_allowed() const {
    std::vector<net::Prefix> all = configured_;
    all.insert(all.end(), machines_.begin(), machines_.end());
    all.insert(all.end(), invited_.begin(), invited_.end());
    return all;
}

void Firewall::change_allowed() {
    if (!wanted_.lockdown) {
        return;
    }
    std::vector<net::Prefix> allowed = all_allowed();
    if (allowed == wanted_.allowed && applied_) {
        return;
    }
    wanted_.allowed = std::move(allowed);
    if (!applied_ || !nftables_->replace_allowed(wanted_)) {
        apply();
    }
    parts_.log.info("lockdown_changed", {{"prefixes", std::to_string(wanted_.allowed.size())}});
}

// ---- What others remove ------------------------------------------------------------------------

void Firewall::start_watching() {
    if (!monitor_) {
        if (Result<firewall::Monitor> opened = firewall::Monitor::open()) {
            monitor_ = std::move(*opened);
            watch(rules_notices_, monitor_->fd(), [this] {
                rules_lost_ = monitor_->take_foreign_changes(nftables_->port()) || rules_lost_;
            });
        } else {
            parts_.log.warn("firewall_not_watched", {{"cause", opened.error().message()}});
        }
    }
    if (!route_monitor_) {
        if (Result<netlink::RouteMonitor> opened = netlink::RouteMonitor::open()) {
            route_monitor_ = std::move(*opened);
            watch(route_notices_, route_monitor_->fd(), [this] {
                routing_lost_ = route_monitor_->take_losses(parts_.interface) || routing_lost_;
            });
        } else {
            parts_.log.warn("routes_not_watched", {{"cause", opened.error().message()}});
        }
    }
}

void Firewall::watch(Watched& watched, int fd, std::function<void()> on_notice) {
    const int own = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0) {
        parts_.log.warn("firewall_not_watched",
                        {{"cause", errno_error(errno, "watching netlink").message()}});
        return;
    }
    watched.on_notice = std::move(on_notice);
    watched.descriptor.assign(own);
    wait(watched);
}

void Firewall::wait(Watched& watched) {
    watched.descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                  [this, &watched](const boost::system::error_code& error) {
                                      if (error) {
                                          return;
                                      }
                                      watched.on_notice();
                                      if (rules_lost_ || routing_lost_) {
                                          repair_soon();
                                      }
                                      wait(watched);
                                  });
}

void Firewall::repair_soon() {
    if (repair_due_) {
        return;
    }
    repair_due_ = true;
    timer_.expires_after(
        std::max<Duration>(repaired_ + kRepairEvery - BootClock::now(), Duration::zero()));
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) {
            repair();
        }
    });
}

void Firewall::repair() {
    repair_due_ = false;
    repaired_ = BootClock::now();
    if (std::exchange(routing_lost_, false)) {
        route_pools(wanted_.pools);
        parts_.on_routing_lost();
    }
    if (std::exchange(rules_lost_, false) && !wanted_.empty()) {
        apply();
        if (applied_) {
            parts_.log.warn("firewall_restored",
                            {{"cause", "somebody else changed nftables' tables of weft"}});
        }
    }
}

// ---- What there is to say ----------------------------------------------------------------------

void Firewall::tick() {
    observe();
    if (failed_) {
        apply();
    }
    if (routing_failed_) {
        route_pools(wanted_.pools);
    }
}

void Firewall::observe() {
    if (!nftables_) {
        return;
    }
    if (const auto counts = nftables_->drops()) {
        add_counts(*counts);
    }
}

void Firewall::add_counts(const firewall::DropCounts& counts) {
    for (const auto& [reason, count] : counts) {
        Drops& drops = drops_[reason];
        const std::uint64_t more = count >= drops.last ? count - drops.last : count;
        drops.last = count;
        drops.total += more;
        if (more != 0) {
            drops.risen = BootClock::now();
        }
    }
}

void Firewall::add_drops(std::map<std::string, std::uint64_t>& out) const {
    for (const auto& [reason, drops] : drops_) {
        out["firewall_" + reason] = drops.total;
    }
}

void Firewall::add_problems(std::vector<api::Problem>& out) const {
    if (routing_failed_) {
        out.push_back({"pool_not_routed",
                       "error",
                       "routing",
                       routing_failed_->cause,
                       routing_failed_->remedy});
    }
    if (failed_) {
        out.push_back({"firewall_not_set", "error", "nftables", failed_->cause, failed_->remedy});
    }
    for (const Explanation& each : kExplanations) {
        const auto found = drops_.find(std::string{each.reason});
        if (found == drops_.end() || !found->second.risen ||
            BootClock::now() - *found->second.risen > kToldFor) {
            continue;
        }
        out.push_back({"firewall_" + found->first,
                       each.severity,
                       std::to_string(found->second.total) + " dropped",
                       each.cause,
                       each.remedy});
    }
}

}  // namespace weft::control
