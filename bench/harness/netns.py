# SPDX-License-Identifier: Apache-2.0
"""Suite netns: every subject between two namespaces, interleaved: each once, then each again."""
import functools
import os
import subprocess
import tempfile

import measure
from lab import Lab, LabError, cpu_seconds, ip, machine_cpu_seconds, peak_rss_mib
from record import LESS, MORE, say
from subjects import PORT, all_subjects, read_rivals, weft_config, weft_environment, wg_keys

DUMB_SUBJECTS = ["weft", "nebula-aes", "nebula-chacha", "tailscale", "ceiling", "vxlan", "veth"]
PEER_COUNTS = [1, 4, 64]
UDP_SIZES = [64, 512, 1300]
FULL = {"tcp": 4, "udp": 3, "pings": 1000}
QUICK = {"tcp": 2, "udp": 1, "pings": 300}
SMOKE = {"tcp": 1, "udp": 1, "pings": 50}


class Round:
    """One subject, once: each step adds its samples to the record or says why there is none."""

    def __init__(self, record, subject, topology, size):
        self.record, self.subject, self.size = record, subject, size
        self.prefix = "" if topology == "veth" else f"{topology}/"
        self.topology = topology

    def run(self):
        with tempfile.TemporaryDirectory() as directory, Lab(directory) as lab:
            try:
                lab.add_pair(self.topology)
                self.subject.start(lab)
                lab.answers("a", self.subject.address)
            except LabError as error:
                self.record.fail(self.prefix + "start", self.subject.name, None, None, str(error))
                say(f"   {self.subject.name}: {error}")
                return
            self.record.describe(self.subject.name, self.subject.version, self.subject.isa)
            for step in self.steps():
                try:
                    step(lab)
                except LabError as error:
                    say(f"   {self.subject.name}: {error}")
                    self.record.fail(f"{self.prefix}step", self.subject.name, None, None, str(error))

    def steps(self):
        if self.topology != "veth":
            return [self.tcp_one, self.tcp_four]
        return [self.idle_ping, self.tcp_one, self.tcp_four, self.loaded_ping,
                *(functools.partial(self.udp, size=size) for size in UDP_SIZES), self.memory, self.calls]

    def add(self, name, value, unit, better):
        self.record.add(self.prefix + name, self.subject.name, value, unit, better)

    def idle_ping(self, lab):
        times = measure.ping(lab, "a", self.subject.address, self.size["pings"])
        self.add("ping_p50", measure.percentile(times, 0.5), "us", LESS)
        self.add("ping_p99", measure.percentile(times, 0.99), "us", LESS)

    def tcp_one(self, lab):
        daemons, machine = sum(map(cpu_seconds, self.subject.pids)), machine_cpu_seconds()
        rate, moved = measure.tcp(lab, 1, self.subject.address, self.size["tcp"])
        self.add("tcp1", rate, "Gbit/s", MORE)
        if self.subject.pids:
            used = sum(map(cpu_seconds, self.subject.pids)) - daemons
            self.add("cpu_per_gb", used / moved, "s/GB", LESS)
        self.add("machine_per_gb", (machine_cpu_seconds() - machine) / moved, "s/GB", LESS)

    def tcp_four(self, lab):
        self.add("tcp4", measure.tcp(lab, 4, self.subject.address, self.size["tcp"])[0], "Gbit/s", MORE)

    def loaded_ping(self, lab):
        times = measure.ping_during_tcp(lab, self.subject.address, self.size["tcp"] + 1, self.size["pings"])
        self.add("ping_p50_loaded", measure.percentile(times, 0.5), "us", LESS)
        self.add("ping_p99_loaded", measure.percentile(times, 0.99), "us", LESS)

    def udp(self, lab, size):
        rate = measure.udp_delivered(lab, size, self.subject.address, self.size["udp"])
        self.add(f"udp{size}", rate, "kpps", MORE)

    def memory(self, _lab):
        if self.subject.pids:
            self.add("rss", max(map(peak_rss_mib, self.subject.pids)), "MiB", LESS)

    def calls(self, lab):
        """In a flow of their own, since counting them costs."""
        if self.subject.name != "weft":
            return
        try:
            calls, waits, (_, moved) = measure.calls_during(
                self.subject.pids, lambda: measure.tcp(lab, 1, self.subject.address, self.size["udp"]))
        except measure.CannotCount as error:
            self.record.skip("calls_per_gb", self.subject.name, str(error))
            return
        self.add("calls_per_gb", calls / moved, "calls/GB", LESS)
        self.add("lock_waits_per_gb", waits / moved, "calls/GB", LESS)


