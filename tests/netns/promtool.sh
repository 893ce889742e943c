#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# promtool.sh DIR: Prometheus' promtool from Debian's package, which is unpacked and not installed (it would
# start a server). Run with the network; what goes wrong is in DIR/reason. Done once.
set -euo pipefail
out=$(realpath -m "$1")
mkdir -p "$out"
[ ! -x "$out/promtool" ] || exit 0
exec >"$out/reason" 2>&1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download prometheus 2>/dev/null || {
    echo "no package prometheus from Debian's archive"
    exit 1
}
dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool
mv usr/bin/promtool "$out/promtool"
