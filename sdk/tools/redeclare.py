#!/usr/bin/env python3
"""Compiles C whose routines are declared with other parameters than they are defined with: redeclare.py COMMAND WORDS...

MSVC warns of it (C4028) and goes on; clang ends with "conflicting types". Where that is all that clang finds, it is run again
on sources in which those declarations, and nothing else, have the definition's parameters; lines stay where they are.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

PLACE = re.compile(r"^(.+?):(\d+):(\d+): (error|fatal error|note): (.*)$")
TOKEN = re.compile(r"/\*.*?\*/|//[^\n]*|[()]", re.S)


def conflicts(text):
    """For each name the places (file, line, column) of the declaration and of what it should be; None: something else is wrong as well."""
    found, waiting = set(), None
    for line in text.splitlines():
        match = PLACE.match(line)
        if not match:
            continue
        place, said = (os.path.abspath(match[1]), int(match[2]), int(match[3])), match[5]
        conflict = re.match(r"conflicting types for '(\w+)'", said)
        previous = re.match(r"previous (declaration|definition) is here", said)
        if match[4] != "note" and not conflict:
            return None
        if conflict:
            waiting = (conflict[1], place)
        elif waiting and previous:
            name, later = waiting
            found.add((name, place, later) if previous[1] == "declaration" else (name, later, place))
            waiting = None
    return found


def parameters(text, line, column, name):
    """Where the parameters that follow the name at that place begin and end; None: it has none."""
    at = sum(len(l) for l in text.splitlines(True)[: line - 1]) + column - 1
    start = re.compile(re.escape(name) + r"\s*\(").match(text, at)
    depth = 1
    for token in TOKEN.finditer(text, start.end()) if start else ():
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0:
            return start.end(), token.start()
    return None


def patched(found, folder):
    """An overlay in which those declarations have the other's parameters; None: there are none."""
    read, changes = {}, {}
    for name, declared, defined in found:
        lists = []
        for path, line, column in (declared, defined):
            if path not in read:
                with open(path, encoding="latin-1", newline="") as file:
                    read[path] = file.read()
            lists.append(parameters(read[path], line, column, name))
        if None in lists:
            return None
        new = read[defined[0]][slice(*lists[1])]
        new = " ".join(TOKEN.sub(lambda token: token[0] if token[0] in "()" else " ", new).split())
        changes.setdefault(declared[0], []).append((lists[0], new))
    roots = []
    for number, (path, edits) in enumerate(changes.items()):
        text = read[path]
        for (begin, end), new in sorted(edits, reverse=True):
            text = text[:begin] + new + "\n" * text[begin:end].count("\n") + text[end:]
        copy = os.path.join(folder, f"{number}-{os.path.basename(path)}")
        with open(copy, "w", encoding="latin-1", newline="") as file:
            file.write(text)
        roots.append({"type": "file", "name": path, "external-contents": copy})
    overlay = os.path.join(folder, "overlay.yaml")
    with open(overlay, "w", encoding="utf-8") as file:
        json.dump({"version": 0, "case-sensitive": "false", "use-external-names": "false", "roots": roots}, file)
    return overlay


def main():
    words = sys.argv[1:]
    told = subprocess.run(words + ["-fno-color-diagnostics", "-fdiagnostics-absolute-paths", "-ferror-limit=0"], stderr=subprocess.PIPE)
    found = conflicts(told.stderr.decode("utf-8", "replace"))
    with tempfile.TemporaryDirectory() as folder:
        overlay = patched(found, folder) if told.returncode != 0 and found else None
        sys.exit(subprocess.run(words + (["-ivfsoverlay", overlay] if overlay else [])).returncode)


main()
