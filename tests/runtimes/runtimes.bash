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
    lab_up 2 WEFT_LAB_NETWORK=yes
    "$LAB" runtimes a
    "$LAB" runtimes b
}
bin_of() { echo "$WEFT_LAB_DIR/$1/cni"; } # NODE: the plugins

# ---- podman -------------------------------------------------------------------------------------
podman_in() { "$LAB" podman "$@" 3>&-; } # NODE ARGUMENT...
import_image() {                          # NODE: localhost/bb:1
    podman_in "$1" import --change 'ENV PATH=/bin' --change 'CMD ["/bin/sh"]' "$FETCHED/rootfs.tar" localhost/bb:1 \
        >"$BATS_FILE_TMPDIR/import.log" 2>&1 || {
        sed 's/^/# /' "$BATS_FILE_TMPDIR/import.log" >&3
        return 1
    }
}
serve() { # NODE NAME TEXT [OPTION...]: a web server
    local node=$1 name=$2 text=$3
    shift 3
    podman_in "$node" run -d --name "$name" "$@" localhost/bb:1 \
        sh -c "echo $text >/tmp/index.html; exec httpd -f -p 80 -h /tmp"
}
address_of() { podman_in "$1" inspect "$2" -f "{{.NetworkSettings.Networks.weft.$3}}"; } # NODE NAME FIELD

# ---- what is left -------------------------------------------------------------------------------
# attachments NODE: how many links, leases, and addresses there are of containers.
attachments() {
    inside "$1" bash -c 'ip -o link show | grep -c " wv[0-9a-f]\{12\}"; ip route show proto 87 | grep -c "dev wv[0-9a-f]\{12\}"' || true
    inside "$1" weft ipam show --json | jq '.containers | length'
}
no_attachments() { [ "$(attachments "$1" | tr '\n' ' ')" = '0 0 0 ' ]; }

settled() { [ -z "$(inside "$1" ip -6 -o address show tentative)" ]; } # NODE: no address is still to come

# traces NODE: all of it. The tables "nat" are portmap's: its chains stay once it has been used, without those
# of containers.
traces() {
    inside "$1" bash -c 'ip -br link show; ip -br address show; ip route show table all; ip -6 route show table all
        ip rule show; ip -6 rule show; ls /run/netns
        nft -s list ruleset | sed "/^#/d; /^table ip6\? nat /,/^}/d"; nft list ruleset | grep CNI-DN-; exit 0'
    inside "$1" weft ipam show --json | jq .containers
}
