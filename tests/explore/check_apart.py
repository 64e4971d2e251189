#!/usr/bin/env python3
"""A process's memory is no other's and no other run's, in any search: check_apart.py NTLAB FOLDER

Most runs of a search that samples leave processes open to each other (host/explore/inside.h, X12). So a driver that uses an address in
the wrong process is found by the other runs; what could happen only where processes are open must not count, nor be told. Pages that a
process had in one of them stay open for the next run: where that one only reserves them they fault.
"""
import json
import os
import subprocess
import sys
import tempfile

RUNS = 200


def search(ntlab, folder, program, scratch, *options):
    client = f"{folder}/control-client.exe Apart 0"
    subprocess.run([ntlab, "explore", "--keep-going", "--budget", f"{RUNS}runs", "--inject", "none", "--json", f"{scratch}/json", *options,
                    f"{folder}/explore-apart-{program}.sys", "--client", f"user:{client}", "--client", f"admin:{client}"],
                   cwd=scratch, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return json.load(open(f"{scratch}/json"))


def reserved(ntlab, folder, scratch, jobs):
    subprocess.run([ntlab, "explore", "--keep-going", "--budget", f"{RUNS}runs", "--inject", "none", "--json", f"{scratch}/json", "--strategy", "random",
                    "--jobs", jobs, "--client", f"user:{folder}/reserved-client.exe"], cwd=scratch, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return json.load(open(f"{scratch}/json"))["search"]


def main():
    ntlab, folder = (os.path.abspath(p) for p in sys.argv[1:3])
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        for strategy in ("random", "pct"):
            for jobs in ("1", "2"):
                options = ("--strategy", strategy, "--jobs", jobs)
                bare = search(ntlab, folder, "bare", scratch, *options)
                told = [f.get("code", f.get("bugcheck", {}).get("code")) for f in bare["findings"]]
                if bare["search"]["runs"] != RUNS or bare["search"]["bad"] == 0 or len(bare["findings"]) == 0:
                    wrong += 1
                    print(f"apart {strategy} jobs {jobs}: the wrong process's address was not found: {bare['search']['bad']} of {RUNS} runs, {told}")
                caught = search(ntlab, folder, "caught", scratch, *options)
                if caught["search"]["runs"] != RUNS or caught["search"]["bad"] != 0 or len(caught["findings"]) != 0:
                    wrong += 1
                    print(f"apart {strategy} jobs {jobs}: the other process's memory was read: {caught['search']['bad']} of {RUNS} runs")
        one, two = (reserved(ntlab, folder, scratch, jobs) for jobs in ("1", "2"))
        if not RUNS / 4 < one["bad"] < RUNS * 3 / 4 or (one["bad"], one["digest"]) != (two["bad"], two["digest"]):
            wrong += 1
            print(f"apart: what was only reserved faulted in {one['bad']} and {two['bad']} of {RUNS} runs, in half of them it must")
    print(f"apart: {wrong} wrong")
    return wrong != 0


sys.exit(main())
