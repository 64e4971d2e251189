#!/usr/bin/env python3
"""Complete runs of a search per second, in one worker: search_speed.py BUILD

Each is measured in turns with its peer, and the median counts. Peer: Relacy (Debian: relacy-dev), if its headers are there; it explores
schedules of C++ code that is written for it. Other work on the machine makes both slower.
"""
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

TURNS = 3
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# name, what it is, aim in runs per second (issue 4), has the peer this program?, runs, options. The first 10,000 runs or so still learn which steps need no
# question and which instants are worth keeping, and the boot is in the figure, too: so it is a second or more that is measured.
ROWS = [
    ("lockinc3-random", "three threads take one lock, along random schedules", 100000, True, 400000, "--strategy random {tests}/explore-lockinc3.sys"),
    ("ainc7-dpor", "seven threads, one atomic increment each, exhaustively", None, False, 0,
     "--strategy dpor --granularity atomics {tests}/explore-ainc7.sys"),
    ("two-clients-random", "a driver, two client processes, a control code each", 20000, False, 20000,
     "--strategy random --inject none {sample}.sys --client user:{sample}.exe@update@resource --client admin:{sample}.exe@update@resource"),
]


def search(build, runs, options, folder):
    where = {"tests": f"{build}/tests/explore", "sample": f"{build}/samples/critical-region/critical-region"}
    words = [word.format(**where).replace("@", " ") for word in options.split()]
    if runs:
        words += ["--budget", f"{runs}runs"]
    result = subprocess.run([f"{build}/ntlab", "explore", "--keep-going", "--run-timeout", "600s", "--json", f"{folder}/json", *words], capture_output=True,
                            text=True, timeout=900, cwd=folder)
    if result.returncode not in (0, 1):
        sys.exit(f"search_speed: status {result.returncode}\n{result.stderr[-2000:]}")
    return json.load(open(f"{folder}/json"))["search"]["runs_per_second"]


def build_peer(folder):
    """The program, or None: there is no Relacy here."""
    compiler = shutil.which("c++")
    if compiler is None or not os.path.exists("/usr/include/relacy/relacy.hpp"):
        return None
    made = subprocess.run([compiler, "-O2", "-w", "-o", f"{folder}/peer", f"{ROOT}/bench/search_peer.cpp"], capture_output=True)
    return f"{folder}/peer" if made.returncode == 0 else None


def peer_speed(program, folder):
    text = subprocess.run([program, "200000"], capture_output=True, text=True, cwd=folder, timeout=300).stdout
    found = re.search(r"throughput: (\d+)", text)
    return float(found[1]) if found else None


def speeds(build):
    """Name: runs per second, and the peer's or None."""
    build, found = os.path.abspath(build), {}
    with tempfile.TemporaryDirectory() as folder:
        peer = build_peer(folder)
        for name, _, _, has_peer, runs, options in ROWS:
            own, other = [], []
            for _ in range(TURNS):
                own.append(search(build, runs, options, folder))
                if has_peer and peer is not None:
                    other.append(peer_speed(peer, folder))
            found[name] = (statistics.median(own), statistics.median(other) if other and None not in other else None)
    return found


def lines(found):
    for name, what, aim, has_peer, _, _ in ROWS:
        own, other = found[name]
        beside = f"; Relacy {other:,.0f}" if other is not None else "; no Relacy here" if has_peer else ""
        yield f"{name:20} {own:10,.0f}{f' (aim: {aim:,})' if aim else '':18} {what}{beside}"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print("\n".join(lines(speeds(sys.argv[1]))))
