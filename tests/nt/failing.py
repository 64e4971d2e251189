#!/usr/bin/env python3
"""Memory that fails below a service: failing.py BUILD NAME...

Each of these test programs is run once for each distinct stack of the kernel's that allocates (nt/ex/failing.c), and what is asked for there is
refused. What the program expects does not come then, and it may go on with what it has not got; but the kernel must lose nothing, hold
nothing that nobody gives back, and not stop by itself.
"""
import concurrent.futures
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "tools"))
import run_tests  # noqa: E402

SECONDS = 20
INTERNAL = 5  # the status of a run that the kernel has failed in
MOST = 300


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
    failed = count = 0
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("NTLAB_TEST_JOBS", "2"))) as pool:
        for name in names:
            stacks = re.search(r"ntlab-test: (\d+) allocations of the kernel", run(tests[name], build, 1 << 20)[1])
            if stacks is None or int(stacks[1]) == 0:
                print(f"FAIL {name}: the kernel has allocated nothing, or has not come to the end")
                failed += 1
                continue
            numbers = range(1, min(int(stacks[1]), MOST) + 1)
            for number, (status, output, _) in zip(numbers, pool.map(lambda n: run(tests[name], build, n), numbers)):
                wrong = blame(status, output)
                count += 1
                if wrong is not None:
                    failed += 1
                    print(f"FAIL {name}: allocation {number}: {wrong or status}")
                    print(f"    NTLAB_FAIL_KERNEL={number} {run_tests.replay_line(tests[name].command(os.path.join(build, 'ntlab')))}")
    print(f"{count} allocations of {len(names)} programs refused, {failed} failures")
    sys.exit(failed != 0)


main()
