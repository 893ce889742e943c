#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Alerts, dashboard and README name metrics that there are (unit_server keeps the list true), and the dashboard is JSON.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly LIST=tests/vectors/metric_families.txt
mapfile -t users < <(files 'packaging/prometheus/*' README.md)
while IFS=: read -r file line name; do
    grep -q "^# TYPE $name " $LIST || complain "$file:$line: there is no metric $name (see $LIST)"
done < <(grep -noHE '\b(weft|process)_[a-z0-9_]+_(total|bytes|seconds|fds|info)\b|\bweft_(build|control|peer|gossip|guard|certificate|issuer|ipam)_[a-z_]+|\bweft_(members|problems|sessions|peers|healthy|ready)\b' "${users[@]}")
python3 -m json.tool packaging/prometheus/weft-dashboard.json /dev/null ||
    complain "packaging/prometheus/weft-dashboard.json: not JSON"
finish
