# SPDX-License-Identifier: Apache-2.0
"""Suite restart: a paced one-way UDP stream from a to b; b's weftd is killed (SIGKILL) and started
again at once. The figure is the silence that the receiver in b hears, the daemon's start included.

Variants: b knows a's endpoint from its configuration; it also has a keepalive; it knows none and had
learnt a's endpoint from a's packets.
"""
import os
import signal
import tempfile
import time

from lab import Lab, LabError, until
from record import LESS, say
from subjects import INNER, PORT, Weft, weft_config

PER_SECOND = 1000
RECEIVER_PORT = 7000
BEFORE_SECONDS = 1
LIMIT_SECONDS = 40  # a stream that is silent for longer is given up
VARIANTS = ["endpoint", "endpoint and keepalive", "no endpoint"]
SMOKE_VARIANTS = ["endpoint and keepalive"]


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


def run(record, options):
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
