#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One command from a fresh clone to encrypted container traffic: installs what is missing, builds,
# starts three nodes with two containers on each (packaging/lab.sh; podman's where podman is, else network
# namespaces that weft-cni attaches as container runtimes have it do), sends between all 30 ordered pairs of
# containers over IPv4 and IPv6, and looks for what was sent in a capture of the wire between the nodes.
# Removes everything again. Exit 0 only if every number it prints holds.
set -euo pipefail
# shellcheck source=packaging/deps.sh
. "$(dirname "${BASH_SOURCE[0]}")/deps.sh"

usage() {
    cat <<USAGE
usage: demo.sh [--keep] [--no-install] [--deb FILE]...
  --keep        leave the three nodes running (packaging/lab.sh down removes them)
  --no-install  install no packages
  --deb FILE    what is in these packages, weft and weft-cni, instead of what is built here; nothing is installed
environment: WEFT_DEMO_PODMAN=yes|no|auto (containers by podman: yes installs it, about 100 MB; auto, where it
  is here), and what packaging/lab.sh reads
USAGE
}

KEEP=no DEBS=() ARGUMENTS=("$@")
while [ $# -gt 0 ]; do
    case $1 in
    --keep) KEEP=yes ;;
    --deb)
        [ -f "${2:-}" ] || { say "demo.sh: --deb needs a package's file, not ${2:-nothing}" && exit 2; }
        DEBS+=("$(realpath "$2")")
        shift
        ;;
    --no-install) WEFT_INSTALL=no ;;
    -h | --help)
        usage
        exit 0
        ;;
    *)
        usage >&2
        exit 2
        ;;
    esac
    shift
done
become_root "${ARGUMENTS[@]}"

readonly STEPS=9 PINGS=3
SUBJECT=${WEFT_LAB_SUBJECT:-weft}
PODMAN=${WEFT_DEMO_PODMAN:-auto}
case $PODMAN in yes | no | auto) ;; *) die "WEFT_DEMO_PODMAN is yes, no or auto, not $PODMAN" ;; esac
LAB=$WEFT_ROOT/packaging/lab.sh
CONTAINERS=(a1 a2 b1 b2 c1 c2)
MARKER=weft$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n') # 16 bytes; ping repeats it: 32 and more
export WEFT_INSTALL

