# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The cases of this folder, each a function: weft is the lab's node a, its rival node b. A peer that is set
# anew on both sides, with the other's endpoint on one side only, makes that side the initiator.

load ../netns/helpers
load vm

export BATS_TEST_TIMEOUT=300
RELAY4=192.0.2.100
FLOODER4=192.0.2.101
export NO_PSK=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

# rival_up KIND [FOLDER]: weft-lab's kinds, or "kernel" with the folder of its machine. The wire is searched for
# the marker, from now to rival_down.
rival_up() {
    lab_up 2
    inside net ip addr add $RELAY4/24 dev br0
    inside net ip addr add $FLOODER4/24 dev br0
    watch_wire
    case $1 in
    kernel) vm_start "$2" ;;
    *) "$LAB" peer b "$1" ;;
    esac
    echo "$1" >"$WEFT_LAB_DIR/rival"
}
rival_down() { lab_down; }
no_rival() { tail -n 1 >"$BATS_FILE_TMPDIR/no_rival"; } # why, from stdin: every case is skipped
setup() { [ ! -e "$BATS_FILE_TMPDIR/no_rival" ] || skip "$(<"$BATS_FILE_TMPDIR/no_rival")"; }
rival_is() { [ "$(<"$WEFT_LAB_DIR/rival")" = "$1" ]; }

started=() # in the background by this case; one that fails does not get to end them
teardown() { [ ${#started[@]} = 0 ] || kill "${started[@]}" 2>/dev/null || true; }

watch_wire() {
    local log=$WEFT_LAB_DIR/wire
    "$LAB" exec net -- tcpdump -i br0 --immediate-mode -U -Z root -B 16384 -w - "udp and not host $FLOODER4" \
        2>"$log.log" 3>&- </dev/null | { grep -ao "$MARKER" || true; } >"$log.markers" 3>&- &
    eventually 5 grep -q 'listening on' "$log.log"
}

on() { # a|b CMD...
    local side=$1
    shift
    if [ "$side" = b ] && rival_is kernel; then vm "$@"; else inside "$side" "$@"; fi
}
other() { [ "$1" = a ] && echo b || echo a; }
key_of() { cat "$WEFT_LAB_DIR/$1/public.key"; }
inner() { # a|b FAMILY: that side's address in the overlay
    case $1$2 in a4) echo 10.44.0.1 ;; a6) echo fd44::1 ;; b4) echo 10.44.1.1 ;; b6) echo fd44:0:0:1::1 ;; esac
}
outer() { # a|b FAMILY: its endpoint
    case $1$2 in
    a4) echo 192.0.2.1:51840 ;; a6) echo '[2001:db8::1]:51840' ;;
    b4) echo 192.0.2.2:51840 ;; b6) echo '[2001:db8::2]:51840' ;;
    esac
}
endpoint_at() { on "$1" wg show weft0 endpoints | cut -f2; } # SIDE: where it believes the other to be
transfer_at() { on "$1" wg show weft0 transfer | cut -f2-; } # SIDE: RECEIVED SENT
has_endpoint() { [ "$(endpoint_at "$1")" = "$2" ]; }
ping_from() { on "$1" ping -q -c 1 -W 1 "$(inner "$(other "$1")" "${2:-4}")" >/dev/null; } # SIDE [FAMILY]

# set_peer SIDE ENDPOINT|none PSK [OPTION...]: the other side as a new peer. Who uses wg sets routes himself; weft
# has taken away those of the peer that its configuration named.
set_peer() {
    local side=$1 endpoint=$2 psk=$3 key block4=10.44.0.0/24 block6=fd44::/64
    shift 3
    key=$(key_of "$(other "$side")")
    [ "$side" = b ] || block4=10.44.1.0/24 block6=fd44:0:0:1::/64
    if [ "$endpoint" = none ]; then endpoint=''; else endpoint="endpoint $endpoint"; fi
    on "$side" sh -c "wg set weft0 peer $key remove && echo $psk |
        wg set weft0 peer $key preshared-key /dev/stdin allowed-ips $block4,$block6 $endpoint $* &&
        ip route replace $block4 dev weft0 && ip -6 route replace $block6 dev weft0"
}
# meet INITIATOR [FAMILY [PSK]]: a new session. Wherever IPv6 is outside, pings are repeated: wireguard-go of 2025
# and 2026 sends to the first four bytes of an IPv6 address from each buffer that it has used for IPv4 before.
meet() {
    local responder
    responder=$(other "$1")
    set_peer "$responder" none "${3:-$NO_PSK}"
    set_peer "$1" "$(outer "$responder" "${2:-4}")" "${3:-$NO_PSK}"
    eventually 30 ping_from "$1"
}

