# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Asking a node of the lab for metrics; for metrics.bats and metrics_ports.bats.

get() { inside "$1" curl -sS -m 5 "http://${3:-127.0.0.1:9484}$2"; } # NODE PATH [ADDRESS:PORT]
code() {                                                             # NODE CURL-ARGUMENT...
    local node=$1
    shift
    inside "$node" curl -sS -m 5 -o /dev/null -w '%{http_code}' "$@"
}
value() { get a /metrics | awk -v series="$1" '$1 == series { print $2; found = 1 } END { exit !found }'; } # SERIES
at_least() { [ "$(value "$1" | cut -d. -f1)" -ge "$2" ]; }                                                 # SERIES N
