#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Debian's wireguard-go in the place of node b.

load rival

setup_file() {
    rival_up wireguard-go
    echo "# $(wireguard-go --version | head -n 1)" >&3
}
teardown_file() { rival_down; }

@test "either side starts the handshake, over IPv4 and over IPv6" { either_initiates; }
@test "bytes arrive intact, both directions" { transfers; }
@test "a preshared key, changed while in use, and a wrong one" { preshared_key; }
@test "weft follows the rival to another address and port" {
    move b 4
    move b 6
}
@test "the rival follows weft to another address and port" {
    move a 4
    move a 6
}
@test "either side starts again" { restart; }
@test "weft under load makes the rival use a cookie" { cookie a; }
@test "the rival under load makes weft use a cookie" { cookie b; }
@test "reordering 2,000 deep loses nothing" { reordering 2000; }
@test "both sides count the same bytes" { counters; }
@test "keepalives of either side" {
    keepalive a
    keepalive b
}
@test "sizes up to the MTU" { mtu_edge; }
@test "rekeyed after 120 s, weft the initiator" { rekeyed_in_time a; }
@test "rekeyed after 120 s, the rival the initiator" { rekeyed_in_time b; }
@test "nothing was in clear on the wire" { nothing_was_in_clear; }
