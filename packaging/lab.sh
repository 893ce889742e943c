#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Nodes on this machine: each a network and a mount namespace with its own /run/weft, /etc/weft and so on,
# joined by a bridge; two container-like namespaces behind each; weftd in each node, or another WireGuard
# implementation in its place. Nothing outside the namespaces changes: no link, no sysctl, no file but the
# lab's own directory. Topology, addresses: packaging/README.md.
set -euo pipefail
# shellcheck source=packaging/deps.sh
. "$(dirname "${BASH_SOURCE[0]}")/deps.sh"
# shellcheck source=packaging/lab_containers.bash
. "$WEFT_ROOT/packaging/lab_containers.bash"

LAB=${WEFT_LAB_DIR:-/run/weft-lab}
OUTER=${WEFT_LAB_OUTER:-4}       # address family of the endpoints
MTU=${WEFT_LAB_MTU:-1500}        # of the underlay
SUBJECT=${WEFT_LAB_SUBJECT:-weft} # what runs in every node at first
NETWORK=${WEFT_LAB_NETWORK:-no}  # yes: weft init and weft join instead of written peers
CONTAINERS=${WEFT_LAB_CONTAINERS:-plain} BORINGTUN=${BORINGTUN:-} # cni, podman: by weft-cni, in a network
PRIVILEGES=${WEFT_LAB_PRIVILEGES:-root} # unit: a user of its own with one capability, as weftd.service
UNIT_USER=65534 UNIT_CAPS=-all,+net_admin # in whose place any user does
PORT=51840
OVERHEAD=80 # outer IPv6 40, UDP 8, WireGuard 32

usage() {
    cat <<USAGE
usage: lab.sh up N              N nodes (1-40): a b c ... z n26 ..., containers a1 a2 b1 b2 ...
       lab.sh exec WHERE -- CMD in a node, a container, or "net" (the bridge between the nodes)
       lab.sh peer NODE wireguard-go|boringtun|weft   who speaks for that node from now on
       lab.sh stop NODE         stops whoever speaks for that node (start again: peer)
       lab.sh pid NODE          the process that speaks for that node
       lab.sh runtimes NODE     makes a node fit for container runtimes, with weft's network
       lab.sh podman NODE ARGUMENT...   podman there, its containers in weft's network
       lab.sh down              removes everything; may be repeated
environment: WEFT_LAB_DIR (/run/weft-lab), WEFT_LAB_OUTER=4|6, WEFT_LAB_MTU (1500), WEFT_LAB_SUBJECT
       (weft), WEFT_LAB_NETWORK=yes|no (weft init and join, or peers written into weft.toml: no),
       WEFT_LAB_CONTAINERS=plain|cni|podman (weft-cni or podman with it, in a network: plain),
       WEFT_LAB_PRIVILEGES=root|unit (of weftd; unit: as weftd.service gives them), WEFT_BUILD,
       WEFT_OFFLOAD_OFF and WEFT_ISA (given to the daemons), BORINGTUN and WIREGUARD_GO (their programs)
USAGE
}

# ---- processes: a pid file holds "PID STARTTIME", so that a recycled pid is never taken for ours ----
start_time() { # PID; nothing for a zombie, unless threads of it still hold its descriptors
    local stat pid=$1 tasks
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    stat=${stat##*) }
    # shellcheck disable=SC2086
    set -- $stat
    tasks=("/proc/$pid"/task/*)
    if [ "$1" != Z ] || [ ${#tasks[@]} -gt 1 ]; then echo "${20}"; else return 1; fi
}

pid_of() { # PIDFILE -> the pid, if that process still runs
    local pid started
    [ -r "$1" ] && read -r pid started <"$1" || return 1
    [ "$(start_time "$pid")" = "$started" ] && echo "$pid"
}

spawn() { # PIDFILE LOGFILE CMD...: in the background, with none of our descriptors
    local file=$1 log=$2
    shift 2
    (
        for fd in /proc/self/fd/*; do
            fd=${fd##*/}
            [ "$fd" -le 2 ] || eval "exec $fd>&-"
        done
        exec setsid "$@" </dev/null >>"$log" 2>&1
    ) &
    echo "$! $(start_time $!)" >"$file"
    disown $!
}

stop_process() { # PIDFILE
    local pid i
    if pid=$(pid_of "$1"); then
        kill -TERM "$pid" 2>/dev/null || true
        for ((i = 0; i < 100; i++)); do
            pid_of "$1" >/dev/null || break
            sleep 0.05
        done
        if pid_of "$1" >/dev/null; then
            say "process $pid did not end within 5 s of SIGTERM: killed"
            kill -KILL "$pid" 2>/dev/null || true
        fi
    fi
    rm -f "$1"
}

