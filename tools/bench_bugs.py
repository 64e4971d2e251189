#!/usr/bin/env python3
"""make bench-bugs: mean schedules until the first bug, for each strategy, beside what others have published.

bench_bugs.py [--trials N] [--cap RUNS] [--jobs N] [--markdown] BUILD [PROGRAM...]
bench_bugs.py --check BUILD     the short form, a test: three programs, all must be found

The programs are those of tests/explore/bugs.list: our own, after SCTBench's; threads, variables and locks are as there,
what is a step is not (we count accesses that threads share, not all), so the figures say how hard a program is for a
strategy, not who is faster. Seeds lie far apart: those of neighbours draw the same numbers, one later. dpor draws nothing: one trial. A schedule counts whether it came
to its end or was cut short. The mean is of the trials that found the bug; (n) says how many did, if not all.
"""
import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

STRATEGIES = ["random", "pct", "pos", "surw", "feedback", "dpor", "default"]
PUBLISHED = ["RFF", "POS", "PCT3", "SURW"]
SHORT = {"lazy01": 100, "twostage": 1000, "bluetooth": 3000}  # program: no mean above this


def programs(path):
    for line in open(path):
        fields = [f.strip() for f in line.split("|")]
        if not line.startswith("#") and len(fields) == 4:
            yield fields[0], fields[3].split()


def trial(build, name, strategy, seed, cap):
    """Schedules until the bug; None if there was none within the cap."""
    command = [f"{build}/ntlab", "explore", "--first", "--granularity", "memory", "--inject", "none", "--seed", str(1000003 * seed),
               "--budget", f"{cap}runs", "--json", "-", f"{build}/tests/explore/bug-{name}.sys"]
    if strategy != "default":
        command[2:2] = ["--strategy", strategy] + (["--depth", "3"] if strategy == "pct" else [])
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=3600)
    try:
        search = json.loads(run.stdout)["search"]
    except (ValueError, KeyError):
        sys.exit(f"bench_bugs: {' '.join(command)}: status {run.returncode}\n{run.stderr[-1000:]}")
    return search["runs"] if search["bad"] > 0 else None


def cell(results):
    found = [r for r in results if r is not None]
    if not found:
        return f"0/{len(results)}"
    mean = sum(found) / len(found)
    return (f"{mean:.1f}" if mean < 10 else f"{mean:.0f}") + (f" ({len(found)})" if len(found) < len(results) else "")


def measure(options, names):
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name in names:
            pending = {strategy: [pool.submit(trial, options.build, name, strategy, seed, options.cap)
                                  for seed in range(1, 1 + (1 if strategy == "dpor" else options.trials))] for strategy in STRATEGIES}
            yield name, {strategy: [f.result() for f in futures] for strategy, futures in pending.items()}


def check(options):
    failed = 0
    for name, results in measure(options, SHORT):
        for strategy, found in results.items():
            mean = sum(found) / len(found) if all(f is not None for f in found) else None
            if mean is None or mean > SHORT[name]:
                failed += 1
                print(f"not ok {name}: {strategy} found the bug after {found} schedules, not within {SHORT[name]}")
    print(f"{len(SHORT) * len(STRATEGIES) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--cap", type=int, default=10000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("build")
    parser.add_argument("program", nargs="*")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    if options.check:
        options.trials, options.cap = 3, 4000
        check(options)
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    table = {name: published for name, published in programs(f"{root}/tests/explore/bugs.list")
             if not options.program or name in options.program}
    heads = ["program", *STRATEGIES, *("published " + p for p in PUBLISHED)]
    widths = [16] + [max(10, len(h)) for h in heads[1:]]
    if options.markdown:
        print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    else:
        print(" ".join(h.rjust(w) for h, w in zip(heads, widths)))
    for name, results in measure(options, table):
        cells = [name, *(cell(results[s]) for s in STRATEGIES), *table[name]]
        print("| " + " | ".join(cells) + " |" if options.markdown else " ".join(c.rjust(w) for c, w in zip(cells, widths)), flush=True)


main()
