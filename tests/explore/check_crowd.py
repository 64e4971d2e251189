#!/usr/bin/env python3
"""More threads than a word has bits, and than there are processors: check_crowd.py NTLAB FOLDER"""
import json
import os
import subprocess
import sys
import tempfile

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
        def explore(strategy, program, runs, *options):
            it = subprocess.run([ntlab, "explore", "--keep-going", "--run-timeout", "120s", "--json", "-", "--strategy", strategy, "--budget",
                                 f"{runs}runs", *options, f"{build}/explore-{program}.sys"], capture_output=True, text=True, cwd=folder)
            try:
                result = json.loads(it.stdout)
            except ValueError:
                result = {"search": {}, "findings": []}
            return it.returncode, result["search"], result["findings"], it.stderr[-300:]

        # One after the other, each thread has a processor: three of a hundred take one lock.
        for strategy in ("dpor", "odpor"):
            status, search, _, text = explore(strategy, "crowd-later", 100)
            check(f"{strategy}: 3! traces", (status, search.get("outcome"), search.get("traces")) == (0, "exhausted", 6), (search, text))
        # All at once: there are 63 processors, so whatever comes to its end has not exhausted anything.
        for strategy, *options in (("random",), ("pct",), ("pos",), ("urw",), ("surw",), ("portfolio",), ("feedback",), ("fairwalk",),
                                   ("bounded", "--bound", "1"), ("dpor",)):
            status, search, _, text = explore(strategy, "crowd", 30, *options)
            check(f"{strategy}: a hundred threads", status == 0 and search.get("runs", 0) > 0 and search["outcome"] != "exhausted", (search, text))
        status, search, _, text = explore("dpor", "crowd-full", 100)
        check("as many threads as processors", (status, search.get("outcome"), search.get("traces")) == (0, "bounded", 2) and
              "were not enough" in search["assumptions"][0], (search, text))
        # Two whose affinity asks for one processor: that one is preempted for the other is not tried.
        for strategy in ("dpor", "odpor"):
            status, search, _, text = explore(strategy, "crowd-same", 100)
            check(f"{strategy}: two on one processor", (status, search.get("outcome")) == (0, "bounded") and "affinity" in search["assumptions"][0], (search, text))
        # More than can be told apart in one run: it is not gone on with, and others are made.
        for strategy in ("random", "pct", "portfolio"):
            status, search, _, text = explore(strategy, "crowd-timers-some", 400)
            check(f"{strategy}: two hundred timers in some runs", status == 0 and search.get("runs") == 400 and 0 < search.get("blocked", 0) < 400 and
                  "more threads, DPCs and timers took part than can be told apart" in text, (search, text))
            status, search, _, text = explore(strategy, "crowd-timers", 20)
            check(f"{strategy}: two hundred timers in all", status == 5 and "none of 20 runs" in text, (search, text))
        # In none of 256 threads is there a run that comes to its end: to say that nothing was found would be wrong.
        for strategy in ("random", "pct", "pos", "urw", "surw", "portfolio", "feedback", "fairwalk", "bounded", "delay", "dpor", "odpor"):
            for program in ("crowd-256", "crowd-256-wrong"):
                status, search, findings, text = explore(strategy, program, 8)
                check(f"{strategy}: {program}", status == 5 and "more than 128 threads, DPCs and timers take part" in text and not search, text)
        for program, wanted in (("crowd-256", 0), ("crowd-256-wrong", 1)):
            it = subprocess.run([ntlab, "run", f"{build}/explore-{program}.sys"], capture_output=True, text=True, cwd=folder)
            check(f"run: {program}", it.returncode == wanted, it.stderr[-300:])
        status, search, _, text = explore("dpor", "crowd-timers", 20)
        check("what claims to know all says so", status == 5 and "more than 128" in text, (search, text))
        status, _, findings, text = explore("random", "crowd-wrong", 4)
        check("a finding", status == 1 and len(findings) == 1, text)
        for one in findings:
            replay = subprocess.run([ntlab, "replay", one["schedule"]], capture_output=True, text=True, cwd=folder)
            check("it replays", replay.returncode == 1 and "differs" not in replay.stderr, replay.stderr[-300:])
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


main()
