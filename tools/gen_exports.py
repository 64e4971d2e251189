#!/usr/bin/env python3
"""From the exports tables: the .def file for the linker, a C table for the host, a list for tests.

gen_exports.py OUT.def OUT.h OUT.txt TABLE...
A line of a table: name[=ours]  first-version  full|partial  [data]  [note ...]; `ours` is what the kernel calls it
where the DDK headers inline a function of that name.
"""
import sys

VERSIONS = ["nt51", "ws2003", "vista", "win7", "win8", "win10", "win11"]


def rows(tables):
    seen = {}
    for table in tables:
        for number, line in enumerate(open(table, encoding="utf-8"), 1):
            line = line.split("#")[0].strip() if line.lstrip().startswith("#") else line.strip()
            if not line:
                continue
            words = line.split(None, 3)
            where = f"{table}:{number}"
            if len(words) < 3:
                sys.exit(f"{where}: expected `name version full|partial`, found `{line}`")
            name, since, state = words[:3]
            name, _, ours = name.partition("=")
            note = words[3] if len(words) > 3 else ""
            data = note == "data" or note.startswith("data ")
            if data:
                note = note[4:].strip()
            if since not in VERSIONS:
                sys.exit(f"{where}: unknown version `{since}`")
            if state not in ("full", "partial"):
                sys.exit(f"{where}: `{state}` is neither full nor partial")
            if name in seen:
                sys.exit(f"{where}: {name} stands already in {seen[name]}")
            seen[name] = where
            yield name, since, state, data, note, ours


def main():
    out_def, out_h, out_txt = sys.argv[1:4]
    table = sorted(rows(sys.argv[4:]))
    with open(out_def, "w") as f:
        f.write("LIBRARY ntoskrnl.exe\nEXPORTS\n")
        for name, _, _, data, _, ours in table:
            f.write(f"    {name}{'=' + ours if ours else ''}{' DATA' if data else ''}\n")
    with open(out_h, "w") as f:
        f.write("/* Made by tools/gen_exports.py: name, first version (row of the version table), partial, note. */\n")
        for name, since, state, _, note, _ in table:
            note = note.replace("\\", "\\\\").replace('"', '\\"')
            f.write(f'{{"{name}", {VERSIONS.index(since)}, {int(state == "partial")}, "{note}"}},\n')
    with open(out_txt, "w") as f:
        f.writelines(f"{name} {since} {state} {note}\n" for name, since, state, _, note, _ in table)


main()
