#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Thirty real daemons in one network: they join, know each other, lose power together, lose one by removal.
# The times are printed; the bounds are those of a machine that has two cores for all thirty.

load helpers

SIZE=30
setup_file() { lab_up $SIZE WEFT_LAB_NETWORK=yes; }
teardown_file() { lab_down; }

letters=abcdefghijklmnopqrstuvwxyz
name() { if [ "$1" -lt 26 ]; then echo "${letters:$1:1}"; else echo "n$1"; fi; }
knows_all() { # NODE COUNT: alive members
    [ "$(inside "$1" weft node list --json | jq '[.members[] | select(.state == "alive")] | length')" = "$2" ]
}
# ring FIRST LAST: each of them reaches the next two and the first, all at the same time
ring() {
    local i step pids=() pid count=$(($2 - $1 + 1)) bad=0
    for ((i = $1; i <= $2; i++)); do
        for step in 1 2 $((count / 2)); do
            inside "$(name "$i")" ping -q -c 1 -w 5 10.44.$(($1 + (i - $1 + step) % count)).1 >/dev/null &
            pids+=($!)
        done
    done
    for pid in "${pids[@]}"; do wait "$pid" || bad=1; done
    [ $bad = 0 ]
}
seconds_since() { echo "$1: $((($(date +%s%N) - $2) / 1000000)) ms" >&3; }

@test "thirty know each other and reach each other" {
    local i
    for ((i = 0; i < SIZE; i++)); do eventually 30 knows_all "$(name $i)" $SIZE; done
    ring 0 $((SIZE - 1))
    [ "$(for ((i = 0; i < SIZE; i++)); do inside "$(name $i)" weft status --json | jq -r '.node.blocks[0]'; done | sort -u | wc -l)" = $SIZE ]
}

@test "ten that lose power at once are fully connected again" {
    local i began pids=()
    for ((i = 0; i < 10; i++)); do kill -KILL "$("$LAB" pid "$(name $i)")"; done
    began=$(date +%s%N)
    for ((i = 0; i < 10; i++)); do "$LAB" peer "$(name $i)" weft & pids+=($!); done
    wait "${pids[@]}" # not for the clock that bats runs beside a test
    seconds_since "started again" "$began"
    began=$(date +%s%N)
    eventually 15 ring 0 9
    seconds_since "connected" "$began"
    for ((i = 0; i < 10; i++)); do eventually 30 knows_all "$(name $i)" $SIZE; done
    seconds_since "and known" "$began"
}

@test "a removed node is dropped by all others" {
    local i began last
    last=$(name $((SIZE - 1)))
    eventually 30 inside a weft node rm "$last" # it asks members first what it has granted
    began=$(date +%s%N)
    for ((i = 0; i < SIZE - 1; i++)); do
        eventually 10 sh -c "! '$LAB' exec $(name $i) -- wg show weft0 allowed-ips | grep -qF 10.44.$((SIZE - 1)).0/24"
    done
    seconds_since "dropped by $((SIZE - 1))" "$began"
}
