#!/usr/bin/env python3
"""What each request cost, counted from a run's trace: trace_costs.py TRACE.jsonl

For each kind of request (major function, control code, driver routine): how many, and per request the bytes that the I/O
manager copied, the pages that it locked and mapped, the pool blocks it took. Nothing is asked of the driver, so one that
says it does direct I/O and copies all the same is seen.
"""
import collections
import json
import sys

MAJOR = {0: "create", 3: "read", 4: "write", 14: "device control", 18: "cleanup", 2: "close", 13: "fs control"}
METHOD = ["buffered", "in direct", "out direct", "neither"]


def main():
    events = map(json.loads, open(sys.argv[1], encoding="utf-8"))
    head = next(events)
    if head["lost"]:
        print(f"the first {head['lost']} events are lost", file=sys.stderr)
    pending = collections.defaultdict(collections.Counter)  # by agent: what it did since its last request ended
    open_call = {}
    total = collections.defaultdict(collections.Counter)
    for event in events:
        agent, kind, args = event["agent"], event["event"], event["args"]
        counts = pending[agent]
        if kind == "copy":
            counts["copied"] += args[0]
        elif kind == "pages_lock":
            counts["locked"] += args[0]
        elif kind == "pages_map":
            counts["mapped"] += args[0]
        elif kind == "pool_alloc":
            counts["pool blocks"] += 1
        elif kind == "driver_call":
            major = args[0] >> 8
            name = MAJOR.get(major, f"major {major}")
            if major == 14:
                name += f" {args[2]:#x} ({METHOD[args[2] & 3]})"
            open_call[agent] = (name, f"{args[3]:#x}", event["object"])
        elif kind in ("irp_complete", "driver_return") and agent in open_call:
            if kind == "driver_return":
                key = open_call.pop(agent)
                total[key]["requests"] += 1
                total[key].update(counts)
                pending[agent] = collections.Counter()
    print(f"{'request':40}{'device':>22}{'count':>7}{'copied':>9}{'locked':>8}{'mapped':>8}{'pool':>6}   per request")
    for (name, _, device), row in sorted(total.items()):
        n = row["requests"]
        print(f"{name:40}{device:>22}{n:>7}{row['copied'] / n:>9.0f}{row['locked'] / n:>8.1f}{row['mapped'] / n:>8.1f}{row['pool blocks'] / n:>6.1f}")


main()
