#!/usr/bin/env python3
"""docs/locks.md and the lock tests from tests/nt/locks/locks.table: gen_locks.py [--check] ROOT

Writes docs/locks.md, tests/nt/locks/table.h (what the test drivers compare the kernel with) and the second part of
tests/nt/locks/tests.list (one run for each cell that ends a run). --check says whether they are what would be written.
"""
import os
import re
import sys

SYSTEMS = ["nt51", "ws2003", "vista", "win7", "win8", "win10", "win11"]
IRQL = {"PASSIVE_LEVEL": 0, "APC_LEVEL": 1, "DISPATCH_LEVEL": 2, "DIRQL": 5, "HIGH_LEVEL": 15, "entry": 100}
CELLS = ["acquire", "try", "release", "since", "before", "highest", "release at", "held", "after", "special", "normal",
         "user", "suspension", "disabled", "all disabled", "again", "try again", "try other", "owner", "other",
         "unowned", "too high", "exit"]
TITLES = {"before": "the caller first", "highest": "highest IRQL", "release at": "IRQL at release", "held": "IRQL while held",
          "after": "IRQL afterwards", "special": "special kernel APCs", "normal": "normal kernel APCs", "user": "user APCs",
          "disabled": "KeAreApcsDisabled", "all disabled": "KeAreAllApcsDisabled", "again": "acquired again by the holder",
          "try again": "tried by the holder", "try other": "tried by another thread", "other": "released by another thread",
          "unowned": "released while nobody holds it", "too high": "acquired above the highest IRQL",
          "exit": "its thread ends holding it", "since": "exported by"}
BEFORE = {"": 0, "region": 0, "guarded": 0, "APC_LEVEL": 1, "DISPATCH_LEVEL": 2}
MISUSES = ["again", "other", "unowned", "too high", "exit"]
MARK = "# From locks.table; made by tools/gen_locks.py."


class Cell:
    def __init__(self, text):
        sources = re.findall(r"\[([^]]+)\]", text)
        text = re.sub(r"\s*\[[^]]+\]", "", text).strip()
        first, _, rest = text.partition(" ")
        self.low, self.high = 0, len(SYSTEMS) - 1
        self.ranged = ".." in first
        if self.ranged:
            low, high = first.split("..")
            self.low = SYSTEMS.index(low) if low else 0
            self.high = SYSTEMS.index(high) if high else len(SYSTEMS) - 1
            text = rest.strip()
        self.value = text
        self.sources = sources


def read_table(path):
    forms, routines, grants, grant_sources, section = [], [], [], [], None
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        line = line.rstrip()
        if not line or line.startswith("#"):
            continue
        head = re.match(r"\[([a-z-]+)\]\s*(.*)", line)
        if head:
            section = head.group(1)
            if section not in ("routines", "grants"):
                forms.append({"name": section, "lock": head.group(2), "cells": {}})
            continue
        if section == "routines":
            name, since, irql, *_ = line.split()
            routines.append((name, Cell(since), irql, re.findall(r"\[([^]]+)\]", line)))
        elif section == "grants":
            if line.startswith("sources"):
                grant_sources = re.findall(r"\[([^]]+)\]", line)
            else:
                grants.append(line.split())
        else:
            key = next((k for k in sorted(CELLS, key=len, reverse=True) if line.startswith(k + " ")), None)
            if key is None:
                sys.exit(f"{path}:{number}: no such cell: {line}")
            forms[-1]["cells"].setdefault(key, []).append(Cell(line[len(key):]))
    for form in forms:  # a cell holds only where the lock exists
        since = form["cells"]["since"][0]
        for cells in form["cells"].values():
            for cell in cells:
                cell.low, cell.high = max(cell.low, since.low), min(cell.high, since.high)
    return forms, routines, grants, grant_sources


def camel(name):
    return "Form" + "".join(w.capitalize() for w in name.split("-"))


def exported(text):
    return text.split("=")[-1]


