#!/usr/bin/env python3
"""make bench: the benchmarks of bench/, each with its peer's figure taken in the same minute.

bench.py BUILD [--json]

The peer is Wine running the very same .sys and .exe (the client installs the driver through the service manager);
where wine is not installed the column stays empty. Rounds alternate; figures are medians, in nanoseconds.
"""
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 3


def parse(text):
    rows = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2:
            try:
                rows[words[0]] = float(words[1])
            except ValueError:
                pass
    return rows


def run_ntlab(build):
    command = [f"{build}/ntlab", "run", "--clock", "host", f"{build}/bench/ntlabbench.sys", "--", f"{build}/bench/ntlabbench.exe", "20000"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if result.returncode != 0:
        sys.exit(f"bench: {' '.join(command)}: status {result.returncode}\n{result.stderr}")
    rows = parse(result.stdout)
    # A whole run without a client, and with one driver: processes, boot, (load, unload,) end.
    for name, arguments in (("run-empty", []), ("run-one-driver", [f"{build}/bench/ntlabbench.sys"])):
        times = []
        for _ in range(5):
            start = time.perf_counter()
            subprocess.run([f"{build}/ntlab", "run", *arguments], capture_output=True)
            times.append((time.perf_counter() - start) * 1e9)
        rows[name] = statistics.median(times)
    return rows


def run_wine(build, prefix):
    wine = shutil.which("wine64") or shutil.which("wine") or (os.path.exists("/usr/lib/wine/wine64") and "/usr/lib/wine/wine64")
    if not wine:
        return {}
    environment = dict(os.environ, WINEPREFIX=prefix, WINEDEBUG="-all", DISPLAY="")
    path = "Z:" + os.path.abspath(f"{build}/bench/ntlabbench.sys").replace("/", "\\")
    try:
        result = subprocess.run([wine, f"{build}/bench/ntlabbench.exe", "200", "service", path], capture_output=True, text=True,
                                timeout=180, env=environment)
    except subprocess.TimeoutExpired:
        return {}
    return parse(result.stdout)


def main():
    build = sys.argv[1]
    ours, peers = [], []
    with tempfile.TemporaryDirectory() as prefix:
        for _ in range(ROUNDS):
            ours.append(run_ntlab(build))
            peers.append(run_wine(build, prefix))
        subprocess.run(["wineserver", "-k"], env=dict(os.environ, WINEPREFIX=prefix), capture_output=True) if shutil.which("wineserver") else None

    def median(rounds, name):
        values = [r[name] for r in rounds if name in r]
        return statistics.median(values) if values else None

    names = sorted({n for r in ours + peers for n in r})
    table = {n: {"ntlab_ns": median(ours, n), "wine_ns": median(peers, n)} for n in names}
    if "--json" in sys.argv:
        json.dump(table, sys.stdout, indent=2)
        return
    print(f"{'':22}{'ntlab':>14}{'wine':>14}{'ratio':>10}")
    for name, row in table.items():
        cell = lambda v: f"{v:,.0f} ns" if v is not None else "-"
        both = row["ntlab_ns"] is not None and row["wine_ns"] is not None
        print(f"{name:22}{cell(row['ntlab_ns']):>14}{cell(row['wine_ns']):>14}{row['wine_ns'] / row['ntlab_ns'] if both else 0:>9.0f}x" if both
              else f"{name:22}{cell(row['ntlab_ns']):>14}{cell(row['wine_ns']):>14}{'-':>10}")


main()
