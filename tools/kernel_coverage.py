#!/usr/bin/env python3
"""Which lines of nt/ does which test execute?  kernel_coverage.py [--again] [--slow] [--only TEXT] [--holes] [--lines] [--carry COMMIT] BUILD

Runs every test of the suite with NTLAB_KERNEL_COVERAGE (host/cli/request.c): an int3 at each basic block of ntoskrnl.exe
tells when it is reached. What came of it is kept in BUILD/kernel-coverage.json, by test; a test whose files and whose kernel
are the same is not run again. tools/mutate.py reads it: it runs on a mutant only the tests that execute its line.
--carry COMMIT: what is known is of an older kernel, made of that commit's sources; it is carried over line by line, a line that is new
or has changed is executed by nobody until a test is run again, and then only tests that are new are run.
--slow: also those that search or work for minutes; where they have a table, each row of it is a test.

Printed: for each file the functions that no test executes, and how many of its lines; with --lines those lines.
"""
import argparse
import collections
import difflib
import glob
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools"))
sys.path.insert(0, os.path.join(ROOT, "tests/bugs"))
import run_tests  # noqa: E402
import check as bugs  # noqa: E402

BASE = 0x140000000
# Meson's tests that execute no kernel, or the compiler for most of their time, or what others search with more workers.
WITHOUT = re.compile(r"^(image|fuzz|debug-fuzz|explore-(model|chances|bounds|bugs|jobs|shards|slurm|soak|deaths|crowd|terminal)|crt-under-wine|base-fuzz|"
                     r"machine$|unwind-data|sdk-|cli-(usage|inspect|claims|documents|page|terminal|install))")
BY_ROW = {"explore-agents": "agents.list", "explore-oracle": "oracle.list", "explore-events": "events.list", "explore-suspend": "suspend.list", "explore-few": "few.list",
          "explore-ranks": "ranks.list",
          "explore-counts": None, "bugs": None}  # every row is a test of its own; of the last two a quick one
SLOW = re.compile(r"^(explore-(?!agents|events|few|ranks|suspend)|cli-|check$|bugs-|verifier-cost|sample-critsec)")
SECONDS = 60
PATIENCE = 900  # seconds that a slow one may take
NEAR = 2        # blocks on each side of one tell it from others of the same lines
MOVED = 5       # lines in a row that were in another file before: fewer are alike by chance


def read_sources(paths):
    return "\n".join(open(p, encoding="utf-8", errors="replace").read() for p in paths if os.path.isfile(p))


class PeTest:
    """A line of a tests.list."""
    slow = False

    def __init__(self, test):
        self.name, self.test = f"{test.component}/{test.name}", test
        self.files = test.drivers + test.clients

    def fails(self, build, seconds):
        original, self.test.drivers, self.test.clients = (self.test.drivers, self.test.clients), *(
            [p.replace(self.build, build, 1) for p in paths] for paths in (self.test.drivers, self.test.clients))
        command = self.test.command(os.path.join(build, "ntlab"))
        self.test.drivers, self.test.clients = original
        status, output, result = run_tests.ntlab_run(command, seconds=seconds)
        return (re.search(r"^ntlab-test: FAIL ", output, re.M) is not None
                or run_tests.disagreement(self.test, status, output, result) is not None
                or not run_tests.is_by_the_host(self.test) and run_tests.other_points(self.test, result) is not None)


    def text(self):
        return read_sources(self.test.sources)


class MesonTest:
    def __init__(self, test, build, row=None, slow=None):
        self.name, self.command, self.env = test["name"], test["cmd"], test.get("env") or {}
        self.slow = SLOW.match(self.name) is not None if slow is None else slow
        if row:
            self.name, self.command = f"{self.name}/{row}", [*self.command, row]
        self.files = sorted({w for w in self.command if os.path.isfile(w)})
        self.folder = test.get("workdir") or build

    def fails(self, build, seconds):
        words = [w.replace(self.build, build, 1) if w.startswith(self.build) and os.path.normpath(w).startswith(self.build + os.sep) else w
                 for w in self.command]
        words = [build if w == self.build else w for w in words]
        try:
            run = run_tests.run_to_end(words, seconds, stderr=subprocess.DEVNULL, cwd=self.folder.replace(self.build, build),
                                       env={**os.environ, **self.env})
        except subprocess.TimeoutExpired:
            return True
        return run.returncode not in (0, 77)


    def text(self):
        return read_sources(glob.glob(f"{ROOT}/tests/user/{self.name.replace('-', '/', 1)}.c"))


