#!/usr/bin/env python3
"""Findings come out small: check_minimal.py NTLAB FOLDER

The least number of preemptions is known by enumeration (bounds 0, 1, 2 searched completely), whatever
strategy has found the failure and however long its schedule was."""
import os
import re
import subprocess
import sys
import tempfile

# program: preemptions, findings
LEAST = {"deadlock01": 1, "din_phil2": 1, "din_phil3": 1, "din_phil4": 1, "din_phil3-mutex": 1, "lazy01": 0, "account": 0,
         "token_ring": 0, "reorder1": 1, "reorder3": 1, "reorder4": 1, "synchronization21": 0, "semaphore21": 0}
RANDOM = ("deadlock01", "lazy01", "token_ring", "reorder1", "synchronization21")

passed = failed = 0


def check(what, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"not ok {what} {detail}")


def main():
    ntlab, build = (os.path.abspath(p) for p in sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        for program, least in LEAST.items():
            for strategy in ("dpor", "pct", "random") if program in RANDOM else ("dpor", "pct"):
                name = f"{program} by {strategy}"
                run = subprocess.run([ntlab, "explore", "--keep-going", "--strategy", strategy, "--budget", "10000runs",
                                      f"{build}/explore-{program}.sys"], capture_output=True, text=True, cwd=folder)
                found = re.findall(r"finding \d+: .*; (\d+) choices?, (\d+) preemptions?(.*)", run.stderr)
                check(f"{name}: one finding", run.returncode == 1 and len(found) == 1, (run.returncode, found))
                if len(found) != 1:
                    continue
                choices, preemptions, rest = found[0]
                check(f"{name}: preemptions", int(preemptions) == least, found)
                check(f"{name}: certified", least == 0 or "(the least" in rest, found)
                check(f"{name}: point of no return", re.search(r"after choice \d+ nothing|every continuation", run.stderr))
                before = re.search(r"found with (\d+) and (\d+)", rest)
                check(f"{name}: not more preemptions", before and preemptions <= before[2], found)
                replay = subprocess.run([ntlab, "replay", "findings/1.ntr"], capture_output=True, text=True, cwd=folder)
                check(f"{name}: replays", replay.returncode == 1 and "differs" not in replay.stderr, replay.stderr[-300:])
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
