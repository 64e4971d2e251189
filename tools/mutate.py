#!/usr/bin/env python3
"""The tests' own test: mutate.py [--seed N] [--count N] [--per-file N] [--only TEXT,...] [--near] [--tests TEXT,...] [--jobs N] [--list] [--at FILE:LINE] BUILD

Each mutant is the kernel with one line of nt/ changed: a condition negated, a statement dropped, two statements
swapped, an operator or a constant off by one. It is built beside the real one, and the test drivers and clients
run on it, those that killed a mutant of the same file first, then those of its own component, until one fails: then
the mutant is killed. The explorer's programs of known counts are tests too. A survivor costs every test: --near leaves
out the components that its own has nothing to do with. A mutant that hangs is killed by a time-out of a few seconds.
Survivors are listed with their change; each is either equivalent or a check that is missing (docs/mutants.md).

The same seed picks the same mutants from the same tree. Status 0 if at least 90 % of the mutants were killed.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import random
import re
import shlex
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import run_tests  # noqa: E402

GOAL = 0.9
# Whose tests run on a mutant of a component with --near, the likeliest to notice first.
NEAR = {"ke": ("ke", "locks", "explore", "ps", "ex", "io"), "ex": ("ex", "locks", "ke", "explore", "io", "ps"),
        "ps": ("ps", "ke", "locks", "ob", "se", "ex")}
RUN_TIMEOUT = 5  # seconds; a test that takes longer without a mutant is left out
STATEMENT = re.compile(r"^\s+(?:[A-Za-z_][\w.>\[\]()*&+ -]*(?:[-+|&^]?=|\+\+|--)[^=].*|[A-Za-z_]\w*\(.*\)|(?:\+\+|--)\w.*|\w[\w.>-]*(?:\+\+|--));$")
NEVER = re.compile(r"^\s*(?:return|goto|case|default|break|continue|static|const|extern|typedef|#|\*|/)|ASSERT|KiTrace\(|NOT_YET|C_ASSERT")
DECLARATION = re.compile(r"^\s+(?:const |volatile |struct |static )*[A-Z][A-Z0-9_a-z]* \**[A-Za-z_]\w*(?:\[[^]]*\])?(?: =|;|,)")


class Mutant:
    def __init__(self, path, line, change, lines):
        self.path, self.line, self.change, self.lines = path, line, change, lines

    def __str__(self):
        return f"{self.path}:{self.line + 1}: {self.change}"


class CountTest:
    """A program of tests/explore whose number of traces is known."""
    component, drivers, clients = "explore", [], []

    def __init__(self, build, line):
        fields = [f.strip() for f in line.split("|")]
        self.name = f"explore-{fields[0]}"
        self.drivers = [os.path.join(build, "tests/explore", self.name + ".sys")]
        self.expected = fields[3].split()
        self.arguments = []

    def wrong(self, build, kernel, seconds):
        words = [os.path.join(build, "ntlab"), "explore", "--keep-going", "--budget", f"{seconds}s", "--run-timeout", "5s",
                 "--kernel", kernel, "--json", "-", *self.drivers]
        try:
            run = subprocess.run(words, capture_output=True, timeout=4 * seconds)
            search = json.loads(run.stdout)["search"]
        except (subprocess.TimeoutExpired, ValueError, KeyError):
            return True
        found = [search["traces"], search["bad"], search["blocked"]]
        return search["outcome"] != "exhausted" or any(w not in ("-", str(f)) for w, f in zip(self.expected, found))


def count_tests(build):
    for line in open(os.path.join(ROOT, "tests/explore/programs.list"), encoding="utf-8"):
        if not line.startswith("#") and line.count("|") >= 3:
            yield CountTest(build, line)


def body_lines(lines):
    """Numbers of the lines inside of functions."""
    depth, inside = 0, False
    for number, line in enumerate(lines):
        if line == "{":
            inside = True
        elif line == "}":
            inside = False
        elif inside:
            yield number


def independent(first, second):
    """Two plain assignments, neither of which names what the other sets: their order means nothing."""
    sides = [re.fullmatch(r"\s*(.+?) [-+|&^]?= (.+);", line) for line in (first, second)]
    return all(sides) and not any(re.search(r"\w\(", line) for line in (first, second)) and not any(
        one[1] in other[0] for one, other in (sides, sides[::-1]))


def mutants_of(path, lines):
    """Every (line, what changes, the file's new lines)."""
    def changed(number, *new):
        return lines[:number] + list(new) + lines[number + len(new) or 1:]

    body = list(body_lines(lines))
    for at in body:
        line = lines[at]
        if NEVER.search(line):
            continue
        found = re.match(r"^(\s*(?:\} else )?(?:if|while) \()(.*)(\) \{)$", line)
        if found and found[2].count("(") == found[2].count(")"):
            new = f"{found[1]}!({found[2]}){found[3]}"
            yield Mutant(path, at, f"`{line.strip()}` negated", changed(at, new))
        if STATEMENT.match(line) and not DECLARATION.match(line) and line.count("(") == line.count(")"):
            yield Mutant(path, at, f"`{line.strip()}` dropped", changed(at, "    ;"))
            if at + 1 in body:
                after = lines[at + 1]
                if (STATEMENT.match(after) and not DECLARATION.match(after) and not NEVER.search(after)
                        and not independent(line, after)
                        and len(after) - len(after.lstrip()) == len(line) - len(line.lstrip())):
                    yield Mutant(path, at, f"`{line.strip()}` after `{after.strip()}`",
                                 lines[:at] + [after, line] + lines[at + 2:])
        for old, new in ((" < ", " <= "), (" <= ", " < "), (" > ", " >= "), (" >= ", " > "), (" == 0", " == 1"),
                         (" != 0", " != 1"), (" + 1", " + 2"), (" - 1", " - 2"), ("++;", "--;"), ("--;", "++;"),
                         (" && ", " || "), (" || ", " && "), (" = TRUE;", " = FALSE;"), (" = FALSE;", " = TRUE;")):
            if line.count(old) == 1 and not DECLARATION.match(line):
                yield Mutant(path, at, f"`{line.strip()}` with `{new.strip()}` for `{old.strip()}`",
                             changed(at, line.replace(old, new)))


def sources(only):
    for folder, _, names in sorted(os.walk(os.path.join(ROOT, "nt"))):
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), ROOT)
            if name.endswith(".c") and any(text in path for text in only.split(",")):
                yield path


