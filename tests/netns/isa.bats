#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Every cipher table of this machine in one of two nodes: the other, on the best one, understands it.

load helpers

setup_file() { lab_up 2 WEFT_ISA=auto; }
teardown_file() { lab_down; }

@test "traffic with each cipher table, and status names it" {
    local isa isas
    isas=$(inside a weft status --json | jq -r '.isa.available[]')
    [ -n "$isas" ]
    for isa in $isas; do
        WEFT_ISA=$isa "$LAB" peer a weft
        [ "$(inside a weft status --json | jq -r .isa.chosen)" = "$isa" ]
        eventually 10 inside a ping -q -c 1 -W 1 10.44.1.1
        tcp_transfer a1 b1 10.44.1.10 5
        tcp_transfer b1 a1 fd44::10 5
        inside a1 ping -q -i 0.01 -c 20 -W 2 -s 4000 10.44.1.10
    done
}

@test "an unknown cipher table ends the daemon, which names those there are" {
    run env WEFT_ISA=abacus "$LAB" peer a weft
    [ "$status" -ne 0 ]
    [[ $output == *'"abacus" are not available here'*portable* ]]
}
