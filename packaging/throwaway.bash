# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A throw-away machine: an overlay of / on tmpfs, with namespaces, a control group and a systemd of its own, in which
# packages can be installed and services run. For scripts that source this and have
#   LAB      where that machine has what it needs of this one: the script, this file, packages, other files
#   inside   what is done there; what it writes to $LAB/result is printed, what it prints goes to standard error. With
#            `exit $REBOOT` the machine starts anew, and inside runs once more: $BOOT counts
#   usage    which prints what the script is called with
#   TAKES_OLDER  yes: the first argument is a directory of packages of another version, in $LAB/older then
# and end with throwaway "$@", which calls outside, or with --hold, --root, --inside the function of that name:
#
#   outside -> hold: mounts and the control group, until all has ended
#           -> root: makes the overlay the root, and becomes systemd
#           -> inside: what is tested, a service of that systemd

# ---- outside -------------------------------------------------------------------------------------
SELF=$(readlink -f "$0")
REBOOT=75

throwaway() { # ARGUMENT... of the script
    case ${1:-} in
    --hold | --root | --inside) "${1#--}" "${@:2}" ;;
    -h | --help) usage ;;
    *)
        # shellcheck source=packaging/deps.sh
        . "${SELF%/*}/deps.sh"
        become_root "$@"
        if [ "${TAKES_OLDER:-no}" = yes ]; then
            case ${1:-} in '' | -*) usage >&2 && exit 2 ;; esac
            OLDER=$(readlink -m "$1")
            shift
        fi
        outside "$@"
        ;;
    esac
}

outside() { # [--stream PROGRAM] [DIRECTORY OF PACKAGES]: what the machine is to have
    local top rc=0 files=() packages directory
    can_run_here
    if [ "${1:-}" = --stream ]; then
        [ "$(basename "${2:?--stream needs a program}")" = weft-bench-stream ] || die "$2 is not weft-bench-stream"
        files=("$2")
        shift 2
    fi
    case ${1:-} in -*) usage >&2 && exit 2 ;; esac
    packages=$(readlink -m "${1:-$WEFT_ROOT/build/deb}")
    for directory in "$packages" ${OLDER:+"$OLDER"}; do
        compgen -G "$directory/weft_*_$(dpkg --print-architecture).deb" >/dev/null ||
            cannot "no packages in $directory: packaging/build-deb.sh $(dpkg --print-architecture)"
    done
    top=$(mktemp -d)
    unshare --mount --propagation private env ${OLDER:+"OLDER=$OLDER"} \
        bash "$SELF" --hold "$top" "$packages" "${files[@]}" || rc=$?
    rmdir "$top"
    exit $rc
}
can_run_here() {
    local directory
    check_machine
    [ -x /lib/systemd/systemd ] || cannot "no systemd here"
    grep -qw overlay /proc/filesystems || cannot "the kernel has no overlay file system; modprobe overlay"
    for directory in /etc /opt /usr /var; do
        ! mountpoint -q "$directory" || cannot "$directory is a file system of its own: the overlay would not show it"
    done
}

# ---- hold ----------------------------------------------------------------------------------------
hold() { # TOP PACKAGES [FILE...]
    local top=$1 packages=$2 group home boot rc=$REBOOT
    mount -t tmpfs -o mode=0755 tmpfs "$top"
    mkdir "$top"/{upper,work,root,lab,cgroup}
    mount -t cgroup2 cgroup2 "$top/cgroup" || exit 77
    copy_packages "$packages" "$top/lab"
    [ -z "${OLDER:-}" ] || copy_packages "$OLDER" "$top/lab/older"
    cp "$SELF" "${BASH_SOURCE[0]}" "${@:3}" "$top/lab/"
    home=$top/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup) group=$top/cgroup/${LAB##*/}-$$
    for ((boot = 1; rc == REBOOT; boot++)); do
        rc=0
        echo $boot >"$top/lab/boot"
        mkdir "$group"
        echo 0 >"$group/cgroup.procs"
        timeout -k 5 400 unshare --pid --fork --kill-child --mount --propagation private --net --uts --ipc --cgroup \
            bash "$top/lab/${SELF##*/}" --root "$top" >"$top/lab/console" 2>&1 </dev/null || rc=$?
        echo 0 >"$home/cgroup.procs"
        find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done
    cat "$top/lab/did" >&2 || cat "$top/lab/console" >&2
    cat "$top/lab/result" 2>/dev/null || rc=1
    umount "$top/cgroup"
    umount -l "$top"
    exit $rc
}
copy_packages() { # FROM TO
    mkdir -p "$2"
    cp "$1"/weft{,-cni,-discover-scaleway}_*_"$(dpkg --print-architecture)".deb "$2/"
}

