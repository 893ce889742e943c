# SPDX-License-Identifier: Apache-2.0
"""Suite gossip: networks of several sizes in virtual time, and three real daemons under a stranger's flood."""
import os
import subprocess

import gossip_flood
from lab import LabError
from record import LESS, say

SIZES = {"full": (10, 30, 100, 300, 1000), "quick": (10, 100), "smoke": (10,)}


def run(record, options):
    program = os.path.join(options.build, "bench", "weft-bench-gossip")
    for repeat in range(options.repeats):
        for nodes in SIZES[options.length]:
            say(f"[{repeat + 1}/{options.repeats}] gossip, {nodes} nodes")
            done = subprocess.run([program, str(nodes), str(repeat + 1)], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise LabError(f"{program}: {done.stderr.strip()}")
            record.describe(f"n{nodes}", "", "")
            for line in done.stdout.splitlines():
                figure, value, unit = line.split("\t")
                record.add(figure, f"n{nodes}", float(value), unit, LESS)
        if options.length != "smoke":
            say(f"[{repeat + 1}/{options.repeats}] gossip, three daemons, one flooded")
            gossip_flood.run(record, options)
