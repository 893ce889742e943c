// SPDX-License-Identifier: Apache-2.0
// Rtnetlink: routes. The first thing an outbound packet meets: what is routed to
// weft0 enters the tunnel. Control thread and the CNI plugin. Kernel: net/ipv4/fib_frontend.c
// (inet_rtm_newroute, inet_dump_fib), net/ipv6/route.c; rtnetlink(7).
#include <cerrno>

#include <linux/rtnetlink.h>
#include <net/if.h>

#include <weft/netlink/rtnetlink.hpp>

#include "exchange.hpp"
#include "ip_attribute.hpp"

namespace weft::netlink {
namespace {

std::string interface_name(unsigned index) {
    char name[IF_NAMESIZE] = {};
    if (index == 0 || ::if_indextoname(index, name) == nullptr) {
        return "interface " + std::to_string(index);
    }
    return name;
}

std::string describe(const Route& route) {
    return "route to " + route.destination.to_string() +
           (route.interface == 0 ? std::string{" that rejects"}
                                 : " by " + interface_name(route.interface));
}

MessageBuilder build_request(std::uint16_t type, std::uint16_t flags, const Route& route) {
    const net::Prefix destination = route.destination.masked();
    const bool adds = type == RTM_NEWROUTE;
    const bool rejects = route.interface == 0;
    rtmsg head{};
    head.rtm_family = address_family(destination.address.family());
    head.rtm_dst_len = destination.length;
    head.rtm_table = RT_TABLE_UNSPEC;  // RTA_TABLE holds all of its bits
    head.rtm_protocol = route.protocol;
    // RT_SCOPE_NOWHERE: any, when looking for the route to remove.
    const auto scope =
        route.gateway ? std::uint8_t{RT_SCOPE_UNIVERSE} : std::uint8_t{RT_SCOPE_LINK};
    head.rtm_scope = adds ? scope : std::uint8_t{RT_SCOPE_NOWHERE};
    head.rtm_type = adds ? std::uint8_t{RTN_UNICAST} : std::uint8_t{RTN_UNSPEC};
    if (rejects) {
        head.rtm_type = RTN_UNREACHABLE;
        head.rtm_scope = RT_SCOPE_UNIVERSE;
    }
    MessageBuilder request{type, flags};
    request.fixed_header(head);
    request.attribute_u32(RTA_TABLE, route.table);
    if (destination.length != 0) {
        request.attribute(RTA_DST, destination.address.bytes());
    }
    if (!rejects) {
        request.attribute_u32(RTA_OIF, route.interface);
    }
    if (adds && route.source) {
        request.attribute(RTA_PREFSRC, route.source->bytes());
    }
    if (adds && route.gateway) {
        request.attribute(RTA_GATEWAY, route.gateway->bytes());
    }
    if (adds && route.mtu != 0) {
        const std::size_t metrics = request.begin_nested(RTA_METRICS);
        request.attribute_u32(RTAX_MTU, route.mtu);
        request.end_nested(metrics);
    }
    return request;
}

Result<> check(const Route& route) {
    const net::Prefix& destination = route.destination;
    if (destination.length > destination.address.bits()) {
        return invalid("prefix length " + std::to_string(destination.length) + " is too long");
    }
    for (const auto& other : {route.source, route.gateway}) {
        if (other && other->family() != destination.address.family()) {
            return invalid("a route's source or gateway is of another family than its destination");
        }
    }
    return {};
}

/// The interface of the first next hop of a multipath route (struct rtnexthop).
unsigned first_hop(ConstBytes value) {
    const std::optional<rtnexthop> hop = take_fixed_header<rtnexthop>(value);
    return hop && hop->rtnh_ifindex > 0 ? static_cast<unsigned>(hop->rtnh_ifindex) : 0;
}

std::uint32_t read_mtu(ConstBytes metrics) {
    while (const std::optional<AttributeView> metric = next_attribute(metrics)) {
        if (metric->type == RTAX_MTU) {
            return read_u32(metric->value);
        }
    }
    return 0;
}

/// Interface 0 where it has none (blackhole, unreachable).
std::optional<Route> read_route(const Reply& reply) {
    ConstBytes rest{reply.payload};
    const std::optional<rtmsg> head = take_fixed_header<rtmsg>(rest);
    if (reply.type != RTM_NEWROUTE || !head || (head->rtm_flags & RTM_F_CLONED) != 0) {
        return std::nullopt;
    }
    Route route;
    route.table = head->rtm_table;
    route.protocol = head->rtm_protocol;
    std::optional<net::IpAddress> destination = net::IpAddress::unspecified(
        head->rtm_family == AF_INET ? net::Family::kIpv4 : net::Family::kIpv6);
    while (const std::optional<AttributeView> attribute = next_attribute(rest)) {
        switch (attribute->type) {
            case RTA_DST:
                destination = read_address(head->rtm_family, attribute->value);
                break;
            case RTA_OIF:
                route.interface = read_u32(attribute->value);
                break;
            case RTA_MULTIPATH:
                route.interface = first_hop(attribute->value);
                break;
            case RTA_PREFSRC:
                route.source = read_address(head->rtm_family, attribute->value);
                break;
            case RTA_GATEWAY:
                route.gateway = read_address(head->rtm_family, attribute->value);
                break;
            case RTA_TABLE:
                route.table = read_u32(attribute->value);
                break;
            case RTA_METRICS:
                route.mtu = read_mtu(attribute->value);
                break;
            default:
                break;
        }
    }
    if (!destination || head->rtm_dst_len > destination->bits()) {
        return std::nullopt;
    }
    if (head->rtm_type != RTN_UNICAST) {
        route.interface = kAnyInterface;  // IPv6 says "lo"
    }
    route.destination = {*destination, head->rtm_dst_len};
    return route;
}

/// A table of one family, all of it or (interface not 0) what leaves there.
Result<std::vector<Route>> dump(const Channel& channel,
                                net::Family family,
                                unsigned interface,
                                std::uint32_t table) {
    rtmsg head{};
    head.rtm_family = address_family(family);
    head.rtm_table = RT_TABLE_UNSPEC;
    MessageBuilder request{RTM_GETROUTE, NLM_F_DUMP};
    request.fixed_header(head);
    request.attribute_u32(RTA_TABLE, table);  // older kernels ignore it: filtered again below
    if (interface != 0) {
        request.attribute_u32(RTA_OIF, interface);  // older kernels ignore it: filtered again below
    }
    const Result<std::vector<Reply>> replies = exchange(channel, request, "listing the routes");
    std::vector<Route> routes;
    if (!replies) {
        const int code = replies.error().code.value();
        // No table yet, no such interface, or no such family: no routes.
        if (code == ENOENT || code == ENODEV || code == EOPNOTSUPP || code == EAFNOSUPPORT) {
            return routes;
        }
        return replies.error();
    }
    for (const Reply& reply : *replies) {
        const std::optional<Route> route = read_route(reply);
        if (route && route->table == table && (interface == 0 || route->interface == interface)) {
            routes.push_back(*route);
        }
    }
    return routes;
}

/// The kernel has a route with this destination: success if it is by our interface, else an error
/// that names the other one.
Result<> judge_existing(const Channel& channel, const Route& wanted, const Error& kernel_error) {
    const net::Prefix destination = wanted.destination.masked();
    const Result<std::vector<Route>> routes =
        dump(channel, destination.address.family(), 0, wanted.table);
    if (!routes) {
        return routes.error();
    }
    const Route* other = nullptr;
    for (const Route& route : *routes) {
        if (route.destination == destination) {
            if (route.interface == wanted.interface) {
                return {};
            }
            other = &route;
        }
    }
    if (other == nullptr) {
        return kernel_error;
    }
    Error error = kernel_error;
    const std::string text = destination.to_string();
    error.cause = "adding the " + describe(wanted) + ": there is a route to " + text +
                  (other->interface == 0 ? std::string{" that rejects"}
                                         : " by " + interface_name(other->interface)) +
                  " already";
    error.remedy =
        "two networks cannot have the same prefix: change one of them, or remove that "
        "route (ip route del " +
        text + ")";
    return error;
}

}  // namespace

Result<> Rtnetlink::add_route(const Route& route) {
    if (const Result<> ok = check(route); !ok) {
        return ok.error();
    }
    const Channel channel{fd_.get(), sequence_};
    MessageBuilder request =
        build_request(RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, route);
    const Result<std::vector<Reply>> done =
        exchange(channel, request, "adding the " + describe(route));
    if (done) {
        return {};
    }
    if (done.error().code.value() == EEXIST) {
        return judge_existing(channel, route, done.error());
    }
    return done.error();
}

Result<> Rtnetlink::replace_route(const Route& route) {
    if (const Result<> ok = check(route); !ok) {
        return ok.error();
    }
    MessageBuilder request =
        build_request(RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, route);
    const Result<std::vector<Reply>> done =
        exchange({fd_.get(), sequence_}, request, "changing the " + describe(route));
    return done ? Result<>{} : Result<>{done.error()};
}

Result<> Rtnetlink::remove_route(const Route& route) {
    if (const Result<> ok = check(route); !ok) {
        return ok.error();
    }
    MessageBuilder request = build_request(RTM_DELROUTE, NLM_F_ACK, route);
    const Result<std::vector<Reply>> done =
        exchange({fd_.get(), sequence_}, request, "removing the " + describe(route));
    if (!done) {
        const int code = done.error().code.value();
        if (code != ESRCH && code != ENODEV) {
            return done.error();
        }
    }
    return {};
}

Result<std::vector<Route>> Rtnetlink::routes(unsigned index, std::uint32_t table) {
    std::vector<Route> all;
    for (const net::Family family : {net::Family::kIpv4, net::Family::kIpv6}) {
        const Result<std::vector<Route>> routes =
            dump({fd_.get(), sequence_}, family, index, table);
        if (!routes) {
            return routes.error();
        }
        for (const Route& route : *routes) {
            if (route.protocol != RTPROT_KERNEL) {
                all.push_back(route);
            }
        }
    }
    return all;
}

Result<unsigned> Rtnetlink::interface_towards(const net::IpAddress& destination,
                                              const net::IpAddress& source,
                                              std::uint32_t mark) {
    const std::string doing = "finding the way to " + destination.to_string();
    rtmsg head{};
    head.rtm_family = address_family(destination.family());
    head.rtm_dst_len = destination.bits();
    const bool from_source = !source.is_unspecified() && source.family() == destination.family();
    if (from_source) {
        head.rtm_src_len = source.bits();
    }
    MessageBuilder request{RTM_GETROUTE, NLM_F_ACK};
    request.fixed_header(head);
    request.attribute(RTA_DST, destination.bytes());
    if (from_source) {
        request.attribute(RTA_SRC, source.bytes());
    }
    if (mark != 0) {
        request.attribute_u32(RTA_MARK, mark);
    }
    const Result<std::vector<Reply>> replies = exchange({fd_.get(), sequence_}, request, doing);
    if (!replies) {
        return replies.error();
    }
    for (const Reply& reply : *replies) {
        ConstBytes rest{reply.payload};
        if (reply.type != RTM_NEWROUTE || !take_fixed_header<rtmsg>(rest)) {
            continue;
        }
        while (const std::optional<AttributeView> attribute = next_attribute(rest)) {
            if (attribute->type == RTA_OIF && read_u32(attribute->value) != 0) {
                return read_u32(attribute->value);
            }
        }
    }
    return errno_error(ENETUNREACH, doing);
}

}  // namespace weft::netlink
