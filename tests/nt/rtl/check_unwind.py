#!/usr/bin/env python3
"""Every instruction of a PE image that moves rsp lies in a function with unwind data.

check_unwind.py IMAGE [OBJDUMP]     status 0: so it is; 1: the instructions that do not
Leaf functions need none, and have none of these instructions. Without unwind data an exception would walk
over a wrong frame; `-ffreestanding` alone, for one, drops the data of ordinary functions.
"""
import re
import struct
import subprocess
import sys


def exception_directory(image):
    data = open(image, "rb").read()
    pe = struct.unpack_from("<I", data, 0x3C)[0]
    sections, opt_size = struct.unpack_from("<H", data, pe + 6)[0], struct.unpack_from("<H", data, pe + 20)[0]
    base = struct.unpack_from("<Q", data, pe + 0x30)[0]
    rva, size = struct.unpack_from("<II", data, pe + 0x88 + 3 * 8)
    table = pe + 24 + opt_size
    for i in range(sections):
        vsize, va, raw_size, raw = struct.unpack_from("<IIII", data, table + i * 40 + 8)
        if va <= rva < va + max(vsize, raw_size):
            at = raw + rva - va
            break
    else:
        sys.exit(f"{image}: no exception directory")
    ranges = [struct.unpack_from("<III", data, at + i)[:2] for i in range(0, size, 12)]
    if ranges != sorted(ranges):
        sys.exit(f"{image}: the exception directory is not sorted")
    return base, ranges


# Entry code that runs before there is a kernel frame, and a patch's two instructions that cannot fault.
EXEMPT = {"KiSystemCall64", "KiSystemCall64Observed", "KiPatchCr8Read"}
MOVES = re.compile(r"^(push|pop|enter|leave)|^(add|sub|and|lea|mov|xchg)q?\s.*%rsp$")


def main():
    image = sys.argv[1]
    objdump = sys.argv[2] if len(sys.argv) > 2 else "llvm-objdump-19"
    base, ranges = exception_directory(image)
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", image], check=True, capture_output=True, text=True).stdout
    bad, moving, at, symbol = [], 0, 0, "?"
    for line in text.splitlines():
        name = re.match(r"[0-9a-f]+ <(.*)>:", line)
        if name:
            symbol = name.group(1)
        match = re.match(r"\s*([0-9a-f]+):\s+(.*)", line)
        if not match or not MOVES.match(match.group(2).strip()):
            continue
        moving += 1
        rva = int(match.group(1), 16) - base
        while at < len(ranges) and ranges[at][1] <= rva:
            at += 1
        if (at == len(ranges) or rva < ranges[at][0]) and symbol not in EXEMPT:
            bad.append(f"{symbol}: {match.group(1)}: {match.group(2).strip()}")
    for line in bad:
        print(line)
    print(f"{len(ranges)} functions, {moving} instructions that move rsp, {len(bad)} of them without unwind data")
    return 1 if bad or not moving else 0


sys.exit(main())
