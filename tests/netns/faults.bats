#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # remedy: of what was named last
# Faults of one machine: weft check, or what did not work, names each with its cause, and the remedy as it is
# printed is enough. Those that need time, or a third node, are in faults_slow.bats.

load faults

setup_file() {
    lab_up 2 WEFT_LAB_NETWORK=yes WEFT_LAB_CONTAINERS=cni
    inside b sh -c 'mkdir /etc/cni/bin && printf "\n[cni]\nbin_dir = \"/etc/cni/bin\"\n" >>/etc/weft/weft.toml'
    inside b weft reload
    inside b weft cni install
}
teardown_file() { lab_down; }

@test "a sound node: nothing is wrong" { well a b; }

@test "sysctls: forwarding off, off for one interface, loopback routed" {
    inside b sysctl -qw net.ipv4.ip_forward=0
    named b ip_forward "off"
    carry_out b
    inside b sysctl -qw net.ipv4.conf.weft0.forwarding=0
    named b ip_forward "weft0"
    carry_out b
    inside b sysctl -qw net.ipv6.conf.all.forwarding=0
    named b ip6_forwarding "off"
    carry_out b
    inside b sysctl -qw net.ipv4.conf.all.route_localnet=1
    named b route_localnet "127.0.0.1"
    carry_out b
    well b
    pings_between b1 10.44.0.10
}

@test "somebody else's rules drop: what comes in, and what is forwarded" {
    [ "$WEFT_FULL" = yes ] || skip "only tests/run.sh full waits that long"
    inside b nft -f - <<'NFT'
table inet theirs {
    chain in { type filter hook input priority 0; policy drop; ct state established accept; }
    chain through { type filter hook forward priority 0; policy drop; }
}
NFT
    local checks line
    named b other_firewalls "theirs"
    checks=$(inside b weft check --json || true)
    while read -r line; do carry_out b "$line"; done < <(jq -r '.checks[] | select(.name == "other_firewalls" and .state != "ok").remedy' <<<"$checks")
    well b
    pings_between b1 10.44.0.10
    inside b nft delete table inet theirs
}

@test "the pool is somewhere else too: a route, an address, a resolver" {
    inside b ip route add 10.44.128.0/24 dev eth0
    named b pools "10.44.128.0/24 (the route by eth0)"
    carry_out b
    inside b ip addr add 10.44.200.7/32 dev eth0
    named b pools "an address of eth0"
    carry_out b
    cp /etc/resolv.conf "$BATS_TEST_TMPDIR/resolv.conf"
    inside b sh -c "echo 'nameserver 10.44.9.9' >>'$BATS_TEST_TMPDIR/resolv.conf' && mount --bind '$BATS_TEST_TMPDIR/resolv.conf' /etc/resolv.conf"
    named b pools "a resolver in /etc/resolv.conf"
    [[ $remedy == *"sed -i '/10.44.9.9/d' /etc/resolv.conf"* ]]
    inside b umount /etc/resolv.conf # a file that is mounted cannot be replaced, as sed -i does
    well b
}

@test "weft0: down, another MTU" {
    inside b ip link set weft0 mtu 1300
    named b interface "MTU 1300"
    carry_out b
    inside b ip link set weft0 down
    named b interface "down"
    carry_out b
    well b
    pings_between b1 10.44.0.10
}

@test "a disk that is full, and one that is read-only, under the issuer's state" {
    [ "$WEFT_FULL" = yes ] || skip "only tests/run.sh full waits that long"
    local state=/var/lib/weft
    stop a
    inside a sh -c "mkdir /run/weft/kept && cp -a $state/. /run/weft/kept && mount -t tmpfs -o size=512k,mode=0700 tmpfs $state && cp -a /run/weft/kept/. $state"
    start a
    inside a sh -c "head -c 1M /dev/zero >$state/junk; chmod 600 $state/junk" || true
    named a state "No space left on device"
    [[ $remedy == *"df -h $state"*"free space"* ]]
    fails inside a weft node rotate
    named a state_not_kept "No space left on device"
    inside a rm $state/junk
    inside a weft node rotate
    eventually 30 has_rotated # an issuer that has just started asks the others first
    well a
    inside a mount -o remount,ro $state
    named a state "Read-only file system"
    fails inside a weft node rotate
    named a state_not_kept "Read-only file system"
    carry_out a
    inside a weft node rotate
    well a
}

has_rotated() { fails inside a sh -c "weft cert show | grep -q 'under way .*new keys'"; }

