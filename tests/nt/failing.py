#!/usr/bin/env python3
"""Memory that fails below a service: failing.py BUILD NAME...

Each of these test programs is run once for each distinct stack of the kernel's that allocates (nt/ex/failing.c), and what is asked for there is
refused. What the program expects does not come then, and it may go on with what it has not got; but the kernel must lose nothing, hold
nothing that nobody gives back, and not stop by itself. The system service, and the routine that a driver called, must say why they have
failed: STATUS_INSUFFICIENT_RESOURCES or STATUS_NO_MEMORY. What may answer something else is in failing.list, with the reason.
"""
import bisect
import concurrent.futures
import itertools
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "tools"))
import run_tests  # noqa: E402

SECONDS = 20
INTERNAL = 5  # the status of a run that the kernel has failed in
MOST = 300
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BASE = 0x400080000000  # ABI_KERNEL_BASE
NO_MEMORY = {"c000009a", "c0000017"}


def statuses():
    """Routines of the kernel whose result is an NTSTATUS."""
    found = set()
    for folder, _, names in os.walk(os.path.join(ROOT, "nt")):
        for name in names:
            if name.endswith(".c"):
                with open(os.path.join(folder, name), encoding="utf-8") as source:
                    found.update(re.findall(r"^NTSTATUS(?: NTAPI)?\n(\w+)\(", source.read(), re.M))
    return found


def exceptions():
    """(routine, status): reason; see there."""
    with open(os.path.join(ROOT, "tests/nt/failing.list"), encoding="utf-8") as table:
        rows = [[word.strip() for word in line.split("|")] for line in table if line.strip() and not line.startswith("#")]
    return {(row[0], row[1]): row[2] for row in rows}


class Kernel:
    def __init__(self, build):
        text = subprocess.run(["llvm-nm-19", "--defined-only", os.path.join(build, "nt/ntoskrnl.exe")], capture_output=True, text=True, check=True).stdout
        found = sorted((int(words[0], 16) & 0x7FFFFFFF) - 0x40000000 for words in map(str.split, text.splitlines()) if words[1] in "tT")
        names = {(int(words[0], 16) & 0x7FFFFFFF) - 0x40000000: words[2] for words in map(str.split, text.splitlines()) if words[1] in "tT"}
        self.addresses, self.names, self.statuses, self.exceptions = found, names, statuses(), exceptions()

    def name(self, address):
        return self.names[self.addresses[bisect.bisect_right(self.addresses, address - BASE - 1) - 1]]

    def blame(self, output, drivers):
        """What was answered in place of the reason; None: nothing. What a service answers above one of the drivers is that driver's to say."""
        stack = re.findall(r"^ntlab-test: refused below (\w+) ([^!+\s]+)", output, re.M)
        below = [self.name(int(one, 16)) for one, _ in stack if re.match("00004000[89a]", one)]
        for address, status in re.findall(r"^ntlab-test: refused within (\w+), which answers (\w+)", output, re.M):
            inner = itertools.takewhile(lambda frame: frame[0] != address, stack)
            if any(image in drivers for _, image in inner):
                continue
            name = self.name(int(address, 16))
            public = "Nt" + name[2:] if name.startswith("Zw") else name
            if public in self.statuses and status not in NO_MEMORY and not any((one, status) in self.exceptions for one in below):
                return f"{name} has no memory and answers {status}: {' < '.join(below[2:12])}"
        return None


def run(test, build, number):
    return run_tests.ntlab_run(test.command(os.path.join(build, "ntlab")), {"NTLAB_SELF_CHECK": "1", "NTLAB_FAIL_KERNEL": str(number)}, SECONDS)


def blame(status, output):
    """What the kernel itself has done wrong; None: nothing."""
    said = next((line for line in output.splitlines() if line.startswith("ntlab: ")), "")
    own = re.match(r"ntlab: (?:bugcheck \w+: nt\b|deadlock: )(?!.*\.sys)", said)  # with no driver in it
    return said or "no end" if status in (INTERNAL, "time-out") or own else None


def main():
    build, names = os.path.abspath(sys.argv[1]), sys.argv[2:]
    tests = {test.name: test for test in run_tests.pe_tests(build)}
    kernel = Kernel(build)
    failed = count = 0
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("NTLAB_TEST_JOBS", "2"))) as pool:
        for name in names:
            stacks = re.search(r"ntlab-test: (\d+) allocations of the kernel", run(tests[name], build, 1 << 20)[1])
            if stacks is None or int(stacks[1]) == 0:
                print(f"FAIL {name}: the kernel has allocated nothing, or has not come to the end")
                failed += 1
                continue
            words = tests[name].command(os.path.join(build, "ntlab"))
            drivers = {os.path.basename(word) for word in words if word.endswith(".sys") and "tests/nt/" in word}
            numbers = range(1, min(int(stacks[1]), MOST) + 1)
            for number, (status, output, _) in zip(numbers, pool.map(lambda n: run(tests[name], build, n), numbers)):
                wrong = blame(status, output) or kernel.blame(output, drivers)
                count += 1
                if wrong is not None:
                    failed += 1
                    print(f"FAIL {name}: allocation {number}: {wrong or status}")
                    print(f"    NTLAB_FAIL_KERNEL={number} {run_tests.replay_line(tests[name].command(os.path.join(build, 'ntlab')))}")
    print(f"{count} allocations of {len(names)} programs refused, {failed} failures")
    sys.exit(failed != 0)


main()
