#!/usr/bin/env python3
"""Suspend denial of service: what is found, what is not, in how many traces (two strategies agree), and each finding replays:
check_suspend.py NTLAB SAMPLES FOLDER suspend.list [NAME...]"""
import json
import os
import re
import subprocess
import sys
import tempfile


def said(output):
    return next((l for l in output.splitlines() if re.match(r"ntlab: (suspend-dos|bugcheck|hang|deadlock)", l)), None)


def main():
    ntlab, samples, tests, table = (os.path.abspath(p) for p in sys.argv[1:5])
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for line in open(table):
            fields = [f.strip() for f in line.split("|")]
            if line.startswith("#") or len(fields) != 5 or (sys.argv[5:] and fields[0] not in sys.argv[5:]):
                continue
            name, driver, clients, counts, words = fields[:5]
            base = f"{tests}/suspend" if driver == "suspend" else f"{samples}/{driver}/{driver}"
            client = f"{tests}/suspend-client.exe" if driver == "suspend" else f"{base}.exe"
            command = [ntlab, "explore", "--inject", "suspend", "--keep-going", "--budget", "3000runs", "--json", "-", f"{base}.sys"]
            for one in clients.split(";"):
                token, arguments = one.strip().split(":")
                command += ["--client", f"{token}:{client} {arguments}"]
            other = subprocess.run([*command, "--strategy", "odpor"], capture_output=True, text=True, cwd=folder)
            run = subprocess.run(command, capture_output=True, text=True, cwd=folder)
            problems = []
            try:
                search = json.loads(run.stdout)["search"]
                found = [search["traces"], search["bad"]]
                wanted = [None if c == "-" else int(c) for c in counts.split()]
                if search["outcome"] != "exhausted" or any(w not in (None, f) for w, f in zip(wanted, found)):
                    problems.append(f"{search['outcome']}: traces, bad are {found}, not {counts}")
            except (ValueError, KeyError):
                problems.append(f"status {run.returncode}: {run.stderr.strip()[-300:]}")
            try:
                search = json.loads(other.stdout)["search"]
                if [search["traces"], search["bad"]] != found:
                    problems.append(f"odpor: traces, bad are {[search['traces'], search['bad']]}, not {found}")
            except (ValueError, KeyError):
                problems.append(f"odpor: status {other.returncode}: {other.stderr.strip()[-300:]}")
            verdict = said(run.stderr)
            if words == "-":
                if run.returncode != 0 or verdict is not None:
                    problems.append(f"status {run.returncode}: {verdict}")
            elif run.returncode != 1 or verdict is None or words not in verdict:
                problems.append(f"status {run.returncode}: {verdict}")
            else:
                if "suspend-dos" in verdict and "Missing: KeEnterCriticalRegion" not in verdict and "Missing: another" not in verdict:
                    problems.append(f"no region is named: {verdict}")
                replay = subprocess.run([ntlab, "replay", "findings/1.ntr"], capture_output=True, text=True, cwd=folder)
                if replay.returncode != 1 or said(replay.stderr) != verdict:
                    problems.append(f"replay: status {replay.returncode}: {said(replay.stderr)}")
            passed += not problems
            failed += bool(problems)
            for problem in problems:
                print(f"not ok {name}: {problem}")
        # What is added without --inject: exhausted in the budget that it has then.
        base = f"{samples}/critical-region/critical-region"
        for choice, status in (("region", 0), ("resource", 1), ("resource-in-region", 0), ("mutex", 0), ("mutex-timeout", 1)):
            if sys.argv[5:] and "default" not in sys.argv[5:]:
                break
            run = subprocess.run([ntlab, "explore", "--keep-going", "--budget", "20000runs", "--json", "-", f"{base}.sys", "--client",
                                  f"user:{base}.exe update {choice}", "--client", f"admin:{base}.exe update {choice}"],
                                 capture_output=True, text=True, cwd=folder)
            search = json.loads(run.stdout)["search"] if run.stdout else {}
            good = run.returncode == status and search.get("outcome") == "exhausted" and \
                "1 injected event in a run at most" in search["assumptions"] and "one early unload at most" in search["assumptions"]
            passed += good
            failed += not good
            if not good:
                print(f"not ok default {choice}: status {run.returncode}: {search}, {run.stderr.strip()[-300:]}")
        # The other sample, likewise: 948 traces. With a suspension alone they are 42.
        base = f"{samples}/producer-consumer/producer-consumer"
        if not sys.argv[5:] or "default" in sys.argv[5:]:
            run = subprocess.run([ntlab, "explore", "--strategy", "dpor", "--keep-going", "--budget", "20000runs", "--json", "-", f"{base}.sys",
                                  "--client", f"user:{base}.exe in-region", "--client", f"admin:{base}.exe in-region"],
                                 capture_output=True, text=True, cwd=folder)
            search = json.loads(run.stdout)["search"] if run.stdout else {}
            good = run.returncode == 0 and [search.get(f) for f in ("outcome", "traces", "bad")] == ["exhausted", 948, 0]
            passed += good
            failed += not good
            if not good:
                print(f"not ok default in-region: status {run.returncode}: {search}, {run.stderr.strip()[-300:]}")
        base = f"{samples}/critical-region/critical-region"
        # Two clients and an unload: who takes which work item and gives back which reference last. The lattice has 356, too (533,000 runs).
        for strategy in ("dpor", "odpor"):
            if sys.argv[5:] and "unload" not in sys.argv[5:]:
                break
            run = subprocess.run([ntlab, "explore", "--inject", "unload", "--strategy", strategy, "--keep-going", "--budget", "3000runs",
                                  "--json", "-", f"{base}.sys", "--client", f"user:{base}.exe update resource", "--client",
                                  f"admin:{base}.exe update resource"], capture_output=True, text=True, cwd=folder)
            search = json.loads(run.stdout)["search"] if run.stdout else {}
            good = [search.get(f) for f in ("outcome", "traces", "bad")] == ["exhausted", 356, 0]
            passed += good
            failed += not good
            if not good:
                print(f"not ok unload {strategy}: status {run.returncode}: {search}, {run.stderr.strip()[-300:]}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
