#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the scripts of this repository share; sourced, never run: becoming root, installing the Debian
# packages that are missing, what the machine must have (TUN, namespaces, nft: else exit 77 with cause
# and remedy), how many jobs fit its memory, and building as the owner of the working tree.

# shellcheck disable=SC2034  # used by those who source this
WEFT_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
WEFT_BUILD=${WEFT_BUILD:-$WEFT_ROOT/build/release}
WEFT_INSTALL=${WEFT_INSTALL:-yes}
export LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

say() { printf '%s\n' "$*" >&2; }
die() {
    say "${0##*/}: $*"
    exit 1
}

# become_root "$@": runs the script again through sudo, with the variables that it reads.
become_root() {
    [ "$(id -u)" = 0 ] && return 0
    command -v sudo >/dev/null || die "run as root (there is no sudo here)"
    local pass=("PATH=$PATH") name
    for name in $(compgen -e); do
        case $name in
        WEFT_* | BORINGTUN | WIREGUARD_GO | CARGO_HOME | RUSTUP_HOME | HOME | TERM | NO_COLOR)
            pass+=("$name=${!name}") ;;
        esac
    done
    exec sudo env "${pass[@]}" bash "$0" "$@"
}

# as_owner CMD...: as the user to whom the working tree belongs, so that root leaves no files in it.
as_owner() {
    local owner
    owner=$(stat -c %U "$WEFT_ROOT")
    if [ "$(id -u)" != 0 ] || [ "$owner" = root ] || [ "$owner" = UNKNOWN ]; then
        "$@"
    else
        runuser -u "$owner" -- env HOME="$(getent passwd "$owner" | cut -d: -f6)" "$@"
    fi
}

# jobs_here: min(cores, memory / 1.5 GB), at least 1.
jobs_here() {
    local cores memory
    cores=$(nproc)
    memory=$(awk '/^MemAvailable/ { print int($2 / 1572864) }' /proc/meminfo)
    [ "$memory" -ge 1 ] || memory=1
    echo $((cores < memory ? cores : memory))
}

# deps_list GROUP...: package names; the groups are build, run, podman, test, runtimes, bench, arm, page, deb.
deps_list() {
    local boost="libboost-dev libboost-json-dev" group
    if ! command -v apt-cache >/dev/null ||
        apt-cache show libboost1.81-dev >/dev/null 2>&1; then # Debian 12: libboost-dev is 1.74
        boost="libboost1.81-dev libboost-json1.81-dev"
    fi
    for group; do
        case $group in
        build) echo "g++ cmake ninja-build pkg-config $boost libsodium-dev libspdlog-dev" \
            "libcli11-dev libtomlplusplus-dev libnftnl-dev libmnl-dev libsystemd-dev libcurl4-openssl-dev libgtest-dev" \
            "libb2-dev" ;;
        run) echo "iproute2 iputils-ping wireguard-tools jq iperf3 tcpdump nftables procps" ;;
        test) echo "googletest bats clang-format-14 clang-tidy-14 clang-14 libclang-rt-14-dev shellcheck git curl" \
            "g++-aarch64-linux-gnu g++-arm-linux-gnueabihf qemu-user-static wireguard-go qemu-system-x86 python3-jsonschema" \
            "socat valgrind ethtool python3 iptables" ;;
        podman) echo "podman runc containernetworking-plugins" ;;
        runtimes) echo "$(deps_list podman) containerd protobuf-compiler curl" ;;
        arm) echo "g++-aarch64-linux-gnu g++-arm-linux-gnueabihf qemu-user-static qemu-user llvm python3 gnuplot-nox" ;;
        page) echo "chromium fonts-dejavu-core python3" ;;
        deb) echo "dpkg-dev debhelper scdoc lintian" ;;
        bench) echo "gnuplot-nox ethtool python3 tinc libssl-dev libipsec-mb-dev linux-perf" ;;
        *) die "no such group of packages: $group" ;;
        esac
    done
}

