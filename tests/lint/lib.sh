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

found=0
complain() {
    echo "$*"
    found=1
}
finish() {
    [ $found = 0 ] || exit 1
}
