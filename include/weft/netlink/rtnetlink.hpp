// SPDX-License-Identifier: Apache-2.0
// Links, addresses, routes and routing rules by rtnetlink (rtnetlink(7)), one request and its
// acknowledgement at a time. No libmnl: the CNI plugin links this too. All calls are idempotent
// unless they say otherwise.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <weft/base/bytes.hpp>
#include <weft/base/result.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/net/address.hpp>

namespace weft::netlink {

/// Marks the routes that weft adds ("ip route show proto 87"); not used by iproute2's rt_protos.
inline constexpr std::uint8_t kRouteProtocol = 87;

inline constexpr unsigned kAnyInterface = 0;
inline constexpr std::uint32_t kMainTable = 254;  // RT_TABLE_MAIN
/// weft's own, of what lies in the pool (control/pool_routing).
inline constexpr std::uint32_t kPoolTable = 51840;

using MacAddress = ByteArray<6>;

struct LinkSettings {
    std::uint32_t mtu = 0;               // 0: leave
    std::uint32_t tx_queue_length = 0;   // 0: leave
    std::uint32_t gso_max_segments = 0;  // 0: leave
    bool up = true;                      // false: take the interface down
};

struct Link {
    unsigned index = 0;
    std::string name;
    std::uint32_t mtu = 0;
    bool is_up = false;
    bool is_loopback = false;
    MacAddress mac{};  // zero: it has none
};

/// A pair of virtual Ethernet devices (veth(4)): one here, its peer in another namespace, both
/// down.
struct VethPair {
    std::string name;
    std::string peer;
    int peer_netns = -1;  // descriptor of the network namespace
    std::uint32_t mtu = 0;
    std::optional<MacAddress> peer_mac = {};  // nothing: the kernel's choice
};

struct Route {
    net::Prefix destination;
    unsigned interface = 0;                     // 0: none, packets are answered with unreachable
    std::optional<net::IpAddress> source = {};  // preferred source address
    std::uint8_t protocol = kRouteProtocol;
    std::optional<net::IpAddress> gateway = {};  // nothing: the destination is on the link
    std::uint32_t table = kMainTable;
    std::uint32_t mtu = 0;  // of packets that go this way; 0: the interface's
};

/// "ip rule": packets to `to` are routed by `table`.
struct Rule {
    net::Prefix to;
    std::uint32_t preference = 0;
    std::uint32_t table = kMainTable;
    /// Routes of that table with this prefix length or a shorter one do not count.
    std::optional<std::uint8_t> suppressed_length;

    friend bool operator==(const Rule&, const Rule&) = default;
};

class Rtnetlink {
  public:
    static Result<Rtnetlink> open();

    Result<> configure_link(unsigned index, const LinkSettings& settings);
    [[nodiscard]] Result<std::vector<Link>> links();
    /// nullopt: there is none of that name.
    [[nodiscard]] Result<std::optional<Link>> find_link(const std::string& name);
    /// Not idempotent. Errors: EEXIST, where there is a link of either name.
    Result<> add_veth(const VethPair& pair);
    /// With a veth goes its peer, and with both their addresses and routes. Whether there was one.
    Result<bool> remove_link(const std::string& name);
    /// The address keeps its host bits; IPv6 without duplicate address detection.
    Result<> add_address(unsigned index, const net::Prefix& address);
    /// An address (or an interface) that is not there is as good as removed.
    Result<> remove_address(unsigned index, const net::Prefix& address);
    /// All of the interface's, also those that the kernel made (fe80::/64).
    [[nodiscard]] Result<std::vector<net::Prefix>> addresses(unsigned index);
    /// Adds the route; a route of ours that is there already is left, one through another interface
    /// with the same destination is an error that names that interface.
    Result<> add_route(const Route& route);
    /// The same where there is a route of this destination: it becomes this one, whoever's it was,
    /// without a moment in between.
    Result<> replace_route(const Route& route);
    /// Removes the route of this destination, interface and protocol; none there is success.
    Result<> remove_route(const Route& route);
    /// The routes of a table that leave by this interface (kAnyInterface: by whichever), those of
    /// the kernel excepted.
    [[nodiscard]] Result<std::vector<Route>> routes(unsigned index,
                                                    std::uint32_t table = kMainTable);
    /// Of weft's protocol, or where the kernel does not tell whose a rule is, whoever's; only those
    /// with a table.
    [[nodiscard]] Result<std::vector<Rule>> rules();
    Result<> add_rule(const Rule& rule);
    Result<> remove_rule(const Rule& rule);
    /// The interface by which packets to `destination` leave, from `source` and with a mark if
    /// these are set; errors: unreachable, `source` is no address of ours.
    [[nodiscard]] Result<unsigned> interface_towards(const net::IpAddress& destination,
                                                     const net::IpAddress& source = {},
                                                     std::uint32_t mark = 0);

  private:
    explicit Rtnetlink(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
    std::uint32_t sequence_ = 0;
};

}  // namespace weft::netlink
