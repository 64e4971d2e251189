#!/usr/bin/env python3
"""The types of the system services' parameters, for `ntlab syscalls`: from nt/services.tsv and the definitions in nt/.

gen_servicetypes.py ROOT NTSTATUS.h OUT_types.h OUT_statuses.h

One line for each service: {number, "Name", "TName,TName,..."}; T says how the value is printed:
    h handle   H where a handle is stored   x hexadecimal   d 32 bits, decimal   w hexadecimal   b BOOLEAN   m access mask   p pointer   s status
    O OBJECT_ATTRIBUTES   S UNICODE_STRING   t time-out   i IO_STATUS_BLOCK   U where a ULONG is stored   Q 8 bytes likewise
"""
import glob
import re
import sys

FIRST_OWN, LIMIT = 0x100, 0x200
KINDS = [
    (r"POBJECT_ATTRIBUTES", "O"), (r"PUNICODE_STRING|PCUNICODE_STRING", "S"), (r"PLARGE_INTEGER", "t"), (r"PIO_STATUS_BLOCK", "i"),
    (r"PHANDLE|HANDLE\*", "H"), (r"HANDLE", "h"), (r"ACCESS_MASK", "m"), (r"BOOLEAN", "b"), (r"NTSTATUS", "s"),
    (r"PULONG|PLONG|PNTSTATUS|NTSTATUS\*", "U"), (r"PVOID\*|PULONG_PTR|PSIZE_T|PULONG64", "Q"), (r".*\*|P[A-Z_0-9]+|PCONTEXT", "p"),
    (r"SIZE_T|U?LONG_PTR|U?LONG64|U?LONGLONG|KAFFINITY|LARGE_INTEGER|P.*_ROUTINE|.*ROUTINE", "x"), (r".*", "d"),
]
BITS = r".*(Flags|Code|Attributes|Protect|Protection|AllocationType|FreeType|Options|Access|Mask|Filter)|Information"


def kind(text):
    text = re.sub(r"\b(const|CONST|volatile|VOID|struct)\b", lambda m: "PVOID" if m.group(0) == "VOID" and "*" in text else "", text)
    text = text.replace(" ", "").replace("PVOID**", "PVOID*")
    for pattern, letter in KINDS:
        if re.fullmatch(pattern, text):
            return letter
    return "x"


def services(path):
    own = FIRST_OWN
    for line in open(path, encoding="utf-8"):
        words = line.split("#")[0].split()
        if len(words) != 3 or words[0].startswith("?"):
            continue
        if words[2] == "-":
            yield own, words[0], int(words[1])
            own += 1
        else:
            yield int(words[2], 0), words[0], int(words[1])


def main():
    root, statuses, out, out_statuses = sys.argv[1:5]
    found = {}
    for path in sorted(glob.glob(f"{root}/nt/*/*.c")):
        text = re.sub(r"/\*.*?\*/", "", open(path, encoding="utf-8").read(), flags=re.S)
        for match in re.finditer(r"^(Nt\w+)\(([^)]*)\)\s*\{", text, flags=re.M):
            parameters = []
            for parameter in match.group(2).split(","):
                parameter = " ".join(parameter.split())
                name = re.search(r"(\w+)\s*(\[\])?$", parameter)
                if parameter in ("", "VOID") or name is None:
                    continue
                letter = kind(parameter[:name.start()])
                letter = "w" if letter == "d" and re.fullmatch(BITS, name.group(1)) else letter
                parameters.append(letter + name.group(1))
            found[match.group(1)] = parameters
    with open(out, "w", encoding="utf-8") as f:
        seen = set()
        for number, name, count in services(f"{root}/nt/services.tsv"):
            if number in seen:
                continue
            seen.add(number)
            parameters = found.get(name, [f"x{i + 1}" for i in range(count)])
            f.write(f'{{0x{number:x}, "{name}", "{",".join(parameters)}"}},\n')
    names = {}
    for line in open(statuses, encoding="utf-8"):
        match = re.match(r"#define (STATUS_\w+)\s+\(\(NTSTATUS\)\s*(0x[0-9A-Fa-f]+)\)", line)
        if match:
            names.setdefault(int(match.group(2), 16), match.group(1))
    names[0] = "STATUS_SUCCESS"
    with open(out_statuses, "w", encoding="utf-8") as f:
        for value, name in sorted(names.items()):
            f.write(f'{{0x{value:08x}u, "{name}"}},\n')


main()