# ---- names and addresses ------------------------------------------------------------------------
letters=abcdefghijklmnopqrstuvwxyz
name_of() { if [ "$1" -lt 26 ]; then echo "${letters:$1:1}"; else echo "n$1"; fi; }
index_of() {
    local before=${letters%%"$1"*}
    if [ ${#1} = 1 ]; then echo ${#before}; else echo "${1#n}"; fi
}
underlay4() { echo "192.0.2.$(($1 + 1))"; }
underlay6() { printf '2001:db8::%x\n' $(($1 + 1)); }
endpoint() { [ "$OUTER" = 6 ] && echo "[$(underlay6 "$1")]:$PORT" || echo "$(underlay4 "$1"):$PORT"; }
block4() { echo "10.44.$1"; }
block6() { printf 'fd44:0:0:%x:' "$1"; }
nodes() { # the lab's nodes, one a line
    local i
    for ((i = 0; i < $(cat "$LAB/size"); i++)); do name_of "$i"; done
}
is_node() { [ -n "$1" ] && [ -d "$LAB/$1" ] && [ -f "$LAB/$1/node" ]; }
need_lab() { # and what it was started with
    [ -f "$LAB/settings" ] || die "no lab in $LAB: start one with packaging/lab.sh up 2"
    read -r OUTER MTU NETWORK PRIVILEGES WEFT_BUILD <"$LAB/settings"
}

holder() { # WHERE -> pid of the process that keeps its namespaces
    pid_of "$LAB/$1/holder.pid" || die "no such place in the lab: $1 (there are: $(cd "$LAB" && echo */))"
}
enter() { # WHERE CMD...
    local pid
    pid=$(holder "$1")
    shift
    nsenter --net="/proc/$pid/ns/net" --mount="/proc/$pid/ns/mnt" -- "$@"
}
batch() { # WHERE: ip commands from stdin
    enter "$1" ip -batch - || die "ip could not set up $1"
}
set_sysctls() { # WHERE NAME=VALUE...
    local where=$1
    shift
    enter "$where" sysctl -qw "$@"
}

# ---- namespaces ---------------------------------------------------------------------------------
# In its own mount namespace: DIR becomes a tmpfs of links to what DIR held, so that DIR/NAME can be
# ours while the machine's DIR has no such directory.
private_mounts() {
    set -e
    local dir name from entry
    from=$(mktemp -d)
    for dir in /run:weft:wireguard:netns /var/lib:weft:weft-cni:cni /etc:weft:cni; do
        mount -t tmpfs -o mode=0755 tmpfs "$from"
        mkdir "$from/.host"
        mount --rbind "${dir%%:*}" "$from/.host"
        for entry in "$from"/.host/*; do
            name=${entry##*/}
            case ":$dir:" in *":$name:"*) continue ;; esac
            if [ -L "$entry" ]; then cp -a "$entry" "$from/"; else ln -s ".host/$name" "$from/$name"; fi
        done
        IFS=:
        for name in ${dir#*:}; do mkdir -m 0755 "$from/$name"; done
        unset IFS
        mount --move "$from" "${dir%%:*}"
    done
    chmod 0700 /var/lib/weft
    chmod 0750 /var/lib/weft-cni
    rmdir "$from"
    mount -t sysfs sysfs /sys 2>/dev/null || true # /sys/class/net of this namespace
}

add_place() { # WHERE [node]: namespaces and the process that holds them
    local where=$1 i
    mkdir -p "$LAB/$where"
    local script='exec sleep infinity'
    [ "${2:-}" != node ] || script="$(declare -f private_mounts); private_mounts; : >\"\$1\"; exec sleep infinity"
    [ "${2:-}" = node ] || : >"$LAB/$where/ready"
    spawn "$LAB/$where/holder.pid" "$LAB/$where/holder.log" \
        unshare --net --mount --propagation private bash -c "$script" holder "$LAB/$where/ready"
    local self
    self=$(readlink /proc/self/ns/net)
    for ((i = 0; i < 200; i++)); do
        pid_of "$LAB/$where/holder.pid" >/dev/null || break
        if [ -e "$LAB/$where/ready" ] &&
            [ "$(readlink "/proc/$(holder "$where")/ns/net")" != "$self" ]; then
            enter "$where" ip link set lo up
            return 0
        fi
        sleep 0.02
    done
    die "no namespaces for $where: $(tail -n 1 "$LAB/$where/holder.log")"
}

add_bridge() {
    add_place net
    batch net <<IP
link add br0 type bridge forward_delay 0 mcast_snooping 0
link set br0 mtu $MTU up
IP
}

add_node() { # INDEX
    local i=$1 n
    n=$(name_of "$i")
    add_place "$n" node
    : >"$LAB/$n/node"
    set_sysctls "$n" net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    batch net <<IP
link add port-$n mtu $MTU type veth peer name eth0 mtu $MTU netns $(holder "$n")
link set port-$n master br0 up
IP
    batch "$n" <<IP
addr add $(underlay4 "$i")/24 dev eth0
addr add $(underlay6 "$i")/64 dev eth0 nodad
link set eth0 up
IP
}

# ---- who speaks for a node ----------------------------------------------------------------------
write_config() { # INDEX; once: what a user changed in it stays
    local i=$1 n etc j
    n=$(name_of "$i")
    etc=/proc/$(holder "$n")/root
    [ ! -e "$etc/etc/weft/weft.toml" ] || return 0
    {
        printf '[node]\nname = "%s"\nlisten_port = %s\n' "$n" $PORT
        [ "$MTU" = 1500 ] || echo "mtu = $((MTU - OVERHEAD))"
        if [ "$NETWORK" = yes ]; then
            printf 'advertise = ["%s"]\n\n[api]\ngroup = "root"\n' "$(endpoint "$i")"
            return
        fi
        install -m 0600 "$LAB/$n/private.key" "$etc/var/lib/weft/private.key"
        cat <<TOML
private_key_file = "/var/lib/weft/private.key"
addresses = ["$(block4 "$i").1/24", "$(block6 "$i"):1/64"]

[api]
group = "root"
TOML
        for ((j = 0; j < $(cat "$LAB/size"); j++)); do
            [ "$i" != "$j" ] || continue
            cat <<TOML

[[peer]]
name = "$(name_of "$j")"
public_key = "$(cat "$LAB/$(name_of "$j")/public.key")"
endpoint = "$(endpoint "$j")"
allowed_ips = ["$(block4 "$j").0/24", "$(block6 "$j"):/64"]
keepalive_s = 25
TOML
        done
    } >"$etc/etc/weft/weft.toml"
}

await() { # SECONDS CMD...: until it succeeds; fails at once when the node's speaker has died
    local until=$((SECONDS + $1)) file=$LAB/$node/speaker.pid
    shift
    while ! "$@" >/dev/null 2>&1; do
        if ! pid_of "$file" >/dev/null || [ "$SECONDS" -ge "$until" ]; then
            say "$(tail -n 8 "$LAB/$node/speaker.log")"
            die "node $node: $(cat "$LAB/$node/speaker") did not get ready ($*)"
        fi
        sleep 0.05
    done
}

boringtun_program() {
    local program
    for program in "$BORINGTUN" "$(command -v boringtun-cli)" "$HOME/.cargo/bin/boringtun-cli" \
        "$WEFT_ROOT/build/cargo/bin/boringtun-cli"; do
        [ -n "$program" ] && [ -x "$program" ] && echo "$program" && return 0
    done
    die "no boringtun-cli: cargo install --locked --root build/cargo boringtun-cli@0.7.1, or set BORINGTUN"
}

start_speaker() { # NODE weft|wireguard-go|boringtun: starts it; configure_speaker waits for it
    local node=$1 kind=$2 pid cmd
    pid=$(holder "$node")
    case $kind in
    weft)
        write_config "$(index_of "$node")"
        cmd=(env -u WEFT_LAB_DIR -u WEFT_BUILD -u WEFT_ROOT "$WEFT_BUILD/weftd")
        if [ "$PRIVILEGES" = unit ]; then
            enter "$node" chown -R $UNIT_USER:$UNIT_USER /var/lib/weft /run/weft /run/wireguard
            if [ "$(enter "$node" stat -c %a /dev/net/tun)" != 666 ]; then # udev's mode
                enter "$node" mknod -m 0666 /run/wireguard/tun c 10 200
                enter "$node" mount --bind /run/wireguard/tun /dev/net/tun
            fi
            enter "$node" sysctl -qw net.ipv4.ping_group_range='0 2147483647' # systemd's, at boot
            cmd=(setpriv --reuid "$UNIT_USER" --regid "$UNIT_USER" --clear-groups --no-new-privs --inh-caps="$UNIT_CAPS"
                --ambient-caps="$UNIT_CAPS" --bounding-set="$UNIT_CAPS" "${cmd[@]}")
        fi
        ;;
    wireguard-go)
        [ -n "${WIREGUARD_GO:-}" ] || need_command wireguard-go wireguard-go
        cmd=(env WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD=1 LOG_LEVEL=error
            "${WIREGUARD_GO:-wireguard-go}" -f weft0)
        ;;
    boringtun) cmd=("$(boringtun_program)" -f -t 2 --disable-drop-privileges weft0) ;;
    *) die "who is $kind? one of weft wireguard-go boringtun" ;;
    esac
    [ "$kind" = weft ] || need_command wg wireguard-tools
    echo "$kind" >"$LAB/$node/speaker"
    rm -f "/proc/$pid/root/run/wireguard/weft0.sock"
    : >"$LAB/$node/speaker.log"
    spawn "$LAB/$node/speaker.pid" "$LAB/$node/speaker.log" \
        nsenter --net="/proc/$pid/ns/net" --mount="/proc/$pid/ns/mnt" -- "${cmd[@]}"
}

