#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# clang-tidy 14 over the sources that changed since origin's main branch (or in the last commit), newest
# first, for at most WEFT_TIDY_SECONDS (20); over all of them with WEFT_LINT_ALL=yes, or --all.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if ! command -v clang-tidy-14 >/dev/null || ! command -v clang++-14 >/dev/null; then
    echo "no clang-tidy-14 here"
    exit 77
fi
budget=${WEFT_TIDY_SECONDS:-20}
if [ "${WEFT_LINT_ALL:-no}" = yes ] || [ "${1:-}" = --all ]; then
    mapfile -t sources < <(files 'src/*.cpp')
    budget=3600
else
    mapfile -t sources < <(changed 'src/*.cpp' | xargs -r ls -t)
fi
[ ${#sources[@]} -gt 0 ] || exit 0

# Its own build directory: clang's command lines, and without precompiled headers (g++ made those).
log=$(mktemp)
cmake -S . -B build/tidy -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_COMPILER=clang++-14 \
    -DCMAKE_C_COMPILER=clang-14 -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >"$log" 2>&1 || {
    cat "$log"
    rm -f "$log"
    exit 1
}
rm -f "$log"
# A configuration that does not parse would silently check nothing.
config=$(clang-tidy-14 -p build/tidy --dump-config "${sources[0]}" 2>/dev/null || true)
if ! grep -q "readability-identifier-naming" <<<"$config"; then
    complain ".clang-tidy:1: clang-tidy-14 cannot read it, so nothing would be checked"
    finish
fi
check() { # FILE: silent when clean; says "left out" when the time is up
    [ "$(date +%s)" -lt "$deadline" ] || {
        echo "left out $1"
        return 0
    }
    clang-tidy-14 -p build/tidy --quiet "$1" 2>/dev/null | grep -E 'warning:|error:' || true
}
export -f check
deadline=$(($(date +%s) + budget))
export deadline
output=$(printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -I{} bash -c 'check {}')
left=$(grep -c '^left out ' <<<"$output" || true)
echo "note: $((${#sources[@]} - left)) of ${#sources[@]} changed files in $budget s"
output=$(grep -v '^left out ' <<<"$output" | sort -u || true)
[ -z "$output" ] || complain "$output"
finish
