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


VERSIONS = ("nt51", "ws2003", "vista", "win7", "win8", "win10", "win11")

text = run("-c", "!cs -l", "--", CLIENT)
for wanted in (
    r"^ntlab: deadlock: threads wait for each other's critical sections, in a circle",
    r"^Critical section    = 0x[0-9a-f]{16}.*\nDebugInfo +.*\nLOCKED\nLockCount           = 0xFFFFFFFA\nWaiterWoken         = No\nWaiters             = 1\n"
    r"OwningThread        = 0x[0-9a-f]{16}\nRecursionCount      = 0x1\n",
    r"^Waiting             = 0x[0-9a-f]{16}  Cid ",
):
    assert re.search(wanted, text, re.M), (wanted, text[-5000:])
for version in VERSIONS:
    os = ("--os", version)
    circle = run(*os, "-c", "!cs", "--", CLIENT)
    assert re.search(
        r"^ntlab: deadlock: threads wait for each other's critical sections, in a circle: thread ([0-9a-f]+) waits for [0-9a-f]{16} \(\S*!Second\S*\) of "
        r"thread ([0-9a-f]+), which waits for [0-9a-f]{16} \(\S*!First\S*\) of the first$", circle, re.M), (version, circle[-3000:])
    # Both are in the list of those with debug information, or a thread waits for them; and each has one waiter.
    shown = re.findall(r"^Critical section    = 0x[0-9a-f]{16} \(\S*!(First|Second)\)", circle, re.M)
    assert set(shown) == {"First", "Second"}, (version, circle[-5000:])
    assert len(re.findall(r"^Waiting             = 0x[0-9a-f]{16}  Cid ", circle, re.M)) == 2, (version, circle[-5000:])
    assert re.search(r"^\d+ critical sections?, \d+ of them locked$", circle, re.M), (version, circle[-500:])
    orphan = run(*os, "--", CLIENT, "orphan")
    assert re.search(r"^ntlab: hang: a thread waits for the critical section at .*, and its owner, thread [0-9a-f]+, has ended", orphan, re.M), orphan[-3000:]
    deleted = run(*os, "--", CLIENT, "delete")
    assert re.search(r"^ntlab: hang: the critical section at .* is deleted while 1 thread waits for it", deleted, re.M), (version, deleted[-3000:])
