// SPDX-License-Identifier: Apache-2.0
// The interface as the kernel sees it: MTU, addresses, routes. What to set is decided by pure
// functions; LinkSetup carries it out by rtnetlink. Nothing is taken down at the end: addresses and
// routes vanish with the interface. Control thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <weft/base/log.hpp>
#include <weft/base/result.hpp>
#include <weft/net/address.hpp>
#include <weft/netlink/rtnetlink.hpp>

namespace weft::control {

inline constexpr std::uint32_t kMtuDefault = 1420;
inline constexpr std::uint32_t kOuterOverhead = 80;  // IPv6 40, UDP 8, WireGuard 32
inline constexpr std::uint32_t kTxQueueLength = 1000;

/// Segments that a super-packet may have so that, sealed, it fits one train.
[[nodiscard]] std::uint32_t gso_segments_for(std::uint32_t mtu);

/// The inner MTU for an underlay of these links. `towards`: indices of the links that carry the
/// ways to the peers; where none of them counts, all do. Loopback, containers' ends (they have the
/// overlay's own) and links that are down never do.
[[nodiscard]] std::uint32_t mtu_for(std::span<const netlink::Link> links,
                                    const std::set<unsigned>& towards);

/// mtu_for() of this machine without weft's own interface, which may be there still; `peers` are
/// the endpoints known as numbers.
[[nodiscard]] Result<std::uint32_t> find_mtu(netlink::Rtnetlink& rtnetlink,
                                             const std::string& own,
                                             std::span<const net::IpAddress> peers);

class LinkSetup {
  public:
    LinkSetup(netlink::Rtnetlink rtnetlink, unsigned index, Log& log)
        : rtnetlink_(std::move(rtnetlink)), index_(index), log_(log) {}

    /// Addresses and routes that an earlier process has left count as added by this one.
    Result<> recall();
    Result<> configure(std::uint32_t mtu);
    /// Ensures all of `wanted`, removes what an earlier call added and is no longer wanted; what
    /// fails is left to the next call. Routes may vanish with a removed address, so sync_routes()
    /// comes after.
    Result<> sync_addresses(std::span<const net::Prefix> wanted);
    /// Ensures every wanted route, removes what is no longer wanted; what lies in one of `pools`
    /// is in the pools' own table (pool_routing.hpp). A route that cannot be added is logged once,
    /// told by failed_routes() and tried again at the next call.
    /// The values: MTUs of the routes, 0 for the interface's.
    void sync_routes(const std::map<net::Prefix, std::uint32_t>& wanted,
                     std::span<const net::Prefix> pools);
    /// Whether messages of this path would leave by another interface than the peer's came in by,
    /// or not at all (kernel socket.c, send4 and send6).
    [[nodiscard]] bool has_moved(const net::Path& path, std::uint32_t fwmark);
    /// Each with its cause.
    [[nodiscard]] const std::map<net::Prefix, Error>& failed_routes() const { return failed_; }

  private:
    Result<> add_addresses(std::span<const net::Prefix> addresses);

    netlink::Rtnetlink rtnetlink_;
    unsigned index_;
    Log& log_;
    std::set<net::Prefix> added_;                     // addresses
    std::map<net::Prefix, std::uint32_t> installed_;  // routes, with their table
    std::map<net::Prefix, Error> failed_;
};

}  // namespace weft::control
