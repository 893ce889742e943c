// SPDX-License-Identifier: Apache-2.0
// See firewall.hpp. Control thread.
#include "firewall.hpp"

#include <algorithm>
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
/// After so many, with no pause of kCalmAfter in between, half as often; 3.2 s apart at most.
constexpr unsigned kRepairsInARow = 128;
constexpr unsigned kDoublingsMost = 6;
constexpr std::chrono::seconds kCalmAfter{10};

constexpr std::string_view kOwnerSocket = "nft-owner";  // in the service manager's store

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
    ruleset.notrack = config.firewall.notrack;
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
    if (nftables_ && opens_others()) {
        set_open(0);
    }
    boost::system::error_code ignored;
    timer_.cancel();
    rules_notices_.descriptor.close(ignored);
    route_notices_.descriptor.close(ignored);
}

// ---- What shall be -----------------------------------------------------------------------------

void Firewall::set(const config::Config& config, std::uint16_t listen_port, const Site& site) {
    firewall::Ruleset ruleset = ruleset_of(config, listen_port, site);
    configured_ = std::exchange(ruleset.allowed, {});
    ruleset.allowed = ruleset.lockdown ? all_allowed() : std::vector<net::Prefix>{};
    route_pools(ruleset.pools);
    const std::uint16_t open_port =
        config.firewall.enabled && config.firewall.open_others ? listen_port : std::uint16_t{0};
    const bool same = applied_ && ruleset == wanted_ && exclusive_ == config.firewall.exclusive;
    if (!same) {
        wanted_ = std::move(ruleset);
        exclusive_ = config.firewall.exclusive;
        apply();
    }
    if (!same || open_port != open_port_) {
        set_open(open_port);
    }
}

/// What an earlier run has left goes too, and so does the rule of another port.
void Firewall::set_open(std::uint16_t port) {
    const bool is_stale = !open_port_ || (*open_port_ != 0 && *open_port_ != port);
    open_port_ = port;
    if (nftables_ && is_stale) {
        if (Result<> closed = nftables_->close_others(); !closed) {
            parts_.log.warn("others_not_closed", {{"cause", closed.error().message()}});
        }
    }
    open_others();
}

void Firewall::open_others() {
    if (!nftables_ || !opens_others()) {
        return;
    }
    watch_rules();
    const Result<std::size_t> opened = nftables_->open_others(parts_.probes());
    if (!opened) {
        parts_.log.warn("others_not_opened", {{"cause", opened.error().message()}});
    } else if (*opened != 0) {
        parts_.log.info("others_opened", {{"rules", std::to_string(*opened)}});
    }
}

/// Routing first: it holds where there is no nftables.
void Firewall::route_pools(std::span<const net::Prefix> pools) {
    const bool is_clean =
        left_of_ && std::equal(pools.begin(), pools.end(), left_of_->begin(), left_of_->end());
    if (pools.empty() && is_clean) {
        return;
    }
    guarded_.assign(pools.begin(), pools.end());
    const Result<> routed = try_route_pools(pools, is_clean);
    if (!routed && !routing_failed_) {
        parts_.log.error("pool_not_routed", {{"cause", routed.error().message()}});
    }
    routing_failed_ = routed ? std::nullopt : std::optional{routed.error()};
    if (!pools.empty()) {
        watch_routes();
    }
}

/// New ones first, so that there is no moment without.
Result<> Firewall::try_route_pools(std::span<const net::Prefix> pools, bool is_clean) {
    if (!rtnetlink_) {
        Result<netlink::Rtnetlink> opened = netlink::Rtnetlink::open();
        if (!opened) {
            return opened.error();
        }
        rtnetlink_ = std::move(*opened);
    }
    Result<std::vector<net::Prefix>> routed = ensure_pool_routing(*rtnetlink_, pools);
    if (!routed) {
        return routed.error();
    }
    guarded_ = std::move(*routed);
    if (is_clean) {
        return {};
    }
    Result<> removed = remove_pool_routing(*rtnetlink_, pools);
    if (removed) {
        left_of_.emplace(pools.begin(), pools.end());
    }
    return removed;
}

Result<firewall::Nftables> Firewall::open_nftables() {
    if (UniqueFd kept = parts_.store.take(kOwnerSocket); kept.valid()) {
        Result<firewall::Nftables> adopted = firewall::Nftables::adopt(std::move(kept));
        if (adopted) {
            return adopted;
        }
        parts_.log.warn("kept_socket_unusable", {{"cause", adopted.error().message()}});
    }
    Result<firewall::Nftables> opened = firewall::Nftables::open();
    if (opened) {
        parts_.store.keep(kOwnerSocket, opened->fd());
    }
    return opened;
}

void Firewall::apply() {
    applied_ = false;
    failed_.reset();
    const bool is_first = !nftables_;
    if (is_first) {
        Result<firewall::Nftables> opened = open_nftables();
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
                name_other_owner(*failed_);
            }
        }
        for (auto& [reason, drops] : drops_) {
            drops.last = failed_ ? drops.last : 0;
        }
    }
    if (failed_) {
        parts_.log.error("firewall_not_set", {{"cause", failed_->message()}});
        return;
    }
    applied_ = true;
    if (!wanted_.empty()) {
        watch_rules();
    }
}

/// The kernel says only that it is not allowed.
void Firewall::name_other_owner(Error& error) {
    const auto counts = nftables_->drops();
    if (error.code.value() == EPERM && counts && !counts->empty()) {
        error.cause += ": another weftd holds nftables' table inet weft";
        error.remedy = "one weftd for each network namespace: end the other one";
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

void Firewall::watch_rules() {
    if (!monitor_) {
        if (Result<firewall::Monitor> opened = firewall::Monitor::open()) {
            monitor_ = std::move(*opened);
            watch(rules_notices_, monitor_->fd(), [this] {
                const auto changes = monitor_->take_foreign_changes(nftables_->port());
                rules_lost_ = rules_lost_ || changes.ours;
                others_changed_ = others_changed_ || (changes.theirs && opens_others());
            });
        } else {
            parts_.log.warn("firewall_not_watched", {{"cause", opened.error().message()}});
        }
    }
}

void Firewall::watch_routes() {
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
                                      if (rules_lost_ || routing_lost_ || others_changed_) {
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
    if (BootClock::now() - repaired_ > kCalmAfter) {
        repairs_ = 0;
    }
    const Duration pause =
        kRepairEvery * (1 << std::min(repairs_ / kRepairsInARow, kDoublingsMost));
    timer_.expires_after(
        std::max<Duration>(repaired_ + pause - BootClock::now(), Duration::zero()));
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) {
            repair();
        }
    });
}

void Firewall::repair() {
    repair_due_ = false;
    ++repairs_;
    repaired_ = BootClock::now();
    if (std::exchange(routing_lost_, false)) {
        route_pools(wanted_.pools);
        restored_ += routing_failed_ ? 0U : 1U;
        parts_.on_routing_lost();
    }
    if (std::exchange(rules_lost_, false) && !wanted_.empty()) {
        apply();
        if (applied_) {
            ++restored_;
            parts_.log.warn("firewall_restored",
                            {{"cause", "somebody else changed nftables' tables of weft"}});
        }
    }
    if (std::exchange(others_changed_, false)) {
        open_others();
    }
}

// ---- What there is to say ----------------------------------------------------------------------

void Firewall::tick() {
    observe();
    if (failed_) {
        apply();
    }
    route_pools(wanted_.pools);
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

const Error* Firewall::failure() const {
    return routing_failed_ ? &*routing_failed_ : failed_ ? &*failed_ : nullptr;
}

}  // namespace weft::control
