#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Start, stop, start again, reload: what is left behind, what resumes, what the exit codes are.

load helpers

setup_file() { lab_up 3; }
teardown_file() { lab_down; }

root_of() { echo "/proc/$(cut -d' ' -f1 "$WEFT_LAB_DIR/$1/holder.pid")/root"; }

@test "SIGTERM leaves no interface, route or socket behind, and exits 0" {
    "$LAB" stop c
    fails inside c ip link show dev weft0
    [ -z "$(inside c ip route show 10.44.0.0/24)" ]
    [ -z "$(inside c ip -6 route show fd44::/64)" ]
    [ -z "$(inside c ss -Huanp)" ]
    fails inside c test -e /run/weft/weftd.sock
    fails inside c test -e /run/wireguard/weft0.sock
    "$LAB" peer c weft
}

@test "what was logged is told over the socket" {
    eventually 5 inside a sh -c 'curl -sf --unix-socket /run/weft/weftd.sock http://weft/v1/events |
        jq -e "[.events[].event] | index(\"node_started\") != null"'
}

@test "stopped and started again, traffic resumes in both directions" {
    "$LAB" stop b
    fails inside a ping -q -c 1 -W 1 10.44.1.1
    "$LAB" peer b weft
    eventually 10 inside a ping -q -c 1 -W 1 10.44.1.1
    inside b ping -q -c 1 -W 2 10.44.0.1
    inside a1 ping -q -c 1 -W 2 10.44.1.10
}

@test "killed and started again, traffic resumes" {
    kill -KILL "$("$LAB" pid b)"
    "$LAB" peer b weft
    eventually 10 inside a ping -q -c 1 -W 1 10.44.1.1
}

@test "killed and started again, sessions come back without any traffic" {
    inside b ping -q -c 1 -W 2 10.44.0.1
    eventually 20 grep -qF "$(cat "$WEFT_LAB_DIR/a/public.key")" "$(root_of b)/var/lib/weft/weft0.peers"
    kill -KILL "$("$LAB" pid b)"
    "$LAB" peer b weft
    eventually 10 sh -c "'$LAB' exec b -- weft status --json | jq -e '.peers[] | select(.name == \"a\").session == \"up\"'"
}

@test "SIGHUP takes a peer away and brings it back, others are not disturbed" {
    local file before
    file=$(root_of a)/etc/weft/weft.toml
    cp "$file" "$BATS_TEST_TMPDIR/weft.toml"
    before=$(inside a wg show weft0 latest-handshakes | grep -F "$(cat "$WEFT_LAB_DIR/b/public.key")")
    awk -v RS= -v ORS='\n\n' '!/name = "c"/' "$BATS_TEST_TMPDIR/weft.toml" >"$file"
    kill -HUP "$("$LAB" pid a)"
    eventually 5 sh -c "[ \$('$LAB' exec a -- wg show weft0 peers | wc -l) = 1 ]"
    fails inside a ping -q -c 1 -W 1 10.44.2.1
    inside a ping -q -c 1 -W 1 10.44.1.1
    cp "$BATS_TEST_TMPDIR/weft.toml" "$file"
    kill -HUP "$("$LAB" pid a)"
    eventually 5 sh -c "[ \$('$LAB' exec a -- wg show weft0 peers | wc -l) = 2 ]"
    eventually 10 inside a ping -q -c 1 -W 1 10.44.2.1
    [ "$(inside a wg show weft0 latest-handshakes | grep -F "$(cat "$WEFT_LAB_DIR/b/public.key")")" = "$before" ]
}

@test "SIGHUP with a broken file keeps what runs" {
    local file
    file=$(root_of a)/etc/weft/weft.toml
    cp "$file" "$BATS_TEST_TMPDIR/weft.toml"
    echo 'nonsense' >>"$file"
    kill -HUP "$("$LAB" pid a)"
    sleep 0.5
    cp "$BATS_TEST_TMPDIR/weft.toml" "$file"
    "$LAB" pid a
    inside a ping -q -c 1 -W 2 10.44.1.1
}

@test "another api.socket waits for a restart, and weft says where weftd answers until then" {
    local file
    file=$(root_of a)/etc/weft/weft.toml
    cp "$file" "$BATS_TEST_TMPDIR/weft.toml"
    sed -i '/^\[api\]/a socket = "/run/weft/other.sock"' "$file"
    kill -HUP "$("$LAB" pid a)"
    eventually 5 restart_required api.socket
    run inside a weft status
    [ "$status" = 3 ]
    [[ $output == *"answers at /run/weft/weftd.sock"* ]]
    cp "$BATS_TEST_TMPDIR/weft.toml" "$file"
    kill -HUP "$("$LAB" pid a)"
    eventually 5 inside a weft status
}
restart_required() { # SETTING
    inside a weft --socket /run/weft/weftd.sock status --json |
        jq -e --arg setting "$1" '.problems[] | select(.code == "restart_required" and .subject == $setting)'
}

@test "the exit code says that the daemon is not running" {
    "$LAB" stop c
    run inside c weft status
    [ "$status" = 3 ]
    [[ $output == *"not running"* ]]
    run inside c weft status --json
    [ "$status" = 3 ]
    run inside c weft ping a
    [ "$status" = 3 ]
    "$LAB" peer c weft
    eventually 10 inside c ping -q -c 1 -W 1 10.44.0.1
    inside c weft status
}

@test "usage errors exit with 2" {
    run inside a weft no-such-command
    [ "$status" = 2 ]
    run inside a weft status --no-such-option
    [ "$status" = 2 ]
}

@test "a second daemon in the same node says that there is one already" {
    run inside a timeout 10 weftd
    [ "$status" -ne 0 ]
    [ "$status" -ne 124 ]
    [[ $output == *"in use"* ]] || [[ $output == *"another weftd is running"* ]]
    inside a ping -q -c 1 -W 2 10.44.1.1
}

@test "every thread of the daemon may administer the network, send echoes and nothing else, for good" {
    local task
    for task in /proc/"$("$LAB" pid a)"/task/*/status; do
        [ "$(awk '/^Cap(Prm|Eff):/ { print $2 }' "$task" | sort -u)" = 0000000000003000 ]
        [ "$(awk '/^CapBnd:/ { print $2 }' "$task")" = 0000000000001000 ]
        grep -qx $'NoNewPrivs:\t1' "$task"
    done
}

@test "a service manager is told when it is ready and, while its threads go round, that it is alive" {
    local told=$BATS_TEST_TMPDIR/told listener
    "$LAB" stop c
    socat -u UNIX-RECV:"$BATS_TEST_TMPDIR/notify" CREATE:"$told" 3>&- &
    listener=$!
    eventually 5 test -S "$BATS_TEST_TMPDIR/notify"
    NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify WATCHDOG_USEC=20000000 "$LAB" peer c weft
    eventually 10 grep -qz 'READY=1.*WATCHDOG=1' "$told"
    kill $listener
}
