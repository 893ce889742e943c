#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Takes back what apply.sh did: every value as it was before, and the files of --persist. May be repeated.
# Modules stay loaded: others may use them by now. Exit: 0 taken back or nothing to do, 1 could not, 2 usage.
set -euo pipefail
# shellcheck source=kernel-setup/setup.bash
. "$(dirname "${BASH_SOURCE[0]}")/setup.bash"

case ${1:-} in
"") ;;
-h | --help)
    echo "usage: undo.sh"
    exit 0
    ;;
*)
    echo "usage: undo.sh" >&2
    exit 2
    ;;
esac
need_root

restore() { # one that cannot be set keeps none of the others from it
    local name value failed=0
    # First those that change others when they are written.
    while read -r name value; do
        [ ! -e "/proc/sys/$name" ] || set_value "$name" "$value" || failed=1 # its interface may be gone
    done < <(
        grep -E '^net/(ipv4/ip_forward|ipv6/conf/all/forwarding) ' "$BEFORE_FILE"
        grep '^net/' "$BEFORE_FILE"
    )
    return $failed
}

if [ ! -e "$BEFORE_FILE" ]; then
    if [ -e "$SYSCTL_FILE" ] || [ -e "$MODULES_FILE" ]; then
        rm -f "$SYSCTL_FILE" "$MODULES_FILE"
        echo "removed $SYSCTL_FILE, $MODULES_FILE; what the values were before is not known: they go with the next boot"
    else
        echo "nothing to undo"
    fi
    exit 0
fi
if is_stale; then
    echo "the values went with the last boot: nothing to undo"
elif ! restore; then
    die "not all could be set; $BEFORE_FILE stays for another try"
fi
rm -f "$SYSCTL_FILE" "$MODULES_FILE" "$BEFORE_FILE"
rmdir "${BEFORE_FILE%/*}"
echo "done"
