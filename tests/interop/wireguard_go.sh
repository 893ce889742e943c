#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: wireguard_go.sh: prints the path of the newest wireguard-go ($WIREGUARD_GO, or built once from the Go
# module proxy into build/go). Needs no root. Exit 77: not to be had here, and why.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/go
for program in "${WIREGUARD_GO:-}" "$root/wireguard"; do
    if [ -n "$program" ] && [ -x "$program" ]; then
        echo "$program"
        exit 0
    fi
done
PATH=$PATH:/usr/local/go/bin
if ! command -v go >/dev/null; then
    echo "no go here" >&2
    exit 77
fi
mkdir -p "$root"
if ! GOBIN=$root GOPATH=$root/path GOCACHE=$root/cache GOTOOLCHAIN=local GOFLAGS=-modcacherw \
    go install golang.zx2c4.com/wireguard@latest >"$root/log" 2>&1; then
    echo "go could not build golang.zx2c4.com/wireguard: $(tail -n 1 "$root/log")" >&2
    exit 77
fi
rm -rf "$root/path" "$root/cache" "$root/log"
echo "$root/wireguard"
