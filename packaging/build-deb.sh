#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: packaging/build-deb.sh [amd64|arm64|armhf]... [--no-install]
# Builds Debian packages for those architectures (none named: for all three) into build/deb/: weft (weftd and weft),
# weft-cni, weft-discover-scaleway; their debug symbols into build/deb/debug/.
# Other architectures are cross-built against a sysroot; the machine's list of architectures stays as it is.
set -euo pipefail
# shellcheck source=packaging/deps.sh
. "$(dirname "${BASH_SOURCE[0]}")/deps.sh"
PROGRAMS=(weftd weft weft-cni weft-discover-scaleway)
OUT=$WEFT_ROOT/build/deb

usage() { sed -n '3,6s/^# //p' "${BASH_SOURCE[0]}"; }
architectures=() given=("$@")
for word; do
    case $word in
    amd64 | arm64 | armhf) architectures+=("$word") ;;
    --no-install) WEFT_INSTALL=no ;;
    -h | --help)
        usage
        exit 0
        ;;
    *)
        usage >&2
        exit 2
        ;;
    esac
done
[ ${#architectures[@]} -gt 0 ] || architectures=(amd64 arm64 armhf)

# missing GROUP...: is something of it to be installed?
missing() {
    local package
    for package in $(deps_list "$@"); do
        package_there "$package" || return 0
    done
    return 1
}
install_tools() {
    local groups=(build deb)
    [ "${architectures[*]}" = "$host" ] || groups+=(arm)
    if [ "$WEFT_INSTALL" = yes ] && missing "${groups[@]}"; then
        become_root "${given[@]}"
        deps_install "${groups[@]}"
    fi
    command -v dh >/dev/null || die "debhelper is missing: . packaging/deps.sh; deps_install build deb"
}

# build ARCHITECTURE: the programs; leaves $programs, and for other architectures $emulator and $libraries.
build() {
    local arch=$1 preset=release log=$OUT/build-$1.log sysroot triplet
    emulator='' libraries=''
    if [ "$arch" != "$host" ]; then
        preset=$arch-package sysroot=$WEFT_ROOT/build/sysroot-$arch
        as_owner bash "$WEFT_ROOT/packaging/cmake/sysroot.sh" "$arch" "$sysroot" >"$sysroot.log" 2>&1 ||
            cannot "$(tail -n 1 "$sysroot.log")"
        triplet=$(dpkg-architecture -a "$arch" -q DEB_HOST_GNU_TYPE 2>/dev/null)
        case $arch in
        arm64) emulator="qemu-aarch64-static -L $sysroot" ;;
        armhf) emulator="qemu-arm-static -L $sysroot" ;;
        esac
        libraries="$sysroot/usr/lib/$triplet /usr/$triplet/lib"
    fi
    programs=$WEFT_ROOT/build/$preset
    say "building for $arch"
    build_preset "$preset" -- "${PROGRAMS[@]}" >"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        die "the build failed: $log"
    }
    # Without it weftd.service would wait for a word that never comes.
    readelf -d "$programs/weftd" | grep -q 'NEEDED.*libsystemd' || die "weftd for $arch is without libsystemd"
}

# stage ARCHITECTURE TREE: the tree as dpkg-buildpackage wants it.
stage() {
    local arch=$1 tree=$2 name version dependencies date
    rm -rf "$tree"
    mkdir -p "$tree"
    for name in packaging kernel-setup; do ln -s "$WEFT_ROOT/$name" "$tree/$name"; done
    cp -a "$WEFT_ROOT/packaging/debian" "$WEFT_ROOT/README.md" "$tree/"
    dependencies=$(deps_list build | tr -s ' \n' ' ' | sed 's/ $//; s/ /, /g')
    sed -i "s/@BUILD_DEPENDS@/$dependencies/" "$tree/debian/control"
    version=$(sed -nE 's/^project\(weft VERSION ([0-9.]+) .*/\1/p' "$WEFT_ROOT/CMakeLists.txt")
    date=$(as_owner git -C "$WEFT_ROOT" log -1 --format=%cD 2>/dev/null) || date=$(date -R -r "$WEFT_ROOT/CMakeLists.txt")
    sed -n 's/^Maintainer: //p' "$tree/debian/control" |
        sed "s/.*/weft ($version) unstable; urgency=medium\n\n  * weft $version.\n\n -- &  $date/" >"$tree/debian/changelog"
    [ "$arch" = "$host" ] || libraries_of "$arch" >"$tree/debian/shlibs.local"
}
# libraries_of ARCHITECTURE: "LIBRARY VERSION PACKAGE" for what is in the sysroot and in the cross-compiler's packages.
libraries_of() {
    cat "$WEFT_ROOT/build/sysroot-$1/shlibs"
    sed "s/:$1\\b//" /var/lib/dpkg/info/lib{c6,gcc-s1,stdc++6}-"$1"-cross.shlibs
}

pack() { # ARCHITECTURE
    local arch=$1 tree=$OUT/tree-$1/weft log=$OUT/pack-$1.log
    stage "$arch" "$tree"
    chown -hR --reference="$WEFT_ROOT" "$OUT"
    as_owner env -C "$tree" WEFT_PROGRAMS="$programs" WEFT_EMULATOR="$emulator" WEFT_LIBRARIES="$libraries" \
        DEB_BUILD_OPTIONS=nocheck dpkg-buildpackage -b -uc -us -d -a"$arch" >"$log" 2>&1 || {
        tail -n 30 "$log" >&2
        die "packing failed: $log"
    }
    mv "${tree%/*}"/*-dbgsym_*.deb "$OUT/debug/"
    mv "${tree%/*}"/*.deb "$OUT/"
    rm -rf "${tree%/*}"
}

command -v dpkg >/dev/null || cannot "packages are built on Debian, with its tools"
host=$(dpkg --print-architecture)
install_tools
as_owner mkdir -p "$OUT/debug"
for arch in "${architectures[@]}"; do
    [ "$arch" != amd64 ] || [ "$host" = amd64 ] || cannot "packages for amd64 are built on amd64"
    rm -f "$OUT"/*_"$arch".deb "$OUT"/debug/*_"$arch".deb
    build "$arch"
    pack "$arch"
done
for arch in "${architectures[@]}"; do
    for package in "$OUT"/*_"$arch".deb; do echo "${package#"$WEFT_ROOT/"}"; done
done
