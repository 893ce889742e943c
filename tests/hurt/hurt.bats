#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Hostile datagrams against a running daemon, from the bridge between the nodes: noise, messages with
# right heads, indices and MAC1, and every size there is. Nothing without a right MAC1 is answered,
# nothing grows, and an established peer's flow goes on. Default size: seconds. WEFT_FULL=yes: 1e8 and
# 1e7 datagrams at WEFT_HURT_RATE a second, every size. What was measured is printed.

load ../netns/helpers

ATTACKER4=192.0.2.250
ATTACKER6=2001:db8::250
VICTIM4="192.0.2.1:51840"
VICTIM6="[2001:db8::1]:51840"
SEED=${WEFT_SEED:-1}
RSS_GROWTH_KB=8192

if [ "${WEFT_FULL:-no}" = yes ]; then
    export BATS_TEST_TIMEOUT=3300
    NOISE=${WEFT_HURT_NOISE:-100000000} STRUCTURED=${WEFT_HURT_STRUCTURED:-10000000}
    RATE=${WEFT_HURT_RATE:-100000} LOSS_PPM=${WEFT_HURT_LOSS_PPM:-1000} STEP=1
else # on two shared cores the loss is only told, but for a flow that has all but stopped
    NOISE=200000 STRUCTURED=200000 RATE=50000 LOSS_PPM=500000 STEP=127
fi

setup_file() {
    lab_up 2
    inside net ip address add $ATTACKER4/24 dev br0
    inside net ip address add $ATTACKER6/64 dev br0 nodad
    # What comes back to the attacker: cookie replies, and all else but neighbour discovery.
    inside net nft -f - <<NFT
table inet hurt {
    counter cookies { }
    counter others { }
    chain answers {
        type filter hook input priority -300
        icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } return
        ip daddr != $ATTACKER4 return
        ip6 daddr != $ATTACKER6 return
        udp sport 51840 udp length 72 @th,64,32 0x03000000 counter name cookies return
        counter name others
    }
}
NFT
    record_handshake
}
teardown_file() { lab_down; }

# What an attacker on the way has seen: a handshake of b with a, and data.
record_handshake() {
    local file=$BATS_FILE_TMPDIR/seen.pcap capture
    "$LAB" exec net -- tcpdump -i br0 --immediate-mode -U -Z root -w "$file" udp port 51840 2>"$file.log" 3>&- &
    capture=$!
    eventually 5 grep -q 'listening on' "$file.log"
    "$LAB" peer b weft
    inside b ping -q -c 20 -i 0.05 -W 3 10.44.0.1
    sleep 0.3
    kill -INT $capture
    wait $capture || true
}

hurt() { # MODE COUNT [TO [OPTION...]]: from the bridge; prints what was sent
    inside net "$WEFT_BUILD/tests/hurt_datagrams" --mode "$1" --count "$2" --to "${3:-$VICTIM4}" \
        --key "$(cat "$WEFT_LAB_DIR/a/public.key")" --seed "$SEED" --rate "$RATE" \
        --record "$BATS_FILE_TMPDIR/seen.pcap" "${@:4}"
}
answers() { # cookies|others
    inside net nft -j list counter inet hurt "$1" | jq '.nftables[] | .counter? // empty | .packets'
}
rss_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$("$LAB" pid a)/status"; }
descriptors() { find "/proc/$("$LAB" pid a)/fd" -mindepth 1 | wc -l; }
drops_of_a() { inside a weft status --json | jq -c '.drops | with_entries(select(.value > 0))'; }

# unhurt PID DESCRIPTORS RSS: the same process, as large as it was.
unhurt() {
    [ "$("$LAB" pid a)" = "$1" ]
    eventually 10 test "$(descriptors)" = "$2"
    [ $(($(rss_kb) - $3)) -le $RSS_GROWTH_KB ]
    inside b ping -q -c 3 -i 0.2 -W 5 10.44.0.1
}

@test "noise and forged messages: alive, silent, no larger, and the flow goes on" {
    local pid fds rss server overflowed sent cookies lost report=$BATS_TEST_TMPDIR/flow.json
    local seconds=$((4 + (NOISE + STRUCTURED) / RATE))
    hurt random 20000 && hurt structured 20000 # memory that is used for the first time
    pid=$("$LAB" pid a) fds=$(descriptors) rss=$(rss_kb) cookies=$(answers cookies)

    inside a1 timeout $((seconds + 60)) iperf3 -s -1 >"$report.server" 2>&1 3>&- &
    server=$!
    eventually 5 listens a1 5201
    overflowed=$(udp_overflows a1)
    inside b1 timeout $((seconds + 60)) iperf3 -c 10.44.0.10 -u -l 1200 -b 100M -t $seconds -w 400K -J \
        >"$report" 3>&- &
    sleep 1
    hurt random "$NOISE" | tee "$BATS_TEST_TMPDIR/random"
    [ "$(answers cookies)" = "$cookies" ]
    hurt structured "$STRUCTURED" | tee "$BATS_TEST_TMPDIR/structured"
    wait $server
    overflowed=$(($(udp_overflows a1) - overflowed))

    sent=$(jq .with_mac1 "$BATS_TEST_TMPDIR/structured")
    cookies=$(($(answers cookies) - cookies))
    lost=$(jq --argjson overflowed "$overflowed" '.end.sum |
        1000000 * ([.lost_packets - $overflowed, 0] | max) / .packets | round' "$report")
    echo "# $(jq -c . "$BATS_TEST_TMPDIR"/{random,structured} | tr '\n' ' ')" \
        "cookie replies $cookies, flow lost $lost ppm" \
        "($(jq -c '.end.sum | {packets, lost_packets, bits_per_second}' "$report"), overflowed $overflowed)" \
        "RSS $rss -> $(rss_kb) KiB, drops $(drops_of_a)" >&3
    [ "$(answers others)" = 0 ]
    [ "$cookies" -le "$sent" ] # a cookie reply has 64 bytes, what it answers at least 92
    unhurt "$pid" "$fds" "$rss"
    [ "$lost" -le "$LOSS_PPM" ]
}

@test "every size from nothing to the largest, to each socket family" {
    local pid fds rss cookies victim
    pid=$("$LAB" pid a) fds=$(descriptors) rss=$(rss_kb) cookies=$(answers cookies)
    for victim in "$VICTIM4" "$VICTIM6"; do
        hurt sweep 0 "$victim" --step $STEP
    done
    [ "$(answers others)" = 0 ]
    [ "$(answers cookies)" = "$cookies" ]
    unhurt "$pid" "$fds" "$rss"
}
