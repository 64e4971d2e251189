#!/usr/bin/env python3
"""The .def file of a user-mode DLL from its list of exports.

gen_userdef.py NAME.dll OUT.def LIST [--services SERVICES.tsv NATIVE.h OUT_missing.S]

A line of the list: `Name`, `Name = symbol`, `Name = dll.Name` (forwarder), each with ` @ordinal` or ` data` behind it.
With --services (ntdll) every service is exported as Nt... and Zw..., and a service that NATIVE.h declares but
the table does not have yet becomes a stub that ends the run when it is called, naming itself.
"""
import re
import sys


def main():
    dll, out, listing = sys.argv[1:4]
    exports = {}
    for number, line in enumerate(open(listing, encoding="utf-8"), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        match = re.fullmatch(r"([\w?@$]+)(?:\s*=\s*([\w.]+))?(?:\s+(@\d+))?(?:\s+(data))?", line)
        if not match or match[1] in exports:
            sys.exit(f"{listing}:{number}: not an export, or there twice: {line}")
        exports[match[1]] = "".join([f"={match[2]}" if match[2] else "", f" {match[3]}" if match[3] else "",
                                     " DATA" if match[4] else ""])
    if len(sys.argv) > 4:
        services, native, missing = sys.argv[5:8]
        have = {line.split()[0] for line in open(services, encoding="utf-8") if re.match(r"Nt\w+\s+\d+\s+\S", line)}
        want = set(re.findall(r"\bNTAPI (Nt\w+)\(", open(native, encoding="utf-8").read()))
        with open(missing, "w") as f:
            f.write('    .intel_syntax noprefix\n    .text\n')
            for name in sorted(want - have):
                zw = "Zw" + name[2:]
                f.write(f"    .globl {name}, {zw}\n{name}:\n{zw}:\n    lea rax, [rip + 1f]\n    jmp LdrpMissingServiceThunk\n"
                        f"1:  .asciz \"{name}\"\n    .p2align 4\n")
        for name in have | want:
            exports.setdefault(name, "")
            exports.setdefault("Zw" + name[2:], "")
    with open(out, "w") as f:
        f.write(f'LIBRARY "{dll}"\nEXPORTS\n')
        for name in sorted(exports):
            f.write(f"    {name}{exports[name]}\n")


main()
