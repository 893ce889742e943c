#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# containerd through its CRI socket, as a kubelet uses it: it is ready once weft's network is there; a pod on
# one node and a podman container on the other reach each other; stopped and removed, nothing is left of them.

load runtimes

setup_file() {
    command -v containerd podman runc protoc >/dev/null && [ -s "$FETCHED/rootfs.tar" ] || return 0
    runtimes_up
    export DIR=$BATS_FILE_TMPDIR/containerd
    mkdir -p "$DIR/logs"
    cat >"$DIR/config.toml" <<TOML
version = 2
root = "$DIR/root"
state = "$DIR/state"
[grpc]
  address = "$DIR/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$(bin_of a)"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
TOML
    images 3>&-
    podman_in b load -i "$DIR/bb.tar" >/dev/null 2>&1
    inside a rm /etc/cni/net.d/10-weft.conflist
    inside a containerd -c "$DIR/config.toml" >"$DIR/log" 2>&1 3>&- &
    echo $! >"$DIR/pid"
    eventually 15 ctr_in_a version
    local image
    for image in bb pause; do ctr_in_a -n k8s.io images import --snapshotter native "$DIR/$image.tar" >/dev/null; done
}
teardown_file() {
    [ -d "$WEFT_LAB_DIR" ] || return 0
    local task
    for task in $(ctr_in_a -n k8s.io tasks ls -q); do # what a failed test left
        ctr_in_a -n k8s.io tasks kill -s KILL "$task" || true
    done
    kill "$(cat "$BATS_FILE_TMPDIR/containerd/pid")" 2>/dev/null || true
    eventually 10 fails pgrep -f "$BATS_FILE_TMPDIR/containerd/config.toml"
    lab_down
}
setup() {
    need containerd podman runc protoc
    DIR=$BATS_FILE_TMPDIR/containerd
}

images() { # as docker archives, from the one root
    import_image a
    {
        podman_in a import --change 'ENTRYPOINT ["/bin/sleep","2147483647"]' "$FETCHED/rootfs.tar" localhost/pause:1
        podman_in a save --format docker-archive -o "$DIR/bb.tar" localhost/bb:1
        podman_in a save --format docker-archive -o "$DIR/pause.tar" localhost/pause:1
    } >/dev/null 2>&1
}
ctr_in_a() { inside a ctr -a "$DIR/containerd.sock" "$@"; }
cri() { "$BATS_TEST_DIRNAME/cri.sh" "$DIR/containerd.sock" "$@"; } # METHOD REQUEST
network_ready() { [[ $(cri Status '' | tr -d '\n ') == *'type:"NetworkReady"status:true'* ]]; }
sandbox() { # NAME -> its configuration
    echo "metadata { name: \"$1\" uid: \"uid-$1\" namespace: \"default\" } hostname: \"$1\" log_directory: \"$DIR/logs\" port_mappings { container_port: 80 host_port: 8081 } annotations { key: \"example/key\" value: \"value\" } linux {}"
}
in_pod() { # CONTAINER CMD...: what it printed
    local id=$1 argument request
    shift
    request="container_id: \"$id\" timeout: 10"
    for argument; do request+=" cmd: \"$argument\""; done
    cri ExecSync "$request"
}
quoted() { cut -d'"' -f2; }

@test "the node is not ready for pods before weft cni install and ready at once afterwards" {
    fails network_ready
    inside a weft cni install --bin-dir "$(bin_of a)"
    eventually 5 network_ready
}

@test "a pod and a podman container on the other node fetch pages of each other, IPv4 and IPv6; stopped, removed, nothing is left" {
    local before_a before_b pod container pod4 pod6 web4 web6
    eventually 5 settled a
    eventually 5 settled b
    before_a=$(traces a) before_b=$(traces b)
    serve b web from-podman
    web4=$(address_of b web IPAddress) web6=$(address_of b web GlobalIPv6Address)
    pod=$(cri RunPodSandbox "config { $(sandbox p1) }" | quoted)
    { read -r pod4 && read -r pod6; } < <(cri PodSandboxStatus "pod_sandbox_id: \"$pod\"" | awk -F'"' '/ip:/ { print $2 }')
    [[ "$pod4 $pod6 $web4 $web6" == "10.44.0."*" fd44::"*" 10.44.1."*" fd44:0:0:1::"* ]]
    inside a weft ipam show --json | jq -e --arg pod "$pod" --arg four "$pod4" --arg six "$pod6" \
        '[.containers[] | [.container, .addresses]] == [[$pod, [$four, $six]]]'
    container=$(cri CreateContainer "pod_sandbox_id: \"$pod\" config { metadata { name: \"c\" } image { image: \"localhost/bb:1\" } command: \"/bin/sh\" args: \"-c\" args: \"echo from-the-pod >/tmp/index.html; exec httpd -f -p 80 -h /tmp\" log_path: \"c.log\" } sandbox_config { $(sandbox p1) }" | quoted)
    cri StartContainer "container_id: \"$container\""
    eventually 5 inside b curl -s -m 2 -o /dev/null "http://$pod4/"
    [ "$(podman_in b exec web wget -qO- "http://$pod4/")" = from-the-pod ]
    [ "$(podman_in b exec web wget -qO- "http://[$pod6]/")" = from-the-pod ]
    [[ $(in_pod "$container" wget -qO- "http://$web4/") == *from-podman* ]]
    [[ $(in_pod "$container" wget -qO- "http://[$web6]/") == *from-podman* ]]
    [[ $(in_pod "$container" ping -c1 -W2 10.44.1.10) == *"1 packets received"* ]]
    [ "$(inside b curl -s -m 5 http://192.0.2.1:8081/)" = from-the-pod ] # its host port
    [ "$(traces a)" != "$before_a" ]
    [ "$(traces b)" != "$before_b" ]
    cri StopPodSandbox "pod_sandbox_id: \"$pod\""
    cri StopPodSandbox "pod_sandbox_id: \"$pod\""
    cri RemovePodSandbox "pod_sandbox_id: \"$pod\""
    podman_in b stop -t 0 web
    podman_in b rm web
    diff <(echo "$before_a") <(traces a)
    diff <(echo "$before_b") <(traces b)
}

@test "a pod that cannot have an address is told why" {
    "$LAB" stop a
    run cri RunPodSandbox "config { $(sandbox p2) }"
    "$LAB" peer a weft
    [ "$status" != 0 ]
    [[ $output == *"weftd has stopped"* ]]
    eventually 10 inside a jq -e .ready /run/weft/node.json
    no_attachments a
}
