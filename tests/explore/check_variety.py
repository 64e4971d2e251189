#!/usr/bin/env python3
"""How many traces a search that samples has met: check_variety.py NTLAB FOLDER PROGRAMS.LIST

Whoever samples tells traces apart by what happens before what in a run. The numbers of programs.list are those of searches that enumerate, and of the
literature; a sample of many more runs than there are traces must come to the same number, and none to a greater one.
"""
import json
import os
import subprocess
import sys
import tempfile

# Each trace of these is met by a few hundred runs of a random walk.
ALL = """lockinc2 lockinc3 lockinc3-mutex din_phil2 deadlock01 lazy01 account sections2 reorder1 any2 all2 any2-timed all2-timed rundown ainc3 casrot2
    notification12 notification22 synchronization12 synchronization22 semaphore12 semaphore22 keeps2 keeps3 brief1 brief2 rundown poll-flag1 poll-timed1
    shape-opposed modelled-cycle3""".split()
# And of these some are seldom.
SOME = "lockinc5 din_phil3 token_ring rare4 synchronization33 readers6 lastzero5 reorder3 rawopen bluetooth2 modelled-twice3 shape-slim".split()
EACH = ("pct", "pos", "urw", "surw", "portfolio", "feedback")

passed = failed = 0


def check(what, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"not ok {what} {detail}")


def rows(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            fields = [field.strip() for field in line.split("|")]
            if not line.startswith("#") and len(fields) > 3:
                options = fields[4].split() if len(fields) > 4 else []
                yield fields[0], int(fields[3].split()[0]), options


def main():
    ntlab, build, programs = (os.path.abspath(p) for p in sys.argv[1:])
    known = {name: (traces, options) for name, traces, options in rows(programs)}
    with tempfile.TemporaryDirectory() as folder:
        def search(name, runs, *options):
            driver, client = f"{build}/explore-{name}.sys", f"{build}/explore-{name}.exe"
            words = [ntlab, "explore", "--keep-going", "--inject", "none", "--json", "-", "--budget", f"{runs}runs", *options, *known[name][1],
                     *([driver] if os.path.exists(driver) else ["--", client])]
            said = subprocess.run(words, capture_output=True, text=True, cwd=folder)
            try:
                return json.loads(said.stdout)["search"]
            except ValueError:
                check(f"{name}: JSON", False, said.stderr[-300:])
                return {}

        for name in dict.fromkeys(ALL):
            found = search(name, 512, "--strategy", "random")
            check(f"{name}: all of them", found.get("traces") == known[name][0], (found, known[name][0]))
            check(f"{name}: each run was looked at", found.get("told_apart") == 512, found)
        for name in SOME:
            found = search(name, 512, "--strategy", "random")
            check(f"{name}: none that is not there", 1 < found.get("traces", 0) <= known[name][0], (found, known[name][0]))
        for strategy in EACH:
            for name in ("lockinc3", "din_phil2", "account"):
                found = search(name, 512, "--strategy", strategy)
                check(f"{name}, {strategy}: all of them", found.get("traces") == known[name][0], (found, known[name][0]))
        # Of many runs a few are looked at, and whoever makes them they are the same ones.
        one, several = (search("rawopen", 40000, "--strategy", "random", "--jobs", jobs) for jobs in ("1", "3"))
        keys = ("runs", "traces", "told_apart", "chance_of_a_new_trace", "digest")
        check("with three workers", one and [one[k] for k in keys] == [several.get(k) for k in keys], (one, several))
        check("one in some runs", 512 + 500 < one.get("told_apart", 0) < 512 + 1100, one)
        check("met once", 0 < one.get("chance_of_a_new_trace", 0) < 0.1, one)
        found = search("lockinc3", 512, "--strategy", "random")
        check("each was met again", found.get("chance_of_a_new_trace") == 0, found)
        check("a search that enumerates says how many there are", "told_apart" not in search("lockinc3", 512, "--strategy", "dpor"))
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
