#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: packaging/test-upgrade.sh OLDER [--stream PROGRAM] [DIRECTORY OF PACKAGES]    (default build/deb)
# Two versions in one network, OLDER a directory of packages too: a node with containers is upgraded while datagrams go
# both ways and the other node stays as it is, then that one, then the first goes back. After each step all are members
# and answer, status is healthy, and a machine that joins and is removed is known and then refused by all. With the
# bench's stream program prints the longest time without a datagram: a line "WHAT, WAY SECONDS" for each.
# What was done goes to standard error. Exit: 0 as it is to be, 1 not, 2 usage, 77 cannot run here.
#
# The machine is a throw-away one (throwaway.bash).
set -euo pipefail
LAB=/run/weft-upgrade TAKES_OLDER=yes
# shellcheck source=packaging/throwaway.bash
. "$(dirname "${BASH_SOURCE[0]}")/throwaway.bash"

usage() { sed -n '3,8s/^# //p' "${BASH_SOURCE[0]}"; }

inside() {
    prepare_inside
    : >result
    make_network b c d e
    mkdir newer programs
    mv ./*.deb newer
    unpack older
    unpack newer
    step dpkg -i older/*.deb
    PROGRAMS[b]=$LAB/programs/older
    step /usr/lib/weft/kernel-setup/apply.sh
    join_other
    step weft cni install --wait-ready
    attach
    all_is_well "both older"

    upgrade
    changes "a newer, b older" c older
    stop_daemon b
    PROGRAMS[b]=$LAB/programs/newer
    start_daemon b
    changes "both newer" d newer
    back
    changes "a older, b newer" e newer
    detach
    stop_daemon b
}
unpack() { # older|newer
    local package
    for package in "$1"/*.deb; do dpkg-deb -x "$package" "programs/$1"; done
}

upgrade() { # this machine, while datagrams go both ways
    silence "upgrade, to it" b "$(address_of a)" a silence "upgrade, from it" a "$OTHER_ADDRESS" b \
        step dpkg -i newer/*.deb
    runs newer
}
back() { # an older weftd may not know what a newer one leaves to the next: a stop leaves nothing
    step systemctl stop weftd.service
    step dpkg -i older/*.deb
    step systemctl start weftd.service
    runs older
}
runs() { cmp "/proc/$(daemon)/exe" "programs/$1/usr/sbin/weftd"; } # older|newer

all_is_well() { # WHAT [NODE]: between a, b and that one
    local node other nodes=(a b ${2:+"$2"})
    echo "$1: ${nodes[*]}"
    for node in "${nodes[@]}"; do
        step on "$node" weft wait --nodes ${#nodes[@]} --timeout 30s
        for other in "${nodes[@]}"; do
            [ "$node" = "$other" ] || eventually reaches "$node" "$(address_of "$other")"
        done
        eventually reaches "$node" "$(address_of box eth0)"
        eventually reaches box "$(address_of "$node")"
        step on "$node" weft status
    done
}

changes() { # WHAT NODE older|newer: that node joins, with programs of that version, and is removed
    local address
    all_is_well "$1"
    PROGRAMS[$2]=$LAB/programs/$3
    join "$2"
    all_is_well "$1, $2 $3" "$2"
    address=$(address_of "$2")
    step weft node rm "$2"
    eventually refuses a "$address"
    eventually refuses b "$address"
    stop_daemon "$2"
    all_is_well "$1, $2 removed"
}
reaches() { on "$1" ping -q -c 1 -W 2 "$2" >/dev/null; } # NODE ADDRESS
refuses() { ! reaches "$@"; }

throwaway "$@"
