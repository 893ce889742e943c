# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154  # the counts and the results are run.sh's
# What tests/run.sh writes down at its end; sourced by it.

write_junit() {
    local line state part name seconds reason
    escape() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g' <<<"$1"; }
    {
        echo '<?xml version="1.0" encoding="UTF-8"?>'
        echo "<testsuite name=\"weft\" tests=\"${#results[@]}\" failures=\"$failed\" skipped=\"$skipped\">"
        for line in "${results[@]}"; do
            IFS=$'\t' read -r state part name seconds reason <<<"$line"
            printf '<testcase classname="%s" name="%s" time="%s">' "$part" "$(escape "$name")" "$seconds"
            case $state in
            FAIL) printf '<failure message="%s"/>' "$(escape "$reason")" ;;
            skip) printf '<skipped message="%s"/>' "$(escape "$reason")" ;;
            esac
            echo '</testcase>'
        done
        echo '</testsuite>'
    } >"$junit"
}

write_results() {
    local file dirty=false
    file=$WEFT_ROOT/tests/results/$(date -u +%Y-%m-%dT%H%M%SZ).json
    as_owner mkdir -p "$WEFT_ROOT/tests/results"
    [ -z "$(as_owner git -C "$WEFT_ROOT" status --porcelain -- . ':!tests/results')" ] || dirty=true
    printf '%s\n' "${results[@]}" | jq -Rn --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
        --arg commit "$(as_owner git -C "$WEFT_ROOT" rev-parse HEAD)" --argjson dirty $dirty \
        --arg date "$(date -u +%FT%TZ)" --argjson seed "$seed" --argjson cores "$(nproc)" \
        --arg kernel "$(uname -r)" --argjson seconds $SECONDS \
        '{schema: 1, date: $date, commit: $commit, dirty: $dirty, seed: $seed,
          host: {cpu: $cpu, cores: $cores, kernel: $kernel}, seconds: $seconds,
          cases: [inputs | split("\t") | {state: .[0], part: .[1], name: .[2], seconds: (.[3] | tonumber),
                                           reason: (if .[4] == "" then null else .[4] end)}]}' |
        as_owner tee "$file" >/dev/null
    echo "results: ${file#"$WEFT_ROOT/"}"
}