work=$(mktemp -d)
lab_is_ours=no
captures=()
number=0
finish() {
    local rc=$? pid
    trap - EXIT INT TERM
    for pid in "${captures[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
    if [ $lab_is_ours = yes ] && { [ $rc != 0 ] || [ $KEEP = no ]; }; then "$LAB" down; fi
    rm -rf "$work"
    [ $rc = 0 ] || say "demo failed"
    exit $rc
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# step TEXT FUNCTION: "[k/n] text … seconds", then what the function wrote to stdout.
step() {
    local started rc=0
    started=$(date +%s%N)
    number=$((number + 1))
    printf '[%d/%d] %s … ' $number $STEPS "$1"
    "$2" >"$work/out" 2>"$work/err" || rc=$?
    printf '%d.%d s\n' $((($(date +%s%N) - started) / 1000000000)) \
        $((($(date +%s%N) - started) / 100000000 % 10))
    sed 's/^/      /' "$work/out"
    if [ $rc != 0 ]; then
        tail -n 30 "$work/err" >&2
        exit $rc
    fi
}

address() { # CONTAINER 4|6
    local node=$(($(printf '%d' "'${1:0:1}") - 97)) host=$((9 + ${1:1}))
    if [ "$2" = 4 ]; then echo "10.44.$node.$host"; else echo "fd44:0:0:$node::$host"; fi
}

packages() {
    deps_install build run
    [ "$PODMAN" != yes ] || deps_install podman
    check_machine
}

why_no_podman() { # nothing where it can be used
    if [ "$PODMAN" = no ]; then
        echo "WEFT_DEMO_PODMAN=no"
    elif ! command -v podman >/dev/null; then
        echo "no podman here; WEFT_DEMO_PODMAN=yes installs it"
    elif [[ $(podman --version) != *" 4."* ]]; then
        echo "$(podman --version) here; the last one with CNI is 4"
    elif ! command -v runc >/dev/null && ! command -v crun >/dev/null; then
        echo "podman here, but neither runc nor crun"
    fi
}

unpack() { # the programs of the packages, in one directory, as the lab wants them
    local deb program
    WEFT_BUILD=$WEFT_ROOT/build/demo # stays with --keep
    export WEFT_BUILD
    rm -rf "$WEFT_BUILD"
    as_owner mkdir -p "$WEFT_BUILD"
    for deb in "${DEBS[@]}"; do as_owner dpkg-deb -x "$deb" "$WEFT_BUILD/packages"; done
    for program in usr/sbin/weftd usr/bin/weft usr/libexec/weft/weft-cni; do
        [ -x "$WEFT_BUILD/packages/$program" ] || {
            say "none of the packages has /$program: --deb for weft, and for weft-cni"
            return 1
        }
        as_owner ln -s "packages/$program" "$WEFT_BUILD/"
    done
}

build() {
    [ "$SUBJECT" = weft ] || return 0
    if [ ${#DEBS[@]} -gt 0 ]; then unpack; else build_preset release -- weftd weft weft-cni >&2; fi || return 1
    "$WEFT_BUILD/weft" version
}

nodes_up() { # as a user would: weft init on the first, weft join TOKEN on the others
    local made="by ip" reason
    reason=$(why_no_podman)
    if [ "$SUBJECT" = weft ] && [ -z "$reason" ]; then
        made="by $(podman --version), which calls weft-cni"
        export WEFT_LAB_NETWORK=yes WEFT_LAB_CONTAINERS=podman
    elif [ "$SUBJECT" = weft ]; then
        [ "$PODMAN" != yes ] || { say "$reason" && return 1; }
        made="network namespaces, attached by weft-cni ($reason)"
        export WEFT_LAB_NETWORK=yes WEFT_LAB_CONTAINERS=cni
    fi
    "$LAB" up 3 >&2
    echo "three nodes a b c ($SUBJECT), containers ${CONTAINERS[*]}: $made"
}

capture() { # WHERE INTERFACE FILE
    # To its output: a container has files of its own.
    "$LAB" exec "$1" -- tcpdump -i "$2" --immediate-mode -U -Z root -B 16384 -s 0 -w - >"$3" 2>"$3.log" &
    captures+=($!)
    local i
    for ((i = 0; i < 100; i++)); do
        grep -q 'listening on' "$3.log" && return 0
        sleep 0.05
    done
    cat "$3.log" >&2
    return 1
}

captures_on() {
    capture net br0 "$work/wire.pcap" && capture a1 eth0 "$work/inner.pcap" || return 1
    echo "on the wire between the nodes, and on the inner side of container a1"
}

all_pairs() {
    local from to family pid pids=() good=0 hex
    hex=$(printf %s "$MARKER" | od -An -tx1 | tr -d ' \n')
    for from in "${CONTAINERS[@]}"; do
        for to in "${CONTAINERS[@]}"; do
            [ "$from" != "$to" ] || continue
            for family in 4 6; do
                "$LAB" exec "$from" -- ping -q -c $PINGS -i 0.1 -w 10 -s 64 -p "$hex" \
                    "$(address "$to" $family)" >"$work/$from-$to-$family" 2>&1 &
                pids+=("$!:$from-$to-$family")
            done
        done
    done
    for pid in "${pids[@]}"; do
        if wait "${pid%%:*}" && grep -q " $PINGS received" "$work/${pid#*:}"; then
            good=$((good + 1))
        else
            say "no answer: ${pid#*:}: $(grep -E 'received|rror' "$work/${pid#*:}")"
        fi
    done
    echo "$good of ${#pids[@]} pairs answered: 30 ordered pairs of containers, IPv4 and IPv6, $PINGS packets each way"
    [ $good = ${#pids[@]} ]
}

frames() { tcpdump -nr "$1" "$2" 2>/dev/null | wc -l; } # FILE FILTER
markers() { grep -aoF "$MARKER$MARKER" "$1" | wc -l || true; }

wire() {
    local pid sealed inner_marks wire_marks clear
    sleep 0.3
    for pid in "${captures[@]}"; do
        kill -INT "$pid"
        wait "$pid" || true
    done
    captures=()
    # A train of datagrams is one frame here: what must be there is counted in bytes.
    sealed=$(tcpdump -nr "$work/wire.pcap" 'udp port 51840' 2>/dev/null |
        awk '/UDP, length/ { n += $NF } END { print n + 0 }')
    clear=$(frames "$work/wire.pcap" 'net 10.44.0.0/16 or ip6 net fd44::/32')
    wire_marks=$(markers "$work/wire.pcap")
    inner_marks=$(markers "$work/inner.pcap")
    # 24 of the 30 pairs are on different nodes; an echo is a request and a reply of 128 bytes or more.
    echo "between the nodes: $sealed encrypted bytes, $clear packets with a container's address in clear,"
    echo "the 32-byte marker that every payload carried: found $wire_marks times there,"
    echo "found $inner_marks times by the same search on container a1's own interface (so it can find it)"
    [ "$sealed" -ge $((24 * 2 * PINGS * 2 * 128)) ] && [ "$clear" = 0 ] && [ "$wire_marks" = 0 ] &&
        [ "$inner_marks" -ge $((10 * 2 * PINGS * 2)) ]
}

status() {
    if [ "$SUBJECT" = weft ]; then
        "$LAB" exec a -- weft status
        "$LAB" exec a -- weft status --json >"$work/status.json"
        jq -e '[.peers[] | select(.session == "up")] | length == 2' "$work/status.json" >&2
        "$LAB" exec a -- weft ipam show --json | jq -e '.containers | length == 2' >&2
        echo
    fi
    "$LAB" exec a -- wg show weft0
}

throughput() {
    local server
    # iperf3 wants a TMPDIR that is there: a container has a /tmp of its own.
    "$LAB" exec b1 -- env -u TMPDIR iperf3 -s -1 >"$work/iperf-server" 2>&1 &
    server=$!
    captures+=("$server")
    sleep 0.5
    "$LAB" exec a1 -- env -u TMPDIR iperf3 -c "$(address b1 4)" -C cubic -t 5 -O 1 -J >"$work/iperf.json" ||
        { jq -r .error "$work/iperf.json" >&2 && return 1; }
    wait "$server" || true
    captures=()
    jq -er '"TCP from container a1 to b1 (iperf3 -C cubic, 5 s): \(.end.sum_received.bits_per_second / 1e7
        | round / 100) Gbit/s, \(.end.sum_sent.retransmits) retransmits",
        (if .end.sum_received.bits_per_second > 1e8 then empty else error("below 0.1 Gbit/s") end)' \
        "$work/iperf.json"
}

clean_up() {
    if [ $KEEP = yes ]; then
        echo "kept: packaging/lab.sh exec a -- weft status; packaging/lab.sh down"
    else
        "$LAB" down
        lab_is_ours=no
    fi
}

began=$SECONDS
step "packages and kernel" packages
setup=$((SECONDS - began))
began=$SECONDS
step "build" build
build=$((SECONDS - began))
began=$SECONDS
[ ! -e "${WEFT_LAB_DIR:-/run/weft-lab}" ] || die "a lab is up already: packaging/lab.sh down"
lab_is_ours=yes
step "three nodes, six containers" nodes_up
step "captures on" captures_on
step "all containers to all containers" all_pairs
step "what was on the wire" wire
step "state of node a" status
step "speed" throughput
step "clean up" clean_up
echo "demo ok (setup ${setup}s, build ${build}s, run $((SECONDS - began))s)"
