#!/usr/bin/env python3
"""Many runs, and runs made again: soak.py NTLAB FOLDER [RUNS]   (`make soak` does 20 million, the test 2,000)

Half of the runs are those of one search, in one worker, so that what a run leaves behind shows: its memory is looked at all the time and
must not grow. Every 10,000th run of each search is replayed in a fresh process (shard 1 of 10,000 is just these), and the trace
hashes must be the same. A short soak makes every run again, in other processes and in another order.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

GROWTH_KB = 4096  # what a worker may grow after the first tenth of its runs
SAMPLE = 10000  # SEARCH_SAMPLE
PROGRAMS = (("lockinc3", "random", 2), ("deadlock01", "pct", 6), ("semaphore33", "pos", 6), ("reorder4", "random", 6))  # and their share of the runs


def children(pid):
    try:
        return [int(p) for p in open(f"/proc/{pid}/task/{pid}/children").read().split()]
    except OSError:
        return []


def resident(pid):
    """Memory of its own, in KB: RssAnon is the host's heap, not the guest's memory; and all that it has in use."""
    found = {}
    try:
        for line in open(f"/proc/{pid}/status"):
            key, _, value = line.partition(":")
            if key in ("RssAnon", "VmRSS"):
                found[key] = int(value.split()[0])
    except (OSError, ValueError):
        pass
    return (found["RssAnon"], found["VmRSS"]) if len(found) == 2 else None


def search(ntlab, driver, folder, runs, *options):
    """Its figures, and what the process that did most of it had in use, second by second."""
    process = subprocess.Popen([ntlab, "explore", "--keep-going", "--run-timeout", "600s", "--budget", f"{runs}runs", "--json", f"{folder}/json", *options, driver],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=folder)
    sizes = {}
    while process.poll() is None:
        for keeper in children(process.pid):
            for worker in children(keeper):
                size = resident(worker)
                if size is not None:
                    sizes.setdefault(worker, []).append(size)
        time.sleep(0.05 if runs < 100000 else 1)
    said = process.stderr.read()
    try:
        it = json.load(open(f"{folder}/json"))["search"]
    except (OSError, ValueError):
        print(said[-600:])
        sys.exit(1)
    return it, max(sizes.values(), key=len, default=[])


def growth(sizes):
    return max(s[0] for s in sizes) - max(s[0] for s in sizes[: max(len(sizes) // 10, 5)]) if len(sizes) > 5 else 0


def places(sizes):
    """At the start, in the middle and at the end; the worker's first moments are not yet a search."""
    if len(sizes) < 6:
        return "too short to be looked at"
    start, middle, end = sizes[min(5, len(sizes) // 10 + 1)], sizes[len(sizes) // 2], sizes[-2]
    return "RssAnon {} / {} / {} KB, RSS {} / {} / {} KB".format(*(s[i] for i in (0, 1) for s in (start, middle, end)))


def main():
    ntlab, build = (os.path.abspath(p) for p in sys.argv[1:3])
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 2000
    total = replayed = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for program, strategy, part in PROGRAMS:
            driver = f"{build}/explore-{program}.sys"
            share = runs // part
            began = time.time()
            one, sizes = search(ntlab, driver, folder, share, "--strategy", strategy, "--jobs", "1")
            seconds = time.time() - began
            again, _ = search(ntlab, driver, folder, share, "--strategy", strategy, "--jobs", "1", "--shard", f"1/{SAMPLE}")
            same = one["runs"] == share and again["runs"] == (share + SAMPLE - 1) // SAMPLE and again["digest"] == one["sample"]
            if runs <= 100000:
                whole, _ = search(ntlab, driver, folder, share, "--strategy", strategy, "--jobs", "3")
                same = same and all(one[k] == whole[k] for k in ("runs", "traces", "bad", "digest"))
            grown = growth(sizes)
            good = same and grown <= GROWTH_KB
            total, replayed, wrong = total + one["runs"], replayed + again["runs"], wrong + (not good)
            print(f"{'ok' if good else 'not ok'} {program}, {strategy}: {one['runs']} runs in {seconds:.0f} s, {again['runs']} of them replayed: "
                  f"hashes {'equal' if same else 'DIFFER'} ({one['sample']} {again['digest']}); start/middle/end {places(sizes)}, grew by {grown} KB", flush=True)
    print(f"{total} runs, {replayed} replayed, {wrong} of {len(PROGRAMS)} searches with a mismatch or growing memory")
    sys.exit(1 if wrong else 0)


main()
