#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What the kernel's netns.sh asks of a WireGuard where routing gets involved: a tunnel in the tunnel, loops,
# NAT, marks, the default route, errors that find their way back, and which source address answers.
# Node c speaks to nobody: it is the router where one is needed.

load selftest

setup_file() {
    blank_lab 3
    "$LAB" stop c
}
teardown_file() { lab_down; }

# Each test makes its own cables, rules and routes; what is not there cannot be removed.
teardown() {
    local node family
    for node in a b c; do
        inside "$node" sh -c "ip link del cable0; ip link del cable1; nft flush ruleset; ip link set eth0 up
            ip -6 addr replace $(outer 6 "$node" | tr -d '[]')/64 dev eth0 nodad" 2>/dev/null
    done
    for family in 4 6; do
        inside a sh -c "ip -$family rule flush; ip -$family rule add table main priority 32766
            ip -$family route flush table 51820" 2>/dev/null || true
    done
    inside a sh -c 'ip route flush table 100; ip route del 192.0.2.2' 2>/dev/null || true
}

@test "9 weft inside weft" {
    local node pids=() pid
    pair 4
    for node in a b; do inner_daemon $node; done
    for node in a b; do
        "$LAB" exec $node -- env WEFT_CONFIG=/etc/weft/inner.toml WEFT_STATE_DIR=/var/lib/weft/inner \
            weftd >"$BATS_TEST_TMPDIR/$node.log" 2>&1 3>&- &
        pids+=($!)
    done
    for node in a b; do eventually 10 inside $node test -S /run/wireguard/weft1.sock; done
    eventually 10 inside a ping -q -c 1 -W 1 10.45.1.1
    inside a ping -q -c 2 -i 0.1 -W 3 -M "do" -s $((1340 - 28)) 10.45.1.1
    tcp_transfer b a 10.45.0.1 10
    for pid in "${pids[@]}"; do kill -TERM "$pid" && wait "$pid"; done
    fails inside a ip link show dev weft1
}
inner_daemon() { # NODE: its configuration and key; the outer MTU of 1420 leaves 1340
    local node=$1 other=b etc state
    [ "$node" = a ] || other=a
    etc=$(root_of "$node")/etc/weft
    state=$(root_of "$node")/var/lib/weft
    mkdir -m 0700 "$state/inner"
    install -m 0600 "$WEFT_LAB_DIR/$node/private.key" "$state/inner.key"
    cat >"$etc/inner.toml" <<TOML
[node]
name = "inner-$node"
interface = "weft1"
listen_port = 51841
private_key_file = "/var/lib/weft/inner.key"
addresses = ["10.45.$(number_of "$node").1/24"]
[api]
socket = "/run/weft/inner.sock"
group = "root"
[[peer]]
name = "inner-$other"
public_key = "$(key_of $other)"
endpoint = "$(inner 4 $other):51841"
allowed_ips = ["10.45.$(number_of $other).0/24"]
TOML
}

# loop_is_bounded PING...: what a sends to b while it pings stays below what the kernel's case allows.
loop_is_bounded() {
    local before after
    before=$(sent_by a b)
    fails inside a ping -q -f -c 20 -W 1 "$1"
    after=$(sent_by a b)
    echo "sent $((after - before)) bytes"
    [ $((after - before)) -lt 70000 ]
}

@test "10 an endpoint that is routed into the tunnel itself makes no storm" {
    pair 4
    ping_once a 10.44.1.1
    wg_set a peer "$(key_of b)" endpoint 10.44.1.1:51840
    loop_is_bounded 10.44.1.1
}

@test "10 an endpoint that comes back into the tunnel by way of another namespace makes no storm" {
    pair 4
    ping_once a 10.44.1.1
    wg_set a peer "$(key_of b)" allowed-ips "$(prefixes b),192.0.2.2/32"
    inside a1 sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0
    inside a sysctl -qw net.ipv4.conf.wva1.accept_local=1 net.ipv4.conf.all.rp_filter=0
    inside a ip rule add iif wva1 lookup 100
    inside a ip route add 192.0.2.2 dev weft0 table 100
    inside a ip route add 192.0.2.2 via 10.44.0.10 dev wva1 onlink
    loop_is_bounded 10.44.1.1
}

