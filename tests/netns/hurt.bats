#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Again and again: what a daemon made goes with it, a hundred starts and ten thousand changes cost nothing that
# stays, and others cannot use up what root needs. Bounds are generous: what they catch grows with each turn.

load selftest

setup_file() { lab_up 2; }
teardown_file() { lab_down; }

# objects_in NODE: what the kernel and the file system hold there; the links that are not weft's get their
# link-local addresses when the kernel is done with them.
objects_in() {
    inside "$1" sh -c 'ip -o link show | cut -d" " -f2-3; ip -br address show scope global
        ip route show table all | grep -vE "fe80::.* dev (wv|eth)"; ss -Haun; ss -Hatn; ss -Hxl | cut -c -80
        find /run/weft /run/wireguard /var/lib/weft | sort'
}
objects_are() { [ "$(objects_in "$1")" = "$2" ] || { diff <(echo "$2") <(objects_in "$1") && false; }; }
namespaces() {
    local pid
    for pid in /proc/[0-9]*; do readlink "$pid/ns/net" "$pid/ns/mnt" || true; done 2>/dev/null | sort -u
}
namespaces_are() { [ "$(namespaces)" = "$1" ]; }

@test "19 links, routes, sockets and files go with the daemon, namespaces with the lab" {
    local before namespaces
    "$LAB" stop a
    before=$(objects_in a)
    "$LAB" peer a weft
    eventually 10 inside a ping -q -c 1 -W 1 10.44.1.1
    fails objects_are a "$before"
    "$LAB" stop a
    eventually 5 objects_are a "$before"
    "$LAB" peer a weft
    eventually 10 inside a ping -q -c 1 -W 1 10.44.1.1
    kill -KILL "$("$LAB" pid a)" # then the kernel alone cleans up: all but names in the file system
    "$LAB" stop a
    eventually 5 fails inside a ip link show dev weft0
    [ -z "$(inside a ss -Huan)" ]
    "$LAB" peer a weft
    namespaces=$(namespaces)
    (
        export WEFT_LAB_DIR=$BATS_TEST_TMPDIR/other
        "$LAB" up 1
        fails namespaces_are "$namespaces"
        "$LAB" down
    )
    eventually 5 namespaces_are "$namespaces"
}

# What the kernel cannot give back by itself; kB.
kernel_memory() { awk '/^(SUnreclaim|Percpu):/ { sum += $2 } END { print sum }' /proc/meminfo; }

@test "a hundred starts and stops leave nothing behind and take no memory" {
    local before memory log=$BATS_TEST_TMPDIR/log
    "$LAB" stop a
    before=$(objects_in a)
    memory=$(kernel_memory)
    # shellcheck disable=SC2016
    inside a bash -c 'for ((turn = 0; turn < 100; turn++)); do
        weftd 2>>"$0" &
        for ((i = 0; i < 1000; i++)); do [ ! -S /run/wireguard/weft0.sock ] || break; sleep 0.01; done
        kill -TERM $! && wait $! || exit 1
        [ ! -e /sys/class/net/weft0 ] && [ ! -e /run/wireguard/weft0.sock ] || exit 2
    done' "$log" 3>&-
    [ "$(grep -c event=node_started "$log")" = 100 ]
    [ "$(grep -c event=node_stopped "$log")" = 100 ]
    eventually 5 objects_are a "$before"
    echo "kernel memory: $memory kB before, $(kernel_memory) kB after"
    [ $(($(kernel_memory) - memory)) -lt 65536 ]
    "$LAB" peer a weft
    eventually 10 inside a ping -q -c 1 -W 1 10.44.1.1
}

uapi() { inside a socat -t 30 - UNIX-CONNECT:/run/wireguard/weft0.sock | grep -x 'errno=0'; }

# change_peers COUNT: so many peers come, change and go; each begins a handshake that nobody answers.
change_peers() {
    local keys=$BATS_TEST_TMPDIR/keys
    od -An -v -tx1 -w32 -N $((32 * $1)) /dev/urandom | tr -d ' ' >"$keys"
    awk 'BEGIN { print "set=1" } END { print "" } {
        printf "public_key=%s\nendpoint=192.0.2.2:1111\npersistent_keepalive_interval=1\n", $1
        printf "allowed_ip=10.200.%d.%d/32\nallowed_ip=fd00:%x::/32\n", NR / 250, NR % 250, NR }' "$keys" | uapi
    awk 'BEGIN { print "set=1" } END { print "" } {
        printf "public_key=%s\nupdate_only=true\npreshared_key=%s\nreplace_allowed_ips=true\n", $1, $1
        printf "allowed_ip=10.201.%d.%d/32\n", NR / 250, NR % 250 }' "$keys" | uapi
    awk 'BEGIN { print "set=1" } END { print "" } { printf "public_key=%s\nremove=true\n", $1 }' "$keys" | uapi
}
resident() { awk '/^VmRSS:/ { print $2 }' "/proc/$1/status"; } # PID: kB
descriptors() { find "/proc/$1/fd" -mindepth 1 | wc -l; }      # PID
no_more_than() { [ "$("$1" "$2")" -le "$3" ]; }                # WHAT PID LIMIT

@test "ten thousand changes of peers take neither descriptors nor memory" {
    local pid files memory
    pid=$("$LAB" pid a)
    for _ in 1 2; do change_peers 334; done
    files=$(descriptors "$pid")
    memory=$(resident "$pid")
    for _ in 3 4 5 6 7 8 9 10; do change_peers 334; done
    echo "descriptors $files, then $(descriptors "$pid"); memory $memory kB, then $(resident "$pid") kB"
    eventually 10 no_more_than descriptors "$pid" "$files"
    eventually 10 no_more_than resident "$pid" $((memory + 4096)) # 1.5 kB for each peer that came
    [ "$(inside a wg show weft0 peers)" = "$(key_of b)" ]
    wg_set a peer "$(key_of b)" remove
    kill -HUP "$pid"
    eventually 10 inside a ping -q -c 1 -W 1 10.44.1.1
}

# others COUNT TARGET SECONDS: so many clients of the socket's group, not root, each with a ping of that length.
others() {
    # shellcheck disable=SC2016
    "$LAB" exec a -- setpriv --reuid 65534 --regid 0 --clear-groups timeout 60 sh -c '
        body="{\"target\":\"$1\",\"count\":1,\"interval_ms\":200,\"timeout_ms\":${2}000}"
        for i in $(seq "$0"); do
            printf "POST /v1/ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" \
                ${#body} "$body" | socat -t 60 - UNIX-CONNECT:/run/weft/weftd.sock &
        done
        wait' "$@" 2>/dev/null 3>&-
}
answered() { grep -q "$1" "$BATS_TEST_TMPDIR/answers"; }
are_served() { others 1 b 1 | grep -q '"received":1'; }

@test "others cannot fill the API so that root does not get in" {
    local clients
    others 80 10.44.1.200 6 >"$BATS_TEST_TMPDIR/answers" & # for 48 places and 16 pings
    clients=$!
    eventually 20 answered '"busy".*16 pings are under way'
    fails are_served
    inside a weft status
    inside a weft ping b
    wait $clients
    eventually 10 are_served
}
