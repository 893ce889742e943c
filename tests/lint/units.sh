#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The service manager's units: systemd finds nothing wrong with them, and little that those that run as a user of
# their own could do beyond their work (systemd-analyze security: 0 is best, 10 worst).
# shellcheck source=tests/lint/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly MAX_EXPOSURE=25 # tenths
command -v systemd-analyze >/dev/null || {
    echo "no systemd-analyze here"
    exit 77
}
units=$(mktemp -d)
trap 'rm -rf "$units"' EXIT
# What they start need not be installed.
for unit in packaging/systemd/*.{service,timer}; do sed -E 's#^(Exec[A-Za-z]+=[-+]?)/usr/s?bin/[^ ]*#\1/bin/true#' "$unit" >"$units/${unit##*/}"; done

said=$(SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no "$units"/*.{service,timer} 2>&1 | grep -F "$units" || true)
[ -z "$said" ] || complain "$said"

for unit in weftd weft-discover-scaleway; do
    exposure=$(systemd-analyze security --offline=true "$units/$unit.service" | sed -n 's/.*exposure level.*: \([0-9]*\)\.\([0-9]\).*/\1\2/p')
    exposure=$((10#$exposure))
    echo "note: $unit.service: exposure $((exposure / 10)).$((exposure % 10)) of 10"
    [ "$exposure" -le $MAX_EXPOSURE ] || complain "$unit.service: exposure $exposure tenths, at most $MAX_EXPOSURE"
done
finish
