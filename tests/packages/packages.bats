#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The Debian packages in build/deb, which part packages of tests/run.sh has built: they are well made, their
# programs run, and on a machine that had them nothing is left.

load ../netns/helpers

DEB=$ROOT/build/deb

setup_file() {
    VERSION=$(sed -nE 's/^project\(weft VERSION ([0-9.]+) .*/\1/p' "$ROOT/CMakeLists.txt")
    export VERSION
}

package() { echo "$DEB/$1_${VERSION}_$2.deb"; } # NAME ARCHITECTURE: its file
need() {                                          # ARCHITECTURE
    [ -f "$(package weft "$1")" ] || skip "no packages for $1"
}
contents() { dpkg-deb -c "$(package "$1" "$2")" | awk '{ print $6 }'; }

is_well_made() { # ARCHITECTURE
    local name
    need "$1"
    for name in weft weft-cni weft-discover-scaleway; do
        TMPDIR=$BATS_TEST_TMPDIR lintian --fail-on error --tag-display-limit 0 "$(package $name "$1")"
    done
    [ "$(dpkg-deb -f "$(package weft "$1")" Version Architecture)" = "Version: $VERSION
Architecture: $1" ]
    dpkg-deb -f "$(package weft "$1")" Depends | grep -q 'libnftnl.*libsystemd0\|libsystemd0.*libnftnl'
    fails eval "dpkg-deb -f '$(package weft "$1")' Depends | grep -qE 'libcurl|cross|:'"
    [ -z "$(dpkg-deb -f "$(package weft-cni "$1")" Depends)" ] # static
}

is_hardened() { # PROGRAM: as dpkg-buildflags hardening=+all would have it
    readelf -h "$1" | grep -q 'Type: *DYN' # at another address each time
    readelf -d "$1" | grep -q 'FLAGS.*BIND_NOW'
    readelf -lW "$1" | grep -q GNU_RELRO
    readelf --dyn-syms -W "$1" | grep -q __stack_chk_fail
    readelf --dyn-syms -W "$1" | grep -qE '__[a-z]*printf_chk'
}

runs() { # ARCHITECTURE [EMULATOR...]: unpacked, since its libraries are not this machine's
    local arch=$1 tree=$BATS_TEST_TMPDIR/unpacked name
    need "$1"
    shift
    for name in weft weft-cni weft-discover-scaleway; do dpkg-deb -x "$(package $name "$arch")" "$tree"; done
    for name in usr/bin/weft usr/sbin/weftd usr/bin/weft-discover-scaleway; do is_hardened "$tree/$name"; done
    [ "$("$@" "$tree/usr/bin/weft" version)" = "weft $VERSION" ]
    "$@" "$tree/usr/bin/weft" version --licenses | grep -q 'weftd  *GNU GPL 3'
    run "$@" "$tree/usr/bin/weft" --config "$tree/etc/weft/weft.toml" check --offline --json
    echo "$output"
    [ "$status" = 0 ] || [ "$status" = 4 ]
    jq -e '[.checks[] | select(.name == "configuration" or .name == "cipher") | .state] == ["ok", "ok"]' <<<"$output"
    echo '{"cniVersion":"1.0.0"}' | CNI_COMMAND=VERSION "$@" "$tree/usr/libexec/weft/weft-cni" | jq -e '.supportedVersions | index("1.0.0")'
}

# on_machine SCRIPT ARGUMENT...: on a throw-away machine.
on_machine() {
    need "$(dpkg --print-architecture)"
    run "$ROOT/packaging/$1" "${@:2}"
    echo "$output"
    [ "$status" = 0 ] || [ "$status" = 77 ]
    [ "$status" = 0 ] || skip "$(tail -n 1 <<<"$output")"
}
stream() { # the bench's program, if it is built, as an option
    local program=$ROOT/build/release/bench/weft-bench-stream
    [ ! -x "$program" ] || printf '%s\n' --stream "$program"
}
tell_silence() {
    echo "# note: without a datagram for at most $(awk '/ it: [0-9.]+ ms$/ && $(NF - 1) > most { most = $(NF - 1) } END { print most + 0 }' <<<"$output") ms" >&3
}

@test "amd64: lintian finds no errors, and what they depend on is what they link" { is_well_made amd64; }
@test "arm64: lintian finds no errors, and what they depend on is what they link" { is_well_made arm64; }
@test "armhf: lintian finds no errors, and what they depend on is what they link" { is_well_made armhf; }

@test "amd64: the programs run" { runs amd64; }
@test "arm64: the programs run" { runs arm64 qemu-aarch64-static -L "$ROOT/build/sysroot-arm64"; }
@test "armhf: the programs run" { runs armhf qemu-arm-static -L "$ROOT/build/sysroot-armhf"; }

@test "they hold what they are to hold" {
    need amd64
    contents weft amd64 >"$BATS_TEST_TMPDIR/weft"
    for file in usr/bin/weft usr/sbin/weftd etc/weft/weft.toml lib/systemd/system/weftd.service lib/systemd/system/weft-guard.service \
        usr/lib/sysusers.d/weft.conf usr/lib/tmpfiles.d/weft.conf usr/lib/modules-load.d/weft.conf usr/lib/weft/kernel-setup/apply.sh \
        usr/lib/weft/kernel-setup/sysctl.d/60-weft.conf usr/share/man/man1/weft.1.gz usr/share/man/man5/weft.toml.5.gz \
        usr/share/man/man8/weftd.8.gz usr/share/bash-completion/completions/weft usr/share/zsh/vendor-completions/_weft; do
        grep -qx "./$file" "$BATS_TEST_TMPDIR/weft" || {
            echo "not in weft: $file"
            return 1
        }
    done
    dpkg-deb --ctrl-tarfile "$(package weft amd64)" | tar -xO ./conffiles | grep -qx /etc/weft/weft.toml
    contents weft-cni amd64 | grep -qx ./usr/libexec/weft/weft-cni
    contents weft-discover-scaleway amd64 | grep -qx ./usr/bin/weft-discover-scaleway
    dpkg-deb --fsys-tarfile "$(package weft amd64)" | tar -xO ./usr/share/bash-completion/completions/weft | bash -n
    dpkg-deb --fsys-tarfile "$(package weft amd64)" | tar -xO ./usr/share/man/man1/weft.1.gz | gzip -d | man -l --warnings=w - 2>&1 >/dev/null | diff /dev/null -
    dpkg-deb --fsys-tarfile "$(package weft amd64)" | tar -xO ./usr/share/doc/weft/copyright | grep -q 'weftd.*GPL-3+\|GPL-3+'
}

@test "under systemd a restart, a kill and an upgrade leave the interface and a stop takes it" {
    # shellcheck disable=SC2046  # two words or none
    on_machine test-restart.sh $(stream) "$DEB"
    tell_silence
}

@test "after a reboot the guards stand first, and the node is back with its interface and its peers" {
    on_machine test-reboot.sh "$DEB"
    echo "# note: $(grep ', answered after ' <<<"$output" | paste -s -d ';')" >&3
}

@test "the last version and this one are one network, a node is upgraded under traffic, and goes back" {
    need "$(dpkg --print-architecture)"
    run "$ROOT/packaging/build-older.sh"
    echo "$output"
    [ "$status" != 77 ] || skip "$(tail -n 1 <<<"$output")"
    [ "$status" = 0 ]
    # shellcheck disable=SC2046  # two words or none
    on_machine test-upgrade.sh "$(tail -n 1 <<<"$output")" $(stream) "$DEB"
    tell_silence
}

@test "on a machine that had them nothing is left" { on_machine test-purge.sh "$DEB"; }
