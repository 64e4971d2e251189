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
            client = f"{build}/explore-{program}.exe"
            what = ["--inject", "none", "--", client] if os.path.exists(client) else [f"{build}/explore-{program}.sys"]
            search = run("explore", "--keep-going", "--json", "-", *options, *what)
            try:
                return search.returncode, json.loads(search.stdout), search.stderr
            except ValueError:
                check(f"{program}: JSON", False, search.stderr[-300:])
                return search.returncode, {"findings": [], "search": {}, "verdict": ""}, search.stderr

        memory = ("--granularity", "memory", "--budget", "60s")
        for program, races in (("race-plain", 3), ("race-flag", 2), ("race-calls", 1)):
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

        # Each run takes a while: who polls for ever is let go round 16,384 times first. The first one shows it, whatever the schedule, and is made small by as many runs as if all had been made.
        for program, strategy in (("circle-partial", "random"), ("circle-partial-mutex", "pct")):
            status, result, text = explore(program, "--strategy", strategy, "--budget", "100runs", "--first")
            found = [f for f in result["findings"] if f["kind"] == "deadlock"]
            check(f"{program} {strategy}: found while another thread goes on", status == 1 and found, text[-400:])
            check(f"{program} {strategy}: whose it is, in words", found and found[0]["message"].startswith("2 threads wait for each other for ever"), found and found[0]["message"])
            check(f"{program} {strategy}: it is small", found and found[0]["steps"] < 100 and found[0]["preemptions"] <= 3, found and (found[0]["steps"], found[0]["preemptions"]))
            check(f"{program} {strategy}: it replays", found and run("replay", found[0]["schedule"]).returncode == 1)
        # Locks in different orders: one run is enough, whether it shows the deadlock or not.
        for program in ("order-sleeps", "order-sleeps-mutex", "deadlock01", "shape-opposed"):
            for seed in "1234":
                status, result, text = explore(program, "--strategy", "random", "--budget", "1runs", "--seed", seed)
                found = [f for f in result["findings"] if f["kind"] == "deadlock"]
                check(f"{program}, seed {seed}: one run is enough", status == 1 and len(found) == 1, text[-400:])
                check(f"{program}, seed {seed}: it replays", found and run("replay", found[0]["schedule"]).returncode == 1)
        found = explore("shape-opposed", "--strategy", "dpor")[1]["findings"]
        check("shape-opposed: one finding, with all that the kernel knows", len(found) == 1 and "critical sections, in a circle" in found[0]["message"],
              [f["message"] for f in found])
        for program in ("order-joined", "circle-gate", "circle-background", "lockinc3"):
            status, result, text = explore(program, "--strategy", "random", "--budget", "20runs")
            check(f"{program}: no finding of {program}'s locks", status == 0 and not result["findings"], text[-400:])

        # What only shows to be shared in a run is given back there without a question, too; and DPCs are nobody's.
        for program, runs in (("circle-none", "5000runs"), ("circle-none-mutex", "5000runs"), ("circle-dpcs", "4runs")):
            for seed in "12":
                status, result, text = explore(program, "--strategy", "random", "--budget", runs, "--seed", seed)
                check(f"{program}, seed {seed}: nobody waits for ever", status == 0 and not result["findings"], text[-400:])

        # Freed pool: by chance, and from one run in which all went well.
        text_of = open(f"{sources}/free.c").read().splitlines()
        for program, kind in (("free-use", "race"), ("free-delay", "race"), ("free-waits", "bugcheck")):
            for options in ((), ("--strategy", "random", "--budget", "1runs", "--seed", "1"), ("--strategy", "random", "--budget", "1runs", "--seed", "2")):
                name = " ".join((program, *options))
                status, result, text = explore(program, *options)
                found = result["findings"]
                check(f"{name}: found", status == 1 and [(f["kind"], f["severity"]) for f in found] == [(kind, "error")], text[-400:])
                if not found:
                    continue
                check(f"{name}: what", kind != "race" or found[0]["message"].startswith("use after free: "), found[0]["message"])
                check(f"{name}: replays", run("replay", found[0]["schedule"]).returncode == 1)
                if symbols and kind == "race":
                    lines = [text_of[int(s["where"].split(":")[1]) - 1] for s in found[0]["schedule_steps"] if s["where"].startswith("free.c:")]
                    check(f"{name}: the free, then the use", len(lines) >= 2 and "FREE" in lines[-2] and "USE" in lines[-1], found[0]["schedule_steps"])
        for program in ("free-rundown", "free-joined", "free-again"):
            for options in ((), ("--strategy", "random", "--budget", "20runs")):
                status, result, text = explore(program, *options)
                check(f"{program} {options}: none", status == 0 and not result["findings"], text[-400:])

        # Time proves nothing.
        lines = open(f"{sources}/hidden.c").read().splitlines()

        def marked(where, mark):
            return not symbols or (where.startswith("hidden.c:") and mark in lines[int(where.split(":")[1]) - 1])

        for program, why, first, seconds in (("hidden-delay", "late", True, 2.0), ("hidden-priority", "overtaken", True, 0), ("hidden-window", "preempted", False, 2.0)):
            status, result, text = explore(program, "--budget", "60s")
            found = result["findings"]
            check(f"{program}: found", status == 1 and found and found[0]["kind"] == "bugcheck", text[-400:])
            held = found[0]["held_up"] if found else []
            check(f"{program}: one thread is held up", len(held) == 1 and (held[0]["why"], held[0]["before_first_step"]) == (why, first), held)
            if len(held) != 1:
                continue
            one = held[0]
            check(f"{program}: for so long", one["for_s"] == seconds and one["until_s"] - one["from_s"] == seconds, held)
            check(f"{program}: in front of which line", one["thread"] == one["before"]["thread"] and marked(one["before"]["where"], "HELD UP"), held)
            check(f"{program}: until whose step", one["until"]["thread"] != one["thread"] and marked(one["until"]["where"], "UNTIL"), held)
            words = f"1. Hold thread {one['thread']}"
            check(f"{program}: in words", found[0]["confirm_on_windows"].startswith(words) and words in text and
                  (f"at least {seconds} s of virtual time" in text) == (seconds > 0) and "a priority does not exclude that" in text, text[-400:])
            check(f"{program}: in the listing", ("-- is held up for 2.0 s --" if why == "late" else "-- is held up here --") in text, text[-400:])
            replay = run("replay", "--json", "-", found[0]["schedule"])
            check(f"{program}: a replay says the same", replay.returncode == 1 and json.loads(replay.stdout)["findings"][0]["held_up"] == held, replay.stdout[:300])
        status, result, text = explore("hidden-not", "--budget", "60s")
        check("hidden-not: none", status == 0 and result["search"].get("outcome") == "exhausted", text[-300:])

        for program in ("circle-gate", "circle-background"):
            status, result, text = explore(program, "--budget", "60s")
            check(f"{program}: no finding", status == 0 and not result["findings"], text[-400:])
            check(f"{program}: exhausted", result["search"].get("outcome") == "exhausted", result["search"])
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
