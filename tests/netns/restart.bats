#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Restarts under a service manager that keeps descriptors (service_manager.py): interface, addresses, routes and port
# stay while no daemon is there, packets wait, and the next daemon goes on. The same under a real systemd:
# ../packages/packages.bats.

load helpers

setup_file() {
    lab_up 2
    "$LAB" stop b
    begin
}
teardown_file() { lab_down; }

root_of() { echo "/proc/$(cut -d' ' -f1 "$WEFT_LAB_DIR/$1/holder.pid")/root"; }
config_of_b() { echo "$(root_of b)/etc/weft/weft.toml"; }

begin() { # the manager, and weftd by it, in b
    export BY=$BATS_FILE_TMPDIR/manager
    rm -rf "$BY"
    "$LAB" exec b -- python3 "$ROOT/tests/netns/service_manager.py" "$BY" weftd >"$BATS_FILE_TMPDIR/log" 2>&1 3>&- &
    echo $! >"$BATS_FILE_TMPDIR/manager.pid"
    eventually 10 is_ready 1
    eventually 10 inside a ping -q -c 1 -W 1 10.44.1.1
}
is_ready() { [ "$(cat "$BY/ready" 2>/dev/null)" = "$1" ]; } # TIMES
restart() { kill -USR1 "$(cat "$BATS_FILE_TMPDIR/manager.pid")"; }
kill_daemon() { kill -KILL "$(cat "$BY/pid")"; }
logged() { grep -q "event=$1" "$BATS_FILE_TMPDIR/log"; }

# What the node has of the interface: number, addresses and routes, without the kernel's own.
of_interface() {
    inside b cat /sys/class/net/weft0/ifindex
    inside b ip -o addr show dev weft0 | awk '$4 !~ /^fe80/ { print $4 }'
    inside b ip route show dev weft0
    inside b ip -6 route show dev weft0 | grep -v fe80
}

# Echoes of b's container to a's, all the time; then the longest time without an answer.
flow() {
    "$LAB" exec b1 -- ping -D -i 0.01 -w 60 10.44.0.10 >"$BATS_TEST_TMPDIR/flow" 2>&1 3>&- &
    FLOW=$!
    eventually 5 test -s "$BATS_TEST_TMPDIR/flow"
    eventually 5 answered 20
}
answered() { [ "$(grep -c 'bytes from' "$BATS_TEST_TMPDIR/flow")" -gt "$1" ]; } # COUNT
flow_goes_on() {
    local count
    count=$(grep -c 'bytes from' "$BATS_TEST_TMPDIR/flow")
    eventually 10 answered $((count + 20))
    kill -INT $FLOW
    wait $FLOW || true
    fails grep -i unreachable "$BATS_TEST_TMPDIR/flow"
    awk -F '[][]' '/bytes from/ { if (last && $2 - last > gap) gap = $2 - last; last = $2 }
        END { printf "# note: %d ms without an answer\n", gap * 1000 }' "$BATS_TEST_TMPDIR/flow" >&3
}

@test "restarted, the interface is the same, nothing is refused meanwhile, and a flow goes on" {
    local before
    before=$(of_interface)
    flow
    restart
    eventually 10 is_ready 2
    flow_goes_on
    [ "$(of_interface)" = "$before" ]
    logged interface_taken_over
    logged port_taken_over
}

@test "killed, the interface stays, a packet waits for the next daemon and is answered" {
    local before ping sent
    before=$(of_interface)
    kill_daemon
    [ "$(of_interface)" = "$before" ]
    sent=$(echoes_sent)
    "$LAB" exec b -- ping -c 3 -i 0.1 -W 60 10.44.0.1 >"$BATS_TEST_TMPDIR/flow" 3>&- &
    ping=$!
    inside a ping -q -c 1 -W 1 10.44.1.1 || true # to an old session, of which nobody knows any more
    eventually 5 has_sent $((sent + 3))
    touch "$BY/again"
    eventually 20 answered 0 # the first answer may still come by the old session
    kill -INT $ping || true # or it has ended, all answered
    wait $ping || true
    eventually 10 is_ready 3
    [ "$(of_interface)" = "$before" ]
    eventually 5 unknown_index
    rm "$BY/again"
}
has_sent() { [ "$(echoes_sent)" -ge "$1" ]; } # ECHOES
echoes_sent() { inside b nstat -asz IcmpOutEchos | awk '/IcmpOutEchos/ { print $2 }'; }
unknown_index() { inside b weft status --json | jq -e '.drops.unknown_index > 0'; }

