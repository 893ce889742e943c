#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: packaging/test-reboot.sh [DIRECTORY OF PACKAGES]    (default build/deb)
# A machine that is a node boots anew: the guards stand before weftd starts and while it is down, weftd comes by its
# enablement, with interface, addresses and routes as before, and finds the other node without another join. The same
# after `weft down`; with its units disabled nothing comes. Prints the seconds from boot until the other node answers:
# a line "WHEN, answered after SECONDS" for each.
# What was done goes to standard error. Exit: 0 as it is to be, 1 not, 2 usage, 77 cannot run here.
#
# The machine is a throw-away one (throwaway.bash).
set -euo pipefail
LAB=/run/weft-reboot
# shellcheck source=packaging/throwaway.bash
. "$(dirname "${BASH_SOURCE[0]}")/throwaway.bash"

usage() { sed -n '3,8s/^# //p' "${BASH_SOURCE[0]}"; }

inside() {
    local started=$EPOCHREALTIME
    prepare_inside
    echo "boot $BOOT"
    make_network b
    case $BOOT in
    1)
        installed
        stop_daemon b
        exit $REBOOT
        ;;
    2)
        comes_back "after a reboot"
        stop_daemon b
        step weft down
        exit $REBOOT
        ;;
    3)
        comes_back "after weft down and a reboot"
        stop_daemon b
        step systemctl disable weft-guard.service weftd.service
        exit $REBOOT
        ;;
    *) stays_away ;;
    esac
}

installed() {
    : >result
    step dpkg -i ./*.deb
    look_before_start
    join_other
    lasting >interface
    echo "$OTHER_ADDRESS" >other
    step systemctl stop weftd.service
    guards >guards.stopped
    grep -q weft guards.stopped
    step systemctl start weftd.service
    step weft wait --nodes 2 --timeout 30s
}
# Who owns the tables is left out: a weftd that runs or has run.
guards() { nft --stateless list ruleset | without_owner; }
without_owner() { sed '/^[[:space:]]*flags/,/^$/d'; }
lasting() { of_interface | grep -v fe80; } # the kernel's own choice each time
look_before_start() { # of weftd, at each boot: the guards as they are then
    mkdir -p /etc/systemd/system/weftd.service.d
    printf '[Service]\nExecStartPre=+/bin/sh -c "nft --stateless list ruleset >%s/guards.first"\n' "$LAB" \
        >/etc/systemd/system/weftd.service.d/look.conf
}

comes_back() { # WHEN
    eventually systemctl -q is-active weftd.service
    OTHER_ADDRESS=$(cat other)
    diff guards.stopped <(without_owner <guards.first) || { echo "$1: before weftd other guards" && return 1; }
    start_daemon b
    eventually ping -q -c 1 -W 1 "$OTHER_ADDRESS"
    echo "$1, answered after $(awk "BEGIN { print $EPOCHREALTIME - $started }")" >>result
    step weft wait --nodes 2 --timeout 30s
    step on b weft wait --nodes 2 --timeout 30s
    diff interface <(lasting) || { echo "$1: another interface" && return 1; }
    step on b ping -q -c 3 -i 0.2 -W 5 "$(address_of a)"
    step systemctl stop weftd.service
    diff guards.stopped <(guards) || { echo "$1: without weftd other guards" && return 1; }
    step systemctl start weftd.service
    step weft wait --nodes 2 --timeout 30s
}

stays_away() {
    sleep 1 # what is enabled has been started by now
    ! systemctl -q is-active weftd.service weft-guard.service || { echo "it came, and is disabled" && return 1; }
    ! ip link show dev weft0 || { echo "its interface came" && return 1; }
    ! nft list tables | grep weft || { echo "its guards came" && return 1; }
}

throwaway "$@"
