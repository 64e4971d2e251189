#!/usr/bin/env python3
"""Has each rule a test that breaks it, and one that keeps it?  tested.py ROOT

Tests are the seeded bugs of tests/bugs/bugs.list. One breaks a rule when that rule, and no other, is what must be found; its source must bear
the mark BUG(CASE), or NOLINE(CASE) where the rule is told of a whole routine. One keeps it when nothing may be found in the same source with the
same arguments and CASE + 500, or in the only such row of a source: its mistakes are all off there.
"""
import os
import sys

sys.dont_write_bytecode = True


def rules(root):
    with open(os.path.join(root, "nt/vf/rules.tsv"), encoding="utf-8") as table:
        return [line.split("\t")[0] for line in table if line.strip() and not line.startswith("#")]


def rows(root):
    with open(os.path.join(root, "tests/bugs/bugs.list"), encoding="utf-8") as listed:
        for line in listed:
            fields = [field.strip() for field in line.split("|")]
            if not line.startswith("#") and len(fields) >= 7:
                yield fields


def is_marked(root, source, case):
    with open(os.path.join(root, "tests/bugs", source), encoding="utf-8") as text:
        text = text.read()
    return f"BUG({case})" in text or f"NOLINE({case})" in text


def keeps(table, source, case, arguments):
    clean = [row for row in table if row[1] == source and row[5] == "clean" and row[3] == arguments]
    return len(clean) == 1 or any(int(row[2]) == int(case) + 500 for row in clean)


def main():
    root = sys.argv[1]
    table = list(rows(root))
    broken, kept, bad = {}, set(), 0
    for name, source, case, arguments, _, found, *_ in table:
        if found == "clean":
            continue
        if not is_marked(root, source, case):
            print(f"tests/bugs/{source}: no mark BUG({case}) for {name}")
            bad = 1
        broken.setdefault(found, []).append(name)
        if keeps(table, source, case, arguments):
            kept.add(found)
    known = rules(root)
    for rule in known:
        if rule not in broken:
            print(f"{rule}: no row of tests/bugs/bugs.list must find it")
            bad = 1
        elif rule not in kept:
            print(f"{rule}: broken by {', '.join(broken[rule])}, and no row keeps it")
            bad = 1
    verdicts = {"bugcheck", "deadlock", "hang", "livelock", "leak", "race", "suspend-dos"}
    for found in broken:
        for one in found.split("/"):
            if one not in known and one not in verdicts and not one.startswith("0x"):
                print(f"tests/bugs/bugs.list: {one} is no rule and no verdict ({', '.join(broken[found])})")
                bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
