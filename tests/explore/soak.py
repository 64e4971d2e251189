#!/usr/bin/env python3
"""Many runs, twice: soak.py NTLAB FOLDER [RUNS]   (`make soak` does 20 million, the test 2,000)

Every run of the first search is made again by the second one, in other processes and in another order, and the trace hashes of
all runs must add up to the same. Meanwhile the workers' memory is looked at: it must not grow with the number of runs.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

GROWTH_KB = 4096  # what a worker may grow after the first tenth of its runs


def children(pid):
    try:
        return [int(p) for p in open(f"/proc/{pid}/task/{pid}/children").read().split()]
    except OSError:
        return []


def resident(pid):
    """Memory of its own, in KB: RssAnon is the host's heap, not the guest's memory."""
    try:
        for line in open(f"/proc/{pid}/status"):
            if line.startswith("RssAnon"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def search(ntlab, driver, folder, runs, *options):
    process = subprocess.Popen([ntlab, "explore", "--keep-going", "--run-timeout", "600s", "--budget", f"{runs}runs", "--json", f"{folder}/json", *options, driver],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=folder)
    sizes = {}
    while process.poll() is None:
        for keeper in children(process.pid):
            for worker in children(keeper):
                sizes.setdefault(worker, []).append(resident(worker))
        time.sleep(0.05 if runs < 100000 else 1)
    said = process.stderr.read()
    try:
        it = json.load(open(f"{folder}/json"))["search"]
    except (OSError, ValueError):
        print(said[-600:])
        sys.exit(1)
    growth = max((max(s) - max(s[: max(len(s) // 10, 5)]) for s in sizes.values() if len(s) > 5), default=0)
    return it, growth


def main():
    ntlab, build = (os.path.abspath(p) for p in sys.argv[1:3])
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 2000
    programs = (("lockinc5", "random"), ("deadlock01", "pct"), ("semaphore33", "pos"), ("reorder4", "random"))
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for program, strategy in programs:
            driver = f"{build}/explore-{program}.sys"
            share = runs // len(programs)
            one, grown = search(ntlab, driver, folder, share, "--strategy", strategy, "--jobs", "1")
            two, grown_two = search(ntlab, driver, folder, share, "--strategy", strategy, "--jobs", "3")
            same = one["runs"] == two["runs"] == share and all(one[k] == two[k] for k in ("traces", "bad", "digest"))
            flat = max(grown, grown_two) <= GROWTH_KB
            wrong += not (same and flat)
            print(f"{'ok' if same and flat else 'not ok'} {program}, {strategy}: {one['runs']} runs twice, digests {one['digest']} {two['digest']}, "
                  f"memory grew by {max(grown, grown_two)} KB")
    sys.exit(1 if wrong else 0)


main()
