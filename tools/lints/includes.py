#!/usr/bin/env python3
"""Who may include what: three circles, abi < nt/inc < a component's own headers. nt never sees host, nor the reverse.

includes.py ROOT. What is between <> is a system header and of no interest, but in abi/.
"""
import os
import re
import sys

ROOT = os.path.abspath(sys.argv[1])
# A folder, and which folders its files may include from beside themselves. The first row that fits counts.
RULES = [
    ("abi/", ["abi/"]),
    ("nt/inc/", ["nt/inc/", "abi/"]),
    ("nt/rtl/", ["nt/inc/", "abi/"]),
    ("nt/", ["nt/inc/", "abi/"]),
    ("drivers/", []),  # what a driver of anybody may include
    ("user/", ["user/", "nt/inc/", "nt/rtl/", "abi/"]),  # ntdll and msvcrt share the run time with the kernel
    ("host/", ["host/", "abi/"]),
    ("tests/host/", ["host/", "abi/", "tests/host/"]),
    ("tests/nt/", ["tests/nt/"]),  # a test driver loads on Windows as well
    ("tests/user/", ["tests/user/", "tests/nt/"]),
    ("samples/", []),
]
GENERATED = {"exports.h", "services.h", "vfrules.h", "vfhost.h", "rulehelp.h", "page.inc", "servicetypes.h", "servicestatuses.h"}
ABI_SYSTEM = {"stdint.h", "stddef.h"}


def rule(path):
    return next((allowed for folder, allowed in RULES if path.startswith(folder)), None)


def main():
    wrong = seen = 0
    for top in ("abi", "nt", "drivers", "user", "host", "tests", "samples"):
        for folder, _, files in os.walk(os.path.join(ROOT, top)):
            for name in sorted(files):
                path = os.path.relpath(os.path.join(folder, name), ROOT)
                allowed = rule(path)
                if allowed is None or not name.endswith((".c", ".h", ".S", ".inc", ".cpp")):
                    continue
                own = os.path.dirname(path) + "/"
                for number, line in enumerate(open(os.path.join(ROOT, path), encoding="utf-8", errors="replace"), 1):
                    found = re.match(r'\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', line)
                    if not found:
                        continue
                    seen += 1
                    quoted, system = found.groups()
                    problem = None
                    if system:
                        if path.startswith("abi/") and system not in ABI_SYSTEM:
                            problem = f"<{system}> in the border's headers"
                    elif quoted not in GENERATED:
                        near = os.path.normpath(os.path.join(own, quoted))
                        target = next((t for t in (near, os.path.join("tests/nt", quoted)) if os.path.exists(os.path.join(ROOT, t))),
                                      os.path.normpath(quoted))
                        if not target.startswith(own) and not any(target.startswith(a) for a in allowed):
                            problem = f'"{quoted}" is not for {own}'
                    if problem:
                        wrong += 1
                        print(f"{path}:{number}: {problem}")
    print(f"{seen} includes, {wrong} wrong")
    sys.exit(1 if wrong or not seen else 0)


main()
