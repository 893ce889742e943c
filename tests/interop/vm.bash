# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The virtual machine of kernel.sh in the place of the lab's node b: its addresses, key and block, on a tap at
# the same bridge. QEMU translates (TCG): it needs no /dev/kvm, and Debian's kernel hangs on some of them.

VM=$WEFT_LAB_DIR/vm

# vm_start FOLDER: boots; `lab.sh down` ends it like everything else that was started in the lab.
vm_start() {
    mkdir "$VM"
    mkfifo "$VM"/commands.{in,out}
    "$LAB" stop b
    inside net ip link set port-b down
    inside net ip tuntap add port-vm mode tap
    inside net ip link set port-vm master br0 up
    "$LAB" exec net -- qemu-system-x86_64 -accel tcg -cpu max -smp 1 -m 256 -nodefaults -display none -no-reboot \
        -kernel "$1/vmlinuz" -initrd "$1/initramfs.gz" -append "console=ttyS0 panic=-1" \
        -serial "file:$VM/console" -serial "pipe:$VM/commands" \
        -netdev tap,id=net,ifname=port-vm,script=no,downscript=no -device virtio-net-pci,netdev=net,romfile= \
        </dev/null >"$VM/qemu.log" 2>&1 3>&- &
    eventually 100 grep -qs 'the machine is ready' "$VM/console" || {
        cat "$VM/qemu.log" "$VM/console"
        return 1
    }
    vm sh -c "ip link set eth0 up && ip addr add 192.0.2.2/24 dev eth0 && ip addr add 2001:db8::2/64 dev eth0"
    inside a ip neigh flush dev eth0
    vm sh -c "ip link add weft0 type wireguard
        echo $(cat "$WEFT_LAB_DIR/b/private.key") >/tmp/private.key
        wg set weft0 listen-port 51840 private-key /tmp/private.key
        ip addr add 10.44.1.1/24 dev weft0"
    vm_interface_up
}

vm_interface_up() { # what "down" takes away: IPv6 addresses and all routes
    vm sh -c "ip link set weft0 mtu 1420 up && ip addr add fd44:0:0:1::1/64 dev weft0 &&
        ip route add 10.44.0.0/24 dev weft0 && ip route add fd44::/64 dev weft0"
}

# vm CMD...: as root in the machine; one command at a time (the protocol is vm_init.sh's).
vm() {
    local token=$BASHPID.$RANDOM output='' line
    {
        flock 9
        printf '%s %s\n' "$token" "$(printf '%q ' "$@" | base64 -w 0)" >"$VM/commands.in"
        while read -r -t 100 -u 8 line; do
            case $line in
            "rc "*" $token")
                base64 -d <<<"$output"
                line=${line#rc }
                return "${line% *}"
                ;;
            "rc "*) output='' ;; # the end of a command that was given up
            *) output+=$line ;;
            esac
        done
    } 8<"$VM/commands.out" 9>"$VM/lock"
    echo "the machine does not answer: $*"
    return 255
}
