#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A link of 1400 bytes in the middle of a way whose ends have 1500, and nobody tells: what is larger is lost, and
# so are fragments. It comes when the nodes have sessions already: a black hole that has to be noticed. The
# daemons send single messages, for a filter sees a train as one.

load helpers

setup_file() {
    lab_up 2 WEFT_LAB_NETWORK=yes WEFT_OFFLOAD_OFF=udp-gso
    inside net nft -f - <<'NFT'
table bridge narrow {
    chain forward {
        type filter hook forward priority 0
        meta length > 1400 counter drop
    }
}
NFT
}
teardown_file() { lab_down; }

peer_mtu() { inside "$1" weft status --json | jq '.peers[0].mtu'; }
has_mtu() { [ "$(peer_mtu "$1")" = "$2" ]; } # NODE MTU
route_mtu() { inside "$1" ip route get "$2" | grep -o 'mtu [0-9]*'; }

@test "TCP passes a way of 1400 bytes whose routers say nothing, between nodes and between containers" {
    local begin=$SECONDS
    tcp_transfer a b 10.44.1.1 1
    echo "# note: the first MB in $((SECONDS - begin)) s" >&3
    tcp_transfer a1 b1 10.44.1.10 1
    tcp_transfer b1 a1 fd44:0:0:0::10 1
}

@test "status says what the way carries, and why packets are smaller" {
    eventually 10 has_mtu a 1328
    eventually 10 has_mtu b 1328
    inside a weft status --json | jq -e '.verdict == "healthy" and .node.mtu == 1420 and .peers[0].rtt_us > 0'
    inside a weft status --json | jq -e '.problems[] | select(.code == "path_mtu" and .subject == "b") | .cause'
    inside a weft status | grep '! b: the way to it carries packets of 1328 bytes'
}

@test "the route has it: the host's packets are cut, a container is told" {
    [ "$(route_mtu a 10.44.1.1)" = "mtu 1328" ]
    [ "$(route_mtu a fd44:0:0:1::1)" = "mtu 1328" ]
    inside a ping -q -c 1 -W 2 -s 1380 10.44.1.1
    run inside a1 ping -q -c 2 -i 0.2 -W 1 -M "do" -s 1380 10.44.1.10
    [ "$status" = 1 ]
    inside a1 ip route get 10.44.1.10 | grep 'mtu 1328'
}

@test "check --peer: both ends see the link in the middle, and nothing else is wrong" {
    run inside a weft check --peer b --json
    [ "$status" = 4 ]
    jq -e '[.checks[] | select(.state != "ok" and .state != "skipped").name] == ["mtu"]' <<<"$output"
    jq -e '.checks[] | select(.name == "mtu").detail | test("1328 here, 1328 there")' <<<"$output"
    jq -e '.checks[] | select(.name == "loss").detail == "0 of 20 here, 0 of 20 there pings lost"' <<<"$output"
}

@test "check --peer tells a port that is blocked in one direction" {
    inside net nft add rule bridge narrow forward ip saddr 192.0.2.1 udp dport 51840 drop
    run inside a weft check --peer b
    [ "$status" = 4 ]
    grep 'reach .*error .*b does not answer at .* but is heard' <<<"$output"
    run inside a weft check --peer nobody
    [ "$status" = 1 ]
    grep 'no member nobody' <<<"$output"
}
