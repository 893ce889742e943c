#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What continuous integration and users run. One line for each case, in order:
#     ok|FAIL|skip PART NAME SECONDS [reason]
# and at the end "N passed, N failed, N skipped". What needs the network (packages, rivals) comes first;
# then everything runs in a process, mount and network namespace of its own, so that "nothing was left
# behind" can be read off exactly, part by part. Exit: 0 all well, 1 not, 2 usage, 77 cannot run here.
set -euo pipefail
# shellcheck source=packaging/deps.sh
. "$(dirname "${BASH_SOURCE[0]}")/../packaging/deps.sh"
# shellcheck source=tests/report.bash
. "$WEFT_ROOT/tests/report.bash"
# shellcheck source=tests/cases.bash
. "$WEFT_ROOT/tests/cases.bash"

PARTS=(lint build unit sim asan tsan isa arm netns hurt interop runtimes packages demo bench)
TSAN_UNITS=(unit_wg unit_dataplane unit_refusal unit_control)
LOGS=$WEFT_ROOT/build/test-logs
ARCHITECTURES=(arm64 armhf)
# What CI has no time for: .bats files; unit tests under sanitizers and emulation (hours of virtual time).
FULL_ONLY=(arm:board arm:tunnel interop:boringtun interop:wireguard_go interop:wireguard_go_newest netns:faults_slow
    netns:metrics_ports netns:network_keys netns:network_many netns:other_firewalls netns:page netns:path_mtu netns:peer
    netns:selftest_mtu runtimes:containerd runtimes:libcni runtimes:podman)
SLOW_UNITS='-LongHaul.*:*CrossKernel*'

usage() {
    cat <<USAGE
usage: run.sh [PART...|full] [--list] [--only RE] [--seed N] [--junit FILE] [--no-install]
parts: ${PARTS[*]}
WEFT_ISA=NAME: with that cipher table (weft status --json: isa.available)
full: all of them at their full size (WEFT_FULL=yes; under sanitizers and emulation: every test at its usual
size), clang-tidy over every file, and tests/results/DATE.json
USAGE
}

parts=()
full=no list=no only='' junit='' seed=$((RANDOM % 99999 + 1))
arguments=("$@")
while [ $# -gt 0 ]; do
    case $1 in
    --list) list=yes ;;
    --only | --seed | --junit)
        [ $# -ge 2 ] || {
            usage >&2
            exit 2
        }
        case $1 in
        --only) only=$2 ;;
        --seed) seed=$2 ;;
        --junit) junit=$(realpath -m "$2") ;;
        esac
        shift
        ;;
    --no-install) WEFT_INSTALL=no ;;
    -h | --help)
        usage
        exit 0
        ;;
    full) full=yes ;;
    *)
        case " ${PARTS[*]} " in
        *" $1 "*) parts+=("$1") ;;
        *)
            usage >&2
            exit 2
            ;;
        esac
        ;;
    esac
    shift
