// SPDX-License-Identifier: Apache-2.0
// ADD, from top to bottom: look before anything is done, reserve, wire, answer. What fails half-way
// is undone in reverse, down to the reservation, which then does not rest.
#include <algorithm>

#include "leases.hpp"
#include "node.hpp"
#include "result.hpp"
#include "verbs.hpp"
#include "wiring.hpp"

namespace weft::cni {
namespace {

/// CNI_ARGS speaks where the runtime's capabilities do not.
Outcome<Wishes> all_wishes(const Call& call) {
    Outcome<Wishes> wishes = parse_args(call.environment.args);
    if (!wishes) {
        return wishes;
    }
    if (!call.config.wishes.addresses.empty()) {
        wishes->addresses = call.config.wishes.addresses;
    }
    if (call.config.wishes.mac) {
        wishes->mac = call.config.wishes.mac;
    }
    return wishes;
}

Outcome<> check_is_free(const Netns& netns, const std::string& interface) {
    Outcome<netlink::Rtnetlink> inside = open_inside(netns);
    if (!inside) {
        return inside.error();
    }
    const auto found = inside->find_link(interface);
    if (!found) {
        return failure_of(Code::kIo, found.error());
    }
    if (*found) {
        return Failure{Code::kBadEnvironment,
                       "the container has an interface " + interface + " already",
                       "choose another CNI_IFNAME, or DEL it first"};
    }
    return {};
}

}  // namespace

Outcome<std::string> add(const Call& call, Print print) {
    const auto& [environment, config] = call;
    if (Outcome<> good = check_environment(environment, true); !good) {
        return good.error();
    }
    const Outcome<Wishes> wishes = all_wishes(call);
    if (!wishes) {
        return wishes.error();
    }
    const Outcome<api::NodeFile> node = read_ready_node(config);
    if (!node) {
        return node.error();
    }
    const Outcome<std::uint32_t> mtu = choose_mtu(config, *node);
    if (!mtu) {
        return mtu.error();
    }
    if (Outcome<> forwards = check_forwarding(*node); !forwards) {
        return forwards.error();
    }
    const Outcome<Netns> netns = Netns::open(environment.netns);
    if (!netns) {
        return netns.error();
    }
    if (Outcome<> is_free = check_is_free(*netns, environment.interface); !is_free) {
        return is_free.error();
    }
    Result<netlink::Rtnetlink> host = netlink::Rtnetlink::open();
    if (!host) {
        return failure_of(Code::kIo, host.error());
    }
    if (Outcome<> there = check_interface(*host, *node); !there) {
        return there.error();
    }

    const ipam::Attachment attachment{environment.container, environment.interface};
    const Outcome<ipam::Addresses> addresses = reserve(*host, {config, *node, attachment, *wishes});
    if (!addresses) {
        return addresses.error();
    }
    UndoStack undo;
    undo.push([&call, &attachment] { drop(call.config, attachment); });
    const Wiring wiring{ipam::link_name(attachment),
                        environment.interface,
                        environment.netns,
                        *mtu,
                        node->gso_max_segs,
                        wishes->mac,
                        *addresses,
                        node->gateway4.value_or(net::IpAddress{})};
    const Outcome<Attached> attached = wire(*host, *netns, wiring, undo);
    if (!attached) {
        return attached.error();
    }
    if (!print(result_json(*attached, config))) {
        return Failure{Code::kIo, "the result could not be written to stdout"};
    }
    undo.dismiss();
    return std::string{};
}

}  // namespace weft::cni
