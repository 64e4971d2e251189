#!/usr/bin/env python3
"""Events that the environment adds: what is found, what is not, in how many traces (dpor and odpor agree on those that are not
bad: how many crash depends on what else was done before; where all are good and few enough, lattice does too), and each finding replays: check_events.py NTLAB FOLDER events.list [NAME...]"""
import json
import os
import re
import subprocess
import sys
import tempfile


SOAK = "--soak" in sys.argv
sys.argv = [a for a in sys.argv if a != "--soak"]


def said(output):
    return next((l for l in output.splitlines() if re.match(r"ntlab: (suspend-dos|bugcheck|hang|deadlock|leak|client)", l)), None)


# The same orders once more: each step of them has been looked at.
LIGHTLY = {**os.environ, "NTLAB_SELF_CHECK": "1"}

# More than 50 traces, and not so many orders of other steps in each that it takes minutes.
BY_LATTICE = ("calls-suspend-fixed", "calls-terminate-fixed")


def check(ntlab, tests, fields, folder):
    name, driver, events, clients, counts, words = fields
    command = [ntlab, "explore", "--inject", events, "--keep-going", "--budget", "20000runs",
               "--json", "-", f"{tests}/{driver}.sys"]
    for one in clients.split(";"):
        token, arguments = one.strip().split(":")
        if token == "calls":
            command += ["--client", f"admin:{tests}/calls-client.exe {arguments}"]
        elif token == "thread":
            command += ["--client", f"user:{tests}/thread-client.exe {arguments}"]
        else:
            command += ["--client", f"{token}:{tests}/control-client.exe {arguments}"]
    run = subprocess.run([*command, "--strategy", "dpor"], capture_output=True, text=True, cwd=folder)
    try:
        search = json.loads(run.stdout)["search"]
        found = [search["traces"], search["bad"]]
    except (ValueError, KeyError):
        yield f"status {run.returncode}: {run.stderr.strip()[-300:]}"
        return
    if found[0] <= 300 or SOAK: # the others take too long for every day
        other = subprocess.run([*command, "--strategy", "odpor"], capture_output=True, text=True, cwd=folder, env=LIGHTLY)
        try:
            report = json.loads(other.stdout)
            other = [report["search"]["traces"] - report["search"]["bad"], {f["fingerprint"] for f in report["findings"]}]
            mine = [found[0] - found[1], {f["fingerprint"] for f in json.loads(run.stdout)["findings"]}]
            # Where a crash depends on memory that no step tells neither has all good ones (docs/explore.md), so they need not have the same.
            if other[1] != mine[1] or (other[0] != mine[0] and not (words.startswith("bugcheck") and "-" in counts)):
                yield f"good traces and findings: odpor has {other}, dpor {mine}"
        except (ValueError, KeyError):
            yield f"odpor: status {other.returncode}: {other.stderr.strip()[-300:]}"
    if found[1] == 0 and (found[0] <= 50 or name in BY_LATTICE):
        all = subprocess.run([*command[:command.index("--budget")], "--budget", "200000runs", *command[command.index("--budget") + 2:],
                              "--strategy", "lattice"], capture_output=True, text=True, cwd=folder, env=LIGHTLY)
        try:
            whole = json.loads(all.stdout)["search"]
            if whole["outcome"] != "exhausted" or whole["traces"] != found[0]:
                yield f"lattice has {whole['traces']} traces, dpor {found[0]}: {whole['outcome']}"
        except (ValueError, KeyError):
            yield f"lattice: status {all.returncode}: {all.stderr.strip()[-300:]}"
    wanted = [None if c == "-" else int(c) for c in counts.split()]
    if search["outcome"] != "exhausted" or any(w not in (None, f) for w, f in zip(wanted, found)):
        yield f"{search['outcome']}: traces, bad are {found}, not {counts}"
    verdict = said(run.stderr)
    if words == "-":
        if run.returncode != 0 or verdict is not None:
            yield f"status {run.returncode}: {verdict}"
    elif run.returncode != 1 or verdict is None or words not in verdict:
        yield f"status {run.returncode}: {verdict}"
    else:
        replay = subprocess.run([ntlab, "replay", "findings/1.ntr"], capture_output=True, text=True, cwd=folder)
        if replay.returncode != 1 or said(replay.stderr) != verdict:
            yield f"replay: status {replay.returncode}: {said(replay.stderr)}"


def main():
    ntlab, tests, table = (os.path.abspath(p) for p in sys.argv[1:4])
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for line in open(table):
            fields = [f.strip() for f in line.split("|")]
            if line.startswith("#") or len(fields) != 6 or (sys.argv[4:] and fields[0] not in sys.argv[4:]):
                continue
            problems = list(check(ntlab, tests, fields, folder))
            passed += not problems
            failed += bool(problems)
            for problem in problems:
                print(f"not ok {fields[0]}: {problem}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


main()
