# SPDX-License-Identifier: Apache-2.0
"""From a result file to what people read: Markdown tables and an SVG of bars, by gnuplot."""
import math
import shutil
import subprocess

from targets import spread

NOT_MEASURED = "–"


def group_of(name):
    return name.rpartition("/")[0]


def groups(document):
    """Cases by the part of their name before the last slash: group -> [column], [subject], cells."""
    found = {}
    for case in document["cases"]:
        if case["unit"] is None:  # a start or a step that failed
            continue
        columns, subjects, cells = found.setdefault(group_of(case["name"]), ([], [], {}))
        column = case["name"].rpartition("/")[2]
        if column not in columns:
            columns.append(column)
        if case["subject"] not in subjects:
            subjects.append(case["subject"])
        cells[column, case["subject"]] = case
    return found


def digits(value):
    """Three figures that count."""
    if value == 0:
        return "0"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def cell_text(case):
    if not case or not case["samples"]:
        return NOT_MEASURED
    low, median, high = spread(case["samples"])
    return digits(median) if low == high else f"{digits(median)} ({digits(low)}–{digits(high)})"


def unit_of(column, subjects, cells):
    units = [cells[column, s]["unit"] for s in subjects if (column, s) in cells and cells[column, s]["unit"]]
    return units[0] if units else ""


def host_line(document):
    host = document["host"]
    kind = ", virtual machine" if host["virtual"] else ""
    kind += ", emulated" if host["emulated"] else ""
    return (f"{host['cpu']}{' in ' + host['model'] if host['model'] else ''}, {host['cores']} cores{kind}, "
            f"{' '.join(host['isa'])}; Linux {host['kernel']}; governor {host['governor'] or 'unknown'}; "
            f"commit {(document['commit'] or 'unknown')[:12]}{' with changes' if document['dirty'] else ''}; "
            f"{document['date']}.")


def markdown(document):
    lines = [f"# {document['suite']}", "", host_line(document),
             "Median (lowest–highest) of the repeats of one run.", ""]
    for group, (columns, subjects, cells) in groups(document).items():
        heads = [f"{c} {unit_of(c, subjects, cells)}".strip() for c in columns]
        lines += [f"## {group}", ""] if group else []
        lines += ["| | " + " | ".join(heads) + " |", "|---|" + "---|" * len(columns)]
        for subject in subjects:
            texts = [cell_text(cells.get((column, subject))) for column in columns]
            lines.append(f"| {subject} | " + " | ".join(texts) + " |")
        lines.append("")
    lines += ratio_lines(document["ratios"]) + subject_lines(document)
    lines += [f"- {note}" for note in document["notes"]]
    return "\n".join(lines).rstrip() + "\n"


def ratio_lines(ratios):
    if not ratios:
        return []
    lines = ["## Targets", "", "| | | against | value | bar | aim | |", "|---|---|---|---|---|---|---|"]
    for row in ratios:
        verdict = {True: "met", False: "MISSED", None: "not judged"}[row["pass"]]
        value = NOT_MEASURED if row["value"] is None else f"{row['value']:.3g}"
        aim = "" if row["aim"] is None else f"{row['aim']:g}"
        lines.append(f"| {row['name']} | {row['num']} | {row['den']} | {value} | "
                     f"{row['op']} {row['target']:g} | {aim} | {verdict} |")
    return lines + [""]


def subject_lines(document):
    """Versions and kernels of the subjects, and why some are not there."""
    told, lines = set(), []
    for case in document["cases"]:
        subject = case["subject"]
        about = ", ".join(filter(None, [case["version"], case["isa"]]))
        if case["reason"]:
            lines.append(f"- {subject}, {case['name']}: {case['status']}: {case['reason']}")
        elif about and subject not in told:
            told.add(subject)
            lines.append(f"- {subject}: {about}")
    return lines


# ---- plots -------------------------------------------------------------------------------------
COLUMNS = 3
PANEL = (420, 300)


def gnuplot_script(document, path):
    """One panel of bars for each case, whiskers from the lowest to the highest sample."""
    panels = []
    for group, (columns, subjects, cells) in groups(document).items():
        for column in columns:
            cases = [cells[column, s] for s in subjects if (column, s) in cells and cells[column, s]["samples"]]
            if cases:
                panels.append((f"{group} {column}".strip(), unit_of(column, subjects, cells), cases))
    if not panels:
        return None
    rows = math.ceil(len(panels) / COLUMNS)
    script = [f'set terminal svg size {PANEL[0] * COLUMNS},{PANEL[1] * rows} font "sans,11"',
              f'set output "{path}"', "unset key", "set style fill solid 0.6",
              "set xtics rotate by -40 scale 0", "set grid ytics",
              f"set multiplot layout {rows},{COLUMNS}"]
    for number, (title, unit, cases) in enumerate(panels):
        nothing = not any(sample for case in cases for sample in case["samples"])
        script += [f"set xrange [-0.6:{len(cases) - 0.4}]", f"set yrange [0:{1 if nothing else '*'}]", f"$panel{number} << END"]
        for case in cases:
            low, median, high = spread(case["samples"])
            script.append(f'"{case["subject"]}" {median} {low} {high}')
        script += ["END", f'set title "{title}" noenhanced', f'set ylabel "{unit}" noenhanced',
                   f"plot $panel{number} using 0:2:3:4:(0.7):xtic(1) with boxerrorbars"]
    return "\n".join(script + ["unset multiplot", ""])


def plot(document, path):
    """Writes the SVG; False where there is no gnuplot or nothing to show."""
    script = gnuplot_script(document, path)
    if script is None or not shutil.which("gnuplot"):
        return False
    subprocess.run(["gnuplot"], input=script, text=True, check=True)
    return True
