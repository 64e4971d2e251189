#!/usr/bin/env python3
"""What the samples' tables leave out: samples.py [--soak] NTLAB SAMPLES [NAME...]. The choices on every version, and why a run hangs."""
import json
import os
import re
import subprocess
import sys
import tempfile

SOAK = "--soak" in sys.argv
NTLAB, SAMPLES, *NAMES = (word for word in sys.argv[1:] if word != "--soak")
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


def explore(*words):
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run([NTLAB, "explore", "--strategy", "dpor", "--keep-going", "--out", out, *words],
                              capture_output=True, text=True, timeout=400)
        with open(os.path.join(out, "report.json")) as report:
            return json.load(report), done


def guarded_fault():
    """In a page fault: who asks right is exhausted clean, who asks for the IRQL hangs in the region of the memory manager."""
    folder = os.path.join(SAMPLES, "guarded-mutex")
    drivers = [os.path.join(folder, name) for name in ("guarded-mutex.sys", "guarded-fault.sys")]
    for version, ask, irql in (("nt51", "irql", None), ("nt51", "apcs", 1), ("win7", "irql", 0), ("win7", "all-apcs", None),
                               ("win10", "irql", 0), ("win10", "all-apcs", None)):
        where = f"guarded-fault {ask} on {version}"
        result, done = explore("--os", version, "--inject", "none", "--budget", "20000runs", *drivers, "--", os.path.join(folder, "guarded-fault.exe"), ask)
        check(result["search"]["outcome"] == "exhausted", f"{where}: exhausted, not {result['search']}")
        check(done.returncode == (irql is not None), f"{where}: status {done.returncode}")
        if irql is None:
            continue
        finding = result["findings"][0] if result["findings"] else {"kind": "none", "threads": [{"irql": -1, "stack": []}], "message": ""}
        check(finding["kind"] == "hang" and finding["threads"][0]["irql"] == irql, f"{where}: it hangs at IRQL {irql}: {finding['kind']}")
        check(any(s.get("symbol") == "PreRead" for s in finding["threads"][0]["stack"]), f"{where}: in pre-read")
        check(irql == 1 or re.search(r"special kernel APCs are off in it \(.*guarded region entered at nt!Mi.*completion of IRP", finding["message"]),
              f"{where}: the sentence says why: {finding['message']}")


def load_unload():
    """Which variants fail where; what only the system is to blame for is a note and no status."""
    client = os.path.join(SAMPLES, "load-unload", "load-unload.exe")
    for version, name, wanted in (
            ("win7", "load-unload", [("error", "driver", "StopWorkerQueues"), ("note", "system-known", "IopLoadDriver")]),
            ("win8", "load-unload", []),
            ("win7", "load-unload-poll", []),
            ("nt51", "load-unload-event", [("note", "system-known", "IopLoadDriver")])):
        where = f"{name} on {version}"
        result, done = explore("--os", version, "--inject", "none", "--budget", "20000runs", "--", client, name)
        search, findings = result["search"], result["findings"]
        check(search["outcome"] == "exhausted" and (search["bad"] != 0) == bool(wanted),
              f"{where}: exhausted, {'bad' if wanted else 'clean'}: {search['outcome']}, {search['bad']} of {search['traces']} traces are bad")
        for severity, blame, symbol in wanted:
            check(any(f["severity"] == severity and f["blame"] == blame and any(s.get("symbol") == symbol for s in f["threads"][0]["stack"])
                      for f in findings), f"{where}: {severity}, {blame}, in {symbol}")
        check(done.returncode == any(severity == "error" for severity, _, _ in wanted), f"{where}: status {done.returncode}")
        check(all(f["severity"] == "error" or f["blame"] == "system-known" for f in findings), f"{where}: only what is known is a note")
        check(not any("choices" in a for a in search["assumptions"]), f"{where}: nothing came by turns: {search['assumptions']}")
    # Both threads run; the one that crashes is in the unload callback, the other one in DriverEntry.
    finding = next((f for f in explore("--os", "win7", "--budget", "2000runs", "--", client, "load-unload")[0]["findings"] if f["severity"] == "error"), None)
    names = [[s.get("symbol") for s in t["stack"]] for t in finding["threads"]] if finding else [[], []]
    check(finding is not None and finding["code"] == "0x0000007E", "load-unload: bugcheck 0x7E")
    check(["StopWorkerQueues", "UnloadCallback", "FltpDoUnloadFilter", "FltpSyncOpWorker", "ExpWorkerThread"] ==
          [n for n in names[0] if n in ("StopWorkerQueues", "UnloadCallback", "FltpDoUnloadFilter", "FltpSyncOpWorker", "ExpWorkerThread")],
          f"load-unload: the stack of the unload: {names[0]}")
    check(any("DriverEntry" in n and "IopLoadDriver" in n and "IopLoadUnloadDriver" in n for n in names[1:]), "load-unload: the other thread is in DriverEntry")


def ramfs():
    folder = os.path.join(SAMPLES, "ramfs")
    clients = [word for who in ("user:{} write", "admin:{} open") for word in ("--client", who.format(os.path.join(folder, "ramfs.exe")))]
    result, done = explore("--inject", "suspend", "--budget", "40runs", os.path.join(folder, "ramfs.sys"), *clients)
    finding = result["findings"][0] if result["findings"] else {"kind": "none", "message": ""}
    check(done.returncode == 1 and finding["kind"] == "suspend-dos", f"ramfs: suspend denial of service, not {finding['kind']}")
    check(re.search(r"cannot go on: it waits for resource 0x[0-9a-f]+ in ramfs\.sys!", finding["message"])
          and "FsRtlEnterFileSystem" in finding["message"], f"ramfs: the sentence names the resource: {finding['message']}")
    # With each other event as well it is forty thousand traces, and more than a minute.
    result, done = explore(*([] if SOAK else ["--inject", "suspend"]), "--budget", "60000runs", *clients)
    check(done.returncode == 0 and result["search"]["outcome"] == "exhausted", f"ramfs as shipped: exhausted, not {result['search']}")


def redirect():
    """The client says of itself what it sees; with another filter above or below it must see the same."""
    folder, other = os.path.join(SAMPLES, "redirect"), os.path.join(SAMPLES, "passthrough", "passthrough.sys")
    driver, client = os.path.join(folder, "redirect.sys"), os.path.join(folder, "redirect.exe")
    for where, words in [(f"redirect on {v}", ["--os", v, driver]) for v in ("nt51",) + VERSIONS] + [
            ("redirect below passthrough", [driver, other]), ("redirect above passthrough", [other, driver])]:
        result, done = run(*words, "--", client)
        check(done.returncode == 0 and result["verdict"] == "clean" and "NOT SO" not in done.stdout and len(done.stdout.splitlines()) >= 21,
              f"{where}: {result['findings']} {done.stdout[-500:]}")


PARTS = {"critical-region": critical_region, "guarded-mutex": guarded_mutex, "load-unload": load_unload, "ramfs": ramfs,
         "redirect": redirect, "guarded-fault": guarded_fault}
for part in NAMES or PARTS:
    PARTS[part]()
print(f"{COUNT} checks, {len(FAILURES)} failed")
sys.exit(len(FAILURES) != 0)
