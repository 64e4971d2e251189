#!/usr/bin/env python3
"""What WPP's preprocessor would have made: make_tmh.py OUT SOURCES...

A source that traces with WPP includes NAME.tmh, which Windows' tracewpp writes from the trace functions that a header
declares between begin_wpp and end_wpp. ntlab has no reader of such traces: here the functions' arguments are evaluated
nowhere, and WPP_INIT_TRACING and WPP_CLEANUP do nothing. OUT is the folder for the .tmh files.
"""
import os
import re
import sys

HEAD = """/* Made by make_tmh.py: traces go nowhere. */
#ifndef NTLAB_TMH
#define NTLAB_TMH
#ifndef WPP_INIT_TRACING
#define WPP_INIT_TRACING(...) ((void)0)
#endif
#ifndef WPP_CLEANUP
#define WPP_CLEANUP(...) ((void)0)
#endif
#ifndef WPP_RECORDER_INITIALIZE
#define WPP_RECORDER_INITIALIZE(...) ((void)0)
#endif
"""


def headers(sources):
    seen = set()
    queue = [os.path.abspath(s) for s in sources]
    while queue:
        path = queue.pop()
        if path in seen or not os.path.isfile(path):
            continue
        seen.add(path)
        text = open(path, encoding="utf-8", errors="replace").read()
        yield path, text
        folder = os.path.dirname(path)
        for name in re.findall(r'^\s*#\s*include\s*"([^"]+)"', text, re.M):
            name = name.replace("\\", "/")
            for other in (os.path.join(folder, name), os.path.join(folder, "..", "inc", os.path.basename(name)),
                          os.path.join(folder, "..", os.path.basename(name))):
                queue.append(os.path.abspath(other))


def main():
    out, sources = sys.argv[1], sys.argv[2:]
    names, functions = set(), {"DoTraceMessage"}
    for _, text in headers(sources):
        names.update(os.path.basename(n) for n in re.findall(r'#\s*include\s*["<]([^">]+\.tmh)[">]', text))
        for block in re.findall(r"begin_wpp\s+config(.*?)end_wpp", text, re.S):
            for line in re.findall(r"^[/\s*]*FUNC\s+(\w+)", block, re.M):
                functions.add(line)
    body = HEAD + "".join(f"#ifndef {f}\n#define {f}(...) ((void)0)\n#endif\n" for f in sorted(functions)) + "#endif\n"
    os.makedirs(out, exist_ok=True)
    for name in sorted(names):
        path = os.path.join(out, name)
        if not os.path.exists(path) or open(path, encoding="utf-8").read() != body:
            with open(path, "w", encoding="utf-8") as file:
                file.write(body)


main()
