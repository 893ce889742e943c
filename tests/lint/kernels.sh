#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# AEAD kernels keep their instructions to themselves: an object that is compiled for a newer CPU defines no
# weak symbol, which the linker might hand to callers on older ones, and calls nothing but the C library's
# memory functions, so that no inline function is compiled into it by accident.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly ALLOWED='memcpy|memset|__memcpy_chk|__memset_chk|__stack_chk_fail|__stack_chk_guard|_GLOBAL_OFFSET_TABLE_'
readonly ROOM=src/crypto/chacha20_poly1305
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check() { # COMPILER FILE
    local object line
    object=$work/$(basename "$2").o
    "$1" -std=c++20 -O2 -DNDEBUG -fPIC -fno-strict-aliasing -fstack-protector-strong -Wno-psabi \
        -Iinclude -Isrc/crypto -c "$2" -o "$object" 2>"$work/log" || {
        complain "$2: does not compile with $1: $(head -n 1 "$work/log")"
        return
    }
    while IFS= read -r line; do
        complain "$2: weak symbol ${line:0:120} (it may replace a caller's, on any CPU)"
    done < <(nm -C "$object" | grep -E '^[0-9a-f ]+ [VWu] ' || true)
    while IFS= read -r line; do
        complain "$2: calls $line (kernels call only: ${ALLOWED//|/ })"
    done < <(nm -u "$object" | awk '{ print $NF }' | grep -vxE "$ALLOWED" || true)
}

for file in "$ROOM"/{sse,avx2,avx512,avx512ifma}.cpp; do
    [ "$(uname -m)" != x86_64 ] || check g++ "$file"
done
for compiler in aarch64-linux-gnu-g++ arm-linux-gnueabihf-g++; do
    ! command -v "$compiler" >/dev/null || check "$compiler" "$ROOM/neon.cpp"
done
finish
