#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# weft peer add: a laptop with a plain WireGuard (wireguard-go) is a peer of a node in a network, and reaches
# containers of another one.

load helpers

setup_file() {
    lab_up 2 WEFT_LAB_NETWORK=yes
    inside a ip netns add laptop # a machine on the underlay
    inside a ip link add lap0 type veth peer name eth0 netns laptop
    inside a ip link set lap0 up
    inside a ip addr add 198.51.100.1/24 dev lap0
    laptop ip link set lo up
    laptop ip link set eth0 up
    laptop ip addr add 198.51.100.2/24 dev eth0
}
teardown_file() {
    kill "$(cat "$BATS_FILE_TMPDIR/pid")" || true
    inside a ip netns del laptop
    lab_down
}
laptop() { inside a ip netns exec laptop "$@"; }
reaches() { laptop ping -q -c 1 -W 1 "$1"; }

@test "a laptop gets a wg-quick file, and reaches containers and nodes of the whole overlay, IPv4 and IPv6" {
    local conf=$BATS_FILE_TMPDIR/laptop.conf
    inside a weft peer add --wireguard laptop --endpoint 198.51.100.1:51840 --out "$conf"
    [ "$(stat -c %a "$conf")" = 600 ]
    cat "$conf"
    laptop env WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD=1 wireguard-go -f wglap >/dev/null 2>&1 3>&- &
    echo $! >"$BATS_FILE_TMPDIR/pid"
    eventually 5 laptop ip link show wglap
    grep -v '^Address\|^MTU' "$conf" >"$conf.wg"
    laptop wg setconf wglap "$conf.wg"
    laptop ip link set wglap mtu "$(sed -n 's/^MTU = //p' "$conf")" up
    sed -n 's/^Address = //p' "$conf" | tr -d ' ' | tr ',' '\n' | while read -r address; do laptop ip addr add "$address" dev wglap nodad; done
    laptop ip route add 10.44.0.0/16 dev wglap
    laptop ip -6 route add fd44::/48 dev wglap
    eventually 10 reaches 10.44.0.1
    for address in 10.44.0.10 10.44.1.1 10.44.1.10 fd44:0:0:1::1 fd44:0:0:1::10; do reaches $address; done
    inside b1 ping -q -c 1 -W 2 10.44.0.254
    inside a weft peer list | grep -q 'laptop *10.44.0.254/32, fd44::ffff/128'
    inside a weft status --json | jq -e '.peers[] | select(.name == "laptop") | .session == "up" and .origin == "static"'
}

@test "its address is kept from containers, its name from others, its keys from the configuration" {
    inside a ip netns add c1
    run inside a env CNI_COMMAND=ADD CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/c1 CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni weft-cni \
        <<<'{"cniVersion":"1.1.0","name":"weft","type":"weft-cni","runtimeConfig":{"ips":["10.44.0.254"]}}'
    inside a ip netns del c1
    [ "$(jq .code <<<"$output")" = 102 ]
    run inside a weft peer add --wireguard laptop
    [ "$status" = 1 ]
    [[ $output == *"a peer laptop already, at weft.toml.d/peer-laptop.toml:"* ]]
    run inside a sh -c 'cat /etc/weft/weft.toml.d/*'
    fails grep -qF "$(sed -n 's/^PrivateKey = //p' "$BATS_FILE_TMPDIR/laptop.conf")" <<<"$output"
    [ "$(inside a stat -c %a /etc/weft/weft.toml.d/peer-laptop.psk)" = 600 ]
    inside a weft peer add --wireguard phone | grep -q '^Address = 10.44.0.253/32, fd44::fffe/128$'
    inside a weft peer rm phone
}

@test "taken away, it is out at once and nothing of it is left" {
    inside a weft peer rm laptop
    fails reaches 10.44.1.10
    [ -z "$(inside a ls /etc/weft/weft.toml.d)" ]
    [ "$(inside a weft peer list | wc -l)" = 1 ]
    run inside a weft peer rm laptop
    [ "$status" = 1 ]
    run inside a weft peer add --wireguard 'a/b'
    [ "$status" = 1 ]
}
