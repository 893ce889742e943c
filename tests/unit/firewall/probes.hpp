// SPDX-License-Identifier: Apache-2.0
// Packets that rules are asked about.
#pragma once

#include <netinet/in.h>

#include <weft/firewall/foreign.hpp>

namespace weft::firewall {

/// From a neighbour on the underlay.
inline Probe to_our_port() {
    Probe probe;
    probe.path = Path::kInput;
    probe.in = "eth0";
    probe.source = *net::IpAddress::parse("192.0.2.1");
    probe.destination = *net::IpAddress::parse("192.0.2.2");
    probe.protocol = IPPROTO_UDP;
    probe.destination_port = 51840;
    return probe;
}

}  // namespace weft::firewall
