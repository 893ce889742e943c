#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A network by weft init and weft join: who is let in and who is not, what nodes know of each other, what
# happens when some of them die, are cut off, move, leave or are removed. Four nodes; traffic through it all.

load helpers

setup_file() { lab_up 4 WEFT_LAB_NETWORK=yes; }
teardown_file() { lab_down; }

root_of() { echo "/proc/$(cut -d' ' -f1 "$WEFT_LAB_DIR/$1/holder.pid")/root"; }
state_of() { inside "$1" weft node list --json | jq -r --arg name "$2" '.members[] | select(.name == $name).state'; } # AT WHOM
is_state() { [ "$(state_of "$1" "$2")" = "$3" ]; }
answers() { inside "$1" ping -q -c 1 -W 1 "$2" >/dev/null; }
token() { inside a weft token create "$@" 2>/dev/null; }
all_answer() { # FROM ADDRESS...
    local from=$1 address
    shift
    for address; do answers "$from" "$address" || return 1; done
}

@test "four nodes by init and join reach each other and each other's containers, IPv4 and IPv6" {
    local from to i
    for from in a b c d; do
        i=0
        for to in a b c d; do
            [ "$from" = "$to" ] || pings_between "${from}1" 10.44.$i.10 fd44:0:0:$i::11
            i=$((i + 1))
        done
    done
    for from in a b c d; do
        inside "$from" weft status
        [ "$(inside "$from" weft node list --json | jq '[.members[] | select(.state == "alive")] | length')" = 4 ]
    done
}

@test "status keeps to the JSON schema: origin, member, id and blocks of a node in a network" {
    inside b weft status --json >"$BATS_TEST_TMPDIR/status.json"
    python3 - "$ROOT/include/weft/api/status.schema.json" "$BATS_TEST_TMPDIR/status.json" <<'PY'
import json, sys, jsonschema
schema, status = (json.load(open(name)) for name in sys.argv[1:])
jsonschema.validate(status, schema)
assert status["node"]["id"] and len(status["node"]["blocks"]) == 2, status["node"]
assert all(p["origin"] == "gossip" and p["member"] == "alive" and p["id"] for p in status["peers"]), status["peers"]
PY
}

@test "a report has what helps and nothing secret, and is its owner's" {
    local report=$BATS_TEST_TMPDIR/report.tar word
    word=$(token --name reported)
    inside a weft report --output "$report" | grep '^members.json'
    [ "$(stat -c %a "$report")" = 600 ]
    tar xOf "$report" --wildcards '*/status.json' | jq -e '.peers | length == 3'
    tar xOf "$report" --wildcards '*/nft.txt' | grep 'chain guard_out'
    tar xOf "$report" --wildcards '*/metrics.txt' | grep '^weft_peers'
    tar xOf "$report" --wildcards '*/network.txt' | grep 'lookup 51840'
    grep -aqF "$(inside a wg show weft0 public-key)" "$report"
    fails grep -aF "$(inside a wg show weft0 private-key)" "$report"
    fails grep -aF "$word" "$report"
    inside a weft token revoke "$(inside a weft token list --json | jq -r '.tokens[] | select(.name == "reported").id')"
}

@test "who is in it already: the same token again does nothing, init and another token are refused" {
    local used
    used=$(token --name again)
    run inside b weft join "$used"
    [ "$status" = 0 ]
    [[ $output == *"already b"* ]]
    run inside a weft init
    [ "$status" = 1 ]
    [[ $output == *"already"* ]]
    run inside b weft init
    [ "$status" = 1 ]
}

@test "a node that is no issuer says which one to ask" {
    run inside b weft token create
    [ "$status" = 1 ]
    [[ $output == *"issues no certificates"* ]]
}

@test "only root may change the network" {
    run inside a setpriv --reuid 65534 --clear-groups weft token create
    [ "$status" = 6 ]
    chgrp 65534 "$(root_of a)/run/weft/weftd.sock"
    run inside a setpriv --reuid 65534 --regid 65534 --clear-groups weft token create
    chgrp 0 "$(root_of a)/run/weft/weftd.sock"
    [ "$status" = 6 ]
    [[ $output == *"only root"* ]]
}

@test "the state is the daemon's alone, and no daemon starts with state that others may read" {
    local state
    state=$(root_of c)/var/lib/weft/weft0.network
    [ "$(stat -c %a "$state")" = 700 ]
    [ -z "$(find "$state" -type f ! -perm 600)" ]
    "$LAB" stop c
    chmod 644 "$state/node.key"
    run inside c timeout 10 weftd
    [ "$status" = 6 ]
    [[ $output == *"chmod 600"* ]]
    chmod 600 "$state/node.key"
    "$LAB" peer c weft
    eventually 10 all_answer c 10.44.0.1 10.44.1.1 10.44.3.1
}

