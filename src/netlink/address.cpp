// SPDX-License-Identifier: Apache-2.0
// Rtnetlink: addresses of an interface. Control thread and the CNI plugin. Kernel:
// net/ipv4/devinet.c (inet_rtm_newaddr), net/ipv6/addrconf.c (inet6_rtm_newaddr).
#include <cerrno>

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include <weft/netlink/rtnetlink.hpp>

#include "exchange.hpp"
#include "ip_attribute.hpp"

namespace weft::netlink {
namespace {

std::string on_interface(const net::Prefix& address, unsigned index) {
    return address.to_string() + " on interface " + std::to_string(index);
}

MessageBuilder build_request(std::uint16_t type,
                             std::uint16_t flags,
                             unsigned index,
                             const net::Prefix& address) {
    ifaddrmsg head{};
    head.ifa_family = address_family(address.address.family());
    head.ifa_prefixlen = address.length;
    // Nobody else is on a point-to-point tunnel; without this the address is unusable for a second.
    head.ifa_flags = address.address.is_v4() ? std::uint8_t{0} : std::uint8_t{IFA_F_NODAD};
    head.ifa_scope = RT_SCOPE_UNIVERSE;
    head.ifa_index = index;
    MessageBuilder request{type, flags};
    request.fixed_header(head);
    request.attribute(IFA_LOCAL, address.address.bytes());
    request.attribute(IFA_ADDRESS, address.address.bytes());
    return request;
}

Result<> check(unsigned index, const net::Prefix& address) {
    if (index == 0) {
        return invalid("0 is no interface index");
    }
    if (address.length > address.address.bits()) {
        return invalid("prefix length " + std::to_string(address.length) + " is too long");
    }
    return {};
}

std::optional<net::Prefix> read_reply(const Reply& reply, unsigned index) {
    ConstBytes rest{reply.payload};
    const std::optional<ifaddrmsg> head = take_fixed_header<ifaddrmsg>(rest);
    if (reply.type != RTM_NEWADDR || !head || head->ifa_index != index) {
        return std::nullopt;
    }
    // IFA_LOCAL is ours; IFA_ADDRESS is the other end's where there is both (IPv4 with a peer).
    std::optional<net::IpAddress> local;
    std::optional<net::IpAddress> address;
    while (const std::optional<AttributeView> attribute = next_attribute(rest)) {
        if (attribute->type == IFA_LOCAL) {
            local = read_address(head->ifa_family, attribute->value);
        } else if (attribute->type == IFA_ADDRESS) {
            address = read_address(head->ifa_family, attribute->value);
        }
    }
    const std::optional<net::IpAddress>& ours = local ? local : address;
    if (!ours || head->ifa_prefixlen > ours->bits()) {
        return std::nullopt;
    }
    return net::Prefix{*ours, head->ifa_prefixlen};
}

}  // namespace

Result<> Rtnetlink::add_address(unsigned index, const net::Prefix& address) {
    if (const Result<> ok = check(index, address); !ok) {
        return ok.error();
    }
    MessageBuilder request =
        build_request(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, index, address);
    const Result<std::vector<Reply>> done =
        exchange({fd_.get(), sequence_}, request, "adding address " + on_interface(address, index));
    if (done || done.error().code.value() == EEXIST) {  // the kernel looks on this interface only
        return {};
    }
    Error error = done.error();
    const int code = error.code.value();
    if (!address.address.is_v4() && (code == EACCES || code == EOPNOTSUPP)) {
        error.remedy =
            "IPv6 is switched off: set sysctl net.ipv6.conf.all.disable_ipv6=0 and "
            "net.ipv6.conf.default.disable_ipv6=0, or give the node IPv4 only";
    }
    return error;
}

Result<> Rtnetlink::remove_address(unsigned index, const net::Prefix& address) {
    if (const Result<> ok = check(index, address); !ok) {
        return ok.error();
    }
    MessageBuilder request = build_request(RTM_DELADDR, NLM_F_ACK, index, address);
    const Result<std::vector<Reply>> done = exchange(
        {fd_.get(), sequence_}, request, "removing address " + on_interface(address, index));
    if (!done) {
        const int code = done.error().code.value();
        if (code != EADDRNOTAVAIL && code != ENODEV) {
            return done.error();
        }
    }
    return {};
}

Result<std::vector<net::Prefix>> Rtnetlink::addresses(unsigned index) {
    ifaddrmsg head{};
    head.ifa_family = AF_UNSPEC;
    head.ifa_index = index;  // kernels without strict checking ignore it: filtered again below
    MessageBuilder request{RTM_GETADDR, NLM_F_DUMP};
    request.fixed_header(head);
    const Result<std::vector<Reply>> replies =
        exchange({fd_.get(), sequence_},
                 request,
                 "listing the addresses of interface " + std::to_string(index));
    if (!replies) {
        return replies.error();
    }
    std::vector<net::Prefix> addresses;
    for (const Reply& reply : *replies) {
        if (const std::optional<net::Prefix> address = read_reply(reply, index)) {
            addresses.push_back(*address);
        }
    }
    return addresses;
}

}  // namespace weft::netlink
