// SPDX-License-Identifier: Apache-2.0
// Which of our own messages may enter the tunnel (see loop_guard.hpp). Only UDP packets from the
// listen port come here.
#include "loop_guard.hpp"

#include <algorithm>

#include <weft/base/endian.hpp>

namespace weft::dataplane {

namespace {

bool same_place(const net::Endpoint& a, const net::Endpoint& b) {
    return a.port == b.port && a.address == b.address;  // whatever the scope
}

}  // namespace

bool LoopGuard::closes_loop(const net::Endpoint& to, const net::Endpoint& via, Time now) {
    const std::scoped_lock lock{seen_.lock};
    net::Endpoint at = via;
    for (std::size_t hops = 0; hops <= kHopsMax; ++hops) {
        if (same_place(at, to)) {
            return true;
        }
        const auto next = std::find_if(seen_.hops.begin(), seen_.hops.end(), [&](const Hop& hop) {
            return now < hop.until && same_place(hop.to, at);
        });
        if (next == seen_.hops.end()) {
            break;
        }
        at = next->via;
    }
    Hop* place = seen_.hops.data();
    for (Hop& hop : seen_.hops) {
        if (same_place(hop.to, to)) {
            place = &hop;
            break;
        }
        if (hop.until < place->until) {
            place = &hop;
        }
    }
    *place = {to, via, now + kMemory};
    return false;
}

std::optional<net::Endpoint> udp_destination_from(std::uint16_t port,
                                                  ConstBytes packet,
                                                  const net::IpView& ip) {
    constexpr std::uint8_t kFragment = 44;
    constexpr std::size_t kFragmentHeader = 8;
    constexpr std::size_t kPorts = 4;
    std::uint8_t protocol = ip.protocol();
    std::size_t at = ip.header_size();
    if (ip.is_v4() && (load_be16(&packet[6]) & 0x1fff) != 0) {
        return std::nullopt;
    }
    if (!ip.is_v4() && protocol == kFragment && packet.size() >= at + kFragmentHeader) {
        if ((load_be16(&packet[at + 2]) & 0xfff8) != 0) {
            return std::nullopt;
        }
        protocol = std::to_integer<std::uint8_t>(packet[at]);
        at += kFragmentHeader;
    }
    if (protocol != net::kProtocolUdp || packet.size() < at + kPorts ||
        load_be16(&packet[at]) != port) {
        return std::nullopt;
    }
    return net::Endpoint{ip.destination(), load_be16(&packet[at + 2]), 0};
}

}  // namespace weft::dataplane
