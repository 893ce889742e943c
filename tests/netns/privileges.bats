#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Tunnels with the privileges that weftd.service gives: a user of its own with CAP_NET_ADMIN, and no more to be had.
# Its filter of system calls is in force under a real systemd: ../packages/packages.bats.

load helpers

setup_file() {
    export WEFT_LAB_PRIVILEGES=unit
    lab_up 2
}
teardown_file() { lab_down; }

@test "weftd is another user with one capability, and nothing it starts could have more" {
    local status
    status=/proc/$("$LAB" pid a)/status
    [ "$(awk '/^Uid:/ { print $2, $3, $4, $5 }' "$status")" = "65534 65534 65534 65534" ]
    for set in CapInh CapPrm CapEff CapBnd CapAmb; do grep -qx "$set:"$'\t'0000000000001000 "$status"; done
    grep -qx $'NoNewPrivs:\t1' "$status"
}

@test "containers reach each other, with every offload, and the commands work" {
    pings_between a1 10.44.1.10 fd44:0:0:1::10
    tcp_transfer a1 b1 10.44.1.10 20
    tcp_transfer b1 a1 fd44::10 20
    inside a weft status --json | jq -e '.offload | .tun_tso and .udp_gso and .udp_gro'
    inside a weft ping b
    inside a wg show weft0
    inside a weft reload
    pings_between b1 10.44.0.10 fd44::10
}

@test "all tests of traffic pass" {
    [ "$WEFT_FULL" != no ] || skip "in full"
    bats --tap "$BATS_TEST_DIRNAME/traffic.bats"
}
