#!/usr/bin/env python3
"""What is seen in the middle of a run, and what must not be: check_sightings.py NTLAB FOLDER SOURCES"""
import json
import os
import re
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
    ntlab, build, sources = (os.path.abspath(p) for p in sys.argv[1:])
    symbols = subprocess.run(["sh", "-c", "command -v llvm-symbolizer llvm-symbolizer-19"], capture_output=True).returncode == 0

    with tempfile.TemporaryDirectory() as folder:
        def run(*words):
            return subprocess.run([ntlab, *words], capture_output=True, text=True, cwd=folder)

        def explore(program, *options):
            search = run("explore", "--keep-going", "--json", "-", *options, f"{build}/explore-{program}.sys")
            try:
                return search.returncode, json.loads(search.stdout), search.stderr
            except ValueError:
                check(f"{program}: JSON", False, search.stderr[-300:])
                return search.returncode, {"findings": [], "search": {}, "verdict": ""}, search.stderr

        memory = ("--granularity", "memory", "--budget", "60s")
        for program, races in (("race-plain", 3), ("race-flag", 2)):
            status, result, text = explore(program, *memory)
            found = result["findings"]
            check(f"{program}: races", found and all(f["kind"] == "race" for f in found), [f["kind"] for f in found])
            check(f"{program}: each pair once", 1 <= len(found) <= races and len({f["message"] for f in found}) == len(found), [f["message"] for f in found])
            check(f"{program}: warnings", all(f["severity"] == "warning" for f in found))
            check(f"{program}: status and verdict are those of errors", (status, result["verdict"]) == (0, "clean"), (status, result["verdict"]))
            check(f"{program}: exhausted all the same", result["search"].get("outcome") == "exhausted", result["search"])
            for one in found:
                check(f"{program}: replays", run("replay", one["schedule"]).returncode == 1)
                if symbols:
                    places = re.findall(r"race\.c:(\d+)", one["message"])
                    lines = open(f"{sources}/race.c").read().splitlines()
                    check(f"{program}: both lines", len(places) == 2 and all("RACE" in lines[int(p) - 1] or "Seen = Value" in lines[int(p) - 1] for p in places), one["message"])
        for program in ("race-locked", "race-event", "race-interlocked"):
            status, result, _ = explore(program, *memory)
            check(f"{program}: none", status == 0 and not result["findings"], result["findings"])
        alone = explore("race-plain", *memory, "--jobs", "1")[1]["findings"]
        several = explore("race-plain", *memory, "--jobs", "3")[1]["findings"]
        check("races: the same with several workers", [(f["signature"], f["steps"]) for f in alone] == [(f["signature"], f["steps"]) for f in several])

        for program in ("circle-partial", "circle-partial-mutex"):
            for options in (("--strategy", "random", "--budget", "200runs"), ("--strategy", "pct", "--budget", "200runs")):
                status, result, text = explore(program, *options)
                found = [f for f in result["findings"] if f["kind"] == "deadlock"]
                check(f"{program} {options[1]}: found while another thread goes on", status == 1 and found, text[-400:])
                check(f"{program} {options[1]}: whose it is, in words", found and found[0]["message"].startswith("2 threads wait for each other for ever"), found and found[0]["message"])
                check(f"{program} {options[1]}: it is small", found and found[0]["steps"] < 100 and found[0]["preemptions"] <= 2, found and (found[0]["steps"], found[0]["preemptions"]))
                check(f"{program} {options[1]}: it replays", found and run("replay", found[0]["schedule"]).returncode == 1)
        # Locks in different orders: one run is enough, whether it shows the deadlock or not.
        for program in ("order-sleeps", "order-sleeps-mutex", "deadlock01"):
            for seed in "1234":
                status, result, text = explore(program, "--strategy", "random", "--budget", "1runs", "--seed", seed)
                found = [f for f in result["findings"] if f["kind"] == "deadlock"]
                check(f"{program}, seed {seed}: one run is enough", status == 1 and len(found) == 1, text[-400:])
                check(f"{program}, seed {seed}: it replays", found and run("replay", found[0]["schedule"]).returncode == 1)
        for program in ("order-joined", "circle-gate", "circle-background", "lockinc3"):
            status, result, text = explore(program, "--strategy", "random", "--budget", "20runs")
            check(f"{program}: no finding of {program}'s locks", status == 0 and not result["findings"], text[-400:])

        # Time proves nothing.
        for program, words in (("hidden-delay", r"Hold thread|in the order"), ("hidden-priority", r"Hold thread|in the order")):
            status, result, text = explore(program, "--budget", "60s")
            found = result["findings"]
            check(f"{program}: found", status == 1 and found and found[0]["kind"] == "bugcheck", text[-400:])
            check(f"{program}: which thread, in words", found and re.search(words, found[0]["confirm_on_windows"]), found and found[0]["confirm_on_windows"])
        status, result, text = explore("hidden-not", "--budget", "60s")
        check("hidden-not: none", status == 0 and result["search"].get("outcome") == "exhausted", text[-300:])

        for program in ("circle-gate", "circle-background"):
            status, result, text = explore(program, "--budget", "60s")
            check(f"{program}: no finding", status == 0 and not result["findings"], text[-400:])
            check(f"{program}: exhausted", result["search"].get("outcome") == "exhausted", result["search"])
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
