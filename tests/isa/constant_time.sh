#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The AEAD kernels branch and address by lengths only: constant_time.cpp under valgrind's memcheck (what it
# emulates: portable, sse, avx2) and under clang's MemorySanitizer (which runs on the CPU as it is: AVX-512
# too). Each must first report a deliberate branch on a key. Exit 77: neither tool is here.
# usage: constant_time.sh [valgrind|msan]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sources=(tests/isa/constant_time.cpp src/crypto/chacha20_poly1305/*.cpp src/base/assert.cpp)
flags=(-std=c++20 -g -DNDEBUG -fno-strict-aliasing -Iinclude -Isrc/crypto -lsodium)
ran=0

# both NAME COMMAND...: the control must fail, the kernels must pass.
both() {
    local name=$1
    shift
    ! "$@" control >"$work/log" 2>&1 || {
        echo "$name: does not see a branch on a key"
        exit 1
    }
    "$@" >"$work/log" 2>&1 || {
        head -n 60 "$work/log"
        echo "$name: a kernel depends on secrets, or is wrong"
        exit 1
    }
    echo "$name: $(grep -xE '[a-z0-9]+' "$work/log" | paste -sd ' ')"
    ran=1
}

if [ "${1:-valgrind}" = valgrind ] && command -v valgrind >/dev/null &&
    [ -e /usr/include/valgrind/memcheck.h ]; then
    g++ -O2 "${sources[@]}" "${flags[@]}" -o "$work/memcheck"
    both valgrind valgrind -q --error-exitcode=9 "$work/memcheck"
fi
if [ "${1:-msan}" = msan ] && command -v clang++-14 >/dev/null; then
    clang++-14 -O1 -fsanitize=memory "${sources[@]}" "${flags[@]}" -o "$work/msan"
    both msan "$work/msan"
fi
[ $ran = 1 ] || {
    echo "neither valgrind nor clang 14 is here"
    exit 77
}
