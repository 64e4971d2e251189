#!/usr/bin/env python3
"""docs/fidelity.md from the exports tables: gen_fidelity.py [--check] ROOT

Implemented: in a table, `full`; a test names it or not. Partial: in a table, with what differs. Missing: public drivers
call it (docs/export-demand.tsv) and no table has it. --check says whether docs/fidelity.md is what would be written.
"""
import glob
import os
import re
import sys

COMPONENTS = {
    "ke": "ke: dispatcher, IRQL, APCs, DPCs, timers, debug output", "ex": "ex: locks, pools, work items, lists",
    "ob": "ob: objects, handles, names", "ps": "ps: processes and threads", "mm": "mm: memory, sections, MDLs",
    "io": "io: drivers, devices, files, IRPs", "se": "se: tokens, descriptors, access", "cm": "cm: the registry",
    "rtl": "rtl: run-time library", "cc": "cc: the cache manager", "fsrtl": "fsrtl: for file systems", "vf": "vf: the verifier",
}
INTRO = """# Fidelity

What ntlab's kernel has of Windows', and how far it goes. Made by `tools/gen_fidelity.py` from the exports tables
(`nt/*/*.exports`) and the tests; a test checks that it is up to date. `ntlab imports FILE…` asks the same of one driver.

- **implemented** behaves as documented, as far as we know; a routine that no test names is set in *italics*.
- **partial** works, but differs from the documentation in what the table says.
- **missing** is not exported. A driver that imports it loads; *calling* it ends the run, naming the routine and its caller
  (exit status 4). Nothing pretends to have worked.

## What differs by design

| here | on Windows | why it matters |
|---|---|---|
| Each process has a slice of user addresses of its own, disjoint from every other's | every process has the same range | a user pointer used in another process's context always faults; on Windows it may hit that process's memory |
| System addresses lie between `0x0000400000000000` and `0x0000500000000000`, below 2^47 | above `0xFFFF800000000000` | `MmSystemRangeStart`, `MmHighestUserAddress` and `MmUserProbeAddress` say where; code that tests bit 63 instead is wrong here |
| `KUSER_SHARED_DATA` at `0xFFFFF78000000000` is emulated or rewritten at load | mapped | seen by kernel mode only through instructions that we can decode |
| Time is virtual: it moves when nobody can run (`--clock host` makes it real) | real | a wait of 30 s costs nothing; two runs are equal |
| Every scheduling decision is one of a few places, and the same in each run of a seed | any instruction, any time | a race needs the explorer, not luck |
| `cpuid`, `rdtsc`, `rdrand` answer for a virtual processor | the machine's | runs do not depend on the machine |
| `EPROCESS`, `ETHREAD`, `KPROCESS` and the like have Windows' layout only where it is documented or where inlined code depends on it | a layout per build | a driver with hard-coded offsets (`ActiveProcessLinks`, `Token`, `ImageFileName`, ...) reads something else here; the `Ps`, `Ke` and `Se` routines give the same facts |
| An image is read whole when the first section of its file is made, and a file that nobody has changed, with no filter in between, is mapped by the host | page by page, when it is touched | a filter sees the paging reads of an execution earlier and larger; what it gives is what runs. As long as no volume is mounted no file is opened at all, and the programs and drivers of the command line hold no file: theirs can be deleted |
| No win32k, no GUI, no sessions beyond 0 | | system services above 0x1000 do not exist |
| No 32-bit processes | WOW64 | 32-bit images are refused (exit status 3) |
| No paging: pageable memory stays, but rules about it hold | paged out under pressure | a touch of pageable code at raised IRQL is not found by chance |
| No hardware: ports read all ones, no DMA, no interrupts but what a test injects | | drivers of devices do not get far |
| Nobody listens to ETW and WPP | tracing sessions | registration works, events go nowhere |
| `nt51` is 32-bit XP's rules on x64 | never existed | for teaching |
"""


def read_tables(root):
    for table in sorted(glob.glob(os.path.join(root, "nt", "*", "*.exports"))):
        component = os.path.basename(os.path.dirname(table))
        for line in open(table, encoding="utf-8"):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            name, since, state, *rest = line.split(None, 3)
            note = rest[0] if rest else ""
            data = note == "data" or note.startswith("data ")
            yield component, name.split("=")[0], since, state, note[4:].strip() if data else note, data


def tested_words(root):
    words = set()
    for folder in ("tests/nt", "tests/user", "tests/cli", "samples"):
        for where, _, files in os.walk(os.path.join(root, folder)):
            for name in files:
                if name.endswith((".c", ".cpp", ".h")):
                    words.update(re.findall(r"\b[A-Za-z_]\w+\b", open(os.path.join(where, name), encoding="utf-8", errors="replace").read()))
    return words


def demand(root):
    rows = []
    for line in open(os.path.join(root, "docs", "export-demand.tsv"), encoding="utf-8"):
        name, _, count = line.rstrip("\n").partition("\t")
        if count.isdigit():
            rows.append((name, int(count)))
    return rows


