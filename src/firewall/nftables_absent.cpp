// SPDX-License-Identifier: Apache-2.0
// Nftables in a weft that was built without libnftnl (CMake's WEFT_NFTABLES, off in static builds:
// Debian has no static libmnl). The daemon then says so and has no packet filter.
#include <cerrno>

#include <weft/firewall/nftables.hpp>

namespace weft::firewall {
namespace {

Error absent() {
    return errno_error(ENOTSUP,
                       "nftables",
                       "this weftd was built without libnftnl: take one with it, or set "
                       "firewall.enabled = false");
}

}  // namespace

Result<Nftables> Nftables::open() {
    return absent();
}
Result<Nftables> Nftables::adopt(UniqueFd /*fd*/) {
    return absent();
}
Result<> Nftables::apply(const Ruleset& /*ruleset*/, Ownership /*ownership*/) {
    return absent();
}
Result<> Nftables::replace_allowed(const Ruleset& /*ruleset*/) {
    return absent();
}
Result<std::size_t> Nftables::open_others(std::span<const Probe> /*probes*/) {
    return absent();
}
Result<> Nftables::close_others() {
    return absent();
}
Result<DropCounts> Nftables::drops() {
    return absent();
}

}  // namespace weft::firewall
