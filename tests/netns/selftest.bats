#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What the kernel's netns.sh asks of a WireGuard, asked of weft, two nodes on one wire: counters, loads,
# outer families, padding, roaming, cryptokey routing, keys. The numbers are those of its cases.

load selftest

setup_file() { blank_lab 2; }
teardown_file() { lab_down; }

# b begins: 10 x (84 bytes of ping padded to 96, and 32) are 1280 each way, an initiation has 148 bytes, a
# response 92; a keepalive of 32 may confirm the session before the first packet does.
counts_are_exact() {
    local rx tx
    read -r rx tx < <(transfer_of b a)
    echo "b: received $rx sent $tx"
    [ "$rx" = 1372 ] && [[ $tx = 1428 || $tx = 1460 ]] || return 1
    read -r rx tx < <(transfer_of a b)
    echo "a: received $rx sent $tx"
    [ "$tx" = 1372 ] && [[ $rx = 1428 || $rx = 1460 ]]
}

@test "1 ten pings are counted to the byte, and the handshake has a time" {
    pair 4
    inside b ping -q -f -c 10 -W 3 10.44.0.1 | grep '10 received'
    eventually 2 counts_are_exact
    [ "$(inside a wg show weft0 latest-handshakes | cut -f 2)" -gt 1500000000 ]
    [ "$(inside b wg show weft0 latest-handshakes | cut -f 2)" -gt 1500000000 ]
}

@test "2 ping floods, TCP, parallel TCP and UDP pass, IPv4 outside" {
    pair 4
    loads_pass
}

@test "4 ping floods, TCP, parallel TCP and UDP pass, IPv6 outside" {
    pair 6
    loads_pass
}

@test "nothing of it is in clear on the wire, whichever the families" {
    local family
    for family in 4 6; do
        pair $family
        nothing_in_clear a b "$(inner 4 b)" "$(inner 6 b)"
    done
}

@test "6 a peer that changes its port is followed, IPv4 and IPv6 outside" {
    local family
    for family in 4 6; do
        pair $family
        ping_once a 10.44.1.1
        sends_to b a "$(outer $family a):51840"
        wg_set a listen-port 40001
        ping_once a 10.44.1.1
        sends_to b a "$(outer $family a):40001"
        ping_once b 10.44.0.1
    done
}

@test "6 a peer that changes its address is followed, IPv4 and IPv6 outside" {
    pair 4
    ping_once a 10.44.1.1
    inside a ip addr del 192.0.2.1/24 dev eth0
    inside a ip addr add 192.0.2.101/24 dev eth0
    ping_once a 10.44.1.1
    sends_to b a 192.0.2.101:51840
    ping_once b 10.44.0.1
    pair 6
    ping_once a 10.44.1.1
    inside a ip addr del 2001:db8::1/64 dev eth0
    inside a ip addr add 2001:db8::101/64 dev eth0 nodad
    ping_once a 10.44.1.1
    sends_to b a '[2001:db8::101]:51840'
    ping_once b 10.44.0.1
    inside a ip addr del 192.0.2.101/24 dev eth0
    inside a ip addr add 192.0.2.1/24 dev eth0
    inside a ip addr del 2001:db8::101/64 dev eth0
    inside a ip addr add 2001:db8::1/64 dev eth0 nodad
}

@test "7 a source that is another peer's more specific prefix is dropped, and its sender followed all the same" {
    local other
    other=$(wg genkey | wg pubkey)
    pair 4
    ping_once b 10.44.0.1
    wg_set a peer "$other" allowed-ips 10.44.1.1/32
    wg_set b listen-port 40002
    fails inside b ping -q -c 1 -W 1 10.44.0.1
    sends_to a b 192.0.2.2:40002
    inside a weft status --json | jq -e '.drops.wrong_source > 0'
    wg_set a peer "$other" remove
    ping_once b 10.44.0.1
}

@test "8 with another private key there is a handshake at once" {
    local other=$BATS_TEST_TMPDIR/key
    pair 4
    ping_once a 10.44.1.1
    (umask 077 && wg genkey >"$other")
    wg_set a private-key "$other"
    wg_set b peer "$(wg pubkey <"$other")" allowed-ips "$(prefixes a)"
    wg_set b peer "$(key_of a)" remove
    ping_once a 10.44.1.1
    ping_once b 10.44.0.1
    wg_set a private-key "$WEFT_LAB_DIR/a/private.key"
    wg_set b peer "$(wg pubkey <"$other")" remove
    pair 4
    ping_once a 10.44.1.1
}

@test "8 a preshared key counts from the next handshake on" {
    local psk=$BATS_TEST_TMPDIR/psk
    (umask 077 && wg genpsk >"$psk")
    pair 4
    wg_set a peer "$(key_of b)" preshared-key "$psk"
    fails inside a ping -q -c 1 -W 1 10.44.1.1
    pair 4
    wg_set a peer "$(key_of b)" preshared-key "$psk"
    wg_set b peer "$(key_of a)" preshared-key "$psk"
    ping_once a 10.44.1.1
}

# The kernel's case sets a route's MTU of 1299 under a link's of 1300; a route's MTU is not told to a TUN.
@test "5 padding stays within the MTU: 1297 bytes under an MTU of 1299 make no datagram of 1360" {
    local node
    for node in a b; do
        sed -i '/^\[node\]/a mtu = 1299' "$(root_of $node)/etc/weft/weft.toml"
        "$LAB" peer $node weft
        overlay_routes $node
        inside $node nft -f - <<'NFT'
table ip bound {
    chain input {
        type filter hook input priority 0
        udp dport 51840 ip length >= 1360 drop
    }
}
NFT
    done
    pair 4
    ping_once a 10.44.1.1 -s 1269
    ping_once b 10.44.0.1 -s 1269
    inside a ping -q -f -c 20 -W 3 -s 1269 10.44.1.1 | grep '20 received'
}
