#!/usr/bin/env python3
"""Drivers and filters that go while others are at it, along schedules that are drawn: check_unload.py NTLAB FOLDER. Plain runs of the same
(tests/nt/io/twice.c, tests/nt/flt/swapped.c) do not meet what is looked for, and it is between steps that no order of dpor's tells apart."""
import subprocess
import sys
import tempfile

NTLAB, FOLDER = sys.argv[1:3]
failed = 0
for strategy, runs, *words in (("random", 100, f"{FOLDER}/io-twice.sys", f"{FOLDER}/io-twice-imaged.sys"),
                               ("pos", 1000, f"{FOLDER}/flt-swapped.sys", "--", f"{FOLDER}/flt-swapped-client.exe")):
    with tempfile.TemporaryDirectory() as scratch:
        run = subprocess.run([NTLAB, "explore", "--strategy", strategy, "--budget", f"{runs}runs", "--inject", "none", "--first", *words],
                             capture_output=True, text=True, errors="replace", cwd=scratch)
    if run.returncode != 0 or f"ntlab: budget spent: no finding in {runs} runs" not in run.stderr:
        failed += 1
        print(f"{words[0]}: status {run.returncode}")
        print(run.stderr[-3000:])
sys.exit(1 if failed else 0)
