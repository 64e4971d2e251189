#!/usr/bin/env python3
"""dpor and odpor against brute force, which knows nothing of how they do it, and which also checks at each step that two orders of one
trace leave the same question: check_oracle.py NTLAB FOLDER oracle.list [NAME...]"""
import json
import os
import shlex
import subprocess
import sys


def explore(ntlab, folder, strategy, name, options):
    clients = [f"{folder}/{o}" if o.endswith((".exe", ".sys")) else o.replace("@", f"{folder}/") for o in options]
    if os.path.exists(f"{folder}/explore-{name}.exe"):
        clients += ["--inject", "none", "--", f"{folder}/explore-{name}.exe"]
    elif not any(o.endswith(".sys") for o in clients):
        clients.append(f"{folder}/explore-{name}.sys")
    run = subprocess.run([ntlab, "explore", "--keep-going", "--run-timeout", "120s", "--budget", "150000runs", "--strategy", strategy,
                          "--json", "-", *clients], capture_output=True, text=True)
    try:
        report = json.loads(run.stdout)
    except ValueError:
        return f"status {run.returncode}: {run.stderr.strip()[-300:]}"
    search = report["search"]
    return search["outcome"], search["traces"], search["bad"], sorted({f["fingerprint"] for f in report["findings"]})


def main():
    ntlab, folder, table, *only = sys.argv[1:]
    passed = failed = 0
    for line in open(table):
        fields = [f.strip() for f in line.split("|")]
        if line.startswith("#") or len(fields) < 2 or (only and fields[0] not in only):
            continue
        name, oracle = fields[:2]
        options = shlex.split(fields[2]) if len(fields) > 2 else []
        truth = explore(ntlab, folder, oracle, name, options)
        for strategy in (fields[3].split() if len(fields) > 3 else ("dpor", "odpor", "bounded")):
            found = explore(ntlab, folder, strategy, name, options)
            if found == truth and truth[0] == "exhausted":
                passed += 1
            else:
                failed += 1
                print(f"not ok {name}: {strategy} says {found}, {oracle} {truth}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


main()
