#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Suite board of bench/run.sh: weft on a machine where nothing can be built or installed. Needs bash, awk,
# iproute2 and util-linux, and programs that need no library (packaging/build-bench.sh). README.md here.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=packaging/deps.sh
. "$HERE/../../packaging/deps.sh"
[ ! -d "$WEFT_ROOT/bin" ] || WEFT_BUILD=$WEFT_ROOT/bin
EMULATOR=${WEFT_BENCH_EMULATOR:-} # before every program of ours, such as "qemu-aarch64-static"
# shellcheck source=bench/board/machine.bash
. "$HERE/machine.bash"
# shellcheck source=bench/board/lab.bash
. "$HERE/lab.bash"

usage() {
    cat <<USAGE
usage: bench/run.sh board [--repeats N] [--quick|--smoke] [--json FILE] [--port N]
                          [--serve | --peer HOST --token TOKEN]
  between two namespaces of this machine: weft, the kernel's WireGuard and no tunnel at all: TCP, UDP, ping;
  then the AEAD kernels, OpenSSL's and libsodium's, and the data plane in memory
  --serve        the other end of --peer, until Ctrl-C; prints what to run on the other machine
  --peer HOST    to the machine that serves (an IPv4 address or a name), in place of the namespaces
  --token TOKEN  keys of this run, as --serve prints them
  --port N       first of three ports on the serving machine ($PORT): UDP N weft, UDP N+1 the kernel's
                 WireGuard, TCP and UDP N+2 traffic
  --repeats N    of every figure (5); --quick: 3 short ones; --smoke: 1, as short as can be
  --json FILE    result file (bench/results/board.json); .md and .svg are written beside it
Needs root. Exit codes: 0 ok, 1 a subject gave no figure, 2 usage, 77 cannot run here.
USAGE
}
usage_error() {
    say "bench/run.sh board: $*"
    usage >&2
    exit 2
}

# ---- options ------------------------------------------------------------------------------------
PORT=51900
mode=local repeats='' length=full json='' host='' token=''
given=("$@")
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help)
        usage
        exit 0
        ;;
    --repeats | --json | --peer | --token | --port)
        [ $# -gt 1 ] || usage_error "$1 needs a value"
        case $1 in
        --repeats) repeats=$2 ;;
        --json) json=$2 ;;
        --peer) mode=peer host=$2 ;;
        --token) token=$2 ;;
        --port) PORT=$2 ;;
        esac
        shift
        ;;
    --serve) mode=serve ;;
    --no-build | --no-install) ;; # bench/run.sh's
    --quick) length=quick ;;
    --smoke) length=smoke ;;
    *) usage_error "unknown option: $1" ;;
    esac
    shift
done
[[ ${repeats:-1} =~ ^[1-9][0-9]*$ ]] || usage_error "--repeats needs a number"
[[ $PORT =~ ^[1-9][0-9]{0,4}$ && $PORT -le 65533 ]] || usage_error "--port needs a number up to 65533"
[[ $mode != peer || $token =~ ^[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$ ]] ||
    usage_error "--peer needs the --token that the other machine's --serve printed"
WEFT_PORT=$PORT KERNEL_PORT=$((PORT + 1)) TRAFFIC_PORT=$((PORT + 2))
case $length in # milliseconds, echoes, milliseconds of a figure of micro and pipeline
full) tcp_ms=4000 udp_ms=3000 pings=1000 micro_ms=50 pipeline_ms=500 repeats=${repeats:-5} ;;
quick) tcp_ms=1500 udp_ms=1000 pings=300 micro_ms=20 pipeline_ms=200 repeats=${repeats:-3} ;;
smoke) tcp_ms=300 udp_ms=200 pings=20 micro_ms=1 pipeline_ms=10 repeats=${repeats:-1} ;;
esac
json=$(realpath -m "${json:-$WEFT_ROOT/bench/results/board.json}")