@test "a token's terms hold: used up, from elsewhere, a name that is taken" {
    local once elsewhere
    once=$(token)
    elsewhere=$(token --from 198.51.100.0/24)
    inside d weft leave --yes
    inside d weft status --json | jq -e '.node.id == null and .peers == []'
    eventually 5 sh -c "! '$LAB' exec a -- ping -q -c 1 -W 1 10.44.3.1"
    run inside d weft join "$elsewhere"
    [ "$status" = 1 ]
    run inside d weft join --name a "$once"
    [ "$status" = 1 ]
    [[ $output == *"a"* ]]
    inside d ip route del 10.44.3.10/32 # the old block's containers
    inside d ip route del 10.44.3.11/32
    inside d ip -6 route del fd44:0:0:3::10/128
    inside d ip -6 route del fd44:0:0:3::11/128
    inside d weft join "$once"
    run inside b weft join "$once"
    [[ $output == *"already b"* ]]
    [ "$(inside d weft status --json | jq -r '.node.blocks[0]')" = 10.44.4.0/24 ] # the old one rests
    eventually 10 all_answer d 10.44.0.1 10.44.1.1 10.44.2.1
    eventually 10 all_answer c 10.44.4.1
}

@test "all killed at once and started again are the same network" {
    local n
    for n in a b c d; do kill -KILL "$("$LAB" pid $n)"; done
    for n in d c b a; do "$LAB" peer $n weft; done
    eventually 20 all_answer b 10.44.0.1 10.44.2.1 10.44.4.1
    eventually 20 all_answer d 10.44.0.1 10.44.1.1 10.44.2.1
    eventually 30 is_state a d alive
}

@test "a node that died is seen by the others, keeps its place, and is back after a start" {
    [ "$WEFT_FULL" = yes ] || skip "only tests/run.sh full waits that long"
    kill -KILL "$("$LAB" pid c)"
    eventually 40 is_state a c dead
    eventually 40 is_state d c dead
    inside a wg show weft0 allowed-ips | grep -F 10.44.2.0/24
    "$LAB" peer c weft
    eventually 20 all_answer c 10.44.0.1 10.44.4.1
    eventually 40 is_state a c alive
}

@test "cut in two and joined again, both halves work and become one" {
    local n
    for n in a b; do
        inside $n nft -f - <<'NFT'
table inet cut {
    chain in {
        type filter hook input priority 0
        ip saddr { 192.0.2.3, 192.0.2.4 } drop
        ip6 saddr { 2001:db8::3, 2001:db8::4 } drop
    }
}
NFT
    done
    eventually 40 is_state a c dead
    eventually 40 is_state c a dead
    answers a 10.44.1.1
    answers c 10.44.4.1
    for n in a b; do inside $n nft delete table inet cut; done
    eventually 60 is_state a c alive
    eventually 60 is_state c b alive
    eventually 20 all_answer c 10.44.0.1 10.44.1.1
}

@test "a node whose address changes is found at the new one" {
    inside b ip addr del 192.0.2.2/24 dev eth0
    inside b ip addr add 192.0.2.77/24 dev eth0
    inside b ip addr del 2001:db8::2/64 dev eth0
    inside b ip addr add 2001:db8::77/64 dev eth0 nodad
    sed -i 's/192.0.2.2:/192.0.2.77:/' "$(root_of b)/etc/weft/weft.toml"
    inside b weft reload
    eventually 30 all_answer a 10.44.1.1
    eventually 30 all_answer d 10.44.1.1
    eventually 30 sh -c "'$LAB' exec d -- weft node list --json | jq -e '.members[] | select(.name == \"b\").endpoints[0] == \"192.0.2.77:51840\"'"
}

@test "a node that loses a family of addresses is found by the other" {
    [ "$WEFT_FULL" = yes ] || skip "only tests/run.sh full waits that long"
    inside b ip addr del 192.0.2.77/24 dev eth0
    eventually 30 all_answer a 10.44.1.1
    eventually 60 all_answer d 10.44.1.1
    eventually 30 sh -c "'$LAB' exec d -- weft node list --json | jq -e '.members[] | select(.name == \"b\").endpoint == \"[2001:db8::77]:51840\"'"
    inside b ip addr add 192.0.2.77/24 dev eth0
}

