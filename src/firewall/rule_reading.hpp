// SPDX-License-Identifier: Apache-2.0
// A rule as the kernel gives it in a dump. Pure.
#pragma once

#include <memory>
#include <string>

#include <linux/netlink.h>

#include <libnftnl/rule.h>

namespace weft::firewall {

struct FreeRule {
    void operator()(nftnl_rule* rule) const { nftnl_rule_free(rule); }
};
using RuleHandle = std::unique_ptr<nftnl_rule, FreeRule>;

/// Nothing where the message is none of a rule.
[[nodiscard]] RuleHandle parse_rule(const nlmsghdr& message);

/// "" where it has none.
[[nodiscard]] std::string comment_of(const nftnl_rule& rule);

}  // namespace weft::firewall
