#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What this kernel and CPU have of what weft can use, and what a missing row costs. Changes nothing:
# what has to be tried out is tried in a throw-away network namespace, which needs root; without root
# those rows are told from the kernel's version and say so.
# Exit: 0 all there, 4 something missing that costs speed or reach, 1 weft cannot run, 2 usage.
set -euo pipefail
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin

JSON=no
case ${1:-} in
"") ;;
--json) JSON=yes ;;
-h | --help)
    echo "usage: check.sh [--json]"
    exit 0
    ;;
*)
    echo "usage: check.sh [--json]" >&2
    exit 2
    ;;
esac

features=() haves=() costs=() grades=() remedies=() # grade: ok, slow, fatal
row() { # FEATURE ok|slow|fatal HAVE COST [REMEDY]
    features+=("$1") grades+=("$2") haves+=("$3") costs+=("$4") remedies+=("${5:-}")
}

release=$(uname -r)
kernel_at_least() { # MAJOR.MINOR
    [ "$(printf '%s\n%s\n' "$1" "${release%%-*}" | sort -V | head -n 1)" = "$1" ]
}
# by_version FEATURE MAJOR.MINOR GRADE-IF-OLDER COST
by_version() {
    if kernel_at_least "$2"; then
        row "$1" ok "yes (since $2)" "$4"
    else
        row "$1" "$3" "no (since $2)" "$4" "Linux $2 or newer"
    fi
}
in_new_namespace() { unshare --net "$@" >/dev/null 2>&1; }
can_try() { [ "$(id -u)" = 0 ] && in_new_namespace true; }

check_tun() {
    local cost_queues="one core for all packets from containers"
    local cost_vnet="one system call a packet instead of one for 64 KiB: several times slower"
    if ! [ -c /dev/net/tun ] || { [ "$(id -u)" = 0 ] && ! (: <>/dev/net/tun) 2>/dev/null; }; then
        row "tun device" fatal "no" "weft cannot run" "modprobe tun"
        return
    fi
    row "tun device" ok "yes" "weft cannot run"
    if ! can_try; then
        row "tun multi-queue" ok "probably (root can try)" "$cost_queues"
        row "tun TSO" ok "probably (root can try)" "$cost_vnet"
    else
        if ! in_new_namespace ip tuntap add dev weftprobe mode tun; then
            row "tun create" fatal "no" "weft cannot run" \
                "CAP_NET_ADMIN and access to /dev/net/tun"
        fi
        if in_new_namespace ip tuntap add dev weftprobe mode tun multi_queue; then
            row "tun multi-queue" ok "yes" "$cost_queues"
        else
            row "tun multi-queue" slow "no" "$cost_queues"
        fi
        if in_new_namespace ip tuntap add dev weftprobe mode tun vnet_hdr; then
            row "tun TSO" ok "yes" "$cost_vnet"
        else
            row "tun TSO" slow "no" "$cost_vnet"
        fi
    fi
    by_version "tun USO" 6.2 slow "UDP from containers one packet at a time"
}

check_udp() {
    by_version "UDP GSO" 4.18 slow "one system call and one pass through the stack a packet sent"
    by_version "UDP GRO" 5.0 slow "one system call and one pass through the stack a packet received"
    by_version "SO_REUSEPORT BPF" 4.5 slow "one socket, and so one core, for all peers"
}

check_nft() {
    local cost="no firewall and no masquerade around the containers"
    if ! command -v nft >/dev/null; then
        row "nf_tables" slow "unknown" "$cost" "install the nft command"
    elif can_try; then
        if in_new_namespace nft add table inet weft; then
            row "nf_tables" ok "yes" "$cost"
        else
            row "nf_tables" slow "no" "$cost" "modprobe nf_tables"
        fi
    elif [ -d /sys/module/nf_tables ] || [ -e /proc/net/netfilter/nf_log ]; then
        row "nf_tables" ok "yes" "$cost"
    else
        row "nf_tables" slow "not loaded" "$cost" "modprobe nf_tables"
    fi
}

setting() { cat "/proc/sys/${1//.//}" 2>/dev/null || echo none; }
# want FEATURE SYSCTL WANTED COST
want() {
    local value
    value=$(setting "$2")
    if [ "$value" = "$3" ]; then
        row "$1" ok "yes" "$4"
    else
        row "$1" slow "no ($value)" "$4" "sysctl -w $2=$3"
    fi
}

