#!/usr/bin/env python3
"""check.py NTLAB CLIENT: the hang is explained: who waits, and which store changed the counter, from where."""
import re
import subprocess
import sys

NTLAB, CLIENT = sys.argv[1:]


def run(*words):  # half a million services: where pages keep user mode apart, each takes 26 us more
    return subprocess.run([NTLAB, "run", "--run-timeout", "60s", "--", CLIENT, *words], capture_output=True, text=True, timeout=110)


fixed = run("fixed")
assert fixed.returncode == 0 and "all threads have ended, 8386560 taken" in fixed.stdout, fixed
broken = run()
text = broken.stderr
for wanted in (
    r"ntlab: hang: ",
    r"COUNTER: off-by-one\.exe!Ring\+0x4008, which [1-5] waiting threads? \(",
    r"changed by an atomic instruction last, in off-by-one\.exe!(Enter|Leave) ",
    r"off-by-one\.exe!Worker \[client\.c:\d+\] stored 4 bytes there: 0x[1-5] became 0x0",
):
    assert re.search(wanted, text), (wanted, text)
assert broken.returncode == 1, broken.returncode
