#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# weft-cni as a container runtime calls it: CNI_* in the environment, the network on stdin. Containers are
# network namespaces on two nodes of a network. What each call leaves is looked at after every failure.

load helpers

setup_file() { lab_up 2 WEFT_LAB_NETWORK=yes; }
teardown_file() { lab_down; }
teardown() { # what a failed test left
    local node name
    for node in a b; do
        for name in $(inside "$node" ls /run/netns); do gone "$node" "$name"; done
    done
}

NETWORK='{"cniVersion":"1.1.0","name":"weft","type":"weft-cni"}'

# cni NODE VERB CONTAINER [NETWORK [VARIABLE=VALUE...]]: its interface is eth0, its namespace has its name.
cni() {
    local node=$1 verb=$2 container=$3 network=${4:-$NETWORK}
    shift $(($# < 4 ? 3 : 4))
    inside "$node" env CNI_COMMAND="$verb" CNI_CONTAINERID="$container" CNI_NETNS="/run/netns/$container" \
        CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni "$@" weft-cni <<<"$network"
}
with() { jq -c "$1" <<<"$NETWORK"; } # JQ: the network, changed
add() { # NODE CONTAINER [NETWORK [VARIABLE=VALUE...]]: a new namespace and ADD
    inside "$1" ip netns add "$2"
    cni "$1" ADD "${@:2}"
}
gone() { # NODE CONTAINER...: DEL, and the namespace goes
    local node=$1 container
    shift
    for container; do
        cni "$node" DEL "$container"
        inside "$node" ip netns del "$container" 2>/dev/null || true
    done
}
within() { # NODE CONTAINER CMD...
    inside "$1" nsenter --net="/run/netns/$2" "${@:3}"
}
leases() { inside "$1" weft ipam show --json | jq '.containers | length'; }
left() { # NODE: all that attachments may leave behind
    inside "$1" bash -c 'ip -o link show | grep -o " wv[0-9a-f]\{12\}"; ip route show proto 87
        ip -6 route show proto 87; ip -o addr show | grep wv | grep -v wv"[ab][12]"; ls /run/netns
        nft -s list ruleset'
    leases "$1"
}
# fails_with CODE WORD CMD...: the error is JSON on stdout, says WORD, and has details.
fails_with() {
    local code=$1 word=$2 rc=0 answer
    shift 2
    answer=$("$@" 2>/dev/null) || rc=$?
    echo "$answer"
    [ $rc = 1 ] && jq -e --argjson code "$code" --arg word "$word" \
        '.code == $code and (.msg | contains($word)) and (.details | length > 0) and .cniVersion' <<<"$answer"
}
edit_node_file() { # NODE JQ FILE: a changed copy, as nodeFile of a network
    inside "$1" cat /run/weft/node.json | jq -c "$2" >"$BATS_TEST_TMPDIR/$3"
    with ".nodeFile = \"$BATS_TEST_TMPDIR/$3\""
}

@test "containers on two nodes reach each other and the gateways, IPv4 and IPv6, with the overlay's MTU" {
    local before_a before_b
    before_a=$(left a) before_b=$(left b)
    add a c1 | tee "$BATS_TEST_TMPDIR/result"
    add b c2
    jq -e '.cniVersion == "1.1.0" and (.interfaces | length) == 2 and .interfaces[0].name[:2] == "wv"
        and .interfaces[1].name == "eth0" and .interfaces[1].sandbox == "/run/netns/c1"
        and ([.ips[].interface] == [1, 1]) and (.routes | length) == 2' "$BATS_TEST_TMPDIR/result"
    local address
    for address in 10.44.1.2 fd44:0:0:1::2 10.44.0.1 fd44::1 10.44.1.1 fd44:0:0:1::1; do
        within a c1 ping -q -c 2 -i 0.1 -W 3 "$address"
    done
    inside a ping -q -c 1 -W 3 10.44.0.2
    inside b ping -q -c 1 -W 3 fd44::2
    within a c1 ping -q -c 1 -W 3 -M "do" -s 1392 10.44.1.2
    fails within a c1 ping -q -c 1 -W 1 -M "do" -s 1393 10.44.1.2
    within a c1 ip -d link show eth0 | tr '\n' ' ' | grep -q 'mtu 1420 .*gso_max_segs 44 '
    within b c2 ping -q -c 1 -W 3 10.44.0.10 # a container made by other means
    gone a c1
    gone b c2
    [ "$(left a)" = "$before_a" ] && [ "$(left b)" = "$before_b" ]
}

requests() { # VERB OUTCOME
    inside a curl -sS http://127.0.0.1:9484/metrics |
        sed -n "s/^weft_cni_requests_total{verb=\"$1\",outcome=\"$2\"} //p"
}
added() { # OK FAILED
    [ "$(requests ADD ok)" = "$1" ] && [ "$(requests ADD failed)" = "$2" ]
}
@test "what runtimes have asked is told by metrics, failures apart" {
    local ok failed
    ok=$(requests ADD ok) failed=$(requests ADD failed)
    add a counted
    fails cni a ADD counted "$NETWORK" CNI_NETNS=/nowhere
    gone a counted
    eventually 3 added $((ok + 1)) $((failed + 1))
}

@test "DEL is done twice, without a namespace, without CNI_NETNS, for who never was, with no daemon and no ledger" {
    local before
    before=$(left a)
    add a c1
    cni a DEL c1
    cni a DEL c1
    cni a ADD c1
    inside a ip netns del c1
    cni a DEL c1
    cni a DEL nobody "$NETWORK" CNI_NETNS=
    add a c1
    "$LAB" stop a
    cni a DEL c1 "$NETWORK" CNI_NETNS=
    inside a ip netns del c1
    cni a DEL c1 "$(with '.stateDir = "/var/lib/nothing-here"')"
    inside a test ! -e /var/lib/nothing-here
    "$LAB" peer a weft
    add a c1
    fails_with 7 mtu cni a ADD c2 "$(with '.mtu = "1420"')"
    cni a DEL c1 "$(with '.mtu = "1420" | .runtimeConfig = [] | .prevResult = 7')" # what only ADD needs
    inside a ip netns del c1
    [ "$(left a)" = "$before" ]
}

@test "while the daemon is stopped or away an ADD says try again, and containers stay as they are" {
    add a c1
    "$LAB" stop a
    inside a jq -e '.ready == false and .reason == "weftd has stopped"' /run/weft/node.json
    inside a ip netns add c2
    fails_with 11 'not ready' cni a ADD c2
    fails_with 51 'not ready' cni a STATUS ''
    within a c1 ping -q -c 1 -W 3 10.44.0.1
    "$LAB" peer a weft
    eventually 10 inside a jq -e .ready /run/weft/node.json
    [ "$(inside a jq .mtu /run/weft/node.json)" = 1420 ] # its own containers' links do not count
    cni a STATUS ''
    eventually 10 within a c1 ping -q -c 1 -W 1 10.44.1.1
    kill -KILL "$("$LAB" pid a)" # it said nothing
    eventually 5 fails inside a ip link show weft0
    inside a jq -e .ready /run/weft/node.json
    fails_with 11 'weft0 is not there' cni a ADD c2
    fails_with 51 'weft0 is not there' cni a STATUS ''
    "$LAB" peer a weft
    eventually 10 cni a ADD c2
    gone a c1 c2
}

@test "every version of the specification: ADD, CHECK, DEL; what it does not know is refused" {
    local version network previous
    for version in 0.3.1 0.4.0 1.0.0 1.1.0; do
        network=$(with ".cniVersion = \"$version\"")
        previous=$(add a c1 "$network")
        jq -e --arg v "$version" '.cniVersion == $v and
            (.ips[0].version == (if $v < "1" then "4" else null end)) and
            ((.interfaces[1].mtu != null) == ($v == "1.1.0"))' <<<"$previous"
        network=$(jq -c --argjson previous "$previous" '.prevResult = $previous' <<<"$network")
        if [ "$version" = 0.3.1 ]; then
            fails_with 1 CHECK cni a CHECK c1 "$network"
        else
            cni a CHECK c1 "$network"
            within a c1 ip addr flush dev eth0
            fails_with 5 'is not there' cni a CHECK c1 "$network"
        fi
        [ "$version" = 1.1.0 ] || fails_with 1 GC cni a GC '' "$(with ".cniVersion = \"$version\"")"
        gone a c1
    done
    fails_with 1 9.9.9 cni a ADD c1 "$(with '.cniVersion = "9.9.9"')"
    cni a VERSION '' '{"cniVersion":"1.0.0"}' CNI_IFNAME=dummy CNI_NETNS=dummy |
        jq -e '.cniVersion == "1.0.0" and .supportedVersions == ["0.3.1", "0.4.0", "1.0.0", "1.1.0"]'
}

@test "wished addresses: by CNI_ARGS, capability and spelling; refused where they cannot be had" {
    local result
    result=$(add a c1 "$NETWORK" 'CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAME=x;IP=10.44.0.77;MAC=02:00:00:00:00:07')
    jq -e '.ips[0].address == "10.44.0.77/32" and .interfaces[1].mac == "02:00:00:00:00:07"' <<<"$result"
    inside a ip netns add c2
    fails_with 102 10.44.0.77 cni a ADD c2 "$(with '.runtimeConfig.IPs = ["10.44.0.77/24"]')"
    fails_with 102 10.44.0.10 cni a ADD c2 "$(with '.runtimeConfig.ips = ["10.44.0.10"]')" # another's route
    fails_with 7 10.44.1.7 cni a ADD c2 "$(with '.runtimeConfig.ips = ["10.44.1.7"]')"
    fails_with 7 10.44.0.1 cni a ADD c2 "$(with '.runtimeConfig.ips = ["10.44.0.1"]')"
    fails_with 4 K8S_POD_NAME cni a ADD c2 "$NETWORK" CNI_ARGS=K8S_POD_NAME=x
    fails_with 7 mtu cni a ADD c2 "$(with '.mtu = 9000')"
    gone a c1
    # At once again for who asks for it, as a restarted container does.
    cni a ADD c2 "$(with '.runtimeConfig = {Mac: "02:00:00:00:00:08", ips: ["10.44.0.77", "fd44::77"]}')" |
        jq -e '[.ips[].address] == ["10.44.0.77/32", "fd44::77/128"] and .interfaces[1].mac == "02:00:00:00:00:08"'
    gone a c2
}

@test "a failed ADD leaves nothing and its address does not rest" {
    local before taken
    inside a ip netns add c1
    before=$(left a)
    fails_with 3 'No such file' cni a ADD c1 "$NETWORK" CNI_NETNS=/run/netns/none
    fails_with 3 'no network namespace' cni a ADD c1 "$NETWORK" CNI_NETNS=/etc/passwd
    fails_with 8 'namespace that weft-cni was started in' cni a ADD c1 "$NETWORK" CNI_NETNS=/proc/self/ns/net
    within a c1 ip link add eth0 type veth peer name other
    fails_with 4 'eth0 already' cni a ADD c1
    within a c1 ip link del eth0
    fails_with 4 CNI_IFNAME cni a ADD c1 "$NETWORK" CNI_IFNAME=a/b
    fails_with 4 CNI_CONTAINERID cni a ADD c1 "$NETWORK" CNI_CONTAINERID=../x
    fails_with 6 JSON cni a ADD c1 '{'
    # Half-way: a container that has no IPv6 left, and a node whose gateway nobody can have.
    fails_with 5 '' cni a ADD c1 "$(with '.mtu = 600')"
    [ "$(left a)" = "$before" ]
    inside a weft ipam log | grep -q dropped
    taken=$(cni a ADD c1 | jq -r '.ips[0].address')
    gone a c1
    inside a ip netns add c1
    [ "$(cni a ADD c1 | jq -r '.ips[0].address')" != "$taken" ] # that one rests
    gone a c1
}

@test "a full block: 100 with what is taken and what rests; a small one goes on once leases are stale" {
    local small later i
    # The node's own block is .0/24: the containers' is one of the others of the pool here.
    small=$(edit_node_file a '.blocks = ["10.44.200.0/29"] | .gateway4 = "10.44.200.1" | .gateway6 = null' small)
    small=$(jq -c '.stateDir = "/var/lib/weft-cni/small"' <<<"$small")
    for i in 1 2 3 4 5; do add a "f$i" "$small"; done
    inside a ip netns add f6
    fails_with 100 '10.44.200.0/29: 5 are taken, 0 were' cni a ADD f6 "$small"
    fails_with 50 10.44.200.0/29 cni a STATUS '' "$small"
    # After another boot all of it is free, and STATUS says so before an ADD has written that down.
    echo 11111111-2222-3333-4444-555555555555 >"$BATS_TEST_TMPDIR/boot_id"
    later=$(edit_node_file a '.blocks = ["10.44.200.0/29"] | .gateway4 = "10.44.200.1" | .gateway6 = null
        | .boot_id = "11111111-2222-3333-4444-555555555555"' later | jq -c '.stateDir = "/var/lib/weft-cni/small"')
    inside a mount --bind "$BATS_TEST_TMPDIR/boot_id" /proc/sys/kernel/random/boot_id
    run cni a STATUS '' "$later"
    inside a umount /proc/sys/kernel/random/boot_id
    [ "$status" = 0 ]
    cni a DEL f1 "$small"
    fails_with 100 '4 are taken, 1 were given back' cni a ADD f6 "$small"
    for i in 1 2 3 4 5 6; do
        cni a DEL "f$i" "$small"
        inside a ip netns del "f$i"
    done
    inside a rm -r /var/lib/weft-cni/small
}

@test "an unreadable ledger, a read-only one, a planted link: 101 and 103; moved away, no address is given twice" {
    local first
    add a c3 && gone a c3
    first=$(add a c1 | jq -r '.ips[0].address')
    inside a ip netns add c2
    inside a bash -c 'printf "\x7f" | dd of=/var/lib/weft-cni/journal bs=1 seek=9 conv=notrunc status=none'
    fails_with 101 'record 1' cni a ADD c2
    inside a mv /var/lib/weft-cni/journal /var/lib/weft-cni/journal.bad
    inside a ln -s /etc/passwd /var/lib/weft-cni/journal
    fails_with 101 'symbolic link' cni a ADD c2
    inside a rm /var/lib/weft-cni/journal
    [ "$(cni a ADD c2 "$(with '.runtimeConfig.ips = ["'"${first%/*}"'"]')" | jq .code)" = 102 ]
    cni a ADD c2
    gone a c1 c2
    inside a rm /var/lib/weft-cni/journal.bad
    inside a bash -c 'mkdir /var/lib/ro && mount -t tmpfs -o ro,mode=0750 tmpfs /var/lib/ro'
    inside a ip netns add c3
    fails_with 103 'Read-only' cni a ADD c3 "$(with '.stateDir = "/var/lib/ro"')"
    inside a bash -c 'umount /var/lib/ro && rmdir /var/lib/ro'
    inside a bash -c 'mkdir /var/lib/full && mount -t tmpfs -o size=16k,mode=0750 tmpfs /var/lib/full &&
        { dd if=/dev/zero of=/var/lib/full/x bs=4k || true; } 2>/dev/null'
    fails_with 103 'No space' cni a ADD c3 "$(with '.stateDir = "/var/lib/full"')"
    inside a bash -c 'umount /var/lib/full && rmdir /var/lib/full'
    [ "$(leases a)" = 0 ]
    gone a c3
}

@test "a machine that does not forward: 11 and 51 with the remedy" {
    inside a sysctl -qw net.ipv4.ip_forward=0
    inside a ip netns add c1
    fails_with 11 net.ipv4.ip_forward cni a ADD c1
    fails_with 51 net.ipv4.ip_forward cni a STATUS ''
    inside a sysctl -qw net.ipv4.ip_forward=1
    inside a ip netns del c1
}

@test "a node.json that is hostile is refused" {
    local change
    inside a ip netns add c1
    for change in '.blocks = ["0.0.0.0/0"]' '.blocks = ["192.168.0.0/24"]' '.mtu = 4294967296' '.interface = "../x"' \
        '.gateway4 = "192.168.0.1"' '.blocks = [range(100) | "10.44.0.0/24"]' 'del(.ready)' '.ready = "yes"'; do
        fails_with 11 '' cni a ADD c1 "$(edit_node_file a "$change" hostile)"
    done
    fails_with 1 'schema 2' cni a ADD c1 "$(edit_node_file a '.schema = 2' other)"
    fails_with 11 'earlier boot' cni a ADD c1 "$(edit_node_file a '.boot_id = "x"' boot)"
    inside a ip netns del c1
}

@test "GC ends what is not valid, both spellings, null and empty; without a list it ends nothing" {
    local before
    before=$(left a)
    add a c1
    add a c2
    fails_with 7 'valid-attachments' cni a GC ''
    cni a GC '' "$(with '.["cni.dev/valid-attachments"] = [{containerID: "c1", ifname: "eth0"}]')"
    within a c1 ping -q -c 1 -W 3 10.44.0.1
    fails within a c2 ip link show eth0
    cni a GC '' "$(with '.name = "another" | .["cni.dev/attachments"] = []')"
    [ "$(leases a)" = 1 ]
    cni a GC '' "$(with '.["cni.dev/attachments"] = null')"
    inside a bash -c 'ip netns del c1; ip netns del c2'
    [ "$(left a)" = "$before" ]
}

# attach_and_kill ROUNDS: ADDs and DELs of c1, most of them killed within 30 ms; a DEL that may end succeeds.
attach_and_kill() {
    # shellcheck disable=SC2016  # the node's shell expands it
    inside a bash -c 'export CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/c1 CNI_IFNAME=eth0
        killed() {
            CNI_COMMAND=$1 weft-cni <<<"$network" >/dev/null & pid=$!
            printf -v pause 0.%05d $((RANDOM % 3000)); sleep $pause; kill -9 $pid 2>/dev/null; wait $pid
        }
        network=$1
        for ((i = 0; i < $2; i++)); do
            killed ADD
            [ $((i % 3)) != 0 ] || killed DEL
            [ $((i % 2)) = 0 ] || CNI_COMMAND=DEL weft-cni <<<"$network" || exit 1
        done; exit 0' - "$NETWORK" "$1" 2>/dev/null
}
kill_daemon() { # TIMES, and who has been killed is started again
    local i
    for ((i = 0; i < $1; i++)); do
        sleep "0.$((RANDOM % 10))"
        kill -KILL "$("$LAB" pid a)"
        "$LAB" peer a weft
    done
}

@test "plugin and daemon killed at any moment, GC or DEL leaves nothing" {
    local before rounds=40 kills=1 killer
    [ "${WEFT_FULL:-no}" = no ] || rounds=3000 kills=40
    before=$(left a)
    inside a ip netns add c1
    kill_daemon $kills >"$BATS_TEST_TMPDIR/daemon" 2>&1 3>&- &
    killer=$!
    attach_and_kill $rounds
    wait $killer
    eventually 10 inside a jq -e .ready /run/weft/node.json
    attach_and_kill 10 # it is there now, whenever it was away
    cni a GC '' "$(with '.["cni.dev/valid-attachments"] = []')"
    inside a ip netns del c1
    [ "$(left a)" = "$before" ]
    inside a ping -q -c 1 -W 5 10.44.1.10
}

@test "many cycles, and many at once: no leak of link, address, route, lease, rule or descriptor; how long an ADD takes" {
    local cycles=100 compared=20 more=400 before descriptors network
    [ "${WEFT_FULL:-no}" = no ] || cycles=10000 compared=500
    # A /16 of the pool, so that no address is wanted again within the minute that it rests.
    network=$(edit_node_file a '.blocks = ["10.44.0.0/16"] | .gateway4 = "10.44.0.1" | .gateway6 = null' wide)
    before=$(left a) descriptors=$(descriptors_of_a)
    inside a "$BATS_TEST_DIRNAME/cni_cycles.bash" "$network" $cycles $compared $more 50 >"$BATS_TEST_TMPDIR/times"
    echo "# note: $(cat "$BATS_TEST_TMPDIR/times")" >&3
    [ "$(left a)" = "$before" ]
    [ "$(descriptors_of_a)" = "$descriptors" ]
}
descriptors_of_a() { find "/proc/$("$LAB" pid a)/fd" -type l | wc -l; }

@test "weft cni install: refused while not ready; binary first, the network last, whole; uninstall; twice" {
    local places=(--conf-dir "$BATS_TEST_TMPDIR/net.d" --bin-dir "$BATS_TEST_TMPDIR/bin")
    "$LAB" stop b
    run inside b weft cni install "${places[@]}"
    [ "$status" = 1 ] && [[ $output == *"weftd has stopped"*--wait-ready* ]]
    [ -x "$BATS_TEST_TMPDIR/bin/weft-cni" ] && [ ! -e "$BATS_TEST_TMPDIR/net.d/10-weft.conflist" ]
    inside b weft cni install --wait-ready --timeout 20 "${places[@]}" >"$BATS_TEST_TMPDIR/out" 3>&- &
    "$LAB" peer b weft
    wait $!
    inside b weft cni install "${places[@]}"
    jq -e '.name == "weft" and .plugins[0].type == "weft-cni" and .cniVersion == "1.0.0"' \
        "$BATS_TEST_TMPDIR/net.d/10-weft.conflist"
    [ "$(ls -A "$BATS_TEST_TMPDIR/net.d")" = 10-weft.conflist ]
    inside b weft cni uninstall "${places[@]}"
    inside b weft cni uninstall "${places[@]}"
    [ -z "$(find "$BATS_TEST_TMPDIR/net.d" "$BATS_TEST_TMPDIR/bin" -type f)" ]
}
