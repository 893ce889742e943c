#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The guards of the pool. The stranger is the bridge between the nodes: a machine on their underlay that routes
# the pool to a node, has it on its link, and sends with addresses of it.

load helpers

STRANGER4=192.0.2.200 STRANGER6=2001:db8::c8

setup_file() {
    lab_up 2 WEFT_LAB_NETWORK=yes
    inside net ip addr add $STRANGER4/24 dev br0
    inside net ip addr add $STRANGER6/64 dev br0 nodad
    inside net ip addr add 10.44.9.9/32 dev lo
    inside net ip addr add fd44:0:0:9::9/128 dev lo nodad
    inside net ip route add 10.44.0.0/16 via 192.0.2.1
    inside net ip route add fd44::/48 via 2001:db8::1
    inside net ip route add 10.44.0.0/16 dev br0 table 100
    inside net ip route add fd44::/48 dev br0 table 100
    for family in -4 -6; do inside net ip $family rule add fwmark 1 lookup 100; done
    printf '\n[firewall]\n' >>"$(root_of a)/etc/weft/weft.toml"
}
teardown_file() { lab_down; }

root_of() { echo "/proc/$(cut -d' ' -f1 "$WEFT_LAB_DIR/$1/holder.pid")/root"; }
drops() { inside "$1" weft status --json | jq --arg key "firewall_$2" '.drops[$key] // 0'; } # NODE REASON
answers() { inside "$1" ping -q -c 1 -W 1 "$2" >/dev/null; }

# Whatever of the stranger's a container of a gets to see is counted there.
watch_containers() {
    local where
    for where in a1 a2; do
        inside $where nft -f - <<NFT
table inet watch
delete table inet watch
table inet watch {
    chain in {
        type filter hook prerouting priority -400
        ip saddr { $STRANGER4, 10.44.9.9 } counter
        ip6 saddr { $STRANGER6, fd44:0:0:9::9 } counter
    }
}
NFT
    done
}
seen_by_containers() {
    for where in a1 a2; do inside $where nft list table inet watch; done |
        awk '/packets/ { for (i = 1; i < NF; i++) if ($i == "packets") n += $(i + 1) } END { print n + 0 }'
}
# What leaves a by its uplink to the pool, after everybody's rules.
watch_uplink() {
    inside a nft -f - <<'NFT'
table inet watch
delete table inet watch
table inet watch {
    chain out {
        type filter hook postrouting priority 500
        oifname "eth0" ip daddr 10.44.0.0/16 counter
        oifname "eth0" ip6 daddr fd44::/48 counter
    }
}
NFT
}
left_by_uplink() {
    inside a nft list table inet watch |
        awk '/packets/ { for (i = 1; i < NF; i++) if ($i == "packets") n += $(i + 1) } END { print n + 0 }'
}

# How many of its pings were answered: of gateways, containers, another node's, nobody's; by a route through
# the node, on the link (mark 1: ARP, neighbour discovery), and from addresses of the pool.
answers_to_stranger() {
    # shellcheck disable=SC2016
    inside net bash -c '
        for address in 10.44.0.1 10.44.0.10 10.44.0.11 10.44.1.1 10.44.1.10 10.44.77.7 \
            fd44::1 fd44::10 fd44::11 fd44:0:0:1::1 fd44:0:0:1::10 fd44:0:0:77::7 \
            "-I 10.44.9.9 192.0.2.1" "-I 10.44.9.9 10.44.0.10" \
            "-I fd44:0:0:9::9 2001:db8::1" "-I fd44:0:0:9::9 fd44::10"; do
            ping -c 2 -i 0.1 -W 0.4 $address 2>/dev/null | grep -c "bytes from.*ttl=" &
            ping -m 1 -c 2 -i 0.1 -W 0.4 $address 2>/dev/null | grep -c "bytes from.*ttl=" &
        done
        wait' | awk '{ n += $1 } END { print n + 0 }'
}
no_stranger() {
    local answered
    watch_containers
    answered=$(answers_to_stranger)
    echo "answers: $answered, packets in containers: $(seen_by_containers)"
    [ "$answered" = 0 ] && [ "$(seen_by_containers)" = 0 ]
}

@test "a stranger gets no answer from the pool and nothing through, and status says that somebody tries" {
    no_stranger
    [ "$(drops a inbound)" -gt 10 ]
    [ "$(drops a arp)" -gt 0 ]
    run inside a weft status
    [ "$status" = 4 ]
    [[ $output == *"overlay addresses came from outside"* ]]
    answers a1 10.44.1.10
    answers b1 fd44::10
}

