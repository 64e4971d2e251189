#!/usr/bin/env python3
"""What the verifier adds to a request: verifier_cost.py BUILD

The four methods of DeviceIoControl on the driver of bench/, with and without `--verifier standard`: short runs of both in turn, the
least of each. Other work on the machine makes a run longer, never shorter, so as long as one is above the bound there are further
turns. Status 1 if one still takes twice as long or longer after the last (issue: "below 2 times").
"""
import os
import subprocess
import sys

# The suite's looks at the kernel at each step (NTLAB_SELF_CHECK) take a hundred times as long as a request.
PLAIN = {name: value for name, value in os.environ.items() if name != "NTLAB_SELF_CHECK"}
TURNS = 3
MOST_TURNS = 20
MOST = 2.0


def measure(build, *options):
    """Nanoseconds by method."""
    result = subprocess.run([f"{build}/ntlab", "run", "--clock", "host", "--run-timeout", "60s", *options, f"{build}/bench/ntlabbench.sys", "--",
                             f"{build}/bench/ntlabbench.exe", "0", "requests"], capture_output=True, text=True, timeout=120, env=PLAIN)
    if result.returncode != 0:
        sys.exit(f"verifier_cost: status {result.returncode}\n{result.stdout[-2000:]}{result.stderr[-2000:]}")
    return {name: float(value) for name, value in (line.split() for line in result.stdout.splitlines())}


def costs(build):
    """Method: nanoseconds without and with the verifier."""
    turns, found = [], {}
    while len(turns) < TURNS or (len(turns) < MOST_TURNS and too_long(found)):
        turns.append((measure(build), measure(build, "--verifier", "standard")))
        found = {name: tuple(min(turn[i][name] for turn in turns) for i in range(2)) for name in turns[0][0]}
    return found


def too_long(found):
    return any(verified >= MOST * plain for plain, verified in found.values())


def lines(found):
    for name, (plain, verified) in found.items():
        yield f"{name:18} {plain:8.1f} ns, verified {verified:8.1f} ns: {verified / plain:.2f} times (aim: below {MOST:g})"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    FOUND = costs(sys.argv[1])
    print("\n".join(lines(FOUND)))
    sys.exit(too_long(FOUND))
