#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: packaging/test-restart.sh [--stream PROGRAM] [DIRECTORY OF PACKAGES]    (default build/deb)
# Under a real systemd, between two nodes: weftd restarted, killed, upgraded to a package of a higher version, stopped,
# taken down. Interface, addresses and routes stay over a restart and go with a stop. With the bench's stream program
# prints the longest time without a datagram of 20,000 a second, in seconds: a line "WHAT, WAY SECONDS" for each.
# What was done goes to standard error. Exit: 0 as it is to be, 1 not, 2 usage, 77 cannot run here.
#
# The machine is a throw-away one (throwaway.bash).
set -euo pipefail
LAB=/run/weft-restart
# shellcheck source=packaging/throwaway.bash
. "$(dirname "${BASH_SOURCE[0]}")/throwaway.bash"
PER_SECOND=20000 PORT=7000

usage() { sed -n '3,7s/^# //p' "${BASH_SOURCE[0]}"; }

inside() {
    prepare_inside
    make_network
    : >result
    step dpkg -i ./*.deb
    join_other
    OWN_ADDRESS=$(address_of weft0)
    newer >higher
    is_kept "systemctl restart" step systemctl restart weftd.service
    is_kept "kill -9" killed
    is_kept "upgrade" upgraded
    stopped
    taken_down
    kill "$OTHER_DAEMON"
    wait "$OTHER_DAEMON" || true
}

# is_kept WHAT CMD...: it makes another process of weftd, and all that packets need stays what it was.
is_kept() {
    local what=$1 before
    shift
    before=$(of_interface)
    silence "$what, to it" other "$OWN_ADDRESS" "" "$@"
    silence "$what, from it" "" "$OTHER_ADDRESS" other "$@"
    diff <(echo "$before") <(of_interface) || { echo "$what: the interface is another" && return 1; }
    step ping -q -c 3 -i 0.2 -W 5 "$OTHER_ADDRESS"
}
of_interface() {
    cat /sys/class/net/weft0/ifindex
    ip -o addr show dev weft0 | awk '{ print $4 }'
    ip route show table all dev weft0
    ip -6 route show table all dev weft0
}
daemon() { systemctl show -P MainPID weftd.service; }
is_another() { [ "$(daemon)" != "$1" ] && [ "$(daemon)" != 0 ] && systemctl -q is-active weftd.service; } # PID

# silence WHAT FROM ADDRESS TO CMD...: runs it while datagrams go from one node to the other ("" is this one).
silence() {
    local what=$1 from=$2 address=$3 to=$4 receiver sender before
    shift 4
    before=$(daemon)
    if [ ! -x "$LAB/weft-bench-stream" ]; then
        "$@"
        eventually is_another "$before"
        return
    fi
    # shellcheck disable=SC2086
    in_background $to "$LAB/weft-bench-stream" receive $PORT >heard
    receiver=$!
    # shellcheck disable=SC2086
    in_background $from "$LAB/weft-bench-stream" send "$address" $PORT $PER_SECOND 60000
    sender=$!
    sleep 1
    kill -USR1 $receiver
    "$@"
    eventually is_another "$before"
    sleep 1
    kill -TERM $receiver $sender
    wait $receiver
    wait $sender || true
    echo "$what: $(cat heard) ms"
    echo "$what $(awk '{ print $1 / 1000 }' heard)" >>result
}
# in_background [other] CMD...: $! is its pid, as nsenter and env become it.
in_background() {
    if [ "$1" = other ]; then
        shift
        "${ENTER[@]}" "$@" &
    else
        "$@" &
    fi
}

killed() { step systemctl kill --signal KILL weftd.service; }

newer() { # the packages once more, of a higher version; their directories, one a line
    local file tree
    for file in *.deb; do
        tree=$PWD/newer/${file%.deb}
        mkdir -p newer
        dpkg-deb -R "$file" "$tree"
        echo "$tree"
    done
}
VERSIONS=0
upgraded() {
    local tree
    VERSIONS=$((VERSIONS + 1))
    while read -r tree; do
        sed -i "s/^Version: .*/&+$VERSIONS/; s/^\(Depends:.*(= [^)]*\))/\1+$VERSIONS)/" "$tree/DEBIAN/control"
        dpkg-deb --root-owner-group -Znone -b "$tree" "$tree.deb" >/dev/null
    done <higher
    step dpkg -i newer/*.deb
}

stopped() {
    step systemctl stop weftd.service
    ! ip link show dev weft0 || { echo "stopped, and the interface is there" && return 1; }
    [ -z "$(ss -Hlun 'sport = :51840')" ] || { echo "stopped, and the port is open" && return 1; }
    step systemctl start weftd.service
    eventually ping -q -c 1 -W 1 "$OTHER_ADDRESS"
}
taken_down() {
    step weft down
    sleep 1 # longer than systemd would wait to start it again
    ! systemctl -q is-active weftd.service || { echo "it came back" && return 1; }
    ! ip link show dev weft0 || { echo "its interface stayed" && return 1; }
    ! nft list tables | grep weft || { echo "its guards stayed" && return 1; }
}

case ${1:-} in
--hold | --root | --inside) "${1#--}" "${@:2}" ;;
-h | --help) usage ;;
*)
    # shellcheck source=packaging/deps.sh
    . "${SELF%/*}/deps.sh"
    become_root "$@"
    files=()
    if [ "${1:-}" = --stream ]; then
        [ "$(basename "${2:?--stream needs a program}")" = weft-bench-stream ] || die "$2 is not weft-bench-stream"
        files=("$2")
        shift 2
    fi
    case ${1:-} in -*) usage >&2 && exit 2 ;; esac
    outside "${1:-$WEFT_ROOT/build/deb}" "${files[@]}"
    ;;
esac
