#!/usr/bin/env python3
"""Both orders of what two threads do to one pipe or mailslot are found, by two searches: check_messages.py NTLAB CLIENT [CASE...]"""
import json
import os
import subprocess
import sys
import tempfile

# Traces, and how many of them end with 1, by which of the two threads is made first: 0, 1. Those of "cancelled" and "slot-time" are lattice's too.
CASES = {
    "pipe": ((4, 2), (4, 2)),
    "mailslot": ((6, 3), (6, 3)),
    "closed": ((2, 1), (2, 1)),
    "disconnected": ((2, 1), (2, 1)),
    "name": ((2, 1), (2, 1)),
    "slot-closed": ((2, 1), (2, 1)),
    "cancelled": ((180, 70), (150, 100)),
    "instance": ((26, 24), (26, 24)),
    "slot-time": ((42, 39), (42, 39)),
}
passed = failed = 0
ntlab, client = (os.path.abspath(path) for path in sys.argv[1:3])
for case, expected in CASES.items():
    if sys.argv[3:] and case not in sys.argv[3:]:
        continue
    for first in (0, 1):
        for strategy in ("dpor", "odpor"):
            with tempfile.TemporaryDirectory() as folder:
                words = ["--inject", "none", "--keep-going", "--strategy", strategy, "--budget", "3000runs", "--json", "out.json"]
                run = subprocess.run([ntlab, "explore", *words, "--", client, case, str(first)], capture_output=True, text=True, cwd=folder)
                with open(os.path.join(folder, "out.json"), encoding="utf-8") as out:
                    search = json.load(out)["search"]
            traces, bad = search["traces"], search["bad"]
            if run.returncode == 1 and search["outcome"] == "exhausted" and (traces, bad) == expected[first]:
                passed += 1
            else:
                failed += 1
                print(f"not ok {case} {first} {strategy}: expected {expected[first]}, status {run.returncode}, {search}\n{run.stderr[-1500:]}")
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
