#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The Linux kernel's own WireGuard, in a virtual machine in the place of node b.

load rival

setup_file() {
    local folder
    if ! folder=$("$BATS_TEST_DIRNAME/kernel.sh" 2>"$BATS_FILE_TMPDIR/reason"); then
        no_rival <"$BATS_FILE_TMPDIR/reason"
        return
    fi
    rival_up kernel "$folder"
    echo "# $(vm uname -srv)" >&3
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
@test "either side starts again" {
    [ "$WEFT_FULL" = yes ] || skip "only tests/run.sh full takes so long"
    restart
}
@test "weft under load makes the rival use a cookie" { cookie a; }
@test "the rival under load makes weft use a cookie" { cookie b; }
@test "reordering 2,000 deep loses nothing" {
    [ "$WEFT_FULL" = yes ] || skip "only tests/run.sh full takes so long"
    reordering 2000
}
@test "both sides count the same bytes" { counters; }
@test "keepalives of either side" {
    keepalive a
    keepalive b
}
@test "sizes up to the MTU" { mtu_edge; }
@test "congestion marks pass both ways, over IPv4 and over IPv6" {
    ecn 4
    ecn 6
}
@test "handshakes are AF41, data has no DSCP" { traffic_class; }
@test "rekeyed after 120 s, weft the initiator" { rekeyed_in_time a; }
@test "rekeyed after 120 s, the rival the initiator" { rekeyed_in_time b; }
@test "nothing was in clear on the wire" { nothing_was_in_clear; }