# b is behind c, which gives its own address to what b sends and forgets a UDP flow after two seconds.
behind_nat() {
    inside b ip link set eth0 down
    wire b cable0 c cable0
    inside b ip addr add 192.168.1.100/24 dev cable0
    inside c ip addr add 192.168.1.1/24 dev cable0
    inside b ip link set cable0 up
    inside c ip link set cable0 up
    inside b ip route add default via 192.168.1.1
    inside c nft -f - <<'NFT'
table ip nat {
    chain postrouting {
        type nat hook postrouting priority srcnat
        ip saddr 192.168.1.0/24 oifname "eth0" masquerade
    }
}
NFT
    inside c sysctl -qw net.netfilter.nf_conntrack_udp_timeout=2 net.netfilter.nf_conntrack_udp_timeout_stream=2
}

@test "11 a persistent keepalive keeps a peer behind NAT in reach" {
    behind_nat
    introduce a b ''
    introduce b a 192.0.2.1:51840 persistent-keepalive 1
    eventually 10 inside a ping -q -c 1 -W 1 10.44.1.1
    [[ $(endpoint_at a b) = 192.0.2.3:* ]]
    sleep 4 # longer than the router remembers
    eventually 10 inside a ping -q -c 1 -W 1 10.44.1.1
    wg_set b peer "$(key_of a)" persistent-keepalive 0
    sleep 4
    fails inside a ping -q -c 1 -W 1 10.44.1.1
    ping_once b 10.44.0.1
}

@test "12 sockets bound to the interface and packets rerouted by a mark pass" {
    pair 4
    ping_once a 10.44.1.1 -I weft0
    inside a nft -f - <<'NFT'
table ip marks {
    chain output {
        type route hook output priority mangle
        meta mark set 1
    }
}
NFT
    ping_once a 10.44.1.1
    ping_once a 10.44.1.1 -I weft0
}

@test "13 the default route leads into the tunnel, by a mark, as wg-quick does it" {
    local family mark=51820
    pair 4
    ping_once a 10.44.1.1
    inside b ip addr add 192.168.99.7/32 dev weft0
    inside b ip -6 addr add abab::1111/128 dev weft0 nodad
    wg_set a fwmark $mark peer "$(key_of b)" allowed-ips 0.0.0.0/0,::/0
    [ "$(inside a wg show weft0 fwmark)" = "$(printf '0x%x' $mark)" ]
    inside a sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0
    for family in 4 6; do
        inside a ip -$family route add default dev weft0 table $mark
        inside a ip -$family rule add not fwmark $mark table $mark
        inside a ip -$family rule add table main suppress_prefixlength 0
    done
    flood a 192.168.99.7
    flood a abab::1111
    wg_set a fwmark off
    [ "$(inside a wg show weft0 fwmark)" = off ]
    inside b ip addr del 192.168.99.7/32 dev weft0
    inside b ip -6 addr del abab::1111/128 dev weft0
}

@test "14 host unreachable for a removed peer comes back through NAT to whoever sent" {
    pair 4
    wire b cable0 c cable0
    inside b ip addr add 192.168.1.100/24 dev cable0
    inside c ip addr add 192.168.1.1/24 dev cable0
    inside b ip link set cable0 up
    inside c ip link set cable0 up
    inside c ip route add 10.44.0.0/24 via 192.168.1.100
    inside b nft -f - <<'NFT'
table ip nat {
    chain postrouting {
        type nat hook postrouting priority srcnat
        oifname "weft0" snat to 10.44.1.1
    }
}
NFT
    ping_once c 10.44.0.1
    wg_set b peer "$(key_of a)" remove
    run inside c ping -c 1 -W 3 10.44.0.1
    echo "$output"
    [ "$status" -ne 0 ]
    [[ $output == *"Destination Host Unreachable"* ]]
    # and to a process of the node itself
    run inside b ping -c 1 -W 3 10.44.0.1
    [[ $output == *"Destination Host Unreachable"* ]]
    run inside b ping -c 1 -W 3 fd44::1
    [[ $output == *"Address unreachable"* ]]
}

