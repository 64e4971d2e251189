#!/usr/bin/env python3
"""The form of C: format.py [--rest] ROOT

.clang-format is the law. Folders of FORMATTED must obey; with --rest the others are looked at, and if some of them do
not obey yet that is a skip which names them.
"""
import os
import shutil
import subprocess
import sys

FORMATTED = ["host/"]
SKIP = 77


def main():
    rest = "--rest" in sys.argv
    root = os.path.abspath(sys.argv[-1])
    tool = next((t for t in ("clang-format-19", "clang-format") if shutil.which(t)), None)
    if tool is None:
        print("clang-format is not installed")
        sys.exit(SKIP)
    files = {}
    for top in ("abi", "nt", "drivers", "user", "host", "tests", "samples", "bench"):
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), root)
                if name.endswith((".c", ".h")) and any(path.startswith(f) for f in FORMATTED) != rest:
                    files.setdefault("/".join(path.split("/")[:-1][:2]), []).append(path)
    bad = {}
    for folder, paths in sorted(files.items()):
        run = subprocess.run([tool, "--dry-run", *paths], capture_output=True, text=True, cwd=root)
        wrong = sorted({line.split(":")[0] for line in run.stderr.splitlines() if "[-Wclang-format-violations]" in line})
        if wrong:
            bad[folder] = wrong
    for folder, wrong in bad.items():
        if not rest:
            print("\n".join(f"{path}: run {tool} -i {path}" for path in wrong))
    print((f"not formatted yet: {', '.join(bad)}" if rest else f"{sum(map(len, bad.values()))} files are not formatted")
          if bad else f"{sum(map(len, files.values()))} files are as they should be")
    sys.exit((SKIP if rest else 1) if bad else 0)


main()
