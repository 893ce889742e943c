# SPDX-License-Identifier: Apache-2.0
"""What is measured between namespaces a (192.0.2.1) and b (192.0.2.2), each at its best.

A subject starts itself in a lab whose pair is there and leaves .address, which answers in b when it is
asked from a, and .pids, the processes that carry the traffic.
"""
import json
import os
import subprocess

from lab import LabError, ip, until

INNER_MTU = 1420
PORT = 51840
INNER = {"a": "10.9.0.1", "b": "10.9.0.2"}
OUTER = {"a": "192.0.2.1", "b": "192.0.2.2"}
OTHER = {"a": "b", "b": "a"}


def wg_keys():
    private = subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True).stdout.strip()
    public = subprocess.run(["wg", "pubkey"], input=private, capture_output=True, text=True, check=True)
    return private, public.stdout.strip()


def set_addresses(link, mtu=INNER_MTU):
    for name in ("a", "b"):
        ip("addr", "add", f"{INNER[name]}/24", "dev", link + name, netns=name)
        ip("link", "set", link + name, "mtu", str(mtu), "up", netns=name)


class Subject:
    """A name, how it is told in the table, and the processes of the last start."""
    encrypts = True
    isa = None

    def __init__(self, name, version=""):
        self.name = name
        self.version = version
        self.pids = []
        self.address = INNER["b"]

    def why_not(self):
        """None, or why this subject cannot run here."""
        return None

    def start(self, lab):
        raise NotImplementedError


class BareVeth(Subject):
    encrypts = False

    def start(self, lab):
        self.address = OUTER["b"]


class Vxlan(Subject):
    encrypts = False

    def start(self, lab):
        for name in ("a", "b"):
            ip("link", "add", f"vx{name}", "type", "vxlan", "id", "7", "remote", OUTER[OTHER[name]],
               "dstport", "4789", "dev", f"v{name}", netns=name)
        set_addresses("vx", 1450)


def weft_config(node, private_key_file, addresses, peers):
    """weft.toml of one node; a peer is (name, public key, endpoint or None, allowed, keepalive)."""
    lines = ["[node]", f'name = "{node}"', f'interface = "weft{node}"', f"listen_port = {PORT}",
             f'private_key_file = "{private_key_file}"', f"addresses = {json.dumps(addresses)}"]
    for name, key, endpoint, allowed, keepalive in peers:
        lines += ["[[peer]]", f'name = "{name}"', f'public_key = "{key}"', f"allowed_ips = {json.dumps(allowed)}",
                  f"keepalive_s = {keepalive}"]
        lines += [f'endpoint = "{endpoint}"'] if endpoint else []
    return "\n".join(lines + ["[log]", 'level = "warn"', ""])


def weft_environment(lab, node):
    """Paths of one node; the API socket's directory must exist."""
    for name in ("run", "state"):
        os.makedirs(lab.path(f"{node}/{name}"), mode=0o700, exist_ok=True)
    return {"WEFT_CONFIG": lab.path(f"{node}/weft.toml"), "WEFT_RUN_DIR": lab.path(f"{node}/run"),
            "WEFT_STATE_DIR": lab.path(f"{node}/state"), "WEFT_SOCKET": lab.path(f"{node}/run/weftd.sock")}


