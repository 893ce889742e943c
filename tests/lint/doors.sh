#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each door compiles alone: whoever includes it needs to include nothing before it.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

check() { # HEADER
    printf '#include <%s>\n' "${1#include/}" |
        g++ -std=c++20 -fsyntax-only -Wall -Wextra -Werror -Iinclude -x c++ - 2>&1 |
        sed "s|^|$1: |" | head -n 5
}
export -f check
output=$(files 'include/weft/*.hpp' | xargs -r -P "$(nproc)" -I{} bash -c 'check {}')
[ -z "$output" ] || complain "$output"
finish