@test "the rules are readable: table, chains, sets, a comment and a counter for each rule" {
    inside a nft list ruleset >"$BATS_TEST_TMPDIR/rules"
    grep -q 'elements = { 10.44.0.0/16 }' "$BATS_TEST_TMPDIR/rules"
    grep -q 'elements = { fd44::/48 }' "$BATS_TEST_TMPDIR/rules"
    [ "$(grep -c 'counter packets' "$BATS_TEST_TMPDIR/rules")" = "$(grep -c 'counter packets.* comment "' "$BATS_TEST_TMPDIR/rules")" ]
}

owns() { inside "$1" weft check --json | jq -e '.checks[] | select(.name == "guards") | .detail | contains("nobody else")'; }
@test "a foreign flush of all rules changes nothing where the kernel knows owners" {
    owns a || skip "this kernel's tables have no lasting owner"
    inside a nft flush ruleset
    inside a nft list table inet weft | grep -q 'chain guard_in'
    fails inside a nft delete table inet weft
    no_stranger
}

@test "killed, and then everything flushed: nothing leaves in clear, and without the flush nothing enters" {
    kill -KILL "$("$LAB" pid a)"
    eventually 5 fails inside a ip link show dev weft0
    no_stranger
    watch_uplink
    fails answers a 10.44.1.1
    fails answers a1 10.44.1.10
    fails answers a1 fd44:0:0:1::10
    inside a nft flush ruleset
    watch_uplink
    fails answers a 10.44.1.1
    fails answers a1 10.44.1.10
    fails answers a1 fd44:0:0:1::10
    [ "$(left_by_uplink)" = 0 ]
    "$LAB" peer a weft
    eventually 10 answers a1 10.44.1.10
    no_stranger
}

@test "killed under a service manager that keeps its socket: a flush opens nothing, and the next daemon takes the tables back" {
    local by=$BATS_TEST_TMPDIR/manager manager mtu
    owns a || skip "this kernel's tables have no lasting owner"
    "$LAB" stop a
    inside a python3 "$ROOT/tests/netns/service_manager.py" "$by" weftd 3>&- >"$BATS_TEST_TMPDIR/log" 2>&1 &
    manager=$!
    eventually 10 answers a1 10.44.1.10
    grep -qw nft-owner "$by/kept"
    mtu=$(inside a cat /sys/class/net/weft0/mtu)
    kill -KILL "$(cat "$by/pid")"
    inside a nft flush ruleset
    fails inside a nft delete table inet weft
    inside a nft list table inet weft | grep -q 'chain guard_in'
    touch "$by/again"
    eventually 10 answers a1 10.44.1.10
    [ "$(inside a cat /sys/class/net/weft0/mtu)" = "$mtu" ] # of the underlay: its own does not count
    owns a
    inside a nft flush ruleset
    inside a weft down # the manager keeps nothing then
    nothing_of_it a
    wait $manager
    "$LAB" peer a weft
    eventually 10 answers a1 10.44.1.10
}

@test "stopped, the guards stay; weft down removes all of it; the guard alone holds before the daemon" {
    "$LAB" stop a
    no_stranger
    inside a nft delete table inet watch || true
    inside a weft down
    nothing_of_it a
    [ "$(answers_to_stranger)" -gt 0 ] # so the stranger is one
    [ "$(seen_by_containers)" -gt 0 ]
    inside a weftd --guard up
    no_stranger
    watch_uplink
    fails answers a1 10.44.1.10
    [ "$(left_by_uplink)" = 0 ]
    "$LAB" peer a weft
    inside a weftd --guard up # does no harm
    eventually 10 answers a1 10.44.1.10
    no_stranger
}

@test "the pool never leaves by another way, whatever other routes and rules say" {
    local before
    before=$(drops a outbound)
    watch_uplink
    fails answers a 10.44.77.7
    inside a ip route add 10.44.0.0/16 via $STRANGER4 table 77
    inside a ip rule add to 10.44.0.0/16 lookup 77
    fails answers a 10.44.1.1
    fails answers a1 10.44.1.10
    inside a ip rule del to 10.44.0.0/16 lookup 77
    inside a ip route flush table 77
    [ "$(left_by_uplink)" = 0 ]
    [ "$(drops a outbound)" -gt "$before" ]
    run inside a weft check
    [ "$status" = 4 ]
    [[ $output == *"about to leave outside the tunnel"* ]]
    eventually 5 answers a1 10.44.1.10
}

@test "weft0 deleted: the daemon ends, nothing leaves" {
    watch_uplink
    inside a ip link del weft0
    eventually 5 fails "$LAB" pid a
    fails answers a1 10.44.1.10
    fails answers a fd44:0:0:1::1
    [ "$(left_by_uplink)" = 0 ]
    "$LAB" peer a weft
    eventually 10 answers a1 10.44.1.10
}

@test "a container's false source is dropped and counted, its own is not" {
    local before
    before=$(drops a spoofed)
    inside a1 ip addr add 203.0.113.9/32 dev eth0
    inside a1 ip addr add 10.44.0.11/32 dev eth0 # its neighbour's
    inside a1 ip addr add fd44:0:0:1::10/128 dev eth0 nodad
    for source in 203.0.113.9 10.44.0.11; do fails inside a1 ping -q -c 1 -W 0.5 -I $source 10.44.1.10; done
    fails inside a1 ping -q -c 1 -W 0.5 -I fd44:0:0:1::10 fd44:0:0:1::1
    [ "$(drops a spoofed)" -ge $((before + 3)) ]
    inside a1 ip addr del 203.0.113.9/32 dev eth0
    inside a1 ip addr del 10.44.0.11/32 dev eth0
    inside a1 ip addr del fd44:0:0:1::10/128 dev eth0
    before=$(drops a spoofed)
    pings_between a1 10.44.1.10 fd44:0:0:1::10 10.44.0.11 fd44::11
    [ "$(drops a spoofed)" = "$before" ]
}

@test "containers leave the cluster with the node's address, and reach no metadata service" {
    local pid
    inside net timeout 20 tcpdump -lni br0 -c 2 "(icmp or icmp6) and (src 192.0.2.1 or src 2001:db8::1) and (dst $STRANGER4 or dst $STRANGER6)" \
        >"$BATS_TEST_TMPDIR/seen" 2>"$BATS_TEST_TMPDIR/log" 3>&- &
    pid=$!
    eventually 5 grep -q 'listening on' "$BATS_TEST_TMPDIR/log"
    answers a1 $STRANGER4
    answers a1 $STRANGER6
    wait $pid
    inside net ip addr add 169.254.169.254/32 dev br0
    inside a ip route add 169.254.0.0/16 dev eth0
    answers a 169.254.169.254
    fails answers a1 169.254.169.254
    [ "$(drops a metadata)" -gt 0 ]
    sed -i 's/^\[firewall\]/&\nmetadata = ["169.254.169.254\/32"]/' "$(root_of a)/etc/weft/weft.toml"
    inside a weft reload
    answers a1 169.254.169.254
    inside a ip route del 169.254.0.0/16 dev eth0
    inside net ip addr del 169.254.169.254/32 dev br0
}

# A reply that nobody has asked for: connection tracking leaves such ones alone, and so does masquerading.
@test "what is no part of a connection leaves the cluster with no overlay address" {
    local before wire
    before=$(drops a unmasqueraded)
    inside a1 nft "table inet twist { chain out { type filter hook output priority 0;
        ip daddr $STRANGER4 icmp type echo-request icmp type set echo-reply; }; }"
    capture net br0 "$BATS_TEST_TMPDIR/wire"
    wire=$!
    fails answers a1 $STRANGER4
    kill -INT $wire
    wait $wire || true
    inside a1 nft delete table inet twist
    [ "$(drops a unmasqueraded)" -gt "$before" ]
    [ "$(inside net tcpdump -nr "$BATS_TEST_TMPDIR/wire.pcap" 'net 10.44.0.0/16' 2>/dev/null | wc -l)" = 0 ]
}

