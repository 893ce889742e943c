#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: sysroot.sh arm64|armhf DIR: what a cross-build needs beside the cross-compiler: the libraries of
# that architecture, from Debian's archive through an apt directory of its own (the machine's list of
# architectures stays as it is), the machine's Boost headers, and the cross-compiler's C library where
# qemu-user -L looks for it. Done once; needs no root. Exit 77: cannot, and why.
set -euo pipefail
arch=${1:-} dir=${2:-}
case $arch in
arm64) triplet=aarch64-linux-gnu emulator=qemu-aarch64-static ;;
armhf) triplet=arm-linux-gnueabihf emulator=qemu-arm-static ;;
*) dir='' ;;
esac
[ -n "$dir" ] || {
    echo "usage: sysroot.sh arm64|armhf DIR" >&2
    exit 2
}

dir=$(realpath -m "$dir")

skip() {
    echo "$*"
    exit 77
}
command -v "$triplet-g++" >/dev/null || skip "no g++-$triplet here"
command -v "$emulator" >/dev/null || skip "no qemu-user-static here"
command -v apt-get >/dev/null || skip "libraries for $arch are fetched with apt-get, which is not here"
# shellcheck source=/dev/null
. /etc/os-release
[ "${ID:-}" = debian ] || skip "libraries for $arch are fetched from Debian's archive: this is ${ID:-not Debian}"
boost=$(sed -n 's/^#define BOOST_LIB_VERSION "\(.*\)"/\1/p' /usr/include/boost/version.hpp | tr _ .)
packages=(libsodium-dev "libboost-json$boost-dev" "libboost-container$boost-dev" libspdlog-dev libfmt-dev
    libtomlplusplus-dev libcli11-dev libssl-dev libnftnl-dev libmnl-dev
    libsystemd-dev libcurl4-openssl-dev)
wanted="${packages[*]} shlibs"
runtime='^lib(sodium|boost-json|boost-container|spdlog|fmt|tomlplusplus|ssl|nftnl|mnl|systemd|curl)[0-9]' # what the links in those point to

[ "$(cat "$dir/complete" 2>/dev/null)" != "$wanted" ] || exit 0
rm -rf "$dir"
mkdir -p "$dir"/apt/{state/lists/partial,cache/archives/partial} "$dir/usr/include"
touch "$dir/apt/status"
# Suite main only: what the security suite adds is not needed to test, and its armhf index is at times broken.
mirror=$(apt-cache policy 2>/dev/null | awk -v suite="$VERSION_CODENAME/main" '$3 == suite { print $2; exit }')
echo "deb ${mirror:-http://deb.debian.org/debian} $VERSION_CODENAME main" >"$dir/apt/sources.list"
options=(-q -o APT::Architecture="$arch" -o APT::Architectures::="$arch" -o Dir::State="$dir/apt/state"
    -o Dir::State::status="$dir/apt/status" -o Dir::Cache="$dir/apt/cache"
    -o Dir::Etc::sourcelist="$dir/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o APT::Sandbox::User= -o Acquire::Languages=none -o Acquire::Retries=3)
apt-get "${options[@]}" update || skip "no package lists for $arch: is there a network?"
mapfile -t -O ${#packages[@]} packages < <(apt-cache "${options[@]}" depends "${packages[@]}" |
    awk -v runtime="$runtime" '$1 == "Depends:" && $2 ~ runtime && $2 !~ /-dev$/ { print $2 }' | sort -u)
(cd "$dir/apt/cache" && apt-get "${options[@]}" download "${packages[@]}") ||
    skip "could not fetch ${packages[*]} for $arch"
# "LIBRARY VERSION PACKAGE": what Debian's packages say of themselves, for packages that are linked with them.
for package in "$dir"/apt/cache/*.deb; do
    dpkg-deb -x "$package" "$dir"
    dpkg-deb -I "$package" shlibs 2>/dev/null >>"$dir/shlibs" || true
done
rm -rf "$dir/apt" "$dir/usr/share/doc"
ln -s /usr/include/boost "$dir/usr/include/boost"
ln -s "/usr/$triplet/lib" "$dir/lib"
echo "$wanted" >"$dir/complete"
