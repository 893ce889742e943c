// SPDX-License-Identifier: Apache-2.0
// See surroundings.hpp. Control thread.
#include "surroundings.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fcntl.h>

#include <weft/base/read_to_end.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/gossip/node.hpp>
#include <weft/gossip/record.hpp>

namespace weft::control {
namespace {

constexpr std::size_t kResolverFileMax = 64 << 10;

std::vector<mesh::InUse> resolvers_of(const std::filesystem::path& file) {
    std::vector<mesh::InUse> in_use;
    const UniqueFd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (!fd.valid()) {
        return in_use;
    }
    const Result<std::string> text = read_to_end(fd, kResolverFileMax, file.string());
    if (!text) {
        return in_use;
    }
    for (const net::IpAddress& address : resolvers_in(*text)) {
        in_use.push_back({net::Prefix{address, address.bits()},
                          "a resolver in " + file.string(),
                          "sed -i '/" + address.to_string() + "/d' " + file.string()});
    }
    return in_use;
}

/// Routes that an operator or a daemon added; those of the subnets follow from the addresses.
Result<std::set<std::pair<unsigned, net::Family>>> add_routes(
    netlink::Rtnetlink& rtnetlink,
    unsigned own,
    const std::map<unsigned, std::string>& names,
    std::vector<mesh::InUse>& in_use) {
    std::set<std::pair<unsigned, net::Family>> ways_out;
    const auto routes = rtnetlink.routes(netlink::kAnyInterface);
    if (!routes) {
        return routes.error();
    }
    for (const netlink::Route& route : *routes) {
        if (route.interface == own) {
            continue;
        }
        if (route.destination.length == 0) {
            ways_out.emplace(route.interface, route.destination.address.family());
            continue;
        }
        const auto name = names.find(route.interface);
        const bool by_nothing = name == names.end();
        in_use.push_back({route.destination,
                          "the route by " + (by_nothing ? "nothing" : name->second),
                          "ip route del " + route.destination.to_string() +
                              (by_nothing ? "" : " dev " + name->second)});
    }
    return ways_out;
}

bool is_in(std::span<const net::Prefix> pools, const net::IpAddress& address) {
    return std::any_of(
        pools.begin(), pools.end(), [&](const auto& pool) { return pool.contains(address); });
}

}  // namespace

std::vector<net::IpAddress> resolvers_in(std::string_view text) {
    constexpr std::string_view kKeyword = "nameserver";
    constexpr std::string_view kSpace = " \t\r";
    std::vector<net::IpAddress> found;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (!line.starts_with(kKeyword)) {
            continue;
        }
        line.remove_prefix(kKeyword.size());
        line.remove_prefix(std::min(line.find_first_not_of(kSpace), line.size()));
        const auto address = net::IpAddress::parse(line.substr(0, line.find_first_of(" \t\r%")));
        if (address) {
            found.push_back(*address);
        }
    }
    return found;
}

Result<Surroundings> look_around(netlink::Rtnetlink& rtnetlink,
                                 unsigned own,
                                 const std::filesystem::path& resolver_file) {
    const auto links = rtnetlink.links();
    if (!links) {
        return links.error();
    }
    std::map<unsigned, std::string> names;
    for (const netlink::Link& link : *links) {
        names.emplace(link.index, link.name);
    }
    Surroundings around;
    const auto ways_out = add_routes(rtnetlink, own, names, around.in_use);
    if (!ways_out) {
        return ways_out.error();
    }
    for (const netlink::Link& link : *links) {
        if (link.index == own || link.is_loopback) {
            continue;
        }
        const auto addresses = rtnetlink.addresses(link.index);
        if (!addresses) {
            return addresses.error();
        }
        for (const net::Prefix& address : *addresses) {
            around.in_use.push_back({address.masked(),
                                     "an address of " + link.name,
                                     "ip addr del " + address.to_string() + " dev " + link.name});
            if (link.is_up) {
                const bool leads_out = ways_out->contains({link.index, address.address.family()});
                around.addresses.push_back({address, link.index, leads_out});
            }
        }
    }
    const auto resolvers = resolvers_of(resolver_file);
    around.in_use.insert(around.in_use.end(), resolvers.begin(), resolvers.end());
    return around;
}

std::vector<net::Endpoint> own_endpoints(std::span<const net::Endpoint> advertised,
                                         std::span<const LocalAddress> addresses,
                                         std::span<const net::Prefix> pools,
                                         std::uint16_t port) {
    std::vector<LocalAddress> sorted{addresses.begin(), addresses.end()};
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
        return std::tuple{!a.leads_out, !a.address.address.is_v4()} <
               std::tuple{!b.leads_out, !b.address.address.is_v4()};
    });
    std::vector<net::Endpoint> told{advertised.begin(), advertised.end()};
    for (const LocalAddress& each : sorted) {
        const net::Endpoint endpoint{each.address.address, port, 0};
        const bool in_pool = is_in(pools, endpoint.address);
        const bool known = std::find(told.begin(), told.end(), endpoint) != told.end();
        if (!in_pool && !known && gossip::can_be_advertised(endpoint)) {
            told.push_back(endpoint);
        }
    }
    told.resize(std::min(told.size(), gossip::kEndpointsMax));
    return told;
}

std::vector<net::Endpoint> seed_endpoints(std::span<const net::Endpoint> configured,
                                          std::span<const net::IpAddress> machines,
                                          std::span<const LocalAddress> own,
                                          std::span<const net::Prefix> pools,
                                          std::uint16_t port) {
    std::vector<net::Endpoint> seeds;
    const auto is_news = [&](const net::Endpoint& endpoint) {
        const bool is_own =
            endpoint.port == port && std::any_of(own.begin(), own.end(), [&](const auto& each) {
                return each.address.address == endpoint.address;
            });
        return !is_own && std::find(seeds.begin(), seeds.end(), endpoint) == seeds.end();
    };
    for (const net::Endpoint& endpoint : configured) {
        if (seeds.size() < gossip::Node::kSeedAddressesMax && is_news(endpoint)) {
            seeds.push_back(endpoint);
        }
    }
    std::vector<net::Endpoint> found;
    for (const net::IpAddress& address : machines) {
        const net::Endpoint endpoint{address, port, 0};
        if (is_news(endpoint) && !is_in(pools, address) && gossip::can_be_advertised(endpoint)) {
            found.push_back(endpoint);
        }
    }
    const std::size_t room = std::min(gossip::Node::kSeedAddressesMax - seeds.size(), found.size());
    for (std::size_t i = 0; i < room; ++i) {
        seeds.push_back(found[i * found.size() / room]);
    }
    return seeds;
}

}  // namespace weft::control
