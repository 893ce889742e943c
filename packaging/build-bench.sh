#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: packaging/build-bench.sh arm64|armhf|amd64 [--no-install]
# Builds the bench for a board into build/weft-bench-VERSION-ARCH.tar.gz: programs that need no library
# and the suite board of bench/run.sh. bench/board/README.md, which is in it, says how to run it.
set -euo pipefail
# shellcheck source=packaging/deps.sh
. "$(dirname "${BASH_SOURCE[0]}")/deps.sh"
PROGRAMS=(weftd weft)
BENCHES=(weft-bench-traffic weft-bench-aead-weft weft-bench-aead-libsodium weft-bench-aead-openssl
    weft-bench-pipeline-real weft-bench-pipeline-null)

usage() { sed -n '3,5s/^# //p' "${BASH_SOURCE[0]}"; }
arch='' given=("$@")
for word; do
    case $word in
    arm64 | armhf | amd64) arch=$word ;;
    --no-install) WEFT_INSTALL=no ;;
    -h | --help)
        usage
        exit 0
        ;;
    *) arch='' && break ;;
    esac
done
[ -n "$arch" ] || {
    usage >&2
    exit 2
}
case $arch in
arm64) strip=aarch64-linux-gnu-strip packages="g++-aarch64-linux-gnu qemu-user-static" ;;
armhf) strip=arm-linux-gnueabihf-strip packages="g++-arm-linux-gnueabihf qemu-user-static" ;;
amd64) strip=strip packages="libssl-dev" ;;
esac

# shellcheck disable=SC2086
missing() { # is something to be installed?
    local package
    for package in $(deps_list build) $packages; do
        package_there "$package" || return 0
    done
    return 1
}
if [ "$WEFT_INSTALL" = yes ] && command -v dpkg-query >/dev/null && missing; then
    become_root "${given[@]}"
    deps_install build
    for package in $packages; do
        package_there "$package" || apt_quietly install "$package" || die "apt-get could not install $package"
    done
fi

build=$WEFT_ROOT/build
as_owner mkdir -p "$build"
if [ "$arch" != amd64 ]; then
    as_owner bash "$WEFT_ROOT/packaging/cmake/sysroot.sh" "$arch" "$build/sysroot-$arch" >"$build/sysroot-$arch.log" 2>&1 ||
        cannot "$(tail -n 1 "$build/sysroot-$arch.log")"
fi
log=$build/bench-$arch.log
say "building for $arch"
build_preset "$arch-static" -- "${PROGRAMS[@]}" "${BENCHES[@]}" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    die "the build failed: $log"
}

version=$(sed -nE 's/^project\(weft VERSION ([0-9.]+) .*/\1/p' "$WEFT_ROOT/CMakeLists.txt")
name=weft-bench-$version-$arch
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$stage/$name"/{bin/bench,bench,packaging}
for program in "${PROGRAMS[@]}"; do $strip -o "$stage/$name/bin/$program" "$build/$arch-static/$program"; done
for program in "${BENCHES[@]}"; do
    $strip -o "$stage/$name/bin/bench/$program" "$build/$arch-static/bench/$program"
done
for program in "$stage/$name"/bin/{weft*,bench/*}; do
    ! readelf -d "$program" | grep -q NEEDED || die "${program##*/} needs libraries"
done
cp -r "$WEFT_ROOT/bench/board" "$WEFT_ROOT/bench/run.sh" "$stage/$name/bench/"
cp "$WEFT_ROOT/bench/board/README.md" "$WEFT_ROOT/LICENSE" "$stage/$name/"
cp "$WEFT_ROOT/packaging/deps.sh" "$stage/$name/packaging/"
commit=$(as_owner git -C "$WEFT_ROOT" rev-parse -q --verify HEAD 2>/dev/null) || commit=''
[ -z "$(as_owner git -C "$WEFT_ROOT" status --porcelain --untracked-files=no 2>/dev/null)" ] || commit+=" dirty"
echo "$commit" >"$stage/$name/commit"
tar -C "$stage" --owner=0 --group=0 --sort=name -czf "$build/$name.tar.gz" "$name"
chown --reference="$WEFT_ROOT" "$build/$name.tar.gz" 2>/dev/null || true
echo "build/$name.tar.gz"
