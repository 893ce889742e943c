#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# /init of the virtual machine that kernel.sh makes. It takes commands on the second serial line: "TOKEN
# BASE64" is run as a script; the answer is its output in base64 and "rc EXIT-CODE TOKEN".
set -eu
/bin/busybox mkdir -p /sbin /usr/bin /usr/sbin
/bin/busybox --install -s
mount -t devtmpfs devtmpfs /dev
mount -t proc proc /proc
mount -t sysfs sysfs /sys
ln -s /proc/self/fd /dev/fd
ln -s fd/0 /dev/stdin
echo 0 | tee /proc/sys/net/ipv6/conf/*/accept_dad >/dev/null
modprobe -a virtio_pci virtio_net wireguard
ip link set lo up
echo "the machine is ready"
exec <>/dev/ttyS1 >&0
stty raw -echo
while read -r token line; do
    echo "$line" | base64 -d >/tmp/script
    rc=0
    sh /tmp/script >/tmp/output 2>&1 </dev/null || rc=$?
    base64 /tmp/output
    echo "rc $rc $token"
done
