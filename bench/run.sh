#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Measures weft, its ceiling and its rivals on this machine, judges by targets.tsv and writes JSON, a
# Markdown table and SVG plots. README.md says what each suite means.
set -euo pipefail
# shellcheck source=packaging/deps.sh
. "$(dirname "${BASH_SOURCE[0]}")/../packaging/deps.sh"

BENCH=$WEFT_ROOT/bench
WORK=$WEFT_ROOT/build/bench
SUITES=(micro pipeline netns flood restart gossip)

usage() {
    cat <<USAGE
usage: bench/run.sh SUITE [--repeats N] [--quick] [--only SUBJECT,...] [--json FILE] [--no-build] [--no-install]
       bench/run.sh board [OPTION...]
  micro      the AEAD kernels against libsodium, OpenSSL, AWS-LC and Intel's ipsec-mb
  pipeline   the data plane in memory: time, allocations and losses per packet
  netns      weft and every rival between two namespaces
  flood      a flow, and a new peer, during a handshake flood from spoofed sources
  restart    silence around kill -9 and restart of one side
  gossip     how soon networks of 10 to 1,000 nodes know a change, heal, and what idle ones exchange: in virtual time
  all        all of these
  arm        executed instructions per packet under an emulator of ARM, and what llvm-mca makes of the loops
  board      on a machine without tools; has options of its own: bench/run.sh board --help
  smoke      20 s: does it run (without flood)? Judges nothing, for CI
  --repeats N    of every figure (5); --quick: 3 short ones
  --only LIST    subjects of netns, or libraries of micro
  --json FILE    result file (bench/results/SUITE.json; with --quick or --only build/bench/results/);
                 .md and .svg are written beside it
  --no-build     use the programs that are in WEFT_BUILD ($WEFT_BUILD)
  --no-install   install no packages
Needs root for namespaces (netns, flood, restart, board). Exit codes: 0 all targets met, 1 failed, 2 usage,
4 a target missed, 77 cannot run here.
USAGE
}

usage_error() {
    say "bench/run.sh: $*"
    usage >&2
    exit 2
}

# ---- options ------------------------------------------------------------------------------------
suite=${1:-}
case $suite in
-h | --help | help)
    usage
    exit 0
    ;;
board)
    case " $* " in *" --help "* | *" -h "*) exec "$BENCH/board/run.sh" --help ;; esac
    ;;
micro | pipeline | netns | flood | restart | gossip | all | smoke | arm)
    [ -e "$WEFT_ROOT/CMakeLists.txt" ] || usage_error "the bench for boards has the suite board only"
    ;;
*) usage_error "no such suite: ${suite:-(none)}" ;;
esac
given=("$@")
shift
board=("$@")
if [ "$suite" = board ]; then # its options are its own
    [[ " $* " != *" --no-install "* ]] || WEFT_INSTALL=no
    set --
fi
repeats="" length=full only="" json="" build=yes
while [ $# -gt 0 ]; do
    case $1 in
    --repeats | --only | --json)
        [ $# -gt 1 ] || usage_error "$1 needs a value"
        case $1 in --repeats) repeats=$2 ;; --only) only=$2 ;; --json) json=$2 ;; esac
        shift
        ;;
    --quick) length=quick ;;
    --no-build) build=no ;;
    --no-install) WEFT_INSTALL=no ;;
    *) usage_error "unknown option: $1" ;;
    esac
    shift
done
[ -n "$repeats" ] || { [ $length = full ] && repeats=5 || repeats=3; }
[[ $repeats =~ ^[1-9][0-9]*$ ]] || usage_error "--repeats needs a number"
[ -z "$json" ] || [[ " ${SUITES[*]} arm " == *" $suite "* ]] || usage_error "--json is for one suite"
[ "$suite" != smoke ] || length=smoke
become_root "${given[@]}"

# ---- programs -----------------------------------------------------------------------------------
needs() { # SUITE...: is one of them to be run?
    local name
    for name; do
        case $suite in "$name" | all | smoke) return 0 ;; esac
    done
    return 1
}

