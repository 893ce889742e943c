#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Container traffic between two nodes over IPv4: ping, TCP and UDP, both directions, both inner families;
# the edge of the MTU; what weft and wg say about it.

load helpers

setup_file() { lab_up 2; }
teardown_file() { lab_down; }

@test "IPv4 ping between nodes and containers, both directions" {
    pings_between a 10.44.1.1 10.44.1.10 10.44.1.11
    pings_between b 10.44.0.1 10.44.0.10 10.44.0.11
    pings_between a1 10.44.1.1 10.44.1.10 10.44.1.11 10.44.0.11
    pings_between b2 10.44.0.1 10.44.0.10 10.44.0.11
}

@test "IPv6 ping between nodes and containers, both directions" {
    pings_between a fd44:0:0:1::1 fd44:0:0:1::10
    pings_between b fd44::1 fd44::10
    pings_between a1 fd44:0:0:1::1 fd44:0:0:1::10 fd44:0:0:1::11 fd44::11
    pings_between b2 fd44::1 fd44::10 fd44::11
}

@test "TCP over IPv4 arrives intact, both directions" {
    tcp_transfer a1 b1 10.44.1.10 50
    tcp_transfer b1 a1 10.44.0.10 50
}

@test "TCP over IPv6 arrives intact, both directions" {
    tcp_transfer a1 b1 fd44:0:0:1::10 50
    tcp_transfer b1 a1 fd44::10 50
}

@test "TCP from node to node arrives intact" {
    tcp_transfer a b 10.44.1.1 50
    tcp_transfer b a fd44::1 50
}

@test "UDP over IPv4 arrives, both directions" {
    udp_transfer a1 b1 10.44.1.10
    udp_transfer b1 a1 10.44.0.10
}

@test "UDP over IPv6 arrives, both directions" {
    udp_transfer a1 b1 fd44:0:0:1::10
    udp_transfer b1 a1 fd44::10
}

@test "UDP datagrams larger than the MTU arrive in fragments" {
    inside a1 ping -q -c 2 -i 0.1 -W 3 -s 8000 10.44.1.10
    inside a1 ping -q -c 2 -i 0.1 -W 3 -s 8000 fd44:0:0:1::10
}

@test "a packet of exactly the MTU passes, one byte more is refused by the sender" {
    local mtu
    mtu=$(inside a weft status --json | jq .node.mtu)
    [ "$mtu" = 1420 ]
    inside a ping -q -c 2 -i 0.1 -W 3 -M "do" -s $((mtu - 28)) 10.44.1.1
    inside a ping -q -c 2 -i 0.1 -W 3 -M "do" -s $((mtu - 48)) fd44:0:0:1::1
    run inside a ping -c 1 -W 1 -M "do" -s $((mtu - 27)) 10.44.1.1
    [ "$status" -ne 0 ]
    [[ $output =~ [Mm]essage\ too\ long ]]
    run inside a ping -c 1 -W 1 -M "do" -s $((mtu - 47)) fd44:0:0:1::1
    [ "$status" -ne 0 ]
    [[ $output =~ [Mm]essage\ too\ long ]]
}

@test "TTL and hop limit count the two nodes" {
    inside a1 ping -c 1 -W 3 10.44.1.10 | grep ttl=62
    inside a1 ping -c 1 -W 3 fd44:0:0:1::10 | grep ttl=62
}

@test "an address of nobody is answered with unreachable, not with silence" {
    local from
    inside a ip route add 10.44.99.0/24 dev weft0
    inside a ip route add fd44:0:0:99::/64 dev weft0
    for from in a a1; do
        run inside $from ping -c 1 -W 3 10.44.99.1
        [[ $output == *"Destination Host Unreachable"* ]]
        run inside $from ping -c 1 -W 3 fd44:0:0:99::1
        [[ $output == *"Address unreachable"* ]]
    done
}

@test "weft ping names the peer" {
    inside a weft ping b
    inside b weft ping a
    inside a weft ping 10.44.1.1
    run inside a weft ping nobody
    [ "$status" -ne 0 ]
}

@test "weft status: sessions are up" {
    inside a weft status
    inside a weft status --json | jq -e '.peers[0].session == "up"'
    inside a weft status --json | jq -e '.verdict == "healthy" and .peers[0].name == "b"'
    inside a weft peers
    inside a weft peers --json | jq -e .
}

@test "weft status --json keeps to the json schema" {
    python3 -c 'import jsonschema' 2>/dev/null || skip "python3-jsonschema is not here"
    inside a weft status --json >"$BATS_TEST_TMPDIR/status.json"
    python3 - "$ROOT/include/weft/api/status.schema.json" "$BATS_TEST_TMPDIR/status.json" <<'PY'
import json, sys, jsonschema
schema, status = (json.load(open(f)) for f in sys.argv[1:])
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.Draft202012Validator(schema).validate(status)
PY
}

@test "wg show: peer, handshake age, transfer" {
    inside a wg show weft0 | grep 'latest handshake'
    inside a wg show weft0 | grep transfer
    [ "$(inside a wg show weft0 listen-port)" = 51840 ]
    [ "$(inside a wg show weft0 peers)" = "$(cat "$WEFT_LAB_DIR/b/public.key")" ]
    inside a wg show weft0 allowed-ips | grep -F 10.44.1.0/24
}

@test "nothing of a container's traffic is in clear on the wire" {
    local wire=$BATS_TEST_TMPDIR/marker.wire.pcap
    nothing_in_clear a1 b1 10.44.1.10 fd44:0:0:1::10
    [ "$(tcpdump -nr "$wire" 'udp port 51840' 2>/dev/null | wc -l)" -gt 0 ]
    [ "$(tcpdump -nr "$wire" 'net 10.44.0.0/16 or net fd44::/16' 2>/dev/null | wc -l)" = 0 ]
}

# Last: it takes the peer away.
@test "wg set peer remove takes effect, and a reload brings it back" {
    inside a wg set weft0 peer "$(cat "$WEFT_LAB_DIR/b/public.key")" remove
    [ -z "$(inside a wg show weft0 peers)" ]
    fails inside a ping -q -c 1 -W 1 10.44.1.1
    kill -HUP "$("$LAB" pid a)"
    eventually 10 inside a ping -q -c 1 -W 1 10.44.1.1
}
