# SPDX-License-Identifier: Apache-2.0
"""Judges a record by bench/targets.tsv, whose head says what its columns mean."""
import fnmatch
import operator
import re
import statistics

OPERATORS = {">=": operator.ge, "<=": operator.le}


def read_targets(path):
    """(lines of the table as dicts, rivals that "best" stands for by suite)."""
    lines, best = [], {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            fields = line.rstrip("\n").split("\t")
            if fields[0] == "best":
                best[fields[1]] = fields[2].split(",")
                continue
            names = ["suite", "case", "subject", "against", "op", "bar", "aim", "when", "why"]
            target = dict(zip(names, fields, strict=True))
            target["bar"] = float(target["bar"])
            target["aim"] = None if target["aim"] == "-" else float(target["aim"])
            lines.append(target)
    return lines, best


def applies(when, host):
    if when == "-":
        return True
    kind, _, value = when.partition(":")
    if kind == "isa":
        return value in host["isa"]
    if kind == "kernel":
        return version(host["kernel"]) >= version(value)
    raise ValueError(f"targets.tsv: unknown condition {when}")


def version(text):
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])


class Judge:
    """`whole`: the run was to measure everything, so a subject without a figure has missed its target."""

    def __init__(self, document, aliases, targets, best, whole):
        self.document = document
        self.whole = whole
        self.aliases = aliases
        self.targets = targets
        self.best = best.get(document["suite"], [])
        self.cases = {(c["name"], c["subject"]): c for c in document["cases"] if c["status"] == "ok"}

    def ratios(self):
        rows = []
        for target in self.targets:
            if target["suite"] == self.document["suite"] and applies(target["when"], self.document["host"]):
                rows += self.judge(target)
        return rows

    def judge(self, target):
        """One row for each case and subject that the line's patterns name."""
        subject = self.aliases.get(target["subject"], target["subject"])
        pairs = [(case, who) for case, who in self.cases
                 if fnmatch.fnmatch(case, target["case"]) and fnmatch.fnmatch(who, subject)]
        if not pairs:
            return [self.row(target, target["case"], subject, target["against"], None, False if self.whole else None)]
        return [self.compare(target, case, who) for case, who in pairs]

    def compare(self, target, case, who):
        mine = self.cases[case, who]
        if target["against"] == "-":
            return self.verdict(target, case, who, "-", mine["median"])
        against = self.reference(target["against"], case, mine["better"])
        if against is None:
            return self.row(target, case, who, target["against"], None, None)
        if not against["median"]:
            return self.row(target, case, who, against["subject"], None, False)
        return self.verdict(target, case, who, against["subject"], mine["median"] / against["median"])

    def reference(self, against, case, better):
        if against == "best":
            rivals = [self.cases[case, name] for name in self.best if (case, name) in self.cases]
            choose = max if better == "more" else min
            return choose(rivals, key=lambda c: c["median"]) if rivals else None
        if ":" in against:
            return self.cases.get(tuple(against.split(":", 1)))
        return self.cases.get((case, self.aliases.get(against, against)))

    def verdict(self, target, case, who, against, value):
        return self.row(target, case, who, against, value, OPERATORS[target["op"]](value, target["bar"]))

    @staticmethod
    def row(target, case, who, against, value, passed):
        return {"name": f"{case}: {target['why']}", "num": who, "den": against, "value": value,
                "target": target["bar"], "pass": passed, "op": target["op"], "aim": target["aim"]}


def missed(ratios):
    return [row for row in ratios if row["pass"] is False]


def spread(samples):
    """(lowest, median, highest)."""
    return min(samples), statistics.median(samples), max(samples)