@test "a name is advertised as what it resolves to, and one that does not resolve is told" {
    local place file
    place=$(root_of b)
    file=$place/etc/weft/weft.toml
    cp "$file" "$place/var/lib/weft/weft.toml"
    echo "192.0.2.77 b.lab.test" >"$place/var/lib/weft/hosts"
    inside b mount --bind /var/lib/weft/hosts /etc/hosts
    sed -i 's/^advertise.*/advertise = ["b.lab.test:51841", "192.0.2.77:51840"]/' "$file"
    printf '\n[gossip]\nseeds = ["nowhere.lab.test:51840"]\n' >>"$file"
    inside b weft reload
    eventually 20 sh -c "'$LAB' exec a -- weft node list --json | jq -e '.members[] | select(.name == \"b\").endpoints[0] == \"192.0.2.77:51841\"'"
    eventually 40 sh -c "'$LAB' exec b -- weft status --json | jq -e 'any(.problems[]; .code == \"name_unresolved\" and .subject == \"nowhere.lab.test:51840\")'"
    inside b umount /etc/hosts
    cp "$place/var/lib/weft/weft.toml" "$file"
    inside b weft reload
    inside b weft status
}

@test "peers set by wg stay through changes of members; the key and the members are not wg's to change" {
    local key member
    key=$(weft_genkey | inside c weft pubkey)
    member=$(inside c weft status --json | jq -r '.peers[] | select(.name == "a").public_key')
    inside c wg set weft0 peer "$key" allowed-ips 10.99.0.0/24
    fails inside c wg set weft0 peer "$member" remove
    fails inside c wg set weft0 peer "$member" endpoint 198.51.100.1:1
    fails inside c wg set weft0 peer "$key" allowed-ips 10.44.0.0/24
    weft_genkey >"$BATS_TEST_TMPDIR/key"
    fails inside c wg set weft0 private-key "$BATS_TEST_TMPDIR/key"
    kill -KILL "$("$LAB" pid d)"
    eventually 40 is_state c d dead
    "$LAB" peer d weft
    eventually 40 is_state c d alive
    inside c wg show weft0 allowed-ips | grep -F "$key" | grep -F 10.99.0.0/24
    inside c wg set weft0 peer "$key" remove
    all_answer c 10.44.0.1
}
weft_genkey() { "$WEFT_BUILD/weft" genkey; }

@test "a private_key_file beside the certificate's key is refused, and what runs stays" {
    local file
    file=$(root_of c)/etc/weft/weft.toml
    cp "$file" "$BATS_TEST_TMPDIR/weft.toml"
    (umask 077 && weft_genkey >"$(root_of c)/var/lib/weft/other.key")
    sed -i '/^listen_port/a private_key_file = "/var/lib/weft/other.key"' "$file"
    run inside c weft reload
    [ "$status" = 1 ]
    [[ $output == *"private_key_file"* ]]
    cp "$BATS_TEST_TMPDIR/weft.toml" "$file"
    inside c weft reload
    all_answer c 10.44.0.1
}

