// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as iptables-legacy's filter table. Nothing outside of it is read, and
// every walk ends and comes to the same again.
#include <arpa/inet.h>

#include "fuzz.hpp"
#include "legacy_walk.hpp"
#include "parsed.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weft;
    fuzz::Input input{data, size};
    const unsigned kind = input.u8();
    firewall::Probe probe;
    probe.path = (kind & 1U) != 0 ? firewall::Path::kInput : firewall::Path::kForward;
    probe.in = (kind & 1U) != 0 ? "eth0" : "wv0";
    probe.out = (kind & 1U) != 0 ? "" : "weft0";
    probe.protocol = (kind & 2U) != 0 ? IPPROTO_UDP : IPPROTO_TCP;
    const bool v4 = (kind & 4U) != 0;
    probe.source = test::address(v4 ? "10.44.0.10" : "fd44::10");
    probe.destination = test::address(v4 ? "10.44.1.10" : "fd44:0:0:1::10");
    probe.destination_port = 51840;
    const firewall::LegacyChain chain{input.u16(), input.u16()};
    const fuzz::Buffer table = fuzz::copy_of(input.rest());
    const auto drop = firewall::walk_legacy(table, chain, probe);
    const auto again = firewall::walk_legacy(table, chain, probe);
    WEFT_FUZZ_CHECK(drop.has_value() == again.has_value());
    if (drop) {
        WEFT_FUZZ_CHECK(drop->rule == again->rule && drop->by_policy == again->by_policy);
    }
    return 0;
}
