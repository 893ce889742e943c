# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For selftest*.bats, the cases of the kernel's tools/testing/selftests/wireguard/netns.sh: daemons without
# peers of their own; each test introduces the nodes to each other by wg(8).

load helpers

# blank_lab N [VARIABLE=VALUE...]: a lab whose nodes know nobody; 10.44.0.0/16 and fd44::/48 lead to weft0.
blank_lab() {
    local node
    lab_up "$@"
    for node in $(nodes "$1"); do
        sed -i '/^\[\[peer\]\]/,$d' "$(root_of "$node")/etc/weft/weft.toml"
        kill -HUP "$("$LAB" pid "$node")"
        eventually 5 without_peers "$node"
        overlay_routes "$node"
    done
}
nodes() { echo a b c d | cut -d ' ' -f "1-$1"; }
without_peers() { [ -z "$(inside "$1" wg show weft0 peers)" ]; }
overlay_routes() { # NODE
    inside "$1" ip route replace 10.44.0.0/16 dev weft0
    inside "$1" ip -6 route replace fd44::/48 dev weft0
}

holder_of() { cut -d ' ' -f 1 "$WEFT_LAB_DIR/$1/holder.pid"; }
root_of() { echo "/proc/$(holder_of "$1")/root"; }
key_of() { cat "$WEFT_LAB_DIR/$1/public.key"; }

# inner 4|6 NODE, outer 4|6 NODE, prefixes NODE: the lab's addresses.
number_of() { case $1 in a) echo 0 ;; b) echo 1 ;; c) echo 2 ;; esac }
inner() { if [ "$1" = 4 ]; then echo "10.44.$(number_of "$2").1"; else echo "fd44:0:0:$(number_of "$2")::1"; fi; }
outer() {
    local last=$(($(number_of "$2") + 1))
    if [ "$1" = 4 ]; then echo "192.0.2.$last"; else echo "[2001:db8::$last]"; fi
}
prefixes() { echo "10.44.$(number_of "$1").0/24,fd44:0:0:$(number_of "$1")::/64"; }

# wg_set NODE ARGUMENT...
wg_set() {
    local node=$1
    shift
    inside "$node" wg set weft0 "$@"
}

# introduce NODE OTHER ENDPOINT [ARGUMENT...]: NODE has OTHER as a new peer, whatever there was before.
introduce() {
    local node=$1 other=$2 endpoint=$3
    shift 3
    wg_set "$node" peer "$(key_of "$other")" remove
    wg_set "$node" peer "$(key_of "$other")" allowed-ips "$(prefixes "$other")" \
        ${endpoint:+endpoint "$endpoint"} "$@"
}

# pair 4|6: a and b are strangers again, who know where to find each other. First both forget: who is
# remembered by the other still may call in between, and has a session then that the other forgets.
pair() {
    wg_set a listen-port 51840
    wg_set b listen-port 51840
    wg_set a peer "$(key_of b)" remove
    wg_set b peer "$(key_of a)" remove
    introduce a b "$(outer "$1" b):51840"
    introduce b a "$(outer "$1" a):51840"
}

# ping_once FROM ADDRESS [ARGUMENT...]: one answer within 3 s, shorter than any retry of a handshake.
ping_once() {
    local from=$1 to=$2
    shift 2
    inside "$from" ping -q -c 1 -W 3 "$@" "$to"
}

# endpoint_at NODE OTHER: where NODE sends what is for OTHER.
endpoint_at() { inside "$1" wg show weft0 endpoints | awk -v key="$(key_of "$2")" '$1 == key { print $2 }'; }
sends_to() { # NODE OTHER ENDPOINT
    echo "$1 sends to $(endpoint_at "$1" "$2"), expected $3"
    [ "$(endpoint_at "$1" "$2")" = "$3" ]
}
transfer_of() { inside "$1" wg show weft0 transfer | awk -v key="$(key_of "$2")" '$1 == key { print $2, $3 }'; }
sent_by() { transfer_of "$1" "$2" | cut -d ' ' -f 2; } # NODE OTHER: bytes

# wire FIRST LINK SECOND LINK: a cable between two places.
wire() { inside "$1" ip link add "$2" type veth peer name "$4" netns "$(holder_of "$3")"; }

# flood FROM ADDRESS: a hundred pings as fast as they come back, all of them answered.
flood() { inside "$1" ping -q -f -c 100 -W 5 "$2" | grep '100 received'; }

# stream FROM TO ADDRESS MEGABYTES [ARGUMENT...]: iperf3 by TCP. Its server stops at the sender's word, before the
# last bytes: whether all arrive unharmed is tcp_transfer's to say.
stream() {
    local from=$1 to=$2 address=$3 megabytes=$4 server report=$BATS_TEST_TMPDIR/tcp.json
    shift 4
    inside "$to" timeout 60 iperf3 -s -1 >"$report.server" 2>&1 3>&- &
    server=$!
    eventually 5 listens "$to" 5201
    inside "$from" timeout 60 iperf3 -c "$address" -n "${megabytes}M" -w 256K -J "$@" >"$report"
    wait $server
    jq -e --argjson bytes $((megabytes << 20)) '.end.sum_received.bytes > $bytes / 2' "$report" || {
        cat "$report"
        return 1
    }
}

# loads_pass: pings and streams between a and b, both inner families; short.
loads_pass() {
    local family
    for family in 4 6; do
        flood a "$(inner $family b)"
        flood b "$(inner $family a)"
        stream a b "$(inner $family b)" 32
        stream b a "$(inner $family a)" 16 -P 4
        udp_transfer a b "$(inner $family b)" 1
    done
}