@test "no member gets out by another node, a node's own containers do" {
    local before file
    file=$(root_of b)/etc/weft/weft.toml
    inside net ip addr add 198.51.100.1/32 dev lo
    inside a ip route add 198.51.100.0/24 via $STRANGER4
    cp "$file" "$BATS_TEST_TMPDIR/weft.toml"
    printf '\n[[peer]]\nname = "exit"\npublic_key = "%s"\nendpoint = "192.0.2.1:51840"\nallowed_ips = ["10.44.0.0/24", "198.51.100.0/24"]\n' \
        "$(inside a weft status --json | jq -r .node.public_key)" >>"$file"
    inside b weft reload
    eventually 10 answers b1 10.44.0.10
    before=$(drops a exit)
    fails answers b1 198.51.100.1
    [ "$(drops a exit)" -gt "$before" ]
    answers a1 198.51.100.1
    cp "$BATS_TEST_TMPDIR/weft.toml" "$file"
    inside b weft reload
    inside a ip route del 198.51.100.0/24
    inside net ip addr del 198.51.100.1/32 dev lo
    eventually 10 answers b1 10.44.0.10
}

@test "connections through the tunnel are told the segment size that fits it" {
    local pid
    inside a ip link set wva1 mtu 1500
    inside a1 ip link set eth0 mtu 1500
    inside b1 timeout 20 tcpdump -lni eth0 -c 1 'tcp[tcpflags] & tcp-syn != 0' >"$BATS_TEST_TMPDIR/syn" 2>"$BATS_TEST_TMPDIR/log" 3>&- &
    pid=$!
    eventually 5 grep -q 'listening on' "$BATS_TEST_TMPDIR/log"
    inside a1 timeout 2 bash -c ': </dev/tcp/10.44.1.10/7999' || true
    wait $pid
    cat "$BATS_TEST_TMPDIR/syn"
    grep -q 'mss 1380' "$BATS_TEST_TMPDIR/syn"
    inside a ip link set wva1 mtu 1420
    inside a1 ip link set eth0 mtu 1420
}

