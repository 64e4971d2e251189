#!/usr/bin/env python3
"""isolation.py NTLAB CLIENT ISOLATION: what user code cannot reach under this --isolation. Status 77: the processor cannot do it."""
import json
import os
import re
import subprocess
import sys

NTLAB, CLIENT, ISOLATION = sys.argv[1:]
NAMES = {"off": "off", "pages": "page-protection", "keys": "protection-keys"}


def run(*words, status=0):
    result = subprocess.run([NTLAB, *words], capture_output=True, text=True, timeout=110)
    assert result.returncode == status, (words, result.returncode, result.stderr[-2000:])
    return result.stdout + result.stderr


doctor = run("doctor")
keys = re.search(r"^  ok +protection-keys", doctor, re.M) is not None
assert re.search(r"^--isolation auto: " + ("keys$" if keys else "pages; off in searches"), doctor, re.M), doctor
if ISOLATION == "keys" and not keys:
    assert "no protection keys" in run("run", "--isolation", "keys", "--", CLIENT, "keys", status=2)
    print("skipped: this processor, or this Linux, has no protection keys: ntlab doctor")
    sys.exit(77)

result = subprocess.run([NTLAB, "run", "--isolation", ISOLATION, "--json", "-", "--", CLIENT, ISOLATION], capture_output=True, text=True, timeout=110)
assert result.returncode == 0, result.stderr[-3000:]
assert "not ok" not in result.stderr and "ntlab-test: ok" in result.stderr, result.stderr[-2000:]
assert json.loads(result.stdout)["isolation"] == NAMES[ISOLATION], result.stdout[:500]
print(re.search(r"ntlab-test: done \d+ \d+", result.stderr)[0])

if ISOLATION == "pages":
    stages = run("syscalls", "--stages", "--isolation", "pages", "--", CLIENT, "off")
    # What opening and closing take is in the first stage and in the last but one.
    for wanted in (r"^ 0 isolation opens the kernel.* ([\d.]+)$", r"^14 user gs, isolation closes the kernel.* ([\d.]+)$"):
        match = re.search(wanted, stages, re.M)
        assert match and float(match[1]) > 500, (wanted, stages[-3000:])
    # Who runs out of time in services is told what makes them slow.
    locks = os.path.join(os.path.dirname(NTLAB), "samples", "critsec-vs-kernel", "critsec-vs-kernel.exe")
    late = run("run", "--isolation", "pages", "--run-timeout", "4s", "--", locks, "5000000", "lock=4", status=1)
    assert re.search(r"did not end in time; .*still went on, \d+ times from user mode into the kernel, .*: --isolation off, or --run-timeout for more than its 4 s", late), late[:1000]
    for command in ("explore", "check"):
        assert "single runs" in run(command, "--isolation", "pages", "--", CLIENT, status=2)
