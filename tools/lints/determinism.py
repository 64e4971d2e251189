#!/usr/bin/env python3
"""One door: nothing of the host that differs from run to run reaches a worker.

determinism.py NM OBJECT-FOLDER: the objects of the machine, but for the supervisor, must not refer to clocks, random
numbers or process ids. What reads the host's clock for `--clock host` is a system call by number (hypercall.c).
"""
import os
import subprocess
import sys

FORBIDDEN = {"rand", "srand", "random", "srandom", "rand_r", "drand48", "getrandom", "getentropy", "arc4random", "time", "clock",
             "gettimeofday", "clock_gettime", "getpid", "gettid", "getppid", "gethostname", "sysconf", "getenv", "secure_getenv",
             "pthread_create", "get_nprocs"}
SUPERVISOR = ("supervisor.c", "run_request.c")


def main():
    nm, folder = sys.argv[1:3]
    seen = wrong = 0
    for name in sorted(os.listdir(folder)):
        if not name.startswith(("host_machine_", "host_image_", "host_explore_")) or not name.endswith(".o") or any(s in name for s in SUPERVISOR):
            continue
        seen += 1
        text = subprocess.run([nm, "--undefined-only", os.path.join(folder, name)], capture_output=True, text=True, check=True).stdout
        for line in text.splitlines():
            symbol = line.split()[-1].split("@")[0]
            if symbol in FORBIDDEN:
                wrong += 1
                print(f"{name.removesuffix('.o')}: {symbol}")
    print(f"{seen} objects, {wrong} references")
    sys.exit(1 if wrong or not seen else 0)


main()
