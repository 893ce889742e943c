// SPDX-License-Identifier: Apache-2.0
// See route_monitor.hpp. IPv4 tells nothing about routes that go with their link or address, hence
// those groups as well (net/ipv4/fib_frontend.c, fib_disable_ip). Control thread.
#include <array>
#include <cerrno>

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <weft/base/bytes.hpp>
#include <weft/netlink/route_monitor.hpp>
#include <weft/netlink/rtnetlink.hpp>

#include "exchange.hpp"
#include "message.hpp"

namespace weft::netlink {
namespace {

constexpr std::size_t kNoticeMax = 16 << 10;  // NLMSG_GOODSIZE of the largest pages

/// A route of ours, but not one by another interface: with each container one goes.
bool is_lost_route(ConstBytes payload, unsigned interface) {
    const std::optional<rtmsg> head = take_fixed_header<rtmsg>(payload);
    if (!head || head->rtm_protocol != kRouteProtocol) {
        return false;
    }
    while (const std::optional<AttributeView> attribute = next_attribute(payload)) {
        if (attribute->type == RTA_OIF) {
            return head->rtm_table != RT_TABLE_MAIN || read_u32(attribute->value) == interface;
        }
    }
    return true;
}

bool is_loss(const MessageView& message, unsigned interface) {
    ConstBytes payload = message.payload;
    switch (message.header.nlmsg_type) {
        case RTM_DELRULE:
            return true;
        case RTM_DELROUTE:
            return is_lost_route(payload, interface);
        case RTM_NEWLINK: {  // up again, perhaps: its routes went when it was set down
            const std::optional<ifinfomsg> head = take_fixed_header<ifinfomsg>(payload);
            return head && head->ifi_index == static_cast<int>(interface) &&
                   (head->ifi_flags & IFF_UP) != 0;
        }
        case RTM_DELADDR: {
            const std::optional<ifaddrmsg> head = take_fixed_header<ifaddrmsg>(payload);
            return head && head->ifa_index == interface;
        }
        default:
            return false;
    }
}

}  // namespace

Result<RouteMonitor> RouteMonitor::open() {
    Result<UniqueFd> fd = open_route_socket();
    if (!fd) {
        return fd.error();
    }
    for (const int group : {RTNLGRP_LINK,
                            RTNLGRP_IPV4_IFADDR,
                            RTNLGRP_IPV4_ROUTE,
                            RTNLGRP_IPV4_RULE,
                            RTNLGRP_IPV6_IFADDR,
                            RTNLGRP_IPV6_ROUTE,
                            RTNLGRP_IPV6_RULE}) {
        if (::setsockopt(fd->get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) !=
            0) {
            return errno_error(errno, "listen to changes of the routes");
        }
    }
    return RouteMonitor{std::move(*fd)};
}

bool RouteMonitor::take_changes() {
    bool changed = false;
    std::array<std::byte, 64> start;  // of a notice; the rest is of no interest
    while (true) {
        const auto size = ::recv(fd_.get(), start.data(), start.size(), MSG_DONTWAIT);
        if (size < 0 && errno != ENOBUFS && errno != EINTR) {
            return changed;
        }
        changed = true;
    }
}

bool RouteMonitor::take_losses(unsigned interface) {
    bool lost = false;
    std::array<std::byte, kNoticeMax> buffer;
    while (true) {
        const auto size = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0 && errno != ENOBUFS) {
            return lost;
        }
        lost = lost || size < 0;
        ConstBytes rest = ConstBytes{buffer}.first(size < 0 ? 0 : static_cast<std::size_t>(size));
        while (const std::optional<MessageView> message = next_message(rest)) {
            lost = lost || is_loss(*message, interface);
        }
    }
}

}  // namespace weft::netlink
