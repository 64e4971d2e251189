#!/usr/bin/env python3
"""Exact numbers of traces: check_counts.py [--soak] NTLAB FOLDER programs.list [NAME...]"""
import json
import subprocess
import sys


def main():
    arguments = sys.argv[1:]
    soak = arguments[0] == "--soak"
    ntlab, folder, table, *only = arguments[soak:]
    passed = failed = 0
    for line in open(table):
        fields = [f.strip() for f in line.split("|")]
        if line.startswith("#") or len(fields) < 4 or (only and fields[0] not in only) or (len(fields) > 5 and not soak and not only):
            continue
        name, source, _, expected = fields[:4]
        options = fields[4].split() if len(fields) > 4 else []
        client = source.endswith("-client.c")
        what = ["--inject", "none", "--", f"{folder}/explore-{name}.exe"] if client else [f"{folder}/explore-{name}.sys"]
        # A budget in runs, little more than it takes: a fifth of it is what a finding may cost that is made small.
        if "--budget" not in options:
            options += ["--budget", f"{4 * int(expected.split()[0]) + 200}runs"]
        run = subprocess.run([ntlab, "explore", "--keep-going", "--run-timeout", "120s", "--strategy", "dpor", "--json", "-", *options, *what],
                             capture_output=True, text=True)
        try:
            report = json.loads(run.stdout)
            search = report["search"]
        except (ValueError, KeyError):
            print(f"not ok {name}: status {run.returncode}: {run.stderr.strip()[-300:]}")
            failed += 1
            continue
        found = [search["traces"], search["bad"], search["blocked"]]
        wanted = [None if w == "-" else int(w) for w in expected.split()]
        # What may be missing beside a crash is said, where accesses to memory are no steps.
        crashed = any(f["kind"] == "bugcheck" for f in report["findings"]) and search["granularity"] != "memory"
        if crashed != any("lead to the crash" in item for item in search["assumptions"]):
            print(f"not ok {name}: crashed: {crashed}, assumptions: {search['assumptions']}")
            failed += 1
        elif search["outcome"] == "exhausted" and all(w in (None, f) for w, f in zip(wanted, found)):
            passed += 1
        else:
            failed += 1
            print(f"not ok {name}: {search['outcome']}: traces, bad, blocked are {found}, not {expected}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
