#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Every offload off in turn, on one side and then all of them on both: the same bytes arrive.

load helpers

setup_file() { lab_up 2; }
teardown_file() { lab_down; }

without() { # OFFLOADS NODE...
    local off=$1 node
    shift
    for node; do WEFT_OFFLOAD_OFF=$off "$LAB" peer "$node" weft; done
    # Both directions at once may cross: the first exchange settles the sessions.
    eventually 10 inside a ping -q -c 1 -W 1 10.44.1.1
}

offload_is() { # NODE NAME VALUE
    inside "$1" weft status --json | jq -e ".offload.$2 == $3"
}

one_alone() { [ "$WEFT_FULL" = yes ] || skip "only tests/run.sh full turns them off singly"; }

transfers() {
    tcp_transfer a1 b1 10.44.1.10 20
    tcp_transfer b1 a1 fd44::10 20
    udp_transfer a1 b1 10.44.1.10
    udp_transfer b1 a1 fd44::10
}

@test "without tun-tso" {
    one_alone
    without tun-tso a
    offload_is a tun_tso false
    transfers
}

@test "without tun-uso" {
    one_alone
    without tun-uso a
    offload_is a tun_uso false
    transfers
}

@test "without udp-gso" {
    one_alone
    without udp-gso a
    offload_is a udp_gso false
    transfers
}

@test "without udp-gro" {
    one_alone
    without udp-gro a
    offload_is a udp_gro false
    transfers
}

@test "without any offload on both nodes" {
    without tun-tso,tun-uso,udp-gso,udp-gro a b
    inside b weft status --json | jq -e '.offload | [.tun_tso, .tun_uso, .udp_gso, .udp_gro] | any | not'
    transfers
}

@test "with every offload again" {
    without "" a b
    offload_is a tun_tso true
    offload_is a udp_gso true
    offload_is a udp_gro true
    transfers
}
