#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: bench/rivals.sh [NAME...]: builds what is not built yet into build/bench/rivals and prints, for
# each rival, a line "NAME<tab>PROGRAM<tab>VERSION", or "NAME<tab>-<tab>why not". Needs no root.
# Versions: the newest that the Go module proxy and crates.io have. Nothing is installed elsewhere.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=$root/build/bench/rivals
ALL=(nebula wireguard-go tailscale boringtun tinc)
# Its newest tag is from 2020, and what Tailscale ships is pinned in tailscale.com's go.mod: v1.104.5 has this.
TAILSCALE=${TAILSCALE_WIREGUARD_GO:-v0.0.0-20260928213032-417aef361226}

case ${1:-} in -h | --help)
    sed -n '3,5s/^# //p' "${BASH_SOURCE[0]}"
    exit 0
    ;;
esac
mkdir -p "$out"
export GOPATH=$root/build/bench/go GOFLAGS="-buildvcs=false -modcacherw" GOTOOLCHAIN=auto
PATH=$PATH:/usr/local/go/bin:/usr/sbin:${CARGO_HOME:-$HOME/.cargo}/bin
log=$out/build.log

tell() { printf '%s\t%s\t%s\n' "$1" "$2" "$3"; }
built() { [ -x "$out/$1" ] && [ -s "$out/$1.version" ]; }
keep() { # NAME VERSION FILE
    mv "$3" "$out/$1"
    echo "$2" >"$out/$1.version"
}
need_go() { command -v go >/dev/null || { reason="no go here" && return 1; }; }
latest() { (cd "$out" && go list -m -f '{{.Version}}' "$1@latest" 2>>"$log"); }

# go_program NAME MODULE VERSION PACKAGE
go_program() {
    need_go || return 1
    echo "building $1 $3" >&2
    (cd "$out" && nice env GOBIN="$out/new" go install "$2$4@$3" >>"$log" 2>&1) || return 1
    keep "$1" "$3" "$out/new/$(basename "$2$4")"
}

build_wireguard-go() {
    local program
    if ! program=$("$root/tests/interop/wireguard_go.sh" 2>>"$log"); then
        reason="tests/interop/wireguard_go.sh could not build it"
        return 1
    fi
    ln -sf "$program" "$out/wireguard-go"
    go version -m "$program" | awk '$1 == "mod" { print $3 }' >"$out/wireguard-go.version"
}

build_tailscale() { go_program tailscale github.com/tailscale/wireguard-go "$TAILSCALE" ""; }

build_nebula() {
    local version module=github.com/slackhq/nebula
    need_go && version=$(latest $module) || return 1
    if go_program nebula-cert $module "$version" /cmd/nebula-cert &&
        go_program nebula $module "$version" /cmd/nebula; then
        return 0
    fi
    build_nebula_without_forks "$version"
}

# Where the proxy does not serve three modules that nebula 1.12 asks for: its fork of netlink is replaced
# by the original, gVisor's checksum by an older version, and the host's DNS set-up is left out. The data
# path is untouched; the version says so.
build_nebula_without_forks() {
    local version=$1 module=github.com/slackhq/nebula source=$out/nebula-source
    echo "building nebula $version with replacements" >&2
    rm -rf "$source"
    (cd "$out" && { go mod download "$module@$version" >>"$log" 2>&1 || true; })
    [ -d "$GOPATH/pkg/mod/$module@$version" ] || return 1
    cp -r "$GOPATH/pkg/mod/$module@$version" "$source"
    chmod -R u+w "$source"
    (
        cd "$source"
        grep -rl DefinedNet/netlink --include='*.go' . |
            xargs sed -i 's#github.com/DefinedNet/netlink#github.com/vishvananda/netlink#'
        rm -f hostdns_test.go
        sed -i -E -e 's#github.com/DefinedNet/netlink .*#github.com/vishvananda/netlink v1.3.1#' \
            -e 's#(gvisor.dev/gvisor) .*#\1 v0.0.0-20240423190808-9d7a357edefe#' \
            -e '/DefinedNet\/dnsconfig/d' go.mod
        cat >hostdns.go <<'GO'
package nebula

import (
	"log/slog"

	"github.com/slackhq/nebula/config"
)

type hostDNS struct{}

func newHostDNSFromConfig(*slog.Logger, *config.C) (*hostDNS, error) { return nil, nil }
func (s *hostDNS) Recover()                                          {}
func (s *hostDNS) Start()                                            {}
func (s *hostDNS) Restore()                                          {}
func loadHostDNSConfig(*config.C, bool) (struct{}, error)            { return struct{}{}, nil }
GO
        export GOFLAGS="$GOFLAGS -mod=mod"
        nice go build -ldflags "-X main.Build=${version#v}" -o "$out/new/nebula" ./cmd/nebula
        nice go build -ldflags "-X main.Build=${version#v}" -o "$out/new/nebula-cert" ./cmd/nebula-cert
    ) >>"$log" 2>&1 || return 1
    keep nebula-cert "$version" "$out/new/nebula-cert"
    keep nebula "$version (netlink and gvisor modules replaced)" "$out/new/nebula"
    rm -rf "$source"
}

build_boringtun() {
    local program
    if ! program=$("$root/tests/interop/boringtun.sh" 2>>"$log"); then
        reason="tests/interop/boringtun.sh could not build it"
        return 1
    fi
    ln -sf "$program" "$out/boringtun"
    "$program" --version >"$out/boringtun.version"
}

build_tinc() {
    local program
    program=$(command -v tincd) || { reason="no tincd: install the package tinc" && return 1; }
    ln -sf "$program" "$out/tinc"
    "$program" --version | head -n 1 >"$out/tinc.version" || true
}

[ $# -gt 0 ] || set -- "${ALL[@]}"
for name; do
    case " ${ALL[*]} " in *" $name "*) ;; *)
        echo "rivals.sh: no such rival: $name (there are: ${ALL[*]})" >&2
        exit 2
        ;;
    esac
    mkdir -p "$out/new"
    reason="see ${log#"$root"/}"
    if built "$name" || "build_$name" || built "$name"; then
        tell "$name" "$out/$name" "$(head -n 1 "$out/$name.version")"
    else
        tell "$name" - "$reason"
    fi
done
rm -rf "$out/new"
[ ! -d "$GOPATH" ] || rm -rf "$GOPATH" # modules and toolchains: a gigabyte, needed once
