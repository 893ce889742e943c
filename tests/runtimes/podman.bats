#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# podman 4 with its CNI backend on two nodes: containers reach each other, a host port, a fixed address, a
# restart, and nothing is left.

load runtimes

setup_file() {
    [ -s "$FETCHED/rootfs.tar" ] && command -v podman runc >/dev/null || return 0
    runtimes_up
    import_image a
    import_image b
}
teardown_file() { [ ! -d "$WEFT_LAB_DIR" ] || lab_down; }
setup() { need podman runc; }

fetch() { podman_in "$1" run --rm localhost/bb:1 wget -qO- "$2"; } # NODE URL

guards_saw_nothing() { # NODE
    inside "$1" curl -sS http://127.0.0.1:9484/metrics |
        awk '/^weft_guard_dropped_packets_total\{reason="(in|out)bound"/ { n++; sum += $2 } END { exit n != 2 || sum != 0 }'
}

@test "a container fetches a page from a container on the other node, IPv4 and IPv6, and in no clear" {
    serve b web hello-from-b
    capture net br0 "$BATS_TEST_TMPDIR/wire"
    local wire=$! four six
    four=$(address_of b web IPAddress) six=$(address_of b web GlobalIPv6Address)
    [[ $four == 10.44.1.* && $six == fd44:0:0:1::* ]]
    [ "$(fetch a "http://$four/")" = hello-from-b ]
    [ "$(fetch a "http://[$six]/")" = hello-from-b ]
    kill -INT $wire && wait $wire || true
    [ "$(tcpdump -nr "$BATS_TEST_TMPDIR/wire.pcap" 'net 10.44.0.0/16 or ip6 net fd44::/32' 2>/dev/null | wc -l)" = 0 ]
    [ "$(tcpdump -nr "$BATS_TEST_TMPDIR/wire.pcap" 'not udp port 51840 and not arp and not icmp6 and not multicast' 2>/dev/null | wc -l)" = 0 ]
    guards_saw_nothing a && guards_saw_nothing b
    podman_in b rm -f -t 0 web
    no_attachments a && no_attachments b
}

@test "a host port by portmap in the chain" {
    serve b web by-host-port -p 8080:80
    [ "$(inside a curl -s -m 5 http://192.0.2.2:8080/)" = by-host-port ]
    podman_in b rm -f -t 0 web
    no_attachments b
}

@test "a fixed address and MAC, kept over a restart; a second one is refused with the reason" {
    serve a fixed fixed --ip 10.44.0.99 --mac-address 02:00:00:00:00:63
    [ "$(address_of a fixed IPAddress)" = 10.44.0.99 ]
    [ "$(address_of a fixed MacAddress)" = 02:00:00:00:00:63 ]
    [ "$(fetch b http://10.44.0.99/)" = fixed ]
    run podman_in a run --rm --ip 10.44.0.99 localhost/bb:1 true
    [ "$status" != 0 ]
    [[ $output == *"10.44.0.99 is taken by container"* ]]
    podman_in a restart -t 0 fixed
    [ "$(address_of a fixed IPAddress)" = 10.44.0.99 ]
    [ "$(fetch b http://10.44.0.99/)" = fixed ]
    podman_in a rm -f -t 0 fixed
    no_attachments a
}

@test "while weftd is stopped a container is refused with the reason, and those that run are stopped as usual" {
    serve a web still-here
    "$LAB" stop a
    run podman_in a run --rm localhost/bb:1 true
    [ "$status" != 0 ]
    [[ $output == *"weftd has stopped"* ]]
    podman_in a rm -f -t 0 web
    "$LAB" peer a weft
    eventually 10 inside a jq -e .ready /run/weft/node.json
    no_attachments a
}