@test "taken down and up again, the interface has its routes at once" {
    inside a ip link set weft0 down
    inside a ip link set weft0 up
    eventually 2 answers a1 10.44.1.10
    eventually 2 answers a1 fd44:0:0:1::10
}

rules_are_there() { inside a ip rule list | cmp -s - "$BATS_TEST_TMPDIR/rules"; }
@test "what others remove of rules, routes and addresses is back at once" {
    local what
    for what in "rule del pref 5180" "rule del pref 5179" "-6 rule del pref 5180" "route flush table 51840" \
        "-6 route flush table 51840" "addr flush dev weft0"; do
        inside a ip rule list >"$BATS_TEST_TMPDIR/rules"
        # shellcheck disable=SC2086
        inside a ip $what
        eventually 1 rules_are_there
        pings_between a1 10.44.1.10 fd44:0:0:1::10 || {
            echo "after ip $what"
            return 1
        }
        inside a ip route show table 51840 | grep -q unreachable
        inside a ip -6 route show table 51840 | grep -q unreachable
    done
}

# flush_times TRIES: milliseconds from before each flush until the rules are seen again.
flush_times() {
    # shellcheck disable=SC2016
    inside a bash -c '
        for ((i = 0; i < $1; i++)); do
            start=${EPOCHREALTIME/./}
            nft flush ruleset
            until nft list chain inet weft guard_out >/dev/null 2>&1; do
                [ $((${EPOCHREALTIME/./} - start)) -lt 5000000 ] || break
            done
            echo $(((${EPOCHREALTIME/./} - start) / 1000))
            sleep 0.1
        done' flush "$1"
}
@test "without an owner the rules are back within 200 ms of a flush, and nothing leaves in clear" {
    local tries=8 times
    [ "$WEFT_FULL" = no ] || tries=100
    sed -i 's/^\[firewall\]/&\nexclusive = false/' "$(root_of a)/etc/weft/weft.toml"
    inside a weft reload
    "$LAB" exec a1 -- ping -q -i 0.01 -w 300 10.44.1.10 >/dev/null 2>&1 3>&- &
    local ping=$!
    capture net br0 "$BATS_TEST_TMPDIR/wire"
    local wire=$!
    times=$(flush_times $tries | sort -n)
    kill $ping
    kill -INT $wire
    wait $ping $wire || true
    echo "# rules are back after $(awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] " ms (p50), " t[int(NR * 0.99 + 0.5)] " ms (p99) of " NR " tries" }' <<<"$times")" >&3
    [ "$(awk '{ t[NR] = $1 } END { print t[int(NR * 0.99 + 0.5)] }' <<<"$times")" -le 200 ]
    [ "$(inside net tcpdump -nr "$BATS_TEST_TMPDIR/wire.pcap" 'net 10.44.0.0/16 or net fd44::/48' 2>/dev/null | wc -l)" = 0 ]
    sed -i '/^exclusive/d' "$(root_of a)/etc/weft/weft.toml"
    inside a weft reload
}