@test "killed and started again at once, over and over, it is the same node each time" {
    local before kills=5 i
    [ "$WEFT_FULL" = no ] || kills=200
    before=$(of_interface)
    touch "$BY/again"
    flow
    for ((i = 0; i < kills; i++)); do
        kill_daemon
        eventually 10 is_ready $((4 + i))
    done
    flow_goes_on
    rm "$BY/again"
    [ "$(of_interface)" = "$before" ]
}

@test "another configuration: what does not fit is let go, what is no longer wanted is removed" {
    local ready file
    file=$(config_of_b)
    ready=$(cat "$BY/ready")
    cp "$file" "$BATS_TEST_TMPDIR/weft.toml"
    sed -i 's/^listen_port.*/listen_port = 51841/' "$file"
    restart
    eventually 10 is_ready $((ready + 1))
    grep -q 'event=kept_port_unfit.*it is port 51840, not 51841' "$BATS_FILE_TMPDIR/log"
    [ -z "$(inside b ss -Hlun 'sport = :51840')" ]
    eventually 10 inside b ping -q -c 1 -W 1 10.44.0.1

    sed -i 's/^listen_port.*/&\nworkers = 6/' "$file" # the same port and name: the old ones are gone in time
    restart
    eventually 10 is_ready $((ready + 2))
    grep -q 'event=kept_interface_unfit.*it has . queues, not 6' "$BATS_FILE_TMPDIR/log"
    [ "$(inside b weft status --json | jq .workers)" = 6 ]
    eventually 10 inside b ping -q -c 1 -W 1 10.44.0.1

    sed -i 's/^listen_port.*/&\ninterface = "weft1"/' "$file"
    restart
    eventually 10 is_ready $((ready + 3))
    grep -q 'event=kept_interface_unfit.*it is weft0, not weft1' "$BATS_FILE_TMPDIR/log"
    fails inside b ip link show dev weft0

    cp "$BATS_TEST_TMPDIR/weft.toml" "$file"
    restart
    eventually 10 is_ready $((ready + 4))
    eventually 10 inside a ping -q -c 1 -W 1 10.44.1.1
    fails inside b ip link show dev weft1
}

@test "addresses and routes that a changed configuration no longer has go from the kept interface" {
    local ready file before
    file=$(config_of_b)
    ready=$(cat "$BY/ready")
    before=$(of_interface)
    cp "$file" "$BATS_TEST_TMPDIR/weft.toml"
    sed -i '/^allowed_ips/s|, "fd44[^]]*||; s|^addresses.*|addresses = ["10.44.1.3/24"]|' "$file"
    restart
    eventually 10 is_ready $((ready + 1))
    [ "$(of_interface | head -n 1)" = "$(head -n 1 <<<"$before")" ]
    [ "$(inside b ip -o -4 addr show dev weft0 | awk '{ print $4 }')" = 10.44.1.3/24 ]
    [ -z "$(inside b ip -6 route show fd44::/64 dev weft0)" ]
    cp "$BATS_TEST_TMPDIR/weft.toml" "$file"
    restart
    eventually 10 is_ready $((ready + 2))
    [ "$(of_interface | sort)" = "$(sort <<<"$before")" ]
}

@test "removed while nobody was there, the interface is made again" {
    local ready
    ready=$(cat "$BY/ready")
    kill_daemon
    inside b ip link del weft0
    touch "$BY/again"
    eventually 10 is_ready $((ready + 1))
    grep -q 'event=kept_interface_unfit.*the interface was removed' "$BATS_FILE_TMPDIR/log"
    eventually 10 inside a ping -q -c 1 -W 1 10.44.1.1
    rm "$BY/again"
}

keeps_nothing() { [ -z "$(cat "$BY/kept")" ]; }
@test "weft down: the manager keeps nothing, and nothing is left" {
    inside b weft down
    eventually 5 keeps_nothing
    wait "$(cat "$BATS_FILE_TMPDIR/manager.pid")" 2>/dev/null || true
    eventually 5 fails inside b ip link show dev weft0
    [ -z "$(inside b ss -Huanp)" ]
}
