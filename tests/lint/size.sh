#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What handles strangers' packets stays small enough to be read: wg, dataplane and the prefix table.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly MAX_LINES=5999
lines=$(files 'include/weft/wg/*' 'src/wg/*' 'include/weft/dataplane/*' 'src/dataplane/*' \
    'include/weft/net/prefix_table*' 'src/net/prefix_table*' | xargs -r cat | wc -l)
echo "note: wg, dataplane and the prefix table: $lines lines"
[ "$lines" -le $MAX_LINES ] ||
    complain "wg, dataplane and the prefix table have $lines lines, at most $MAX_LINES"
finish
