#!/usr/bin/env python3
"""Both orders of what two threads do are found, whichever is made first: check_orders.py NTLAB CLIENT [KIND...]

Each kind of orders-client.c ends with 0 or 1, by who was first at what the threads share. A search that takes the two steps for independent
says `exhausted` with one of the two. dpor and odpor come to the same number of traces.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

ALWAYS = {"locks"}  # end with 0 in each order
INJECT = {"lazy": "writeback"}  # what the other end needs, else none; who is made first is the same there, and dear
failed = 0
ntlab, client = (os.path.abspath(path) for path in sys.argv[1:3])
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "orders-client.c"), encoding="utf-8") as source:
    kinds = sys.argv[3:] or re.findall(r'^    \{"(\w+)", ', source.read(), re.M)
for kind in kinds:
    for turned in ([], ["turned"]) if kind not in INJECT else ([],):
        traces = []
        for strategy in ("dpor", "odpor"):
            with tempfile.TemporaryDirectory() as folder:
                words = ["explore", "--inject", INJECT.get(kind, "none"), "--keep-going", "--budget", "10000runs", "--strategy", strategy, "--json", "out.json",
                         "--", client, kind, *turned]
                run = subprocess.run([ntlab, *words], capture_output=True, text=True, errors="replace", cwd=folder)
                with open(os.path.join(folder, "out.json"), encoding="utf-8") as out:
                    search = json.load(out)["search"]
            traces.append(search["traces"])
            ends = search["bad"] == 0 if kind in ALWAYS else 0 < search["bad"] < search["traces"]
            if run.returncode != (kind not in ALWAYS) or search["outcome"] != "exhausted" or not ends:
                failed += 1
                print(f"not ok {kind} {' '.join(turned)} {strategy}: status {run.returncode}, {search}\n{run.stderr[-1500:]}")
        if traces[0] != traces[1]:
            failed += 1
            print(f"not ok {kind} {' '.join(turned)}: {traces[0]} traces by dpor, {traces[1]} by odpor")
print(f"{len(kinds)} kinds, {failed} failed")
sys.exit(failed != 0)
