#!/usr/bin/env python3
"""The verifier's tables, for the kernel and for the host.

gen_vf.py RULES IRQL OUT_kernel.h OUT_stubs.S OUT_host.h EXPORTS... -- SOURCES...

RULES is nt/vf/rules.tsv, IRQL nt/vf/irql.table; an export that stands in the latter, or in a line `VF_HOOK(Name, ...)` of
one of SOURCES, gets a stub.
"""
import re
import sys

LIMITS = {"P": (0, 0), "A": (0, 1), "D": (0, 2), "=D": (2, 2), ">=D": (2, 15)}


def exports(paths):
    names = set()
    for path in paths:
        for line in open(path, encoding="utf-8"):
            words = line.split("#")[0].split()
            if (len(words) == 1 and path.endswith("fltmgr.exports")) or (len(words) >= 3 and words[3:4] != ["data"]):
                names.add(words[0].partition("=")[0])
    return names


def rules(path):
    result = []
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        if line.startswith("#") or not line.strip():
            continue
        fields = line.rstrip("\n").split("\t")
        if len(fields) != 6 or fields[2] not in ("error", "warning", "note"):
            sys.exit(f"{path}:{number}: expected six fields: name, family, severity, flags, aliases, sentence")
        result.append(fields)
    return result


def irql(path, known):
    limits, rule, limit = {}, None, None
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if not line[0].isspace():
            rule, limit = words[:2]
            words = words[2:]
            if rule not in known or limit not in LIMITS:
                sys.exit(f"{path}:{number}: unknown rule or limit: {rule} {limit}")
        for name in words:
            if name in limits:
                sys.exit(f"{path}:{number}: {name} stands twice")
            limits[name] = (rule, *LIMITS[limit])
    return limits


def main():
    rules_path, irql_path, kernel, stubs, host = sys.argv[1:6]
    split = sys.argv.index("--")
    exported = exports(sys.argv[6:split])
    table = rules(rules_path)
    limits = irql(irql_path, {r[0] for r in table})
    hooked = set()
    for source in sys.argv[split + 1:]:
        hooked |= set(re.findall(r"VF_HOOK\((\w+)", open(source, encoding="utf-8").read()))
    for name in hooked - exported:
        sys.exit(f"VF_HOOK({name}): not an export")
    names = sorted((set(limits) & exported) | hooked)
    severity = {"note": 1, "warning": 2, "error": 3}
    with open(kernel, "w") as f:
        f.write("/* Made by tools/gen_vf.py from nt/vf/rules.tsv and nt/vf/irql.table. */\n#ifdef VF_RULES\n")
        for fields in table:
            f.write(f'VF_RULES({fields[0]}, {severity[fields[2]]})\n')
        f.write("#endif\n#ifdef VF_EXPORTS\n")
        for name in names:
            rule, low, high = limits.get(name, ("None", 0, 15))
            f.write(f'VF_EXPORTS("{name}", {low}, {high}, VfRule{rule})\n')
        f.write(f"#endif\n#define VF_EXPORT_COUNT {len(names)}\n")
    with open(stubs, "w") as f:
        f.write("    .intel_syntax noprefix\n    .text\n    .globl VfStubs\n    .p2align 4\nVfStubs:\n")
        for index, _ in enumerate(names):
            f.write(f"    .p2align 4\n    mov eax, {index}\n    jmp VfEnter\n")
        f.write('    .section .drectve, "yn"\n')
        for name in ("VfStubs", "VfEnter", "VfEnterAfter", "VfEnterReturn"):
            f.write(f'    .ascii " -exclude-symbols:{name}"\n')
    with open(host, "w") as f:
        f.write("/* Made by tools/gen_vf.py from nt/vf/rules.tsv: name, family, severity, flags, aliases, sentence. */\n")
        for name, family, level, flags, aliases, sentence in table:
            sentence = sentence.replace("\\", "\\\\").replace('"', '\\"')
            f.write(f'{{"{name}", "{family}", {severity[level]}, {flags}, "{"" if aliases == "-" else aliases}", "{sentence}"}},\n')


main()