both_ways() {
    local pattern
    pattern=$(printf %s "$MARKER" | od -An -tx1 | tr -d ' \n')
    eventually 10 inside a ping -q -c 2 -i 0.1 -W 3 -p "$pattern" 10.44.1.1 >/dev/null
    eventually 10 inside a ping -q -c 2 -i 0.1 -W 3 -p "$pattern" fd44:0:0:1::1 >/dev/null
    eventually 10 ping_from b 4
    eventually 10 ping_from b 6
}

# ---- cases ---------------------------------------------------------------------------------------
either_initiates() {
    local family side
    for family in 4 6; do
        for side in a b; do
            meet $side $family
            has_endpoint "$(other $side)" "$(outer $side $family)"
            both_ways
        done
    done
}

# Bytes arrive intact: between containers; with the machine, which has none, from node to node.
transfers() {
    local file=$BATS_TEST_TMPDIR/bytes server
    meet a
    if ! rival_is kernel; then
        tcp_transfer a1 b1 10.44.1.10 20
        tcp_transfer b1 a1 fd44::10 20
        udp_transfer b1 a1 fd44::10 1 # not to the rival: what its socket overflows with is not weft's loss
        return
    fi
    head -c 4M /dev/urandom >"$file"
    vm sh -c "nc -l -p 7000 >/tmp/bytes &"
    inside a timeout 60 socat -u "OPEN:$file" TCP4:10.44.1.1:7000,retry=20,interval=0.2
    "$LAB" exec a -- timeout 60 socat -u TCP6-LISTEN:7000,reuseaddr "CREATE:$file.back" 3>&- &
    server=$!
    eventually 5 listens a 7000
    vm nc fd44::1 7000 -e cat /tmp/bytes
    wait $server
    cmp "$file" "$file.back"
}

preshared_key() {
    local first second third
    first=$(wg genpsk) second=$(wg genpsk) third=$(wg genpsk)
    meet b 4 "$first"
    both_ways
    meet a 4 "$first"
    # Changed at one side while in use: the session goes on, and the next handshake takes the new key.
    if ! rival_is boringtun; then # changing a peer makes it panic
        change_psk b "$second"
        both_ways
        set_peer a "$(outer b 4)" "$second"
        eventually 10 ping_from a
        meet b 4 "$first"
    fi
    change_psk a "$third"
    both_ways
    set_peer b "$(outer a 4)" "$third"
    eventually 10 ping_from b
    # A wrong one: no session, from neither side.
    set_peer a "$(outer b 4)" "$first"
    fails ping_from a
    fails ping_from b
    [ "$(inside a wg show weft0 latest-handshakes | cut -f2)" = 0 ]
}
change_psk() { # SIDE PSK
    on "$1" sh -c "echo $2 | wg set weft0 peer $(key_of "$(other "$1")") preshared-key /dev/stdin"
}

# move SIDE FAMILY: to another address, then to another port, and back; the other side follows each time.
move() {
    local side=$1 family=$2 witness old new prefix=24 flags=
    witness=$(other "$side")
    old=$(outer "$side" "$family" | sed 's/:51840$//; s/[][]//g')
    new=192.0.2.77
    if [ "$family" = 6 ]; then
        new=2001:db8::77 prefix=64 flags=nodad
        if [ "$side" = b ] && rival_is kernel; then flags=; fi # the machine looks for no duplicates
    fi
    meet "$witness" "$family"
    on "$side" sh -c "ip addr del $old/$prefix dev eth0 && ip addr add $new/$prefix dev eth0 $flags"
    # wireguard-go gives its source address up at EINVAL only, and new kernels say ENETUNREACH; boringtun's socket is
    # connected. Setting the port opens them anew.
    if [ "$side" = b ] && ! rival_is kernel; then inside b wg set weft0 listen-port 51840; fi
    follows "$witness" "$new" 51840
    on "$side" wg set weft0 listen-port 51999
    follows "$witness" "$new" 51999
    on "$side" sh -c "ip addr del $new/$prefix dev eth0 && ip addr add $old/$prefix dev eth0 $flags"
    on "$side" wg set weft0 listen-port 51840
    follows "$witness" "$old" 51840
}
follows() { # WITNESS ADDRESS PORT: once the one that moved has sent something
    case $2 in *:*) set -- "$1" "[$2]" "$3" ;; esac
    eventually 10 ping_from "$(other "$1")"
    has_endpoint "$1" "$2:$3"
    eventually 10 ping_from "$1" 4
    eventually 10 ping_from "$1" 6
}

