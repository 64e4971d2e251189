#!/usr/bin/env python3
"""Makes nt/rtl/unicodetable.c: case mapping and the two code pages of a US system.

gen_unicode.py > nt/rtl/unicodetable.c       (the result is checked in: it must not follow the host's Python)

Case: one code unit to one, no locale. A pair counts if it can be undone (lower(upper(c)) == c), as in the
tables of the system: U+0131, U+017F and U+00B5 stay as they are. The final sigma is the known exception.
Scripts that got case after the system's tables were made (Cherokee, Georgian) are left out.
"""
import sys
import unicodedata

LATER = [range(0x10A0, 0x1100), range(0x13A0, 0x1400), range(0x1C80, 0x1CC0), range(0xAB30, 0xABC0)]


def simple(c, what):
    mapped = getattr(c, what)()
    if len(mapped) != 1:
        mapped = c.title() if what == "upper" else c
    if len(mapped) != 1 or ord(mapped) > 0xFFFF:
        return c
    return mapped


def case_map(what, back):
    table = {}
    for code in range(0x10000):
        if 0xD800 <= code < 0xE000 or any(code in r for r in LATER):
            continue
        c = chr(code)
        mapped = simple(c, what)
        if mapped != c and not any(ord(mapped) in r for r in LATER) and simple(mapped, back) == c:
            table[code] = (ord(mapped) - code) & 0xFFFF
    if what == "upper":
        table[0x3C2] = (0x3A3 - 0x3C2) & 0xFFFF
    return table


def emit_rows(values, per_line, width):
    for start in range(0, len(values), per_line):
        print("    " + ", ".join(f"0x{v:0{width}X}" for v in values[start:start + per_line]) + ",")


def emit_case(name, table):
    pages = sorted({code >> 8 for code in table})
    index = [pages.index(p) + 1 if p in pages else 0 for p in range(256)]
    print(f"\nconst UCHAR Rtlp{name}Page[256] = {{")
    emit_rows(index, 16, 2)
    print("};")
    print(f"\nconst USHORT Rtlp{name}Delta[{len(pages) + 1}][256] = {{\n    {{0}},")
    for page in pages:
        print(f"    {{ /* U+{page:02X}xx */")
        emit_rows([table.get(page << 8 | i, 0) for i in range(256)], 14, 4)
        print("    },")
    print("};")


def emit_code_page(name, codec):
    forward = []
    for byte in range(128, 256):
        try:
            forward.append(ord(bytes([byte]).decode(codec)))
        except UnicodeDecodeError:
            forward.append(byte)  # 1252 maps its five holes to the C1 controls
    print(f"\n/* Bytes 0x80..0xFF of code page {name[2:]}. */\nconst WCHAR Rtlp{name}ToUnicode[128] = {{")
    emit_rows(forward, 14, 4)
    print("};")
    back = sorted((u, b + 128) for b, u in enumerate(forward))
    print(f"\n/* The same by code unit, for binary search. */\nconst RTLP_CODE_PAIR RtlpUnicodeTo{name}[128] = {{")
    for start in range(0, 128, 6):
        print("    " + ", ".join(f"{{0x{u:04X}, 0x{b:02X}}}" for u, b in back[start:start + 6]) + ",")
    print("};")


print("/*\n * unicodetable.c - case mapping and code pages 1252 and 437.\n"
      f" * Made by tools/gen_unicode.py from Unicode {unicodedata.unidata_version}; do not edit.\n */")
print("// clang-format off")
print('#include "nt/rtl/rtlp.h"')
print('#include "nt/rtl/unicodetable.h"')
emit_case("Upper", case_map("upper", "lower"))
emit_case("Lower", case_map("lower", "upper"))
emit_code_page("Cp1252", "cp1252")
emit_code_page("Cp437", "cp437")
