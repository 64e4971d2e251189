#!/usr/bin/env python3
"""make bench: the benchmarks of bench/, each beside its peers' figures taken in the same minute.

bench.py [--json] BUILD

Peers: Wine runs the very same .sys and .exe (the client installs the driver through the service manager), its disk on a tmpfs; where
Wine lacks a routine, or is not installed, its column says "-". Linux is what it offers its own programs for the
same purpose (bench/peer.c), named in the last column. The runs alternate; a figure is the median of all rounds, in
nanoseconds. A ratio says how many times ntlab's figure the peer's is. With ntlab the isolation and the trace hash
are on, as by default; only the clock is the host's.
"""
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import search_speed
import verifier_cost

ROUNDS = 3
NTLAB_TIMES, WINE_TIMES = "20000", "200"
EPOCH = 11644473600  # 1970 in seconds since 1601

# name, what it is, aim in ns (issues 2 and 3), what Linux has for it
ROWS = [
    ("boot-to-client", "exec of ntlab to the client's entry point", 10e6, "fork+exec"),
    ("run-empty", "a whole run without driver and client", None, "fork+exec"),
    ("run-one-driver", "a whole run with one driver", None, None),
    ("driver-load-unload", "start and stop a driver's service", 1e6, None),
    ("system-service", "ResetEvent from user mode", None, "getppid"),
    ("null-service", "SwitchToThread: NtYieldExecution, with nobody to give way to", 60, "getppid"),
    ("null-service/off", "the same with --isolation off", None, None),
    ("null-service/keys", "the same with --isolation keys", None, None),
    ("null-service/pages", "the same with --isolation pages", None, None),
    ("critical-section", "EnterCriticalSection and leave, nobody else wants it", None, "pthread_mutex-threads"),
    ("srw-lock", "AcquireSRWLockExclusive and release", None, "pthread_mutex-threads"),
    ("experiment-section", "the article's experiment, critical section (Windows: 328 ms)", 328e6 / 5, None),
    ("experiment-custom", "the article's experiment, custom lock (Windows: 11,797 ms)", 11797e6 / 5, None),
    ("ioctl-buffered", "DeviceIoControl, METHOD_BUFFERED, 64 bytes", 500, "ioctl"),
    ("ioctl-in-direct", "METHOD_IN_DIRECT", 500, "ioctl"),
    ("ioctl-out-direct", "METHOD_OUT_DIRECT", 500, "ioctl"),
    ("ioctl-neither", "METHOD_NEITHER", 500, "ioctl"),
    ("create-close", "CreateFile and CloseHandle on a device", None, "open-close"),
    ("mutex-pair", "a mutex of the client: wait and release", 250, None),
    ("event-ping-pong", "two threads of a client, SetEvent and wait, there and back", 1000, "sem_t-ping-pong-1-cpu"),
    ("suspend-resume", "SuspendThread and ResumeThread of a waiting thread", None, None),
    ("context-switch", "half of kernel-ping-pong-1-cpu without its two event-pairs", None, "sem_t-switch"),
    ("event-pair", "KeSetEvent and a wait that it satisfies", None, "sem_t"),
    ("kernel-ping-pong-1-cpu", "KeSetEvent and wait, there and back, on one processor", None, "sem_t-ping-pong-1-cpu"),
    ("kernel-ping-pong-2-cpus", "the same on two virtual processors", None, "sem_t-ping-pong-2-cpus"),
    ("critical-region", "KeEnterCriticalRegion and leave", 5, None),
    ("guarded-region", "KeEnterGuardedRegion and leave", 5, None),
    ("fast-mutex", "ExAcquireFastMutex and release", 20, "pthread_mutex"),
    ("guarded-mutex", "KeAcquireGuardedMutex and release", None, "pthread_mutex"),
    ("eresource-exclusive", "ExAcquireResourceExclusiveLite and release", 40, "pthread_rwlock-write"),
    ("eresource-shared", "ExAcquireResourceSharedLite and release", 40, "pthread_rwlock-read"),
    ("push-lock-exclusive", "ExfAcquirePushLockExclusive and release", None, "pthread_rwlock-write"),
    ("push-lock-shared", "ExfAcquirePushLockShared and release", None, "pthread_rwlock-read"),
    ("kmutex", "KeWaitForSingleObject on a KMUTEX and release", 100, "pthread_mutex"),
    ("ksemaphore", "KeWaitForSingleObject on a KSEMAPHORE and release", None, "sem_t"),
    ("spin-lock", "KeAcquireSpinLock and release", None, "pthread_spin"),
    ("queued-spin-lock", "KeAcquireInStackQueuedSpinLock and release", None, "pthread_spin"),
    ("rundown", "ExAcquireRundownProtection and release", None, None),
    ("remove-lock", "IoAcquireRemoveLock and release", None, None),
    ("file-create-close", "CreateFile and CloseHandle of a file", None, "open-close"),
    ("file-create-close/instance", "what an instance of a minifilter adds to that", None, None),
    ("file-read-4k", "4 KiB out of the cache, and the file pointer set", None, "pread-4k"),
    ("file-read-4k/instance", "what an instance adds", None, None),
    ("file-write-4k", "4 KiB into the cache", None, "pwrite-4k"),
    ("file-write-4k/instance", "what an instance adds", None, None),
    ("file-list-10000", "all of a directory of 10,000 files", None, None),
    ("file-list-10000/instance", "what an instance adds", None, None),
    ("minifilter-load-unload", "FilterLoad and FilterUnload, with an instance on each volume", None, None),
    ("apc-to-self", "KeInsertQueueApc to the current thread until its routine has run", 100, "raise"),
]


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


