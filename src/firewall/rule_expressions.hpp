// SPDX-License-Identifier: Apache-2.0
// A rule's matches and its action as the kernel's expressions: small programs over registers, as
// nft(8) writes them (`nft --debug=netlink` shows its). Pure.
#pragma once

#include "build.hpp"

struct nftnl_rule;

namespace weft::firewall {

/// The matches in their order, a counter, the action.
void add_expressions(nftnl_rule& rule, const Rule& of);

}  // namespace weft::firewall
