#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Machines of an account: weft-discover-scaleway against an API of the documented shape that also fails in every
# way (scaleway_api.py), and weftd that asks it. All of it within one node's namespaces.

load helpers

TOKEN=11111111-2222-3333-4444-555555555555
API=http://127.0.0.1:8091

setup_file() {
    lab_up 1
    export API_DIR=$BATS_FILE_TMPDIR/api
    mkdir "$API_DIR"
    echo $TOKEN >"$API_DIR/token"
    chmod 600 "$API_DIR/token"
    inside a python3 "$ROOT/tests/netns/scaleway_api.py" 8091 "$API_DIR" 3>&- &
    echo $! >"$API_DIR/pid"
    eventually 10 listens a 8091
}
teardown_file() {
    lab_down # and with its namespace the API
    kill "$(cat "$API_DIR/pid")" 2>/dev/null || true
}
setup() {
    rm -f "$API_DIR/mode" "$API_DIR/requests"
    touch "$API_DIR/requests"
    config=/proc/$(cut -d' ' -f1 "$WEFT_LAB_DIR/a/holder.pid")/root/etc/weft/weft.toml.d
    state=${config%/etc/*}/var/lib/weft
}

api() { echo "$*" >"$API_DIR/mode"; }
discover() { # ARGUMENT...: what it prints is in $output, in $status how it ended, in $said what it said
    status=0
    output=$(inside a "$WEFT_BUILD/weft-discover-scaleway" --api-url $API --token-file "$API_DIR/token" "$@" 2>"$BATS_TEST_TMPDIR/said") ||
        status=$?
    said=$(cat "$BATS_TEST_TMPDIR/said")
    echo "exit $status, said: $said, printed: ${output:0:300}"
}
machines() { jq -r "$1" <<<"$output"; }
failed() { # WORD...: one line on stderr with the words given, nothing on stdout, and never the token
    local word
    [ "$status" = 1 ] && [ -z "$output" ] && [ "$(wc -l <<<"$said")" = 1 ]
    [[ $said != *"$TOKEN"* ]]
    for word; do [[ $said == *"$word"* ]]; done
}

@test "an account of several zones and pages, every address of its machines" {
    discover --zone fr-par-1 --zone fr-par-2 --zone nl-ams-1
    [ "$status" = 0 ] && [ -z "$said" ]
    [ "$(machines '.schema')" = 1 ]
    [ "$(machines '.machines | length')" = 232 ]
    [ "$(machines '[.machines[].name] | unique | length')" = 232 ]
    [ "$(machines '.machines[] | select(.name == "fr-par-1-5") | tojson')" = \
        '{"name":"fr-par-1-5","public":["203.0.0.5","2001:db8::5"],"private":["10.1.0.5"],"tags":["weft"]}' ]
    [ "$(grep -c '/zones/fr-par-1/.*per_page=100.*page=[123]$' "$API_DIR/requests")" = 3 ]
    discover --zone pl-waw-1 # a full page, and no more
    [ "$(machines '.machines | length')" = 100 ]
    [ "$(grep -c pl-waw-1 "$API_DIR/requests")" = 1 ]
    api fifty
    discover --zone fr-par-1
    [ "$(machines '.machines | length')" = 230 ]
}

@test "into a file as a whole, or not at all" {
    local file=$BATS_TEST_TMPDIR/machines.json
    echo before >"$file"
    api 401
    discover --zone nl-ams-1 --output "$file"
    [ "$status" = 1 ] && [ "$(cat "$file")" = before ]
    api ok
    discover --zone nl-ams-1 --output "$file"
    [ "$status" = 0 ] && [ -z "$output" ] && [ "$(jq '.machines | length' "$file")" = 2 ]
    [ "$(stat -c %a "$file")" = 644 ] && [ ! -e "$file.new" ]
    discover --zone nl-ams-1 --output "$BATS_TEST_TMPDIR/none/machines.json"
    failed "none/machines.json"
}

@test "filters: tags all of them, project, organization; addresses in private networks when asked for" {
    discover --zone fr-par-1 --tag weft --tag db
    [ "$(machines '.machines | length')" = 23 ]
    grep -q 'tags=weft%2Cdb' "$API_DIR/requests"
    discover --zone fr-par-1 --project project-1
    [ "$(machines '.machines | length')" = 115 ]
    discover --zone fr-par-1 --organization somebody
    [ "$status" = 0 ] && [ "$(machines '.machines | length')" = 0 ]
    fails grep -q /ipam/ "$API_DIR/requests"
    discover --zone fr-par-1 --private-networks
    [ "$(machines '.machines[] | select(.name == "fr-par-1-0").private | join(" ")')" = "172.16.4.2 fd5f:519c::2" ]
}

@test "the token: from a file of mode 0600 or the environment, refused in clear text, never shown" {
    run inside a env SCW_SECRET_KEY=$TOKEN "$WEFT_BUILD/weft-discover-scaleway" --api-url $API --zone nl-ams-1
    [ "$status" = 0 ] && [ "$(jq '.machines | length' <<<"$output")" = 2 ]
    chmod 640 "$API_DIR/token"
    discover --zone nl-ams-1
    chmod 600 "$API_DIR/token"
    failed "$API_DIR/token" "chmod 600"
    echo "two words" >"$API_DIR/bad"
    chmod 600 "$API_DIR/bad"
    discover --token-file "$API_DIR/bad" && [ "$status" = 2 ] # once
    run inside a "$WEFT_BUILD/weft-discover-scaleway" --api-url $API --token-file "$API_DIR/bad"
    [ "$status" = 1 ] && [[ $output == *"holds no token"* ]]
    run inside a "$WEFT_BUILD/weft-discover-scaleway" --api-url $API
    [ "$status" = 1 ] && [[ $output == *"--token-file FILE, or SCW_SECRET_KEY"* ]]
    for url in http://198.51.100.1 http://127.0.0.1@198.51.100.1 http://127.0.0.1.example ftp://x; do
        run "$WEFT_BUILD/weft-discover-scaleway" --api-url $url --token-file "$API_DIR/token"
        [ "$status" = 2 ]
    done
    "$WEFT_BUILD/weft-discover-scaleway" --help | grep -q 'exec = \["/usr/bin/weft-discover-scaleway"'
}

@test "refusals name the token's file and the remedy: 401, 403, 404" {
    api 401
    discover --zone nl-ams-1
    failed 401 "$API_DIR/token" "authentication is denied" "API key"
    api 403
    discover --zone nl-ams-1
    failed 403 "$API_DIR/token" "no?[1m way" InstancesReadOnly
    api ok
    discover --zone xx-yyy-9
    failed 404 xx-yyy-9 --zone
}

@test "what passes is tried again: 429 as long as it says, 503; and given up in time" {
    local before=$SECONDS
    api busy 1
    discover --zone nl-ams-1
    [ "$status" = 0 ] && [ "$(wc -l <"$API_DIR/requests")" = 2 ]
    [ $((SECONDS - before)) -ge 1 ]
    api flaky 2
    discover --zone nl-ams-1
    [ "$status" = 0 ] && [ "$(machines '.machines | length')" = 2 ]
    api 500
    before=$SECONDS
    discover --zone nl-ams-1 --limit 1
    failed 500
    api busy 99
    discover --zone nl-ams-1 --limit 1
    failed 429 "slow down"
    [ $((SECONDS - before)) -le 3 ]
}

@test "answers that are none, too large, without an end, or that do not fit together" {
    local how
    for how in garbage html; do
        api $how
        discover --zone nl-ams-1
        failed "not what it documents"
    done
    for how in huge endless; do
        api $how
        discover --zone nl-ams-1
        failed "more than 8388608 bytes"
    done
    api hang
    discover --zone nl-ams-1 --limit 1
    failed "127.0.0.1:8091"
    for how in moving short; do
        api $how
        discover --zone fr-par-1
        failed "change faster"
    done
    discover --zone nl-ams-1 --api-url http://127.0.0.1:1 --limit 1 && [ "$status" = 2 ]
    run inside a "$WEFT_BUILD/weft-discover-scaleway" --api-url http://127.0.0.1:1 --token-file "$API_DIR/token" --limit 1
    [ "$status" = 1 ] && [[ $output == *"127.0.0.1:1"* ]]
}

problem() { inside a weft status --json | jq -r '.problems[] | select(.code == "discovery_failed").cause' | grep -F "$1"; }
no_problem() { [ -z "$(inside a weft status --json | jq -r '.problems[] | select(.code == "discovery_failed").code')" ]; }
addresses() { grep -c '^[0-9a-f]' "$state/weft0.discovered"; }
has_addresses() { [ "$(addresses)" = "$1" ]; }
asked_again() { [ "$(wc -l <"$API_DIR/requests")" -gt "$1" ]; }

@test "weftd asks at its interval, and an API that fails changes nothing, over a restart too" {
    mkdir -p "$config"
    cat >"$config/discovery.toml" <<TOML
[[discovery]]
exec = ["$WEFT_BUILD/weft-discover-scaleway", "--api-url", "$API", "--token-file", "$API_DIR/token",
        "--zone", "nl-ams-1", "--limit", "1"]
interval_s = 1
TOML
    inside a weft reload
    eventually 10 test -s "$state/weft0.discovered"
    [ "$(addresses)" = 5 ]
    [ "$(stat -c %a "$state/weft0.discovered")" = 600 ]
    no_problem
    [ "$(inside a weft status --json | jq -r '.problems[] | select(.code == "discovery_as_root").severity')" = info ]
    cp "$state/weft0.discovered" "$BATS_TEST_TMPDIR/before"
    local how all=("401 : 401," "none names no machine")
    [ "${WEFT_FULL:-no}" = no ] || all+=("hang timed out")
    for how in "${all[@]}"; do
        api "${how%% *}"
        eventually 10 problem "${how#* }"
        problem ", since 20"
        cmp "$state/weft0.discovered" "$BATS_TEST_TMPDIR/before"
    done
    problem "its last 5 addresses stay in force"
    "$LAB" stop a
    "$LAB" peer a weft
    eventually 10 problem "its last 5 addresses stay in force"
    cmp "$state/weft0.discovered" "$BATS_TEST_TMPDIR/before"
    api ok
    eventually 10 no_problem
    before=$(wc -l <"$API_DIR/requests")
    eventually 5 asked_again "$before"
}

@test "a reload takes other sources: a program, a file; what it names takes over once it has answered" {
    sed -i 's/nl-ams-1/pl-waw-1/' "$config/discovery.toml"
    inside a weft reload
    eventually 10 has_addresses 250
    printf '\n[[discovery]]\nfile = "machines.json"\ninterval_s = 1\n' >>"$config/discovery.toml"
    echo '{"schema":1,"machines":[{"name":"x","public":["198.51.100.9"],"private":[],"tags":[]}]}' >"${config%.toml.d}.json"
    mv "${config%.toml.d}.json" "${config%/*}/machines.json"
    inside a weft reload
    eventually 10 has_addresses 251
    inside a weft config show --json | jq -e '.config.discovery | length == 2'
    printf '\n[[discovery]]\nfile = "a"\ndns = "b"\n' >>"$config/discovery.toml"
    run inside a weft reload
    [ "$status" != 0 ] && [[ $output == *"exactly one of exec, file and dns"* ]]
    rm "$config/discovery.toml"
    inside a weft reload
    eventually 10 has_addresses 0
}

gone() { ! test -d "/proc/$1"; }

@test "programs run as weft-discover where there is that user, and end with the daemon" {
    local pid
    "$LAB" stop a
    "$LAB" peer a weft # without a program, and so without the right to become another user
    { cat /etc/passwd && echo 'weft-discover:x:64123:64123::/nonexistent:/usr/sbin/nologin'; } >"$BATS_TEST_TMPDIR/passwd"
    inside a mount --bind "$BATS_TEST_TMPDIR/passwd" /etc/passwd
    cat >"$config/discovery.toml" <<'TOML'
[[discovery]]
exec = ["/bin/sleep", "61"]
TOML
    inside a weft reload
    [ -z "$(inside a weft status --json | jq -r '.problems[] | select(.code == "discovery_as_root").code')" ]
    eventually 5 problem "may not run programs as weft-discover"
    [[ "$(inside a weft status --json | jq -r '.problems[].remedy')" == *"restart weftd"* ]]
    "$LAB" stop a
    "$LAB" peer a weft
    eventually 5 inside a pgrep -u 64123 -x sleep
    pid=$(inside a pgrep -u 64123 -x sleep)
    [ "$(awk '/^Cap(Inh|Prm|Eff|Amb):/ { print $2 }' "/proc/$pid/status" | sort -u)" = 0000000000000000 ]
    [ "$(awk '/^Cap(Prm|Eff):/ { print $2 }' "/proc/$("$LAB" pid a)/status" | sort -u)" = 00000000000030e0 ]
    "$LAB" stop a
    fails test -d "/proc/$pid"
    "$LAB" peer a weft
    eventually 5 inside a pgrep -u 64123 -x sleep
    pid=$(inside a pgrep -u 64123 -x sleep)
    kill -KILL "$("$LAB" pid a)"
    eventually 5 gone "$pid"
    rm "$config/discovery.toml"
    inside a umount /etc/passwd
}
