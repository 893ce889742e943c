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

}  // namespace

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