class Weft(Subject):
    """weftd, or the same daemon with a null AEAD (the ceiling, which is no tunnel at all)."""

    def __init__(self, name, program, isa=None, encrypts=True):
        super().__init__(name)
        self.program = program
        self.wish = isa
        self.encrypts = encrypts
        self.keepalive = 0
        self.keys = {}

    def why_not(self):
        if not os.access(self.program, os.X_OK):
            return f"{self.program} is not built"
        return None

    def configure(self, lab, node, more_peers=()):
        """Writes the files of node a or b."""
        if not self.keys:
            self.keys = {name: wg_keys() for name in ("a", "b")}
        key_file = lab.write(f"{node}/node.key", self.keys[node][0] + "\n", 0o600)
        other = OTHER[node]
        peers = [(other, self.keys[other][1], f"{OUTER[other]}:{PORT}", [f"{INNER[other]}/32"], self.keepalive)]
        lab.write(f"{node}/weft.toml",
                  weft_config(node, key_file, [f"{INNER[node]}/24"], peers + list(more_peers)))

    def launch(self, lab, node):
        """Starts weftd in one namespace and returns its process."""
        environment = weft_environment(lab, node)
        if self.wish:
            environment["WEFT_ISA"] = self.wish
        return lab.spawn(node, self.program, env=environment)

    def ready(self, lab, node, process):
        def is_up():
            if process.poll() is not None:
                raise LabError(f"weftd in {node} ended: {lab.log_tail(node)}")
            line = lab.run(node, "ip", "-o", "link", "show", "dev", f"weft{node}", check=False).stdout
            return ",UP" in line
        until(is_up, f"weft{node} up")

    def status(self, lab, node):
        """`weft status --json` of a node (exit 4: degraded, still a status)."""
        program = os.path.join(os.path.dirname(self.program), "weft")
        done = lab.run(node, program, "status", "--json", check=False,
                       env={**os.environ, **weft_environment(lab, node)})
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise LabError(f"weft status: {done.stderr.strip()}") from None

    def start(self, lab):
        self.keys = {}
        processes = []
        for node in ("a", "b"):
            self.configure(lab, node)
            processes.append(self.launch(lab, node))
        self.pids = [process.pid for process in processes]
        for node, process in zip(("a", "b"), processes):
            self.ready(lab, node, process)
        if self.isa is None and self.encrypts:
            status = self.status(lab, "a")
            self.isa, self.version = status["isa"]["chosen"], status["version"]


class UserspaceWireGuard(Subject):
    """A program that makes one interface and is configured by wg(8): wireguard-go, boringtun."""

    def __init__(self, name, program, version, *words):
        super().__init__(name, version)
        self.words = [program, *words]

    def start(self, lab):
        keys = {name: wg_keys() for name in ("a", "b")}
        quiet = {"LOG_LEVEL": "error", "WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD": "1"}
        self.pids = [lab.spawn(n, *self.words, f"wg{n}", env=quiet).pid for n in ("a", "b")]
        for node in ("a", "b"):
            other = OTHER[node]
            until(lambda: lab.run(node, "wg", "show", f"wg{node}", check=False).returncode == 0,
                  f"{self.name}'s interface")
            key_file = lab.write(f"{node}/wg.key", keys[node][0] + "\n", 0o600)
            lab.run(node, "wg", "set", f"wg{node}", "listen-port", str(PORT), "private-key", key_file,
                    "peer", keys[other][1], "endpoint", f"{OUTER[other]}:{PORT}",
                    "allowed-ips", f"{INNER[other]}/32")
        set_addresses("wg")