status_is_readable() { # 4: up but not healthy
    local rc=0
    enter "$1" "$WEFT_BUILD/weft" status || rc=$?
    [ $rc = 0 ] || [ $rc = 4 ]
}

configure_speaker() { # NODE
    local node=$1 i j other
    i=$(index_of "$node")
    if [ "$(cat "$LAB/$node/speaker")" = weft ]; then
        await 10 enter "$node" ip link show dev weft0 up
        await 10 status_is_readable "$node"
        await 10 enter "$node" test -S /run/wireguard/weft0.sock
        return
    fi
    await 10 enter "$node" ip link show dev weft0
    await 10 enter "$node" wg show weft0
    {
        printf '[Interface]\nPrivateKey = %s\nListenPort = %s\n' "$(cat "$LAB/$node/private.key")" $PORT
        for ((j = 0; j < $(cat "$LAB/size"); j++)); do
            [ "$i" != "$j" ] || continue
            other=$(name_of "$j")
            printf '[Peer]\nPublicKey = %s\nEndpoint = %s\nAllowedIPs = %s, %s\nPersistentKeepalive = 25\n' \
                "$(cat "$LAB/$other/public.key")" "$(endpoint "$j")" "$(block4 "$j").0/24" "$(block6 "$j"):/64"
        done
    } | enter "$node" wg setconf weft0 /dev/stdin
    {
        echo "link set weft0 mtu $((MTU - OVERHEAD)) up"
        echo "addr add $(block4 "$i").1/24 dev weft0"
        echo "addr add $(block6 "$i"):1/64 dev weft0 nodad"
        for ((j = 0; j < $(cat "$LAB/size"); j++)); do
            [ "$i" = "$j" ] || printf 'route add %s dev weft0\n' "$(block4 "$j").0/24" "$(block6 "$j"):/64"
        done
    } | batch "$node"
}

