#!/usr/bin/env python3
"""The file-system tests along random schedules: fs_schedules.py NTLAB CLIENTS FILTER.sys [TIMES]

What one program sees of its own files does not depend on when the lazy writer, the mapped-page writer and their
timers run. TIMES: as many runs as the short form, 1; `make soak` does 100. A schedule that fails is a .ntr in OUT.
(lock is not here: it waits for others with a time-out, and a time-out is a choice while schedules are explored.)
"""
import os
import subprocess
import sys
import tempfile

NTLAB, CLIENTS, FILTER = sys.argv[1:4]
TIMES = int(sys.argv[4]) if len(sys.argv) > 4 else 1
RUNS = {"map": 60, "suite": 4, "remove": 10, "meta": 3, "data": 2, "conform": 2, "dismount": 10, "journal": 20, "streams": 3}


def main():
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, runs in RUNS.items():
            client = os.path.join(CLIENTS, f"fs-{name}-client.exe")
            if not os.path.exists(client):
                continue
            for drivers in ([], [FILTER]):
                runs_here = runs * TIMES
                done = subprocess.run([NTLAB, "explore", "--strategy", "random", "--budget", f"{runs_here}runs", "--inject", "writeback",
                                       "--out", os.path.join(folder, name + str(len(drivers))), *drivers, "--", client],
                                      capture_output=True, text=True, timeout=36000)
                text = done.stdout + done.stderr
                if done.returncode != 0 or f"{runs_here} runs" not in text:
                    lines = [line for line in text.splitlines() if "test: ok" not in line]
                    print(f"{name} {drivers}: status {done.returncode}\n" + "\n".join(lines[:60]))
                    bad += 1
    sys.exit(1 if bad else 0)


main()
