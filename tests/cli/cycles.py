#!/usr/bin/env python3
"""A minifilter comes and goes while programs work with files: cycles.py NTLAB CLIENT FILTER.sys [RUNS]

Each run is four cycles of load, attach, write and read, detach and unload, beside two programs that make, write, read, rename
and delete files; schedules are drawn at random (ntlab explore --strategy random). All of it twice: each schedule comes out as it
did before. Then a long run, and what is left of memory after it: as much as after a short one. RUNS: 12; 2500 are 10,000 cycles.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

NTLAB, CLIENT, FILTER = sys.argv[1:4]
RUNS = int(sys.argv[4]) if len(sys.argv) > 4 else 12


def ntlab(*words, timeout=36000):
    done = subprocess.run([NTLAB, *words], capture_output=True, text=True, timeout=timeout)
    return done.returncode, done.stdout + done.stderr


def clients(folder, loads, works):
    client = os.path.join(folder, "cycle-client.exe")
    return [word for line in (f"load passthrough {loads}", f"work {works}", f"work {works}") for word in ("--client", f"admin:{client} {line}")]


def live(folder, loads):
    """Blocks that were allocated and not freed, by tag, at the end of a run; and the tag of what was lost of the trace."""
    trace = os.path.join(folder, "trace")
    status, text = ntlab("run", "--trace", trace, *clients(folder, loads, 2))
    blocks, lost = {}, 0
    for line in open(trace, encoding="utf-8"):
        event = json.loads(line)
        lost += event.get("lost", 0)
        if event.get("event") == "pool_alloc":
            blocks[event["object"]] = event["args"][1]
        elif event.get("event") == "pool_free":
            blocks.pop(event["object"], None)
    tags = {}
    for tag in blocks.values():
        tags[tag.to_bytes(4, "little")] = tags.get(tag.to_bytes(4, "little"), 0) + 1
    return status, text, tags, lost


def explored(folder):
    """All runs, and what they came to: the digest is of every run's trace."""
    report = os.path.join(folder, "report.json")
    status, text = ntlab("explore", "--strategy", "random", "--budget", f"{RUNS}runs", "--inject", "writeback", "--json", report, "--out",
                         os.path.join(folder, "out"), *clients(folder, 4, 6))
    if status != 0 or f"{RUNS} runs" not in text:
        print(text[-4000:])
        sys.exit(1)
    search = json.load(open(report, encoding="utf-8"))["search"]
    return search["digest"], search["sample"], search["traces"]


def main():
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(CLIENT, os.path.join(folder, "cycle-client.exe"))
        shutil.copy(FILTER, os.path.join(folder, "passthrough.sys"))
        digests = [explored(folder), explored(folder)]
        if digests[0] != digests[1]:
            print(f"the same schedules came out otherwise the second time: {digests}")
            sys.exit(1)
        found = []
        for loads in (4, 8): # enough for the loading program to be the last that ends: that one's token is still there
            status, text, tags, lost = live(folder, loads)
            if status != 0 or lost != 0:
                print(f"{loads} cycles: status {status}, {lost} events lost\n{text[-2000:]}")
                sys.exit(1)
            found.append(tags)
        more = {tag: (count, found[0].get(tag, 0)) for tag, count in found[1].items() if count != found[0].get(tag, 0)}
        if more:
            print(f"left after 8 cycles, and after 4: {more}")
            sys.exit(1)
    print(f"{RUNS} runs, {4 * RUNS} cycles; nothing is left behind")


main()
