#!/usr/bin/env python3
"""Are the seeded bugs found, and nothing in what is correct?  check.py [--only TEXT] [--record] NTLAB BUILD_FOLDER BUGS.list

What is said of each that a plain run finds is written down in messages.list, beside BUGS.list: --record writes it anew.
"""
import argparse
import concurrent.futures
import functools
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


def plain(finding):
    """What a finding says: addresses and places in code by the order in which they come, no lines. Behind it the thread: its IRQL and locks, and
    the driver's routines on its stack."""
    names = {}

    def numbered(found):
        return found[1] + names.setdefault(found[0].lower(), f"@{len(names) + 1}")

    said = re.sub(r"()0x[0-9A-Fa-f]{9,16}", numbered, re.sub(r"(\w)\+0x[0-9a-f]+", numbered, finding.get("message", "")))
    thread = next(iter(finding.get("threads", [])), {})
    holds = "".join(", " + re.sub(r" 0x.*", "", lock) for lock in thread.get("holds", []))
    regions = "".join(f", {region.get('kind')}" for region in thread.get("apc", {}).get("regions", []))
    frames = [frame.get("symbol") for frame in thread.get("stack", []) if frame.get("image", "").startswith("bug-")]
    return re.sub(r"(\w\.[ch]):\d+", r"\1", said) + f" < {thread.get('irql')}{holds}{regions} < " + " < ".join(map(str, frames))


@functools.cache
def messages(path):
    """{bug: what is said of it}"""
    with open(path, encoding="utf-8") as rows:
        return dict(row.rstrip("\n").split(" | ", 1) for row in rows if not row.startswith("#"))


def messages_of(listed):
    return os.path.join(os.path.dirname(os.path.abspath(listed)), "messages.list")


def is_written_down(fields):
    """What a search finds first may be another run's."""
    return fields[5] != "clean" and fields[3].split()[:1] not in (["check"], ["explore"])


def check(ntlab, folder, listed, fields, record=None):
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
    if wrong is None and is_written_down(fields):
        said = " / ".join(map(plain, findings))
        if record is not None:
            record[name] = said
        elif messages(messages_of(listed)).get(name) != said:
            wrong = f"it says\n    {said}\n    and {messages(messages_of(listed)).get(name, 'nothing is written down')}; if that is meant: check.py --record"
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
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("ntlab")
    parser.add_argument("folder")
    parser.add_argument("list")
    options = parser.parse_args()
    # Those that need no client, and `check` to be found, are account.py's.
    table = [f for f in rows(options.list) if options.only in f[0] and f[3].split()[:1] != ["check"]]
    bad, record = 0, {} if options.record else None
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name, wrong, words, text in pool.map(lambda f: check(os.path.abspath(options.ntlab), os.path.abspath(options.folder), options.list, f, record), table):
            if wrong:
                bad += 1
                print(f"FAIL {name}: {wrong}\n    {shlex.join(words)}")
                print("    " + "\n    ".join(text.splitlines()[:12]))
    if record:
        path = messages_of(options.list)
        known = {**(messages(path) if os.path.exists(path) else {}), **record}
        names = {f[0] for f in rows(options.list) if is_written_down(f)}
        with open(path, "w", encoding="utf-8") as out:
            out.write("# What is said of each seeded bug that a plain run finds: name | findings, each with the driver's routines on its stack (check.py --record).\n")
            out.writelines(f"{name} | {known[name]}\n" for name in sorted(names & set(known)))
    bugs = sum(f[5] != "clean" for f in table)
    print(f"{bugs} bugs and {len(table) - bugs} correct drivers, {bad} wrong")
    sys.exit(1 if bad or not table else 0)


if __name__ == "__main__":
    main()
