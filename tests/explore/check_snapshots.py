#!/usr/bin/env python3
"""A run that starts in the middle is the run that starts at the root, to the sum of all trace hashes.

check_snapshots.py NTLAB TESTS SAMPLES"""
import json
import os
import subprocess
import sys
import tempfile


def search(ntlab, arguments, snapshots, folder):
    run = subprocess.run([ntlab, "explore", "--keep-going", "--jobs", "1", "--snapshots", snapshots, "--json", "-"] + arguments,
                         capture_output=True, text=True, cwd=folder)
    try:
        whole = json.loads(run.stdout)
        found = whole["search"]
    except (ValueError, KeyError):
        return f"status {run.returncode}: {run.stderr.strip()[-300:]}"
    return ([found[key] for key in ("outcome", "runs", "traces", "bad", "blocked", "digest", "sample")] +
            [(one["signature"], one["runs"], one["steps"], one["preemptions"]) for one in whole["findings"]])


def main():
    ntlab, tests, samples = (os.path.abspath(p) for p in sys.argv[1:])
    client = ["--client", f"user:{samples}/critical-region/critical-region.exe update resource",
              "--client", f"admin:{samples}/critical-region/critical-region.exe update resource"]
    cases = [(name, ["--strategy", strategy, "--budget", "1000runs", f"{tests}/explore-{name}.sys"])
             for name in ("sections5", "reorder4", "lastzero5", "synchronization33", "timer-wait3")
             for strategy in ("dpor", "odpor", "bounded")]
    # Those that sample begin where many runs have been (host/explore/beginning.c).
    cases += [(name, ["--strategy", strategy, "--budget", "3000runs", f"{tests}/explore-{name}.sys"])
              for name, strategy in (("lockinc3", "random"), ("lockinc3", "surw"), ("sections5", "pct"), ("reorder4", "urw"), ("timer-wait3", "pos"),
                                     ("deadlock01", "portfolio"), ("semaphore33", "fairwalk"))]
    # So much that only known lines are put back between two runs, and a run comes that writes to others: its block is done again (unit.h, U4).
    # So many that they go together (host/explore/together.c): what is found among them is told as if they had been made one by one (unit.h, U5).
    cases += [(name, ["--strategy", "random", "--budget", f"{runs}runs", *options, f"{tests}/explore-{name}.sys"])
              for name, runs, *options in (("rare4", 20000, "--seed", "34"), ("rare4", 20000, "--seed", "34", "--first"), ("semaphore33", 8000))]
    cases += [("trail", ["--strategy", "random", "--budget", "20000runs", f"{tests}/explore-trail.sys"])]
    cases.append(("two clients", ["--strategy", "random", "--budget", "2000runs", "--inject", "none", f"{samples}/critical-region/critical-region.sys"] + client))
    cases.append(("two clients", ["--strategy", "portfolio", "--budget", "1000runs", f"{samples}/critical-region/critical-region.sys"] + client))
    cases.append(("two clients", ["--strategy", "dpor", "--budget", "300runs", f"{samples}/critical-region/critical-region.sys"] + client))
    # A client that unloads the driver and loads it again: for a while only one agent is there.
    cases += [("reload", ["--strategy", strategy, "--budget", "1000runs", "--inject", "none", "--client-exit", "ignore", "--client",
                           f"system:{samples}/../user/check/ntlabcheck.exe reload bluetooth-fixed 2", f"{samples}/bluetooth/bluetooth-fixed.sys"])
              for strategy in ("dpor", "odpor", "bounded")]
    with tempfile.TemporaryDirectory() as folder:
        # What a view of a file has written is put back as well: the client looks.
        found = search(ntlab, ["--strategy", "random", "--budget", "20runs", "--client", f"admin:{tests}/memory-client.exe map"], "root", folder)
        passed, failed = (1, 0) if found[3] == 0 else (0, 1)
        if failed:
            print(f"not ok view: {found}")
        # What runs before have left in memory that this one commits (host/machine/space.h, S9), with processes open to each other and closed.
        heap = ["--strategy", "random", "--budget", "200runs", "--inject", "none", "--client", f"user:{tests}/memory-client.exe heap",
                "--client", f"admin:{tests}/memory-client.exe heap"]
        alone, shared = (search(ntlab, heap + ["--jobs", jobs], "root", folder) for jobs in "12")
        if alone == shared and alone[3] == 0:
            passed += 1
        else:
            failed += 1
            print(f"not ok heap: {alone}, by two workers {shared}")
        for name, arguments in cases:
            root, tree = (search(ntlab, arguments, snapshots, folder) for snapshots in ("root", "tree"))
            if root == tree and isinstance(root, list):
                passed += 1
            else:
                failed += 1
                print(f"not ok {name} {arguments[1]}: from the root {root}, from the middle {tree}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
