#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: arm64-sysroot.sh DIR: what a cross-build of the pure rooms needs beside the cross-compiler:
# libsodium for arm64, from Debian's archive through an apt directory of its own (the machine's list of
# architectures stays as it is), and Boost's headers. Done once; needs no root. Exit 77: cannot, and why.
set -euo pipefail
dir=${1:?usage: arm64-sysroot.sh DIR}
packages=(libsodium23 libsodium-dev)

skip() {
    echo "$*"
    exit 77
}
command -v aarch64-linux-gnu-g++ >/dev/null || skip "no g++-aarch64-linux-gnu here"
command -v qemu-aarch64-static >/dev/null || skip "no qemu-user-static here"
command -v apt-get >/dev/null || skip "libsodium for arm64 is fetched with apt-get, which is not here"
# shellcheck source=/dev/null
. /etc/os-release
[ "${ID:-}" = debian ] || skip "libsodium for arm64 is fetched from Debian's archive: this is ${ID:-not Debian}"

if [ ! -e "$dir/complete" ]; then
    rm -rf "$dir"
    mkdir -p "$dir"/apt/{state/lists/partial,cache/archives/partial,etc/apt.conf.d} "$dir/headers"
    touch "$dir/apt/status"
    mirror=$(apt-config dump >/dev/null 2>&1 && apt-cache policy 2>/dev/null |
        awk -v suite="$VERSION_CODENAME/main" '$3 == suite { print $2; exit }')
    echo "deb ${mirror:-http://deb.debian.org/debian} $VERSION_CODENAME main" >"$dir/apt/sources.list"
    options=(-q -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o Dir::State="$dir/apt/state"
        -o Dir::State::status="$dir/apt/status" -o Dir::Cache="$dir/apt/cache"
        -o Dir::Etc::sourcelist="$dir/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o APT::Sandbox::User= -o Acquire::Languages=none -o Acquire::Retries=3)
    apt-get "${options[@]}" update || skip "no package lists for arm64: is there a network?"
    (cd "$dir/apt/cache" && apt-get "${options[@]}" download "${packages[@]/%/:arm64}") ||
        skip "could not fetch ${packages[*]} for arm64"
    for package in "$dir"/apt/cache/*.deb; do dpkg-deb -x "$package" "$dir"; done
    rm -rf "$dir/apt"
    ln -s /usr/include/boost "$dir/headers/boost"
    touch "$dir/complete"
fi
