# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For run.sh: a case that is one command is run, its output kept in $LOGS, and told by run.sh's report.

# run_case PART NAME CMD...: one case; its output is kept, and its tail shown when it fails. 77: skipped.
run_case() {
    local part=$1 name=$2
    shift 2
    chosen "$name" || return 0
    measure "$part" "$name" "$@"
    judge "$part" "$name"
}

log_of() { echo "$LOGS/$1/${2//\//_}.log"; } # PART NAME

# measure PART NAME CMD...: runs it; beside the log of its output, .end has its exit code and seconds.
measure() {
    local log started rc=0
    log=$(log_of "$1" "$2")
    shift 2
    mkdir -p "${log%/*}"
    started=$(date +%s%N)
    "$@" >"$log" 2>&1 </dev/null || rc=$?
    echo "$rc $(seconds_since "$started")" >"${log%.log}.end"
}

# beside PART NAME CMD...: begins a case that waits for nothing and is long, on what the other parts leave of the
# processors; end_besides tells how it went.
besides=()
beside() {
    chosen "$2" || return 0
    besides+=("$1 $2")
    (chrt --idle --pid 0 "$BASHPID"; measure "$@" &) # of no job, so that no wait is for it
}
end_besides() {
    local each part name
    for each in "${besides[@]}"; do
        read -r part name <<<"$each"
        until [ -s "$LOGS/$part/$name.end" ]; do sleep 1; done
        judge "$part" "$name"
    done
}

# judge PART NAME: reports what measure left.
judge() {
    local part=$1 name=$2 log rc seconds
    log=$(log_of "$part" "$name")
    read -r rc seconds <"${log%.log}.end"
    case $rc in
    0) report ok "$part" "$name" "$seconds" "$(sed -n 's/^note: //p' "$log" | paste -s -d '|' | sed 's/|/; /g')" ;;
    77) report skip "$part" "$name" "$seconds" "$(tail -n 1 "$log")" ;;
    *)
        report FAIL "$part" "$name" "$seconds" "exit $rc, ${log#"$WEFT_ROOT/"}"
        tail -n 40 "$log" | cut -c 1-300 | sed 's/^/    | /'
        [ "$rc" != 130 ] || exit 130
        ;;
    esac
    return 0
}
