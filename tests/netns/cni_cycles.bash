#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# cni_cycles.bash NETWORK CYCLES COMPARED MORE PARALLEL: in a node, that many ADDs and DELs of one container one
# after the other, MORE of four containers side by side, then PARALLEL containers at once; prints how long they
# took. COMPARED times, spread over the first: ip link del of a bare veth (both ends up: all of it waits for the
# kernel's grace periods, which are longer the more goes on), and the stock bridge plugin where it is.
set -euo pipefail
network=$1 cycles=$2 compared=$3 more=$4 parallel=$5
bridge=${WEFT_BRIDGE_PLUGIN:-/usr/lib/cni/bridge}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
stock=$(jq -nc --arg dir "$work/ipam" '{cniVersion: "1.0.0", name: "stock", type: "bridge", bridge: "stock0", isGateway: true,
    ipam: {type: "host-local", dataDir: $dir, routes: [{dst: "0.0.0.0/0"}], ranges: [[{subnet: "10.90.0.0/16"}]]}}')
export CNI_IFNAME=eth0 CNI_PATH=${bridge%/*}

plugin() { # PROGRAM NETWORK VERB CONTAINER
    CNI_COMMAND=$3 CNI_CONTAINERID=$4 CNI_NETNS=/run/netns/$4 "$1" <<<"$2" >"$work/$4.out"
}
call() { plugin weft-cni "$network" "$@"; } # VERB CONTAINER
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
lane() { # CONTAINER CYCLES
    local i
    for ((i = 0; i < $2; i++)); do one "$1" || return 1; done
}
at_once() { # CONTAINERS CMD...: with each of them
    local i count=$1 pid pids=()
    shift
    for ((i = 0; i < count; i++)); do ip netns add "p$i"; done
    for ((i = 0; i < count; i++)); do
        "$1" "p$i" "${@:2}" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
    for ((i = 0; i < count; i++)); do ip netns del "p$i"; done
}
timed_one() { timed "$work/at-once" one "$1"; } # CONTAINER
others() { # what ours is measured against
    ip link add wvbare type veth peer name wvbare2 netns cycle
    ip link set wvbare up
    ip -n cycle link set wvbare2 up
    timed "$work/bare" ip link del wvbare
    if [ -x "$bridge" ]; then
        timed "$work/stock-add" plugin "$bridge" "$stock" ADD cycle
        timed "$work/stock-del" plugin "$bridge" "$stock" DEL cycle
    fi
}

ip netns add cycle
for ((i = 0; i < cycles; i++)); do
    timed "$work/add" call ADD cycle
    timed "$work/del" call DEL cycle
    ((i % (cycles / compared) > 0)) || others
done
ip netns del cycle
ip link del stock0 2>/dev/null || true

at_once 4 lane $((more / 4))
at_once "$parallel" timed_one

theirs="no stock bridge plugin here"
[ ! -s "$work/stock-del" ] ||
    theirs="the stock bridge plugin ADD $(quantiles "$work/stock-add"), DEL $(quantiles "$work/stock-del")"
echo "ms: ADD $(quantiles "$work/add"), DEL $(quantiles "$work/del"), ip link del of a bare veth $(quantiles "$work/bare");" \
    "$theirs; $parallel ADD and DEL at once $(quantiles "$work/at-once"); $((cycles + more)) cycles"
