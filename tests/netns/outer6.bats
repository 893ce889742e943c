#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Container traffic between two nodes whose endpoints are IPv6 addresses.

load helpers

setup_file() { lab_up 2 WEFT_LAB_OUTER=6; }
teardown_file() { lab_down; }

@test "the endpoints are IPv6" {
    inside a wg show weft0 endpoints | grep -F '[2001:db8::2]:51840'
}

@test "ping over IPv6 outside, both families inside, both directions" {
    pings_between a1 10.44.1.1 10.44.1.10 fd44:0:0:1::1 fd44:0:0:1::10
    pings_between b1 10.44.0.1 10.44.0.10 fd44::1 fd44::10
}

@test "TCP over IPv6 outside arrives intact, both families inside" {
    tcp_transfer a1 b1 10.44.1.10 50
    tcp_transfer b1 a1 fd44::10 50
}

@test "UDP over IPv6 outside arrives, both families inside" {
    udp_transfer a1 b1 fd44:0:0:1::10
    udp_transfer b1 a1 10.44.0.10
}

@test "a packet of exactly the MTU passes over IPv6 outside" {
    inside a ping -q -c 2 -i 0.1 -W 3 -M "do" -s 1392 10.44.1.1
    inside a ping -q -c 2 -i 0.1 -W 3 -M "do" -s 1372 fd44:0:0:1::1
}

@test "nothing of a container's traffic is in clear over IPv6 outside" {
    nothing_in_clear b1 a1 10.44.0.10 fd44::10
}
