#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The service manager's units: systemd finds nothing wrong with them, and little that the daemon's could do
# beyond its work (systemd-analyze security: 0 is best, 10 worst).
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
for unit in packaging/systemd/*.service; do sed -E 's#^(Exec[A-Za-z]+=[-+]?)/usr/s?bin/[^ ]*#\1/bin/true#' "$unit" >"$units/${unit##*/}"; done

said=$(SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no "$units"/*.service 2>&1 | grep -F "$units" || true)
[ -z "$said" ] || complain "$said"

exposure=$(systemd-analyze security --offline=true "$units/weftd.service" | sed -n 's/.*exposure level.*: \([0-9]*\)\.\([0-9]\).*/\1\2/p')
echo "note: weftd.service: exposure $((exposure / 10)).$((exposure % 10)) of 10"
[ "$exposure" -le $MAX_EXPOSURE ] || complain "weftd.service: exposure $exposure tenths, at most $MAX_EXPOSURE"
finish