def pick(options):
    everything = []
    for path in sources(options.only):
        lines = open(os.path.join(ROOT, path), encoding="utf-8").read().split("\n")
        of_file = list(mutants_of(path, lines))
        if options.per_file:
            random.Random(f"{options.seed} {path}").shuffle(of_file)
            of_file = of_file[:options.per_file]
        everything += of_file
    if options.at:
        path, line = options.at.rsplit(":", 1)
        return [m for m in everything if m.path == path and m.line + 1 == int(line)]
    random.Random(options.seed).shuffle(everything)
    return everything


def commands(build):
    """How each object of the kernel is compiled, and how they are linked."""
    text = subprocess.run(["ninja", "-C", build, "-t", "commands", "nt/ntoskrnl.exe"], capture_output=True, text=True,
                          check=True).stdout
    compile_, link = {}, None
    for line in text.splitlines():
        words = shlex.split(line)
        if "-c" in words and words[-1].endswith(".c"):
            compile_[os.path.normpath(os.path.relpath(os.path.join(build, words[-1]), ROOT))] = words
        elif "nt/ntoskrnl.exe" in words:
            link = words
    return compile_, link


def build_mutant(mutant, build, compile_, link, folder):
    """The mutated kernel's path; None if it does not compile."""
    words = list(compile_[mutant.path])
    source = os.path.join(folder, os.path.basename(mutant.path))
    kept = words[words.index("-o") + 1]
    output = os.path.join(folder, "mutant.obj")
    open(source, "w", encoding="utf-8").write("\n".join(mutant.lines))
    words[words.index("-o") + 1] = output
    words[-1] = source
    words = [w for i, w in enumerate(words) if w not in ("-MD", "-MQ", "-MF") and words[i - 1] not in ("-MQ", "-MF")]
    words[1:1] = ["-iquote", os.path.join(ROOT, os.path.dirname(mutant.path)), "-Wno-error", "-w"]
    if subprocess.run(words, cwd=build, capture_output=True).returncode != 0:
        return None
    kernel = os.path.join(folder, "ntoskrnl.exe")
    words = [output if w == kept else kernel if w == "nt/ntoskrnl.exe" else w for w in link]
    words = [re.sub(r"nt/ntoskrnl\.(exe\.a|lib|dll\.a)", os.path.join(folder, r"kernel.\1"), w) for w in words]
    return kernel if subprocess.run(words, cwd=build, capture_output=True).returncode == 0 else None


