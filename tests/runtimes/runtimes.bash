# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For the tests with real container runtimes: two nodes of a network, in which the runtimes run, each in its
# node's namespaces and with directories of its own.

# shellcheck source=tests/netns/helpers.bash
. "${BASH_SOURCE[0]%/*}/../netns/helpers.bash"

FETCHED=$ROOT/build/runtimes # tests/runtimes/fetch.sh

need() { # COMMAND...: skips the file where one of them is missing
    local command
    for command; do
        command -v "$command" >/dev/null || skip "$command is not here"
    done
    [ -s "$FETCHED/rootfs.tar" ] || skip "no image: $(tail -n 1 "$FETCHED/reason" 2>/dev/null || echo tests/runtimes/fetch.sh did not run)"
}

runtimes_up() { # two nodes with weft's network for runtimes in /etc/cni/net.d
    local node
    lab_up 2 WEFT_LAB_NETWORK=yes
    for node in a b; do
        inside "$node" umount /sys # control groups are the machine's
        for dir in /dev/shm /run/libpod /run/containerd; do
            inside "$node" sh -c "mkdir -p $dir 2>/dev/null; [ -d $dir ] && mount -t tmpfs tmpfs $dir"
        done
        plugins "$node"
        inside "$node" weft cni install --wait-ready --bin-dir "$(bin_of "$node")"
    done
}
bin_of() { echo "$BATS_FILE_TMPDIR/$1/bin"; }
plugins() { # NODE: Debian's plugins beside weft-cni
    local plugin
    mkdir -p "$(bin_of "$1")"
    for plugin in /usr/lib/cni/*; do ln -sf "$plugin" "$(bin_of "$1")/"; done
}
runtimes_down() {
    lab_down
    local name
    for name in default k8s.io libpod_parent; do # empty control groups are all that is left of a runtime
        find /sys/fs/cgroup -maxdepth 2 -type d -name "$name" -exec find {} -depth -type d -exec rmdir {} + \; 2>/dev/null || true
    done
}

# attachments NODE: how many links, leases, and addresses there are of containers.
attachments() {
    inside "$1" bash -c 'ip -o link show | grep -c " wv[0-9a-f]\{12\}"; ip route show proto 87 | grep -c "dev wv[0-9a-f]\{12\}"' || true
    inside "$1" weft ipam show --json | jq '.containers | length'
}
no_attachments() { [ "$(attachments "$1" | tr '\n' ' ')" = '0 0 0 ' ]; }
