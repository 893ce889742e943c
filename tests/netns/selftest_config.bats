#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What the kernel's netns.sh asks of a WireGuard's configuration, asked of weft through wg(8): many prefixes and
# peers come back as they were given, keys are set, cleared, clamped and ignored, and weak keys say nothing.

load selftest

setup_file() { blank_lab 2; }
teardown_file() { lab_down; }
setup() {
    local key
    for key in $(inside a wg show weft0 peers); do wg_set a peer "$key" remove; done
}

new_key() { wg genkey | wg pubkey; }

# comes_back FILE: what a holds, as "KEY PREFIX" a line, is what the file says.
comes_back() {
    inside a wg show weft0 allowed-ips | awk '{ for (i = 2; i <= NF; i++) print $1, $i }' | LC_ALL=C sort >"$1.back"
    LC_ALL=C sort "$1" | cmp - "$1.back"
}

# give FILE: its lines "KEY PREFIX" as one configuration, the lines of a key next to each other.
give() {
    awk '$1 != key { key = $1; print "[Peer]\nPublicKey = " key } { print "AllowedIPs = " $2 }' "$1" >"$1.conf"
    inside a wg addconf weft0 "$1.conf"
}

@test "16 one peer with 130,560 prefixes" {
    local list=$BATS_TEST_TMPDIR/list
    awk -v key="$(new_key)" 'BEGIN {
        for (a = 0; a < 255; a++) for (b = 0; b < 256; b++)
            printf "%s %d.%d.0.0/16\n%s %x:%x::/32\n", key, a, b, key, 0x2000 + a, b + 1 }' >"$list"
    [ "$(wc -l <"$list")" = 130560 ]
    give "$list"
    comes_back "$list"
    give "$list" # what is there already stays
    comes_back "$list"
    wg_set a peer "$(head -n 1 "$list" | cut -d ' ' -f 1)" remove
    [ -z "$(inside a wg show weft0 allowed-ips)" ]
}

@test "16 forty peers with 52 prefixes each" {
    local list=$BATS_TEST_TMPDIR/list peer
    for peer in $(seq 40); do
        awk -v key="$(new_key)" -v peer="$peer" 'BEGIN { for (i = 0; i < 52; i++) printf "%s 10.%d.%d.0/24\n", key, peer, i }'
    done >"$list"
    give "$list"
    comes_back "$list"
}

@test "16 thirty peers without prefixes" {
    local peers=()
    for _ in $(seq 30); do peers+=(peer "$(new_key)"); done
    wg_set a "${peers[@]}"
    [ "$(inside a wg show weft0 peers | sort)" = "$(printf '%s\n' "${peers[@]}" | grep -vx peer | sort)" ]
}

@test "16 one peer with 197 IPv6 prefixes" {
    local list=$BATS_TEST_TMPDIR/list
    awk -v key="$(new_key)" 'BEGIN { for (i = 1; i <= 197; i++) printf "%s abcd::%x/128\n", key, i }' >"$list"
    give "$list"
    comes_back "$list"
}

@test "17 an interface that is not there cannot be shown" {
    run inside a wg show weft9
    [ "$status" -ne 0 ]
    [[ $output == *"Unable to access interface"* ]]
}

@test "17 private and preshared keys are set and cleared" {
    local key=$BATS_TEST_TMPDIR/key psk=$BATS_TEST_TMPDIR/psk peer
    peer=$(new_key)
    (umask 077 && wg genkey >"$key" && wg genpsk >"$psk")
    wg_set a private-key "$key" peer "$peer" preshared-key "$psk"
    [ "$(inside a wg show weft0 private-key)" = "$(cat "$key")" ]
    [ "$(inside a wg show weft0 public-key)" = "$(wg pubkey <"$key")" ]
    [ "$(inside a wg show weft0 preshared-keys)" = "$peer"$'\t'"$(cat "$psk")" ]
    wg_set a private-key /dev/null peer "$peer" preshared-key /dev/null
    [ "$(inside a wg show weft0 private-key)" = "(none)" ]
    [ "$(inside a wg show weft0 preshared-keys)" = "$peer"$'\t'"(none)" ]
    wg_set a private-key "$WEFT_LAB_DIR/a/private.key"
}

