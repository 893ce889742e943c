# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154  # status and output are bats'
# For faults*.bats: a fault is put in, weft check or weft status names it with a remedy, the remedy as it is
# printed is carried out, and the node is well again.

load helpers
remedy= # of what was named last

root_of() { echo "/proc/$(cut -d' ' -f1 "$WEFT_LAB_DIR/$1/holder.pid")/root"; }
answers() { inside "$1" ping -q -c 1 -W 1 "$2" >/dev/null; }

# what_is_wrong NODE CHECK|PROBLEM: "DETAIL<tab>REMEDY" of the first of that name that is not well.
what_is_wrong() {
    { inside "$1" weft check --json || true; } | jq -er --arg name "$2" \
        '[.checks[] | select(.name == $name and .state != "ok" and .state != "skipped")][0] | .detail + "\t" + .remedy'
}
names() { what_is_wrong "$1" "$2" | cut -f1 | tee "$BATS_FILE_TMPDIR/named" | grep -qF -- "$3"; }

# named NODE NAME WORD...: by weft check within 45 s; leaves the remedy in $remedy.
named() {
    local node=$1 name=$2 word
    shift 2
    for word; do
        eventually 45 names "$node" "$name" "$word" || {
            inside "$node" weft check || true
            return 1
        }
    done
    remedy=$(what_is_wrong "$node" "$name" | cut -f2)
    echo "$node: $name: $(cat "$BATS_FILE_TMPDIR/named") – $remedy"
    [ -n "$remedy" ]
}

# carry_out NODE [TEXT]: the command that the remedy, or TEXT of it, begins with.
carry_out() {
    local command=${2:-$remedy}
    command=${command%%; *}
    command=${command%%, or *}
    command=${command%%: the file *}
    echo "$1# $command"
    inside "$1" sh -c "$command"
}

is_well() { inside "$1" weft check >"$BATS_FILE_TMPDIR/check" && inside "$1" weft status >/dev/null; }
well() { # NODE...
    local node
    for node; do
        eventually 75 is_well "$node" || {
            cat "$BATS_FILE_TMPDIR/check"
            return 1
        }
    done
}

# does_not_start NODE WORD: weftd ends with an error that says so; weft check finds no daemon.
does_not_start() {
    run inside "$1" timeout 10 weftd
    echo "$output"
    [ "$status" = 1 ] || [ "$status" = 6 ]
    [[ $output == *"$2"* ]]
    run inside "$1" weft check
    [ "$status" = 3 ]
}
start() { "$LAB" peer "$1" weft; }
stop() { "$LAB" stop "$1"; }
