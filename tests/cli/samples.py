#!/usr/bin/env python3
"""What the samples' tables leave out: samples.py NTLAB SAMPLES. The choices on every version, and why a run hangs."""
import json
import os
import re
import subprocess
import sys
import tempfile

NTLAB, SAMPLES = sys.argv[1:3]
VERSIONS = ("ws2003", "vista", "win7", "win8", "win10", "win11")
FAILURES = []
COUNT = 0


def check(condition, what):
    global COUNT
    COUNT += 1
    if not condition:
        FAILURES.append(what)
        print("FAIL " + what)


def run(*words):
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        done = subprocess.run([NTLAB, "run", "--json", report.name, *words], capture_output=True, text=True, timeout=120)
        return json.load(open(report.name)), done


def critical_region():
    folder = os.path.join(SAMPLES, "critical-region")
    client = os.path.join(folder, "critical-region.exe")
    # The choice, and what the second process waits for if it hangs.
    choices = {
        "region": None, "resource": "resource", "resource-in-region": None, "resource-region-late": "resource",
        "resource-region-early": "resource", "unsafe-mutex": "fast-mutex", "unsafe-mutex-in-region": None, "fast-mutex": None,
        "guarded-mutex": None, "mutex": None, "spin-lock": None, "semaphore": "semaphore", "mutex-timeout": None,
    }
    for version in VERSIONS:
        for choice, lock in choices.items():
            # Suspension is one thing until 7 and another from 8 on, guarded mutexes too; the rest is the same in between.
            if version not in ("win7", "win10") and choice not in ("resource", "resource-in-region", "guarded-mutex"):
                continue
            where = f"critical-region {choice} on {version}"
            result, done = run("--os", version, os.path.join(folder, "critical-region.sys"),
                               "--client", f"user:{client} attack {choice}", "--client", f"admin:{client} use {choice}")
            if lock is None:
                check(done.returncode == 0 and result["verdict"] == "clean", f"{where}: clean, not {result['findings']}")
                continue
            finding = result["findings"][0] if result["findings"] else {"kind": "none", "threads": [], "message": ""}
            check(finding["kind"] == "hang", f"{where}: hang, not {finding['kind']}")
            holders = [t for t in finding["threads"] if t["suspended"]]
            waiters = [t for t in finding["threads"] if not t["suspended"] and (t["waits_for"] or "").startswith(lock + " ")]
            check(len(holders) == 1 and len(waiters) == 1, f"{where}: one is suspended, one waits for the {lock}")
            if len(holders) != 1 or len(waiters) != 1:
                continue
            pids = [t["name"].split(".")[0] for t in holders + waiters]
            check(pids[0] != pids[1], f"{where}: they belong to two processes")
            check(lock == "semaphore" or holders[0]["holds"] == [waiters[0]["waits_for"]], f"{where}: it holds what the other waits for")
            check(all(holders[0]["apc"][count] == 0 for count in ("kernel", "special")) and holders[0]["irql"] == 0, f"{where}: nothing held the suspension off")
            names = [f.get("symbol", "") for f in holders[0]["stack"]]
            check("Hold" in names and "DispatchControl" in names and "RtlUserThreadStart" in names,
                  f"{where}: its stack goes from the client's thread into the driver: {names}")
            check("is suspended in critical-region.sys!" in finding["message"], f"{where}: the sentence says so: {finding['message']}")


def guarded_mutex():
    """A hang's sentence says that special kernel APCs are off, by whom, and which completion is queued."""
    folder = os.path.join(SAMPLES, "guarded-mutex")
    raised = r"IRQL 1 \(APC_LEVEL\): fast mutex 0x[0-9a-f]+ acquired at guarded-mutex\.sys!"
    guarded = r"SpecialApcDisable -1: guarded region entered at guarded-mutex\.sys!"
    for version, who, irql, special in (("nt51", raised, 1, 0), ("ws2003", guarded, 0, -1), ("win7", guarded, 0, -1), ("win10", raised, 1, 0)):
        for by in ("zw", "internal"):
            where = f"guarded-mutex {by} on {version}"
            result, _ = run("--os", version, os.path.join(folder, "guarded-mutex.sys"), "--",
                            os.path.join(folder, "guarded-mutex.exe"), by, "nothing")
            finding = result["findings"][0] if result["findings"] else {"kind": "none", "threads": [{"irql": -1, "apc": {"kernel": 1, "special": 1}}], "message": ""}
            thread = finding["threads"][0]
            check(finding["kind"] == "hang" and thread["irql"] == irql and (thread["apc"]["kernel"], thread["apc"]["special"]) == (0, special),
                  f"{where}: it hangs at IRQL {irql}, SpecialApcDisable {special}")
            check(re.search(r"special kernel APCs are off in it \(" + who + r".*\), and the completion of IRP 0x[0-9a-f]+ is queued",
                            finding["message"]), f"{where}: the sentence says why: {finding['message']}")


critical_region()
guarded_mutex()
print(f"{COUNT} checks, {len(FAILURES)} failed")
sys.exit(len(FAILURES) != 0)
