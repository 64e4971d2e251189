#!/usr/bin/env python3
"""The exports tables: exports.py READOBJ NTOSKRNL TABLE...

Each row is exported by the kernel that was linked and the reverse; what is partial says what differs; no name stands twice.
"""
import re
import subprocess
import sys

VERSIONS = ("nt51", "ws2003", "vista", "win7", "win8", "win10", "win11")


def main():
    readobj, image, *tables = sys.argv[1:]
    text = subprocess.run([readobj, "--coff-exports", image], capture_output=True, text=True, check=True).stdout
    exported = set(re.findall(r"Name: (\S+)", text))
    listed, problems = {}, []
    for table in tables:
        for number, line in enumerate(open(table, encoding="utf-8"), 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            where = f"{'/'.join(table.split('/')[-3:])}:{number}"
            name, since, state, *rest = line.split(None, 3)
            name = name.split("=")[0]
            note = rest[0] if rest else ""
            note = note[4:].strip() if note == "data" or note.startswith("data ") else note
            if name in listed:
                problems.append(f"{where}: {name} stands already in {listed[name]}")
            listed[name] = where
            if since not in VERSIONS or state not in ("full", "partial"):
                problems.append(f"{where}: `{line}`")
            if state == "partial" and len(note) < 8:
                problems.append(f"{where}: {name} is partial; the note must say what differs")
            if name not in exported:
                problems.append(f"{where}: {name} is not exported by {image.split('/')[-1]}")
    problems += [f"{name} is exported and in no table" for name in sorted(exported - set(listed))]
    print("\n".join(problems[:100]))
    print(f"{len(listed)} exports, {len(problems)} problems")
    sys.exit(1 if problems or not listed else 0)


main()
