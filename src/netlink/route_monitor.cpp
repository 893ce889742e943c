// SPDX-License-Identifier: Apache-2.0
// See route_monitor.hpp. IPv4 tells nothing about routes that go with their link or address, hence
// those groups as well (net/ipv4/fib_frontend.c, fib_disable_ip). Control thread.
#include <array>
#include <cerrno>

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <weft/base/bytes.hpp>
#include <weft/netlink/route_monitor.hpp>

#include "exchange.hpp"

namespace weft::netlink {

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

}  // namespace weft::netlink