# Either side starts again and has no session, whereas the other has and sends. Weft comes back with its
# configuration, endpoint and keepalive.
restart() {
    meet b
    "$LAB" peer a weft
    eventually 25 ping_from b
    both_ways
    meet a
    case $(<"$WEFT_LAB_DIR/rival") in
    kernel)
        vm ip link set weft0 down
        vm_interface_up
        ;;
    *) "$LAB" peer b "$(<"$WEFT_LAB_DIR/rival")" ;;
    esac
    eventually 25 ping_from a
    both_ways
}

# cookie LOADED: initiations with a valid mac1 fill its queue; the other side's comes back with a mac2.
cookie() {
    local loaded=$1 initiator flood capture round burst=2000 pause=0.3 log=$BATS_TEST_TMPDIR/cookie
    if [ "$loaded" = b ] && rival_is kernel; then burst=1000 pause=0.7; fi # that much fits a tap's queue
    initiator=$(other "$loaded")
    : >"$log.flood"
    "$LAB" exec net -- python3 "$BATS_TEST_DIRNAME/flood.py" "$(key_of "$loaded")" "$(outer "$loaded" 4 | cut -d: -f1)" 51840 \
        $FLOODER4 $burst $pause >"$log.flood" 2>&1 3>&- &
    flood=$!
    started+=($!)
    eventually 20 grep -q cookie "$log.flood"
    # Of the message at udp[8]: its type, and mac2 at 132 (initiation); a cookie reply is type 3.
    "$LAB" exec net -- tcpdump -l -n -i br0 -Z root "src $(outer "$initiator" 4 | cut -d: -f1) and udp dst port 51840 and
        udp[8:4] = 0x01000000 and udp[140:4] != 0" >"$log.mac2" 2>"$log.log" 3>&- </dev/null &
    capture=$!
    started+=($!)
    eventually 5 grep -q 'listening on' "$log.log"
    for round in 1 2 3; do # by chance the queue is short when the initiation comes
        set_peer "$loaded" none "$NO_PSK"
        set_peer "$initiator" "$(outer "$loaded" 4)" "$NO_PSK" persistent-keepalive 1
        ! eventually 17 test -s "$log.mac2" || break
        echo "round $round: no cookie was used"
    done
    cat "$log.mac2"
    [ -s "$log.mac2" ]
    eventually 20 ping_from "$initiator" # while the flood goes on
    kill $flood $capture
    wait $flood $capture || true
    eventually 10 ping_from "$loaded"
}