check_forwarding() {
    local value
    want "IPv4 forwarding" net.ipv4.ip_forward 1 "containers reach nothing beyond this node by IPv4"
    if [ ! -d /proc/sys/net/ipv6 ]; then
        row "IPv6" slow "no" "no IPv6 inside or outside"
    elif [ "$(setting net.ipv6.conf.all.disable_ipv6)" = 1 ]; then
        row "IPv6" slow "no (disabled)" "no IPv6 inside or outside" \
            "sysctl -w net.ipv6.conf.all.disable_ipv6=0"
    else
        row "IPv6" ok "yes" "no IPv6 inside or outside"
        want "IPv6 forwarding" net.ipv6.conf.all.forwarding 1 \
            "containers reach nothing beyond this node by IPv6"
    fi
    value=$(setting net.ipv4.conf.all.rp_filter)
    case $value in
    0 | 2) row "rp_filter not strict" ok "yes ($value)" "replies over another interface are dropped" ;;
    *) row "rp_filter not strict" slow "no ($value)" \
        "replies over another interface are dropped (several uplinks only)" \
        "sysctl -w net.ipv4.conf.all.rp_filter=2" ;;
    esac
}

check_buffers() { # weft asks for 4 MiB; root may pass the limit (SO_RCVBUFFORCE)
    local name value wanted=4194304
    for name in rmem_max wmem_max; do
        value=$(setting net.core.$name)
        if [ "$value" != none ] && [ "$value" -ge $wanted ]; then
            row "socket buffers, $name" ok "$value" "losses in bursts when weftd lacks CAP_NET_ADMIN"
        else
            row "socket buffers, $name" slow "$value" \
                "losses in bursts when weftd lacks CAP_NET_ADMIN" "sysctl -w net.core.$name=$wanted"
        fi
    done
}

check_cpu() {
    local flags name flag found=""
    flags=" $(grep -m 1 -iE '^(flags|features)[[:space:]]*:' /proc/cpuinfo | cut -d: -f2) "
    for name in avx512=avx512f avx2=avx2 sse=ssse3 neon=asimd neon=neon; do
        flag=${name#*=}
        case $flags in *" $flag "*) found="$found ${name%%=*}" ;; esac
    done
    if [ -n "$found" ]; then
        row "CPU vector units" ok "${found# }" "portable encryption, a fraction of the speed"
    else
        row "CPU vector units" slow "none that weft uses ($(uname -m))" \
            "portable encryption, a fraction of the speed"
    fi
}

json() { # a string, quoted
    local s=${1//\\/\\\\}
    printf '"%s"' "${s//\"/\\\"}"
}

check_tun
check_udp
check_nft
check_forwarding
check_buffers
check_cpu

code=0
for grade in "${grades[@]}"; do
    case $grade in
    fatal) code=1 ;;
    slow) [ $code = 1 ] || code=4 ;;
    esac
done

if [ $JSON = yes ]; then
    printf '{"schema":1,"kernel":%s,"machine":%s,"exit":%d,"features":[' \
        "$(json "$release")" "$(json "$(uname -m)")" $code
    for i in "${!features[@]}"; do
        [ "$i" = 0 ] || printf ,
        printf '{"feature":%s,"grade":"%s","have":%s,"cost":%s,"remedy":%s}' \
            "$(json "${features[i]}")" "${grades[i]}" "$(json "${haves[i]}")" \
            "$(json "${costs[i]}")" "$(json "${remedies[i]}")"
    done
    printf ']}\n'
    exit $code
fi

width=4
for have in "${haves[@]}"; do [ ${#have} -le "$width" ] || width=${#have}; done
printf "  %-26s %-${width}s  %s\n" FEATURE HAVE "COST WITHOUT IT"
for i in "${!features[@]}"; do
    mark=" "
    [ "${grades[i]}" = ok ] || mark="!"
    printf "%s %-26s %-${width}s  %s\n" "$mark" "${features[i]}" "${haves[i]}" "${costs[i]}"
done
for i in "${!features[@]}"; do
    [ "${grades[i]}" = ok ] || [ -z "${remedies[i]}" ] || echo "! ${features[i]}: ${remedies[i]}"
done
case $code in
0) echo "all there" ;;
4) echo "weft runs here; the rows marked ! cost what they say (settings: apply.sh sets them all)" ;;
1) echo "weft cannot run here" ;;
esac
exit $code
