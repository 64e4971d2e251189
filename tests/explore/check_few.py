#!/usr/bin/env python3
"""Fewer processors than threads, and strict priorities (`explore --cpus`): check_few.py NTLAB FOLDER SAMPLES few.list [NAME...]. With names only those rows."""
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


def check_row(fields, driver, explore, run):
    name, program, cpus, expected = fields
    found = expected == "found"
    going = () if found and cpus != "-" else ("--keep-going",)
    cpus, *options = cpus.split()
    status, result, text = explore(*going, *(("--cpus", cpus) if cpus != "-" else ()), *options, "--budget", "600runs", driver(program))
    search = result["search"]
    check(f"{name}: {expected}", status == (1 if found else 0) and bool(result["findings"]) == found, text[-500:])
    if cpus == "-":
        check(f"{name}: exhausted", search.get("outcome") == "exhausted" and search["assumptions"][0] == "one processor per thread", search)
        return
    check(f"{name}: never exhausted", search.get("outcome") in ("bounded", "budget", "finding") and "exhausted" not in text, search)
    check(f"{name}: the model is named", search["assumptions"][0].startswith(f"{cpus} processor") and "strict priorities" in search["assumptions"][0] and
          ("strict priorities" in text or search["outcome"] == "budget"), text[:500])
    for one in result["findings"][:1]:
        replay = run("replay", one["schedule"])
        check(f"{name}: replays", replay.returncode == 1 and "differs" not in replay.stderr, replay.stderr[-300:])


def main():
    ntlab, build, samples, table = (os.path.abspath(p) for p in sys.argv[1:5])
    with tempfile.TemporaryDirectory() as folder:
        def run(*words):
            return subprocess.run([ntlab, *words], capture_output=True, text=True, cwd=folder)

        def explore(*words):
            it = run("explore", "--run-timeout", "120s", "--json", "-", *words)
            try:
                return it.returncode, json.loads(it.stdout), it.stderr
            except ValueError:
                return it.returncode, {"search": {}, "findings": []}, it.stderr

        def driver(program):
            return f"{build}/explore-{program}.sys"

        for line in open(table, encoding="utf-8"):
            fields = [f.strip() for f in line.split("|")]
            if not line.startswith("#") and len(fields) == 4 and (not sys.argv[5:] or fields[0] in sys.argv[5:]):
                check_row(fields, driver, explore, run)
        if sys.argv[5:]:
            print(f"{passed} passed, {failed} failed")
            sys.exit(1 if failed or not passed else 0)

        # All schedules that one processor has: the lower one looks when the higher one has ended, that is one trace.
        status, result, text = explore("--keep-going", "--cpus", "1", "--strategy", "bounded", "--budget", "5000runs", driver("few-lower"))
        search = result["search"]
        check("few-lower: all schedules of one processor", (status, search.get("outcome"), search.get("traces")) == (0, "bounded", 1) and
              "more are not possible" in text, text[-400:])
        check("few-lower: that is not exhausted", run("explore", "--cpus", "1", "--strategy", "bounded", "--require", "exhausted", driver("few-lower")).returncode == 6)

        for strategy in ("pos", "fairwalk", "portfolio", "bounded", "delay"):
            one = explore("--keep-going", "--cpus", "2", "--strategy", strategy, "--budget", "200runs", "--jobs", "1", driver("few-locks"))
            two = explore("--keep-going", "--cpus", "2", "--strategy", strategy, "--budget", "200runs", "--jobs", "3", driver("few-locks"))
            check(f"{strategy}: the same with several workers", one[0] == two[0] in (0, 1) and
                  all(one[1]["search"].get(k) == two[1]["search"].get(k) for k in ("outcome", "runs", "traces", "bad", "digest")), f"{one[2][-300:]} {two[2][-300:]}")
        for strategy in ("dpor", "odpor"):
            it = run("explore", "--cpus", "2", "--strategy", strategy, driver("few-locks"))
            check(f"{strategy}: refused", it.returncode == 2 and f"`{strategy}`" in it.stderr, it.stderr)
        check("63 processors: refused", run("explore", "--cpus", "63", driver("few-locks")).returncode == 2)
        check("suspensions: refused", run("explore", "--cpus", "2", "--inject", "suspend", driver("few-locks")).returncode == 2)

        # Clients, too.
        transfer = f"{samples}/transfer/transfer"
        for cpus in "12":
            status, result, text = explore("--keep-going", "--cpus", cpus, "--strategy", "random", "--budget", "20runs", f"{transfer}.sys", "--client", f"user:{transfer}.exe")
            check(f"transfer, {cpus} processors", status == 0 and result["search"].get("runs") == 20, text[-400:])
        # And what befalls them: a thread may have no processor at that moment.
        client = f"{build}/control-client.exe"
        clients = ("--client", f"user:{client} Cancel 0", "--client", f"admin:{client} Cancel 1")
        status, result, text = explore("--keep-going", "--cpus", "2", "--inject", "cancel", "--strategy", "random", "--budget", "60runs", f"{build}/cancel.sys", *clients)
        check("events, 2 processors", status == 0 and result["search"].get("runs") == 60, text[-400:])
        # The service may be stopped when one client has opened the device and the other has not: the one waits for a request that never comes.
        status, result, text = explore("--keep-going", "--cpus", "2", "--inject", "cancel,unload", "--strategy", "random", "--budget", "60runs", f"{build}/cancel.sys", *clients)
        check("unload, 2 processors", status in (0, 1) and result["search"].get("runs") == 60 and
              all(finding["kind"] == "hang" for finding in result["findings"]), text[-400:])
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
