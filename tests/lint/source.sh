#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every source file names its licence in its first lines, has at most 500 lines, no TODO without a kind.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly MAX_LINES=500
mapfile -t sources < <(files '*.cpp' '*.hpp' '*.sh' '*.bats' '*.bash' '*.cmake' '*CMakeLists.txt' '.ci/*' '*.py' \
    '*.js' '*.css' '*.html' 'src/*.svg')
for file in "${sources[@]}"; do
    head -n 3 "$file" | grep -q 'SPDX-License-Identifier: ' ||
        complain "$file:1: no SPDX-License-Identifier line in the first three"
    lines=$(wc -l <"$file")
    [ "$lines" -le $MAX_LINES ] ||
        complain "$file:$lines: $lines lines, at most $MAX_LINES (split by stage or by concept)"
done
while IFS= read -r hit; do
    complain "$hit (a TODO says of what kind it is: TODO(perf))"
done < <(grep -nHE '\b(TODO|FIXME|XXX)\b([^(]|$)' "${sources[@]}" | grep -v '^tests/lint/source.sh:' || true)
finish
