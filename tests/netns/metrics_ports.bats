#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Metrics' port on real daemons: taken, held, at other addresses than 127.0.0.1; what goes wrong on the node is told; and
# promtool judges the text and the alerts. Two nodes of one network.

load helpers
load metrics

PROMTOOL=$ROOT/build/tools/promtool/promtool

setup_file() { lab_up 2 WEFT_LAB_NETWORK=yes; }
teardown_file() { lab_down; }

root_of() { echo "/proc/$(cut -d' ' -f1 "$WEFT_LAB_DIR/$1/holder.pid")/root"; }
problem() { inside a weft status --json | jq -re --arg code "$1" '.problems[] | select(.code == $code) | .cause + " " + .remedy'; }
restart_with() { # METRICS: another api.metrics on a
    sed -i "/^metrics = /d; /^\[api\]/a metrics = \"$1\"" "$(root_of a)/etc/weft/weft.toml"
    "$LAB" stop a
    "$LAB" peer a weft
}
need_promtool() {
    [ -x "$PROMTOOL" ] || skip "no promtool: $(tail -n 1 "${PROMTOOL%/*}/reason" 2>/dev/null || echo "run.sh fetches it")"
}

@test "promtool finds nothing wrong with the text" {
    need_promtool
    get a /metrics | "$PROMTOOL" check metrics
}

@test "the alerts come when they should and not before, by promtool" {
    need_promtool
    "$PROMTOOL" check rules "$ROOT/packaging/prometheus/weft.rules.yml"
    "$PROMTOOL" test rules "$BATS_TEST_DIRNAME/metrics_rules.yml"
}

@test "rules that others remove, and a ledger that cannot be read, are told" {
    [ "$(value weft_guard_restorations_total)" = 0 ]
    inside a ip rule del pref 5180
    eventually 5 at_least weft_guard_restorations_total 1
    inside a ip rule show pref 5180 | grep -q 51840
    inside a mkdir -p /var/lib/weft-cni
    inside a ln -s /etc/passwd /var/lib/weft-cni/journal
    eventually 5 is_value weft_ipam_ledger_readable 0
    inside a rm /var/lib/weft-cni/journal
    eventually 5 is_value weft_ipam_ledger_readable 1
}
is_value() { [ "$(value "$1")" = "$2" ]; } # SERIES VALUE

@test "who holds connections open shuts others out no longer than that" {
    local pids=()
    while [ ${#pids[@]} -lt 16 ]; do
        "$LAB" exec a -- timeout 60 socat -u TCP4:127.0.0.1:9484 - 3>&- &
        pids+=($!)
    done
    eventually 5 connections 16
    fails get a /healthz
    kill "${pids[@]}"
    wait "${pids[@]}" || true
    eventually 5 get a /healthz
}
connections() { [ "$(inside a ss -Htn state established 'sport = :9484' | wc -l)" = "$1" ]; }

@test "a taken port is told, and served once it is free" {
    local holder
    "$LAB" stop a
    "$LAB" exec a -- timeout 60 socat TCP4-LISTEN:9484,bind=127.0.0.1,reuseaddr,fork OPEN:/dev/null 3>&- &
    holder=$!
    eventually 5 listens a 9484
    "$LAB" peer a weft
    [[ $(problem metrics_not_served) == *"Address already in use"*"ss -ltnp sport = :9484"* ]]
    run inside a weft status
    [ "$status" = 4 ]
    kill $holder
    wait $holder || true
    eventually 10 get a /healthz
    fails problem metrics_not_served
}

@test "another address: IPv6's loopback, all of them with a warning, none" {
    restart_with '[::1]:9485'
    [ "$(get a /healthz '[::1]:9485')" = ok ]
    [ "$(code a -H 'Host: localhost:1' 'http://[::1]:9485/metrics')" = 200 ]
    fails listens a 9484
    restart_with '0.0.0.0:9484'
    [ "$(get b /healthz 192.0.2.1:9484)" = ok ]
    [ "$(code b -H 'Host: evil.example' http://192.0.2.1:9484/metrics)" = 403 ]
    [[ $(problem metrics_exposed) == *'api.metrics = "127.0.0.1:9484"'* ]]
    restart_with 192.0.2.99:9484
    [[ $(problem metrics_not_served) == *"Cannot assign"*"api.metrics"* ]]
    restart_with ''
    fails listens a 9484
    fails problem metrics_not_served
    inside a weft status
}

@test "where a kernel lets 127.0.0.1 in from outside, and no guard stands, the port still answers nobody there" {
    local node
    printf '[firewall]\nenabled = false\n' >>"$(root_of a)/etc/weft/weft.toml"
    restart_with 127.0.0.1:9484
    for node in a b; do inside $node sysctl -qw net.ipv4.conf.all.route_localnet=1; done
    inside b ip route flush table local root 127.0.0.0/8
    inside b ip route add 127.0.0.1/32 via 192.0.2.1
    "$LAB" exec a -- timeout 30 socat TCP4-LISTEN:9999,bind=127.0.0.1,reuseaddr,fork 'SYSTEM:echo let in' 3>&- &
    eventually 5 listens a 9999
    [ "$(inside b timeout 5 socat - TCP4:127.0.0.1:9999 </dev/null)" = 'let in' ]
    run get b /healthz
    echo "exit $status: $output"
    [ "$status" != 0 ] && [[ $output != *ok* ]]
    [ "$(get a /healthz)" = ok ]
}