@test "what containers need: a torn ledger, a missing network" {
    [ "$WEFT_FULL" = yes ] || skip "only tests/run.sh full waits that long"
    local ledger=/var/lib/weft-cni
    inside b sh -c "head -c 200000 /dev/urandom >$ledger/journal; chmod 640 $ledger/journal"
    named b containers "the address ledger is unreadable"
    carry_out b
    well b
    inside b rm /etc/cni/net.d/10-weft.conflist
    named b containers "no /etc/cni/net.d/10-weft.conflist"
    carry_out b
    inside b rm /etc/cni/bin/weft-cni
    named b containers "no /etc/cni/bin/weft-cni"
    carry_out b
    well b
}

@test "a configuration with an unknown key and with a bad value, while weftd runs" {
    local file
    file=$(root_of b)/etc/weft/weft.toml
    cp "$file" "$BATS_TEST_TMPDIR/good"
    printf '[node]\n' >>"$file"
    sed -i 's/^listen_port/listen_prot/' "$file"
    fails inside b weft reload
    named b config_rejected "weft.toml:"
    cp "$BATS_TEST_TMPDIR/good" "$file"
    sed -i 's/^listen_port = .*/listen_port = 70000/' "$file"
    fails inside b weft reload
    named b config_rejected "70000"
    cp "$BATS_TEST_TMPDIR/good" "$file"
    carry_out b "${remedy#correct it, then }"
    well b
}

@test "state that weftd refuses: open to others, a link, another user's" {
    local key=/var/lib/weft/weft0.network/node.key
    stop b
    inside b chmod 644 $key
    does_not_start b "can be used by others"
    named b state "is open to other users"
    carry_out b
    inside b sh -c "mv $key /run/weft/node.key && ln -s /run/weft/node.key $key"
    does_not_start b "is a link"
    named b state "is a link"
    carry_out b
    inside b chown 65534 $key
    does_not_start b "chown"
    named b state "belongs to another user"
    carry_out b
    inside b chmod 755 /var/lib/weft
    named b state "is open to other users"
    carry_out b
    start b
    well b
}

@test "what weftd needs is not there or another's: tun, port, interface, configuration" {
    [ "$WEFT_FULL" = yes ] || skip "only tests/run.sh full waits that long"
    local other
    stop b
    inside b mount -t tmpfs tmpfs /dev/net
    does_not_start b "opening /dev/net/tun"
    named b tun "No such file"
    carry_out b "${remedy#*also: }"
    named b daemon "not running"
    inside b umount /dev/net
    "$LAB" exec b -- socat -u UDP4-RECV:51840 OPEN:/dev/null 3>&- &
    other=$!
    eventually 5 sh -c "'$LAB' exec b -- ss -Huln sport = :51840 | grep -q ."
    does_not_start b "in use"
    named b port "51840 is in use"
    inside b sh -c "${remedy%% names*}" | grep -q 51840
    kill $other
    inside b ip link add weft0 type veth peer name other
    does_not_start b "exists already"
    named b interface "exists already"
    carry_out b
    inside b mv /etc/weft/weft.toml /etc/weft/good
    inside b sh -c 'echo "[nod]" >/etc/weft/weft.toml'
    does_not_start b "weft.toml:1"
    names b configuration "unknown key 'nod', did you mean 'node'?"
    inside b mv /etc/weft/good /etc/weft/weft.toml
    start b
    well b
}

@test "a way that loses packets" {
    inside b nft -f - <<'NFT'
table netdev lossy {
    chain in { type filter hook ingress device eth0 priority 0; meta l4proto udp numgen random mod 10 0 drop; }
}
NFT
    inside a ping -q -i 0.005 -c 1000 -W 1 10.44.1.1 || true
    eventually 5 loses b 50000 150000
    loses a 0 0
    eventually 5 in_status b '! a: [0-9]* % of what it sent in the last minute did not arrive.* weft check --peer a'
    inside b nft delete table netdev lossy
    [ "$WEFT_FULL" = yes ] || return 0 # a minute until it is forgotten
    eventually 75 fails in_status b 'did not arrive'
}
loses() { # NODE LEAST MOST: a share of what the other sent, per million
    inside "$1" weft status --json | jq -e --argjson least "$2" --argjson most "$3" \
        '.peers[0].loss_ppm | . != null and . >= $least and . <= $most'
}
in_status() { inside "$1" weft status | grep "$2"; } # NODE PATTERN
