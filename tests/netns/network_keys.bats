#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A network's keys in the operator's hands: nodes' own rotate under traffic, the root's goes away and comes
# back, a second node issues, a node that joined by it is one like the others. Three nodes; a has the root.

load helpers

PASSPHRASE='a passphrase of five words'

setup_file() { lab_up 3 WEFT_LAB_NETWORK=yes; }
teardown_file() { lab_down; }

root_of() { echo "/proc/$(cut -d' ' -f1 "$WEFT_LAB_DIR/$1/holder.pid")/root"; }
answers() { inside "$1" ping -q -c 1 -W 1 "$2" >/dev/null; }
all_answer() { # FROM ADDRESS...
    local from=$1 address
    shift
    for address; do answers "$from" "$address" || return 1; done
}
key_of() { inside "$1" wg show weft0 public-key; }
certificate_of() { inside "$1" weft cert show --json | jq -r "$2"; } # NODE FILTER
has_peer() { inside "$1" wg show weft0 peers | grep -qxF "$2"; }     # NODE KEY
session_with() { inside "$1" weft status --json | jq -e --arg peer "$2" '.peers[] | select(.name == $peer).session == "up"' >/dev/null; }
knows() { inside "$1" weft node list --json | jq -e --arg name "$2" 'any(.members[]; .name == $name)' >/dev/null; } # AT WHOM
issues() { inside "$1" weft node list --json | jq -e '.members[] | select(.self).issuer'; }
passphrase_file() { # NODE: its path there
    printf '%s\n' "${2:-$PASSPHRASE}" >"$(root_of "$1")/var/lib/weft/passphrase"
    echo /var/lib/weft/passphrase
}

