#!/usr/bin/env python3
"""What a driver has said that the report must tell: told.py NTLAB DRIVER (told.c).

`told THREAD: TEXT`: TEXT stands in the part of the report that is that thread's; of thread 0 anywhere.
"""
import re
import subprocess
import sys


def main():
    said = subprocess.run([sys.argv[1], "run", sys.argv[2]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, text=True, errors="replace").stdout
    report = "\n".join(line for line in said.splitlines() if not line.startswith("told ")).lower()
    parts = {"0" * 16: report, **{part[7:23]: part.split("\n\n")[0] for part in re.split(r"\n(?=thread )", report)[1:]}}
    told = [found.groups() for found in re.finditer(r"^told (\w+): (.*)$", said, re.M)]
    missing = [f"{thread}: {text}" for thread, text in told
               if not re.search(re.escape(text.lower()) + r"(?![0-9a-f])" * text[-1].isalnum(), parts.get(thread.lower(), ""))]
    for what in missing:
        print(f"FAIL the report does not say of {what}")
    if missing or len(told) < 10:
        print(said)
    print(f"{len(told)} said, {len(missing)} missing")
    sys.exit(bool(missing) or len(told) < 10)


main()
