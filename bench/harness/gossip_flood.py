# SPDX-License-Identifier: Apache-2.0
"""Part of suite gossip, with real daemons: what a stranger's datagrams cost node a's control thread, and
how much later a and the others know a change of b or c.

    net: a bridge ── a (the issuer, flooded), b, c, and g, the stranger

The stranger sends noise, datagrams of gossip that it heard, and forgeries of those.
"""
import http.client
import json
import os
import socket
import subprocess
import tempfile
import time

from lab import Lab, LabError, ip, until
from record import LESS
from subjects import PORT, weft_environment

NODES = ("a", "b", "c")
OUTER = {"a": "192.0.2.1", "b": "192.0.2.2", "c": "192.0.2.3", "g": "192.0.2.99"}
PER_SECOND = 100_000
SETTLE_SECONDS = 1
HEARD_BYTES_LEAST = 2000  # a handful of datagrams
KNOWN_LIMIT = 30
CHANGES = {"full": 8, "quick": 4}  # four of a node are said at once (src/gossip/node_parts.hpp)
CHANGES_AGAIN_SECONDS = 45  # until a node says four more at once


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Network:
    """Three nodes by init and join."""

    def __init__(self, lab, options):
        self.lab, self.build, self.processes = lab, options.build, {}
        self.changes = CHANGES[options.length]

    def start(self):
        lab = self.lab
        lab.add_namespace("net")
        ip("link", "add", "br0", "type", "bridge", netns="net")
        ip("link", "set", "br0", "up", netns="net")
        for name, address in OUTER.items():
            lab.add_namespace(name)
            lab.add_veth("net", f"to-{name}", name, f"v{name}")
            ip("link", "set", f"to-{name}", "master", "br0", netns="net")
            ip("addr", "add", f"{address}/24", "dev", f"v{name}", netns=name)
        heard = lab.path("heard.pcap")
        listener = lab.spawn("b", "tcpdump", "--immediate-mode", "-U", "-w", heard, "-i", "vb", f"udp port {PORT}")
        until(lambda: os.path.exists(heard), "tcpdump")
        for node in NODES:
            self.configure(node, f"{OUTER[node]}:{PORT}")
            self.processes[node] = lab.spawn(node, os.path.join(self.build, "weftd"), env=weft_environment(lab, node))
            until(lambda: os.path.exists(lab.path(f"{node}/run/weftd.sock")), "weftd's socket")
        self.weft("a", "init")
        for node in NODES[1:]:
            self.weft(node, "join", self.weft("a", "token", "create").strip())
        for node in NODES:
            self.weft(node, "wait", "--nodes", str(len(NODES)), "--timeout", "30s")
        until(lambda: os.path.getsize(heard) > HEARD_BYTES_LEAST, "gossip to be heard")
        lab.stop(listener)
        self.heard = heard

    def configure(self, node, *endpoints):
        """The same size, whatever the number: a change is a change of addresses."""
        self.lab.write(f"{node}/weft.toml", "\n".join([
            "[node]", f'name = "{node}"', f'interface = "weft{node}"', f"listen_port = {PORT}",
            f"advertise = {json.dumps(endpoints)}", "[log]", 'level = "warn"', ""]))

    def weft(self, node, *words):
        environment = {**os.environ, **weft_environment(self.lab, node)}
        return self.lab.run(node, os.path.join(self.build, "weft"), *words, env=environment).stdout

    def endpoints(self, node, name):
        """Where `node` thinks that the member `name` is."""
        connection = UnixConnection(self.lab.path(f"{node}/run/weftd.sock"))
        connection.request("GET", "/v1/members")
        members = json.loads(connection.getresponse().read())["members"]
        connection.close()
        return next(member["endpoints"] for member in members if member["name"] == name)

    def change(self, number):
        """Seconds from a change of b or c, in turn, until the others know it."""
        name = "bc"[number % 2]
        wanted = f"198.51.100.{number + 1}:{PORT}"
        self.configure(name, f"{OUTER[name]}:{PORT}", wanted)
        self.weft(name, "reload")
        start = time.monotonic()
        while not all(wanted in self.endpoints(node, name) for node in NODES if node != name):
            if time.monotonic() - start > KNOWN_LIMIT:
                raise LabError(f"a change of {name} was not known within {KNOWN_LIMIT} s")
        return time.monotonic() - start

    def control_seconds(self):
        """CPU time of a's control thread, which is the process's first."""
        pid = self.processes["a"].pid
        with open(f"/proc/{pid}/task/{pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def flood(self, seconds):
        return self.lab.spawn("g", os.path.join(self.build, "bench", "weft-bench-gossip-flood"), self.heard,
                              f"{OUTER['a']}:{PORT}", str(PER_SECOND), str(int(seconds * 1000)),
                              stdout=subprocess.PIPE)

    def measure(self, record, subject, first):
        used, start = self.control_seconds(), time.monotonic()
        for number in range(first, first + self.changes):
            record.add("daemons/change", subject, self.change(number), "s", LESS)
            time.sleep(0.2)
        share = (self.control_seconds() - used) / (time.monotonic() - start)
        record.add("daemons/control_thread", subject, share, "CPUs", LESS)


def run(record, options):
    with tempfile.TemporaryDirectory() as directory, Lab(directory) as lab:
        network = Network(lab, options)
        network.start()
        network.measure(record, "quiet", 0)
        time.sleep(CHANGES_AGAIN_SECONDS)
        generator = network.flood(SETTLE_SECONDS + network.changes * 2)
        time.sleep(SETTLE_SECONDS)
        network.measure(record, "flooded", network.changes)
        told = generator.communicate(timeout=network.changes * KNOWN_LIMIT)[0]
        if generator.returncode != 0:
            raise LabError(f"the generator: {lab.log_tail('g')}")
        report = json.loads(told)
        record.add("daemons/flood", "flooded", report["sent"] / report["seconds"] / 1000, "kpps", LESS)
