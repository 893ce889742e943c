#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # remedy: of what was named last
# Faults between machines, or that take their time to be seen: networks that drop, clocks, certificates,
# tokens, copies of a machine. As in faults.bats, each is named, and its remedy helps. Three nodes.

load faults

setup_file() {
    lab_up 3 WEFT_LAB_NETWORK=yes
    export CLOCK=$BATS_FILE_TMPDIR/clock
    cc -shared -fPIC -O1 -o "$CLOCK.so" "$BATS_TEST_DIRNAME/../support/false_clock.c"
    leave c # b and c stand for those that come
}
teardown_file() { lab_down; }

token() { inside a weft token create "$@" 2>/dev/null; }
leave() { # NODE: with its containers, which have addresses of its block
    inside "$1" weft leave --yes || true
    inside "$1" ip -o link show | grep -o " wv$1[12]" | while read -r link; do inside "$1" ip link del "$link"; done
    eventually 20 is_free "$1"
}
is_free() { fails inside a sh -c "weft node list | grep -q '^$1 '"; } # NAME: the issuer has heard of who left
cut_wire() { # RULES: in the bridge between the nodes
    printf 'table bridge cut {\nchain f {\ntype filter hook forward priority 0\n%s\n}\n}\n' "$1" | inside net nft -f -
}
mend_wire() { inside net nft delete table bridge cut; }
teardown() { mend_wire 2>/dev/null || true; }
refused() { # WORD REMEDY-WORD NODE TOKEN: joining
    run inside "$3" weft join "$4"
    echo "$output"
    [ "$status" != 0 ] && [[ $output == *"$1"*"$2"* ]]
}
start_with_clock() { # NODE SECONDS
    echo "$2" >"$CLOCK"
    env FALSE_CLOCK="$CLOCK" LD_PRELOAD="$CLOCK.so" "$LAB" peer "$1" weft
}

@test "the port is blocked on the way to b: a hears it, and says that what it sends is dropped" {
    cut_wire 'ip daddr 192.0.2.2 udp dport 51840 drop; ip6 daddr 2001:db8::2 udp dport 51840 drop;'
    named a member_deaf "drops UDP 51840"
    named b member_dead "drops UDP 51840"
    mend_wire
    well a b
}

@test "the port is blocked both ways" {
    cut_wire 'udp dport 51840 drop;'
    named a member_dead "drops UDP 51840"
    named b member_dead "drops UDP 51840"
    mend_wire
    well a b
    pings_between b1 10.44.0.10
}

@test "tokens: used, expired, withdrawn, of another network, not for this place; a name that is taken; the issuer away" {
    local one
    one=$(token)
    inside c weft join "$one"
    leave c
    refused "used already, by c" "weft token create" c "$one" || refused "revoked" "weft leave" c "$one"
    one=$(token --lifetime 1)
    sleep 4 # time is counted in whole seconds, and read once in each
    refused "expired" "weft token create" c "$one"
    one=$(token)
    inside a weft token revoke "$(inside a weft token list --json | jq -r '[.tokens[] | select(.state == "open")][0].id')"
    refused "expired or was withdrawn" "weft token create" c "$one"
    one=$(token --from 198.51.100.0/24)
    refused "not for the address" "weft token create --from" c "$one"
    one=$(token)
    run inside c weft join --name a "$one"
    [[ $output == *"the name a is taken"*"weft join --name a-2"* ]]
    stop a
    refused "no answer" "firewall" c "$one"
    start a
    eventually 30 inside c weft join "$one"
    well a b c
}

@test "a node that was removed says so, and comes back with a new token" {
    inside a weft node rm c
    named c removed_from_network "was taken back" # by those whom it greets
    [[ $remedy == "weft leave --yes, then weft join with a new token"* ]]
    fails inside a sh -c 'weft node list | grep -q "^c "'
    leave c
    inside c weft join "$(token --name c)"
    well a b c
}

@test "a machine that was cloned: both of its copies name it, and so does another node" {
    local state=/var/lib/weft copy
    copy=$(root_of c)$state
    leave c
    stop c
    rm -r "${copy:?}"
    cp -a "$(root_of b)$state" "$copy" # b goes on
    start c
    named c own_identity_elsewhere "another machine signs with this node's key"
    named b own_identity_elsewhere "another machine signs with this node's key"
    named a member_contradicts_itself "two machines sign with its key"
    [[ $remedy == "on the copy: weft down, rm -r $state/weft0.network; then start weftd there, and weft join with a new token" ]]
    inside c weft down
    inside c rm -r $state/weft0.network
    start c
    inside c weft join "$(token)"
    inside a weft wait --nodes 3 --timeout 30s
    well c
    stop a # what was seen is told for ten minutes, or until weftd starts anew
    stop b
    start a
    start b
    inside a weft wait --nodes 3 --timeout 30s
    well a b c
    pings_between b1 10.44.0.10
}

@test "the pool of a network that is to be joined is in use here" {
    leave c
    inside c ip route add 10.44.0.0/20 dev eth0
    run inside c weft join "$(token)"
    echo "$output"
    [ "$status" = 1 ]
    [[ $output == *"overlaps 10.44.0.0/20 (the route by eth0)"*"(ip route del 10.44.0.0/20 dev eth0, or"* ]]
    inside c ip route del 10.44.0.0/20 dev eth0
    inside c weft join "$(token)"
    well c
}

@test "a certificate of another network is not installed" {
    leave c
    inside c weft init --pool4 10.99.0.0/16
    local wanted signed
    wanted=$(inside b weft cert request 2>/dev/null)
    signed=$(inside c weft cert sign "$wanted" 2>/dev/null)
    run inside b weft cert install "$signed"
    echo "$output"
    [ "$status" = 1 ]
    leave c
    inside c weft join "$(token)"
    well b c
}

@test "a clock that is off an hour" {
    stop b
    start_with_clock b 0
    well b
    echo 4000 >"$CLOCK"
    named b clock "s ahead of the other nodes'"
    [ "$remedy" = "timedatectl set-ntp true" ]
    echo 0 >"$CLOCK" # as that does it
    well b
}

@test "a certificate that has expired, and cannot be renewed while no issuer runs" {
    stop a
    stop b
    stop c
    start_with_clock b $((370 * 86400))
    named b certificate_expired "has expired"
    [[ $remedy == "start an issuer's node"* ]]
    start_with_clock a $((370 * 86400))
    start_with_clock c $((370 * 86400))
    well a b c # asked again as soon as it is heard of
}