# ---- table.h ----

def number(key, value):
    """What a test compares with; -1: this cell is not of that kind."""
    if key in ("highest", "held"):
        return IRQL[value]
    if key in ("special", "normal", "user", "suspension"):
        return {"blocked": 1, "delivered": 0}[value]
    if key in ("disabled", "all disabled"):
        return {"TRUE": 1, "FALSE": 0}[value]
    if key in ("again", "try again", "try other"):
        return {"granted": 1, "refused": 0}.get(value, -1)
    if key in ("other", "unowned"):
        return 0 if value == "allowed" else int(value.split()[1], 16) if value.startswith("raises") else -1
    if key == "release at":
        return 1 if value.startswith("any") else -1
    if key == "exit":
        return {"nothing": 0, "abandoned": 1}.get(value, -1)
    raise KeyError(key)


def per_system(form, key):
    row = [-1] * len(SYSTEMS)
    for cell in form["cells"].get(key, []):
        for index in range(cell.low, cell.high + 1):
            row[index] = number(key, cell.value)
    return row


def header(forms, routines, grants):
    out = ["/* Made by tools/gen_locks.py from locks.table. */",
           f"enum {{ {', '.join('On' + s.capitalize() for s in SYSTEMS)}, Systems }};", ""]
    since = {}
    for form in forms:
        for key in ("acquire", "try", "release"):
            for cell in form["cells"].get(key, []):
                name = exported(cell.value)
                since[name] = min(since.get(name, 99), form["cells"]["since"][0].low)
    since.setdefault("KeTryToAcquireSpinLockAtDpcLevel", 0)
    since["KeTryToAcquireSpinLockAtDpcLevel"] = 1  # [DDI:wdm/ketrytoacquirespinlockatdpclevel]: later than its lock
    for name, cell, _, _ in routines:
        since[name] = cell.low
    out.append("/* X(routine, first system that exports it) */")
    out.append("#define LOCK_ROUTINES(X) \\")
    out += [f"    X({n}, {since[n]}) \\" for n in sorted(since)]
    out[-1] = out[-1][:-2]
    out.append("\n/* X(routine, first system, highest IRQL) */")
    out.append("#define LOCK_CALLS(X) \\")
    out += [f"    X({n}, {c.low}, {IRQL[i]}) \\" for n, c, i, _ in routines]
    out[-1] = out[-1][:-2]
    out.append("\nenum {")
    out += [f"    {camel(f['name'])}," for f in forms]
    out.append("    Forms\n};\n")
    out.append("static const LOCK_FORM LockForms[Forms] = {")
    for form in forms:
        out.append(f"    [{camel(form['name'])}] = {{\"{form['name']}\",")
        before = form["cells"].get("before", [Cell("")])[0].value
        out.append(f"        .Before = {BEFORE[before]},")
        for key in ("highest", "release at", "held", "special", "normal", "suspension", "disabled", "all disabled", "again", "try again",
                    "try other", "other", "unowned", "exit"):
            field = "".join(w.capitalize() for w in key.split())
            values = ", ".join(f"(LONG)0x{v:X}" if v > 0xFFFF else str(v) for v in per_system(form, key))
            out.append(f"        .{field} = {{{values}}},")
        out.append("    },")
    out.append("};\n")
    names = {"grant": "Grant", "wait": "Wait", "itself": "Itself"}
    out.append("enum { Grant, Wait, Itself };")
    out.append("enum { " + ", ".join("State" + "".join(w.capitalize() for w in g[0].split("-")) for g in grants[1:]) + " };")
    out.append("static const UCHAR LockGrants[][4] = {")
    out += ["    {" + ", ".join(names[v] for v in row[1:]) + "}," for row in grants[1:]]
    out.append("};")
    return "\n".join(out) + "\n"


# ---- tests.list ----

def expectation(value):
    words = value.split()
    if words[0] == "bugcheck":
        return " ".join("$" + w if w in ("lock", "thread") else w for w in words)
    return words[0]


