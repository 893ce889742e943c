# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What apply.sh and undo.sh share; sourced. WEFT_SETUP_ROOT: a directory in front of /etc and /var.
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin
# shellcheck disable=SC2034
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

SYSCTL_FILE=${WEFT_SETUP_ROOT:-}/etc/sysctl.d/60-weft.conf
# shellcheck disable=SC2034
MODULES_FILE=${WEFT_SETUP_ROOT:-}/etc/modules-load.d/weft.conf
# The values before: a line "boot ID", then "NAME VALUE" each, NAME below /proc/sys.
BEFORE_FILE=${WEFT_SETUP_ROOT:-}/var/lib/weft-setup/before

die() {
    echo "${0##*/}: $*" >&2
    exit 1
}
need_root() { [ "$(id -u)" = 0 ] || die "run as root"; }
# value_of NAME: into $value, without a process for each: machines have hundreds of interfaces.
value_of() { value='' && [ -r "/proc/sys/$1" ] && IFS= read -r value <"/proc/sys/$1"; }
value_of kernel/random/boot_id
BOOT="boot $value"

# set_value NAME VALUE: only where it is another, since writing some values changes others too. Fails where the
# kernel refuses it.
set_value() {
    local value
    value_of "$1" && [ "$value" = "$2" ] && return 0
    if { printf '%s\n' "$2" >"/proc/sys/$1"; } 2>/dev/null; then
        echo "$1 = $2"
    else
        echo "${0##*/}: cannot set $1 to $2" >&2
        return 1
    fi
}

# The values remembered are of another boot, and nothing set them again in this one.
is_stale() {
    [ -e "$BEFORE_FILE" ] && [ ! -e "$SYSCTL_FILE" ] && [ "$(head -n 1 "$BEFORE_FILE")" != "$BOOT" ]
}