def add_switch(rows, name, there_and_back, pair):
    """A thread switch: what is left of waking each other in turn when the waking and waiting is deducted."""
    if there_and_back in rows and pair in rows:
        rows[name] = rows[there_and_back] / 2 - rows[pair]
    return rows


def checked(command, **more):
    result = subprocess.run(command, capture_output=True, text=True, timeout=180, **more)
    if result.returncode != 0:
        sys.exit(f"bench: {' '.join(command)}: status {result.returncode}\n{result.stdout[-2000:]}{result.stderr[-2000:]}")
    return result.stdout


def boot(command, build, environment=None):
    """Nanoseconds from the exec of the command to the entry point of first.exe."""
    rows = parse(checked([f"{build}/bench/peer", *command, f"{build}/bench/first.exe"], env=environment))
    return (rows["entered"] / 1e7 - EPOCH - rows["started"]) * 1e9


def memory():
    """A folder of memory for Wine's disk, for ours is one; None: there is none with room for it."""
    try:
        room = os.statvfs("/dev/shm")
        return "/dev/shm" if room.f_bavail * room.f_frsize > 2 << 30 else None
    except OSError:
        return None


def wall(command, times=5):
    figures = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        figures.append((time.perf_counter() - start) * 1e9)
    return statistics.median(figures)


def run_ntlab(build):
    ntlab = [f"{build}/ntlab", "run"]
    rows = parse(checked([*ntlab, "--clock", "host", "--", f"{build}/bench/ntlabbench.exe", NTLAB_TIMES, "service", "C:\\ntlab\\ntlabbench.sys"]))
    for isolation in ("off", "keys", "pages"):
        result = subprocess.run([*ntlab, "--isolation", isolation, "--clock", "host", "--", f"{build}/bench/ntlabbench.exe",
                                 "100" if isolation == "pages" else NTLAB_TIMES, "isolation"], capture_output=True, text=True)
        if result.returncode == 0: # 2: no protection keys here
            rows[f"null-service/{isolation}"] = parse(result.stdout)["null-service"]
    rows["boot-to-client"] = statistics.median(boot([*ntlab, "--clock", "host", "--"], build) for _ in range(5))
    rows |= experiment([*ntlab, "--clock", "host", "--run-timeout", "150s", "--"], build)
    # Whole runs: processes, boot, (load, unload,) end.
    rows["run-empty"] = wall(ntlab)
    rows["run-one-driver"] = wall([*ntlab, f"{build}/bench/ntlabbench.sys"])
    run_files(build, ntlab, rows)
    return add_switch(rows, "context-switch", "kernel-ping-pong-1-cpu", "event-pair")


def experiment(command, build, environment=None, rounds=500000, timeout=180):
    """samples/critsec-vs-kernel: nanoseconds of two of its rows, as if with 500,000 rounds."""
    try:
        result = subprocess.run([*command, f"{build}/samples/critsec-vs-kernel/critsec-vs-kernel.exe", str(rounds), "time"], capture_output=True,
                                text=True, timeout=timeout, env=environment)
        text = result.stdout
    except subprocess.TimeoutExpired as late:
        text = (late.stdout or b"").decode(errors="replace")
    rows = {}
    for line in text.splitlines():
        match = re.match(r"  (critical section|custom lock: counter and event) +[\d.]+ +[\d.]+ +[\d.]+ +([\d.]+)", line)
        if match:
            rows["experiment-section" if match[1] == "critical section" else "experiment-custom"] = float(match[2]) * 1e6 * 500000 / rounds
    return rows


def run_files(build, ntlab, rows):
    """Files bare, and under two instances of a minifilter: half the difference is an instance's."""
    inf = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "samples", "passthrough", "two.inf")
    sample = f"{build}/samples/passthrough/passthrough.sys"
    bare = parse(checked([*ntlab, "--clock", "host", "--", f"{build}/bench/files.exe", "2000"]))
    two = parse(checked([*ntlab, "--clock", "host", "--inf", inf, sample, "--", f"{build}/bench/files.exe", "2000"]))
    rows.update(bare)
    rows.update({f"{name}/instance": (two[name] - bare[name]) / 2 for name in bare if name in two})
    with tempfile.TemporaryDirectory() as folder: # a driver that a client loads lies beside it
        shutil.copy(f"{build}/bench/filters.exe", folder)
        shutil.copy(sample, folder)
        rows.update(parse(checked([*ntlab, "--clock", "host", "--", f"{folder}/filters.exe", "passthrough"])))


