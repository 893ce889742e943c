# SPDX-License-Identifier: Apache-2.0
"""Suite flood: handshakes with a valid mac1 from spoofed sources against node b, as fast as one core
sends them, while a TCP flow runs from a to b.

      a ──veth── b ──veth── g   the generator, pinned to the last CPU
                 └───veth── c   a peer that b knows and that connects for the first time

"control" is the same with the same frames dropped by nft in b's input hook: the last place before the
socket, so that what the flow loses against it is lost to what the daemon makes of them.
"""
import contextlib
import json
import os
import subprocess
import tempfile
import time

import measure
from lab import Lab, LabError, cpu_seconds, ip
from record import LESS, MORE, say
from subjects import PORT, Weft, weft_config, weft_environment, wg_keys

SPOOFED = "198.18.0.0/15"  # RFC 2544
ATTACKER, VICTIM = "198.51.100.2", "198.51.100.1"
NEWCOMER_OUTER, VICTIM_TO_NEWCOMER = "203.0.113.2", "203.0.113.1"
NEWCOMER_INNER = "10.9.0.3"
SETTLE_SECONDS = 1
CONNECT_LIMIT = 60  # seconds after which a newcomer is given up
# What the attacker's machine does with cookie replies is no work of this one.
DEAF = """
table netdev bench {
  chain ingress { type filter hook ingress device vg priority 0; ip saddr 192.0.2.2 counter drop; }
}
"""
DROP = f"""
table inet bench {{
  chain input {{ type filter hook input priority filter; iifname "vbg" udp dport {PORT} counter drop; }}
}}
"""


class Siege:
    """The lab of one repeat."""

    def __init__(self, lab, options):
        self.lab = lab
        self.weft = Weft("weft", os.path.join(options.build, "weftd"))
        self.generator = os.path.join(options.build, "bench", "weft-bench-flood")
        self.seconds = 2 if options.length != "full" else 6
        self.newcomer_key = wg_keys()

    def start(self):
        lab, weft = self.lab, self.weft
        lab.add_pair()
        for name, link, far, near in (("g", "g", ATTACKER, VICTIM),
                                      ("c", "c", NEWCOMER_OUTER, VICTIM_TO_NEWCOMER)):
            lab.add_namespace(name)
            lab.add_veth(name, f"v{link}", "b", f"vb{link}")
            ip("addr", "add", f"{far}/24", "dev", f"v{link}", netns=name)
            ip("addr", "add", f"{near}/24", "dev", f"vb{link}", netns="b")
        ip("route", "add", SPOOFED, "via", ATTACKER, netns="b")  # where cookie replies go
        lab.run("g", "nft", "-f", "-", input=DEAF)
        weft.configure(lab, "a")
        weft.configure(lab, "b", [("c", self.newcomer_key[1], None, [f"{NEWCOMER_INNER}/32"], 0)])
        processes = {node: weft.launch(lab, node) for node in ("a", "b")}
        for node, process in processes.items():
            weft.ready(lab, node, process)
        self.victim = processes["b"]
        lab.answers("a", weft.address)
        weft.isa, weft.version = weft.status(lab, "a")["isa"]["chosen"], weft.status(lab, "a")["version"]

    @contextlib.contextmanager
    def flood(self, seconds):
        """Yields once the generator sends; afterwards .rate is its thousands of frames per second."""
        lab = self.lab
        [link] = json.loads(ip("-j", "link", "show", "dev", "vbg", netns="b"))
        generator = lab.spawn(
            "g", "taskset", "-c", str(os.cpu_count() - 1), self.generator, "vg", link["address"],
            f"192.0.2.2:{PORT}", SPOOFED, self.weft.keys["b"][1], str(int(seconds * 1000)),
            stdout=subprocess.PIPE)
        try:
            time.sleep(SETTLE_SECONDS)
            yield
            output, _ = generator.communicate(timeout=seconds + 30)
        finally:
            lab.stop(generator)
        if not output:
            raise LabError(f"the generator sent nothing: {lab.log_tail('g')}")
        report = json.loads(output)
        self.rate = report["sent"] / report["seconds"] / 1000

    def flow(self):
        return measure.tcp(self.lab, 1, self.weft.address, self.seconds)[0]

    def flow_with(self, record, subject):
        """The flow's rate under the flood: "flooded", or "control" with nft in front of the socket."""
        if subject == "control":
            self.lab.run("b", "nft", "-f", "-", input=DROP)
        seconds = self.seconds + measure.OMIT_SECONDS + 2 * SETTLE_SECONDS
        used = cpu_seconds(self.victim.pid)
        with self.flood(seconds):
            rate = self.flow()
        record.add("daemon", subject, (cpu_seconds(self.victim.pid) - used) / seconds, "CPUs", LESS)
        if subject == "control":
            self.lab.run("b", "nft", "delete", "table", "inet", "bench")
        record.add("flow", subject, rate, "Gbit/s", MORE)
        record.add("flood", subject, self.rate, "kpps", MORE)

    def newcomer(self, record):
        """Seconds from the start of c's weftd to its first echo reply, while the flood goes on."""
        lab = self.lab
        key_file = lab.write("c/node.key", self.newcomer_key[0] + "\n", 0o600)
        peer = ("b", self.weft.keys["b"][1], f"{VICTIM_TO_NEWCOMER}:{PORT}", ["10.9.0.2/32"], 0)
        lab.write("c/weft.toml", weft_config("c", key_file, [f"{NEWCOMER_INNER}/24"], [peer]))
        generator_seconds = CONNECT_LIMIT + 2 * SETTLE_SECONDS
        with contextlib.suppress(Done), self.flood(generator_seconds):
            start = time.monotonic()
            daemon = lab.spawn("c", self.weft.program, env=weft_environment(lab, "c"))
            self.weft.ready(lab, "c", daemon)
            pinged = lab.run("c", "ping", "-n", "-q", "-i", "0.1", "-c", "1", "-w", str(CONNECT_LIMIT),
                             self.weft.address, check=False)
            took = time.monotonic() - start
            if pinged.returncode != 0:
                raise LabError(f"the new peer did not connect within {CONNECT_LIMIT} s")
            record.add("new_peer", "weft", took, "s", LESS)
            raise Done


class Done(Exception):
    """Ends a flood early."""


def run(record, options):
    for repeat in range(options.repeats):
        say(f"[{repeat + 1}/{options.repeats}] flood")
        with tempfile.TemporaryDirectory() as directory, Lab(directory) as lab:
            siege = Siege(lab, options)
            siege.start()
            record.describe("weft", siege.weft.version, siege.weft.isa)
            record.add("flow", "quiet", siege.flow(), "Gbit/s", MORE)
            order = ["control", "flooded"]
            for subject in order if repeat % 2 == 0 else order[::-1]:
                siege.flow_with(record, subject)
            try:
                siege.newcomer(record)
            except LabError as error:
                record.fail("new_peer", "weft", "s", LESS, str(error))
                record.add("new_peer", "weft", CONNECT_LIMIT, "s", LESS)
                say(f"   {error}")
            drops = {reason: count for reason, count in siege.weft.status(lab, "b")["drops"].items() if count}
            record.notes.append(f"repeat {repeat + 1}, dropped by the flooded node: {json.dumps(drops)}")
