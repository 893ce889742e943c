// SPDX-License-Identifier: Apache-2.0
// See pool_routing.hpp. Control thread.
#include "pool_routing.hpp"

#include <algorithm>
#include <cerrno>
#include <set>

namespace weft::control {
namespace {

/// Where IPv6 is not compiled in, or was not loaded.
bool is_no_such_family(const Error& error) {
    return error.code.value() == EAFNOSUPPORT || error.code.value() == EOPNOTSUPP;
}

netlink::Route nowhere(net::Family family) {
    netlink::Route route;
    route.destination = {net::IpAddress::unspecified(family), 0};
    route.table = kPoolTable;
    return route;
}

std::set<net::Family> families_of(std::span<const net::Prefix> pools) {
    std::set<net::Family> families;
    for (const net::Prefix& pool : pools) {
        families.insert(pool.address.family());
    }
    return families;
}

}  // namespace

std::uint32_t table_of(const net::Prefix& prefix, std::span<const net::Prefix> pools) {
    const bool in_pool = std::any_of(
        pools.begin(), pools.end(), [&](const net::Prefix& pool) { return pool.contains(prefix); });
    return in_pool ? kPoolTable : netlink::kMainTable;
}

std::vector<netlink::Rule> pool_rules(std::span<const net::Prefix> pools) {
    std::vector<netlink::Rule> rules;
    for (const net::Prefix& pool : pools) {
        const auto host_length = static_cast<std::uint8_t>(pool.address.bits() - 1);
        rules.push_back({pool, kContainersPreference, netlink::kMainTable, host_length});
        rules.push_back({pool, kPoolPreference, kPoolTable, std::nullopt});
    }
    return rules;
}

Result<> ensure_pool_routing(netlink::Rtnetlink& rtnetlink, std::span<const net::Prefix> pools) {
    for (const net::Family family : families_of(pools)) {
        if (Result<> added = rtnetlink.add_route(nowhere(family));
            !added && !is_no_such_family(added.error())) {
            return added;
        }
    }
    for (const netlink::Rule& rule : pool_rules(pools)) {
        if (Result<> added = rtnetlink.add_rule(rule);
            !added && !is_no_such_family(added.error())) {
            return added;
        }
    }
    return {};
}

Result<> remove_pool_routing(netlink::Rtnetlink& rtnetlink, std::span<const net::Prefix> pools) {
    for (const netlink::Rule& rule : pool_rules(pools)) {
        if (Result<> removed = rtnetlink.remove_rule(rule);
            !removed && !is_no_such_family(removed.error())) {
            return removed;
        }
    }
    for (const net::Family family : families_of(pools)) {
        if (Result<> removed = rtnetlink.remove_route(nowhere(family));
            !removed && !is_no_such_family(removed.error())) {
            return removed;
        }
    }
    return {};
}

}  // namespace weft::control
