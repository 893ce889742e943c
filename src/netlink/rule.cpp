// SPDX-License-Identifier: Apache-2.0
// Rtnetlink: routing rules (policy routing). Control thread, and the guard that runs without the
// daemon. Kernel: net/core/fib_rules.c (fib_nl_newrule), net/ipv4/fib_rules.c; rtnetlink(7).
#include <cerrno>

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include <weft/netlink/rtnetlink.hpp>

#include "exchange.hpp"
#include "ip_attribute.hpp"

namespace weft::netlink {
namespace {

constexpr std::uint32_t kAddressBitsMax = 128;

std::string describe(const Rule& rule) {
    return "routing rule " + std::to_string(rule.preference) + " to " + rule.to.to_string();
}

MessageBuilder build_request(std::uint16_t type, std::uint16_t flags, const Rule& rule) {
    const net::Prefix to = rule.to.masked();
    fib_rule_hdr head{};
    head.family = address_family(to.address.family());
    head.dst_len = to.length;
    head.table = RT_TABLE_UNSPEC;  // FRA_TABLE holds all of its bits
    head.action = FR_ACT_TO_TBL;
    MessageBuilder request{type, flags};
    request.fixed_header(head);
    if (to.length != 0) {
        request.attribute(FRA_DST, to.address.bytes());
    }
    request.attribute_u32(FRA_PRIORITY, rule.preference);
    request.attribute_u32(FRA_TABLE, rule.table);
    if (rule.suppressed_length) {
        request.attribute_u32(FRA_SUPPRESS_PREFIXLEN, *rule.suppressed_length);
    }
    const std::byte protocol{kRouteProtocol};
    request.attribute(FRA_PROTOCOL, ConstBytes{&protocol, 1});
    return request;
}

std::optional<Rule> read_rule(const Reply& reply) {
    ConstBytes rest{reply.payload};
    const std::optional<fib_rule_hdr> head = take_fixed_header<fib_rule_hdr>(rest);
    if (reply.type != RTM_NEWRULE || !head || head->action != FR_ACT_TO_TBL ||
        (head->family != AF_INET && head->family != AF_INET6)) {
        return std::nullopt;
    }
    Rule rule;
    rule.table = head->table;
    std::optional<net::IpAddress> to = net::IpAddress::unspecified(
        head->family == AF_INET ? net::Family::kIpv4 : net::Family::kIpv6);
    bool is_ours = true;
    while (const std::optional<AttributeView> attribute = next_attribute(rest)) {
        switch (attribute->type) {
            case FRA_DST:
                to = read_address(head->family, attribute->value);
                break;
            case FRA_PRIORITY:
                rule.preference = read_u32(attribute->value);
                break;
            case FRA_TABLE:
                rule.table = read_u32(attribute->value);
                break;
            case FRA_SUPPRESS_PREFIXLEN:
                if (read_u32(attribute->value) <= kAddressBitsMax) {
                    rule.suppressed_length = static_cast<std::uint8_t>(read_u32(attribute->value));
                }
                break;  // none is all ones
            case FRA_PROTOCOL:
                is_ours = attribute->value.size() == 1 &&
                          attribute->value[0] == std::byte{kRouteProtocol};
                break;
            default:
                break;
        }
    }
    if (!is_ours || !to || head->dst_len > to->bits()) {
        return std::nullopt;
    }
    rule.to = {*to, head->dst_len};
    return rule;
}

}  // namespace

Result<std::vector<Rule>> Rtnetlink::rules() {
    std::vector<Rule> rules;
    for (const net::Family family : {net::Family::kIpv4, net::Family::kIpv6}) {
        fib_rule_hdr head{};
        head.family = address_family(family);
        MessageBuilder request{RTM_GETRULE, NLM_F_DUMP};
        request.fixed_header(head);
        const Result<std::vector<Reply>> replies =
            exchange({fd_.get(), sequence_}, request, "listing the routing rules");
        if (!replies) {
            const int code = replies.error().code.value();
            if (code == EOPNOTSUPP || code == EAFNOSUPPORT) {
                continue;  // no such family, or no rules in this kernel
            }
            return replies.error();
        }
        for (const Reply& reply : *replies) {
            if (std::optional<Rule> rule = read_rule(reply)) {
                rules.push_back(*rule);
            }
        }
    }
    return rules;
}

Result<> Rtnetlink::add_rule(const Rule& rule) {
    MessageBuilder request =
        build_request(RTM_NEWRULE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, rule);
    const Result<std::vector<Reply>> done =
        exchange({fd_.get(), sequence_}, request, "adding the " + describe(rule));
    if (done || done.error().code.value() == EEXIST) {
        return {};
    }
    return done.error();
}

Result<> Rtnetlink::remove_rule(const Rule& rule) {
    MessageBuilder request = build_request(RTM_DELRULE, NLM_F_ACK, rule);
    const Result<std::vector<Reply>> done =
        exchange({fd_.get(), sequence_}, request, "removing the " + describe(rule));
    if (!done && done.error().code.value() != ENOENT) {
        return done.error();
    }
    return {};
}

}  // namespace weft::netlink
