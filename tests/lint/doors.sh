#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each door compiles alone: whoever includes it needs to include nothing before it. Those that changed and
# those that include one of them, at whatever depth; all of them with WEFT_LINT_ALL=yes.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

doors() {
    local reached=() more
    if [ "${WEFT_LINT_ALL:-no}" = yes ]; then
        files 'include/weft/*.hpp'
        return
    fi
    mapfile -t more < <(changed 'include/weft/*.hpp')
    while [ ${#more[@]} -gt ${#reached[@]} ]; do
        reached=("${more[@]}")
        mapfile -t more < <({
            printf '%s\n' "${reached[@]}"
            printf '#include <%s>\n' "${reached[@]#include/}" |
                grep -rlFx -f - include/weft --include='*.hpp'
        } | sort -u)
    done
    [ ${#reached[@]} -eq 0 ] || printf '%s\n' "${reached[@]}"
}

check() { # HEADER
    printf '#include <%s>\n' "${1#include/}" |
        g++ -std=c++20 -fsyntax-only -Wall -Wextra -Werror -Iinclude -x c++ - 2>&1 |
        sed "s|^|$1: |" | head -n 5
}
export -f check
output=$(doors | xargs -r -P "$(nproc)" -I{} bash -c 'check {}')
[ -z "$output" ] || complain "$output"
finish
