#!/usr/bin/env python3
"""docs/rules: the index, and the pages that are not written by hand, from nt/vf/rules.tsv, nt/vf/irql.table, docs/rules/why.tsv.

gen_rules.py [--check] ROOT    --check: are they what they should be, and has each rule a page?
"""
import os
import re
import sys

LIMITS = {"P": "at PASSIVE_LEVEL only", "A": "at APC_LEVEL and below", "D": "at DISPATCH_LEVEL and below",
          "=D": "at DISPATCH_LEVEL only", ">=D": "at DISPATCH_LEVEL and above"}
HAND = {"IrqlReturn", "IrqlExAllocatePool", "IrqlExFree1", "IrqlKeSetEvent", "IrqlKeWaitForMutexObject", "IrqlKeRaiseLower",
        "PagedCode", "PagedMemory"}


def rules(root):
    for line in open(os.path.join(root, "nt/vf/rules.tsv"), encoding="utf-8"):
        if not line.startswith("#") and line.strip():
            yield line.rstrip("\n").split("\t")


def irql(root):
    table, rule, limit = {}, None, None
    for line in open(os.path.join(root, "nt/vf/irql.table"), encoding="utf-8"):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if not line[0].isspace():
            rule, limit = words[:2]
            words = words[2:]
        table.setdefault(rule, {}).setdefault(limit, []).extend(words)
    return table


def irql_page(root, name, severity, flags, aliases, sentence, limits, bugs):
    text = f"# {name}\n\n{sentence}. Severity: {severity}. Microsoft's: {head(name, aliases, flags)}\n\n"
    text += "## What is checked\n\nEach call of these routines by the driver, as their pages say (\"IRQL\" in the table of requirements):\n\n"
    for limit, names in limits.items():
        text += f"- {LIMITS[limit]}: {', '.join(sorted(names))}\n"
    text += ("\n## Why\n\nAbove its limit a routine may touch memory that is paged out, wait for a thread that cannot run, or take a lock that the\n"
             "interrupted code holds. On a test machine with free memory that goes well for months; in the field it is bug check 0xA, 0xD1 or a hang.\n"
             "Below its limit (routines that need DISPATCH_LEVEL) the thread can be preempted in the middle, with a spin lock held.\n"
             "\n## How to fix\n\nMove the call to where the IRQL allows it: before the spin lock is acquired or after it is released, or into a work item\n"
             "(IoQueueWorkItem) where it comes from a DPC or a completion routine. What the call needs is captured under the lock first:\n\n"
             "    KeAcquireSpinLock(&Extension->Lock, &OldIrql);\n    Copy = Extension->Value;              /* captured */\n"
             "    KeReleaseSpinLock(&Extension->Lock, OldIrql);\n    Status = RoutineThatNeedsPassive(Copy);\n")
    return text + example(root, name, bugs)


def head(name, aliases, flags):
    words = [w for w in aliases.split(",") if w != "-"]
    rules_ = [w for w in words if not w.startswith("0x")]
    codes = [w for w in words if w.startswith("0x")]
    text = ", ".join(rules_) if rules_ else ("the rule of this name" if name.startswith("Irql") and name != "IrqlDocumented" else "")
    if codes:
        text += ("; " if text else "") + "bug check 0xC4 with first parameter " + ", ".join(codes)
    if int(flags, 0):
        text += ("; " if text else "") + f"Driver Verifier flags {flags}"
    return (text or "none") + "."


def seeded(root):
    """Rule: (source, case, name, text) of the first seeded bug of it."""
    found = {}
    for line in open(os.path.join(root, "tests/bugs/bugs.list"), encoding="utf-8"):
        fields = [f.strip() for f in line.split("|")]
        if not line.startswith("#") and len(fields) >= 7 and fields[5] != "clean":
            found.setdefault(fields[5], (fields[1], fields[2], fields[0], fields[6]))
    return found


def fragment(root, source, case):
    """The lines between #if EITHER(case) and the next branch: where the mark of the bug stands, else the first such place."""
    places, inside = [], False
    for line in open(os.path.join(root, "tests/bugs", source), encoding="utf-8"):
        if line.startswith(("#if", "#elif")) and f"({case})" in line:
            inside = True
            places.append([])
            continue
        if line.startswith(("#elif", "#else", "#endif")):
            inside = False
        if inside:
            places[-1].append(line.rstrip())
    marked = [lines for lines in places if any(f"BUG({case})" in line or f"NOLINE({case})" in line for line in lines)]
    return (marked or places or [[]])[0]


def example(root, name, bugs):
    if name not in bugs:
        return ""
    source, case, bug, what = bugs[name]
    lines = fragment(root, source, case)
    text = f"\n## Example\n\nSeeded bug `{bug}` of tests/bugs: {what}. With HAS({case}) true it breaks the rule, without it keeps it.\n\n"
    return text + "".join("    " + line + "\n" if line else "\n" for line in lines)


