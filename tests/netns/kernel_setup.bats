#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# kernel-setup/apply.sh and undo.sh in a network namespace with interfaces of many settings: apply, apply, undo
# gives exactly what was there before.

load helpers

setup_file() { lab_up 1 WEFT_LAB_SUBJECT=weft; }
teardown_file() { lab_down; }
setup() {
    export WEFT_SETUP_ROOT=$BATS_TEST_TMPDIR/root
    before=$WEFT_SETUP_ROOT/var/lib/weft-setup/before
    mkdir "$WEFT_SETUP_ROOT"
}
teardown() {
    inside a umount /proc/sys/net/ipv4/conf/all/rp_filter 2>/dev/null || true
    inside a ip link del strange.1 2>/dev/null || true
    inside a ip link del late.1 2>/dev/null || true
}

apply() { inside a "$ROOT/kernel-setup/apply.sh" "$@"; }
undo() { inside a "$ROOT/kernel-setup/undo.sh"; }
values() { # of everything in this namespace that could have changed
    inside a sh -c 'cd /proc/sys/net && grep -rH . ipv4/conf ipv6/conf ipv4/ip_forward core/rmem_max core/wmem_max 2>/dev/null' | grep -v stable_secret | sort
}
value() { inside a cat "/proc/sys/net/$1"; }
set_values() { # NAME=VALUE...
    local each
    for each; do inside a sh -c "echo ${each#*=} >/proc/sys/net/${each%%=*}"; done
}
as_a_host() { # forwards nothing, but one interface each does; strict, and open to 127.0.0.1
    inside a ip link add strange.1 type veth peer name peer.1
    inside a ip link set strange.1 up
    set_values ipv4/ip_forward=0 ipv6/conf/all/forwarding=0 ipv4/conf/eth0/forwarding=1 ipv6/conf/strange.1/forwarding=1 \
        ipv4/conf/all/rp_filter=1 ipv4/conf/all/route_localnet=1 ipv4/conf/strange.1/route_localnet=1 \
        ipv4/conf/all/accept_redirects=1 ipv6/conf/eth0/accept_ra=1
}

@test "apply, apply, undo: every value is as before, also where they differ from each other" {
    as_a_host
    values >"$BATS_TEST_TMPDIR/before"
    apply
    [ "$(value ipv4/ip_forward)$(value ipv6/conf/all/forwarding)$(value ipv4/conf/all/rp_filter)" = 112 ]
    [ "$(value ipv4/conf/strange.1/forwarding)$(value ipv6/conf/eth0/forwarding)" = 11 ]
    [ "$(value ipv4/conf/all/route_localnet)$(value ipv4/conf/strange.1/route_localnet)" = 00 ]
    values >"$BATS_TEST_TMPDIR/applied"
    inside a "$ROOT/kernel-setup/check.sh" --json | jq -e '.features | map(select(.feature | test("forwarding|rp_filter")) | .grade) | all(. == "ok")'
    run apply
    [ "$status" = 0 ] && [ "$output" = "done; undo.sh takes it back" ] # nothing to change
    values | diff "$BATS_TEST_TMPDIR/applied" -
    undo
    values | diff "$BATS_TEST_TMPDIR/before" -
    [ ! -e "$before" ]
    run undo
    [ "$status" = 0 ] && [ "$output" = "nothing to undo" ]
    values | diff "$BATS_TEST_TMPDIR/before" -
}

@test "a default route by router advertisement stays while the node forwards" {
    as_a_host
    # As the kernel has it from an advertisement: it expires, and goes when forwarding begins with accept_ra 1.
    inside a ip -6 route add default via fe80::1 dev eth0 proto ra expires 600
    values >"$BATS_TEST_TMPDIR/before"
    apply --persist
    [ "$(value ipv6/conf/eth0/accept_ra)" = 2 ]
    [ "$(value ipv6/conf/strange.1/accept_ra)" != 2 ]
    [ -n "$(inside a ip -6 route show default dev eth0)" ]
    grep -q '^net/ipv6/conf/eth0/accept_ra = 2$' "$WEFT_SETUP_ROOT/etc/sysctl.d/60-weft.conf"
    inside a sysctl -q -p "$WEFT_SETUP_ROOT/etc/sysctl.d/60-weft.conf"
    cmp "$WEFT_SETUP_ROOT/etc/modules-load.d/weft.conf" "$ROOT/kernel-setup/modules-load.d/weft.conf"
    inside a ip -6 route del default dev eth0
    undo
    values | diff "$BATS_TEST_TMPDIR/before" -
    [ -z "$(find "$WEFT_SETUP_ROOT" -type f)" ]
}

@test "what is remembered from another boot is not written back, unless it was set at boot again" {
    as_a_host
    apply
    sed -i '1s/.*/boot another/' "$before"
    set_values ipv4/conf/eth0/forwarding=0
    values >"$BATS_TEST_TMPDIR/now"
    run undo
    [ "$status" = 0 ] && [[ $output == *"went with the last boot"* ]]
    values | diff "$BATS_TEST_TMPDIR/now" -
    set_values ipv4/ip_forward=0
    apply --persist
    sed -i '1s/.*/boot another/' "$before"
    undo
    [ "$(value ipv4/ip_forward)" = 0 ]
}

@test "an interface that comes between two times of apply gets what it would have had without" {
    as_a_host
    apply
    inside a ip link add late.1 type veth peer name late.2
    [ "$(value ipv4/conf/late.1/forwarding)$(value ipv6/conf/late.1/forwarding)" = 11 ]
    apply
    undo
    [ "$(value ipv4/conf/late.1/forwarding)$(value ipv6/conf/late.1/forwarding)" = 00 ]
    [ "$(value ipv6/conf/late.1/accept_ra)" = "$(value ipv6/conf/default/accept_ra)" ]
}

@test "what cannot be set keeps nothing else from it, and can be tried again" {
    as_a_host
    values >"$BATS_TEST_TMPDIR/before"
    apply --persist
    inside a mount --bind /proc/sys/net/ipv4/conf/all/rp_filter /proc/sys/net/ipv4/conf/all/rp_filter
    inside a mount -o remount,ro,bind /proc/sys/net/ipv4/conf/all/rp_filter
    run undo
    [ "$status" = 1 ] && [[ $output == *"cannot set net/ipv4/conf/all/rp_filter to 1"*"another try"* ]]
    [ "$(value ipv4/ip_forward)$(value ipv6/conf/all/forwarding)" = 00 ]
    inside a umount /proc/sys/net/ipv4/conf/all/rp_filter
    undo
    values | diff "$BATS_TEST_TMPDIR/before" -
    [ -z "$(find "$WEFT_SETUP_ROOT" -type f)" ]
}

@test "files of --persist go also where nobody knows what was before" {
    as_a_host
    apply --persist
    rm "$before"
    run undo
    [ "$status" = 0 ] && [[ $output == *"removed"*"60-weft.conf"* ]]
    [ -z "$(find "$WEFT_SETUP_ROOT" -type f)" ]
}

@test "an interface that is gone by then is passed over, and usage is told" {
    as_a_host
    apply
    inside a ip link del strange.1
    undo
    run apply --nonsense
    [ "$status" = 2 ]
    run inside a setpriv --reuid 65534 "$ROOT/kernel-setup/apply.sh"
    [ "$status" = 1 ] && [[ $output == *"run as root"* ]]
}