# One after the other, so that each node gets the block that its containers are in.
join_all() {
    local n token
    enter a "$WEFT_BUILD/weft" init --pool4 "$(block4 0).0/16" --pool6 fd44::/48 >&2
    for n in $(nodes); do
        [ "$n" != a ] || continue
        token=$(enter a "$WEFT_BUILD/weft" token create)
        enter "$n" "$WEFT_BUILD/weft" join "$token" >&2
    done
    for n in $(nodes); do enter "$n" "$WEFT_BUILD/weft" wait --nodes "$(cat "$LAB/size")" >&2; done
}

# Every ordered pair of nodes, at the same time: sessions are up afterwards.
first_contact() {
    local from to pid pids=() bad=0
    for from in $(nodes); do
        for to in $(nodes); do
            [ "$from" != "$to" ] || continue
            enter "$from" ping -q -c 1 -w 10 "$(block4 "$(index_of "$to")").1" >/dev/null &
            pids+=("$!:$from:$to")
        done
    done
    for pid in "${pids[@]}"; do
        wait "${pid%%:*}" || {
            bad=1
            say "no answer through the tunnel: ${pid#*:}"
        }
    done
    [ $bad = 0 ] || {
        for from in $(nodes); do sed "s/^/$from: /" "$LAB/$from/speaker.log" | tail -n 10 >&2; done
        return 1
    }
}

# ---- commands -----------------------------------------------------------------------------------
build_if_missing() {
    [ -x "$WEFT_BUILD/weftd" ] && [ -x "$WEFT_BUILD/weft" ] && [ -x "$WEFT_BUILD/weft-cni" ] && return 0
    say "building weft first"
    deps_install build
    build_preset release -- weftd weft weft-cni >&2
    WEFT_BUILD=$WEFT_ROOT/build/release
}

