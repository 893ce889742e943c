// SPDX-License-Identifier: Apache-2.0
// foreign_drops() in a weft that was built without libnftnl (nftables_absent.cpp).
#include <cerrno>

#include <weft/firewall/foreign.hpp>

namespace weft::firewall {

Result<std::vector<ForeignDrop>> foreign_drops(const Probe& /*probe*/) {
    return errno_error(ENOTSUP, "nftables", "this weftd was built without libnftnl");
}

std::optional<Error> unread_rules() {
    return std::nullopt;
}

}  // namespace weft::firewall