# ---- many peers --------------------------------------------------------------------------------
def start_star(lab, program, count):
    """Node a with `count` peers p0, p1, ..., all on one bridge; the addresses at which they answer. Without a
    program: the bare network, which is what so many processes leave of it."""
    lab.add_namespace("net")
    ip("link", "add", "br0", "type", "bridge", netns="net")
    ip("link", "set", "br0", "up", netns="net")
    nodes = ["a"] + [f"p{i}" for i in range(count)]
    keys = {node: wg_keys() for node in nodes}
    outer = {node: f"192.0.2.{i + 1}" for i, node in enumerate(nodes)}
    inner = {node: f"10.9.{i}.1" for i, node in enumerate(nodes)}
    for node in nodes:
        lab.add_namespace(node)
        lab.add_veth("net", f"to-{node}", node, f"v{node}")
        ip("link", "set", f"to-{node}", "master", "br0", netns="net")
        ip("addr", "add", f"{outer[node]}/24", "dev", f"v{node}", netns=node)
        if program is None:
            continue
        others = nodes[1:] if node == "a" else ["a"]
        peers = [(n, keys[n][1], f"{outer[n]}:{PORT}", [f"{inner[n]}/32"], 0) for n in others]
        key_file = lab.write(f"{node}/node.key", keys[node][0] + "\n", 0o600)
        lab.write(f"{node}/weft.toml", weft_config(node, key_file, [f"{inner[node]}/32"], peers))
        lab.spawn(node, program, env=weft_environment(lab, node))
    answering = inner if program else outer
    for node in nodes[1:]:
        lab.answers("a", answering[node], 30)
    return [(node, answering[node]) for node in nodes[1:]]


def star_rate(lab, peers, seconds):
    """Sum over one TCP flow from a to every peer, all at once, in Gbit/s."""
    servers = [measure.start_server(lab, node) for node, _ in peers]
    clients = [lab.spawn("a", "iperf3", "-c", address, "-p", str(measure.IPERF_PORT), "-J", "-t", str(seconds),
                         *measure.tcp_words(1), log="iperf.log", stdout=subprocess.PIPE)
               for _, address in peers]
    try:
        reports = [measure.parse_iperf(client.communicate(timeout=seconds + 60)[0].decode()) for client in clients]
    except subprocess.TimeoutExpired:
        raise LabError("iperf3 did not end") from None
    finally:
        for process in clients + servers:
            lab.stop(process)
    return sum(report["end"]["sum_received"]["bits_per_second"] for report in reports) / 1e9


def run_star(record, subject, program, count, size):
    with tempfile.TemporaryDirectory() as directory, Lab(directory) as lab:
        try:
            peers = start_star(lab, program, count)
            record.add(f"peers/{count}", subject, star_rate(lab, peers, size["tcp"]), "Gbit/s", MORE)
        except LabError as error:
            say(f"   {subject} with {count} peers: {error}")
            record.fail(f"peers/{count}", subject, "Gbit/s", MORE, str(error))


# ---- the model ---------------------------------------------------------------------------------
MODEL_PAYLOAD_BITS = (1420 - 20 - 32) * 8  # TCP with timestamps in an inner packet of 1420 bytes


def add_model(record, build):
    """What one TCP flow would reach if sealing and opening, spread over two cores, were all that is
    added to the ceiling: 1/(1/ceiling + (seal + open)/2). Of this run's ceiling and this run's kernels."""
    program = os.path.join(build, "bench", "weft-bench-aead-weft")
    ceiling = record.median("tcp1", "ceiling")
    isa = record.isas.get("weft")
    if not os.access(program, os.X_OK) or ceiling is None or not isa:
        return
    done = subprocess.run([program, "--sizes", "1420", "--batches", "32", "--isa", isa],
                          capture_output=True, text=True, check=True)
    fields = [line.split("\t") for line in done.stdout.splitlines()]
    nanoseconds = sum(float(field[6]) for field in fields)  # one seal, one open
    per_bit = nanoseconds * 1e-9 / 2 / MODEL_PAYLOAD_BITS
    record.add("tcp1", "model", 1e-9 / (1 / (ceiling * 1e9) + per_bit), "Gbit/s", MORE)


def run(record, options):
    subjects = all_subjects(options.build, read_rivals(options.rivals))
    chosen = options.only.split(",") if options.only else None
    present = []
    for subject in subjects:
        reason = subject.why_not()
        if chosen and subject.name not in chosen:
            continue
        if reason:
            record.skip("start", subject.name, reason)
            say(f"   without {subject.name}: {reason}")
        else:
            present.append(subject)
    size = {"full": FULL, "quick": QUICK, "smoke": SMOKE}[options.length]
    for repeat in range(options.repeats):
        for subject in present:
            say(f"[{repeat + 1}/{options.repeats}] {subject.name}")
            Round(record, subject, "veth", size).run()
        for subject in present if options.length != "smoke" else []:
            if subject.name in DUMB_SUBJECTS:
                say(f"[{repeat + 1}/{options.repeats}] {subject.name}, dumb NIC")
                Round(record, subject, "dumb", size).run()
        for count in PEER_COUNTS if options.length != "smoke" else []:
            for subject in present:
                if subject.name in ("weft", "veth"):
                    say(f"[{repeat + 1}/{options.repeats}] {subject.name} with {count} peers")
                    run_star(record, subject.name, getattr(subject, "program", None), count, size)
    add_model(record, options.build)
