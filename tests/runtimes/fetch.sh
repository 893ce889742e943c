#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# fetch.sh DIR: what the runtimes' tests need besides packages: a container image's root from Debian's
# busybox-static, which is unpacked and not installed (it would replace busybox), and a client of the
# reference library (libcni), built from Debian's sources where there is Go. Run with the network; what goes
# wrong is in DIR/reason.
set -euo pipefail
out=$(realpath -m "$1")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
exec >"$out/reason" 2>&1
cd "$work"

if [ ! -s "$out/rootfs.tar" ]; then
    apt-get -qq download busybox-static 2>/dev/null || {
        echo "no busybox-static from Debian's archive"
        exit 1
    }
    dpkg-deb -x busybox-static_*.deb unpacked
    busybox=$(find "$work/unpacked" -type f -path '*bin/busybox' | head -n 1)
    mkdir -p root/bin root/etc root/proc root/sys root/dev root/tmp root/root
    cp "$busybox" root/bin/busybox
    for applet in $("$busybox" --list); do
        [ "$applet" = busybox ] || ln -sf busybox "root/bin/$applet"
    done
    echo root:x:0:0:root:/root:/bin/sh >root/etc/passwd
    tar -C root -cf "$out/rootfs.tar" .
fi

if [ ! -x "$out/libcni-run" ] && command -v go >/dev/null; then
    if apt-get -qq download golang-github-appc-cni-dev 2>/dev/null; then
        dpkg-deb -x golang-github-appc-cni-dev_*.deb library
        mkdir main
        cp "$here/libcni_run.go" main/main.go
        GO111MODULE=off GOCACHE=$work/cache GOPATH=$work/library/usr/share/gocode GOFLAGS='' \
            go build -o "$out/libcni-run" main/main.go
    fi
fi
