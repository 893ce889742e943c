# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the lints share; sourced. A lint prints "FILE:LINE: what is wrong (why)" and exits 1 when it found
# anything, 77 when its tool is not here.
set -euo pipefail
export LC_ALL=C
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$ROOT"

# files PATTERN...: tracked files and new ones that git does not ignore.
files() {
    git ls-files --cached --others --exclude-standard --deduplicate -- "$@" |
        while IFS= read -r file; do [ ! -f "$file" ] || echo "$file"; done
}

# changed PATTERN...: those of them that changed since origin's main branch, or where that is this commit, in it.
changed() {
    local base
    base=$(git rev-parse -q --verify origin/main || git rev-parse -q --verify origin/master || true)
    if [ -z "$base" ] || [ "$base" = "$(git rev-parse HEAD)" ]; then
        base=$(git rev-parse -q --verify HEAD~1 || git hash-object -t tree /dev/null)
    fi
    {
        git diff --name-only --diff-filter=d "$base" -- "$@"
        git ls-files --others --exclude-standard -- "$@"
    } | sort -u
}

found=0
complain() {
    echo "$*"
    found=1
}
finish() {
    [ $found = 0 ] || exit 1
}
