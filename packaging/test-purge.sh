#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: packaging/test-purge.sh [DIRECTORY OF PACKAGES]    (default build/deb)
# Installs the packages, makes a network that a second node joins, sends packets, upgrades, purges, and prints what
# is then otherwise than before: nothing. What is compared: nft, addresses, routes, rules, sockets, users,
# sysctls, units, files (without logs and the package manager's own). What was done goes to standard error.
# Exit: 0 the same, 1 not, 2 usage, 77 cannot run here.
#
# The machine is a throw-away one: an overlay of / on tmpfs, with namespaces, a control group and a systemd of its own.
#
#   outside -> hold: mounts and the control group, until all has ended
#           -> root: makes the overlay the root, and becomes systemd
#           -> inside: what is tested, a service of that systemd
set -euo pipefail
LAB=/run/weft-purge # where the throw-away machine has what it needs of this one

usage() { sed -n '3,7s/^# //p' "${BASH_SOURCE[0]}"; }

# ---- outside -------------------------------------------------------------------------------------
outside() { # [DIRECTORY]
    local self top rc=0 packages
    self=$(readlink -f "${BASH_SOURCE[0]}")
    # shellcheck source=packaging/deps.sh
    . "${self%/*}/deps.sh"
    case ${1:-} in
    -h | --help)
        usage
        exit 0
        ;;
    -*) usage >&2 && exit 2 ;;
    esac
    become_root "$@"
    can_run_here
    packages=$(readlink -f "${1:-$WEFT_ROOT/build/deb}")
    compgen -G "$packages/weft_*_$(dpkg --print-architecture).deb" >/dev/null ||
        die "no packages in $packages: packaging/build-deb.sh $(dpkg --print-architecture)"
    top=$(mktemp -d)
    unshare --mount --propagation private bash "$self" --hold "$top" "$packages" || rc=$?
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
hold() { # TOP PACKAGES
    local top=$1 packages=$2 group home rc=0
    mount -t tmpfs -o mode=0755 tmpfs "$top"
    mkdir "$top"/{upper,work,root,lab,cgroup}
    mount -t cgroup2 cgroup2 "$top/cgroup" || exit 77
    cp "$packages"/weft{,-cni,-discover-scaleway}_*_"$(dpkg --print-architecture)".deb "$top/lab/"
    cp "${BASH_SOURCE[0]}" "$top/lab/test-purge.sh"
    home=$top/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup) group=$top/cgroup/weft-purge-$$
    mkdir "$group"
    echo 0 >"$group/cgroup.procs"
    timeout -k 5 400 unshare --pid --fork --kill-child --mount --propagation private --net --uts --ipc --cgroup \
        bash "$top/lab/test-purge.sh" --root "$top" >"$top/lab/boot" 2>&1 </dev/null || rc=$?
    echo 0 >"$home/cgroup.procs"
    find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
    cat "$top/lab/did" >&2 || cat "$top/lab/boot" >&2
    cat "$top/lab/differences" 2>/dev/null || rc=1
    umount "$top/cgroup"
    umount -l "$top"
    exit $rc
}

# ---- root ----------------------------------------------------------------------------------------
root() { # TOP; process 1 of the new machine
    local top=$1 name
    mount -t overlay overlay -o "lowerdir=/,upperdir=$top/upper,workdir=$top/work" "$top/root"
    cd "$top/root"
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
    exec env -i PATH="$PATH" container=weft-purge /lib/systemd/systemd --unit=weft-purge.target --log-target=journal
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
    rm -rf etc/systemd/system/*.{wants,requires} usr/lib/systemd/system/*.{wants,requires} usr/lib/systemd/system-generators
    printf '[Unit]\nDefaultDependencies=no\n' >etc/systemd/system/sysinit.target
    ln -sf /dev/null etc/systemd/system/systemd-journald-audit.socket
    rm -f usr/sbin/policy-rc.d
    ln -sf /bin/true usr/sbin/modprobe
    cat >etc/systemd/system/weft-purge.target <<'UNIT'
[Unit]
DefaultDependencies=no
Requires=weft-purge.service
UNIT
    cat >etc/systemd/system/weft-purge.service <<UNIT
[Unit]
DefaultDependencies=no
Requires=systemd-journald.service
After=systemd-journald.service
[Service]
Type=oneshot
ExecStart=/bin/bash $LAB/test-purge.sh --inside
StandardOutput=append:$LAB/did
StandardError=append:$LAB/did
TimeoutStartSec=300
UNIT
}

# ---- inside --------------------------------------------------------------------------------------
inside() {
    export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive
    unset NOTIFY_SOCKET
    trap 'finish $?' EXIT
    cd "$LAB"
    make_network
    snapshot >before
    use_it
    snapshot >during
    step dpkg --purge weft weft-cni weft-discover-scaleway
    snapshot >after
    ! cmp -s before during || {
        echo "nothing had changed: is this a test?"
        return 1
    }
    diff before after >differences
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

use_it() {
    local daemon address
    step dpkg -i ./*.deb
    ! systemctl -q is-active weftd || return 1
    step /usr/lib/weft/kernel-setup/apply.sh --persist
    step systemctl enable --now weft-guard.service weftd.service
    step weft init --name a
    mkdir -p b/run
    printf '[node]\nname = "b"\n' >b/weft.toml
    other mount -t tmpfs tmpfs /run/wireguard
    "${ENTER[@]}" weftd >b/log 2>&1 &
    daemon=$!
    eventually answers
    weft token create | step other weft join -
    step weft wait --nodes 2 --timeout 30s
    address=$(other ip -4 -o addr show dev weft0 | awk '{ print $4 }' | cut -d/ -f1)
    step ping -q -c 3 -i 0.2 -W 5 "$address"
    step weft cni install --wait-ready
    container "$address"
    step weft status || [ $? = 4 ]
    upgrade "$address"
    down_and_up
    kill $daemon
    wait $daemon || true
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
container() { # ADDRESS: a container by weft-cni reaches it
    local -x CNI_CONTAINERID=purge CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni CNI_NETNS CNI_COMMAND
    local pid conf='{"cniVersion":"1.0.0","name":"weft","type":"weft-cni"}'
    unshare --net sleep infinity &
    pid=$!
    eventually is_apart $pid
    CNI_NETNS=/proc/$pid/ns/net
    CNI_COMMAND=ADD step /usr/lib/cni/weft-cni <<<"$conf"
    step nsenter --net="$CNI_NETNS" ping -q -c 3 -i 0.2 -W 5 "$1"
    CNI_COMMAND=DEL step /usr/lib/cni/weft-cni <<<"$conf"
    kill $pid
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

case ${1:-} in
--hold | --root | --inside) "${1#--}" "${@:2}" ;;
*) outside "$@" ;;
esac
