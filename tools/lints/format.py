#!/usr/bin/env python3
"""The form of C: format.py ROOT. .clang-format is the law."""
import os
import shutil
import subprocess
import sys

SKIP = 77


def main():
    root = os.path.abspath(sys.argv[-1])
    tool = next((t for t in ("clang-format-19", "clang-format") if shutil.which(t)), None)
    if tool is None:
        print("clang-format is not installed")
        sys.exit(SKIP)
    files = []
    for top in ("abi", "nt", "drivers", "user", "host", "tests", "samples", "bench"):
        for folder, _, names in os.walk(os.path.join(root, top)):
            files += [os.path.relpath(os.path.join(folder, name), root) for name in names if name.endswith((".c", ".h"))]
    run = subprocess.run([tool, "--dry-run", *sorted(files)], capture_output=True, text=True, cwd=root)
    wrong = sorted({line.split(":")[0] for line in run.stderr.splitlines() if "[-Wclang-format-violations]" in line})
    print("\n".join(f"{path}: run {tool} -i {path}" for path in wrong))
    print(f"{len(wrong)} of {len(files)} files are not formatted")
    sys.exit(1 if wrong else 0)


main()