class CountTest:
    """A program of tests/explore whose number of traces is known."""
    slow = False

    def __init__(self, build, line):
        fields = [f.strip() for f in line.split("|")]
        self.name = f"count/{fields[0]}"
        self.client = fields[1].endswith("-client.c")
        self.files = [os.path.join(build, f"tests/explore/explore-{fields[0]}.{'exe' if self.client else 'sys'}")]
        self.source = os.path.join(ROOT, "tests/explore", fields[1])
        self.expected = fields[3].split()
        self.options = fields[4].split() if len(fields) > 4 else []

    def fails(self, build, seconds):
        words = [os.path.join(build, "ntlab"), "explore", "--keep-going", "--budget", f"{seconds}s", "--run-timeout", "5s", "--strategy", "dpor",
                 "--json", "-", *self.options, *(["--inject", "none", "--"] if self.client else []), self.files[0].replace(self.build, build, 1)]
        try:
            run = run_tests.run_to_end(words, 4 * seconds, stderr=subprocess.DEVNULL)
            search = json.loads(run.stdout)["search"]
        except (subprocess.TimeoutExpired, ValueError, KeyError):
            return True
        found = [search["traces"], search["bad"], search["blocked"]]
        return search["outcome"] != "exhausted" or any(w not in ("-", str(f)) for w, f in zip(self.expected, found))


    def text(self):
        return read_sources([self.source])


class BugTest:
    """A line of tests/bugs/bugs.list. `check` spends half a minute on each driver: where it is to find something it may stop at the first finding,
    and only if that is not what is expected there it goes on to the end."""

    def __init__(self, build, row):
        self.row, self.name = row, f"bug/{row[0]}"
        checked = row[3].split()[:1] == ["check"]
        self.slow, self.first = checked and row[5] == "clean", checked and row[5] != "clean"
        self.files = [os.path.join(build, "tests/bugs", f"bug-{row[0]}.sys"), os.path.join(build, "tests/bugs/bug-client.exe")]

    def fails(self, build, seconds):
        words = self.row[3].replace("check", "check --first", 1)
        rows = [[*self.row[:3], words, *self.row[4:]], self.row] if self.first else [self.row]
        return all(bugs.check(os.path.join(build, "ntlab"), os.path.join(build, "tests/bugs"),
                              os.path.join(ROOT, "tests/bugs/bugs.list"), row)[1] is not None for row in rows)

    def text(self):
        return read_sources([os.path.join(ROOT, "tests/bugs", self.row[1])]) + " ".join(self.row)


def rows_of(table):
    """Names of the rows that a day's tests run: a sixth field is for the soak, but of events.list."""
    for line in open(os.path.join(ROOT, "tests/explore", table), encoding="utf-8"):
        if not line.startswith("#") and 1 <= line.count("|") < (6 if table == "events.list" else 5):
            yield line.split("|")[0].strip()


# Meson's tests whose rows stand in a source: each row alone takes a second.
ROWS_IN = {
    "cli-report": ("tests/cli/report.py", r'^    \("(\w+)", \['),
    "explore-orders": ("tests/explore/orders-client.c", r'^    \{"(\w+)", '),
    "explore-messages": ("tests/explore/check_messages.py", r'^    "([\w-]+)": \(\('),
}


def rows_in(path, pattern):
    return sorted(set(re.findall(pattern, open(os.path.join(ROOT, path), encoding="utf-8").read(), re.M)))