# ---- root ----------------------------------------------------------------------------------------
root() { # TOP; process 1 of the new machine
    local top=$1 name
    mount -t overlay overlay -o "lowerdir=/,upperdir=$top/upper,workdir=$top/work" "$top/root"
    cd "$top/root" || return
    mount -t proc proc proc
    mount -t sysfs sysfs sys
    mount -t cgroup2 cgroup2 sys/fs/cgroup
    for name in run tmp dev; do mount -t tmpfs -o mode=0755 tmpfs $name; done
    chmod 1777 tmp
    devices dev
    mkdir "run/${LAB#/run/}"
    mount --bind "$top/lab" "run/${LAB#/run/}"
    mkdir -p "run/${LAB#/run/}"/{upper,lower}
    mount --bind "$top/upper" "run/${LAB#/run/}/upper"
    mount --bind / "run/${LAB#/run/}/lower"
    mount -o remount,bind,ro "run/${LAB#/run/}/lower"
    [ "$(cat "$top/lab/boot")" != 1 ] || prepare_systemd
    mkdir run/old
    pivot_root . run/old
    umount -l /run/old
    rmdir /run/old
    exec env -i PATH="$PATH" container="${LAB##*/}" /lib/systemd/systemd --unit="${LAB##*/}.target" --log-target=journal
}
devices() { # DIRECTORY
    local device name major minor
    mkdir "$1"/{net,pts,shm}
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$1/pts"
    ln -s pts/ptmx "$1/ptmx"
    ln -s /proc/self/fd "$1/fd"
    for device in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0 net/tun:10:200; do
        IFS=: read -r name major minor <<<"$device"
        mknod -m 0666 "$1/$name" c "$major" "$minor"
    done
}
# Of the machine's services it has none: they would set the kernel's values and look at its devices.
prepare_systemd() {
    local name=${LAB##*/}
    rm -rf etc/systemd/system/*.{wants,requires} usr/lib/systemd/system/*.{wants,requires} usr/lib/systemd/system-generators
    printf '[Unit]\nDefaultDependencies=no\n' >etc/systemd/system/sysinit.target
    ln -sf /dev/null etc/systemd/system/systemd-journald-audit.socket
    rm -f usr/sbin/policy-rc.d
    ln -sf /bin/true usr/sbin/modprobe
    cat >"etc/systemd/system/$name.target" <<UNIT
[Unit]
DefaultDependencies=no
Requires=$name.service
Wants=multi-user.target
UNIT
    cat >"etc/systemd/system/$name.service" <<UNIT
[Unit]
DefaultDependencies=no
Requires=systemd-journald.service
After=systemd-journald.service
[Service]
Type=oneshot
ExecStart=/bin/bash $LAB/${SELF##*/} --inside
StandardOutput=append:$LAB/did
StandardError=append:$LAB/did
TimeoutStartSec=300
UNIT
}

# ---- inside --------------------------------------------------------------------------------------
prepare_inside() {
    export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive
    unset NOTIFY_SOCKET
    trap 'finish $?' EXIT
    cd "$LAB" || return
    # shellcheck disable=SC2034  # the script's
    BOOT=$(cat boot)
}
finish() { # EXIT CODE
    [ "$1" = 0 ] || [ "$1" = $REBOOT ] || journalctl --no-pager -q -o cat -u weftd -u weft-guard | tail -n 20
    systemctl --no-block exit "$1"
}
step() {
    echo "+ $*"
    "$@"
}

eventually() { # CMD...: until it succeeds, for 10 s
    local i
    for ((i = 0; i < 100; i++)); do
        ! "$@" || return 0
        sleep 0.1
    done
    echo "in vain: $*"
    return 1
}
is_apart() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]; } # PID: in a network of its own
answers() { on "$1" weft status >/dev/null 2>&1 || [ $? = 4 ]; }                           # NODE

# ---- inside: nodes ---------------------------------------------------------------------------------
# Node a is this machine, its weftd a service. The others are namespaces, on a switch with it; their weftd are
# processes, and what they keep lies in a directory of their name. PROGRAMS[NODE]: the tree its programs are from.
declare -A HOLDERS DAEMONS PROGRAMS # by node: a process in its namespaces, its weftd

enter() { # NODE: leaves in ENTER what is to stand before a command there
    ENTER=()
    [ "$1" != a ] || return 0
    ENTER=(nsenter --net="/proc/${HOLDERS[$1]}/ns/net" --mount="/proc/${HOLDERS[$1]}/ns/mnt" -- env
        "PATH=${PROGRAMS[$1]:-}/usr/sbin:${PROGRAMS[$1]:-}/usr/bin:$PATH" "WEFT_CONFIG=$LAB/$1/weft.toml"
        "WEFT_STATE_DIR=$LAB/$1/state" "WEFT_RUN_DIR=$LAB/$1/run" "WEFT_SOCKET=$LAB/$1/run/weftd.sock")
}
on() { # NODE CMD...
    enter "$1"
    "${ENTER[@]}" "${@:2}"
}
start_on() { # NODE CMD...: in the background; $! is its pid, as nsenter and env become it
    enter "$1"
    "${ENTER[@]}" "${@:2}" &
}

