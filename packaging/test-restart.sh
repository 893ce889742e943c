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

usage() { sed -n '3,7s/^# //p' "${BASH_SOURCE[0]}"; }

inside() {
    prepare_inside
    make_network b
    : >result
    step dpkg -i ./*.deb
    join_other
    OWN_ADDRESS=$(address_of a)
    newer >higher
    step systemctl reload weftd.service
    is_kept "systemctl restart" step systemctl restart weftd.service
    is_kept "systemd after kill -9" killed
    is_kept "upgrade" upgraded
    stopped
    taken_down
    stop_daemon b
}

# is_kept WHAT CMD...: it makes another process of weftd, and all that packets need stays what it was.
is_kept() {
    local what=$1 before
    shift
    before=$(cat /sys/class/net/weft0/ifindex && of_interface)
    silence "$what, to it" b "$OWN_ADDRESS" a "$@"
    silence "$what, from it" a "$OTHER_ADDRESS" b "$@"
    diff <(echo "$before") <(cat /sys/class/net/weft0/ifindex && of_interface) || { echo "$what: the interface is another" && return 1; }
    step ping -q -c 3 -i 0.2 -W 5 "$OTHER_ADDRESS"
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

throwaway "$@"