up() { # N
    if ! [[ ${1:-} =~ ^([1-9]|[1-3][0-9]|40)$ ]]; then
        usage >&2
        exit 2
    fi
    [ ! -f "$LAB/size" ] || die "a lab is up already in $LAB: packaging/lab.sh down"
    check_containers
    check_tun
    check_namespaces
    command -v wg ping jq >/dev/null || deps_install run
    [ "$SUBJECT" != weft ] || build_if_missing
    mkdir -p "$LAB"
    chmod 0700 "$LAB"
    trap 'trap - EXIT; [ -n "${WEFT_LAB_KEEP:-}" ] || down' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    echo "$1" >"$LAB/size"
    echo "$OUTER $MTU $NETWORK $PRIVILEGES $WEFT_BUILD" >"$LAB/settings"
    local i n keygen=("$WEFT_BUILD/weft" genkey) pubkey=("$WEFT_BUILD/weft" pubkey)
    [ "$SUBJECT" = weft ] || { keygen=(wg genkey) && pubkey=(wg pubkey); }
    add_bridge
    for ((i = 0; i < $1; i++)); do
        n=$(name_of "$i")
        add_node "$i"
        (umask 077 && "${keygen[@]}" >"$LAB/$n/private.key")
        "${pubkey[@]}" <"$LAB/$n/private.key" >"$LAB/$n/public.key"
    done
    for n in $(nodes); do start_speaker "$n" "$SUBJECT"; done
    for n in $(nodes); do configure_speaker "$n"; done
    [ "$NETWORK" = no ] || join_all
    add_containers "$1"
    first_contact
    trap - EXIT
    echo "lab up: nodes $(nodes | tr '\n' ' ')($SUBJECT), two containers behind each; try:
  packaging/lab.sh exec a -- $([ "$SUBJECT" = weft ] && echo weft status || echo wg show)
  packaging/lab.sh exec a1 -- ping -c3 $(block4 $((${1} > 1))).10
  packaging/lab.sh down"
}

run_in() { # WHERE -- CMD...
    local where=${1:-} pid
    if [ $# -lt 3 ] || [ "$2" != -- ]; then
        usage >&2
        exit 2
    fi
    shift 2
    need_lab
    pid=$(holder "$where")
    mkdir -p "$LAB/exec"
    echo "$$ $(start_time $$)" >"$LAB/exec/$$.pid" # down ends it
    PATH=$WEFT_BUILD:$PATH
    # shellcheck disable=SC2016
    exec nsenter --net="/proc/$pid/ns/net" --mount="/proc/$pid/ns/mnt" -- \
        sh -c 'cd "$0" 2>/dev/null; exec "$@"' "$PWD" "$@"
}

peer() { # NODE KIND
    need_lab
    is_node "${1:-}" || die "no such node: ${1:-} (nodes: $(nodes | tr '\n' ' '))"
    stop_process "$LAB/$1/speaker.pid"
    start_speaker "$1" "${2:-}"
    configure_speaker "$1"
    echo "node $1 is $2 now"
}

down() {
    local file
    [ -d "$LAB" ] || return 0
    [ -f "$LAB/size" ] || [ -z "$(ls -A "$LAB")" ] || die "$LAB is not a lab's directory"
    for file in "$LAB"/exec/*.pid "$LAB"/*/speaker.pid; do
        [ ! -e "$file" ] || (stop_process "$file") &
    done
    wait
    stop_podman
    for file in "$LAB"/*/holder.pid; do
        [ ! -e "$file" ] || stop_holder "$file"
    done
    remove_control_groups
    rm -rf --one-file-system "$LAB"
}

stop_holder() { # a sleeping process: nothing to wait for
    local pid
    if pid=$(pid_of "$1"); then kill -KILL "$pid" 2>/dev/null || true; fi
    while pid_of "$1" >/dev/null; do sleep 0.01; done
}

case ${1:-} in
-h | --help | help)
    usage
    exit 0
    ;;
up | exec | peer | stop | pid | runtimes | podman | down) ;;
*)
    usage >&2
    exit 2
    ;;
esac
become_root "$@"
command=$1
shift
case $command in
up) up "$@" ;;
exec) run_in "$@" ;;
peer) peer "$@" ;;
down) down ;;
stop | pid | runtimes | podman)
    need_lab
    is_node "${1:-}" || die "no such node: ${1:-}"
    case $command in
    pid) pid_of "$LAB/$1/speaker.pid" || die "nobody speaks for node $1" ;;
    stop) stop_process "$LAB/$1/speaker.pid" ;;
    runtimes) runtimes_on "$1" ;;
    podman) podman_on "$@" ;;
    esac
    ;;
esac
