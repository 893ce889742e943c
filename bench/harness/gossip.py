# SPDX-License-Identifier: Apache-2.0
"""Suite gossip: networks of several sizes in virtual time, and three real daemons under a stranger's flood."""
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import gossip_flood
from lab import LabError
from record import LESS, say

SIZES = {"full": (10, 30, 100, 300, 1000), "quick": (10, 100), "smoke": (10,)}


def measure(program, repeat, nodes, repeats):
    """Lines of (figure, value, unit) of one network."""
    say(f"[{repeat + 1}/{repeats}] gossip, {nodes} nodes")
    done = subprocess.run([program, str(nodes), str(repeat + 1)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"{program}: {done.stderr.strip()}")
    return [line.split("\t") for line in done.stdout.splitlines()]


def run(record, options):
    program = os.path.join(options.build, "bench", "weft-bench-gossip")
    networks = [(repeat, nodes) for repeat in range(options.repeats) for nodes in SIZES[options.length]]
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # virtual time: one does not disturb the other
        found = pool.map(lambda network: measure(program, *network, options.repeats), networks)
        for (_, nodes), lines in zip(networks, found):
            record.describe(f"n{nodes}", "", "")
            for figure, value, unit in lines:
                record.add(figure, f"n{nodes}", float(value), unit, LESS)
    for repeat in range(options.repeats) if options.length != "smoke" else []:
        say(f"[{repeat + 1}/{options.repeats}] gossip, three daemons, one flooded")
        try:
            gossip_flood.run(record, options)
        except LabError as error:
            say(f"   {error}")
            record.fail("daemons/change", "flooded", "s", LESS, str(error))
