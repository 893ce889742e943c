#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The bench for boards (packaging/build-bench.sh, bench/board/README.md) from its tarball under qemu-user:
# it runs, writes what it promises and cleans up. Its times mean nothing here.

load ../netns/helpers

unpacked() { # ARCH EMULATOR: leaves $board, and the emulator to the script
    local tarball
    tarball=$(find "$ROOT/build" -maxdepth 1 -name "weft-bench-*-$1.tar.gz" | sort | tail -n 1)
    [ -n "$tarball" ] || skip "no tarball for $1"
    board=$BATS_FILE_TMPDIR/$(basename "$tarball" .tar.gz)
    [ -d "$board" ] || tar -C "$BATS_FILE_TMPDIR" -xf "$tarball"
    export WEFT_BENCH_EMULATOR=$2 TMPDIR=$BATS_FILE_TMPDIR/tmp # nobody else's
    mkdir -p "$TMPDIR"
}
settled() { # what the script could leave behind
    ip netns list
    ip -br link show
    ls -d "${TMPDIR:-/tmp}"/tmp.* 2>/dev/null || true
}

measures() { # ARCH EMULATOR
    local before
    unpacked "$@"
    before=$(settled)
    "$board/bench/run.sh" board --smoke >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
    [ "$(settled)" = "$before" ]
    jq -e '.schema == 1 and .suite == "board" and .host.emulated == true and .host.cores >= 1 and (.ratios == [])' \
        "$board/bench/results/board.json"
    jq -e 'all(.cases[]; .status != "failed")' "$board/bench/results/board.json"
    jq -e '[.cases[] | select(.subject == "weft" and .status == "ok") | .name] | sort ==
        ["ping_p50", "ping_p99", "tcp1", "tcp4", "udp1300", "udp512", "udp64"]' "$board/bench/results/board.json"
    jq -e '.cases[] | select(.subject == "weft" and .name == "tcp1") | .isa == "neon" and .median > 0' \
        "$board/bench/results/board.json"
    jq -e '[.cases[] | select(.name == "micro open x32/1420") | .subject] | sort ==
        ["libsodium", "openssl", "weft-libsodium", "weft-neon", "weft-portable"]' "$board/bench/results/board.json"
    jq -e 'any(.cases[]; .subject == "ceiling" and .name == "pipeline tcp/out")' "$board/bench/results/board.json"
    grep -q '^| weft |' "$board/bench/results/board.md"
    python3 -c 'import sys, xml.dom.minidom as xml; xml.parse(sys.argv[1])' "$board/bench/results/board.svg"
    tail -n 1 "$BATS_TEST_TMPDIR/out" | grep -qE '^weft [0-9.]+ with neon on .*, emulated.*: one TCP flow [0-9.]+ Gbit/s \(.*no tunnel '
}

measures_a_peer() { # ARCH EMULATOR: two boards are two namespaces
    local serving pid name
    unpacked "$@"
    for name in board-a board-b; do
        ip netns add $name
        ip -n $name link set lo up
    done
    ip link add eth0 netns board-a type veth peer name eth0 netns board-b
    ip -n board-a addr add 192.0.2.1/24 dev eth0
    ip -n board-b addr add 192.0.2.2/24 dev eth0
    ip -n board-a link set eth0 up
    ip -n board-b link set eth0 up
    ip netns exec board-b "$board/bench/run.sh" board --serve >"$BATS_TEST_TMPDIR/serving" 2>&1 3>&- &
    pid=$!
    eventually 60 grep -q '^\./bench/run.sh board --peer' "$BATS_TEST_TMPDIR/serving"
    serving=$(grep '^\./bench/run.sh board --peer' "$BATS_TEST_TMPDIR/serving")
    [[ $serving == *" --peer 192.0.2.2 --token "* ]]
    # shellcheck disable=SC2086
    (cd "$board" && ip netns exec board-a $serving --smoke --json "$BATS_TEST_TMPDIR/peer.json")
    kill -TERM $pid
    wait $pid || true
    jq -e '.mode == "peer" and all(.cases[]; .status != "failed")' "$BATS_TEST_TMPDIR/peer.json"
    jq -e '[.cases[] | select(.name == "tcp1" and .median > 0) | .subject] | contains(["plain", "weft"])' "$BATS_TEST_TMPDIR/peer.json"
    for name in board-a board-b; do
        fails eval "ip -n $name -o link show | grep -qvE ' (lo|eth0)[:@]'"
        [ -z "$(ip netns exec $name ss -Huanp)" ]
        ip netns del $name
    done
}

@test "arm64 tarball measures between two namespaces" { measures arm64 qemu-aarch64-static; }
@test "armhf tarball measures between two namespaces" { measures armhf qemu-arm-static; }
@test "arm64 tarball measures to a peer" { measures_a_peer arm64 qemu-aarch64-static; }

@test "a port in use is told and ends it" {
    unpacked arm64 qemu-aarch64-static
    socat -u UDP4-RECV:51900 /dev/null 3>&- &
    local pid=$!
    eventually 10 eval 'ss -Huan | grep -q :51900'
    run "$board/bench/run.sh" board --serve
    kill $pid
    [ "$status" = 1 ]
    [[ $output == *"UDP port 51900 is in use"* ]]
}
@test "without root and sudo it says so" {
    unpacked arm64 qemu-aarch64-static
    cp -r "$board" "$BATS_TEST_TMPDIR/board"
    chmod -R a+rX "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR"
    run env PATH=/usr/bin:/bin setpriv --reuid 65534 --clear-groups "$BATS_TEST_TMPDIR/board/bench/run.sh" board
    [ "$status" = 1 ]
    [[ $output == *"run as root"* ]]
}
@test "a machine of another architecture is refused" {
    unpacked armhf ''
    [ ! -e /proc/sys/fs/binfmt_misc/qemu-arm ] || skip "this kernel runs foreign programs by itself"
    run "$board/bench/run.sh" board
    [ "$status" = 77 ]
    [[ $output == *"take the tarball for its architecture"* ]]
}
@test "another suite than board is refused" {
    unpacked arm64 ''
    run "$board/bench/run.sh" micro
    [ "$status" = 2 ]
}