# rotates NODE PEER ADDRESS: its keys are new, its peer's are not, and a ping through it all loses next to nothing.
rotates() {
    local node=$1 peer=$2 address=$3 old ping lost generation others
    old=$(key_of "$node")
    others=$(key_of "$peer")
    generation=$(certificate_of "$node" .generation)
    inside "$peer" ping -i 0.05 -w 8 "$address" >"$BATS_TEST_TMPDIR/ping" 2>&1 3>&- &
    ping=$!
    sleep 1
    run inside "$node" weft node rotate
    echo "$output"
    [ "$status" = 0 ]
    eventually 30 sh -c "[ \"\$('$LAB' exec $node -- wg show weft0 public-key)\" != '$old' ]"
    eventually 30 has_peer "$peer" "$(key_of "$node")"
    eventually 30 session_with "$node" "$peer"
    wait $ping || true
    tail -2 "$BATS_TEST_TMPDIR/ping"
    lost=$(sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' "$BATS_TEST_TMPDIR/ping" | awk '{ print $1 - $2 }')
    [ "$lost" -le 20 ] # of 160: a second
    fails has_peer "$peer" "$old"
    [ "$(key_of "$peer")" = "$others" ]
    [ "$(certificate_of "$node" .generation)" = $((generation + 1)) ]
    [ "$(certificate_of "$node" .public_key)" = "$(key_of "$node")" ]
    [ "$(certificate_of "$node" .rotating)" = false ]
}

@test "cert show tells this node's certificate and who signed it" {
    local serial
    [ "$(certificate_of b .name)" = b ]
    [ "$(certificate_of b .public_key)" = "$(key_of b)" ]
    [ "$(certificate_of b '.issuer | "\(.number) \(.name) \(.self)"')" = "1 a false" ]
    [ "$(certificate_of a .issuer.self)" = true ]
    [ "$(certificate_of b '.blocks[0]')" = 10.44.1.0/24 ]
    certificate_of b . | jq -e '.renewing == false and .rotating == false and .not_after_ms > .not_before_ms'
    serial=$(certificate_of b .serial)
    inside b weft cert show | grep -E "^serial +$serial\$"
}

@test "the issuer's own node rotates its keys while traffic flows" { rotates a b 10.44.0.1; }
@test "another node rotates its keys while traffic flows" { rotates b a 10.44.1.1; }

@test "after rotations all reach each other by sessions of the new keys, and a restart finds the new keys" {
    local key
    key=$(key_of b)
    "$LAB" stop b
    "$LAB" peer b weft
    [ "$(key_of b)" = "$key" ]
    eventually 20 all_answer b 10.44.0.1 10.44.2.1
    eventually 20 all_answer c 10.44.0.1 10.44.1.1
    eventually 20 session_up b
    eventually 20 session_up c
}

@test "with gossip off a node keeps its peers as they were, and says so" {
    local file peers
    file=$(root_of c)/etc/weft/weft.toml
    peers=$(inside c wg show weft0 peers | sort)
    printf '\n[gossip]\nenabled = false\n' >>"$file"
    "$LAB" stop c
    "$LAB" peer c weft
    [ "$(inside c wg show weft0 peers | sort)" = "$peers" ]
    inside c weft status --json | jq -e '.verdict == "healthy" and any(.problems[]; .code == "gossip_off" and .severity == "info")'
    run inside c weft join weft1_AAAA
    [ "$status" = 1 ]
    head -n -3 "$file" >"$file.new"
    mv "$file.new" "$file"
    "$LAB" stop c
    "$LAB" peer c weft
    eventually 20 all_answer c 10.44.0.1 10.44.1.1
    inside c weft status --json | jq -e '.problems == []'
}

@test "status advises to take the root's key away, and is healthy all the same" {
    inside a weft status
    inside a weft status | grep -F '! a: '
    inside a weft status --json >"$BATS_TEST_TMPDIR/status.json"
    jq -e '.verdict == "healthy" and (.problems | map([.code, .severity]) == [["root_on_this_node", "info"]])' "$BATS_TEST_TMPDIR/status.json"
    python3 -c 'import json, sys, jsonschema; jsonschema.validate(*(json.load(open(f)) for f in sys.argv[1:]))' \
        "$BATS_TEST_TMPDIR/status.json" "$ROOT/include/weft/api/status.schema.json"
    inside b weft status --json | jq -e '.problems == []'
}

@test "the root's key is exported to a file of the owner's alone, and overwrites none" {
    local file
    file=$(root_of a)/var/lib/weft/root.txt
    run inside a weft root export --out /var/lib/weft/root.txt --passphrase-file "$(passphrase_file a short)"
    [ "$status" = 1 ]
    [[ $output == *"fewer than 12"* ]]
    [ ! -e "$file" ]
    inside a weft root export --out /var/lib/weft/root.txt --passphrase-file "$(passphrase_file a)"
    [ "$(stat -c %a "$file")" = 600 ]
    [[ $(head -1 "$file") == "weft-root 1 $(certificate_of a .network)" ]]
    run inside a weft root export --out /var/lib/weft/root.txt --passphrase-file /var/lib/weft/passphrase
    [ "$status" = 1 ]
    [[ $output == *"is not overwritten"* ]]
    run inside b weft root export --passphrase-file "$(passphrase_file b)"
    [ "$status" = 1 ]
    [[ $output == *"not on this node"* ]]
    run inside a setpriv --reuid 65534 --clear-groups env WEFT_PASSPHRASE="$PASSPHRASE" weft root export
    [ "$status" = 6 ]
}

@test "the root's key is removed, for good" {
    local word
    run inside a weft root remove
    [ "$status" = 2 ]
    [[ $output == *"weft root export"* ]]
    inside a weft root remove --yes
    inside a weft root remove --yes # nothing to do
    inside a weft status --json | jq -e '.problems == []'
    "$LAB" stop a
    "$LAB" peer a weft
    eventually 20 all_answer a 10.44.1.1 10.44.2.1
    run inside a weft root export --passphrase-file /var/lib/weft/passphrase
    [ "$status" = 1 ]
    word=$(inside b weft issuer request 2>/dev/null)
    run inside a weft issuer add "$word"
    [ "$status" = 1 ]
    [[ $output == *"weft root import"* ]]
    fails issues b
}

@test "it is imported by its passphrase and no other, in memory alone" {
    run inside a weft root import /var/lib/weft/root.txt --passphrase-file "$(passphrase_file a 'another passphrase')"
    [ "$status" = 1 ]
    [[ $output == *passphrase* ]]
    passphrase_file a
    head -c 100 "$(root_of a)/var/lib/weft/root.txt" >"$(root_of a)/var/lib/weft/half.txt"
    run inside a weft root import /var/lib/weft/half.txt --passphrase-file /var/lib/weft/passphrase
    [ "$status" = 1 ]
    inside a weft root import /var/lib/weft/root.txt --passphrase-file /var/lib/weft/passphrase
    inside a weft status --json | jq -e '.problems[0].code == "root_on_this_node"'
    "$LAB" stop a
    "$LAB" peer a weft
    inside a weft status --json | jq -e '[.problems[] | select(.code == "root_on_this_node")] == []'
    inside a weft root import /var/lib/weft/root.txt --passphrase-file /var/lib/weft/passphrase
}

@test "a second node issues: a node joins by its token, on a block of its slice, and reaches all" {
    local word slice block
    run inside b weft token create
    [ "$status" = 1 ]
    word=$(inside b weft issuer request 2>/dev/null)
    [ "$word" = "$(inside b weft issuer request 2>/dev/null)" ] # again: the same keys
    run inside a weft issuer add "${word%?}"
    [ "$status" = 1 ]
    inside a weft issuer add "$word"
    run inside a weft issuer add "$word" # again: the same issuer
    [[ $output == *"issuer 2 is b"* ]]
    eventually 20 issues b
    [ "$(inside a weft issuer list --json | jq -c '.issuers | map([.number, .name, .self, .revoked])')" = '[[1,"a",true,false],[2,"b",false,false]]' ]
    [ "$(inside b weft issuer list --json | jq -c '.issuers | map([.number, .self])')" = '[[1,false],[2,true]]' ]
    inside c weft issuer list
    inside c weft leave --yes
    inside c ip route del 10.44.2.10/32 # the old block's containers
    inside c ip route del 10.44.2.11/32
    inside c ip -6 route del fd44:0:0:2::10/128
    inside c ip -6 route del fd44:0:0:2::11/128
    eventually 10 fails knows b c # a takes back what it gave, and b hears of it
    inside c weft join "$(inside b weft token create 2>/dev/null)"
    [ "$(certificate_of c '.issuer | "\(.number) \(.name)"')" = "2 b" ]
    slice=$(certificate_of c '.issuer.slices[0]')
    block=$(certificate_of c '.blocks[0]')
    python3 -c 'import ipaddress, sys; block, slice = map(ipaddress.ip_network, sys.argv[1:]); assert block.subnet_of(slice)' "$block" "$slice"
    eventually 20 all_answer c 10.44.0.1 10.44.1.1
    eventually 20 all_answer a "${block%.0/24}.1"
    eventually 20 all_answer b "${block%.0/24}.1"
    inside b weft node list
}

@test "a node of the second issuer rotates its keys" {
    rotates c a "$(certificate_of c '.blocks[0]' | sed 's/0.24$/1/')"
}

@test "an issuer that has certified the root's own node is not revoked there; the other one's nodes are out" {
    run inside a weft issuer revoke 1 --yes
    [ "$status" = 1 ]
    [[ $output == *"this very node"* ]]
    run inside a weft issuer revoke nobody --yes
    [ "$status" = 1 ]
    run inside a weft issuer revoke b
    [ "$status" = 2 ]
    inside a weft issuer revoke b --yes
    [ "$(inside a weft issuer list --json | jq -c '.issuers[1].revoked')" = true ]
    eventually 20 sh -c "! '$LAB' exec a -- wg show weft0 peers | grep -qxF '$(key_of c)'"
    eventually 20 sh -c "'$LAB' exec b -- weft issuer list --json | jq -e '.issuers[1] | .revoked and (.self | not)'"
    run inside b weft token create
    [ "$status" = 1 ]
    all_answer a 10.44.1.1 # b itself is of issuer 1
    fails answers c 10.44.0.1
}
