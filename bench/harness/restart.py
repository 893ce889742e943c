# SPDX-License-Identifier: Apache-2.0
"""Suite restart: paced one-way UDP streams; b's weftd is killed (SIGKILL) or restarted (SIGTERM) and started again
at once. The figure is the silence that the receiver hears, the daemon's start included.

silence       alone, from a to b. b knows a's endpoint from its configuration; it also has a keepalive; it knows none
              and had learnt a's endpoint from a's packets.
silence/20k   20,000 a second, to the restarted node and from it, under a service manager that keeps descriptors;
              under a real systemd: systemctl restart, and a package installed over another.
kills         kill -9 again and again, at any moment of the daemon's life, with streams both ways.
"""
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

from lab import Lab, LabError, until
from record import LESS, say
from subjects import INNER, PORT, Weft, weft_config, weft_environment

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MANAGER = os.path.join(ROOT, "tests", "netns", "service_manager.py")
SYSTEMD = os.path.join(ROOT, "packaging", "test-restart.sh")
PER_SECOND = 1000
FAST_PER_SECOND = 20000
RECEIVER_PORT = 7000
BEFORE_SECONDS = 1
LIMIT_SECONDS = 40  # a stream that is silent for longer is given up
VARIANTS = ["endpoint", "endpoint and keepalive", "no endpoint"]
SMOKE_VARIANTS = ["endpoint and keepalive"]
MANAGED = [(how, way) for how in ("restart", "kill -9") for way in ("to it", "from it")]
KILLS = {"full": 1000, "quick": 50, "smoke": 5}
KILL_WITHIN_SECONDS = 0.15  # of its start: some die before they are ready
KILLS_IN_A_ROW = 5          # then it must come back
BACK_SECONDS = 20


def configure(weft, lab, variant):
    weft.keepalive = 25 if variant == "endpoint and keepalive" else 0
    for node in ("a", "b"):
        weft.configure(lab, node)
    if variant == "no endpoint":
        peer = ("a", weft.keys["a"][1], None, [f"{INNER['a']}/32"], 0)
        lab.write("b/weft.toml", weft_config("b", lab.path("b/node.key"), [f"{INNER['b']}/24"], [peer]))


def silence(lab, options, variant):
    """Milliseconds without a datagram around one kill and restart; (weft, milliseconds)."""
    weft = Weft("weft", os.path.join(options.build, "weftd"))
    stream = os.path.join(options.build, "bench", "weft-bench-stream")
    lab.add_pair()
    configure(weft, lab, variant)
    daemons = {node: weft.launch(lab, node) for node in ("a", "b")}
    for node, process in daemons.items():
        weft.ready(lab, node, process)
    lab.answers("a", weft.address)
    weft.isa, weft.version = weft.status(lab, "a")["isa"]["chosen"], weft.status(lab, "a")["version"]

    heard = lab.path("heard")
    with open(heard, "wb") as sink:
        receiver = lab.spawn("b", stream, "receive", str(RECEIVER_PORT), stdout=sink)
    sender = lab.spawn("a", stream, "send", weft.address, str(RECEIVER_PORT), str(PER_SECOND),
                       str((BEFORE_SECONDS + LIMIT_SECONDS) * 1000))
    time.sleep(BEFORE_SECONDS)
    receiver.send_signal(signal.SIGUSR1)
    lab.stop(daemons["b"], signal.SIGKILL)
    weft.ready(lab, "b", weft.launch(lab, "b"))
    try:
        until(lambda: weft.status(lab, "b")["peers"][0]["rx_packets"] > PER_SECOND / 2,
              "half a second of packets after the restart", LIMIT_SECONDS)
    finally:
        lab.stop(receiver)
        lab.stop(sender)
    with open(heard, encoding="ascii") as file:
        return weft, float(file.read())


class Managed:
    """A pair of nodes with sessions, b's weftd under a service manager that keeps its descriptors."""

    def __init__(self, lab, options, environment=None):
        self.lab = lab
        self.stream = os.path.join(options.build, "bench", "weft-bench-stream")
        self.weft = Weft("weft", os.path.join(options.build, "weftd"))
        lab.add_pair()
        for node in ("a", "b"):
            self.weft.configure(lab, node)
        daemon = self.weft.launch(lab, "a")
        self.directory = lab.path("manager")
        self.manager = lab.spawn("b", sys.executable, "-B", MANAGER, self.directory, self.weft.program,
                                 env={**weft_environment(lab, "b"), **(environment or {})})
        self.weft.ready(lab, "a", daemon)
        self.weft.ready(lab, "b", self.manager)
        lab.answers("a", self.weft.address)
        status = self.weft.status(lab, "a")
        self.weft.isa, self.weft.version = status["isa"]["chosen"], status["version"]
        lab.write("manager/again", "")  # what is killed is started at once

    def start_stream(self, way, per_second, seconds, port=RECEIVER_PORT):
        """(receiver, sender); the receiver's last word is in the file "heard"."""
        sender, receiver = ("a", "b") if way == "to it" else ("b", "a")
        with open(self.lab.path("heard"), "wb") as sink:
            listening = self.lab.spawn(receiver, self.stream, "receive", str(port), stdout=sink)
        return listening, self.lab.spawn(sender, self.stream, "send", INNER[receiver], str(port), str(per_second),
                                         str(int(seconds * 1000)))

    def pid(self):
        with open(os.path.join(self.directory, "pid"), encoding="ascii") as file:
            return int(file.read())

    def kill(self):
        pid = self.pid()
        os.kill(pid, signal.SIGKILL)
        until(lambda: self.pid() != pid, "another weftd")

    def again(self, how):
        if how == "restart":
            pid = self.pid()
            self.manager.send_signal(signal.SIGUSR1)
            until(lambda: self.pid() != pid, "another weftd")
        else:
            self.kill()

    def received_by_a(self):
        return self.weft.status(self.lab, "a")["peers"][0]["rx_packets"]


