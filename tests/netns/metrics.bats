#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Metrics and health by HTTP from real daemons: who is answered and with what. Two nodes of one network.

load helpers
load metrics

setup_file() { lab_up 2 WEFT_LAB_NETWORK=yes; }
teardown_file() { lab_down; }

@test "metrics tell what the node carries, has and is" {
    inside a ping -q -c 3 -i 0.1 10.44.1.1
    at_least 'weft_peer_received_packets_total{peer="b"}' 3
    [ "$(value 'weft_peer_sessions{peer="b"}')" = 1 ]
    [ "$(value 'weft_members{state="alive"}')" = 2 ]
    [ "$(value weft_healthy)" = 1 ]
    [ "$(value weft_ready)" = 1 ]
    [ "$(value weft_guard_restorations_total)" = 0 ]
    at_least weft_gossip_received_bytes_total 100
    at_least 'weft_issuer_blocks{family="ipv4",state="owned"}' 2
    [ "$(value 'weft_ipam_addresses{family="ipv4",state="free"}')" = 253 ]
    at_least weft_certificate_not_after_timestamp_seconds "$(date +%s -d '+300 days')"
    at_least process_resident_memory_bytes 1000000
    at_least process_open_fds 10
    inside a curl -sSi http://127.0.0.1:9484/metrics >"$BATS_TEST_TMPDIR/answer"
    grep -i '^content-type: text/plain; version=0.0.4' "$BATS_TEST_TMPDIR/answer"
    grep -i '^x-content-type-options: nosniff' "$BATS_TEST_TMPDIR/answer"
    grep -i "^content-security-policy: default-src 'none'" "$BATS_TEST_TMPDIR/answer"
    fails grep -i '^access-control' "$BATS_TEST_TMPDIR/answer"
}

@test "the page and what it shows" {
    inside a curl -sSi http://127.0.0.1:9484/ >"$BATS_TEST_TMPDIR/answer"
    grep -i "^content-security-policy: default-src 'none'; script-src 'self';" "$BATS_TEST_TMPDIR/answer"
    grep -i '^referrer-policy: no-referrer' "$BATS_TEST_TMPDIR/answer"
    grep -q '<title>weft</title>' "$BATS_TEST_TMPDIR/answer"
    get a /page/mesh.json | jq -e '.peers[0].name == "b" and (.peers[0] | has("public_key") | not) and
        (.events | any(.event == "node_started")) and .isa.chosen and .now_ms'
    [ "$(code a -H 'Host: evil.example' http://127.0.0.1:9484/page/mesh.json)" = 403 ]
}

@test "alive and ready, and why not" {
    [ "$(get a /healthz)" = ok ]
    [ "$(get b /readyz)" = ok ]
    inside b weft leave --yes
    [ "$(code b http://127.0.0.1:9484/readyz)" = 503 ]
    [[ $(get b /readyz) == *"in no network"* ]]
    [ "$(code b http://127.0.0.1:9484/healthz)" = 200 ]
}

@test "only GET, only the paths there are, only under an address of its own" {
    run inside a curl -sSi -X POST -d x http://127.0.0.1:9484/metrics
    [[ $output == *405* && ${output,,} == *"allow: get"* ]]
    [ "$(code a -X OPTIONS -H 'Origin: http://evil.example' http://127.0.0.1:9484/metrics)" = 405 ]
    [ "$(code a http://127.0.0.1:9484/v1/status)" = 404 ]
    [[ $(get a /x) == *"/metrics, /healthz, /readyz"* ]]
    [ "$(code a -I http://127.0.0.1:9484/metrics)" = 200 ]
    [ "$(code a -H 'Host: evil.example:9484' http://127.0.0.1:9484/metrics)" = 403 ]
    [ "$(code a -H 'Host: localhost' http://127.0.0.1:9484/metrics)" = 200 ]
    [ "$(code a -H "X: $(head -c 9000 /dev/zero | tr '\0' x)" http://127.0.0.1:9484/metrics)" = 431 ]
    [ "$(code a -X POST --data-binary "@$LAB" http://127.0.0.1:9484/metrics)" = 413 ]
    run inside b curl -sS -m 2 "http://192.0.2.1:9484/metrics"
    [ "$status" = 7 ] # refused: it listens on loopback alone
}
