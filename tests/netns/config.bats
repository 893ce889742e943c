#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Configurations that cannot work: weftd and weft config check each say why in one line, and exit 1.

load helpers

setup_file() { lab_up 1; }
teardown_file() { lab_down; }

setup() {
    file=$BATS_TEST_TMPDIR/weft.toml
    "$WEFT_BUILD/weft" genkey >"$BATS_TEST_TMPDIR/key"
    chmod 600 "$BATS_TEST_TMPDIR/key"
    key=$("$WEFT_BUILD/weft" genkey | "$WEFT_BUILD/weft" pubkey)
    export WEFT_STATE_DIR=$BATS_TEST_TMPDIR/state WEFT_RUN_DIR=$BATS_TEST_TMPDIR/run
    mkdir -p "$WEFT_STATE_DIR" "$WEFT_RUN_DIR"
}

node_section() {
    cat <<TOML
[node]
name = "x"
interface = "weft9"
listen_port = ${1:-51999}
private_key_file = "$BATS_TEST_TMPDIR/key"
addresses = ["10.99.0.1/24"]
[api]
socket = "$BATS_TEST_TMPDIR/run/weftd.sock"
group = "root"
TOML
}

peer_section() { # NAME KEY ALLOWED
    printf '[[peer]]\nname = "%s"\npublic_key = "%s"\nallowed_ips = ["%s"]\n' "$@"
}

# one_line: what the last run printed is one line, with the words given.
one_line() {
    local word
    echo "exit $status: $output"
    [ "$status" -ne 0 ] && [ "$status" -ne 124 ] && [ "$status" -lt 128 ]
    [ "$(grep -c . <<<"$output")" = 1 ]
    for word; do [[ ${output,,} == *"${word,,}"* ]]; done
}

refused() { # WORD...: by the check and by the daemon
    run inside a env WEFT_CONFIG="$file" weft config check
    one_line "$@"
    run inside a env WEFT_CONFIG="$file" timeout 10 weftd
    one_line "$@"
    fails inside a ip link show dev weft9
}

@test "a good one is accepted" {
    { node_section && peer_section b "$key" 10.99.1.0/24; } >"$file"
    inside a env WEFT_CONFIG="$file" weft config check
}

@test "a wrong public key" {
    { node_section && peer_section b "not+a+key" 10.99.1.0/24; } >"$file"
    refused weft.toml:12 public_key
}

@test "a private key file that is no key" {
    node_section >"$file"
    echo nonsense >"$BATS_TEST_TMPDIR/key"
    refused key
}

@test "a private key file that is missing" {
    node_section >"$file"
    rm "$BATS_TEST_TMPDIR/key"
    refused "$BATS_TEST_TMPDIR/key"
}

@test "a private key file that others can read" {
    node_section >"$file"
    chmod 644 "$BATS_TEST_TMPDIR/key"
    refused chmod
}

@test "overlapping prefixes" {
    {
        node_section
        peer_section b "$key" 10.99.1.0/24
        peer_section c "$("$WEFT_BUILD/weft" genkey | "$WEFT_BUILD/weft" pubkey)" 10.99.1.0/24
    } >"$file"
    refused 10.99.1.0/24
}

@test "a missing file" {
    refused "$BATS_TEST_TMPDIR/weft.toml"
}

@test "an unknown key, with the nearest known one" {
    { node_section | sed 's/listen_port/listen_prot/'; } >"$file"
    refused weft.toml:4 listen_prot listen_port
}

@test "not TOML" {
    { node_section && echo 'a = = b'; } >"$file"
    refused weft.toml:10
}

@test "a port in use" {
    node_section 51840 >"$file"
    run inside a env WEFT_CONFIG="$file" timeout 10 weftd
    one_line 51840 "in use"
    fails inside a ip link show dev weft9
}

@test "genkey and pubkey agree with wg" {
    local private
    private=$("$WEFT_BUILD/weft" genkey)
    [ "$(echo "$private" | "$WEFT_BUILD/weft" pubkey)" = "$(echo "$private" | wg pubkey)" ]
    run sh -c "echo nonsense | '$WEFT_BUILD/weft' pubkey"
    [ "$status" -ne 0 ]
}

@test "weft version" {
    [[ $("$WEFT_BUILD/weft" version) =~ [0-9]+\.[0-9]+\.[0-9]+ ]]
}
