#!/usr/bin/env python3
"""hopeless.py NTLAB CLIENT: waits for critical sections that cannot end are verdicts, and !cs shows them."""
import re
import subprocess
import sys

NTLAB, CLIENT = sys.argv[1:]


def run(*words):
    result = subprocess.run([NTLAB, "run", *words], capture_output=True, text=True, timeout=110)
    assert result.returncode == 1, (words, result.returncode, result.stderr[-2000:])
    return result.stderr


text = run("-c", "!cs", "--", CLIENT)
for wanted in (
    r"^ntlab: deadlock: threads wait for each other's critical sections, in a circle",
    r"^Critical section    = 0x[0-9a-f]{16}.*\nDebugInfo +.*\nLOCKED\nLockCount           = 0xFFFFFFFA\nWaiterWoken         = No\nWaiters             = 1\n"
    r"OwningThread        = 0x[0-9a-f]{16}\nRecursionCount      = 0x1\n",
    r"^Waiting             = 0x[0-9a-f]{16}  Cid ",
):
    assert re.search(wanted, text, re.M), (wanted, text[-5000:])
orphan = run("--", CLIENT, "orphan")
assert re.search(r"^ntlab: hang: a thread waits for the critical section at .*, and its owner, thread [0-9a-f]+, has ended", orphan, re.M), orphan[-3000:]
