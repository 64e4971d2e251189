#!/usr/bin/env python3
"""Are the seeded bugs found, and nothing in what is correct?  check.py [--only TEXT] NTLAB BUILD_FOLDER BUGS.list"""
import argparse
import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time

LIMIT = 10  # seconds for each, on a machine with nothing else to do
SLACK = 6   # times as long on one that has


def rows(path):
    for line in open(path, encoding="utf-8"):
        fields = [field.strip() for field in line.split("|")]
        if not line.startswith("#") and len(fields) >= 7:
            yield fields


def bug_lines(source, case):
    """Lines of the mark: a race ends at one of several places."""
    return [number for number, line in enumerate(open(source, encoding="utf-8"), 1) if f"BUG({case})" in line]


def command_of(ntlab, folder, fields, report):
    name, _, _, arguments, client = fields[:5]
    words = [w for w in shlex.split(arguments.format(folder=folder)) if w != "INSTRUMENT"]
    verb = "run"
    if words and words[0] in ("explore", "check"):
        verb = words.pop(0)
    words = [ntlab, verb, "--json", report, "--verifier", "standard"] + words + [os.path.join(folder, f"bug-{name}.sys")]
    if verb == "explore":
        words[2:2] = ["--budget", "6s", "--first", "--out", report + ".out"]
    if verb != "check" and client != "none":
        words += ["--", os.path.join(folder, "bug-client.exe")] + client.split()
    return words


def check(ntlab, folder, listed, fields):
    name, source, case, _, _, expected = fields[:6]
    with tempfile.TemporaryDirectory() as scratch:
        report = os.path.join(scratch, "report.json")
        words = command_of(ntlab, folder, fields, report)
        start = time.monotonic()
        try:
            run = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=LIMIT * SLACK, cwd=scratch,
                                 stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return name, f"took more than {LIMIT * SLACK} s", words, ""
        seconds = time.monotonic() - start
        try:
            result = json.load(open(report, encoding="utf-8"))
        except (OSError, ValueError):
            return name, f"no report, status {run.returncode}", words, run.stdout + run.stderr
    findings = result.get("findings", [])
    wrong = judge(findings, result, run.returncode, expected, os.path.join(os.path.dirname(listed), source), case)
    return name, wrong, words, run.stderr if wrong else f"{seconds:.1f}"


def judge(findings, result, status, expected, source, case):
    if expected == "clean":
        findings = [f for f in findings if f.get("blame") != "system-known"]  # which no driver can help
        if findings or status != 0:
            return f"expected nothing, got status {status}: " + "; ".join(f.get("message", "") for f in findings or [result])
        return None
    if not findings or status != 1:
        return f"expected {expected}, got status {status}, verdict {result.get('verdict')} {result.get('message', '')}"
    for finding in findings:
        names = (finding.get("rule"), finding.get("kind"), finding.get("code"))
        if not set(expected.split("/")) & set(names):
            continue
        lines = bug_lines(source, case)
        if not lines:
            return None if f"NOLINE({case})" in open(source, encoding="utf-8").read() else f"no mark BUG({case}) in {source}"

        def near(number):
            return any(abs(number - line) <= 1 for line in lines)

        places = [(finding.get("file"), finding.get("line"))]
        for thread in finding.get("threads", []):
            places += [(f["source"]["file"], f["source"]["line"]) for f in thread.get("stack", []) if "source" in f]
            if finding.get("line"):
                break
        if any(p and os.path.basename(p) == os.path.basename(source) and near(n) for p, n in places[:1] if p):
            return None
        if not places[0][0] and any(p and os.path.basename(p) == os.path.basename(source) and near(n) for p, n in places if p):
            return None
        return f"{expected} found at {places[0]}, expected line {' or '.join(map(str, lines))}: {finding.get('message')}"
    return f"expected {expected}, got " + "; ".join(f"{f.get('rule') or f.get('kind')} {f.get('code', '')}: {f.get('message')}" for f in findings)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("ntlab")
    parser.add_argument("folder")
    parser.add_argument("list")
    options = parser.parse_args()
    # Those that need no client, and `check` to be found, are account.py's.
    table = [f for f in rows(options.list) if options.only in f[0] and f[3].split()[:1] != ["check"]]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name, wrong, words, text in pool.map(lambda f: check(os.path.abspath(options.ntlab), os.path.abspath(options.folder), options.list, f), table):
            if wrong:
                bad += 1
                print(f"FAIL {name}: {wrong}\n    {shlex.join(words)}")
                print("    " + "\n    ".join(text.splitlines()[:12]))
    bugs = sum(f[5] != "clean" for f in table)
    print(f"{bugs} bugs and {len(table) - bugs} correct drivers, {bad} wrong")
    sys.exit(1 if bad or not table else 0)


if __name__ == "__main__":
    main()
