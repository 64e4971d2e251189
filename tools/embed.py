#!/usr/bin/env python3
"""Files as C arrays: embed.py OUT NAME=FILE... Each becomes `static const char NAME[]`, ended by a zero."""
import sys

with open(sys.argv[1], "w", encoding="ascii") as out:
    for word in sys.argv[2:]:
        name, _, path = word.partition("=")
        content = open(path, "rb").read() + b"\0"
        out.write(f"static const char {name}[] = {{\n")
        for at in range(0, len(content), 24):
            out.write(" ".join(f"{byte - 256 if byte > 127 else byte}," for byte in content[at:at + 24]) + "\n")
        out.write("};\n")
