#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: bench/aws_lc.sh: builds the newest AWS-LC (crate aws-lc-sys) once, into build/bench/aws-lc, and
# prints that directory: include/, libcrypto.a, version. Needs no root. Exit 77: not to be had, and why.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=$root/build/bench/aws-lc
case ${1:-} in -h | --help)
    sed -n '3,4s/^# //p' "${BASH_SOURCE[0]}"
    exit 0
    ;;
esac
if [ -s "$out/version" ]; then
    echo "$out"
    exit 0
fi
PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
command -v cargo >/dev/null || {
    echo "no cargo here" >&2
    exit 77
}
mkdir -p "$out/crate/src"
: >"$out/crate/src/lib.rs"
printf '[package]\nname = "aws-lc"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\naws-lc-sys = "*"\n[workspace]\n' \
    >"$out/crate/Cargo.toml"
cd "$out/crate"
if ! nice cargo build --release >"$out/build.log" 2>&1; then
    echo "cargo could not build aws-lc-sys: see ${out#"$root"/}/build.log" >&2
    exit 77
fi
source=$(cargo metadata --format-version 1 2>>"$out/build.log" |
    python3 -c 'import json, os, sys
[p] = [p for p in json.load(sys.stdin)["packages"] if p["name"] == "aws-lc-sys"]
print(os.path.dirname(p["manifest_path"]))')
library=$(find target/release/build -name 'libaws_lc*crypto.a' -o -name libcrypto.a | head -n 1)
if [ -z "$library" ]; then
    echo "aws-lc-sys built no static library" >&2
    exit 77
fi
cp "$library" "$out/libcrypto.a"
rm -rf "$out/include"
cp -r "$source/aws-lc/include" "$out/include"
cp -r "$source/generated-include/openssl" "$out/include/" # the prefix of its symbols
sed -n 's/^version = "\(.*\)"/\1/p' "$source/Cargo.toml" | head -n 1 >"$out/version"
rm -rf target
echo "$out"