def tests_of(build):
    found = [PeTest(t) for t in run_tests.pe_tests(build)]
    for line in open(os.path.join(ROOT, "tests/explore/programs.list"), encoding="utf-8"):
        if not line.startswith("#") and 3 <= line.count("|") < 5:
            found.append(CountTest(build, line))
    found += [BugTest(build, row) for row in bugs.rows(os.path.join(ROOT, "tests/bugs/bugs.list"))]
    for test in run_tests.meson_tests(build):
        if test["name"] in ROWS_IN:
            found += [MesonTest(test, build, row, False) for row in rows_in(*ROWS_IN[test["name"]])]
        elif test["name"] in BY_ROW:
            found += [MesonTest(test, build, row) for row in rows_of(BY_ROW[test["name"]])] if BY_ROW[test["name"]] else []
        elif not WITHOUT.match(test["name"]) and "lint" not in str(test["suite"]):
            found.append(MesonTest(test, build))
    for test in found:
        test.build = build
    return [t for t in found if all(map(os.path.exists, t.files))]


def stamp(test, kernel):
    digest = hashlib.sha1(kernel.encode())
    for path in test.files:
        status = os.stat(path)
        digest.update(f"{os.path.basename(path)} {status.st_size} {int(status.st_mtime)}".encode())
    return digest.hexdigest()


