#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: kernel.sh: prints the folder (build/kernel) of a virtual machine that speaks the Linux kernel's own
# WireGuard: `vmlinuz` and `initramfs.gz`, made once from Debian's cloud kernel, busybox-static and this
# machine's `wg`. Nothing is installed; needs no root. vm.bash starts it.
# Exit 77: not to be had here, and why.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(cd "$here/../.." && pwd)/build/kernel
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin

cannot() {
    echo "$*" >&2
    exit 77
}

# The modules that the machine loads, and what these need.
modules=(arch/x86/crypto crypto lib/crypto net/core/failover.ko drivers/net/net_failover.ko drivers/net/virtio_net.ko
    drivers/net/wireguard drivers/virtio net/ipv4/udp_tunnel.ko net/ipv6/ip6_udp_tunnel.ko)

fetch() { # the Debian packages
    local image
    command -v apt-get >/dev/null || cannot "no apt-get here to fetch Debian's kernel"
    image=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p')
    [ -n "$image" ] || cannot "apt knows no linux-image-cloud-amd64 here (Debian on amd64 has it)"
    rm -rf packages && mkdir packages
    (cd packages && apt-get -q download "$image" busybox-static >../fetch.log 2>&1) ||
        cannot "apt-get download: $(tail -n 1 fetch.log)"
    echo "${image#linux-image-}" >version
}

add_program() { # PATH: and the libraries it was linked with, at the same places
    local file
    ldd "$1" | grep -o '/[^ ]*' | while read -r file; do install -D "$file" "root$file"; done
    install -D "$1" "root/bin/${1##*/}"
}

build() {
    local module kernel
    kernel=lib/modules/$(<version)
    rm -rf root kernel busybox
    dpkg-deb -x packages/linux-image-*.deb kernel
    dpkg-deb -x packages/busybox-static_*.deb busybox
    mkdir -p root/{bin,dev,etc,proc,sys,tmp,lib}
    install busybox/bin/busybox root/bin/busybox
    ln -s busybox root/bin/sh
    add_program "$(command -v wg)"
    install -m 0755 "$here/vm_init.sh" root/init
    for module in "${modules[@]}"; do
        mkdir -p "root/$kernel/kernel/$(dirname "$module")"
        cp -r "kernel/$kernel/kernel/$module" "root/$kernel/kernel/$module"
    done
    cp kernel/"$kernel"/modules.{order,builtin} "root/$kernel/"
    root/bin/busybox depmod -b root "$(<version)"
    (cd root && find . | bin/busybox cpio -o -H newc -R 0:0 2>/dev/null) | gzip -1 >initramfs.gz
    cp kernel/boot/vmlinuz-* vmlinuz
    rm -rf root kernel busybox
}

command -v qemu-system-x86_64 >/dev/null || cannot "no qemu-system-x86_64 here; apt-get install qemu-system-x86"
command -v wg >/dev/null || cannot "no wg here; apt-get install wireguard-tools"
mkdir -p "$out"
cd "$out"
compgen -G "packages/linux-image-*.deb" >/dev/null || fetch
for source in "$here/kernel.sh" "$here/vm_init.sh"; do
    [ initramfs.gz -nt "$source" ] || rm -f vmlinuz
done
[ -e vmlinuz ] || build
echo "$out"
