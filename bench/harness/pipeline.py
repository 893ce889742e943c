# SPDX-License-Identifier: Apache-2.0
"""Suite pipeline: the data plane in memory, with every kernel table and with a null AEAD."""
import os
import subprocess

from lab import LabError
from record import LESS, say

MILLISECONDS = {"full": 500, "quick": 200, "smoke": 20}


def run(record, options):
    for repeat in range(options.repeats):
        say(f"[{repeat + 1}/{options.repeats}] pipeline")
        for kind in ("real", "null"):
            program = os.path.join(options.build, "bench", f"weft-bench-pipeline-{kind}")
            done = subprocess.run([program, str(MILLISECONDS[options.length])], capture_output=True, text=True,
                                  check=False)
            if done.returncode != 0:
                raise LabError(f"{program}: {done.stderr.strip()}")
            for line in done.stdout.splitlines():
                add(record, *line.split("\t"))


def add(record, table, workload, out, into, allocations, lost):
    subject = "ceiling" if table == "null" else f"weft-{table}"
    record.describe(subject, "", table)
    for name, value, unit in (("out", out, "ns"), ("in", into, "ns"), ("allocations", allocations, "a packet"),
                              ("lost", lost, "packets")):
        record.add(f"{workload}/{name}", subject, float(value), unit, LESS)
