// SPDX-License-Identifier: Apache-2.0
// DEL, CHECK, GC and STATUS.
#include "verbs.hpp"

#include <cstdio>

#include "leases.hpp"
#include "node.hpp"
#include "result.hpp"
#include "wiring.hpp"

namespace weft::cni {
namespace {

Outcome<netlink::Rtnetlink> open_host() {
    Result<netlink::Rtnetlink> host = netlink::Rtnetlink::open();
    if (!host) {
        return failure_of(Code::kIo, host.error());
    }
    return std::move(*host);
}

Outcome<> need_version(const Call& call, Version least) {
    if (call.config.version < least) {
        return Failure{Code::kIncompatibleVersion,
                       call.environment.command + " is not in CNI " + to_text(call.config.version),
                       std::string{"it is from "} + to_text(least) + " on"};
    }
    return {};
}

Failure as_status(Code code, const Failure& failure) {
    return {code, failure.cause, failure.remedy};
}

}  // namespace

/// One RTM_DELLINK takes both ends with all that hangs on them; it needs no namespace, no daemon
/// and no ledger. Where the ledger cannot be written the container is gone all the same: the lease
/// is found as stale when its address is needed.
Outcome<std::string> del(const Call& call) {
    if (Outcome<> good = check_environment(call.environment, false); !good) {
        return good.error();
    }
    Outcome<netlink::Rtnetlink> host = open_host();
    if (!host) {
        return host.error();
    }
    const ipam::Attachment attachment{call.environment.container, call.environment.interface};
    if (const Result<bool> removed = host->remove_link(ipam::link_name(attachment)); !removed) {
        return failure_of(Code::kIo, removed.error());
    }
    if (const Outcome<> released = release(call.config, attachment); !released) {
        std::fprintf(stderr,
                     "weft-cni: the container's addresses are given back later: %s (%s)\n",
                     released.error().cause.c_str(),
                     released.error().remedy.c_str());
    }
    return std::string{};
}

Outcome<std::string> check(const Call& call) {
    const auto& [environment, config] = call;
    if (Outcome<> good = need_version(call, Version::k040); !good) {
        return good.error();
    }
    if (Outcome<> good = check_environment(environment, true); !good) {
        return good.error();
    }
    if (!config.previous) {
        return Failure{Code::kBadConfig, "CHECK needs the prevResult of ADD"};
    }
    const Outcome<Previous> previous =
        read_previous(*config.previous, environment.interface, environment.netns);
    if (!previous) {
        return previous.error();
    }
    const Outcome<ipam::Ledger> ledger = read_ledger(config);
    if (!ledger) {
        return ledger.error();
    }
    const ipam::Attachment attachment{environment.container, environment.interface};
    const ipam::Lease* const lease = ledger->lease(attachment);
    if (lease == nullptr || lease->addresses != previous->addresses) {
        return Failure{Code::kIo,
                       "the ledger does not give this container the addresses of its prevResult",
                       "DEL and ADD make it anew"};
    }
    const Outcome<Netns> netns = Netns::open(environment.netns);
    if (!netns) {
        return netns.error();
    }
    const Outcome<api::NodeFile> node = read_ready_node(config);
    if (!node) {
        return node.error();
    }
    Outcome<netlink::Rtnetlink> host = open_host();
    if (!host) {
        return host.error();
    }
    Wiring wiring;
    wiring.link = lease->link;
    wiring.interface = environment.interface;
    wiring.addresses = lease->addresses;
    wiring.gateway4 = node->gateway4.value_or(net::IpAddress{});
    if (Outcome<> wired = check_wired(*host, *netns, wiring, previous->mac); !wired) {
        return wired.error();
    }
    return std::string{};
}

Outcome<std::string> gc(const Call& call) {
    if (Outcome<> good = need_version(call, Version::k110); !good) {
        return good.error();
    }
    if (!call.config.valid) {
        return Failure{Code::kBadConfig,
                       "GC without cni.dev/valid-attachments",
                       "an empty list says that no container is left"};
    }
    Outcome<netlink::Rtnetlink> host = open_host();
    if (!host) {
        return host.error();
    }
    if (Outcome<> collected = collect_garbage(*host, call.config, *call.config.valid); !collected) {
        return collected.error();
    }
    return std::string{};
}

/// 51 where those that are there are cut off as well.
Outcome<std::string> status(const Call& call) {
    if (Outcome<> good = need_version(call, Version::k110); !good) {
        return good.error();
    }
    const Outcome<api::NodeFile> node = read_ready_node(call.config);
    if (!node) {
        return as_status(Code::kLimited, node.error());
    }
    if (const Outcome<> forwards = check_forwarding(*node); !forwards) {
        return as_status(Code::kLimited, forwards.error());
    }
    Outcome<netlink::Rtnetlink> host = open_host();
    if (!host) {
        return as_status(Code::kNotAvailable, host.error());
    }
    if (const Outcome<> there = check_interface(*host, *node); !there) {
        return as_status(Code::kLimited, there.error());
    }
    if (const Outcome<> stock = check_stock(*host, call.config, *node); !stock) {
        return as_status(Code::kNotAvailable, stock.error());
    }
    return std::string{};
}

}  // namespace weft::cni
