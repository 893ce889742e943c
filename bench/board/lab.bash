# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Namespaces, tunnels and traffic of one measurement; sourced by run.sh. Node a sends, node b answers.
# Addresses are those for benches of network devices (RFC 2544, 198.18.0.0/15). A function that cannot
# leaves the reason in $reason and returns 1.

# shellcheck disable=SC2034  # run.sh has use for them
{
    OUTER_A=198.18.1.1 OUTER_B=198.18.1.2   # namespaces only
    WEFT_A=198.18.2.1 WEFT_B=198.18.2.2     # inside weft
    KERNEL_A=198.18.3.1 KERNEL_B=198.18.3.2 # inside the kernel's WireGuard
}
INNER_MTU=1420
START_SECONDS=20
reason=''
daemons=() # pids

# in_netns NAME CMD...: in a namespace, or here when NAME is empty.
in_netns() {
    local name=$1
    shift
    if [ -n "$name" ]; then ip netns exec "$name" "$@"; else "$@"; fi
}
# in_background NAME LOG CMD...: the same; its pid joins $daemons.
in_background() {
    local prefix=() log=$2
    [ -z "$1" ] || prefix=(ip netns exec "$1")
    shift 2
    "${prefix[@]}" "$@" >"$log" 2>&1 </dev/null &
    daemons+=($!)
}
ip_in() { # NAME WORD...
    local name=$1
    shift
    ip ${name:+-n "$name"} "$@"
}
# attempt CMD...: its error text becomes $reason.
attempt() {
    reason=$("$@" 2>&1) && return 0
    reason="$(echo "$reason" | tail -n 1)"
    return 1
}
log_tail() { tail -n 3 "$1" | cut -c 1-200 | paste -sd ' '; }

# within SECONDS CMD...
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}

# shellcheck disable=SC2086  # the emulator and its options
weft() { $EMULATOR "$WEFT_BUILD/weft" "$@"; }
# shellcheck disable=SC2086
traffic() { # NETNS WORD...
    local netns=$1
    shift
    in_netns "$netns" timeout 120 $EMULATOR "$WEFT_BUILD/bench/weft-bench-traffic" "$@"
}

# ---- the two ends ------------------------------------------------------------------------------
make_pair() {
    ip netns add a && ip netns add b
    ip link add va netns a type veth peer name vb netns b
    ip_in a addr add $OUTER_A/30 dev va && ip_in b addr add $OUTER_B/30 dev vb
    local name
    for name in a b; do
        ip_in $name link set lo up
        ip_in $name link set v$name up
    done
}
stop_daemons() {
    local pid
    for pid in "${daemons[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${daemons[@]}"; do wait "$pid" 2>/dev/null || true; done
    daemons=()
}
remove_pair() {
    stop_daemons
    ip netns del a && ip netns del b
}

start_server() { # NETNS
    local log=$TEMP/server${1:+-$1}.log
    # shellcheck disable=SC2086
    in_background "$1" "$log" $EMULATOR "$WEFT_BUILD/bench/weft-bench-traffic" serve "$TRAFFIC_PORT"
    within $START_SECONDS server_said "$log" "${daemons[-1]}"
    grep -q '^ready' "$log" || {
        reason="the traffic server did not start: $(log_tail "$log")"
        return 1
    }
}
server_said() { grep -q '^ready' "$1" || ! kill -0 "$2"; } # ready, or ended

# ---- weft --------------------------------------------------------------------------------------
# start_weft NODE NETNS ADDRESS PEER_ADDRESS PRIVATE_KEY PEER_KEY [ENDPOINT]
start_weft() {
    local node=$1 netns=$2 directory=$TEMP/$1 endpoint=''
    [ -z "${7:-}" ] || endpoint="endpoint = \"$7\""
    rm -rf "$directory"
    (umask 077 && mkdir -p "$directory/run" "$directory/state" && echo "$5" >"$directory/node.key")
    cat >"$directory/weft.toml" <<TOML
[node]
name = "$node"
interface = "wb$node"
listen_port = $WEFT_PORT
mtu = $INNER_MTU
private_key_file = "node.key"
addresses = ["$3/30"]
[[peer]]
name = "peer-of-$node"
public_key = "$6"
allowed_ips = ["$4/32"]
$endpoint
[api]
group = "root"
[log]
level = "warn"
TOML
    # shellcheck disable=SC2086
    in_background "$netns" "$directory/log" env WEFT_CONFIG="$directory/weft.toml" WEFT_RUN_DIR="$directory/run" \
        WEFT_STATE_DIR="$directory/state" WEFT_SOCKET="$directory/run/weftd.sock" $EMULATOR "$WEFT_BUILD/weftd"
    within $START_SECONDS weft_said "$netns" "$node" "${daemons[-1]}"
    is_up "$netns" "$node" || {
        reason="weftd did not start: $(log_tail "$directory/log")"
        return 1
    }
}
is_up() { ip_in "$1" -o link show dev "wb$2" 2>/dev/null | grep -q '[<,]UP[,>]'; }
weft_said() { is_up "$1" "$2" || ! kill -0 "$3"; } # up, or ended
weft_isa() { # NODE: the kernels that its daemon chose
    WEFT_SOCKET=$TEMP/$1/run/weftd.sock weft status --json 2>/dev/null |
        sed -nE 's/.*"isa": *\{[^}]*"chosen": *"([a-z0-9]+)".*/\1/p' | head -n 1
}

# ---- the kernel's WireGuard --------------------------------------------------------------------
# Its UDP socket stays in the namespace where it is made, its interface moves: with that namespace it ends.
# start_wireguard NODE FROM_NETNS NETNS ADDRESS PEER_ADDRESS PRIVATE_KEY PEER_KEY [ENDPOINT]
start_wireguard() {
    local link=wk$1 from=$2 netns=$3 key=$TEMP/wireguard-$1.key endpoint=()
    command -v wg >/dev/null || {
        reason="no wg command; apt-get install wireguard-tools"
        return 1
    }
    attempt ip_in "$from" link add "$link" mtu $INNER_MTU type wireguard || {
        reason="the kernel has none (modprobe wireguard): $reason"
        return 1
    }
    [ "$from" = "$netns" ] || ip_in "$from" link set "$link" netns "$netns"
    (umask 077 && echo "$6" >"$key")
    [ -z "${8:-}" ] || endpoint=(endpoint "$8")
    attempt in_netns "$netns" wg set "$link" listen-port "$KERNEL_PORT" private-key "$key" \
        peer "$7" allowed-ips "$5/32" "${endpoint[@]}" || return 1
    ip_in "$netns" addr add "$4/30" dev "$link"
    attempt ip_in "$netns" link set "$link" up
}
