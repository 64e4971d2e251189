#!/usr/bin/env python3
"""How long until each seeded bug is found, and by what?  account.py [--only TEXT] [--quick] [--budget B] [--clean-budget B] NTLAB BUILD_FOLDER BUGS.list

`ntlab check DRIVER.sys` comes first: no client. Where it does not find the bug `ntlab explore` tries, with the bug's client. A bug counts as found
by its rule, at its line. The correct drivers must show nothing under `check`, with the same budget, or with --clean-budget: in runs it is the
same search on any load. Status 1 if one bug is not found within
10 seconds, or one correct driver has a finding. `CPU` is what the command has used; `s` is the clock on the wall.
"""
import argparse
import concurrent.futures
import ctypes
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check  # noqa: E402

LIMIT = 10  # seconds of CPU for each
PR_SET_CHILD_SUBREAPER = 36


def measure(out, words):
    """Runs a command to its end, and that of all processes that it has left behind: what they have used goes into a file."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    child = subprocess.Popen(words)
    used, code = 0.0, 0
    while True:
        try:
            pid, status, usage = os.wait4(-1, 0)
        except ChildProcessError:
            break
        used += usage.ru_utime + usage.ru_stime
        if pid == child.pid:
            code = os.waitstatus_to_exitcode(status)
    with open(out, "w", encoding="ascii") as file:
        file.write(f"{used}")
    os._exit(code & 0xFF)


def run(words, scratch):
    """Status, seconds, CPU seconds, what it said, the report or None."""
    report = os.path.join(scratch, "report.json")
    start = time.monotonic()
    with open(os.path.join(scratch, "said"), "w+", encoding="utf-8", errors="replace") as said:
        used = os.path.join(scratch, "used")
        done = subprocess.run([sys.executable, os.path.abspath(__file__), "--measure", used, words[0], words[1], "--json", report] + words[2:],
                              stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=scratch)
        said.seek(0)
        text = said.read()
    try:
        result = json.load(open(report, encoding="utf-8"))
    except (OSError, ValueError):
        result = None
    return done.returncode, time.monotonic() - start, float(open(used, encoding="ascii").read()), text, result


def rules_of(result):
    return ", ".join(sorted({f.get("rule") or f.get("kind", "?") for f in (result or {}).get("findings", [])})) or "nothing"


def account(options, fields):
    name, source, case, arguments, client, expected = fields[:6]
    source = os.path.join(os.path.dirname(options.list), source)
    driver = os.path.join(options.folder, f"bug-{name}.sys")
    given = [w for w in shlex.split(arguments.format(folder=options.folder)) if w not in ("INSTRUMENT", "--fail-alloc", "run", "check", "explore")]
    first = [] if expected == "clean" else ["--first"]
    # On a loaded machine a budget by the clock on the wall is soon spent: who is to find something has more, and its CPU is what counts.
    budget = options.clean_budget or options.budget if expected == "clean" else f"{options.slack * float(options.budget.rstrip('s')):g}s"
    tries = [[options.ntlab, "check", "--budget", budget] + first + given + [driver]]
    if expected != "clean":
        words = [options.ntlab, "explore", "--first", "--verifier", "standard", "--budget", options.budget] + given + [driver]
        tries.append(words + ([] if client == "none" else ["--", os.path.join(options.folder, "bug-client.exe")] + client.split()))
    row = {"name": name, "expected": expected, "by": "-", "seconds": 0.0, "cpu": 0.0, "line": next(iter(check.bug_lines(source, case)), None), "wrong": None, "words": None,
           "text": ""}
    for words in tries:
        with tempfile.TemporaryDirectory() as scratch:
            status, seconds, cpu, text, result = run(words, scratch)
        wrong = "no report" if result is None else check.judge(result.get("findings", []), result, status, expected, source, case)
        row.update(by=words[1], seconds=seconds, cpu=cpu, wrong=wrong, words=words, text=text, got=rules_of(result))
        if not wrong:
            break
        row.setdefault("check_got", row["got"])
    if not row["wrong"] and expected != "clean" and cpu > LIMIT * options.slack:
        row["wrong"] = f"took {cpu:.1f} s"
    return row


QUICK = ("resource-apcs", "spin-order", "irp-twice", "pool-overrun", "unload-work", "double-fetch", "alloc-unchecked", "completion-unmarked",
         "port-written", "register-read", "cookie-written", "process-by-pointer", "physical-view", "wait-users-event", "irp-cancel-set",
         "completion-unsent", "alloc-second-fails", "call-unset-stack", "call-unset-pool", "upper-start")


def main():
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], sys.argv[3:])
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--slack", type=float, default=1, help="times as much CPU as that, on a loaded machine")
    parser.add_argument("--budget", default="8s")
    parser.add_argument("--clean-budget")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("ntlab")
    parser.add_argument("folder")
    parser.add_argument("list")
    options = parser.parse_args()
    options.ntlab, options.folder = os.path.abspath(options.ntlab), os.path.abspath(options.folder)
    table = [f for f in check.rows(options.list) if options.only in f[0]]
    if options.quick:
        table = [f for f in table if f[0] in QUICK or f[0].removesuffix("-good") in QUICK]
    rows = []
    print(f"{'bug':24}{'rule':34}{'line':>5} {'found by':9}{'s':>6}{'CPU':>6}")
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for row in pool.map(lambda f: account(options, f), table):
            rows.append(row)
            if row["expected"] != "clean" or row["wrong"]:
                print(f"{row['name']:24}{row['expected']:34}{row['line'] or '-':>5} {row['by'] if not row['wrong'] else 'NOT':9}{row['seconds']:6.1f}{row['cpu']:6.1f}"
                      + (f"   check: {row['check_got']}" if row.get("check_got") else ""))
            if row["wrong"]:
                print(f"    {row['wrong']}\n    {shlex.join(row['words'])}")
            sys.stdout.flush()
    bugs = [r for r in rows if r["expected"] != "clean"]
    good = [r for r in rows if r["expected"] == "clean"]
    found = [r for r in bugs if not r["wrong"]]
    slowest = max(found, key=lambda r: r["seconds"], default=None)
    print(f"{len(bugs)} bugs: {sum(r['by'] == 'check' for r in found)} found by check, {sum(r['by'] == 'explore' for r in found)} by explore, "
          f"{len(bugs) - len(found)} not" + (f"; the slowest, {slowest['name']}, in {slowest['seconds']:.1f} s" if slowest else ""))
    print(f"{len(good)} correct drivers: {sum(bool(r['wrong']) for r in good)} with a finding")
    sys.exit(1 if not rows or any(r["wrong"] for r in rows) else 0)


if __name__ == "__main__":
    main()
