# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For the .bats files of netns and interop: a lab of its own for each file, and short names.

ROOT=$(cd "${BATS_TEST_DIRNAME}/../.." && pwd)
export WEFT_BUILD=${WEFT_BUILD:-$ROOT/build/release}
export WEFT_INSTALL=no
export LAB=$ROOT/packaging/lab.sh
export WEFT_LAB_DIR=${BATS_FILE_TMPDIR:-/tmp}/lab

# lab_up N [VARIABLE=VALUE...]
lab_up() {
    local nodes=$1
    shift
    env "$@" "$LAB" up "$nodes"
}
lab_down() { "$LAB" down; }
inside() { # WHERE CMD...
    local where=$1
    shift
    "$LAB" exec "$where" -- "$@"
}

fails() { # CMD...: "! CMD" would not fail a test
    if "$@"; then return 1; fi
}

# eventually SECONDS CMD...: until it succeeds.
eventually() {
    local until=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$until" ] || return 1
        sleep 0.1
    done
}

session_up() { # NODE: with every peer
    inside "$1" weft status --json | jq -e '.peers | length > 0 and all(.session == "up")'
}

# tcp_transfer FROM TO ADDRESS MEGABYTES: random bytes arrive with the same checksum.
tcp_transfer() {
    local from=$1 to=$2 address=$3 file=$BATS_TEST_TMPDIR/sent server listen=TCP4-LISTEN connect=TCP4
    case $address in *:*) listen=TCP6-LISTEN connect=TCP6 address=[$address] ;; esac
    head -c "$4"M /dev/urandom >"$file"
    inside "$to" timeout 60 socat -u "$listen:7000,reuseaddr" "CREATE:$file.received" 3>&- &
    server=$!
    eventually 5 listens "$to" 7000
    inside "$from" timeout 60 socat -u "OPEN:$file" "$connect:$address:7000"
    wait $server
    cmp "$file" "$file.received"
}
listens() { [ -n "$(inside "$1" ss -Hltn "sport = :$2")" ]; } # WHERE PORT

# udp_transfer FROM TO ADDRESS [SECONDS [RATE]]: iperf3, 1200-byte datagrams at 20 Mbit/s; less than 1 % lost
# on the way. What a receiver that got no processor for 50 ms let overflow in its own socket was delivered.
udp_transfer() {
    local server report=$BATS_TEST_TMPDIR/udp.json overflowed node
    inside "$2" timeout 30 iperf3 -s -1 >"$report.server" 2>&1 3>&- &
    server=$!
    eventually 5 listens "$2" 5201
    overflowed=$(udp_overflows "$2")
    inside "$1" timeout 20 iperf3 -c "$3" -u -l 1200 -b "${5:-20M}" -t "${4:-3}" -w 400K -J >"$report"
    wait $server
    overflowed=$(($(udp_overflows "$2") - overflowed))
    jq -e --argjson overflowed "$overflowed" '.end.sum |
        .packets > 1000 and (.lost_packets - $overflowed) / .packets < 0.01' "$report" && return 0
    jq -c .end.sum "$report"
    echo "overflowed at the receiver: $overflowed"
    for node in "${1%%[0-9]*}" "${2%%[0-9]*}"; do
        inside "$node" weft status --json | jq -c '{node, drops}'
        inside "$node" nstat -asz 'Udp*Errors' 'Ip*Discards'
    done
    return 1
}
udp_overflows() { inside "$1" nstat -asz UdpRcvbufErrors Udp6RcvbufErrors | awk '/RcvbufErrors/ { n += $2 } END { print n }'; }

pings_between() { # WHERE ADDRESS...
    local where=$1 address
    shift
    for address; do inside "$where" ping -q -c 2 -i 0.1 -W 3 "$address" || return 1; done
}

# nothing_in_clear FROM TO ADDRESS...: TCP and UDP to each address, the payload a marker again and again. The
# same search finds it at the receiver's own interface, and nowhere in what crosses the bridge meanwhile.
MARKER=weft-marker-16by
nothing_in_clear() {
    local from=$1 to=$2 address file=$BATS_TEST_TMPDIR/marker kind wire inside
    shift 2
    yes -- "$MARKER" | tr -d '\n' | head -c 256K >"$file"
    capture net br0 "$file.wire"
    wire=$!
    capture "$to" any "$file.inside"
    inside=$!
    for address; do
        for kind in TCP UDP; do send_marker "$from" "$to" "$address" $kind "$file"; done
    done
    eventually 10 grep -aq "$MARKER" "$file.inside.pcap"
    eventually 10 captured "$file.wire.pcap" 64K # the wire is slower than its capture is buffered
    kill -INT $wire $inside
    wait $wire $inside || true
    echo "inside $(markers_in "$file.inside.pcap"), on the wire $(markers_in "$file.wire.pcap")"
    [ "$(markers_in "$file.inside.pcap")" -gt 1000 ] && [ "$(markers_in "$file.wire.pcap")" = 0 ]
}
markers_in() { { grep -ao "$MARKER" "$1" || true; } | wc -l; }
captured() { [ "$(stat -c %s "$1")" -gt "$(numfmt --from=iec "$2")" ]; } # FILE SIZE
capture() { # WHERE INTERFACE FILE: FILE.pcap in the background, once it has begun
    "$LAB" exec "$1" -- tcpdump -n -i "$2" --immediate-mode -U -Z root -B 16384 -w "$3.pcap" 2>"$3.log" 3>&- &
    eventually 5 grep -q 'listening on' "$3.log"
}
send_marker() { # FROM TO ADDRESS TCP|UDP FILE
    local server number=4 address=$3
    case $3 in *:*) number=6 address=[$3] ;; esac
    if [ "$4" = TCP ]; then
        inside "$2" timeout 60 socat -u "TCP$number-LISTEN:7001,reuseaddr" OPEN:/dev/null 3>&- &
        server=$!
        eventually 5 listens "$2" 7001
        inside "$1" timeout 60 socat -u "OPEN:$5" "TCP$number:$address:7001"
        wait $server
    else # whoever gets it: it is looked for on the way
        head -c 32K "$5" | inside "$1" timeout 60 socat -u -b 1024 - "UDP$number-SENDTO:$address:7001"
    fi
}
