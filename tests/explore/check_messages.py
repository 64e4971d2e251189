#!/usr/bin/env python3
"""Both orders of two writers' messages are found, for a pipe and for a mailslot: check_messages.py NTLAB CLIENT"""
import json
import os
import subprocess
import sys
import tempfile

failed = 0
ntlab, client = (os.path.abspath(path) for path in sys.argv[1:])
for kind in ("pipe", "mailslot"):
    with tempfile.TemporaryDirectory() as folder:
        words = ["explore", "--inject", "none", "--keep-going", "--budget", "3000runs", "--json", "out.json", "--", client, kind]
        run = subprocess.run([ntlab, *words], capture_output=True, text=True, cwd=folder)
        with open(os.path.join(folder, "out.json"), encoding="utf-8") as out:
            search = json.load(out)["search"]
        # Some orders end with 1, the others with 0.
        good = run.returncode == 1 and search["outcome"] == "exhausted" and 0 < search["bad"] < search["traces"]
        if not good:
            failed += 1
            print(f"not ok {kind}: status {run.returncode}, {search}\n{run.stderr[-1500:]}")
print(f"{2 - failed} passed, {failed} failed")
sys.exit(failed != 0)
