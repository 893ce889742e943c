#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# clang-format 14 changes nothing (other versions format otherwise).
# shellcheck source=tests/lint/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

command -v clang-format-14 >/dev/null || {
    echo "no clang-format-14 here"
    exit 77
}
output=$(files '*.cpp' '*.hpp' | xargs -r -P "$(nproc)" -n 20 clang-format-14 --dry-run -Werror 2>&1 |
    grep -E 'error:' || true)
[ -z "$output" ] || complain "$output
(clang-format-14 -i FILE...)"
finish