def fails(test, build, kernel, seconds=RUN_TIMEOUT):
    if isinstance(test, CountTest):
        return test.wrong(build, kernel, seconds)
    status, output, result = run_tests.ntlab_run(test.command(os.path.join(build, "ntlab"), ["--kernel", kernel]),
                                                 seconds=seconds)
    return (re.search(r"^ntlab-test: FAIL ", output, re.M) is not None
            or run_tests.disagreement(test, status, output, result) is not None)


def order(path, tests, seconds, kills):
    """The tests, the likeliest to notice a mutant of this file first."""
    component, stem = path.split("/")[1], os.path.splitext(os.path.basename(path))[0]
    near = NEAR.get(component, (component,))

    def rank(test):
        return (-kills[path, test.name], stem not in test.name, "--os" in test.arguments,
                near.index(test.component) if test.component in near else len(near), seconds[test.name])
    return sorted(tests, key=rank)


def kill(mutant, tests, build, compile_, link, seconds, kills):
    """The name of the test that fails on the mutant; "" if none does; None if it cannot be built."""
    with tempfile.TemporaryDirectory() as folder:
        kernel = build_mutant(mutant, build, compile_, link, folder)
        if kernel is None:
            return None
        for test in order(mutant.path, tests, seconds, kills):
            if fails(test, build, kernel):
                kills[mutant.path, test.name] += 1
                return test.name
    return ""


def timed(test, build):
    """Does it fail on the kernel as it is, and how long does it take?"""
    start = time.monotonic()
    wrong = fails(test, build, os.path.join(build, "nt/ntoskrnl.exe"), run_tests.RUN_TIMEOUT)
    return wrong, time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(usage="mutate.py [--seed N] [--count N] [--per-file N] [--only TEXT,...] [--near] [--tests TEXT,...] [--jobs N] [--list] BUILD")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--per-file", type=int, default=0, help="at most so many mutants of one file")
    parser.add_argument("--only", default="nt/", help="files whose path holds one of these")
    parser.add_argument("--tests", default="", help="only tests whose name holds one of these")
    parser.add_argument("--near", action="store_true", help="only the tests of components that are related")
    parser.add_argument("--at", default="", help="the mutants of one line: nt/ke/apc.c:120")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--list", action="store_true", help="only say what they are")
    parser.add_argument("build")
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    mutants = pick(options)
    if options.list:
        print("\n".join(map(str, mutants[:options.count])))
        return 0
    near = {c for m in mutants for c in NEAR.get(m.path.split("/")[1], ())}
    tests = [t for t in [*run_tests.pe_tests(build), *count_tests(build)]
             if all(map(os.path.exists, t.drivers + t.clients)) and (not options.near or t.component in near)
             and any(text in t.name for text in options.tests.split(","))]
    compile_, link = commands(build)
    seconds, kills = {}, collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for test, (wrong, took) in zip(tests, pool.map(lambda t: timed(t, build), tests)):
            seconds[test.name] = took
            if wrong:
                print(f"{test.name} fails without any mutant")
                return 2
    slow = [t.name for t in tests if seconds[t.name] > RUN_TIMEOUT / 2]
    tests = [t for t in tests if t.name not in slow]
    print(f"{len(tests)} tests, {sum(seconds[t.name] for t in tests):.0f} s for a survivor; too slow: {', '.join(slow) or 'none'}",
          flush=True)
    killed, survivors, start = 0, [], time.monotonic()
    by_file = collections.defaultdict(lambda: [0, 0])
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting, left = {}, iter(mutants)

        def more():
            for mutant in left:
                waiting[pool.submit(kill, mutant, tests, build, compile_, link, seconds, kills)] = mutant
                return

        for _ in range(options.jobs):
            more()
        while waiting:
            for job in concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_COMPLETED)[0]:
                mutant, by = waiting.pop(job), job.result()
                if by is not None:
                    by_file[mutant.path][0] += by != ""
                    by_file[mutant.path][1] += 1
                if by:
                    killed += 1
                    print(f"killed by {by}: {mutant}", flush=True)
                elif by == "":
                    survivors.append(mutant)
                    print(f"SURVIVED {mutant}", flush=True)
                if killed + len(survivors) + len(waiting) < options.count:
                    more()
    total = killed + len(survivors)
    for path, (dead, of) in sorted(by_file.items()):
        print(f"{path}: {dead} of {of}")
    for mutant in survivors:
        print(f"survivor: {mutant}")
    print(f"{killed} of {total} mutants killed, seed {options.seed}, {time.monotonic() - start:.0f} s")
    return 0 if killed >= GOAL * total else 1


if __name__ == "__main__":
    sys.exit(main())