def measure(test, build):
    """(seconds, set of blocks that it executes, all blocks); None if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NTLAB_KERNEL_COVERAGE"] = os.path.join(folder, "blocks")
        start = time.monotonic()
        try:
            wrong = test.fails(build, PATIENCE if test.slow else 4 * SECONDS)
            seconds = time.monotonic() - start
        finally:
            del os.environ["NTLAB_KERNEL_COVERAGE"]
        seen, every = set(), []
        for path in glob.glob(folder + "/blocks.*"):
            rows = [line.split() for line in open(path)]
            every = [int(row[0], 16) for row in rows]
            seen.update(rva for rva, row in zip(every, rows) if row[1] != "0")
    return (None if wrong else seconds), seen, every


class Coverage:
    """What is known: .blocks (ascending), .tests: {name: {seconds, seen, stamp}}, seen a hexadecimal bit map of blocks."""

    def __init__(self, build):
        self.build, self.path = build, os.path.join(build, "kernel-coverage.json")
        image = bytearray(open(os.path.join(build, "nt/ntoskrnl.exe"), "rb").read())
        header = int.from_bytes(image[0x3C:0x40], "little")
        image[header + 8:header + 12] = bytes(4)  # when it was linked
        self.kernel = hashlib.sha1(image).hexdigest()
        known = json.load(open(self.path)) if os.path.exists(self.path) else {}
        same = known.get("kernel") == self.kernel
        self.blocks = known["blocks"] if same else []
        self.tests = known["tests"] if same else {}
        self.table = known.get("lines") if same else None

    def save(self):
        with open(self.path + ".new", "w") as out:
            json.dump({"kernel": self.kernel, "blocks": self.blocks, "tests": self.tests, "lines": self.table}, out)
        os.replace(self.path + ".new", self.path)

    def collect(self, tests, again=False):
        last = time.monotonic()
        for test in tests:
            mark = stamp(test, self.kernel)
            if self.tests.get(test.name, {}).get("stamp") == mark and not again:
                continue
            seconds, seen, every = measure(test, self.build)
            self.blocks = self.blocks or every
            bits = sum(1 << i for i, rva in enumerate(self.blocks) if rva in seen)
            self.tests[test.name] = {"seconds": seconds, "seen": f"{bits:x}", "stamp": mark}
            if seconds is None:
                print(f"{test.name} fails on the kernel as it is", flush=True)
            if time.monotonic() - last > 20:
                self.save()
                last = time.monotonic()
        self.save()

    def carry(self, commit, tests):
        """What BUILD's file knows of the kernel of another commit; how many tests that is."""
        known = json.load(open(self.path))
        if known["kernel"] == self.kernel or not known["lines"]:
            return 0
        by_name = {test.name: test for test in tests}
        executes = {name for name, test in known["tests"].items() if int(test["seen"], 16) != 0}  # some tests are of the host alone
        self.blocks = measure(min((t for t in tests if t.name in executes and not t.slow),
                                  key=lambda t: known["tests"][t.name]["seconds"] or PATIENCE), self.build)[2]
        lines = self.lines()
        moved = self.moved(commit, known["lines"], lines)
        now = successors(around(known["lines"], moved), around(lines, None))
        for name, test in known["tests"].items():
            if test["seconds"] is None or name not in by_name:
                continue
            seen, bits = f"{int(test['seen'], 16):b}"[::-1], 0
            index = seen.find("1")
            while index >= 0:
                bits |= now.get(index, 0)
                index = seen.find("1", index + 1)
            # A test that has changed itself is still to be measured.
            same = test["stamp"] == stamp(by_name[name], known["kernel"])
            self.tests[name] = {"seconds": test["seconds"], "seen": f"{bits:x}", "stamp": stamp(by_name[name], self.kernel) if same else ""}
        self.save()
        return len(self.tests)

    def moved(self, commit, old, lines):
        """{(file, line) of then: (file, line) now}"""
        found = {}
        for path in old:
            was = subprocess.run(["git", "-C", ROOT, "show", f"{commit}:{path}"], capture_output=True, text=True)
            # A file that is new has come out of another one of its folder.
            for into in [p for p in lines if p == path or p not in old and os.path.dirname(p) == os.path.dirname(path)] if was.returncode == 0 else []:
                text = open(os.path.join(ROOT, into), encoding="utf-8").read().split("\n")
                for at, to, count in difflib.SequenceMatcher(None, was.stdout.split("\n"), text, False).get_matching_blocks():
                    if path == into or count >= MOVED:
                        found.update({(path, at + i): (into, to + i) for i in range(1, count + 1)})
        return found

    def lines(self):
        """{file of nt/: {line: block numbers}}."""
        if not self.table:
            self.table = {path: {line: sorted(blocks) for line, blocks in lines.items()} for path, lines in self.read_lines().items()}
            if self.tests: # else what the file knows of another kernel may still be carried over
                self.save()
        return {path: {int(line): blocks for line, blocks in lines.items()} for path, lines in self.table.items()}

    def read_lines(self):
        text = subprocess.run(["llvm-dwarfdump-19", "--debug-line", os.path.join(self.build, "nt/ntoskrnl.exe")],
                              capture_output=True, text=True, check=True).stdout
        table = collections.defaultdict(lambda: collections.defaultdict(set))
        folders, files, rows, number = {}, {}, [], None
        for row in text.splitlines() + ["debug_line["]:
            if row.startswith("debug_line["):
                folders, files = {0: "."}, {}
            elif row.startswith("include_directories["):
                folders[int(row.split("[")[1].split("]")[0])] = row.split('"')[1]
            elif row.startswith("file_names["):
                number = int(row.split("[")[1].split("]")[0])
            elif row.startswith("           name:"):
                files[number] = row.split('"')[1]
            elif row.startswith("      dir_index:"):
                path = os.path.normpath(os.path.join(self.build, folders[int(row.split(":")[1])], files[number]))
                files[number] = os.path.relpath(path, ROOT) if path.startswith(ROOT) else path
            elif row.startswith("0x0000"):
                words = row.split()
                end = "end_sequence" in row
                rows.append((int(words[0], 16) - BASE, None if end else files.get(int(words[3])), int(words[1])))
        rows.sort(key=lambda r: r[0])
        block = 0
        for index, (rva, path, line) in enumerate(rows):
            if path is None or not path.startswith("nt/") or line == 0:
                continue
            following = next((r[0] for r in rows[index + 1:index + 50] if r[0] > rva), rva + 1)
            while block + 1 < len(self.blocks) and self.blocks[block + 1] <= rva:
                block += 1
            at = block
            while at < len(self.blocks) and self.blocks[at] < following:
                table[path][line].add(at)
                at += 1
        return table

    def by_block(self, names=None):
        """For each block the names of the tests that execute it, of `names`."""
        found = [[] for _ in self.blocks]
        for name, test in self.tests.items():
            if test["seconds"] is None or (names is not None and name not in names):
                continue
            bits = f"{int(test['seen'], 16):b}"[::-1]
            index = bits.find("1")
            while index >= 0:
                found[index].append(name)
                index = bits.find("1", index + 1)
        return found


