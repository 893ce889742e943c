# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A throw-away machine: an overlay of / on tmpfs, with namespaces, a control group and a systemd of its own, in which
# packages can be installed and services run. For scripts that source this and have
#   LAB      where that machine has what it needs of this one: the script, this file, packages, other files
#   inside   what is done there; what it writes to $LAB/result is printed, what it prints goes to standard error
# and call outside, or with --hold, --root, --inside as their first argument the function of that name:
#
#   outside -> hold: mounts and the control group, until all has ended
#           -> root: makes the overlay the root, and becomes systemd
#           -> inside: what is tested, a service of that systemd

# ---- outside -------------------------------------------------------------------------------------
SELF=$(readlink -f "$0")

outside() { # DIRECTORY OF PACKAGES [FILE...]: what the machine is to have
    local top rc=0 packages
    can_run_here
    packages=$(readlink -f "$1")
    compgen -G "$packages/weft_*_$(dpkg --print-architecture).deb" >/dev/null ||
        cannot "no packages in $packages: packaging/build-deb.sh $(dpkg --print-architecture)"
    top=$(mktemp -d)
    unshare --mount --propagation private bash "$SELF" --hold "$top" "$packages" "${@:2}" || rc=$?
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
    local top=$1 packages=$2 group home rc=0
    mount -t tmpfs -o mode=0755 tmpfs "$top"
    mkdir "$top"/{upper,work,root,lab,cgroup}
    mount -t cgroup2 cgroup2 "$top/cgroup" || exit 77
    cp "$packages"/weft{,-cni,-discover-scaleway}_*_"$(dpkg --print-architecture)".deb "$top/lab/"
    cp "$SELF" "${BASH_SOURCE[0]}" "${@:3}" "$top/lab/"
    home=$top/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup) group=$top/cgroup/${LAB##*/}-$$
    mkdir "$group"
    echo 0 >"$group/cgroup.procs"
    timeout -k 5 400 unshare --pid --fork --kill-child --mount --propagation private --net --uts --ipc --cgroup \
        bash "$top/lab/${SELF##*/}" --root "$top" >"$top/lab/boot" 2>&1 </dev/null || rc=$?
    echo 0 >"$home/cgroup.procs"
    find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
    cat "$top/lab/did" >&2 || cat "$top/lab/boot" >&2
    cat "$top/lab/result" 2>/dev/null || rc=1
    umount "$top/cgroup"
    umount -l "$top"
    exit $rc
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
    mkdir "run/${LAB#/run/}"/{upper,lower}
    mount --bind "$top/upper" "run/${LAB#/run/}/upper"
    mount --bind / "run/${LAB#/run/}/lower"
    mount -o remount,bind,ro "run/${LAB#/run/}/lower"
    prepare_systemd
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
}
finish() { # EXIT CODE
    [ "$1" = 0 ] || journalctl --no-pager -q -o cat -u weftd -u weft-guard | tail -n 20
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
answers() { other weft status >/dev/null 2>&1 || [ $? = 4 ]; }

make_network() { # the other node's namespaces, and a wire to them
    ip link set lo up
    unshare --net --mount --propagation private sleep infinity &
    OTHER=$!
    eventually is_apart "$OTHER"
    ENTER=(nsenter --net="/proc/$OTHER/ns/net" --mount="/proc/$OTHER/ns/mnt" -- env "WEFT_CONFIG=$LAB/b/weft.toml"
        "WEFT_STATE_DIR=$LAB/b/state" "WEFT_RUN_DIR=$LAB/b/run" "WEFT_SOCKET=$LAB/b/run/weftd.sock")
    ip link add eth0 type veth peer name eth0 netns "$OTHER"
    ip addr add 192.0.2.1/24 dev eth0
    ip link set eth0 up
    other ip link set lo up
    other ip addr add 192.0.2.2/24 dev eth0
    other ip link set eth0 up
    eventually has_its_addresses
}
has_its_addresses() { [ -n "$(ip -6 addr show dev eth0 scope link -tentative)" ]; }
other() { "${ENTER[@]}" "$@"; } # CMD...: on the other node

# A network of two: this machine's weftd is a service, the other node's a process, $OTHER_DAEMON. Leaves $OTHER_ADDRESS.
join_other() {
    step systemctl enable --now weft-guard.service weftd.service
    step weft init --name a
    mkdir -p b/run
    printf '[node]\nname = "b"\n' >b/weft.toml
    other mount -t tmpfs tmpfs /run/wireguard
    "${ENTER[@]}" weftd >b/log 2>&1 &
    # shellcheck disable=SC2034  # the script's
    OTHER_DAEMON=$!
    eventually answers
    weft token create | step other weft join -
    step weft wait --nodes 2 --timeout 30s
    OTHER_ADDRESS=$(address_of weft0 other)
    step ping -q -c 3 -i 0.2 -W 5 "$OTHER_ADDRESS"
}
address_of() { "${@:2}" ip -4 -o addr show dev "$1" | awk '{ print $4 }' | cut -d/ -f1; } # INTERFACE [other]