# reordering DEPTH: echo requests and their replies through relay.py. What is thrown away for having been overtaken
# is missing at the receiver; so is what its socket had no room for, and of that the number is known.
reordering() {
    local relay pings=() before_a before_b log=$BATS_TEST_TMPDIR/relay
    "$LAB" exec net -- python3 "$BATS_TEST_DIRNAME/relay.py" $RELAY4 7001 7002 192.0.2.1 192.0.2.2 51840 "$1" \
        >"$log" 2>&1 3>&- &
    relay=$!
    started+=($!)
    eventually 5 grep -q ready "$log"
    set_peer b none "$NO_PSK"
    set_peer a $RELAY4:7001 "$NO_PSK"
    eventually 10 ping_from a
    has_endpoint b $RELAY4:7002
    before_a=$(unexplained a) before_b=$(unexplained b)
    for _ in {1..10}; do # one alone slows down when replies are late
        "$LAB" exec a -- ping -q -c 500 -i 0.01 10.44.1.1 >"$log.ping" 3>&- &
        pings+=($!)
    done
    started+=("${pings[@]}")
    eventually 90 reordered 'A>B' "$log"
    eventually 30 reordered 'B>A' "$log"
    eventually 20 all_accepted a "$before_a"
    eventually 20 all_accepted b "$before_b"
    kill $relay "${pings[@]}" 2>/dev/null || true # a ping may have had all its replies
    wait $relay "${pings[@]}" || true
}
reordered() { # WAY RELAY'S LOG: thousands came, and some hundreds were overtaken
    awk -v way="$1" '$1 == way && $2 > 3600 && $3 > 200 { found = 1 } END { exit !found }' "$2"
}
all_accepted() { # SENDER UNEXPLAINED-BEFORE
    [ "$(unexplained "$1")" -le "$2" ]
}
unexplained() { # SENDER: of its echo messages, how many the other neither got nor found no room for
    local sent=Icmp:OutEchos got=Icmp:InEchos receiver
    [ "$1" = a ] || { sent=Icmp:OutEchoReps && got=Icmp:InEchoReps; }
    receiver=$(other "$1")
    echo $(($(counter "$1" $sent) - $(counter "$receiver" $got) - $(counter "$receiver" Udp:RcvbufErrors)))
}
counter() { # SIDE PROTOCOL:NAME of /proc/net/snmp, where a line of names goes before each line of values
    on "$1" cat /proc/net/snmp | awk -v wanted="$2" '
        $1 != names { names = $1; for (i = 2; i <= NF; i++) column[$1 $i] = i; next }
        index(wanted, $1) == 1 { print $column[wanted] }'
}

# What one side has sent the other has received, to the byte, handshakes and keepalives included. Who is still under
# load answers an initiation with a cookie alone and counts it for nobody: then they meet anew.
counters() {
    local try
    for try in 1 2 3; do
        meet a
        both_ways
        inside a ping -q -c 300 -i 0.002 -s 1000 10.44.1.1
        ! eventually 10 counters_agree || return 0
        echo "try $try: received and sent at a $(transfer_at a), at b $(transfer_at b)"
    done
    return 1
}
counters_agree() { # read at a, b, a: equal only when nothing moved meanwhile
    local first received sent
    first=$(transfer_at a)
    read -r received sent <<<"$first"
    [ "$received" -gt 300000 ] && [ "$(transfer_at b)" = "$sent"$'\t'"$received" ] && [ "$(transfer_at a)" = "$first" ]
}

# A keepalive alone begins a session that the responder then uses, and goes on once a second, as 32 bytes: by
# weft's count, which `counters` compares.
keepalive() {
    local side=$1 witness column=2 before
    witness=$(other "$side")
    [ "$side" = a ] || column=1
    set_peer "$witness" none "$NO_PSK"
    set_peer "$side" "$(outer "$witness" 4)" "$NO_PSK" persistent-keepalive 1
    eventually 10 has_endpoint "$witness" "$(outer "$side" 4)"
    eventually 5 ping_from "$witness"
    before=$(transfer_at a | cut -f$column)
    eventually 10 counted_more $column $((before + 96))
    [ $((($(transfer_at a | cut -f$column) - before) % 32)) = 0 ]
    ping_from "$witness"
}
counted_more() { [ "$(transfer_at a | cut -f"$1")" -ge "$2" ]; } # COLUMN BYTES

# Every size up to the MTU, which with 80 bytes around it is exactly 1,500, over both families; not one of the
# outer packets was cut.
mtu_edge() {
    local family size before
    before=$(fragments)
    for family in 4 6; do
        meet a $family
        for size in {1375..1392}; do
            eventually 20 inside a ping -q -c 1 -W 2 -M "do" -s "$size" 10.44.1.1 >/dev/null
        done
        eventually 20 inside a ping -q -c 1 -W 2 -M "do" -s 1372 fd44:0:0:1::1 >/dev/null
    done
    [ "$(fragments)" = "$before" ]
}
fragments() { # made by either side
    local side
    for side in a b; do
        counter $side Ip:FragCreates
        on $side cat /proc/net/snmp6 | awk '/^Ip6FragCreates/ { print $2 }'
    done | awk '{ n += $1 } END { print n }'
}