def around(lines, moved):
    """{block: (lines that it has code of, lines of those next to it as well)}; with `moved` as they are called now."""
    own = collections.defaultdict(set)
    for path, blocks_of in lines.items():
        for line, blocks in blocks_of.items():
            place = (path, int(line)) if moved is None else moved.get((path, int(line)))
            for block in blocks if place else ():
                own[block].add(place)
    return {block: (here, set().union(*(own.get(block + i, ()) for i in range(-NEAR, NEAR + 1)))) for block, here in list(own.items())}


def successors(old, new):
    """{block of the old kernel: bit map of those of the new one}: of the blocks that share a line with it those whose neighbours are most alike. A line of a function that
    is inlined has blocks in many others, and who executes one of these does not execute them all."""
    by_place = collections.defaultdict(list)
    for block, (here, _) in new.items():
        for place in here:
            by_place[place].append(block)
    found, alike = {}, collections.defaultdict(list)
    for block in sorted(old):
        alike[frozenset(old[block][0]), frozenset(old[block][1])].append(block)
    for (here, near), blocks in alike.items():
        score = {}
        for candidate in {c for place in here for c in by_place[place]}:
            mine, beside = new[candidate]
            score[candidate] = len(here & mine) / len(here | mine) + len(near & beside) / len(near | beside)
        best = max(score.values(), default=0)
        after = sorted(c for c, value in score.items() if value == best)
        for index, block in enumerate(blocks):
            found[block] = sum(1 << c for c in ([after[index]] if len(after) == len(blocks) else after))
    return found


def functions(path):
    """(name, first line, last line) of each function of a source file, from 1."""
    lines = open(os.path.join(ROOT, path), encoding="utf-8").read().split("\n")
    begin = name = None
    for number, line in enumerate(lines, 1):
        found = re.match(r"^(?:[A-Za-z_][\w *]* \**)?(\w+)\(", line)  # the type stands in front where the name would not fit
        if found and not line.endswith(";"):
            name, begin = found[1], number
        elif line == "}" and begin is not None:
            yield name, begin, number
            begin = None


def main():
    parser = argparse.ArgumentParser(usage="kernel_coverage.py [--again] [--slow] [--only TEXT] [--holes] [--lines TEXT] [--carry COMMIT] BUILD")
    parser.add_argument("--again", action="store_true", help="run tests even if nothing of theirs has changed")
    parser.add_argument("--slow", action="store_true", help="also the tests that take long")
    parser.add_argument("--only", default="", help="tests whose name holds this")
    parser.add_argument("--holes", action="store_true", help="run nothing, say what is known")
    parser.add_argument("--lines", default=None, help="with the lines, of files whose path holds this")
    parser.add_argument("--carry", default=None, help="what is known is of the kernel of this commit")
    parser.add_argument("build")
    options = parser.parse_args()
    coverage = Coverage(os.path.abspath(options.build))
    if options.carry is not None:
        print(f"{coverage.carry(options.carry, tests_of(coverage.build))} tests carried over from {options.carry}", flush=True)
    if not options.holes:
        coverage.collect([t for t in tests_of(coverage.build) if options.only in t.name and (options.slow or not t.slow)], options.again)
    by_block, table = coverage.by_block(), coverage.lines()
    total = dead = 0
    rows = []
    for path, lines in sorted(table.items()):
        if not path.endswith(".c"):
            continue
        run = {line: any(by_block[b] for b in blocks) for line, blocks in lines.items()}
        holes = [line for line, ran in sorted(run.items()) if not ran]
        total, dead = total + len(run), dead + len(holes)
        whole = [f"{name}({sum(1 for l in holes if first <= l <= last)})" for name, first, last in functions(path)
                 if any(first <= l <= last for l in run) and not any(ran for l, ran in run.items() if first <= l <= last)]
        rows.append((len(holes), path, len(run), whole, holes))
    for count, path, of, whole, holes in sorted(rows, reverse=True):
        print(f"{path}: {count} of {of} lines not executed; functions: {', '.join(whole) or 'none'}")
        if options.lines is not None and options.lines in path:
            text = open(os.path.join(ROOT, path), encoding="utf-8").read().split("\n")
            for line in holes:
                print(f"    {line}: {text[line - 1].strip()}")
    print(f"{dead} of {total} lines of nt/ are executed by no test ({100 * dead / max(total, 1):.1f} %)")


if __name__ == "__main__":
    main()