@test "killed between two rulesets there is the old one or the new one" {
    local tries=5 i rules pid
    [ "$WEFT_FULL" = no ] || tries=300
    "$LAB" stop b
    inside b weftd --guard up
    rules=$(inside b nft -s list table inet weft)
    for ((i = 0; i < tries; i++)); do
        "$LAB" exec b -- weftd --guard up 3>&- &
        pid=$!
        sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
        kill -KILL $pid 2>/dev/null || true
        wait $pid 2>/dev/null || true
        [ "$(inside b nft -s list table inet weft)" = "$rules" ]
    done
    "$LAB" peer b weft
    eventually 10 answers a 10.44.1.1
}

dropped_at_least() { [ "$(drops "$1" "$2")" -ge "$3" ]; } # NODE REASON COUNT
send_to_port() { inside net bash -c "for i in 1 2 3; do echo x >/dev/udp/$1/51840; done"; } # ADDRESS
@test "in lockdown a stranger does not reach the port, a live token opens it" {
    local before token file
    file=$(root_of a)/etc/weft/weft.toml
    sed -i 's/^\[firewall\]/&\nlockdown = true\nallow = ["192.0.2.2", "2001:db8::\/127", "2001:db8::2"]/' "$file"
    inside a weft reload
    send_to_port 192.0.2.1
    send_to_port 2001:db8::1
    eventually 5 dropped_at_least a lockdown 6
    answers a1 10.44.1.10
    token=$(inside a weft token create --from $STRANGER4/32 2>/dev/null)
    [ -n "$token" ]
    eventually 3 sh -c "'$LAB' exec a -- nft list set inet weft allowed4 | grep -qF $STRANGER4"
    before=$(drops a lockdown)
    send_to_port 192.0.2.1
    [ "$(drops a lockdown)" = "$before" ]
    inside a weft token revoke "$(inside a weft token list --json | jq -r --arg from $STRANGER4/32 '.tokens[] | select(.from == $from).id')"
    eventually 3 fails sh -c "'$LAB' exec a -- nft list set inet weft allowed4 | grep -qF $STRANGER4"
    sed -i '/^lockdown\|^allow/d' "$file"
    inside a weft reload
}

@test "switched off there is nothing of it, after a reload and after a start, and traffic goes on" {
    local file
    file=$(root_of a)/etc/weft/weft.toml
    sed -i 's/^\[firewall\]/&\nenabled = false/' "$file"
    inside a weftd --guard up # as nothing is to be guarded, it does nothing
    inside a weft reload
    nothing_of_it a
    answers a1 10.44.1.10
    sed -i '/^enabled/d' "$file"
    inside a weft reload
    answers a1 10.44.1.10
    inside a nft list table inet weft >/dev/null
    kill -KILL "$("$LAB" pid a)"
    sed -i 's/^\[firewall\]/&\nenabled = false/' "$file"
    "$LAB" peer a weft
    nothing_of_it a
    eventually 10 answers a1 10.44.1.10
    sed -i '/^enabled/d' "$file"
    inside a weft reload
}
nothing_of_it() { # NODE
    [ -z "$(inside "$1" nft list tables | grep weft || true)" ]
    [ -z "$(inside "$1" ip rule list | grep '51[78]' || true)" ]
    [ -z "$(inside "$1" ip -6 rule list | grep '51[78]' || true)" ]
    [ -z "$(inside "$1" ip route show table 51840 2>/dev/null)" ]
}

nobody_is_allowed() { [ -z "$(inside "$1" nft list set inet weft allowed4 | grep elements || true)" ]; } # NODE
@test "lockdown outside of a network follows the port, and a node in it can join" {
    local file link
    inside b weft leave --yes
    for link in $(inside b ls /sys/class/net | grep '^wv'); do inside b ip link del "$link"; done
    file=$(root_of b)/etc/weft/weft.toml
    printf '\n[firewall]\nlockdown = true\n' >>"$file"
    inside b weft reload
    inside b wg set weft0 listen-port 51841
    inside b nft list chain inet weft lockdown | grep -q 'udp dport 51841'
    nobody_is_allowed b
    inside b weft join "$(inside a weft token create 2>/dev/null)"
    eventually 3 nobody_is_allowed b # as it asks no more
    inside b nft list chain inet weft guard_in >/dev/null
    sed -i '/^\[firewall\]/,$d' "$file"
    inside b weft reload
    eventually 10 answers b 10.44.0.10
}

@test "weft down with the daemon running: both are gone; leaving the network takes the guards along" {
    echo '[broken' >>"$(root_of a)/etc/weft/weft.toml" # it is not asked
    inside a weft down
    eventually 5 fails "$LAB" pid a
    nothing_of_it a
    inside a weft down # again
    inside b weft leave --yes
    nothing_of_it b
}