class Nebula(Subject):
    """With its offloads on, which it has off by default: a factor of four."""

    def __init__(self, name, program, version, cipher="aes", routines=1):
        super().__init__(name, version)
        self.program, self.cipher, self.routines = program, cipher, routines

    def start(self, lab):
        certificates = lab.path("nebula")
        os.makedirs(certificates)
        self.sign(certificates, "ca", "-name", "bench")
        self.pids = []
        for node in ("a", "b"):
            self.sign(certificates, "sign", "-name", node, "-networks", f"{INNER[node]}/24")
            self.pids.append(lab.spawn(node, self.program, "-config", self.configure(lab, node, certificates)).pid)

    def sign(self, directory, *words):
        done = subprocess.run([self.program + "-cert", *words], cwd=directory, capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise LabError(f"nebula-cert: {done.stderr.strip()}")

    def configure(self, lab, node, certificates):
        other = OTHER[node]
        return lab.write(f"{node}.yml", f"""
pki: {{ca: {certificates}/ca.crt, cert: {certificates}/{node}.crt, key: {certificates}/{node}.key}}
static_host_map: {{"{INNER[other]}": ["{OUTER[other]}:4242"]}}
lighthouse: {{am_lighthouse: false, hosts: []}}
listen: {{host: 0.0.0.0, port: 4242, read_buffer: 10485760, write_buffer: 10485760, udp_offloads: true}}
tun: {{dev: nebula{node}, mtu: {INNER_MTU}, tx_queue: 1000, use_offloads: true}}
routines: {self.routines}
cipher: {self.cipher}
firewall:
  outbound: [{{port: any, proto: any, host: any}}]
  inbound: [{{port: any, proto: any, host: any}}]
logging: {{level: error}}
""")


class Tinc(Subject):
    def start(self, lab):
        self.pids = []
        for node in ("a", "b"):
            host = f"Address = {OUTER[node]}\nSubnet = {INNER[node]}/32\n"
            lab.write(f"tinc/{node}/tinc.conf", f"Name = {node}\nConnectTo = {OTHER[node]}\nDeviceType = tun\n"
                      f"Interface = tinc{node}\nAddressFamily = ipv4\nUDPRcvBuf = 4194304\nUDPSndBuf = 4194304\n")
            lab.write(f"tinc/{node}/hosts/{node}", host)
            made = subprocess.run([self.program, "-c", lab.path(f"tinc/{node}"), "-K2048"], input="\n\n",
                                  capture_output=True, text=True, check=False)
            if made.returncode != 0:
                raise LabError(f"tincd -K: {made.stderr.strip()[-200:]}")
        for node in ("a", "b"):
            with open(lab.path(f"tinc/{OTHER[node]}/hosts/{OTHER[node]}"), encoding="ascii") as file:
                lab.write(f"tinc/{node}/hosts/{OTHER[node]}", file.read())
            lab.write(f"tinc/{node}/tinc-up", "#!/bin/sh\nip addr add "
                      f"{INNER[node]}/24 dev $INTERFACE\nip link set $INTERFACE up mtu {INNER_MTU}\n", 0o755)
            process = lab.spawn(node, self.program, "-D", "-c", lab.path(f"tinc/{node}"),
                                f"--pidfile={lab.path(node)}.pid")
            self.pids.append(process.pid)

    def __init__(self, name, program, version):
        super().__init__(name, version)
        self.program = program


class Missing(Subject):
    """A rival that is not here, and why."""

    def __init__(self, name, reason):
        super().__init__(name)
        self.reason = reason

    def why_not(self):
        return self.reason


def read_rivals(path):
    """bench/rivals.sh's lines: name -> (program, version or why not)."""
    rivals = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            name, program, version = line.rstrip("\n").split("\t")
            rivals[name] = (program, version)
    return rivals


def all_subjects(build, rivals):
    """Every subject, in the order of a round: neighbours are those that are compared."""
    def rival(subject, name, make):
        program, version = rivals.get(name, ("-", "bench/rivals.sh did not name it"))
        return Missing(subject, version) if program == "-" else make(program, version)

    weftd = os.path.join(build, "weftd")
    return [
        Weft("weft", weftd),
        rival("nebula-aes", "nebula", lambda p, v: Nebula("nebula-aes", p, v)),
        Weft("weft-avx2", weftd, isa="avx2"),
        rival("nebula-chacha", "nebula", lambda p, v: Nebula("nebula-chacha", p, v, cipher="chachapoly")),
        Weft("ceiling", os.path.join(build, "bench", "weft-bench-ceiling"), encrypts=False),
        rival("nebula-aes-2", "nebula", lambda p, v: Nebula("nebula-aes-2", p, v, routines=2)),
        rival("tailscale", "tailscale", lambda p, v: UserspaceWireGuard("tailscale", p, v, "-f")),
        rival("wireguard-go", "wireguard-go", lambda p, v: UserspaceWireGuard("wireguard-go", p, v, "-f")),
        rival("boringtun", "boringtun", lambda p, v: UserspaceWireGuard(
            "boringtun", p, v, "-f", "-t", "2", "--disable-drop-privileges")),
        rival("tinc", "tinc", lambda p, v: Tinc("tinc", p, v)),
        Vxlan("vxlan", "kernel"),
        BareVeth("veth", "kernel"),
    ]
