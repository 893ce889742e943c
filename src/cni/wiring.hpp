// SPDX-License-Identifier: Apache-2.0
// A container's interface: a veth pair, addresses at both ends, routes (design: containers).
//
//   container                          host                          weft0
//   eth0  10.44.0.7/32       ── veth ── wv…  10.44.0.1/32, fe80::1    10.44.0.1/32
//         default via 10.44.0.1              10.44.0.7/32 dev wv…
//         default via fe80::1                fd44::7/128  dev wv…
//
// No bridge: each end answers ARP and neighbour discovery for the gateway alone, and every packet
// of a container is routed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <weft/ipam/ledger.hpp>
#include <weft/netlink/rtnetlink.hpp>

#include "failure.hpp"
#include "namespace.hpp"
#include "result.hpp"
#include "undo.hpp"

namespace weft::cni {

/// The host's end of every veth, as containers see it.
[[nodiscard]] net::IpAddress gateway6();

struct Wiring {
    std::string link;  // the host's end
    std::string interface;
    std::string sandbox;  // path of the namespace
    std::uint32_t mtu = 0;
    std::uint32_t gso_max_segments = 0;
    std::optional<netlink::MacAddress> mac;
    ipam::Addresses addresses;  // at most one of each family
    net::IpAddress gateway4;
};

/// Makes all of it; what is made is on `undo`. Errors: there is such an interface (4), a route to
/// one of the addresses (102), the kernel's (5).
[[nodiscard]] Outcome<Attached> wire(netlink::Rtnetlink& host,
                                     const Netns& netns,
                                     const Wiring& wiring,
                                     UndoStack& undo);

/// Whether all of it is there; changes nothing.
[[nodiscard]] Outcome<> check_wired(netlink::Rtnetlink& host,
                                    const Netns& netns,
                                    const Wiring& wiring,
                                    const std::string& expected_mac);

/// An rtnetlink socket of the container's namespace.
[[nodiscard]] Outcome<netlink::Rtnetlink> open_inside(const Netns& netns);

}  // namespace weft::cni
