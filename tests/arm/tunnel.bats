#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Tunnels between an amd64 daemon (node a) and the daemon cross-built for arm64 (b), for armhf (c) and
# again for armhf on a processor without NEON (d), each under qemu-user: TUN, UDP, routes and offloads are
# the kernel's own; netfilter and io_uring are not emulated. The steering program is not either, so those
# daemons run with a single socket.

load ../netns/helpers

readonly EMULATED=(
    "b arm64 qemu-aarch64-static"
    "c armhf qemu-arm-static"
    "d armhf qemu-arm-static -cpu cortex-a15,neon=off"
)

# The lab starts one weftd for all nodes: this one looks at whose configuration it is given.
write_weftd() {
    local node arch emulator native=$WEFT_BUILD line
    mkdir -p "$1"
    ln -s "$native/weft" "$1/weft"
    {
        echo '#!/bin/sh'
        # shellcheck disable=SC2016
        echo 'case $(grep -m 1 "^name = " /etc/weft/weft.toml | cut -d\" -f2) in'
        for line in "${EMULATED[@]}"; do
            read -r node arch emulator <<<"$line"
            [ ! -x "$ROOT/build/$arch/weftd" ] ||
                echo "$node) exec $emulator -L '$ROOT/build/sysroot-$arch' '$ROOT/build/$arch/weftd' \"\$@\" ;;"
        done
        echo "*) exec '$native/weftd' \"\$@\" ;;"
        echo 'esac'
    } >"$1/weftd"
    chmod 0755 "$1/weftd"
}

setup_file() {
    write_weftd "$BATS_FILE_TMPDIR/bin"
    lab_up 4 WEFT_BUILD="$BATS_FILE_TMPDIR/bin"
}
teardown_file() { lab_down; }

# The node's daemon is emulated as the list says.
need_emulated() { # NODE
    local line node arch emulator pid
    for line in "${EMULATED[@]}"; do
        read -r node arch emulator <<<"$line"
        [ "$node" != "$1" ] || break
    done
    [ -x "$ROOT/build/$arch/weftd" ] || skip "no cross-build for $arch"
    pid=$("$LAB" pid "$1")
    [[ $(tr '\0' ' ' <"/proc/$pid/cmdline") == "$emulator "*"/build/$arch/weftd "* ]]
}

offloads() { inside "$1" weft status --json | jq -cS .offload; }

pings() { # NODE NUMBER
    need_emulated "$1"
    pings_between a "10.44.$2.1" "fd44:0:0:$2::1"
    pings_between "$1" 10.44.0.1 fd44::1
    pings_between a1 "10.44.$2.10" "fd44:0:0:$2::10"
    session_up "$1"
}
tcp() { # NODE NUMBER
    need_emulated "$1"
    tcp_transfer a1 "${1}1" "10.44.$2.10" 3
    tcp_transfer "${1}1" a1 10.44.0.10 3
    tcp_transfer a1 "${1}1" "fd44:0:0:$2::10" 3
    tcp_transfer "${1}1" a1 fd44::10 3
}
udp() { # NODE NUMBER
    need_emulated "$1"
    udp_transfer a1 "${1}1" "10.44.$2.10" 3 5M
    udp_transfer "${1}1" a1 fd44::10 3 5M
}
finds_offloads() { # NODE: those that the native daemon finds
    need_emulated "$1"
    [ "$(offloads "$1")" = "$(offloads a)" ]
    offloads a | jq -e .tun_tso
}
stops() { # NODE
    local daemon
    need_emulated "$1"
    "$LAB" stop "$1"
    "$LAB" exec "$1" -- weftd >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
    daemon=$!
    eventually 30 inside "$1" test -S /run/wireguard/weft0.sock
    kill -TERM $daemon
    wait $daemon
    fails inside "$1" ip link show dev weft0
    [ -z "$(inside "$1" ip route show 10.44.0.0/24)" ]
    [ -z "$(inside "$1" ss -Huanp)" ]
    fails inside "$1" test -e /run/weft/weftd.sock
    fails inside "$1" test -e /run/wireguard/weft0.sock
}

@test "arm64 answers pings over IPv4 and IPv6" { pings b 1; }
@test "arm64 carries TCP whole in both directions" { tcp b 1; }
@test "arm64 carries UDP" { udp b 1; }
@test "arm64 finds the offloads" { finds_offloads b; }
@test "arm64 stops cleanly" { stops b; }

@test "armhf answers pings over IPv4 and IPv6" { pings c 2; }
@test "armhf carries TCP whole in both directions" { tcp c 2; }
@test "armhf carries UDP" { udp c 2; }
@test "armhf finds the offloads" { finds_offloads c; }
@test "armhf stops cleanly" { stops c; }

@test "armhf without NEON answers pings over IPv4 and IPv6" { pings d 3; }
@test "armhf without NEON carries TCP whole in both directions" { tcp d 3; }
@test "armhf without NEON carries UDP" { udp d 3; }
@test "armhf without NEON finds the offloads" { finds_offloads d; }
@test "armhf without NEON stops cleanly" { stops d; }