# ---- can it run here? ---------------------------------------------------------------------------
[ -x "$WEFT_BUILD/weftd" ] || die "no weftd in $WEFT_BUILD"
# shellcheck disable=SC2086
$EMULATOR "$WEFT_BUILD/weftd" --version >/dev/null 2>&1 ||
    cannot "this machine ($(uname -m)) does not run $WEFT_BUILD/weftd; take the tarball for its architecture"
become_root "${given[@]}"

outer() { # the whole again in namespaces of its own: what is left behind ends with them
    local words=(--pid --mount --fork --kill-child --mount-proc --propagation private) rc=0 tool
    for tool in ip awk unshare lscpu timeout od; do
        command -v $tool >/dev/null || cannot "no $tool; apt-get install iproute2 mawk util-linux coreutils"
    done
    check_tun
    check_namespaces
    if [ $mode = local ]; then
        words+=(--net)
    fi
    if [ $mode = peer ]; then # here: /run, where a resolver may have its files, is another inside
        WEFT_BENCH_HOST=$(getent ahostsv4 "$host" | awk 'NR == 1 { print $1 }')
        [ -n "$WEFT_BENCH_HOST" ] || die "--peer $host: no such host (an IPv4 address is wanted)"
        export WEFT_BENCH_HOST
    fi
    WEFT_BENCH_TEMP=$(mktemp -d)
    export WEFT_BENCH_TEMP
    trap 'rm -rf --one-file-system "$WEFT_BENCH_TEMP"' EXIT
    unshare "${words[@]}" bash "$0" "${given[@]}" &
    trap 'end_inner $!; exit 130' INT TERM
    wait $! || rc=$?
    exit $rc
}
end_inner() { # PID of unshare: its child is the first process in there, and is gone when all others are
    local inner
    inner=$(awk -v parent="$1" '$4 == parent { print $1 }' /proc/[0-9]*/stat 2>/dev/null) || true
    kill -KILL "${inner:-$1}" 2>/dev/null || true
    wait "$1" || true
}
[ -n "${WEFT_BENCH_TEMP:-}" ] || outer
TEMP=$WEFT_BENCH_TEMP
mount -t tmpfs -o mode=0755 tmpfs /run
[ $mode != local ] || ip link set lo up
raw=$TEMP/raw.tsv
: >"$raw"

# ---- what was measured --------------------------------------------------------------------------
put() { printf '%s' "$1" >>"$raw" && shift && printf '\t%s' "$@" >>"$raw" && echo >>"$raw"; }
# figure CASE SUBJECT UNIT more|less CMD...: its output is a sample.
figure() {
    local name=$1 subject=$2 unit=$3 better=$4 value
    shift 4
    if value=$("$@" 2>"$TEMP/error") && [[ $value =~ ^[0-9.e+-]+$ ]]; then
        put s "$name" "$subject" "$unit" "$better" "$value"
    else
        put f "$name" "$subject" "$unit" "$better" "$(log_tail "$TEMP/error")"
        say "   $subject, $name: $(log_tail "$TEMP/error")"
    fi
}
# absent SUBJECT: with $reason.
absent() {
    put x start "$1" "$reason"
    say "   without $1: $reason"
}

ping_figures() { # SUBJECT NETNS ADDRESS
    local both=''
    both=$(traffic "$2" ping "$3" "$pings" 2>"$TEMP/error") || true
    cp "$TEMP/error" "$TEMP/ping-error"
    figure ping_p50 "$1" us less first_word "$both"
    figure ping_p99 "$1" us less first_word "${both#* }"
}
first_word() {
    cat "$TEMP/ping-error" >&2
    echo "${1%% *}"
}
tunnel_figures() { # SUBJECT NETNS ADDRESS: from NETNS to the traffic server at ADDRESS
    local size
    if ! within $START_SECONDS traffic "$2" ping "$3" 1; then
        reason="no answer from $3 within $START_SECONDS s; $(cat "$TEMP"/[ab]/log 2>/dev/null | tail -n 2 | paste -sd ' ')"
        missing "$1"
        return 0
    fi
    ping_figures "$1" "$2" "$3"
    figure tcp1 "$1" Gbit/s more traffic "$2" tcp "$3" $TRAFFIC_PORT 1 "$tcp_ms"
    watch_heat
    figure tcp4 "$1" Gbit/s more traffic "$2" tcp "$3" $TRAFFIC_PORT 4 "$tcp_ms"
    for size in 64 512 1300; do
        figure udp$size "$1" kpps more traffic "$2" udp "$3" $TRAFFIC_PORT $size "$udp_ms"
    done
    watch_heat
}
describe_weft() { put v weft "$(weft version 2>/dev/null | sed 's/^weft *//')" "$(weft_isa a)"; }