# A congestion mark made on the way reaches the inner packet (RFC 6040): outside, hook "postrouting" marks what
# weft sends, "prerouting" what it receives. The echo's reply has its request's mark, and counts in both cases.
ecn() { # FAMILY OF THE OUTER PACKETS
    local hook interface ip=ip
    [ "$1" = 4 ] || ip=ip6
    meet a "$1"
    for hook in postrouting:oifname prerouting:iifname; do
        interface=${hook#*:}
        inside a nft -f - <<NFT
table inet marks {
    counter arrived {}
    chain underway {
        type filter hook ${hook%:*} priority mangle
        $interface "eth0" udp dport 51840 $ip ecn ect0 $ip ecn set ce
    }
    chain inner {
        type filter hook input priority filter
        iifname "weft0" ip ecn ce counter name arrived
        iifname "weft0" ip6 ecn ce counter name arrived
    }
}
NFT
        inside a ping -q -c 2 -i 0.1 -W 3 -Q 2 10.44.1.1
        inside a ping -q -c 2 -i 0.1 -W 3 -Q 2 fd44:0:0:1::1
        inside a nft -j list counter inet marks arrived | jq -e '.nftables[1].counter.packets == 4'
        inside a nft delete table inet marks
    done
}

# Handshakes go out as AF41; of data only the ECN bits show, and no DSCP.
traffic_class() {
    local file=$BATS_TEST_TMPDIR/class capture
    capture net br0 "$file"
    capture=$!
    started+=($!)
    meet a 4
    inside a ping -q -c 2 -i 0.1 -W 3 -Q 0xb9 10.44.1.1
    meet b 4
    meet a 6
    inside a ping -q -c 2 -i 0.1 -W 3 -Q 0xb9 10.44.1.1
    meet b 6
    sleep 0.3
    kill -INT $capture
    wait $capture || true
    [ "$(seen 'src 192.0.2.1 and (udp[8] = 1 or udp[8] = 2) and ip[1] = 0x88')" -ge 2 ]
    [ "$(seen 'src 192.0.2.1 and (udp[8] = 1 or udp[8] = 2) and ip[1] != 0x88')" = 0 ]
    [ "$(seen 'src 192.0.2.1 and udp[8] = 4 and ip[1] = 1')" -ge 2 ]
    [ "$(seen 'src 192.0.2.1 and udp[8] = 4 and ip[1] & 0xfc != 0')" = 0 ]
    [ "$(seen 'src 2001:db8::1 and (ip6[48] = 1 or ip6[48] = 2) and ip6[0:2] & 0xff0 = 0x880')" -ge 2 ]
    [ "$(seen 'src 2001:db8::1 and (ip6[48] = 1 or ip6[48] = 2) and ip6[0:2] & 0xff0 != 0x880')" = 0 ]
    [ "$(seen 'src 2001:db8::1 and ip6[48] = 4 and ip6[0:2] & 0xff0 = 0x10')" -ge 2 ]
    [ "$(seen 'src 2001:db8::1 and ip6[48] = 4 and ip6[0:2] & 0xfc0 != 0')" = 0 ]
}
seen() { tcpdump -nr "$BATS_TEST_TMPDIR/class.pcap" "udp port 51840 and $1" 2>/dev/null | wc -l; } # FILTER

# full: a session of either initiator is replaced after 120 s, under traffic both ways that misses nothing.
rekeyed_in_time() { # INITIATOR
    [ "${WEFT_FULL:-no}" = yes ] || skip "only tests/run.sh full waits for 120 s"
    local before
    meet "$1"
    before=$(inside a wg show weft0 latest-handshakes | cut -f2)
    inside a ping -q -i 0.02 -c 6750 -W 5 10.44.1.1 | tee "$BATS_TEST_TMPDIR/ping"
    grep ' 6750 received' "$BATS_TEST_TMPDIR/ping"
    [ "$(inside a wg show weft0 latest-handshakes | cut -f2)" -ge $((before + 120)) ]
    both_ways
}

nothing_was_in_clear() {
    local log=$BATS_TEST_TMPDIR/inside capture
    meet a
    capture a weft0 "$log"
    capture=$!
    started+=($!)
    both_ways
    eventually 5 grep -aq "$MARKER" "$log.pcap"
    kill -INT $capture
    wait $capture || true
    [ -e "$WEFT_LAB_DIR/wire.markers" ] && [ ! -s "$WEFT_LAB_DIR/wire.markers" ]
}
