#!/usr/bin/env python3
"""Mutable globals of a kernel component live in its <component>data.c, so that a snapshot and a reader can name them.

globals.py NM OBJECT-FOLDER: looks at the symbols of every object of ntoskrnl.exe. Function-local statics are globals too.
"""
import os
import re
import subprocess
import sys


def main():
    nm, folder = sys.argv[1:3]
    objects = [o for o in sorted(os.listdir(folder)) if o.endswith(".obj")]
    wrong = 0
    for name in objects:
        if re.search(r"data\.c\.obj$", name):
            continue
        text = subprocess.run([nm, "--defined-only", os.path.join(folder, name)], capture_output=True, text=True, check=True).stdout
        for line in text.splitlines():
            words = line.split()
            if len(words) == 3 and words[1] in "bBdDC" and not words[2].startswith("."):
                wrong += 1
                print(f"{name.removesuffix('.obj').replace('_', '/', 1)}: {words[2]} is mutable and not in a …data.c")
    print(f"{len(objects)} objects, {wrong} globals in the wrong place")
    sys.exit(1 if wrong or not objects else 0)


main()