def misuse_runs(forms):
    """(form, cell key, cell, system): the boundary systems where a cell differs, win10 where it does not."""
    for form in forms:
        for key in MISUSES:
            cells = form["cells"].get(key, [])
            for cell in cells:
                if cell.value.split()[0] not in ("bugcheck", "hang", "deadlock"):
                    continue
                whole = len(cells) == 1 and not cell.ranged
                chosen = {SYSTEMS.index("win10")} if whole else {cell.low, cell.high} - {SYSTEMS.index("win11")}
                for system in sorted(chosen):
                    yield form, key, cell, SYSTEMS[system]


def run_name(form, key, system):
    return f"{form['name']}-{key.replace(' ', '-')}-{system}"


def list_part(forms):
    out = [MARK]
    for system in SYSTEMS:
        if system != "win10":
            out.append(f"matrix-{system} | @matrix | | --os {system} | pass")
            out.append(f"suspension-{system} | @suspension | | --cpus 4 --os {system} | pass")
    for form, key, cell, system in misuse_runs(forms):
        index = [f["name"] for f in forms].index(form["name"])
        out.append(f"{run_name(form, key, system)} | @misuse | | --os {system} | {expectation(cell.value)} | {index} {MISUSES.index(key)}")
    return "\n".join(out) + "\n"


# ---- docs/locks.md ----

INTRO = """# Locks

Every lock that a driver can use, and what the documentation says of it: made by `tools/gen_locks.py` from
`tests/nt/locks/locks.table`, as are the tests that compare the kernel with it. No line of the kernel reads the table. A cell
without a source says so. Sources are named as in [sources](#sources).

A cell's test is the driver `matrix` (it holds the lock each way on each system and looks), `suspension` (a client suspends the
holder), or a run of its own that ends in the documented bugcheck or hang. *undefined*: the documentation forbids it and does
not say what happens; nothing is tested.
"""
SOURCES = """## Sources

| tag | is |
|---|---|
| K:x | windows-driver-docs, kernel/x.md |
| DDI:h/x | windows-driver-docs-ddi, header h, routine x |
| BC:n | windows-driver-docs, debugger/bug-check-0xn |
| IFS:x, DBG:x, DT:x | windows-driver-docs, ifs/x.md, debugger/x.md, devtest/x.md |
| S0 | OSR, Understanding Critical Regions |
| S1 | OSR, Beware the Guarded Mutex |
| ROS:p | ReactOS, file p: read for facts of NT 5.2 |
"""


def span(low, high):
    if low == 0 and high == len(SYSTEMS) - 1:
        return "all"
    if high == len(SYSTEMS) - 1:
        return f"{SYSTEMS[low]} and later"
    return SYSTEMS[low] if low == high else f"{SYSTEMS[low]} to {SYSTEMS[high]}"


def shown_source(sources):
    return ", ".join(sources) if sources else "**no source**"


def cell_test(form, key, cell):
    first = cell.value.split()[0] if cell.value else ""
    if first == "undefined" or key in ("owner", "user"):
        return "–"
    if key == "suspension":
        return "suspension"
    if key in MISUSES and first in ("bugcheck", "hang", "deadlock"):
        runs = [run_name(f, k, s) for f, k, c, s in MISUSE_RUNS if c is cell]
        return ", ".join(runs)
    return "matrix"


def short(form, key):
    """For the overview: the value, per system where it differs."""
    cells = form["cells"].get(key, [])
    if not cells:
        return "–"
    since = form["cells"]["since"][0]
    if len(cells) == 1 and (cells[0].low, cells[0].high) == (since.low, since.high):
        return cells[0].value
    return "; ".join(f"{span(c.low, c.high)}: {c.value}" for c in cells)


