// SPDX-License-Identifier: Apache-2.0
// See wiring.hpp.
#include "wiring.hpp"

#include <algorithm>
#include <cerrno>

#include "environment.hpp"

namespace weft::cni {
namespace {

using net::IpAddress;
using net::Prefix;
using netlink::Link;
using netlink::Rtnetlink;

Prefix everything(const IpAddress& like) {
    return {IpAddress::unspecified(like.family()), 0};
}

const IpAddress& gateway_of(const IpAddress& address, const Wiring& wiring) {
    static const IpAddress v6 = gateway6();
    return address.is_v4() ? wiring.gateway4 : v6;
}

bool has_ipv6(const Wiring& wiring) {
    return std::any_of(wiring.addresses.begin(),
                       wiring.addresses.end(),
                       [](const IpAddress& address) { return !address.is_v4(); });
}

Outcome<> io(const Result<>& done) {
    if (!done) {
        return failure_of(Code::kIo, done.error());
    }
    return {};
}

Outcome<Link> need_link(Rtnetlink& netlink, const std::string& name) {
    const Result<std::optional<Link>> link = netlink.find_link(name);
    if (!link) {
        return failure_of(Code::kIo, link.error());
    }
    if (!*link) {
        return Failure{Code::kIo, "interface " + name + " is not there"};
    }
    return **link;
}

/// A link of our name that is there already is what a killed call left: its container's end is not
/// where this one's is to be.
Outcome<> add_pair(Rtnetlink& host, const netlink::VethPair& pair) {
    for (const bool is_last : {false, true}) {
        const Result<> added = host.add_veth(pair);
        if (added) {
            return {};
        }
        if (added.error().code.value() != EEXIST || is_last) {
            return failure_of(Code::kIo, added.error());
        }
        if (const Result<bool> removed = host.remove_link(pair.name); !removed || !*removed) {
            return failure_of(removed ? Code::kBadEnvironment : Code::kIo,
                              removed ? added.error() : removed.error());
        }
    }
    return {};
}

/// The gateway's addresses and one route for each of the container's.
Outcome<> wire_host(Rtnetlink& host, const Link& link, const Wiring& wiring) {
    try_sysctl("ipv6/conf/" + wiring.link + "/accept_ra", "0");  // a container is no router
    if (Outcome<> up = io(host.configure_link(link.index, {})); !up) {
        return up;
    }
    for (const IpAddress& address : wiring.addresses) {
        constexpr std::uint8_t kLinkLocalLength = 64;
        const Prefix gateway =
            address.is_v4() ? Prefix::host(wiring.gateway4) : Prefix{gateway6(), kLinkLocalLength};
        if (Outcome<> added = io(host.add_address(link.index, gateway)); !added) {
            return added;
        }
        const Result<> routed = host.add_route({Prefix::host(address), link.index});
        if (!routed) {
            return failure_of(
                routed.error().code.value() == EEXIST ? Code::kAddressTaken : Code::kIo,
                routed.error());
        }
    }
    return {};
}

Outcome<> wire_inside(Rtnetlink& inside, const Link& link, const Wiring& wiring) {
    netlink::LinkSettings settings;
    settings.gso_max_segments = wiring.gso_max_segments;
    if (Outcome<> up = io(inside.configure_link(link.index, settings)); !up) {
        return up;
    }
    for (const IpAddress& address : wiring.addresses) {
        if (Outcome<> added = io(inside.add_address(link.index, Prefix::host(address))); !added) {
            return added;
        }
        const IpAddress& gateway = gateway_of(address, wiring);
        const netlink::Route onto_link{
            Prefix::host(gateway), link.index, {}, netlink::kRouteProtocol};
        const netlink::Route way_out{
            everything(address), link.index, {}, netlink::kRouteProtocol, gateway};
        if (address.is_v4()) {  // fe80::/64 is on the link by itself
            if (Outcome<> routed = io(inside.add_route(onto_link)); !routed) {
                return routed;
            }
        }
        if (Outcome<> routed = io(inside.add_route(way_out)); !routed) {
            return routed;
        }
    }
    return {};
}

Attached attached(const Wiring& wiring, const Link& host, const Link& inside) {
    Attached result;
    result.interfaces = {{wiring.link, mac_text(host.mac), wiring.mtu, {}},
                         {wiring.interface, mac_text(inside.mac), wiring.mtu, wiring.sandbox}};
    for (const IpAddress& address : wiring.addresses) {
        const IpAddress& gateway = gateway_of(address, wiring);
        result.addresses.push_back({Prefix::host(address), gateway, 1});
        result.routes.push_back({everything(address), gateway});
    }
    return result;
}

// ---- CHECK --------------------------------------------------------------------------------------

Failure missing(const std::string& what) {
    return {Code::kIo, what + " is not there any more", "DEL and ADD make it anew"};
}

Outcome<> check_address(Rtnetlink& netlink, const Link& link, const IpAddress& address) {
    const Result<std::vector<Prefix>> addresses = netlink.addresses(link.index);
    if (!addresses) {
        return failure_of(Code::kIo, addresses.error());
    }
    if (std::none_of(addresses->begin(), addresses->end(), [&](const Prefix& prefix) {
            return prefix.address == address;
        })) {
        return missing("address " + address.to_string() + " on " + link.name);
    }
    return {};
}

Outcome<> check_route(Rtnetlink& netlink, const Link& link, const Prefix& destination) {
    const Result<std::vector<netlink::Route>> routes = netlink.routes(link.index);
    if (!routes) {
        return failure_of(Code::kIo, routes.error());
    }
    if (std::none_of(routes->begin(), routes->end(), [&](const netlink::Route& route) {
            return route.destination == destination;
        })) {
        return missing("the route to " + destination.to_string() + " by " + link.name);
    }
    return {};
}

Outcome<Link> check_up(Rtnetlink& netlink, const std::string& name) {
    Outcome<Link> link = need_link(netlink, name);
    if (link && !link->is_up) {
        return Failure{Code::kIo, "interface " + name + " is down", "ip link set " + name + " up"};
    }
    return link;
}

}  // namespace

IpAddress gateway6() {
    return *IpAddress::parse("fe80::1");
}

Outcome<Rtnetlink> open_inside(const Netns& netns) {
    const Netns::Inside inside{netns};
    if (!inside.entered()) {
        return failure_of(Code::kIo,
                          errno_error(errno, "entering the container's network namespace"));
    }
    Result<Rtnetlink> socket = Rtnetlink::open();
    if (!socket) {
        return failure_of(Code::kIo, socket.error());
    }
    return std::move(*socket);
}

Outcome<Attached> wire(Rtnetlink& host, const Netns& netns, const Wiring& wiring, UndoStack& undo) {
    Outcome<Rtnetlink> inside = open_inside(netns);
    if (!inside) {
        return inside.error();
    }
    const netlink::VethPair pair{wiring.link, wiring.interface, netns.fd(), wiring.mtu, wiring.mac};
    if (Outcome<> added = add_pair(host, pair); !added) {
        return added.error();
    }
    undo.push([&host, name = wiring.link] { static_cast<void>(host.remove_link(name)); });
    if (has_ipv6(wiring)) {  // some runtimes switch it off in what they make
        const Netns::Inside within{netns};
        if (within.entered()) {
            try_sysctl("ipv6/conf/" + wiring.interface + "/disable_ipv6", "0");
        }
    }
    const Outcome<Link> near = need_link(host, wiring.link);
    const Outcome<Link> far = need_link(*inside, wiring.interface);
    if (!near || !far) {
        return near ? far.error() : near.error();
    }
    if (Outcome<> wired = wire_host(host, *near, wiring); !wired) {
        return wired.error();
    }
    if (Outcome<> wired = wire_inside(*inside, *far, wiring); !wired) {
        return wired.error();
    }
    return attached(wiring, *near, *far);
}

Outcome<> check_wired(Rtnetlink& host,
                      const Netns& netns,
                      const Wiring& wiring,
                      const std::string& expected_mac) {
    Outcome<Rtnetlink> inside = open_inside(netns);
    if (!inside) {
        return inside.error();
    }
    const Outcome<Link> near = check_up(host, wiring.link);
    const Outcome<Link> far = check_up(*inside, wiring.interface);
    if (!near || !far) {
        return near ? far.error() : near.error();
    }
    if (!expected_mac.empty() && mac_text(far->mac) != expected_mac) {
        return Failure{Code::kIo,
                       "interface " + wiring.interface + " has the MAC address " +
                           mac_text(far->mac) + ", not " + expected_mac};
    }
    for (const IpAddress& address : wiring.addresses) {
        for (const Outcome<>& good :
             {check_address(*inside, *far, address),
              check_route(*inside, *far, everything(address)),
              check_address(host, *near, address.is_v4() ? wiring.gateway4 : gateway6()),
              check_route(host, *near, Prefix::host(address))}) {
            if (!good) {
                return good;
            }
        }
    }
    return {};
}

}  // namespace weft::cni
