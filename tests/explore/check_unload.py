#!/usr/bin/env python3
"""Two threads that unload one driver, along random schedules: check_unload.py NTLAB FOLDER. Plain runs (tests/nt/io/twice.c) and orders of
steps that depend on each other keep the two apart."""
import subprocess
import sys
import tempfile

NTLAB, FOLDER = sys.argv[1:3]
with tempfile.TemporaryDirectory() as scratch:
    run = subprocess.run([NTLAB, "explore", "--strategy", "random", "--budget", "100runs", "--inject", "none", "--first",
                          f"{FOLDER}/io-twice.sys", f"{FOLDER}/io-twice-imaged.sys"], capture_output=True, text=True, errors="replace", cwd=scratch)
if run.returncode != 0 or "ntlab: budget spent: no finding in 100 runs" not in run.stderr:
    print(f"status {run.returncode}")
    print(run.stderr[-3000:])
    sys.exit(1)
print("100 schedules, none bad")
