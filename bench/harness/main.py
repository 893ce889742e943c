# SPDX-License-Identifier: Apache-2.0
"""One suite: measure, judge, write. Called by bench/run.sh, which builds and makes the namespaces.

Exit: 0, 1 something failed, 4 a target is missed.
"""
import argparse
import importlib
import os
import sys

import report
from lab import LabError
from record import Record, say, write_json
from targets import Judge, missed, read_targets

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def arguments():
    parser = argparse.ArgumentParser(prog="bench/run.sh")
    parser.add_argument("suite", choices=["micro", "pipeline", "netns", "flood", "restart", "gossip", "arm"])
    parser.add_argument("--build", required=True, help="directory with weftd and bench/")
    parser.add_argument("--rivals", help="what bench/rivals.sh printed")
    parser.add_argument("--repeats", type=int, required=True)
    parser.add_argument("--length", choices=["full", "quick", "smoke"], default="full")
    parser.add_argument("--only", help="comma-separated subjects")
    parser.add_argument("--json", required=True, help="result file; .md and .svg lie beside it")
    return parser.parse_args()


def publish(document, path):
    stem = os.path.splitext(path)[0]
    write_json(path, document)
    with open(stem + ".md", "w", encoding="utf-8") as file:
        file.write(report.markdown(document))
    report.plot(document, stem + ".svg")


def main():
    options = arguments()
    record = Record(options.suite, os.path.dirname(HERE))
    try:
        importlib.import_module(options.suite).run(record, options)
    except LabError as error:
        say(f"bench/run.sh {options.suite}: {error}")
        return 1
    document = record.to_json([])
    if options.length != "smoke":
        whole = options.length == "full" and not options.only
        judge = Judge(document, record.aliases, *read_targets(os.path.join(HERE, "targets.tsv")), whole)
        document["ratios"] = judge.ratios()
    publish(document, options.json)
    print(report.markdown(document))
    failures = missed(document["ratios"])
    for row in failures:
        value = "no figure" if row["value"] is None else f"{row['value']:.3g}"
        say(f"missed: {row['name']}: {row['num']} against {row['den']}: {value}, {row['op']} {row['target']:g}")
    if options.length == "smoke":
        return smoke_verdict(document)
    return 4 if failures else 0


def smoke_verdict(document):
    """Fails if a subject that was there gave no figure."""
    failed = [case for case in document["cases"] if case["status"] == "failed"]
    for case in failed:
        say(f"failed: {case['subject']}: {case['name']}: {case['reason']}")
    measured = any(case["status"] == "ok" for case in document["cases"])
    return 1 if failed or not measured else 0


if __name__ == "__main__":
    sys.exit(main())