done
[ ${#parts[@]} -gt 0 ] || parts=("${PARTS[@]}")
[[ $seed =~ ^[0-9]+$ ]] || {
    usage >&2
    exit 2
}

wants() { case " ${parts[*]} " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }
chosen() { [ -z "$only" ] || [[ $1 =~ $only ]]; }
units() { # the unit binaries that this tree has
    local dir
    for dir in "$WEFT_ROOT"/tests/unit/*/; do
        ! compgen -G "$dir*.cpp" >/dev/null || echo "unit_$(basename "$dir")"
    done
}
replays() { find "$WEFT_ROOT/tests/fuzz" -maxdepth 1 -name '*.cpp' -printf 'replay_%f\n' | sed 's/\.cpp$//' | sort; }
asan_units() { units | if [ $full = yes ]; then cat; else grep -vx 'unit_mesh\|unit_cli'; fi; } # long, and parse little
arm_units() { # the pure rooms; in CI those that have code of their own for an architecture, and the protocol
    local rooms='base|net|crypto|wg'
    [ $full = no ] || rooms+='|identity|issuer|gossip|mesh'
    units | grep -E "^unit_($rooms)\$" || true
}
# arm_runs ARCHITECTURE: name and emulator of every way its programs are run.
arm_runs() {
    case $1 in
    arm64) echo "arm64 qemu-aarch64-static" ;;
    armhf)
        echo "armhf-without-neon qemu-arm-static -cpu cortex-a15,neon=off"
        [ $full = no ] || echo "armhf qemu-arm-static"
        ;;
    esac
}

# ---- cases ---------------------------------------------------------------------------------------
passed=0 failed=0 skipped=0
results=() # "STATE<tab>PART<tab>NAME<tab>SECONDS<tab>REASON"

skip_allowed() { # PART NAME: a line "PART PATTERN" of tests/skips.txt
    local part pattern
    while read -r part pattern _; do
        # shellcheck disable=SC2053  # the right side is a pattern
        if [ "$part" = "$1" ] && [[ $2 == $pattern ]]; then return 0; fi
    done <"$WEFT_ROOT/tests/skips.txt"
    return 1
}

report() { # ok|FAIL|skip PART NAME SECONDS [REASON]
    local state=$1 part=$2 name=$3 seconds=$4 reason=${5:-}
    if [ "$state" = skip ] && ! skip_allowed "$part" "$name"; then
        state=FAIL
        reason="skipped, and tests/skips.txt does not allow it: $reason"
    fi
    case $state in
    ok) passed=$((passed + 1)) ;;
    FAIL) failed=$((failed + 1)) ;;
    skip) skipped=$((skipped + 1)) ;;
    esac
    echo "$state $part $name $seconds${reason:+ $reason}"
    results+=("$state"$'\t'"$part"$'\t'"$name"$'\t'"$seconds"$'\t'"$reason")
}

seconds_since() { # NANOSECONDS
    local ms=$((($(date +%s%N) - $1) / 1000000))
    printf '%d.%02d' $((ms / 1000)) $((ms % 1000 / 10))
}

# run_units PART DIRECTORY UNITS [WRAPPER...]: GoogleTest binaries (UNITS: names, a line each), one on each
# core; tests that skip themselves are told one by one. Where the caller has a $variant, it is told before the name.
run_units() {
    local part=$1 directory=$2 unit name line prefix=${variant:+$variant:} names=()
    mapfile -t names <<<"$3"
    shift 3
    for unit in "${names[@]}"; do
        chosen "$prefix$unit" || continue
        while [ "$(jobs -rp | wc -l)" -ge "$(jobs_here)" ]; do wait -n || true; done
        measure "$part" "$prefix$unit" timeout -k 5 "$unit_limit" "$@" "$directory/$unit" --gtest_brief=0 &
    done
    wait
    for unit in "${names[@]}"; do
        name=$prefix$unit
        chosen "$name" || continue
        judge "$part" "$name"
        while read -r line; do
            report skip "$part" "$name:$line" 0.00 "GTEST_SKIP, build/test-logs/$part/$name.log"
        done < <(sed -n 's/^\[  SKIPPED \] \([^ ,]*\) (.*/\1/p' "$(log_of "$part" "$name")")
    done
}

# run_bats PART FILE: each @test is a case; "# note: …" from one is kept with its result.
run_bats() {
    local part=$1 file=$2 base log line options=() name rest seconds note=
    local pattern='^(not )?ok [0-9]+ (.*) in ([0-9]+)ms( # skip ?(.*))?$'
    local plain='^(not )?ok [0-9]+ (.*)$'
    base=$(basename "$file" .bats)
    [ -z "$only" ] || options=(--filter "$only")
    mkdir -p "$LOGS/$part"
    log=$LOGS/$part/$base.log
    : >"$log"
    while IFS= read -r line; do
        echo "$line" >>"$log"
        if [[ $line =~ $pattern ]]; then
            name=$base:${BASH_REMATCH[2]// /_} seconds=${BASH_REMATCH[3]} rest=${BASH_REMATCH[5]}
            seconds=$(printf '%d.%02d' $((seconds / 1000)) $((seconds % 1000 / 10)))
            if [ -n "${BASH_REMATCH[1]}" ]; then
                report FAIL "$part" "$name" "$seconds" "${log#"$WEFT_ROOT/"}"
            elif [ -n "${BASH_REMATCH[4]}" ]; then
                report skip "$part" "$name" "$seconds" "$rest"
            else
                report ok "$part" "$name" "$seconds" "$note"
            fi
            note=
        elif [[ $line =~ $plain ]]; then
            name=$base:${BASH_REMATCH[2]// /_}
            if [ -n "${BASH_REMATCH[1]}" ]; then
                report FAIL "$part" "$name" 0.00 "${log#"$WEFT_ROOT/"}"
            else
                report ok "$part" "$name" 0.00
            fi
        elif [[ $line == '# note: '* ]]; then
            note=${line#\# note: }
        elif [[ $line == '#'* ]]; then
            [[ $line != '# bats warning: Executed'* ]] || report FAIL "$part" "$base:all" 0.00 'not all were run'
            echo "    | ${line#\# }"
        fi
    done < <(timeout -k 10 "$bats_limit" bats --tap --timing "${options[@]}" "$file" 2>&1 ||
        { rc=$? && [ $rc = 1 ] || echo "not ok 0 ended with exit $rc"; })
}

# ---- parts ---------------------------------------------------------------------------------------
part_lint() {
    local script
    for script in "$WEFT_ROOT"/tests/lint/*.sh; do
        case $script in */lib.sh) continue ;; esac
        run_case lint "$(basename "$script" .sh)" as_owner env WEFT_LINT_ALL=$full bash "$script"
    done
}
part_build() { run_case build release build_preset release; }
part_unit() {
    wants build || build_for unit release
    run_units unit "$WEFT_ROOT/build/release/tests" "$(units)"
}
part_sim() {
    wants build || build_for sim release sim_gossip
    local sim=$WEFT_ROOT/build/release/tests/sim_gossip
    beside sim days_of_chaos timeout -k 5 "$beside_limit" "$sim" --gtest_filter='*DaysOfChaos*'
    run_case sim sim_gossip bash "$WEFT_ROOT/tests/sim/halves.sh" "$unit_limit" "$sim" --gtest_filter='-*DaysOfChaos*'
}
part_asan() {
    local unit built
    mapfile -t built < <(asan_units && replays)
    # GCC documents that -fsanitize makes this warning raise false alarms; the release build has it.
    run_case asan build build_preset asan -DWEFT_UNITY=ON -DCMAKE_CXX_FLAGS=-Wno-maybe-uninitialized -- "${built[@]}"
    export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
    export UBSAN_OPTIONS=print_stacktrace=1
    [ $full = yes ] || local -x GTEST_FILTER=$SLOW_UNITS
    # Some ten times slower: in the full run all tests, at their usual size.
    WEFT_FULL=no run_units asan "$WEFT_ROOT/build/asan/tests" "$(asan_units)"
    for unit in $(replays); do
        run_case asan "$unit" timeout -k 5 120 "$WEFT_ROOT/build/asan/tests/$unit" \
            "$WEFT_ROOT/tests/fuzz/corpus/${unit#replay_}"
    done
}
part_tsan() {
    local unit built=()
    for unit in $(units); do
        case " ${TSAN_UNITS[*]} " in *" $unit "*) built+=("$unit") ;; esac
    done
    # Asio's fences: ThreadSanitizer does not model them, and Asio does not rely on them.
    run_case tsan build build_preset tsan -DWEFT_UNITY=ON -DCMAKE_CXX_FLAGS=-Wno-tsan -- "${built[@]}"
    [ $full = yes ] || local -x GTEST_FILTER=$SLOW_UNITS
    # Without setarch this compiler's run-time refuses kernels that randomise 32 bits of addresses.
    WEFT_FULL=no run_units tsan "$WEFT_ROOT/build/tsan/tests" "$(printf '%s\n' "${built[@]}")" setarch "$(uname -m)" -R
}
part_arm() {
    local arch variant wrapper sysroot built
    [ $full = yes ] || local -x 'GTEST_FILTER=-LongHaul.*'
    for arch in "${ARCHITECTURES[@]}"; do
        sysroot=$WEFT_ROOT/build/sysroot-$arch
        if [ -s "$sysroot.reason" ]; then
            report skip arm "$arch:build" 0.00 "$(tail -n 1 "$sysroot.reason")"
            continue
        fi
        # CI at least compiles the other pure rooms for 32 bits: counts of 64 are no sizes there.
        mapfile -t built < <(arm_units && { [ $full = no ] && echo weft_mesh || echo weftd; })
        run_case arm "$arch:build" build_preset "$arch" -- "${built[@]}"
        [ $full = no ] || run_case arm "$arch:bench" "$WEFT_ROOT/packaging/build-bench.sh" "$arch" --no-install
        while read -r variant wrapper; do
            # shellcheck disable=SC2086  # the emulator and its options
            WEFT_FULL=no run_units arm "$WEFT_ROOT/build/$arch/tests" "$(arm_units)" $wrapper -L "$sysroot"
        done < <(arm_runs "$arch")
    done
    bats_part arm
}
part_isa() { # constant time: slow under valgrind
    [ $full = no ] || run_case isa constant_time bash "$WEFT_ROOT/tests/isa/constant_time.sh"
}
part_netns() { bats_part netns; }
part_hurt() {
    build_for hurt release hurt_datagrams
    bats_part hurt
}
part_interop() { bats_part interop; }
part_runtimes() { bats_part runtimes; }
part_packages() { # built for three architectures: minutes each
    local arch
    [ $full = yes ] || return 0
    for arch in amd64 "${ARCHITECTURES[@]}"; do
        run_case packages "$arch:build" "$WEFT_ROOT/packaging/build-deb.sh" "$arch" --no-install
    done
    bats_part packages
}
bats_part() {
    wants build || build_for "$1" release weftd weft weft-cni weft-discover-scaleway
    local file
    for file in $(bats_files "$1"); do run_bats "$1" "$file"; done
}
bats_files() { # PART
    local file
    for file in "$WEFT_ROOT/tests/$1"/*.bats; do
        case " ${FULL_ONLY[*]} $full" in
        *" $1:$(basename "$file" .bats) "*no) ;;
        *) echo "$file" ;;
        esac
    done
}
part_demo() {
    chosen demo || return 0
    run_case demo demo env WEFT_LAB_DIR="$TMPDIR/demo-lab" WEFT_DEMO_PODMAN="$([ $full = yes ] && echo auto || echo no)" \
        "$WEFT_ROOT/packaging/demo.sh" --no-install
}
part_bench() { run_case bench smoke bash "$WEFT_ROOT/bench/run.sh" smoke --no-install; }
build_for() { # PART PRESET [TARGET...]: what the part needs, when part build is not wanted
    local part=$1 preset=$2 log=$LOGS/$1/build.log
    shift 2
    mkdir -p "$LOGS/$part"
    build_preset "$preset" ${1:+-- "$@"} >"$log" 2>&1 || {
        tail -n 40 "$log"
        report FAIL "$part" build 0.00 "${log#"$WEFT_ROOT/"}"
    }
}

# ---- nothing left behind -------------------------------------------------------------------------
snapshot() {
    local pid
    echo "== processes"
    ps -eo pid=,ppid=,stat=,args= | awk -v me="$BASHPID" \
        '$1 != 1 && $1 != me && $2 != me && $3 !~ /^Z/ && !/run\.sh|sim_gossip/ { $1 = $2 = $3 = ""; print }'
    echo "== network namespaces"
    for pid in /proc/[0-9]*; do readlink "$pid/ns/net" 2>/dev/null || true; done | sort -u
    ip netns list
    echo "== links, addresses, routes"
    ip -o link show | cut -d' ' -f2-
    ip -br address show
    ip route show table all
    ip -6 route show table all
    echo "== nftables"
    nft list ruleset
    echo "== UDP sockets"
    ss -Huanp
    echo "== files"
    find "$TMPDIR" -mindepth 1 -maxdepth 1
    ls -d /run/weft* /run/wireguard /etc/weft /var/lib/weft 2>/dev/null || true
}

run_part() { # PART
    local before after i
    before=$(snapshot)
    "part_$1"
    for ((i = 0; i < 20; i++)); do # the kernel takes a moment to free a namespace
        after=$(snapshot)
        [ "$before" != "$after" ] || return 0
        sleep 0.1
    done
    report FAIL "$1" left-behind 0.00 "before and after differ"
    diff <(echo "$before") <(echo "$after") | sed 's/^/    | /' || true
}

# ---- before the namespaces: what the network is needed for ----------------------------------------
fetch() {
    deps_install build run test
    check_machine
    if [ $full = yes ] && wants packages; then deps_install deb; fi
    if wants arm || { [ $full = yes ] && wants packages; }; then
        as_owner mkdir -p "$WEFT_ROOT/build"
        local arch sysroot
        for arch in "${ARCHITECTURES[@]}"; do
            sysroot=$WEFT_ROOT/build/sysroot-$arch
            rm -f "$sysroot.reason"
            as_owner bash "$WEFT_ROOT/packaging/cmake/sysroot.sh" "$arch" "$sysroot" >"$sysroot.log" 2>&1 ||
                tail -n 1 "$sysroot.log" >"$sysroot.reason"
        done
    fi
    if [ $full = yes ] && wants netns; then
        deps_install runtimes page # the stock bridge plugin; a browser
        [ "$WEFT_INSTALL" = no ] || as_owner bash "$WEFT_ROOT/tests/netns/promtool.sh" "$WEFT_ROOT/build/tools/promtool" || true
    fi
    if wants runtimes && [ -n "$(bats_files runtimes)" ] && [ "$WEFT_INSTALL" = yes ]; then
        deps_install runtimes
        as_owner bash "$WEFT_ROOT/tests/runtimes/fetch.sh" "$WEFT_ROOT/build/runtimes" || true
    fi
    if wants interop && [ "$WEFT_INSTALL" = yes ]; then
        local rival rivals=(kernel)
        [ $full = no ] || rivals+=(boringtun wireguard_go)
        for rival in "${rivals[@]}"; do
            as_owner bash "$WEFT_ROOT/tests/interop/$rival.sh" >/dev/null || true
        done
    fi
}

finish() {
    local rc=$?
    trap - EXIT INT TERM
    rm -rf --one-file-system "$TMPDIR"
    exit $rc
}

list_bats() { # PART
    local file
    for file in $(bats_files "$1"); do
        sed -n 's/^@test "\([^"]*\)" {.*/\1/p' "$file" | tr ' ' '_' | sed "s/^/$(basename "$file" .bats):/"
    done
}
list_cases() {
    local part item file arch
    for part in "${parts[@]}"; do
        case $part in
        lint) for file in "$WEFT_ROOT"/tests/lint/*.sh; do basename "$file" .sh; done | grep -vx lib ;;
        build) echo release ;;
        unit) units ;;
        sim) echo days_of_chaos && echo sim_gossip ;;
        asan) echo build && asan_units && replays ;;
        tsan) echo build && printf '%s\n' "${TSAN_UNITS[@]}" ;;
        arm)
            for arch in "${ARCHITECTURES[@]}"; do
                echo "$arch:build"
                [ $full = no ] || echo "$arch:bench"
                while read -r item _; do arm_units | sed "s/^/$item:/"; done < <(arm_runs "$arch")
            done
            list_bats arm
            ;;
        demo) echo demo ;;
        bench) echo smoke ;;
        netns | hurt | interop | runtimes) list_bats "$part" ;;
        packages) [ $full = no ] || { printf '%s:build\n' amd64 "${ARCHITECTURES[@]}" && list_bats packages; } ;;
        esac | while read -r item; do ! chosen "$item" || echo "$part $item"; done
    done
}

if [ $list = yes ]; then
    list_cases
    exit 0
fi
become_root "${arguments[@]}"

if [ -z "${WEFT_TEST_INSIDE:-}" ]; then
    fetch
    TMPDIR=$(mktemp -d /tmp/weft-tests.XXXXXX)
    chmod 0755 "$TMPDIR"
    export TMPDIR WEFT_TEST_INSIDE=yes WEFT_INSTALL
    trap finish EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    unshare --pid --mount --net --fork --kill-child --mount-proc --propagation private \
        bash "$0" "${arguments[@]}" --seed "$seed"
    exit
fi

# ---- inside --------------------------------------------------------------------------------------
trap 'exit 130' INT
trap 'exit 143' TERM
mount -t tmpfs -o mode=0755 tmpfs /run
ip link set lo up
unit_limit=600 beside_limit=1800 bats_limit=900 BATS_TEST_TIMEOUT=120 # seconds
[ $full = no ] || unit_limit=7200 beside_limit=14400 bats_limit=7200 BATS_TEST_TIMEOUT=5400
export BATS_TEST_TIMEOUT WEFT_FULL=$full WEFT_SEED=$seed GTEST_SHUFFLE=1 GTEST_RANDOM_SEED=$((seed % 99999)) WEFT_INSTALL=no
unset WEFT_LAB_SUBJECT WEFT_OFFLOAD_OFF WEFT_CONFIG WEFT_SOCKET WEFT_STATE_DIR WEFT_RUN_DIR
rm -rf "$LOGS"
mkdir -p "$LOGS"
echo "seed $seed, jobs $(jobs_here), $(date -u +%FT%TZ)"
for part in "${parts[@]}"; do run_part "$part"; done
end_besides
[ -z "$junit" ] || write_junit
[ $full = no ] || write_results
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
