// SPDX-License-Identifier: Apache-2.0
// Rtnetlink: opening it, and network interfaces. Control thread (the TUN's settings at start) and
// the CNI plugin. Kernel: net/core/rtnetlink.c (do_setlink, rtnl_newlink, rtnl_dump_ifinfo),
// drivers/net/veth.c.
#include <cerrno>

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include <weft/netlink/rtnetlink.hpp>

#include "exchange.hpp"

namespace weft::netlink {
namespace {

std::optional<Link> read_link(const Reply& reply) {
    ConstBytes rest{reply.payload};
    const std::optional<ifinfomsg> head = take_fixed_header<ifinfomsg>(rest);
    if (reply.type != RTM_NEWLINK || !head || head->ifi_index <= 0) {
        return std::nullopt;
    }
    Link link;
    link.index = static_cast<unsigned>(head->ifi_index);
    link.is_up = (head->ifi_flags & IFF_UP) != 0;
    link.is_loopback = (head->ifi_flags & IFF_LOOPBACK) != 0;
    while (const std::optional<AttributeView> attribute = next_attribute(rest)) {
        if (attribute->type == IFLA_IFNAME) {
            link.name = read_string(attribute->value);
        } else if (attribute->type == IFLA_MTU) {
            link.mtu = read_u32(attribute->value);
        } else if (attribute->type == IFLA_ADDRESS && attribute->value.size() == link.mac.size()) {
            copy_bytes(attribute->value, link.mac);
        }
    }
    return link;
}

/// Ends in a NUL, as the kernel's own tools send it.
void add_name(MessageBuilder& request, const std::string& name) {
    request.attribute(IFLA_IFNAME, bytes_of({name.c_str(), name.size() + 1}));
}

Result<> check_name(const std::string& name) {
    if (name.empty() || name.size() >= IFNAMSIZ) {
        return invalid("'" + name + "' is no interface's name");
    }
    return {};
}

/// IFLA_LINKINFO of a veth: the peer is described as a link of its own.
void add_peer(MessageBuilder& request, const VethPair& pair) {
    const std::size_t info = request.begin_nested(IFLA_LINKINFO);
    request.attribute(IFLA_INFO_KIND, bytes_of("veth"));
    const std::size_t data = request.begin_nested(IFLA_INFO_DATA);
    const std::size_t peer = request.begin_nested(VETH_INFO_PEER);
    request.fixed_header(ifinfomsg{});
    add_name(request, pair.peer);
    request.attribute_u32(IFLA_MTU, pair.mtu);
    request.attribute_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(pair.peer_netns));
    if (pair.peer_mac) {
        request.attribute(IFLA_ADDRESS, *pair.peer_mac);
    }
    request.end_nested(peer);
    request.end_nested(data);
    request.end_nested(info);
}

}  // namespace

Result<Rtnetlink> Rtnetlink::open() {
    Result<UniqueFd> fd = open_route_socket();
    if (!fd) {
        return fd.error();
    }
    return Rtnetlink{std::move(*fd)};
}

Result<> Rtnetlink::configure_link(unsigned index, const LinkSettings& settings) {
    if (index == 0) {
        return invalid("0 is no interface index");
    }
    ifinfomsg head{};
    head.ifi_family = AF_UNSPEC;
    head.ifi_index = static_cast<int>(index);
    head.ifi_flags = settings.up ? unsigned{IFF_UP} : 0U;
    head.ifi_change = IFF_UP;
    MessageBuilder request{RTM_NEWLINK, NLM_F_ACK};
    request.fixed_header(head);
    if (settings.mtu != 0) {
        request.attribute_u32(IFLA_MTU, settings.mtu);
    }
    if (settings.tx_queue_length != 0) {
        request.attribute_u32(IFLA_TXQLEN, settings.tx_queue_length);
    }
    if (settings.gso_max_segments != 0) {
        request.attribute_u32(IFLA_GSO_MAX_SEGS, settings.gso_max_segments);
    }
    const Result<std::vector<Reply>> done =
        exchange({fd_.get(), sequence_}, request, "configuring interface " + std::to_string(index));
    if (!done) {
        return done.error();
    }
    return {};
}

Result<std::vector<Link>> Rtnetlink::links() {
    MessageBuilder request{RTM_GETLINK, NLM_F_DUMP};
    request.fixed_header(ifinfomsg{});
    request.attribute_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    const Result<std::vector<Reply>> replies =
        exchange({fd_.get(), sequence_}, request, "listing the interfaces");
    if (!replies) {
        return replies.error();
    }
    std::vector<Link> links;
    for (const Reply& reply : *replies) {
        if (std::optional<Link> link = read_link(reply)) {
            links.push_back(std::move(*link));
        }
    }
    return links;
}

Result<std::optional<Link>> Rtnetlink::find_link(const std::string& name) {
    if (Result<> ok = check_name(name); !ok) {
        return ok.error();
    }
    MessageBuilder request{RTM_GETLINK, NLM_F_ACK};
    request.fixed_header(ifinfomsg{});
    add_name(request, name);
    const Result<std::vector<Reply>> replies =
        exchange({fd_.get(), sequence_}, request, "looking for interface " + name);
    if (!replies) {
        if (replies.error().code.value() == ENODEV) {
            return std::optional<Link>{};
        }
        return replies.error();
    }
    for (const Reply& reply : *replies) {
        if (std::optional<Link> link = read_link(reply)) {
            return link;
        }
    }
    return std::optional<Link>{};
}

Result<> Rtnetlink::add_veth(const VethPair& pair) {
    for (const std::string& name : {pair.name, pair.peer}) {
        if (Result<> ok = check_name(name); !ok) {
            return ok;
        }
    }
    MessageBuilder request{RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL};
    request.fixed_header(ifinfomsg{});
    add_name(request, pair.name);
    request.attribute_u32(IFLA_MTU, pair.mtu);
    add_peer(request, pair);
    const Result<std::vector<Reply>> done =
        exchange({fd_.get(), sequence_}, request, "making the veth pair " + pair.name);
    if (!done) {
        return done.error();
    }
    return {};
}

Result<bool> Rtnetlink::remove_link(const std::string& name) {
    if (Result<> ok = check_name(name); !ok) {
        return ok.error();
    }
    MessageBuilder request{RTM_DELLINK, NLM_F_ACK};
    request.fixed_header(ifinfomsg{});
    add_name(request, name);
    const Result<std::vector<Reply>> done =
        exchange({fd_.get(), sequence_}, request, "removing interface " + name);
    if (!done) {
        if (done.error().code.value() == ENODEV) {
            return false;
        }
        return done.error();
    }
    return true;
}

}  // namespace weft::netlink
