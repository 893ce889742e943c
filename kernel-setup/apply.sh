#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Sets what sysctl.d/60-weft.conf says, now; remembers what was there before, for undo.sh. May be repeated:
# what was there before the first time counts. With --persist also at every boot from now on.
# Exit: 0 set, 1 could not, 2 usage.
set -euo pipefail
# shellcheck source=kernel-setup/setup.bash
. "$(dirname "${BASH_SOURCE[0]}")/setup.bash"

usage="usage: apply.sh [--persist]   (undo.sh takes it back, check.sh tells what there is)"
persist=no
case ${1:-} in
"") ;;
--persist) persist=yes ;;
-h | --help)
    echo "$usage"
    exit 0
    ;;
*)
    echo "$usage" >&2
    exit 2
    ;;
esac
need_root

wanted() { # "NAME VALUE" of each line of sysctl.d/60-weft.conf, NAME with slashes
    sed -n 's/^\([a-z0-9_.]*\) *= *\([0-9]*\)$/\1 \2/p' "$HERE/sysctl.d/60-weft.conf" | tr . /
}

# What apply.sh writes, and what the kernel changes along with it: forwarding of every interface, and with
# IPv4's all/accept_redirects.
touched() {
    cd /proc/sys
    local name
    for name in $(wanted | cut -d' ' -f1) net/ipv4/conf/*/{forwarding,route_localnet} \
        net/ipv4/conf/all/accept_redirects net/ipv6/conf/*/{forwarding,accept_ra}; do
        [ ! -e "$name" ] || echo "$name"
    done | sort -u
}

# Into $value what NAME was before the first time, where nobody has remembered it: an interface that has come since
# has what the interfaces to come had then, unless somebody gave it a value of its own.
value_before() { # NAME; uses $known
    local now default=${1%/*/*}/default/${1##*/}
    value_of "$1" || return
    case $1 in net/ipv[46]/conf/*) ;; *) return 0 ;; esac
    [ -n "${known[$default]:-}" ] || return 0
    now=$value
    if value_of "$default" && [ "$value" = "$now" ]; then value=${known[$default]}; else value=$now; fi
}

remember() {
    local name value
    local -A known=()
    mkdir -p "${BEFORE_FILE%/*}"
    if is_stale; then rm "$BEFORE_FILE"; fi
    [ -e "$BEFORE_FILE" ] || echo "$BOOT" >"$BEFORE_FILE"
    while read -r name value; do known[$name]=$value; done <"$BEFORE_FILE"
    {
        cat "$BEFORE_FILE"
        while read -r name; do
            [ -n "${known[$name]:-}" ] || ! value_before "$name" || echo "$name $value"
        done < <(touched)
    } >"$BEFORE_FILE.new"
    mv "$BEFORE_FILE.new" "$BEFORE_FILE"
}

# Interfaces whose router advertisements the kernel takes (1: unless it forwards) and that have a route by one.
uplinks() {
    local link value
    ip -6 route show default proto ra 2>/dev/null | grep -o 'dev [^ ]*' | cut -d' ' -f2 | sort -u |
        while read -r link; do
            value_of "net/ipv6/conf/$link/accept_ra" || continue
            case $value in 1 | 2) echo "$link" ;; esac
        done
}

is_at_least() { # NAME VALUE
    local value
    value_of "$1" && [ "$value" -ge "$2" ]
}

apply_values() {
    local name wanted link
    for link in $(uplinks); do set_value "net/ipv6/conf/$link/accept_ra" 2; done
    for name in /proc/sys/net/ipv4/conf/*/route_localnet; do set_value "${name#/proc/sys/}" 0; done
    wanted | while read -r name wanted; do
        case $name in
        net/core/*) # not there in a network namespace of older kernels
            if [ ! -w "/proc/sys/$name" ] || is_at_least "$name" "$wanted"; then continue; fi
            ;;
        esac
        if [ -e "/proc/sys/$name" ]; then
            set_value "$name" "$wanted"
        else
            echo "not in this kernel: $name"
        fi
    done
}

load_modules() { # built in, loaded already, or not there at all: check.sh tells
    sed '/^#/d; /^$/d' "$HERE/modules-load.d/weft.conf" | while read -r name; do
        modprobe -q "$name" 2>/dev/null || true
    done
}

install_files() {
    local name wanted link
    mkdir -p "${SYSCTL_FILE%/*}" "${MODULES_FILE%/*}"
    {
        cat "$HERE/sysctl.d/60-weft.conf"
        for link in $(uplinks); do
            printf '\n# The default route of %s comes by router advertisements, also while this node forwards.\n' "$link"
            echo "net/ipv6/conf/$link/accept_ra = 2"
        done
    } >"$SYSCTL_FILE.new"
    wanted | while read -r name wanted; do # larger already: leave that to whoever set it
        case $name in net/core/*) ! is_at_least "$name" $((wanted + 1)) || sed -i "\|^${name//\//.} |d" "$SYSCTL_FILE.new" ;; esac
    done
    mv "$SYSCTL_FILE.new" "$SYSCTL_FILE"
    cp "$HERE/modules-load.d/weft.conf" "$MODULES_FILE"
    echo "installed $SYSCTL_FILE, $MODULES_FILE"
}

remember
load_modules
apply_values
[ $persist = no ] || install_files
echo "done; undo.sh takes it back"