def managed_silence(lab, options, how, way):
    """Milliseconds without a datagram; (weft, milliseconds)."""
    nodes = Managed(lab, options)
    receiver, sender = nodes.start_stream(way, FAST_PER_SECOND, BEFORE_SECONDS + LIMIT_SECONDS)
    time.sleep(BEFORE_SECONDS)
    receiver.send_signal(signal.SIGUSR1)
    nodes.again(how)
    time.sleep(BEFORE_SECONDS)
    count = nodes.weft.status(lab, "b")["peers"][0]
    if count["rx_packets"] + count["tx_packets"] < PER_SECOND / 2:
        raise LabError(f"too few packets after it: {count}")
    lab.stop(receiver)
    lab.stop(sender)
    with open(lab.path("heard"), encoding="ascii") as file:
        return nodes.weft, float(file.read())


def kills(lab, options, count):
    """(weft, seconds until packets came again each time or None, what nonces.py tells)."""
    nodes = Managed(lab, options, {"WEFT_OFFLOAD_OFF": "udp-gso"})
    with open(lab.path("nonces"), "wb") as sink:
        watcher = lab.spawn("b", sys.executable, "-B", os.path.join(ROOT, "bench", "harness", "nonces.py"), "vb",
                            str(PORT), stdout=sink)
    until(lambda: os.path.getsize(lab.path("nonces")) > 0, "nonces.py")
    seconds = count * 2 + BACK_SECONDS
    for way, port in (("to it", RECEIVER_PORT), ("from it", RECEIVER_PORT + 1)):
        nodes.start_stream(way, PER_SECOND, seconds, port)
    draw = random.Random(count)
    back = []
    for number in range(count):
        time.sleep(draw.uniform(0, KILL_WITHIN_SECONDS))
        nodes.kill()
        if number % KILLS_IN_A_ROW == KILLS_IN_A_ROW - 1 or number == count - 1:
            killed, before = time.monotonic(), nodes.received_by_a()
            try:
                until(lambda: nodes.received_by_a() > before + 10, "packets after kill -9", BACK_SECONDS)
                back.append(time.monotonic() - killed)
            except LabError:
                back.append(None)
    lab.stop(watcher)
    with open(lab.path("nonces"), encoding="ascii") as file:
        return nodes.weft, back, json.loads(file.read().splitlines()[-1])


def run_managed(record, options):
    for how, way in MANAGED if options.length != "smoke" else MANAGED[:1]:
        subject = f"{how}, {way}"
        say(f"restart, 20,000 a second, {subject}")
        with tempfile.TemporaryDirectory() as directory, Lab(directory) as lab:
            try:
                weft, milliseconds = managed_silence(lab, options, how, way)
            except LabError as error:
                say(f"   {error}")
                record.fail("silence/20k", subject, "s", LESS, str(error))
                continue
            record.describe(subject, weft.version, weft.isa)
            record.add("silence/20k", subject, milliseconds / 1000, "s", LESS)


def run_kills(record, options):
    count = KILLS[options.length]
    say(f"restart, {count} kills")
    with tempfile.TemporaryDirectory() as directory, Lab(directory) as lab:
        weft, back, nonces = kills(lab, options, count)
    record.describe("weft", weft.version, weft.isa)
    record.notes.append(f"kill -9 {count} times: {nonces['messages']} messages in {nonces['sessions']} sessions seen")
    record.add("kills/not_back", "weft", back.count(None), "", LESS)
    record.add("kills/nonces_twice", "weft", nonces["twice"], "", LESS)
    record.add("kills/worst", "weft", max([seconds for seconds in back if seconds], default=BACK_SECONDS), "s", LESS)


def run_systemd(record, options):
    """Lines "NAME SECONDS" of packaging/test-restart.sh."""
    say("restart, under systemd")
    stream = os.path.join(options.build, "bench", "weft-bench-stream")
    done = subprocess.run(["bash", SYSTEMD, "--stream", stream], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["it failed"])[-1]
        tell = record.skip if done.returncode == 77 else lambda name, subject, why: record.fail(
            name, subject, "s", LESS, why)
        tell("silence/20k", "systemctl restart", reason)
        return
    for line in done.stdout.splitlines():
        name, value = line.rsplit(" ", 1)
        record.add("silence/20k", name, float(value), "s", LESS)


def run(record, options):
    for repeat in range(options.repeats):
        run_managed(record, options)
        if options.length != "smoke":
            run_systemd(record, options)
    run_kills(record, options)
    for repeat in range(options.repeats):
        for variant in VARIANTS if options.length != "smoke" else SMOKE_VARIANTS:
            say(f"[{repeat + 1}/{options.repeats}] restart, {variant}")
            with tempfile.TemporaryDirectory() as directory, Lab(directory) as lab:
                try:
                    weft, milliseconds = silence(lab, options, variant)
                except LabError as error:
                    say(f"   {error}")
                    record.fail("silence", variant, "s", LESS, str(error))
                    if options.length != "smoke":
                        record.add("silence", variant, LIMIT_SECONDS, "s", LESS)  # at least
                    continue
                record.describe(variant, weft.version, weft.isa)
                record.add("silence", variant, milliseconds / 1000, "s", LESS)