cable() { # LINK: between a and b, in the place of eth0
    inside a ip link set eth0 down
    inside b ip link set eth0 down
    wire a "$1" b "$1"
    inside a ip link set "$1" up
    inside b ip link set "$1" up
    inside a sysctl -qw net.ipv4.conf.all.rp_filter=0 "net.ipv4.conf.$1.rp_filter=0" "net.ipv4.conf.$1.promote_secondaries=1"
    inside b sysctl -qw net.ipv4.conf.all.rp_filter=0 "net.ipv4.conf.$1.rp_filter=0"
}
on() { # NODE LINK ADDRESS...: addresses of the link
    local node=$1 link=$2 address
    shift 2
    for address; do
        case $address in
        *:*) inside "$node" ip addr add "$address" dev "$link" nodad ;;
        *) inside "$node" ip addr add "$address" dev "$link" ;;
        esac
    done
}
calls() { # NODE OTHER ENDPOINT: NODE has it as the endpoint of OTHER from now on, and gets an answer
    wg_set "$1" peer "$(key_of "$2")" endpoint "$3"
    ping_once "$1" "$(inner 4 "$2")"
}

@test "15 a source address that is removed is replaced, IPv4 and IPv6" {
    pair 4
    cable cable0
    on a cable0 10.0.0.1/24 fd00:aa::1/96
    on b cable0 10.0.0.2/24 fd00:aa::2/96
    calls a b 10.0.0.2:51840
    sends_to b a 10.0.0.1:51840
    on a cable0 10.0.0.10/24
    inside a ip addr del 10.0.0.1/24 dev cable0
    ping_once a 10.44.1.1
    sends_to b a 10.0.0.10:51840
    calls a b '[fd00:aa::2]:51840'
    sends_to b a '[fd00:aa::1]:51840'
    on a cable0 fd00:aa::10/96
    inside a ip addr del fd00:aa::1/96 dev cable0
    ping_once a 10.44.1.1
    sends_to b a '[fd00:aa::10]:51840'
}

@test "15 the answer comes from the address that was called, IPv4 and IPv6" {
    local endpoint
    pair 4
    cable cable0
    on a cable0 10.0.0.1/24 10.0.0.2/24 fd00:aa::1/96 fd00:aa::2/96
    on b cable0 10.0.0.3/24 fd00:aa::3/96
    for endpoint in 10.0.0.1:51840 '[fd00:aa::1]:51840' 10.0.0.2:51840 '[fd00:aa::2]:51840'; do
        calls b a "$endpoint"
        sends_to b a "$endpoint"
    done
}

@test "15 the address that was called may belong to another interface, IPv4 and IPv6" {
    local endpoint
    pair 4
    cable cable0
    on a cable0 10.0.0.1/24 fd00:aa::1/96
    on b cable0 10.0.0.3/24 fd00:aa::3/96
    on a lo 10.50.0.1/32 fd00:50::1/128
    inside b ip route add 10.50.0.0/24 via 10.0.0.1
    inside b ip route add fd00:50::/64 via fd00:aa::1
    for endpoint in 10.50.0.1:51840 '[fd00:50::1]:51840'; do
        calls b a "$endpoint"
        sends_to b a "$endpoint"
    done
    inside a ip addr del 10.50.0.1/32 dev lo
    inside a ip addr del fd00:50::1/128 dev lo
}

@test "15 a better route by another interface takes over, with that interface's address" {
    pair 4
    cable cable0
    cable cable1
    on a cable0 10.0.0.1/24
    on b cable0 10.0.0.2/24
    on a cable1 10.0.0.3/24
    inside a ip route flush dev cable0
    inside a ip route flush dev cable1
    inside a ip route add 10.0.0.0/24 dev cable0 src 10.0.0.1 metric 2
    calls a b 10.0.0.2:51840
    sends_to b a 10.0.0.1:51840
    inside a ip route add 10.0.0.0/24 dev cable1 src 10.0.0.3 metric 1
    eventually 10 taken_over 10.0.0.3
}
taken_over() { # ADDRESS
    inside a ping -q -c 1 -W 1 10.44.1.1
    sends_to b a "$1:51840"
}