build_programs() {
    local extra=(-DWEFT_BENCH=ON) aws_lc
    if needs micro && [ $length != smoke ] && aws_lc=$(as_owner "$BENCH/aws_lc.sh"); then
        extra+=("-DWEFT_BENCH_AWS_LC=$aws_lc")
    fi
    say "building weft and the bench programs"
    as_owner mkdir -p "$WORK"
    if ! build_preset release "${extra[@]}" -- weftd weft weft-bench >"$WORK/build.log" 2>&1; then
        tail -n 20 "$WORK/build.log" >&2
        die "the build failed: $WORK/build.log"
    fi
    WEFT_BUILD=$WEFT_ROOT/build/release
}

# The plugin, and for each architecture the programs without libraries (as packaging/build-bench.sh).
build_arm_programs() {
    local arch
    as_owner mkdir -p "$WORK"
    as_owner cc -O2 -Wall -Wextra -shared -fPIC "$BENCH/arm/insn_count.c" -o "$WORK/insn_count.so"
    for arch in arm64 armhf; do
        say "building the AEAD programs for $arch"
        as_owner bash "$WEFT_ROOT/packaging/cmake/sysroot.sh" $arch "$WEFT_ROOT/build/sysroot-$arch" >"$WORK/sysroot.log" 2>&1 ||
            cannot "$(tail -n 1 "$WORK/sysroot.log")"
        build_preset $arch-static -- weft-bench-aead-{weft,libsodium,openssl} >"$WORK/build.log" 2>&1 || {
            tail -n 20 "$WORK/build.log" >&2
            die "the build failed: $WORK/build.log"
        }
    done
}

if [ "$suite" = board ]; then
    if [ -e "$WEFT_ROOT/CMakeLists.txt" ] && [[ " ${board[*]} " != *" --no-build "* ]]; then
        deps_install build
        build_programs
    fi
    exec "$BENCH/board/run.sh" "${board[@]}"
elif [ "$suite" = arm ] && [ $build = yes ]; then
    deps_install build arm
    build_arm_programs
elif [ $build = yes ]; then
    deps_install build run bench
    build_programs
fi
[ "$suite" = arm ] || [ -x "$WEFT_BUILD/bench/weft-bench-stream" ] ||
    die "no bench programs in $WEFT_BUILD/bench (leave out --no-build)"
if needs netns flood restart gossip; then
    check_tun
    check_namespaces
fi
! needs flood || [ $length = smoke ] || check_nft
rivals=$WORK/rivals.tsv
as_owner mkdir -p "$WORK" # --no-build has made nothing yet
if needs netns && [ $length != smoke ]; then
    say "building rivals that are not built yet (the first time takes minutes)"
    as_owner "$BENCH/rivals.sh" >"$rivals.new"
    mv "$rivals.new" "$rivals"
else
    : >"$rivals"
fi

# ---- suites -------------------------------------------------------------------------------------
result_file() { # SUITE
    local directory=$BENCH/results
    { [ $length = full ] && [ -z "$only" ]; } || directory=$WORK/results
    as_owner mkdir -p "$directory"
    echo "${json:-$directory/$1.json}"
}

# In namespaces of its own: names are free, and whatever is left ends with them.
isolated() {
    # shellcheck disable=SC2016
    unshare --pid --mount --net --fork --kill-child --mount-proc --propagation private \
        bash -c 'mount -t tmpfs -o mode=0755 tmpfs /run && ip link set lo up && exec "$@"' isolated "$@"
}

run_suite() { # SUITE [OPTION...]
    local name=$1 file rc=0
    file=$(result_file "$name")
    shift
    say "== $name"
    isolated python3 -B "$BENCH/harness/main.py" "$name" --build "$WEFT_BUILD" --rivals "$rivals" \
        --repeats "$repeats" --length $length --only "$only" --json "$file" "$@" || rc=$?
    chown --reference="$WEFT_ROOT" "${file%.json}".* 2>/dev/null || true
    return $rc
}

# Failure outranks a missed target.
worst=0
note() { case $1/$worst in 0/* | 4/1) ;; 4/*) worst=4 ;; *) worst=1 ;; esac }

case $suite in
smoke)
    repeats=1
    for name in micro pipeline restart gossip; do
        run_suite $name >/dev/null || note $?
    done
    only=weft,ceiling
    run_suite netns >/dev/null || note $?
    [ $worst != 0 ] || say "smoke ok"
    ;;
all)
    for name in "${SUITES[@]}"; do
        run_suite "$name" || note $?
    done
    ;;
*) run_suite "$suite" || note $? ;;
esac
exit $worst
