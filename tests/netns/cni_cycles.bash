#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# cni_cycles.bash NETWORK CYCLES PARALLEL: in a node, that many ADDs and DELs of one container one after the
# other, then PARALLEL containers at once; prints how long they took, beside ip link del of a bare veth.
set -euo pipefail
network=$1 cycles=$2 parallel=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CNI_IFNAME=eth0

call() { # VERB CONTAINER
    CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=/run/netns/$2 weft-cni <<<"$network" >"$work/$2.out"
}
timed() { # FILE CMD...: appends microseconds
    local file=$1 began=${EPOCHREALTIME/./}
    shift
    "$@" || { cat "$work"/*.out; exit 1; }
    echo $((${EPOCHREALTIME/./} - began)) >>"$file"
}
quantiles() { # FILE: "p50 1.2 p99 3.4"
    sort -n "$1" | awk '{ v[NR] = $1 } END { printf "p50 %.1f p99 %.1f", v[int((NR + 1) / 2)] / 1000, v[int(NR * 0.99 + 0.5)] / 1000 }'
}
one() { # CONTAINER
    call ADD "$1" && call DEL "$1"
}

ip netns add cycle
for ((i = 0; i < cycles; i++)); do
    timed "$work/add" call ADD cycle
    timed "$work/del" call DEL cycle
    if ((i < 100)); then
        ip link add wvbare type veth peer name wvbare2 netns cycle
        ip link set wvbare up
        timed "$work/bare" ip link del wvbare
    fi
done
ip netns del cycle

for ((i = 0; i < parallel; i++)); do ip netns add "p$i"; done
pids=()
for ((i = 0; i < parallel; i++)); do
    timed "$work/at-once" one "p$i" &
    pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid"; done
for ((i = 0; i < parallel; i++)); do ip netns del "p$i"; done

echo "ms: ADD $(quantiles "$work/add"), DEL $(quantiles "$work/del"), ip link del of a bare veth $(quantiles "$work/bare");" \
    "$parallel ADD and DEL at once $(quantiles "$work/at-once"); $cycles cycles"
