// SPDX-License-Identifier: Apache-2.0
// See rule_reading.hpp. Comments are in nft's user data (libnftnl/udata.h).
#include "rule_reading.hpp"

#include <libnftnl/udata.h>

namespace weft::firewall {
namespace {

int take_comment(const nftnl_udata* item, void* out) {
    if (nftnl_udata_type(item) == NFTNL_UDATA_RULE_COMMENT && nftnl_udata_len(item) > 0) {
        static_cast<std::string*>(out)->assign(static_cast<const char*>(nftnl_udata_get(item)),
                                               nftnl_udata_len(item) - std::size_t{1});
    }
    return 0;
}

}  // namespace

RuleHandle parse_rule(const nlmsghdr& message) {
    RuleHandle rule{nftnl_rule_alloc()};
    if (rule && nftnl_rule_nlmsg_parse(&message, rule.get()) != 0) {
        rule.reset();
    }
    return rule;
}

std::string comment_of(const nftnl_rule& rule) {
    std::string comment;
    std::uint32_t size = 0;
    const void* const user = nftnl_rule_get_data(&rule, NFTNL_RULE_USERDATA, &size);
    if (user != nullptr && nftnl_udata_parse(user, size, take_comment, &comment) < 0) {
        comment.clear();
    }
    return comment;
}

}  // namespace weft::firewall
