#!/usr/bin/env python3
"""The tests' own test: mutate.py [--seed N] [--count N] [--only TEXT] [--jobs N] [--list] [--at FILE:LINE] BUILD

Each mutant is the kernel with one line of nt/ changed: a condition negated, a statement dropped, two statements
swapped, an operator or a constant off by one. It is built beside the real one, and the test drivers and clients
run on it, those of its own component first, until one fails: then the mutant is killed. Survivors are listed with
their change; each is either equivalent or a check that is missing.

The same seed picks the same mutants from the same tree. Status 0 if at least 90 % of the mutants were killed.
"""
import argparse
import concurrent.futures
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
STATEMENT = re.compile(r"^\s+(?:[A-Za-z_][\w.>\[\]()*&+ -]*(?:[-+|&^]?=|\+\+|--)[^=].*|[A-Za-z_]\w*\(.*\)|(?:\+\+|--)\w.*|\w[\w.>-]*(?:\+\+|--));$")
NEVER = re.compile(r"^\s*(?:return|goto|case|default|break|continue|static|const|extern|typedef|#|\*|/)|ASSERT|KiTrace\(|NOT_YET|C_ASSERT")
DECLARATION = re.compile(r"^\s+(?:const |volatile |struct |static )*[A-Z][A-Z0-9_a-z]* \**[A-Za-z_]\w*(?:\[[^]]*\])?(?: =|;|,)")


class Mutant:
    def __init__(self, path, line, change, lines):
        self.path, self.line, self.change, self.lines = path, line, change, lines

    def __str__(self):
        return f"{self.path}:{self.line + 1}: {self.change}"


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
            if name.endswith(".c") and only in path:
                yield path


def pick(options):
    everything = []
    for path in sources(options.only):
        lines = open(os.path.join(ROOT, path), encoding="utf-8").read().split("\n")
        everything += mutants_of(path, lines)
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


def fails(test, build, kernel):
    status, output, result = run_tests.ntlab_run(test.command(os.path.join(build, "ntlab"), ["--kernel", kernel]))
    return (re.search(r"^ntlab-test: FAIL ", output, re.M) is not None
            or run_tests.disagreement(test, status, output, result) is not None)


def kill(mutant, tests, build, compile_, link):
    """The name of the test that fails on the mutant; "" if none does; None if it cannot be built."""
    component = mutant.path.split("/")[1]
    with tempfile.TemporaryDirectory() as folder:
        kernel = build_mutant(mutant, build, compile_, link, folder)
        if kernel is None:
            return None
        stem = os.path.splitext(os.path.basename(mutant.path))[0]
        for test in sorted(tests, key=lambda t: (stem not in t.name, t.component != component)):
            if fails(test, build, kernel):
                return test.name
    return ""


def main():
    parser = argparse.ArgumentParser(usage="mutate.py [--seed N] [--count N] [--only TEXT] [--jobs N] [--list] BUILD")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--only", default="nt/", help="files whose path holds this")
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
    tests = [t for t in run_tests.pe_tests(build) if all(map(os.path.exists, t.drivers + t.clients))]
    compile_, link = commands(build)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for test, wrong in zip(tests, pool.map(lambda t: fails(t, build, os.path.join(build, "nt/ntoskrnl.exe")), tests)):
            if wrong:
                print(f"{test.name} fails without any mutant")
                return 2
    killed, survivors, start = 0, [], time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting, left = {}, iter(mutants)

        def more():
            for mutant in left:
                waiting[pool.submit(kill, mutant, tests, build, compile_, link)] = mutant
                return

        for _ in range(options.jobs):
            more()
        while waiting:
            for job in concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_COMPLETED)[0]:
                mutant, by = waiting.pop(job), job.result()
                if by:
                    killed += 1
                    print(f"killed by {by}: {mutant}", flush=True)
                elif by == "":
                    survivors.append(mutant)
                    print(f"SURVIVED {mutant}", flush=True)
                if killed + len(survivors) + len(waiting) < options.count:
                    more()
    total = killed + len(survivors)
    for mutant in survivors:
        print(f"survivor: {mutant}")
    print(f"{killed} of {total} mutants killed, seed {options.seed}, {time.monotonic() - start:.0f} s")
    return 0 if killed >= GOAL * total else 1


if __name__ == "__main__":
    sys.exit(main())
