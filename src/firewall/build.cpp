// SPDX-License-Identifier: Apache-2.0
// The node's packet filter, rule by rule. The chains in the order in which a packet meets them:
//
//   guard_in (raw)      from a container: from_containers; from weft: from_overlay; from elsewhere
//                       nothing of the pool, in source or destination
//   lockdown (input)    only allowed machines reach weft's port
//   exits (forward)     from the overlay only to the pool, and to what is behind this node
//   clamp_mss (forward) what goes into the tunnel, or comes out of it, fits it
//   guard_out (raw)     to the pool only by weft and to containers
//   leave (srcnat+1)    containers' packets leave the cluster with the node's address
//   guard_leave (+2)    and none with an address of the pool, as one that is not translated has
//
// Raw, because later a reply to what is masqueraded has the container's address already. Pure.
#include "build.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include <arpa/inet.h>  // before linux/in.h, which then leaves out what is there
#include <linux/netfilter.h>
#include <linux/netfilter_arp.h>
#include <linux/netfilter_ipv4.h>

namespace weft::firewall {
namespace {

constexpr std::int32_t kRaw = NF_IP_PRI_RAW;
constexpr std::int32_t kMangle = NF_IP_PRI_MANGLE;
/// After everybody's own rules: the first who translates a connection decides.
constexpr std::int32_t kAfterNat = NF_IP_PRI_NAT_SRC + 1;
constexpr std::int32_t kAfterMasquerade = kAfterNat + 1;

/// Where machines of providers are told their secrets: link-local, Alibaba's, Oracle's; IPv6 of
/// Amazon, Google, Scaleway.
constexpr std::array kMetadata = {"169.254.0.0/16",
                                  "100.100.100.200/32",
                                  "192.0.0.192/32",
                                  "fd00:ec2::254/128",
                                  "fd20:ce::254/128",
                                  "fd00:42::42/128"};
/// Sources that no route leads back to: neighbour discovery, and addresses being tried.
constexpr std::array kUnrouted = {"::/128", "fe80::/10"};
constexpr const char* kLoopback = "127.0.0.0/8";

constexpr std::array kFamilies = {net::Family::kIpv4, net::Family::kIpv6};

template <std::size_t N>
std::vector<net::Prefix> prefixes(const std::array<const char*, N>& texts) {
    std::vector<net::Prefix> out;
    out.reserve(N);
    for (const char* text : texts) {
        out.push_back(*net::Prefix::parse(text));
    }
    return out;
}

std::string of_family(const char* name, net::Family family) {
    return std::string{name} + (family == net::Family::kIpv4 ? "4" : "6");
}

Match from(const std::string& interface) {
    return OnInterface{Direction::kIn, interface};
}
Match to(const std::string& interface) {
    return OnInterface{Direction::kOut, interface};
}
Match from_container() {
    return OnInterface{Direction::kIn, kContainerInterfaces, true};
}
Match to_container() {
    return OnInterface{Direction::kOut, kContainerInterfaces, true};
}
Match address_in(const char* set, net::Family family, End end, bool negated = false) {
    return AddressIn{family, end, of_family(set, family), negated};
}

/// The same rule for both families.
template <class Make>
void add_for_families(std::vector<Rule>& rules, const Make& make) {
    for (const net::Family family : kFamilies) {
        rules.push_back(make(family));
    }
}

Rule no_metadata(net::Family family) {
    return {{address_in("metadata", family, End::kDestination)},
            Action::kDrop,
            "metadata: a container to a provider's metadata address"};
}
Rule no_loopback() {
    return {{AddressIn{net::Family::kIpv4, End::kDestination, "loopback4"}},
            Action::kDrop,
            "loopback: from outside to this machine's loopback address"};
}

Chain from_containers(const Ruleset& ruleset) {
    Chain chain{"from_containers", std::nullopt, {}};
    add_for_families(chain.rules, no_metadata);
    chain.rules.push_back(no_loopback());
    chain.rules.push_back({{AddressIn{net::Family::kIpv6, End::kSource, "unrouted6"}},
                           Action::kReturn,
                           "neighbour discovery"});
    if (ruleset.has(Part::kAntiSpoof)) {
        chain.rules.push_back({{SpoofedSource{}},
                               Action::kDrop,
                               "spoofed: a container with an address that is not its own"});
    }
    return chain;
}

Chain from_overlay() {
    Chain chain{"from_overlay", std::nullopt, {}};
    add_for_families(chain.rules, no_metadata);
    chain.rules.push_back(no_loopback());
    return chain;
}

Chain guard_in(const Ruleset& ruleset) {
    Chain chain{"guard_in", Hook{NF_INET_PRE_ROUTING, kRaw, "filter"}, {}};
    chain.rules.push_back(
        {{from_container()}, Action::kGoto, "containers of this node", "from_containers"});
    chain.rules.push_back(
        {{from(ruleset.interface)}, Action::kGoto, "the overlay", "from_overlay"});
    chain.rules.push_back({{from("lo")}, Action::kReturn, "this machine to itself"});
    for (const End end : {End::kSource, End::kDestination}) {
        add_for_families(chain.rules, [end](net::Family family) {
            return Rule{{address_in("pool", family, end)},
                        Action::kDrop,
                        end == End::kSource ? "inbound: an overlay address from outside"
                                            : "inbound: to an overlay address from outside"};
        });
    }
    chain.rules.push_back(no_loopback());
    return chain;
}

/// What leaves by these ways is not outside.
void add_inside(std::vector<Rule>& rules, const Ruleset& ruleset) {
    rules.push_back({{to(ruleset.interface)}, Action::kReturn, "into the overlay"});
    rules.push_back({{to_container()}, Action::kReturn, "to containers of this node"});
    rules.push_back({{to("lo")}, Action::kReturn, "this machine to itself"});
}

Chain guard_out(const Ruleset& ruleset) {
    Chain chain{"guard_out", Hook{NF_INET_POST_ROUTING, kRaw, "filter"}, {}};
    add_inside(chain.rules, ruleset);
    add_for_families(chain.rules, [](net::Family family) {
        return Rule{{address_in("pool", family, End::kDestination)},
                    Action::kDrop,
                    "outbound: to an overlay address, but not by the overlay"};
    });
    return chain;
}

/// Members reach this node's containers, and itself, but not the networks that it is in: nobody has
/// said so, unless the certificate does. Who is configured here as a peer may.
Chain exits(const Ruleset& ruleset) {
    Chain chain{"exits", Hook{NF_INET_FORWARD, kRaw, "filter"}, {}};
    chain.rules.push_back({{OnInterface{Direction::kIn, ruleset.interface, false, true}},
                           Action::kReturn,
                           "not from the overlay"});
    for (const char* set : {"pool", "routed"}) {
        add_for_families(chain.rules, [set](net::Family family) {
            return Rule{{address_in(set, family, End::kDestination)},
                        Action::kReturn,
                        "to the overlay, and to what is behind this machine"};
        });
    }
    chain.rules.push_back({{to(ruleset.interface)}, Action::kReturn, "on within the tunnel"});
    add_for_families(chain.rules, [](net::Family family) {
        return Rule{{address_in("guests", family, End::kSource)},
                    Action::kReturn,
                    "of peers that are configured here"};
    });
    if (ruleset.has(Part::kTracking)) {
        chain.rules.push_back(
            {{Established{}}, Action::kReturn, "answers to what came by this machine"});
    }
    chain.rules.push_back({{}, Action::kDrop, "exit: from the overlay to a network outside of it"});
    return chain;
}

Chain lockdown(const Ruleset& ruleset) {
    Chain chain{"lockdown", Hook{NF_INET_LOCAL_IN, kRaw, "filter"}, {}};
    chain.rules.push_back({{from("lo")}, Action::kReturn, "this machine to itself"});
    add_for_families(chain.rules, [&](net::Family family) {
        return Rule{{address_in("allowed", family, End::kSource, true), UdpTo{ruleset.listen_port}},
                    Action::kDrop,
                    "lockdown: to weft's port from a machine that is not allowed"};
    });
    return chain;
}

/// What leads weft's own packets past connection tracking, which masquerading turns on for all.
std::array<Chain, 2> untracked(const Ruleset& ruleset) {
    return {
        Chain{"untracked_in",
              Hook{NF_INET_PRE_ROUTING, kRaw, "filter"},
              {{{UdpTo{ruleset.listen_port}, ToThisMachine{}},
                Action::kNotrack,
                "the tunnel is no connection"}}},
        Chain{"untracked_out",
              Hook{NF_INET_LOCAL_OUT, kRaw, "filter"},
              {{{UdpFrom{ruleset.listen_port}}, Action::kNotrack, "the tunnel is no connection"}}}};
}

Chain clamp_mss(const Ruleset& ruleset) {
    Chain chain{"clamp_mss", Hook{NF_INET_FORWARD, kMangle, "filter"}, {}};
    chain.rules.push_back(
        {{to(ruleset.interface), TcpSyn{}}, Action::kClampMss, "segments that fit the overlay"});
    chain.rules.push_back(
        {{from(ruleset.interface), TcpSyn{}}, Action::kClampMss, "segments that fit the way on"});
    return chain;
}

Chain leave(const Ruleset& ruleset) {
    Chain chain{"leave", Hook{NF_INET_POST_ROUTING, kAfterNat, "nat"}, {}};
    add_inside(chain.rules, ruleset);
    add_for_families(chain.rules, [](net::Family family) {
        return Rule{{address_in("own", family, End::kSource)},
                    Action::kMasquerade,
                    "containers leave with this machine's address"};
    });
    add_for_families(chain.rules, [](net::Family family) {
        return Rule{{address_in("pool", family, End::kSource),
                     address_in("routed", family, End::kDestination)},
                    Action::kMasquerade,
                    "the overlay to what is behind this machine"};
    });
    return chain;
}

/// Connection tracking leaves alone what it takes for no part of a connection; and where weft does
/// not masquerade, somebody else does or nothing leaves.
Chain guard_leave(const Ruleset& ruleset) {
    Chain chain{"guard_leave", Hook{NF_INET_POST_ROUTING, kAfterMasquerade, "filter"}, {}};
    add_inside(chain.rules, ruleset);
    add_for_families(chain.rules, [](net::Family family) {
        return Rule{{address_in("pool", family, End::kSource)},
                    Action::kDrop,
                    "unmasqueraded: an overlay address was about to leave"};
    });
    return chain;
}

/// Those that lie in a pool.
std::vector<net::Prefix> inside(std::span<const net::Prefix> prefixes,
                                std::span<const net::Prefix> pools) {
    std::vector<net::Prefix> out;
    std::copy_if(prefixes.begin(), prefixes.end(), std::back_inserter(out), [&](const auto& each) {
        return std::any_of(
            pools.begin(), pools.end(), [&](const auto& pool) { return pool.contains(each); });
    });
    return out;
}

/// A guest's wider prefix, as a default route, takes in no members.
std::vector<Interval> guests(const Ruleset& ruleset, net::Family family) {
    const std::vector<net::Prefix> in_pool = inside(ruleset.guests, ruleset.pools);
    return without(intervals_of(ruleset.guests, family),
                   without(intervals_of(ruleset.pools, family), intervals_of(in_pool, family)));
}

void add_sets(std::vector<Set>& sets,
              const char* name,
              std::span<const net::Prefix> members,
              std::span<const net::Prefix> exceptions,
              const char* comment) {
    for (const net::Family family : kFamilies) {
        sets.push_back({of_family(name, family),
                        family,
                        without(intervals_of(members, family), intervals_of(exceptions, family)),
                        comment});
    }
}

std::vector<Set> build_pool_sets(const Ruleset& ruleset) {
    std::vector<Set> sets;
    add_sets(sets, "pool", ruleset.pools, {}, "all addresses of the overlay");
    add_sets(sets, "routed", ruleset.routed, {}, "what is behind this machine");
    for (const net::Family family : kFamilies) {
        sets.push_back({of_family("guests", family),
                        family,
                        guests(ruleset, family),
                        "of peers that are configured here"});
    }
    // This machine's containers, and its guests with overlay addresses.
    std::vector<net::Prefix> own = inside(ruleset.guests, ruleset.pools);
    own.insert(own.end(), ruleset.blocks.begin(), ruleset.blocks.end());
    add_sets(sets, "own", own, {}, "who leaves with this machine's address");
    add_sets(sets,
             "metadata",
             prefixes(kMetadata),
             ruleset.metadata_allowed,
             "what containers must not reach");
    sets.push_back({"loopback4",
                    net::Family::kIpv4,
                    intervals_of(prefixes(std::array{kLoopback}), net::Family::kIpv4),
                    "loopback"});
    sets.push_back({"unrouted6",
                    net::Family::kIpv6,
                    intervals_of(prefixes(kUnrouted), net::Family::kIpv6),
                    "sources that no route leads to"});
    return sets;
}

Table build_inet(const Ruleset& ruleset) {
    Table table{TableFamily::kInet, {}, {}};
    if (!ruleset.pools.empty()) {
        table.sets = build_pool_sets(ruleset);
        table.chains.push_back(from_containers(ruleset));
        table.chains.push_back(from_overlay());
        table.chains.push_back(guard_in(ruleset));
        table.chains.push_back(exits(ruleset));
        table.chains.push_back(guard_out(ruleset));
        table.chains.push_back(guard_leave(ruleset));
    }
    if (ruleset.lockdown) {
        for (Set& set : build_allowed(ruleset)) {
            table.sets.push_back(std::move(set));
        }
        table.chains.push_back(lockdown(ruleset));
    }
    const bool can_notrack = ruleset.has(Part::kTracking) && ruleset.has(Part::kAntiSpoof);
    if (!ruleset.pools.empty() && ruleset.notrack && can_notrack) {
        for (Chain& chain : untracked(ruleset)) {
            table.chains.push_back(std::move(chain));
        }
    }
    if (!ruleset.pools.empty() && ruleset.mss_clamp && ruleset.has(Part::kMssClamp)) {
        table.chains.push_back(clamp_mss(ruleset));
    }
    if (!ruleset.pools.empty() && ruleset.masquerade && ruleset.has(Part::kMasquerade)) {
        table.chains.push_back(leave(ruleset));
    }
    return table;
}

/// An address of the pool is nobody's on a link but a container's own; `inet` never sees ARP.
Table build_arp(const Ruleset& ruleset) {
    Table table{TableFamily::kArp, {}, {}};
    table.sets.push_back({"pool4",
                          net::Family::kIpv4,
                          intervals_of(ruleset.pools, net::Family::kIpv4),
                          "all addresses of the overlay"});
    Chain chain{"guard_in", Hook{NF_ARP_IN, NF_IP_PRI_FILTER, "filter"}, {}};
    chain.rules.push_back(
        {{OnInterface{Direction::kIn, kContainerInterfaces, true, true}, ArpTargetIn{"pool4"}},
         Action::kDrop,
         "arp: who has an overlay address, asked from outside"});
    table.chains.push_back(std::move(chain));
    return table;
}

}  // namespace

std::vector<Set> build_allowed(const Ruleset& ruleset) {
    std::vector<Set> sets;
    add_sets(sets, "allowed", ruleset.allowed, {}, "who may send to weft's port");
    return sets;
}

std::vector<Table> build(const Ruleset& ruleset) {
    std::vector<Table> tables;
    if (!ruleset.empty()) {
        tables.push_back(build_inet(ruleset));
    }
    if (!ruleset.pools.empty() && ruleset.has(Part::kArp)) {
        tables.push_back(build_arp(ruleset));
    }
    return tables;
}

}  // namespace weft::firewall
