#!/usr/bin/env python3
"""Headers whatever the case of their names: make_overlay.py OUT.yaml FOLDER...

Windows sources include <FltKernel.h>, "NTDDK.H" and so on. clang's -ivfsoverlay takes a list of files that it then finds
without regard to case; this makes it, for the headers in each folder (and below it).
"""
import json
import os
import sys


def tree(folder):
    contents = []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if os.path.isdir(path):
            inner = tree(path)
            if inner:
                contents.append({"type": "directory", "name": name, "contents": inner})
        elif name.lower().endswith((".h", ".hpp", ".inl", ".inc")):
            contents.append({"type": "file", "name": name, "external-contents": path})
    return contents


def main():
    out, folders = sys.argv[1], sys.argv[2:]
    roots = [{"type": "directory", "name": os.path.abspath(f), "contents": tree(os.path.abspath(f))} for f in folders if os.path.isdir(f)]
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"version": 0, "case-sensitive": "false", "roots": roots}, file)


main()
