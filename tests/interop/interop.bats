#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Another implementation of WireGuard in the place of one node, the other way round too, over IPv4 and
# IPv6: handshakes started by either side, TCP and UDP intact, rekeying after a restart of either side.

load ../netns/helpers

# One lab for all: node a is exchanged, then node b; endpoints are IPv4, the IPv6 ones in a lab of their own.
setup_file() { lab_up 2; }
teardown_file() { lab_down; }

works() {
    eventually 10 inside a ping -q -c 1 -W 1 10.44.1.1
    pings_between a 10.44.1.1 fd44:0:0:1::1
    pings_between b 10.44.0.1 fd44::1
    pings_between a1 10.44.1.10 fd44:0:0:1::10
    pings_between b1 10.44.0.10 fd44::10
    tcp_transfer a1 b1 10.44.1.10 20
    tcp_transfer b1 a1 fd44::10 20
    udp_transfer a1 b1 10.44.1.10
    udp_transfer b1 a1 fd44::10
}

need_boringtun() {
    BORINGTUN=$("$ROOT/tests/interop/boringtun.sh" 2>"$BATS_TEST_TMPDIR/reason") ||
        skip "$(tail -n 1 "$BATS_TEST_TMPDIR/reason")"
    export BORINGTUN
}

replace() { # NODE KIND: that node is replaced, the other is weft
    local other=b
    [ "$1" = a ] || other=a
    "$LAB" peer "$1" "$2"
    "$LAB" peer $other weft
    works
    # It starts again; the other notices by the silence, after 10 + 5 s at the latest (whitepaper 6.5).
    "$LAB" peer "$1" "$2"
    eventually 25 inside $other ping -q -c 1 -W 1 "10.44.$([ "$1" = a ] && echo 0 || echo 1).1"
    "$LAB" peer "$1" weft
}

outer6() { # NODE KIND
    lab_down
    lab_up 2 WEFT_LAB_OUTER=6
    replace "$1" "$2"
    lab_down
    lab_up 2
}

@test "wireguard-go in the place of node a" { replace a wireguard-go; }
@test "wireguard-go in the place of node b" { replace b wireguard-go; }
@test "wireguard-go in the place of node a, IPv6 outside" { outer6 a wireguard-go; }
@test "wireguard-go in the place of node b, IPv6 outside" { outer6 b wireguard-go; }

@test "boringtun in the place of node a" {
    need_boringtun
    replace a boringtun
}
@test "boringtun in the place of node b" {
    need_boringtun
    replace b boringtun
}
@test "boringtun in the place of node b, IPv6 outside" {
    need_boringtun
    outer6 b boringtun
}
