#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: packaging/build-deb.sh [ARCHITECTURE...] [--no-install]
# Builds Debian packages for amd64, arm64 and armhf, or those that are named, into build/deb/: weft (daemon
# and command), weft-cni, weft-discover-scaleway. Other architectures are cross-built against a sysroot.
set -euo pipefail
# shellcheck source=packaging/deps.sh
. "$(dirname "${BASH_SOURCE[0]}")/deps.sh"

usage() { sed -n '3,5s/^# //p' "${BASH_SOURCE[0]}"; }
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
command -v apt-get >/dev/null || cannot "packages are built on Debian, with its tools"
host=$(dpkg --print-architecture)
if [ "$WEFT_INSTALL" = yes ]; then
    become_root "${given[@]}"
    deps_install build deb
    [ "${architectures[*]}" = "$host" ] || deps_install arm
fi

# triplet ARCHITECTURE
triplet() { dpkg-architecture -a "$1" -q DEB_HOST_GNU_TYPE 2>/dev/null; }

# stage ARCHITECTURE DIR: the tree as dpkg-buildpackage wants it.
stage() {
    local arch=$1 dir=$2
    rm -rf "$dir"
    mkdir -p "$dir/build"
    (cd "$WEFT_ROOT" && cp -a CMakeLists.txt CMakePresets.json README.md LICENSE src include packaging kernel-setup bench tests "$dir/")
    mv "$dir/packaging/debian" "$dir/debian"
    cp "$dir"/packaging/systemd/*.{service,timer} "$dir/debian/"
    rename_units "$dir/debian"
    [ "$arch" = "$host" ] || {
        ln -s "$WEFT_ROOT/build/sysroot-$arch" "$dir/build/sysroot-$arch"
        shlibs "$dir/build/sysroot-$arch" >"$dir/debian/shlibs.local"
    }
}
rename_units() { # DIR: the names that dh_installsystemd looks for; those of weft-discover-scaleway are its package's
    local unit
    for unit in "$1"/{weftd,weft-guard}.service; do mv "$unit" "$1/weft.${unit##*/}"; done
}

# shlibs SYSROOT: "LIBRARY VERSION PACKAGE" for each shared library in it, by the packages of this machine,
# which have the same names.
shlibs() {
    local file soname package
    for file in "$1"/usr/lib/*/lib*.so.* "$1"/lib/lib*.so.*; do
        soname=$(readelf -d "$file" 2>/dev/null | sed -n 's/.*(SONAME).*\[\(.*\)\].*/\1/p')
        [ -n "$soname" ] || continue
        package=$(dpkg -S "*/$soname" 2>/dev/null | sed -n "s/^\([^:, ]*\):$host: .*/\1/p" | grep -v -e -dev -e -cross | head -n 1) || true
        [ -n "$package" ] || continue
        printf '%s %s %s (>= %s)\n' "${soname%.so.*}" "${soname##*.so.}" "$package" \
            "$(dpkg-query -W -f '${Version}' "$package:$host" | sed 's/^[0-9]*://; s/[-+~].*//')"
    done | sort -u
}

build() { # ARCHITECTURE
    local arch=$1 tree=$WEFT_ROOT/build/deb-$1/weft log=$WEFT_ROOT/build/deb-$1.log libraries=''
    if [ "$arch" != "$host" ]; then
        bash "$WEFT_ROOT/packaging/cmake/sysroot.sh" "$arch" "$WEFT_ROOT/build/sysroot-$arch" \
            >"$WEFT_ROOT/build/sysroot-$arch.log" 2>&1 || cannot "$(tail -n 1 "$WEFT_ROOT/build/sysroot-$arch.log")"
        libraries="$WEFT_ROOT/build/sysroot-$arch/usr/lib/$(triplet "$arch") /usr/$(triplet "$arch")/lib"
    fi
    stage "$arch" "$tree"
    say "building packages for $arch"
    (cd "$tree" && DEB_LIBRARIES=$libraries DEB_BUILD_OPTIONS="nocheck parallel=$(jobs_here)" \
        dpkg-buildpackage -b -uc -us -d -a"$arch") >"$log" 2>&1 || {
        tail -n 30 "$log" >&2
        die "the build failed: $log"
    }
    mv "${tree%/*}"/*.deb "$WEFT_ROOT/build/deb/"
    rm -rf "${tree%/*}"
}

mkdir -p "$WEFT_ROOT/build/deb"
rm -f "$WEFT_ROOT"/build/deb/*.deb
for arch in "${architectures[@]}"; do build "$arch"; done
chown -R --reference="$WEFT_ROOT" "$WEFT_ROOT/build/deb" 2>/dev/null || true
for package in "$WEFT_ROOT"/build/deb/*.deb; do echo "${package#"$WEFT_ROOT/"}"; done