@test "junk on gossip's lane at full rate: nobody is taken for dead, changes go on" {
    local junk pid ticks
    pid=$("$LAB" pid a)
    ticks=$(control_ticks "$pid")
    inside d timeout 20 python3 -c '
import os, socket, time
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
junk = [bytes([0x10 + i % 6]) + os.urandom(100 + i * 17 % 1100) for i in range(64)]
end, sent = time.time() + 8, 0
while time.time() < end:
    for datagram in junk:
        out.sendto(datagram, ("192.0.2.1", 51840))
    sent += len(junk)
print(sent // 8, "a second")' >"$BATS_TEST_TMPDIR/junk" 3>&- &
    junk=$!
    sleep 4
    is_state c a alive
    is_state a c alive
    inside c weft wait --nodes 4 --timeout 5s
    all_answer c 10.44.0.1
    wait $junk
    echo "$(cat "$BATS_TEST_TMPDIR/junk"), the control thread took $((($(control_ticks "$pid") - ticks) * 100 / $(getconf CLK_TCK) / 8)) % of a core" >&3
    is_state c a alive
}
control_ticks() { awk '{ print $14 + $15 }' "/proc/$1/task/$1/stat"; } # PID

@test "a removed node is out at once, in the middle of its traffic" {
    inside d ping -q -i 0.1 -w 30 10.44.0.1 >"$BATS_TEST_TMPDIR/ping" 2>&1 3>&- &
    local ping=$!
    sleep 1
    inside a weft node rm d
    eventually 5 sh -c "! '$LAB' exec a -- wg show weft0 allowed-ips | grep -qF 10.44.4.0/24"
    eventually 10 sh -c "! '$LAB' exec c -- wg show weft0 allowed-ips | grep -qF 10.44.4.0/24"
    fails answers d 10.44.0.1
    fails answers d 10.44.2.1
    kill $ping || true
    wait $ping || true
}

@test "a machine gets its certificate by hand, and another's place" {
    local word old
    old=$(inside c wg show weft0 public-key)
    inside d weft leave --yes
    word=$(inside d weft cert request 2>/dev/null)
    run inside c weft cert sign "$word"
    [ "$status" = 1 ]
    [[ $output == *"issues no certificates"* ]]
    inside a weft cert sign "$word" 2>/dev/null | inside d weft cert install -
    eventually 10 answers d 10.44.0.1
    inside d weft cert show | grep -E '^name +d$'
    inside a weft node rm d
    inside d weft leave --yes
    word=$(inside d weft cert request 2>/dev/null)
    inside d weft cert install "$(inside a weft node adopt c "$word" 2>/dev/null)"
    [ "$(inside d weft cert show --json | jq -r '.name + " " + .blocks[0]')" = "c 10.44.2.0/24" ]
    eventually 10 all_answer d 10.44.0.1 10.44.1.1
    eventually 5 sh -c "! '$LAB' exec b -- wg show weft0 peers | grep -qxF '$old'"
}

@test "out of a network a reload takes a key from a file and gives it back, and init makes the blocks that are configured" {
    local file key own
    file=$(root_of d)/etc/weft/weft.toml
    key=$(weft_genkey)
    inside d weft leave --yes
    own=$(inside d wg show weft0 public-key)
    (umask 077 && echo "$key" >"$(root_of d)/var/lib/weft/other.key")
    sed -i '/^listen_port/a private_key_file = "/var/lib/weft/other.key"' "$file"
    inside d weft reload
    [ "$(inside d wg show weft0 public-key)" = "$(echo "$key" | inside d weft pubkey)" ]
    run inside d weft init
    [ "$status" = 1 ]
    [[ $output == *"private_key_file"* ]]
    sed -i '/^private_key_file/d' "$file"
    printf '\n[network]\nblock4 = 26\nblock6 = 60\n' >>"$file"
    inside d weft reload
    [ "$(inside d wg show weft0 public-key)" = "$own" ]
    inside d weft init --block6 62
    inside d weft status --json | jq -e '.node.blocks[0] | endswith("/26")'
    inside d weft status --json | jq -e '.node.blocks[1] | endswith("/62")'
}

# Where nobody looks for it: its only address is another one, and it cannot say so.
move() { # NODE ADDRESS
    "$LAB" stop "$1"
    inside "$1" ip addr flush dev eth0 scope global
    inside "$1" ip addr add "$2/24" dev eth0
    sed -i '/^advertise/d' "$(root_of "$1")/etc/weft/weft.toml"
}
find_each_other() { # A's ADDRESS B's SEED B's MACHINE
    move a "$1"
    move b "${1%?}2"
    mkdir -p "$(root_of b)/etc/weft/weft.toml.d"
    echo '{"schema":1,"machines":[{"name":"a","public":["'"$3"'"],"private":["'"${1%?}2"'"],"tags":[]}]}' \
        >"$(root_of b)/etc/weft/machines.json"
    printf '[gossip]\nseeds = ["%s:51840"]\n[[discovery]]\nfile = "/etc/weft/machines.json"\n' "$2" \
        >"$(root_of b)/etc/weft/weft.toml.d/seeds.toml"
    "$LAB" peer a weft
    "$LAB" peer b weft
    eventually 10 is_heard_at a b "${1%?}2"
    eventually 10 is_heard_at b a "$1"
    [ "$WEFT_FULL" = no ] || eventually 20 answers b 10.44.0.1 # its session is tried where it was first
}
is_heard_at() { # BY WHOM ADDRESS
    [ "$(inside "$1" weft node list --json | jq -r --arg name "$2" '.members[] | select(.name == $name).endpoint')" = "$3:51840" ]
}
@test "two that have both moved find each other by gossip.seeds, and by the machines that discovery names" {
    "$LAB" stop c # nobody else is to tell them
    "$LAB" stop d
    find_each_other 192.0.2.111 192.0.2.111 192.0.2.250
    find_each_other 192.0.2.121 192.0.2.250 192.0.2.121
}