package_there() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# The caller's apt-get install, with no service started: policy-rc.d says no while it runs.
apt_quietly() {
    local policy=/usr/sbin/policy-rc.d ours=no rc=0 log
    log=$(mktemp)
    if [ ! -e $policy ]; then
        ours=yes
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod 755 $policy
    fi
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 -y \
        --no-install-recommends "$@" >"$log" 2>&1 </dev/null || rc=$?
    [ $ours = no ] || rm -f $policy
    [ $rc = 0 ] || tail -n 5 "$log" >&2
    rm -f "$log"
    return $rc
}

# deps_install GROUP...: installs what is missing; with WEFT_INSTALL=no it only says so.
deps_install() {
    local package missing=() removed
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        [ "$WEFT_INSTALL" = no ] && return 0
        say "this is not Debian or Ubuntu: install what these packages hold, then use --no-install:"
        deps_list "$@" | fmt -w 100 >&2
        exit 1
    fi
    for package in $(deps_list "$@"); do
        package_there "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$WEFT_INSTALL" = no ]; then
        say "not installed (--no-install): ${missing[*]}"
        return 0
    fi
    if ! apt-get -s install --no-install-recommends "${missing[@]}" >/dev/null 2>&1; then
        apt_quietly update || die "apt-get update failed"
    fi
    case " $* " in *" test "* | *" runtimes "* | *" bench "*) deps_drop_unavailable ;; esac
    removed=$(apt-get -s install --no-install-recommends "${missing[@]}" 2>/dev/null |
        awk '/^Remv/ { print $2 }' | tr '\n' ' ')
    [ -z "$removed" ] || die "installing ${missing[*]} would remove: $removed
  (on Debian 12 libboost1.81-dev and libboost1.74-dev exclude each other; weft needs 1.81 or newer).
  Remove them yourself (apt-get remove $removed) or build in a container or chroot."
    apt_quietly install "${missing[@]}" || die "apt-get could not install: ${missing[*]}"
}

# A distribution or architecture may lack a test tool or a rival: that is then skipped, with a reason.
deps_drop_unavailable() {
    local package kept=()
    for package in "${missing[@]}"; do
        if apt-cache show "$package" >/dev/null 2>&1; then
            kept+=("$package")
        else
            say "no package $package here: what needs it is skipped"
        fi
    done
    missing=("${kept[@]}")
}

# need_command COMMAND PACKAGE: installs the package when the command is missing.
need_command() {
    command -v "$1" >/dev/null && return 0
    if [ "$WEFT_INSTALL" = no ] || ! command -v apt-get >/dev/null; then
        die "$1 is missing: install the package $2"
    fi
    apt_quietly install "$2" || { apt_quietly update && apt_quietly install "$2"; } ||
        die "apt-get could not install $2"
}

# Each exits 77 with one line: cause, remedy.
cannot() {
    say "cannot run here: $*"
    exit 77
}
check_tun() {
    (: <>/dev/net/tun) 2>/dev/null ||
        cannot "no TUN device; modprobe tun (in a container: --device /dev/net/tun)"
}
check_namespaces() {
    unshare --net --mount --propagation private true 2>/dev/null ||
        cannot "no network or mount namespaces; needs root on a real or virtual machine (in a container: --privileged)"
}
check_nft() {
    command -v nft >/dev/null || cannot "no nft command; apt-get install nftables"
    unshare --net nft list ruleset >/dev/null 2>&1 ||
        cannot "the kernel has no nf_tables; modprobe nf_tables"
}
check_machine() {
    check_tun
    check_namespaces
    check_nft
}

# build_preset PRESET [CMAKE ARGUMENT...] [-- TARGET...]: configures if need be, and builds.
build_preset() {
    local preset=$1 extra=() targets=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        extra+=("$1")
        shift
    done
    if [ $# -gt 1 ]; then
        shift
        targets=(--target "$@")
    fi
    (cd "$WEFT_ROOT" && as_owner cmake --preset "$preset" "${extra[@]}" &&
        as_owner cmake --build "build/$preset" -j "$(jobs_here)" "${targets[@]}")
}
