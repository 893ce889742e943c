#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The kernel's netns.sh, its loads once more at the largest MTU that weft has.

load selftest

setup_file() { blank_lab 2 WEFT_LAB_MTU=65504; }
teardown_file() { lab_down; }

@test "3 the interface has the largest MTU" {
    inside a weft status --json | jq -e '.node.mtu == 65424'
    inside b ip link show dev weft0 | grep 'mtu 65424 '
}

@test "3 floods, TCP, parallel TCP and UDP pass at the largest MTU" {
    pair 4
    loads_pass
}

@test "3 packets of the largest MTU pass, IPv4 and IPv6, inside and outside" {
    local outer
    for outer in 4 6; do
        pair $outer
        ping_once a 10.44.1.1 -M "do" -s $((65424 - 28))
        ping_once b fd44::1 -M "do" -s $((65424 - 48))
    done
}

@test "3 nothing of it is in clear on the wire at the largest MTU" {
    pair 6
    nothing_in_clear a b 10.44.1.1 fd44:0:0:1::1
}