# ---- a round of each kind -----------------------------------------------------------------------
new_keys() {
    key_a=$(weft genkey) key_b=$(weft genkey)
    public_a=$(weft pubkey <<<"$key_a") public_b=$(weft pubkey <<<"$key_b")
}
connect_pair() { # SUBJECT: leaves $address, which is b's
    case $1 in
    veth) address=$OUTER_B ;;
    weft)
        address=$WEFT_B
        start_weft b b $WEFT_B $WEFT_A "$key_b" "$public_a" "$OUTER_A:$WEFT_PORT" &&
            start_weft a a $WEFT_A $WEFT_B "$key_a" "$public_b" "$OUTER_B:$WEFT_PORT"
        ;;
    wireguard)
        address=$KERNEL_B
        start_wireguard b b b $KERNEL_B $KERNEL_A "$key_b" "$public_a" "$OUTER_A:$KERNEL_PORT" &&
            start_wireguard a a a $KERNEL_A $KERNEL_B "$key_a" "$public_b" "$OUTER_B:$KERNEL_PORT"
        ;;
    esac
}
local_round() { # SUBJECT
    local address=''
    new_keys
    make_pair
    if connect_pair "$1" && start_server b; then
        tunnel_figures "$1" a "$address"
        [ "$1" != weft ] || describe_weft
    else
        missing "$1"
    fi
    remove_pair
}
missing() { # SUBJECT: weft is what this is about; the others are there or not
    if [ "$1" = weft ]; then
        put f start weft "" "" "$reason"
        say "   weft: $reason"
    else
        absent "$1"
    fi
}
peer_round() { # SUBJECT: to the machine that serves
    local key=${token%%:*} public=${token##*:} server=$WEFT_BENCH_HOST
    case $1 in
    plain) tunnel_figures plain "" "$server" ;;
    weft)
        if start_weft a "" $WEFT_A $WEFT_B "$key" "$public" "$server:$WEFT_PORT"; then
            tunnel_figures weft "" $WEFT_B
            describe_weft
        else
            missing weft
        fi
        stop_daemons
        ;;
    wireguard)
        ip netns add k
        if start_wireguard a "" k $KERNEL_A $KERNEL_B "$key" "$public" "$server:$KERNEL_PORT"; then
            tunnel_figures wireguard k $KERNEL_B
        else
            absent wireguard
        fi
        ip netns del k
        ;;
    esac
}