@test "17 a private key is clamped" {
    local key=$BATS_TEST_TMPDIR/key
    (umask 077 && head -c 32 /dev/zero | tr '\0' '\377' | base64 >"$key")
    wg_set a private-key "$key"
    [ "$(inside a wg show weft0 private-key | base64 -d | od -An -v -tx1 | tr -d ' \n')" = \
        "f8$(printf 'ff%.0s' $(seq 30))7f" ]
    wg_set a private-key "$WEFT_LAB_DIR/a/private.key"
}

@test "17 one's own key is no peer, whichever comes first" {
    local key=$BATS_TEST_TMPDIR/key
    wg_set a peer "$(key_of a)" allowed-ips 10.9.0.0/16
    [ -z "$(inside a wg show weft0 peers)" ]
    (umask 077 && wg genkey >"$key")
    wg_set a peer "$(wg pubkey <"$key")" allowed-ips 10.9.0.0/16
    [ -n "$(inside a wg show weft0 peers)" ]
    wg_set a private-key "$key"
    [ -z "$(inside a wg show weft0 peers)" ]
    wg_set a private-key "$WEFT_LAB_DIR/a/private.key"
}

@test "17 prefixes are replaced as a whole, lose their host bits and move to whom they were given last" {
    local one two
    one=$(new_key)
    two=$(new_key)
    wg_set a peer "$one" allowed-ips 0.0.0.0/0,10.0.0.0/8,100.0.0.0/10,172.16.0.0/12,192.168.0.0/16
    wg_set a peer "$one" allowed-ips 0.0.0.0/0
    [ "$(prefixes_of "$one")" = 0.0.0.0/0 ]
    wg_set a peer "$one" allowed-ips ::/0,1700::/111,5000::/4,e000::/37,9000::/75
    wg_set a peer "$one" allowed-ips ::/0
    [ "$(prefixes_of "$one")" = ::/0 ]
    wg_set a peer "$one" allowed-ips 10.1.2.3/16,fd00::1234/64
    [ "$(prefixes_of "$one")" = "10.1.0.0/16 fd00::/64" ]
    wg_set a peer "$two" allowed-ips 10.1.0.0/16
    [ "$(prefixes_of "$one")" = fd00::/64 ]
    [ "$(prefixes_of "$two")" = 10.1.0.0/16 ]
}
prefixes_of() { inside a wg show weft0 allowed-ips | awk -v key="$1" '$1 == key { $1 = ""; print }' | xargs -n 1 | sort | xargs; }

@test "18 peers with keys of low order are taken, and nothing is ever sent to them" {
    local hex key keys=() pid
    for hex in 0000000000000000000000000000000000000000000000000000000000000000 \
        0100000000000000000000000000000000000000000000000000000000000000 \
        E0EB7A7C3B41B8AE1656E3FAF19FC46ADA098DEB9C32B1FD866205165F49B800 \
        5F9C95BCA3508C24B1D0B1559C83EF5B04445CC4581C8E86D8224EDDD09F1157 \
        ECFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F \
        EDFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F \
        EEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F; do
        keys+=("$(basenc -d --base16 <<<"$hex" | base64)")
    done
    capture net br0 "$BATS_TEST_TMPDIR/low"
    pid=$!
    for key in "${keys[@]}"; do wg_set a peer "$key" endpoint 192.0.2.2:1111 persistent-keepalive 1; done
    wg_set a peer "$(new_key)" endpoint 192.0.2.2:1112 persistent-keepalive 1
    [ "$(inside a wg show weft0 peers | wc -l)" = 8 ]
    eventually 10 sent_to_port 1112
    sleep 2
    fails sent_to_port 1111
    kill -INT $pid
    wait $pid || true
}
sent_to_port() { [ -n "$(tcpdump -nr "$BATS_TEST_TMPDIR/low.pcap" "udp dst port $1" 2>/dev/null)" ]; }