make_network() { # NODE...: the other nodes' namespaces, and wires to them
    local node number=1
    ip link set lo up
    ip link add eth0 type bridge
    ip addr add 192.0.2.1/24 dev eth0
    ip link set eth0 up
    for node; do
        number=$((number + 1))
        unshare --net --mount --propagation private sleep infinity &
        HOLDERS[$node]=$!
        eventually is_apart $!
        ip link add "wire-$node" type veth peer name eth0 netns "${HOLDERS[$node]}"
        ip link set "wire-$node" master eth0 addrgenmode none up
        on "$node" ip link set lo up
        on "$node" ip addr add 192.0.2.$number/24 dev eth0
        on "$node" ip link set eth0 up
    done
    eventually has_its_addresses
}
has_its_addresses() { [ -n "$(ip -6 addr show dev eth0 scope link -tentative)" ]; }

start_daemon() { # NODE
    on "$1" mountpoint -q /run/wireguard || on "$1" mount -t tmpfs tmpfs /run/wireguard
    start_on "$1" weftd >>"$1/log" 2>&1
    DAEMONS[$1]=$!
    eventually answers "$1"
}
stop_daemon() { # NODE
    kill "${DAEMONS[$1]}"
    wait "${DAEMONS[$1]}" || true
}
join() { # NODE: with a token of this one
    mkdir -p "$1/run"
    printf '[node]\nname = "%s"\n' "$1" >"$1/weft.toml"
    start_daemon "$1"
    weft token create | step on "$1" weft join -
}
# A network of this machine and node b. Leaves $OTHER_ADDRESS.
join_other() {
    step systemctl enable --now weft-guard.service weftd.service
    step weft init --name a
    join b
    step weft wait --nodes 2 --timeout 30s
    OTHER_ADDRESS=$(address_of b)
    step ping -q -c 3 -i 0.2 -W 5 "$OTHER_ADDRESS"
}
address_of() { on "$1" ip -4 -o addr show dev "${2:-weft0}" | awk '{ print $4 }' | cut -d/ -f1; } # NODE [INTERFACE]
daemon() { systemctl show -P MainPID weftd.service; }
of_interface() {
    ip -o addr show dev weft0 | awk '{ print $4 }'
    ip route show table all dev weft0
    ip -6 route show table all dev weft0
}

# A container on this machine, node "box" for on and address_of: a network that weft-cni attaches.
attach() {
    unshare --net sleep infinity &
    HOLDERS[box]=$!
    eventually is_apart $!
    cni ADD
}
detach() {
    cni DEL
    kill "${HOLDERS[box]}"
}
cni() { # ADD|DEL
    local -x CNI_COMMAND=$1 CNI_CONTAINERID=box CNI_NETNS=/proc/${HOLDERS[box]}/ns/net CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni
    step /usr/lib/cni/weft-cni <<<'{"cniVersion":"1.0.0","name":"weft","type":"weft-cni"}'
}

# ---- inside: datagrams over a restart --------------------------------------------------------------
PER_SECOND=20000 PORT=7000

# silence WHAT FROM ADDRESS TO CMD...: runs CMD, which makes another process of weftd; where the machine has the bench's
# stream program, while datagrams go from one node to the other, and the longest time without one is a line of result.
silence() {
    local what=$1 from=$2 address=$3 to=$4 stream=$LAB/weft-bench-stream heard receiver sender before
    shift 4
    before=$(daemon)
    if [ ! -x "$stream" ]; then
        "$@"
        eventually is_another "$before"
        return
    fi
    heard=$(mktemp)
    start_on "$to" "$stream" receive $PORT >"$heard"
    receiver=$!
    start_on "$from" "$stream" send "$address" $PORT $PER_SECOND 120000
    sender=$!
    sleep 1
    kill -USR1 $receiver
    "$@"
    eventually is_another "$before"
    sleep 1
    kill -TERM $receiver $sender
    wait $receiver
    wait $sender || true
    echo "$what: $(cat "$heard") ms"
    echo "$what $(awk '{ print $1 / 1000 }' "$heard")" >>result
}
is_another() { [ "$(daemon)" != "$1" ] && [ "$(daemon)" != 0 ] && systemctl -q is-active weftd.service; } # PID