micro_round() {
    local library size rate
    for library in weft libsodium openssl; do
        [ -x "$WEFT_BUILD/bench/weft-bench-aead-$library" ] || continue
        # shellcheck disable=SC2086
        $EMULATOR "$WEFT_BUILD/bench/weft-bench-aead-$library" --milliseconds "$micro_ms" 2>"$TEMP/error" |
            awk -F '\t' -v OFS='\t' '{ subject = $1 == "weft" ? "weft-" $2 : $1
                if (!told[subject]++) print "v", subject, $3, $2
                print "s", "micro " $4 " x" $6 "/" $5, subject, "ns", "less", $7 }' >>"$raw" ||
            put f "micro" "$library" ns less "$(log_tail "$TEMP/error")"
    done
    if is_emulated || ! command -v openssl >/dev/null; then return 0; fi # the machine's own, not the emulated one's
    put v openssl-speed "$(openssl version | cut -d' ' -f2)" ""
    for size in 64 256 576 1420 8900; do # +F:NUMBER:NAME:BYTES PER SECOND
        rate=$(openssl speed -mr -seconds 1 -bytes $size -evp chacha20-poly1305 2>/dev/null |
            awk -F: '/^\+F/ { print $NF }') || true
        [ -z "$rate" ] || put s "micro seal x1/$size" openssl-speed ns less "$(awk "BEGIN { print $size / $rate * 1e9 }")"
    done
}
pipeline_round() {
    local kind
    for kind in real null; do
        # shellcheck disable=SC2086
        $EMULATOR "$WEFT_BUILD/bench/weft-bench-pipeline-$kind" "$pipeline_ms" 2>"$TEMP/error" |
            awk -F '\t' -v OFS='\t' '{ subject = $1 == "null" ? "ceiling" : "weft-" $1
                print "s", "pipeline " $2 "/out", subject, "ns", "less", $3
                print "s", "pipeline " $2 "/in", subject, "ns", "less", $4
                print "s", "pipeline " $2 "/lost", subject, "packets", "less", $6 }' >>"$raw" ||
            put f "pipeline" "$kind" ns less "$(log_tail "$TEMP/error")"
    done
}

# ---- modes ---------------------------------------------------------------------------------------
serve() {
    new_keys
    start_weft b "" $WEFT_B $WEFT_A "$key_b" "$public_a" || die "$reason"
    start_server "" || die "$reason"
    ip netns add k
    if start_wireguard b "" k $KERNEL_B $KERNEL_A "$key_b" "$public_a" && start_server k; then
        say "the kernel's WireGuard is served too"
    else
        say "without the kernel's WireGuard: $reason"
    fi
    say "on the other machine, where $(hostname -I 2>/dev/null | cut -d' ' -f1) is one of the addresses of this one:"
    echo "./bench/run.sh board --peer $(hostname -I 2>/dev/null | cut -d' ' -f1) --token $key_a:$public_b --port $PORT"
    say "serving until Ctrl-C; traffic is taken from whoever reaches TCP and UDP port $TRAFFIC_PORT"
    wait -n "${daemons[@]}" || true
    die "a daemon ended: $(cat "$TEMP"/b/log "$TEMP"/server*.log | tail -n 3 | paste -sd ' ')"
}

measure() {
    local repeat subject subjects=(veth weft wireguard) before
    [ $mode = local ] || subjects=(plain weft wireguard)
    before=$(temperature)
    watch_heat
    for ((repeat = 1; repeat <= repeats; repeat++)); do
        for subject in "${subjects[@]}"; do
            say "[$repeat/$repeats] $subject"
            "${mode}_round" "$subject"
        done
        say "[$repeat/$repeats] micro, pipeline"
        micro_round
        watch_heat
        pipeline_round
        watch_heat
    done
    put v wireguard "Linux $(uname -r)" ""
    {
        machine_facts
        heat_facts "$before"
        printf 'h\t%s\t%s\n' mode $mode repeats "$repeats" length $length
    } >>"$raw"
}
publish() {
    local stem=${json%.json} file
    mkdir -p "$(dirname "$json")"
    awk -v want=json -f "$HERE/report.awk" "$raw" >"$json"
    awk -v want=markdown -f "$HERE/report.awk" "$raw" >"$stem.md"
    awk -v want=svg -f "$HERE/report.awk" "$raw" >"$stem.svg"
    for file in "$json" "$stem.md" "$stem.svg"; do
        chown --reference="$WEFT_ROOT" "$file" 2>/dev/null || true
    done
    cat "$stem.md"
    say ""
    say "$json, .md and .svg are written. To paste:"
    say ""
    awk -v want=paragraph -f "$HERE/report.awk" "$raw"
}

if [ $mode = serve ]; then
    serve
fi
measure
publish
! grep -q "^f" "$raw"
