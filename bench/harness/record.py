# SPDX-License-Identifier: Apache-2.0
"""What a run measured: cases of samples, the machine they come from, and the file they go to.

The format is that of `bench/run.sh --json` (schema 1). A case is one figure of one subject; its samples
are the repeats of one run, in their order.
"""
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import sys

SCHEMA = 1
MORE, LESS = "more", "less"
ISA_FLAGS = ["ssse3", "sse4_1", "avx", "avx2", "vaes", "avx512f", "avx512vl", "avx512ifma", "neon", "asimd"]


def say(text):
    print(text, file=sys.stderr, flush=True)


def read(path, default=""):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip("\0\n ")
    except OSError:
        return default


def command(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def host():
    """The machine, as a reader of the figures must know it."""
    cpuinfo = read("/proc/cpuinfo")

    def field(*names):
        for name in names:
            found = re.search(rf"^{name}\s*:\s*(.+)$", cpuinfo, re.M)
            if found:
                return found.group(1)
        return ""

    flags = field("flags", "Features").split()
    product = read("/proc/device-tree/model") or read("/sys/class/dmi/id/product_name")
    governor = read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return {
        "model": product or None,
        "cpu": field("model name", "Hardware", "CPU part") or platform.machine(),
        "cores": os.cpu_count(),
        "isa": [flag for flag in ISA_FLAGS if flag in flags],
        "kernel": platform.release(),
        "governor": governor or None,
        "virtual": "hypervisor" in flags,
        "emulated": "qemu" in cpuinfo.lower() and "hypervisor" not in flags,
    }


class Record:
    """The cases of one suite, in the order in which they were first met."""

    def __init__(self, suite, root):
        self.suite = suite
        self.root = root
        self.cases = {}
        self.versions = {}
        self.isas = {}
        self.notes = []
        self.aliases = {}  # in targets.tsv: name -> subject
        self.host = host()
        self.started = datetime.datetime.now(datetime.timezone.utc)

    def describe(self, subject, version="", isa=""):
        self.versions[subject] = version
        self.isas[subject] = isa

    def add(self, name, subject, value, unit, better):
        case = self._case(name, subject, unit, better)
        case["samples"].append(value)

    def fail(self, name, subject, unit, better, reason):
        """One repeat that gave no figure; the case fails when all of them do."""
        self._case(name, subject, unit, better)["reason"] = reason

    def skip(self, name, subject, reason):
        case = self._case(name, subject, None, None)
        case["status"], case["reason"] = "skipped", reason

    def _case(self, name, subject, unit, better):
        return self.cases.setdefault((name, subject), {
            "name": name, "subject": subject, "unit": unit, "better": better,
            "samples": [], "status": None, "reason": None})

    def median(self, name, subject):
        case = self.cases.get((name, subject))
        return statistics.median(case["samples"]) if case and case["samples"] else None

    def to_json(self, ratios):
        return {
            "schema": SCHEMA,
            "commit": command("git", "-C", self.root, "rev-parse", "HEAD") or None,
            "dirty": bool(command("git", "-C", self.root, "status", "--porcelain", "--untracked-files=no")),
            "date": self.started.isoformat(timespec="seconds"),
            "host": self.host,
            "suite": self.suite,
            "notes": self.notes,
            "cases": [self._finished(case) for case in self.cases.values()],
            "ratios": ratios,
        }

    def _finished(self, case):
        samples = case["samples"]
        median = statistics.median(samples) if samples else None
        status = case["status"] or ("ok" if samples else "failed")
        return {
            "name": case["name"], "subject": case["subject"],
            "version": self.versions.get(case["subject"]) or None,
            "isa": self.isas.get(case["subject"]) or None,
            "unit": case["unit"], "better": case["better"], "samples": samples, "median": median,
            "mad": statistics.median(abs(x - median) for x in samples) if samples else None,
            "status": status, "reason": case["reason"],
        }


def write_json(path, document):
    temporary = path + ".new"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.write("\n")
    os.replace(temporary, path)
