#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: packaging/test-purge.sh [DIRECTORY OF PACKAGES]    (default build/deb)
# Installs the packages, makes a network that a second node joins, sends packets, upgrades, purges, and prints what
# is then otherwise than before: nothing. What is compared: nft, addresses, routes, rules, sockets, users,
# sysctls, units, files (without logs and the package manager's own). What was done goes to standard error.
# Exit: 0 the same, 1 not, 2 usage, 77 cannot run here.
#
# The machine is a throw-away one (throwaway.bash).
set -euo pipefail
LAB=/run/weft-purge
# shellcheck source=packaging/throwaway.bash
. "$(dirname "${BASH_SOURCE[0]}")/throwaway.bash"

usage() { sed -n '3,7s/^# //p' "${BASH_SOURCE[0]}"; }

inside() {
    prepare_inside
    make_network b
    snapshot >before
    use_it
    snapshot >during
    step dpkg --purge weft weft-cni weft-discover-scaleway
    snapshot >after
    ! cmp -s before during || {
        echo "nothing had changed: is this a test?"
        return 1
    }
    diff before after >result
}

use_it() {
    step dpkg -i ./*.deb
    ! systemctl -q is-active weftd || return 1
    step /usr/lib/weft/kernel-setup/apply.sh --persist
    join_other
    step weft cni install --wait-ready
    attach
    step on box ping -q -c 3 -i 0.2 -W 5 "$OTHER_ADDRESS"
    detach
    step weft status || [ $? = 4 ]
    upgrade "$OTHER_ADDRESS"
    down_and_up
    stop_daemon b
}
upgrade() { # ADDRESS: what runs is started again, by the new packages
    local before
    before=$(systemctl show -P MainPID weftd.service)
    rm /usr/lib/cni/weft-cni && echo old >/usr/lib/cni/weft-cni
    step dpkg -i ./*.deb
    [ "$(systemctl show -P MainPID weftd.service)" != "$before" ] && systemctl -q is-active weftd.service
    cmp /usr/lib/cni/weft-cni /usr/libexec/weft/weft-cni
    step ping -q -c 3 -i 0.2 -W 10 "$1"
}
down_and_up() {
    step weft down
    sleep 1 # longer than systemd would wait to start it again
    ! systemctl -q is-active weftd.service || { echo "it came back" && return 1; }
    ! nft list tables | grep weft || { echo "its guards stayed" && return 1; }
    step systemctl start weftd.service
}
snapshot() {
    echo "== nft" && nft list ruleset
    echo "== addresses" && ip -br addr
    echo "== routes" && ip route show table all && ip -6 route show table all
    echo "== rules" && ip rule && ip -6 rule
    echo "== sockets" && ss -Hlntu | awk '{ print $1, $5 }' | sort && ss -Hlnx | awk '$5 !~ "^/run/systemd/" { print $1, $5 }' | sort
    echo "== users" && cat /etc/passwd /etc/group
    # Those of connection tracking come with its module, whoever loads it.
    echo "== sysctls" && sysctl -a 2>/dev/null | grep '^net\.' | grep -v '^net\.\(netfilter\|nf_conntrack\)'
    echo "== processes" && { pgrep -l weft || true; }
    echo "== units" && systemctl list-unit-files --no-legend 'weft*' && systemctl list-units --all --no-legend 'weft*'
    echo "== run" && find /run -xdev \( -path /run/systemd -o -path $LAB -o -path /run/log -o -path /run/lock \) -prune -o -printf '%p %M %u %g\n' | sort
    echo "== files" && changed_files
}
# What the overlay has otherwise than the machine: logs, caches and what belongs to dpkg left out, and the copies
# that useradd and userdel keep of what they change.
changed_files() {
    local name
    find upper -mindepth 1 \( -path upper/var/log -o -path upper/var/cache -o -path upper/var/lib/dpkg -o -path upper/var/lib/apt \
        -o -path 'upper/etc/*-' -o -path upper/etc/.pwd.lock \) -prune -o -printf '%P\n' | sort |
        while IFS= read -r name; do
            is_as_before "$name" || stat -c '%A %U %G %n' "upper/$name"
        done
}
is_as_before() { # NAME
    local new=upper/$1 old=lower/$1
    [ -e "$old" ] || [ -L "$old" ] || return 1
    [ "$(stat -c '%f %u %g' "$new")" = "$(stat -c '%f %u %g' "$old")" ] || return 1
    if [ -L "$new" ]; then
        [ "$(readlink "$new")" = "$(readlink "$old")" ]
    else
        [ -d "$new" ] || cmp -s "$new" "$old"
    fi
}

throwaway "$@"