def judge_page(path):
    """What, why, an example, how to fix it, what Microsoft calls it."""
    text = open(path, encoding="utf-8").read()
    wants = {"why": "## Why" in text, "how to fix it": "## How to fix" in text, "an example": "## Example" in text or "\n    " in text,
             "what Microsoft calls it": "Microsoft" in text}
    for want, there in wants.items():
        if not there:
            print(f"{path}: does not say {want}")
    return not all(wants.values())


def page(root, fields, why, fix, bugs):
    name, family, severity, flags, aliases, sentence = fields
    text = (f"# {name}\n\n{sentence}.\n\nFamily: {family}. Severity: {severity}. Microsoft's: {head(name, aliases, flags)}\n\n"
            f"## Why\n\n{why}\n\n## How to fix\n\n{fix}\n")
    return text + example(root, name, bugs)


def reasons(root):
    for line in open(os.path.join(root, "docs/rules/why.tsv"), encoding="utf-8"):
        if not line.startswith("#") and line.strip():
            yield line.rstrip("\n").split("\t")


def index(table):
    text = ("# The rules\n\nMade by tools/gen_rules.py from nt/vf/rules.tsv.\n\n"
            "`--verifier standard` turns on all rules of severity error; `--verifier all` the others too; Driver Verifier's flags "
            "(`--verifier 0x9bb`), families and names, also\nMicrosoft's, select some; `--rule NAME=off|note|warning|error` changes one. "
            "An error ends the run; a warning is a finding as well, and the run goes on; a note is only said.\n")
    families = []
    for name, family, *_ in table:
        if family not in families:
            families.append(family)
    for family in families:
        text += f"\n## {family}\n\n| rule | severity | says |\n|---|---|---|\n"
        for name, of, severity, flags, aliases, sentence in table:
            if of == family:
                text += f"| [{name}]({name}.md) | {severity} | {sentence} |\n"
    return text


def judge_coverage(root, table):
    """docs/rules/coverage.md: what it says of a rule of Microsoft's is what the verifier does when somebody asks for it by that name."""
    text = open(os.path.join(root, "docs/rules/coverage.md"), encoding="utf-8").read()
    rows = dict(re.findall(r"^\| (\w+) \| (.*) \|$", text, re.M))
    ours = {}
    for name, _, _, _, aliases, _ in table:
        ours.update({word: name for word in [name] + aliases.split(",")})
    problems = []
    for rule, says in rows.items():
        linked = re.fullmatch(r"\[(\w+)\]\((\w+)\.md\)", says)
        if linked and ours.get(rule) != linked[1]:
            problems.append(f"{rule} is said to be {linked[1]}, and the name selects {ours.get(rule)}")
        if not linked and rule in ours:
            problems.append(f"{rule} selects {ours[rule]}, and is said to be: {says}")
        if not linked and not says.startswith(("verdict ", "not yet: ", "not applicable: ")):
            problems.append(f"{rule}: {says}")
    covered = sum(not says.startswith("not ") for says in rows.values())
    if f"Of the {len(rows)} documented" not in text or f", {covered} are covered" not in text:
        problems.append(f"{covered} of {len(rows)} are covered, which its first line does not say")
    for problem in problems:
        print(f"docs/rules/coverage.md: {problem}")
    return bool(problems)


def main():
    check = "--check" in sys.argv
    root = sys.argv[-1]
    folder = os.path.join(root, "docs/rules")
    table = list(rules(root))
    limits = irql(root)
    files = {"README.md": index(table)}
    bugs = seeded(root)
    for name, family, severity, flags, aliases, sentence in table:
        if name in limits and name not in HAND:
            files[name + ".md"] = irql_page(root, name, severity, flags, aliases, sentence, limits[name], bugs)
    why = {w[0]: w[1:] for w in reasons(root)}
    for fields in table:
        if fields[0] in why:
            files[fields[0] + ".md"] = page(root, fields, *why[fields[0]], bugs)
    bad = 0
    for name, text in files.items():
        path = os.path.join(folder, name)
        if check and (not os.path.exists(path) or open(path, encoding="utf-8").read() != text):
            print(f"{path} is out of date: run tools/gen_rules.py .")
            bad = 1
        elif not check:
            open(path, "w", encoding="utf-8").write(text)
    for fields in table:
        path = os.path.join(folder, fields[0] + ".md")
        if not os.path.exists(path):
            print(f"docs/rules/{fields[0]}.md is missing")
            bad = 1
        elif not open(path, encoding="utf-8").read().startswith(f"# {fields[0]}\n"):
            print(f"{path}: its heading is not the rule's name")
            bad = 1
        else:
            bad |= judge_page(path)
    bad |= judge_coverage(root, table)
    known = {f[0] + ".md" for f in table} | {"README.md", "coverage.md", "why.tsv"}
    for name in sorted(os.listdir(folder)):
        if name not in known:
            print(f"docs/rules/{name} is of no rule")
            bad = 1
    sys.exit(bad)


main()
