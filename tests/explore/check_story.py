#!/usr/bin/env python3
"""A finding tells how it came about: check_story.py NTLAB FOLDER SOURCES"""
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


def section(text, heading):
    """The lines under a heading of the report."""
    lines, on = [], False
    for line in text.splitlines():
        if on and re.match(r"^[A-Z][A-Z_ ]+(\(.*\))?:", line):
            break
        if on and line:
            lines.append(line)
        on = on or line.startswith(heading)
    return lines


def main():
    ntlab, build, sources = (os.path.abspath(p) for p in sys.argv[1:])
    symbols = subprocess.run(["sh", "-c", "command -v llvm-symbolizer llvm-symbolizer-19"], capture_output=True).returncode == 0

    def line_of(where):
        name, number = where.split(":")
        return open(f"{sources}/{name}").read().splitlines()[int(number) - 1]

    with tempfile.TemporaryDirectory() as folder:
        def run(*words, columns="120"):
            return subprocess.run([ntlab, *words], capture_output=True, text=True, cwd=folder, env={**os.environ, "COLUMNS": columns})

        def finding(program):
            search = run("explore", "--keep-going", f"{build}/explore-{program}.sys")
            check(f"{program}: found", search.returncode == 1, search.returncode)
            replay = run("replay", "--json", "-", "findings/1.ntr")
            try:
                return json.loads(replay.stdout)["findings"][0], replay.stderr
            except (ValueError, KeyError, IndexError):
                check(f"{program}: JSON", False, replay.stdout[:300])
                return {"schedule_steps": [], "confirm_on_windows": "", "message": "", "kind": ""}, replay.stderr

        found, text = finding("deadlock01")
        steps = found["schedule_steps"]
        check("deadlock: kind", found["kind"] == "deadlock", found["kind"])
        check("deadlock: four acquires, two for ever", len(steps) == 4 and sum(s["blocks"] for s in steps) == 2, steps)
        check("deadlock: one preemption", sum(s["preempts"] for s in steps) <= 1, steps)
        check("deadlock: two threads", {s["thread"] for s in steps} == {"A", "B"}, steps)
        if symbols:
            check("deadlock: the driver's names", {re.search(r"Lock\[\d\]", s["what"])[0] for s in steps} == {"Lock[0]", "Lock[1]"}, steps)
            check("deadlock: the driver's lines", all("LOCK_ACQUIRE" in line_of(s["where"]) for s in steps), steps)
            chain = section(text, "WAIT_CHAIN")
            check("deadlock: wait-for graph with lines", len(chain) == 4 and all("locks.c @ " in l for l in chain), chain)
        check("deadlock: which thread to hold", re.search(r"^1\. Hold thread A .* until thread B", found["confirm_on_windows"]), found["confirm_on_windows"])
        check("deadlock: listing", any("is held up here" in l for l in text.splitlines()) and text.count("** waits for ever") == 2)

        found, text = finding("claims-resource")
        check("a shared lock: why one cannot share it", "A has it, and B waits for all of it" in " ".join(text.split()), text[:3000])

        found, text = finding("reorder1")
        check("race: what happened in between", [s["what"].split()[0] for s in found["schedule_steps"]][:2] == ["writes", "reads"], found["schedule_steps"])
        check("race: held between two writes", re.search(r"Hold thread A .*before it writes .* until thread B", found["confirm_on_windows"]), found["confirm_on_windows"])

        # Of a block that is used after it was freed, or freed twice: the lines of all three.
        for program, kind, lines in (("explore-given-pool", "race", ("ExAllocatePoolWithTag", "ExFreePoolWithTag", "Mine[1] = 2")),
                                     ("bug-cve-2016-9806", "bugcheck", ("ExAllocatePoolWithTag", "ExFreePoolWithTag", "ExFreePoolWithTag"))):
            search = run("explore", "--strategy", "dpor", "--granularity", "memory", "--inject", "none", "--budget", "200runs", "--json", "block.json",
                         f"{build}/{program}.sys")
            blocks = [f.get("pool_block") for f in json.load(open(f"{folder}/block.json"))["findings"] if f["kind"] == kind and f["severity"] == "error"]
            check(f"{program}: a finding with a block", len(blocks) == 1 and blocks[0], blocks)
            if blocks and blocks[0]:
                places = [blocks[0].get(what, {}) for what in ("allocated", "freed", "used")]
                check(f"{program}: who frees and who uses", {p.get("thread") for p in places[1:]} == {"A", "B"}, places)
                check(f"{program}: its size", blocks[0]["bytes"] == (8 if kind == "race" else 32), blocks)
                if symbols:
                    check(f"{program}: allocated, freed, used", all(word in line_of(f"{os.path.basename(p['file'])}:{p['line']}")
                                                                    for word, p in zip(lines, places)), places)
                    check(f"{program}: in text", len(re.findall(r"^    (?:allocated|freed    |used     ) at .* @ \d+\]", search.stderr, re.M)) >= 3,
                          search.stderr[-2000:])
        search = run("explore", "--strategy", "dpor", "--inject", "none", "--json", "block.json", f"{build}/explore-deadlock01.sys")
        check("a deadlock is of no block", "POOL BLOCK" not in search.stderr and "pool_block" not in open(f"{folder}/block.json").read())

        found, text = finding("synchronization21")
        check("lost wake-up: named", "lost wake-up: the last signal" in found["message"] and "taken by another wait" in found["message"], found["message"])
        check("lost wake-up: no thread must be held", "No thread needs to be held" in found["confirm_on_windows"], found["confirm_on_windows"])

        found, text = finding("poller-lost")
        check("lost wake-up beside a thread that looks for work", found["kind"] == "hang" and "waits for event" in found["message"] and
              "lost wake-up: the last signal" in found["message"], found["message"])
        check("what goes round is shown once", len(re.findall(r"\d{4} times:", text)) == 1 and len(section(text, "SCHEDULE")) < 20, text[:3000])

        # A run that would go on for ever in the default order leaves orders out: nothing is claimed of them.
        for strategy in ("dpor", "odpor"):
            search = run("explore", "--strategy", strategy, "--json", "ends.json", f"{build}/explore-poller-spins.sys")
            outcome = json.load(open(f"{folder}/ends.json"))["search"]["outcome"]
            check(f"more than 65536 choices, {strategy}", "nothing is exhausted: a run has more than 65536 choices" in search.stderr and
                  "exhausted: no finding" not in search.stderr and outcome == "budget", (outcome, search.stderr[-500:]))

        # Who goes round in circles is found by taking turns; who only takes long is not.
        search = run("explore", "--keep-going", "--strategy", "fair", "--budget", "5runs", f"{build}/explore-livelock.sys")
        check("livelock: found", search.returncode == 1 and "ntlab: livelock: " in search.stderr, search.stderr[-300:])
        check("livelock: nothing needs to be chosen", re.search(r"finding 1: .*; 0 choices, 0 preemptions", search.stderr), search.stderr[-300:])
        check("livelock: the circle", "and so on, for ever" in search.stderr)
        check("livelock: replays", run("replay", "findings/1.ntr").returncode == 1)
        for strategy in ("fair", "random"):
            search = run("explore", "--strategy", strategy, "--budget", "3runs", f"{build}/explore-patience.sys")
            check(f"long, not endless, by {strategy}", search.returncode == 0, search.stderr[-300:])
        search = run("explore", "--strategy", "random", "--budget", "2runs", f"{build}/explore-patience-pool.sys")
        check("long, not endless: pool says so", search.returncode == 0, search.stderr[-300:])
        for what, status in (("count", 0), ("forever", 1)):
            search = run("explore", "--strategy", "random", "--budget", "1runs", "--client", f"user:{build}/memory-client.exe {what}",
                         "--client", f"user:{build}/memory-client.exe {what}")
            check(f"long or endless: a client's memory says so: {what}", search.returncode == status and ("livelock:" in search.stderr) == status,
                  search.stderr[-300:])
        # An hour that passes only because a schedule lets it pass is none; one in which everybody waits is.
        for program, status in (("minutes", 0), ("minutes-endless", 1)):
            search = run("explore", "--strategy", "random", "--budget", "2runs", f"{build}/explore-{program}.sys")
            check(f"time that passes: {program}", search.returncode == status and ("livelock:" in search.stderr) == status, search.stderr[-300:])
        sample = f"{build}/../../samples/transfer/transfer"
        search = run("explore", "--strategy", "random", "--budget", "1runs", f"{sample}.sys", "--", f"{sample}.exe")
        check("a client of many requests is not endless", search.returncode == 0, search.stderr[-300:])

        for program in ("deadlock01", "lazy01", "din_phil4"):
            run("explore", "--keep-going", f"{build}/explore-{program}.sys")
            for width in ("80", "120", "200"):
                lines = section(run("replay", "findings/1.ntr", columns=width).stderr, "SCHEDULE")
                check(f"{program}: fits in {width} columns", lines and all(len(l) <= int(width) for l in lines),
                      max(map(len, lines), default=0))
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