def names_list(names, tested):
    return ", ".join(n if n in tested else f"*{n}*" for n in sorted(names, key=str.lower)).replace("__", "\\_\\_")


def page(root):
    rows = list(read_tables(root))
    tested = tested_words(root)
    # A driver calls Zw; the client's tests call Nt: one service.
    tested |= {("Zw" + w[2:]) for w in tested if w.startswith("Nt")} | {("Nt" + w[2:]) for w in tested if w.startswith("Zw")}
    known = {name for _, name, *_ in rows} | fltmgr_notes(root).keys()
    wanted = demand(root)
    missing = [(n, c) for n, c in wanted if n not in known]
    used = len(wanted) - len(missing)
    out = [INTRO, "## In numbers\n", "| component | exports | partial | named by a test |", "|---|---|---|---|"]
    for component in sorted({r[0] for r in rows}, key=list(COMPONENTS).index):
        mine = [r for r in rows if r[0] == component]
        out.append(f"| {COMPONENTS[component]} | {len(mine)} | {sum(r[3] == 'partial' for r in mine)} | {sum(r[1] in tested for r in mine)} |")
    out.append(f"| **all** | **{len(rows)}** | **{sum(r[3] == 'partial' for r in rows)}** | **{sum(r[1] in tested for r in rows)}** |")
    out.append(f"\nOf the {len(wanted)} routines that 141 public driver projects call, {used} are here; of their calls "
               f"(a routine counted once a project), {100 * sum(c for n, c in wanted if n in known) // sum(c for _, c in wanted)} %.\n")
    out.append("## Partial\n")
    out.append("| routine | since | what differs |")
    out.append("|---|---|---|")
    for _, name, since, state, note, _ in sorted(rows, key=lambda r: r[1].lower()):
        if state == "partial":
            out.append(f"| {name} | {since} | {note} |".replace("__", "\\_\\_"))
    out.append("\n## Missing, by demand\n")
    groups = {"Flt": "filter manager", "Cc": "cache manager", "FsRtl": "file-system run time", "Tm": "transactions", "": "others"}
    for prefix, title in groups.items():
        part = [(n, c) for n, c in missing if (n.startswith(prefix) if prefix else not n.startswith(tuple(p for p in groups if p)))]
        if part:
            out.append(f"**{title}**: " + ", ".join(f"{n} ({c})" for n, c in part) + "\n")
    out.append("The number is how many of the 141 projects call it.\n")
    out.append(filter_manager(root))
    out.append("## Implemented\n")
    for component in sorted({r[0] for r in rows}, key=list(COMPONENTS).index):
        full = [r for r in rows if r[0] == component and r[3] == "full"]
        out.append(f"### {COMPONENTS[component]}\n")
        names = [r[1] for r in full if not r[5]]
        data = [r[1] for r in full if r[5]]
        out.append(names_list(names, tested) + ".\n")
        if data:
            out.append("Data: " + names_list(data, tested) + ".\n")
    return "\n".join(out).rstrip() + "\n"


def fltmgr_notes(root):
    with open(os.path.join(root, "drivers", "fltmgr", "fltmgr.exports"), encoding="utf-8") as f:
        lines = [line.strip() for line in f if line.strip() and not line.startswith("#")]
    return {line.split()[0]: line.split("#", 1)[1].strip() if "#" in line else "" for line in lines}


def filter_manager(root):
    """What fltmgr.sys exports of what fltKernel.h declares."""
    notes = fltmgr_notes(root)
    with open(os.path.join(root, "sdk", "include", "fltKernel.h"), encoding="utf-8") as f:
        declared = set(re.findall(r"FLTMGR_API[^;]*?\b(Flt\w+)\(", f.read()))
    absent = sorted(declared - set(notes))
    out = [f"## The filter manager\n\nfltmgr.sys exports {len(notes)} routines; {len(absent)} more that `fltKernel.h` declares it does not have: " + ", ".join(absent) + ".\n",
           "| partial | |\n|---|---|"]
    out += [f"| {name} | {note} |" for name, note in sorted(notes.items()) if note]
    return "\n".join(out) + "\n\n" + ", ".join(name for name in sorted(notes) if not notes[name]) + ".\n"


def main():
    root = os.path.abspath(sys.argv[-1])
    path = os.path.join(root, "docs", "fidelity.md")
    text = page(root)
    if "--check" not in sys.argv:
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return
    old = open(path, encoding="utf-8").read() if os.path.exists(path) else ""
    if old != text:
        changed = [line for line in text.splitlines() if line not in old.splitlines()]
        print("docs/fidelity.md is not up to date; new lines:\n" + "\n".join(line[:160] for line in changed[:12]))
        print("run: tools/gen_fidelity.py .")
        sys.exit(1)
    print("docs/fidelity.md is up to date")


main()