def run_linux(build):
    rows = parse(checked([f"{build}/bench/peer"]))
    rows["fork+exec"] = wall(["true"])
    return add_switch(rows, "sem_t-switch", "sem_t-ping-pong-1-cpu", "sem_t")


def run_wine(build, prefix):
    wine = next((w for w in (shutil.which("wine64"), "/usr/lib/wine/wine64", shutil.which("wine")) if w and os.path.exists(w)), None)
    if wine is None:
        return {}
    environment = dict(os.environ, WINEPREFIX=prefix, WINEDEBUG="-all", DISPLAY="")
    path = "Z:" + os.path.abspath(f"{build}/bench/ntlabbench.sys").replace("/", "\\")
    try:
        result = subprocess.run([wine, f"{build}/bench/ntlabbench.exe", WINE_TIMES, "service", path], capture_output=True, text=True,
                                timeout=180, env=environment)
    except subprocess.TimeoutExpired as late:
        return parse((late.stdout or b"").decode(errors="replace"))
    rows = parse(result.stdout)
    rows |= experiment([wine], build, environment, rounds=5000, timeout=60)
    try:
        rows.update(parse(subprocess.run([wine, f"{build}/bench/files.exe", WINE_TIMES], capture_output=True, text=True, timeout=180,
                                         env=environment).stdout))
        rows["boot-to-client"] = boot([wine], build, environment)
    except (KeyError, subprocess.TimeoutExpired):
        pass
    return add_switch(rows, "context-switch", "kernel-ping-pong-1-cpu", "event-pair")


def main():
    arguments = [a for a in sys.argv[1:] if a != "--json"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    build = arguments[0]
    if not os.path.exists(f"{build}/ntlab"):
        sys.exit(f"bench: no ntlab in {build}\n\n{__doc__}")
    rounds = {"ntlab": [], "wine": [], "linux": []}
    with tempfile.TemporaryDirectory(dir=memory()) as prefix:
        for _ in range(ROUNDS):
            rounds["ntlab"].append(run_ntlab(build))
            rounds["linux"].append(run_linux(build))
            rounds["wine"].append(run_wine(build, prefix))
        if shutil.which("wineserver"):
            subprocess.run(["wineserver", "-k"], env=dict(os.environ, WINEPREFIX=prefix), capture_output=True)

    verifier = verifier_cost.costs(build)
    searches = search_speed.speeds(build)

    def median(who, name):
        values = [r[name] for r in rounds[who] if name in r]
        return statistics.median(values) if values else None

    table = []
    for name, what, aim, linux_name in ROWS:
        row = {"name": name, "what": what, "aim_ns": aim, "ntlab_ns": median("ntlab", name), "wine_ns": median("wine", name),
               "linux": linux_name, "linux_ns": median("linux", linux_name)}
        for peer in ("wine", "linux"):
            row[f"{peer}_ratio"] = row[f"{peer}_ns"] / row["ntlab_ns"] if row["ntlab_ns"] and row[f"{peer}_ns"] else None
        table.append(row)
    if "--json" in sys.argv:
        json.dump({"rounds": ROUNDS, "machine": os.uname().release, "processors": os.cpu_count(), "figures": table,
                   "verifier": {name: {"plain_ns": plain, "verified_ns": verified} for name, (plain, verified) in verifier.items()},
                   "searches": {name: {"runs_per_second": own, "relacy_per_second": other} for name, (own, other) in searches.items()}},
                  sys.stdout, indent=2)
        print()
        return

    def cell(value):
        return "-" if value is None else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"

    def ratio(value):
        return "-" if value is None else f"{value:,.1f}x" if value < 10 else f"{value:,.0f}x"

    print(f"{'nanoseconds':27}{'ntlab':>12}{'aim':>12}{'wine':>14}{'ratio':>8}{'linux':>12}{'ratio':>8}  what Linux has")
    for row in table:
        late = " " if not row["aim_ns"] or not row["ntlab_ns"] or row["ntlab_ns"] <= row["aim_ns"] else "!"
        print(f"{row['name']:27}{cell(row['ntlab_ns']):>12}{late}{cell(row['aim_ns']):>11}{cell(row['wine_ns']):>14}{ratio(row['wine_ratio']):>8}"
              f"{cell(row['linux_ns']):>12}{ratio(row['linux_ratio']):>8}  {row['linux'] or ''}")
    print("\nWhat the verifier adds (--verifier standard):")
    print("\n".join(verifier_cost.lines(verifier)))
    print("\nComplete runs of a search per second, in one worker:")
    print("\n".join(search_speed.lines(searches)))


main()
