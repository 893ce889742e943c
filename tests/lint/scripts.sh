#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Nothing for shellcheck to find in any script, and every script is strict.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

command -v shellcheck >/dev/null || {
    echo "no shellcheck here"
    exit 77
}
mapfile -t scripts < <(files "*" | while IFS= read -r file; do
    case $file in
    *.sh | *.bats | *.bash) echo "$file" ;;
    *.*) ;;
    *) ! head -c 64 "$file" | head -n 1 | grep -aqE '^#!.*\b(ba|da)?sh\b' || echo "$file" ;;
    esac
done)
output=$(printf '%s\n' "${scripts[@]}" | xargs -r -P "$(nproc)" -n 4 shellcheck -x -P SCRIPTDIR/../.. -P . 2>&1 || true)
[ -z "$output" ] || complain "$output"
for script in "${scripts[@]}"; do
    case $script in *.bats | *.bash | */deps.sh) continue ;; esac
    grep -qE '^set -euo? ?(pipefail)?|^\. .*lib\.sh' "$script" || complain "$script:1: not strict (set -euo pipefail)"
done
finish
