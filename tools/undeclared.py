#!/usr/bin/env python3
"""Does each step of the kernel say all that it touches?  undeclared.py [--runs N] [--all] [--open] [--kind KIND]... BUILD [PROGRAM...]

Runs programs in which threads do things at the same time (tests/explore/together-client.c: each of its kinds, or those of --kind;
and the drivers of routines.c) on a kernel that watches itself
(BUILD/nt/watched.exe, `--strategy watch`: host/explore/watch.c). Two accesses to the same memory that nothing orders are told if
no line of tests/explore/undeclared.list says why they do not matter: a search takes their steps for independent and
tries one order only. Status 1: there are such.

--all also those that do not matter, with the reason; --open those whose line has no reason yet ("?"), and those that are known to show ("!").
"""
import argparse
import collections
import json
import linecache
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RUNTIME, PREFERRED = 0x400080000000, 0x140000000  # abi/layout.h: ABI_KERNEL_BASE; nt/meson.build
LINE = re.compile(r"undeclared: (\w+) (.+) \w{16} (\w+), (\w+) (.+) \w{16} (\w+) (\w+) (\d+)$")
Place = collections.namedtuple("Place", "functions where text")
Rule = collections.namedtuple("Rule", "both function text why")


def rules(path):
    out = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                function, text, why = (field.strip() for field in line.split(" | "))
                both = function.startswith("both ")
                out.append(Rule(both, re.compile(function.removeprefix("both ")), re.compile(text), why))
    return out


def run(build, program, runs):
    words = [f"{build}/ntlab", "explore", "--inject", "writeback", "--keep-going", "--jobs", "1", "--budget", f"{runs}runs", "--strategy", "watch",
             "--kernel", f"{build}/nt/watched.exe", *program]
    result = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
    if "budget spent" not in result.stderr:
        sys.exit(f"{' '.join(words)}: status {result.returncode}\n{result.stderr[-2000:]}")
    return [match.groups() for match in map(LINE.match, result.stderr.splitlines()) if match]


def places(build, sites):
    """Where each site is: the innermost function first, and its line in nt/."""
    text = "".join(f"0x{site - RUNTIME + PREFERRED - 1:x}\n" for site in sites)
    tool = subprocess.run(["llvm-symbolizer-19", f"--obj={build}/nt/watched.exe", "--output-style=JSON", "--inlines"], input=text,
                          capture_output=True, text=True, check=True)
    out = {}
    for site, line in zip(sites, tool.stdout.splitlines()):
        frames = json.loads(line)["Symbol"]
        own = next((f for f in frames if f["FileName"].endswith(".c")), frames[0])
        path = os.path.join(ROOT, "nt", own["FileName"].split("/nt/")[-1])
        out[site] = Place("<".join(f["FunctionName"] for f in frames), f"{own['FileName'].split('/nt/')[-1]}:{own['Line']}",
                          linecache.getline(path, own["Line"]).strip())
    return out


def reason(listed, a, b):
    for rule in listed:
        found = [any(map(rule.function.search, place.functions.split("<"))) and rule.text.search(place.text) for place in (a, b)]
        if all(found) if rule.both else any(found):
            return rule.why
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--open", action="store_true")
    parser.add_argument("--kind", action="append")
    parser.add_argument("build")
    parser.add_argument("program", nargs="*")
    words = parser.parse_args()
    listed = rules(os.path.join(ROOT, "tests/explore/undeclared.list"))
    client = f"{words.build}/tests/explore/together-client.exe"
    if words.program:
        programs = {"": words.program}
    else:
        with open(os.path.join(ROOT, "tests/explore/together-client.c"), encoding="utf-8") as source:
            programs = {kind: ["--", client, kind] for kind in re.findall(r'\{"(\w+)", [A-Z]', source.read())}
        with open(os.path.join(ROOT, "tests/explore/programs.list"), encoding="utf-8") as rows:
            programs |= {row.split(" ")[0]: [f"{words.build}/tests/explore/explore-{row.split(' ')[0]}.sys"] for row in rows if "| routines.c |" in row}
        programs = {kind: program for kind, program in programs.items() if not words.kind or kind in words.kind}
    seen = [(name, pair) for name, program in programs.items() for pair in run(words.build, program, words.runs)]
    where = places(words.build, sorted({int(pair[i], 16) for _, pair in seen for i in (0, 3)}))
    told = collections.OrderedDict()
    for name, (site, op, how, other, other_op, other_how, address, number) in seen:
        a, b = where[int(site, 16)], where[int(other, 16)]
        key = tuple(sorted([(a.functions, how), (b.functions, other_how)]))
        line = f"{a.where} {how} [{op}]: {a.text}\n        {b.where} {other_how} [{other_op}]: {b.text}\n        {name} {address} run {number}"
        told.setdefault(key, (reason(listed, a, b), line))
    left = {key: line for key, (why, line) in told.items() if why is None}
    unjudged = {key: line for key, (why, line) in told.items() if why == "?"}
    known = {key: line for key, (why, line) in told.items() if why is not None and why[0] == "!"}
    for key, (why, line) in told.items():
        if why is None or words.all or (words.open and why[0] in "?!"):
            print(f"{key[0][0]} {key[0][1]} | {key[1][0]} {key[1][1]}: {why or 'nothing orders these'}\n        {line}")
    print(f"{len(told)} pairs of functions; {len(left)} that matter, {len(known)} known to show, {len(unjudged)} not judged")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
