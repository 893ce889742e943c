#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: boringtun.sh: prints the path of boringtun-cli ($BORINGTUN, PATH, or built once from crates.io
# into build/cargo). Needs no root. Exit 77: not to be had here, and why.
set -euo pipefail
version=0.7.1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/cargo
for program in "${BORINGTUN:-}" "$(command -v boringtun-cli || true)" "$root/bin/boringtun-cli"; do
    if [ -n "$program" ] && [ -x "$program" ]; then
        echo "$program"
        exit 0
    fi
done
PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
if ! command -v cargo >/dev/null; then
    echo "no cargo here" >&2
    exit 77
fi
if ! CARGO_TARGET_DIR=$root/target cargo install --quiet --locked --root "$root" \
    "boringtun-cli@$version" >&2; then
    echo "cargo could not build boringtun-cli $version" >&2
    exit 77
fi
rm -rf "$root/target"
echo "$root/bin/boringtun-cli"
