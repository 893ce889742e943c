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

bool contains(std::span<const netlink::Rule> rules, const netlink::Rule& rule) {
    return std::find(rules.begin(), rules.end(), rule) != rules.end();
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

Result<std::vector<net::Prefix>> ensure_pool_routing(netlink::Rtnetlink& rtnetlink,
                                                     std::span<const net::Prefix> pools) {
    const Result<std::vector<netlink::Rule>> present = rtnetlink.rules();
    if (!present) {
        return present.error();
    }
    const auto add = [&](const netlink::Rule& rule) {  // older kernels add it once more
        return contains(*present, rule) ? Result<>{} : rtnetlink.add_rule(rule);
    };
    std::vector<net::Prefix> routed;
    for (const net::Prefix& pool : pools) {
        const auto rules = pool_rules(std::span{&pool, 1});
        // A rule first: without rules every route is in the main table, and is everybody's.
        Result<> added = add(rules.front());
        if (!added && is_no_such_family(added.error())) {
            continue;
        }
        if (added) {
            added = rtnetlink.add_route(nowhere(pool.address.family()));
        }
        for (const netlink::Rule& rule : rules) {
            added = added ? add(rule) : added;
        }
        if (!added) {
            return added.error();
        }
        routed.push_back(pool);
    }
    return routed;
}

Result<> remove_pool_routing(netlink::Rtnetlink& rtnetlink, std::span<const net::Prefix> except) {
    const Result<std::vector<netlink::Rule>> present = rtnetlink.rules();
    if (!present) {
        return present.error();
    }
    const std::vector<netlink::Rule> kept = pool_rules(except);
    for (const netlink::Rule& rule : *present) {
        const bool is_one = (rule.preference == kPoolPreference && rule.table == kPoolTable) ||
                            (rule.preference == kContainersPreference && rule.suppressed_length &&
                             rule.table == netlink::kMainTable);
        if (!is_one || contains(kept, rule)) {
            continue;
        }
        if (Result<> removed = rtnetlink.remove_rule(rule); !removed) {
            return removed;
        }
    }
    const std::set<net::Family> families = families_of(except);
    for (const net::Family family : {net::Family::kIpv4, net::Family::kIpv6}) {
        if (families.contains(family)) {
            continue;
        }
        if (Result<> removed = rtnetlink.remove_route(nowhere(family));
            !removed && !is_no_such_family(removed.error())) {
            return removed;
        }
    }
    return {};
}

}  // namespace weft::control
