# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154  # the lab's settings are lab.sh's
# The containers of a lab: network namespaces with a veth that this script makes (plain), the same attached
# by weft-cni (cni), or podman's; and what a node needs for container runtimes. Sourced by lab.sh, which
# has the places, names and addresses.

PODMAN_PACKAGES="apt-get install --no-install-recommends podman runc containernetworking-plugins"

check_containers() { # before anything is started
    case $CONTAINERS:$NETWORK in
    plain:* | cni:yes) ;;
    podman:yes) command -v podman >/dev/null || die "no podman here: $PODMAN_PACKAGES" ;;
    cni:* | podman:*) die "WEFT_LAB_CONTAINERS=$CONTAINERS needs WEFT_LAB_NETWORK=yes" ;;
    *) die "WEFT_LAB_CONTAINERS is plain, cni or podman, not $CONTAINERS" ;;
    esac
}

# add_containers NODES: two behind each, at .10 and .11 of its block.
add_containers() {
    local i pid pids=()
    for ((i = 0; i < $1; i++)); do
        if [ "$CONTAINERS" = podman ]; then # nodes beside each other: a start takes podman most of a second
            { add_by_podman "$i" 1 && add_by_podman "$i" 2; } &
            pids+=($!)
        else
            "add_$CONTAINERS" "$i" 1
            "add_$CONTAINERS" "$i" 2
        fi
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
}

add_plain() { # NODE'S INDEX, 1|2
    local i=$1 n where host=$((9 + $2))
    n=$(name_of "$i")
    where=$n$2
    add_place "$where"
    # 45 segments of at most 1452 bytes: a super-packet always fits one train of datagrams.
    batch "$n" <<IP
link add wv$where mtu $((MTU - OVERHEAD)) type veth peer name eth0 mtu $((MTU - OVERHEAD)) netns $(holder "$where")
link set wv$where up
addr add fe80::1/64 dev wv$where nodad
route add $(block4 "$i").$host/32 dev wv$where
route add $(block6 "$i"):$host/128 dev wv$where
IP
    batch "$where" <<IP
link set eth0 gso_max_segs 45 up
addr add $(block4 "$i").$host/32 dev eth0
addr add $(block6 "$i"):$host/128 dev eth0 nodad
route add $(block4 "$i").1/32 dev eth0 scope link
route add default via $(block4 "$i").1
route add default via fe80::1 dev eth0
IP
}

add_cni() { # NODE'S INDEX, 1|2: as a container runtime does it
    local i=$1 n where host=$((9 + $2))
    n=$(name_of "$i")
    where=$n$2
    add_place "$where"
    enter "$n" env CNI_COMMAND=ADD CNI_CONTAINERID="$where" CNI_IFNAME=eth0 CNI_NETNS="/proc/$(holder "$where")/ns/net" \
        "$WEFT_BUILD/weft-cni" >"$LAB/$where/cni.json" <<<'{"cniVersion": "1.0.0", "name": "weft", "runtimeConfig":
        {"ips": ["'"$(block4 "$i").$host"'", "'"$(block6 "$i"):$host"'"]}}' || die "weft-cni: $(cat "$LAB/$where/cni.json")"
}

# ---- container runtimes -------------------------------------------------------------------------

# runtimes_on NODE, again and again: control groups, the directories that runtimes want to themselves,
# weft's network in /etc/cni/net.d, and the plugins for it in $LAB/NODE/cni.
runtimes_on() {
    local node=$1 bin=$LAB/$1/cni plugin
    [ ! -d "$bin" ] || return 0
    mkdir "$bin"
    enter "$node" umount /sys # the control groups are the machine's
    # shellcheck disable=SC2016  # the node's shell expands it
    enter "$node" sh -c 'for dir; do mkdir -p "$dir" 2>/dev/null && mount -t tmpfs tmpfs "$dir"; done' - \
        /dev/shm /run/libpod /run/containerd
    for plugin in /usr/lib/cni/*; do
        [ ! -x "$plugin" ] || ln -s "$plugin" "$bin/"
    done
    enter "$node" "$WEFT_BUILD/weft" cni install --wait-ready --bin-dir "$bin" >&2
}

# podman_on NODE ARGUMENT...: podman 4 with its CNI backend, and directories of its own.
podman_on() {
    local node=$1 conf=$LAB/$1/podman.conf dir
    shift
    command -v podman >/dev/null || die "no podman here: $PODMAN_PACKAGES"
    runtimes_on "$node"
    [ -s "$conf" ] || cat >"$conf" <<CONF
[engine]
cgroup_manager = "cgroupfs"
runtime = "$(command -v runc >/dev/null && echo runc || echo crun)"
events_logger = "file"
[containers]
log_driver = "k8s-file"
default_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]
[network]
network_backend = "cni"
network_config_dir = "/etc/cni/net.d"
cni_plugin_dirs = ["$LAB/$node/cni"]
default_network = "weft"
CONF
    dir=$(enter "$node" realpath "$LAB/$node")
    # A runroot has at most 50 characters; /run is the node's own.
    # shellcheck disable=SC2016
    enter "$node" sh -c 'cd "$0" 2>/dev/null; exec "$@"' "$PWD" env CONTAINERS_CONF="$conf" podman --root "$dir/podman" --runroot /run/podman-root \
        --tmpdir /run/podman-tmp --storage-driver=vfs "$@" 3>&-
}

# add_by_podman NODE'S INDEX, 1|2: of no image, but with the machine's own programs, read-only.
add_by_podman() {
    local i=$1 n where root name pid host=$((9 + $2)) mounts=(-v /usr:/usr:ro)
    n=$(name_of "$i")
    where=$n$2
    root=$LAB/$where/root
    mkdir -p "$root"/{usr,etc,proc,sys,dev,run,tmp,var/tmp}
    echo root:x:0:0:root:/:/bin/sh >"$root/etc/passwd"
    for name in bin sbin lib lib32 lib64 libx32; do
        if [ -L "/$name" ]; then
            cp -a "/$name" "$root/"
        elif [ -d "/$name" ]; then
            mkdir "$root/$name"
            mounts+=(-v "/$name:/$name:ro")
        fi
    done
    podman_on "$n" run -d --name "$where" --network weft --ip "$(block4 "$i").$host" --ip6 "$(block6 "$i"):$host" \
        "${mounts[@]}" --rootfs "$(enter "$n" realpath "$root")" sleep infinity >&2 || die "podman could not start container $where on node $n"
    pid=$(podman_on "$n" inspect -f '{{.State.Pid}}' "$where")
    echo "$pid $(start_time "$pid")" >"$LAB/$where/holder.pid"
}

stop_podman() { # its containers
    local conf node
    for conf in "$LAB"/*/podman.conf; do
        [ -e "$conf" ] || continue
        node=${conf%/podman.conf}
        podman_on "${node##*/}" rm -f -a -t 0 >/dev/null 2>&1 &
    done
    wait
}

# remove_control_groups: empty ones are all that runtimes leave, as soon as the last of their processes has ended.
remove_control_groups() {
    local i groups
    compgen -G "$LAB/*/cni/" >/dev/null || return 0
    for ((i = 0; i < 10; i++)); do
        groups=$(find /sys/fs/cgroup -maxdepth 2 -type d \( -name default -o -name k8s.io -o -name libpod_parent \))
        [ -n "$groups" ] || return 0
        # shellcheck disable=SC2086  # one path each
        find $groups -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
    done
}
