#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The page in headless Chromium (browser.py), from a real daemon of a network of three. Screenshots are kept in
# build/test-logs/page. In full only.

load helpers

setup_file() {
    command -v chromium >/dev/null || return 0
    lab_up 3 WEFT_LAB_NETWORK=yes
    eventually 20 session_up a
    export SHOTS=$ROOT/build/test-logs/page
    mkdir -p "$SHOTS"
}
setup() { command -v chromium >/dev/null || skip "no chromium here"; }
teardown_file() { lab_down; }

browse() { # CASE: its note is what browser.py measured
    local directory=$BATS_TEST_TMPDIR/browser told
    mkdir -p "$directory"
    told=$(inside a timeout 300 python3 "$BATS_TEST_DIRNAME/browser.py" "$1" "$directory")
    cp "$directory"/*.png "$SHOTS/" || true
    echo "# note: $told" >&3
}

@test "a real mesh is shown, and nothing is forbidden or broken" { browse live; }
@test "no labels overlap at 3, 30 and 60 nodes, in light and dark" { browse labels; }
@test "long names are cut" { browse long_names; }
@test "300 nodes: a label for what is gone to, more when zoomed in, a list" { browse many; }
@test "a node called <script> does nothing" { browse hostile; }
@test "the keyboard reaches each node" { browse keyboard; }