def page(forms, routines, grants, grant_sources):
    out = [INTRO, "## At a glance\n",
           "| lock | IRQL while held | special kernel APCs | normal kernel APCs, suspension | again | released by another |",
           "|---|---|---|---|---|---|"]
    for form in forms:
        cells = [short(form, k) for k in ("held", "special", "suspension", "again", "other")]
        out.append(f"| [{form['lock']}](#{anchor(form)}) | " + " | ".join(cells) + " |")
    total = sum(len(c) for f in forms for c in f["cells"].values())
    without = sum(not cell.sources for f in forms for k, c in f["cells"].items() if k not in ("acquire", "try", "release") for cell in c)
    out.append(f"\n{len(forms)} ways of holding a lock, {total} cells; {without} have no source.\n")
    for form in forms:
        out.append(f"## {form['lock']}\n")
        out.append("`" + "`, `".join(c.value.split("=")[0] for k in ("acquire", "try", "release") for c in form["cells"].get(k, [])) + "`\n")
        out.append("| cell | value | systems | source | test |")
        out.append("|---|---|---|---|---|")
        for key in CELLS[3:]:
            for cell in form["cells"].get(key, []):
                value = span(cell.low, cell.high) if key == "since" else cell.value
                systems = "" if key == "since" else span(cell.low, cell.high)
                out.append(f"| {TITLES.get(key, key)} | {value} | {systems} | {shown_source(cell.sources)} | {cell_test(form, key, cell)} |".replace("  ", " "))
        out.append("")
    out.append("## Who gets an ERESOURCE\n")
    out.append("*wait*: with `Wait` FALSE the routine returns FALSE at once. *itself*: it waits for itself, and with `Wait` FALSE returns FALSE. "
               "Each cell is a check of the driver `resource`. Sources: " + ", ".join(grant_sources) + ".\n")
    out.append("| state | ExAcquireResourceExclusiveLite | ExAcquireResourceSharedLite | ExAcquireSharedStarveExclusive | ExAcquireSharedWaitForExclusive |")
    out.append("|---|---|---|---|---|")
    for row in grants[1:]:
        out.append("| " + row[0].replace("-", ", ") + " | " + " | ".join(row[1:]) + " |")
    out.append("\n## Other routines\n")
    out.append("Each is called at its highest IRQL by `matrix`, leaves the IRQL as it was, and is exported by these systems and no earlier one.\n")
    out.append("| routine | systems | highest IRQL | source |")
    out.append("|---|---|---|---|")
    for name, cell, irql, sources in routines:
        out.append(f"| {name} | {span(cell.low, cell.high)} | {irql} | {shown_source(sources)} |")
    out.append("\n" + SOURCES)
    return "\n".join(out).rstrip() + "\n"


def anchor(form):
    return re.sub(r"[^a-z0-9 _-]", "", form["lock"].lower()).replace(" ", "-")


def main():
    global MISUSE_RUNS
    root = os.path.abspath(sys.argv[-1])
    folder = os.path.join(root, "tests", "nt", "locks")
    forms, routines, grants, grant_sources = read_table(os.path.join(folder, "locks.table"))
    MISUSE_RUNS = list(misuse_runs(forms))
    tests = os.path.join(folder, "tests.list")
    by_hand = open(tests, encoding="utf-8").read().split(MARK)[0] if os.path.exists(tests) else ""
    files = {os.path.join(folder, "table.h"): "/* clang-format off */\n" + header(forms, routines, grants) + "/* clang-format on */\n",
             tests: by_hand + list_part(forms),
             os.path.join(root, "docs", "locks.md"): page(forms, routines, grants, grant_sources)}
    for path, text in files.items():
        old = open(path, encoding="utf-8").read() if os.path.exists(path) else ""
        if old == text:
            continue
        if "--check" in sys.argv:
            sys.exit(f"{os.path.relpath(path, root)} does not follow from locks.table; run: tools/gen_locks.py .")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    if "--check" in sys.argv:
        print(f"{len(forms)} forms, {len(MISUSE_RUNS)} runs: up to date")


main()
