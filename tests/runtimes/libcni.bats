#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The reference library calls weft-cni as runtimes do that are built on it: with its cache, with prevResult,
# over every version of the specification that it knows.

load runtimes

setup_file() { [ ! -x "$FETCHED/libcni-run" ] || runtimes_up; }
teardown_file() { [ ! -d "$WEFT_LAB_DIR" ] || lab_down; }
setup() { [ -x "$FETCHED/libcni-run" ] || skip "libcni was not built: go is not here, or Debian's archive out of reach"; }

conflist() { # VERSION
    mkdir -p "$BATS_TEST_TMPDIR/net.d"
    jq --arg v "$1" '.cniVersion = $v | .plugins |= .[:1]' \
        "/proc/$(cut -d' ' -f1 "$WEFT_LAB_DIR/a/holder.pid")/root/etc/cni/net.d/10-weft.conflist" >"$BATS_TEST_TMPDIR/net.d/10-weft.conflist"
}
call() { # VERB CONTAINER
    inside a env NETCONFPATH="$BATS_TEST_TMPDIR/net.d" CNI_PATH="$(bin_of a)" CNI_CACHE="$BATS_TEST_TMPDIR/cache" \
        "$FETCHED/libcni-run" "$1" weft /run/netns/c1 "$2"
}

@test "every version: VALIDATE, ADD, CHECK, a CHECK that fails, DEL, DEL again, DEL without a namespace" {
    local version
    for version in 0.3.1 0.4.0 1.0.0; do # what the library of Debian 12 knows
        conflist $version
        call VALIDATE c1
        inside a ip netns add c1
        call ADD c1 | jq -e --arg v "$version" '.cniVersion == $v and (.ips | length) == 2'
        [ $version = 0.3.1 ] || call CHECK c1
        inside a ip -n c1 addr flush dev eth0
        [ $version = 0.3.1 ] || fails call CHECK c1
        call DEL c1
        call DEL c1
        inside a ip netns del c1
        call DEL c1
    done
    no_attachments a
}

@test "capability arguments, and an error that the library hands on whole" {
    conflist 1.0.0
    inside a ip netns add c1
    CAP_ARGS='{"ips":["10.44.0.88/24"],"mac":"02:00:00:00:00:58"}' call ADD c1 |
        jq -e '.ips[0].address == "10.44.0.88/32" and .interfaces[1].mac == "02:00:00:00:00:58"'
    run call ADD c2 # its eth0 is there already
    [ "$status" = 1 ]
    [[ $output == *"eth0 already"* ]]
    call DEL c1
    call DEL c2
    inside a ip netns del c1
    no_attachments a
}
