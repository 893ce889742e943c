#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# halves.sh SECONDS BINARY [OPTION...]: the tests of a GoogleTest binary, half of them on each of two cores.
set -euo pipefail

limit=$1
shift
rc=0
other=$(mktemp)
trap 'rm -f "$other"' EXIT
export GTEST_TOTAL_SHARDS=2
GTEST_SHARD_INDEX=1 timeout -k 5 "$limit" "$@" >"$other" 2>&1 &
GTEST_SHARD_INDEX=0 timeout -k 5 "$limit" "$@" || rc=$?
wait $! || rc=$?
cat "$other"
exit $rc
