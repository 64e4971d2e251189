#!/usr/bin/env python3
"""What the pages of docs/rules say of why a rule matters and how to fix what breaks it, as a C table:
gen_rule_help.py OUT DEPFILE RULES FOLDER

RULES is nt/vf/rules.tsv. One row for each rule: {"Rule", "## Why ...  ## How to fix ..."}; the examples stay behind.
"""
import os
import re
import sys


def sections(text):
    """-> {title: body}"""
    parts = re.split(r"^## (.+)\n", text, flags=re.M)
    return dict(zip(parts[1::2], (body.strip() for body in parts[2::2])))


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def main():
    out, depfile, rules, folder = sys.argv[1:5]
    names = [line.split("\t")[0] for line in open(rules, encoding="utf-8") if line.strip() and not line.startswith("#")]
    pages = [os.path.join(folder, name + ".md") for name in names]
    with open(out, "w", encoding="ascii") as f:
        f.write("/* Made by tools/gen_rule_help.py from docs/rules. */\n")
        for name, page in zip(names, pages):
            found = sections(open(page, encoding="utf-8").read())
            text = "\n\n".join(f"## {title}\n\n{found[title]}" for title in ("Why", "How to fix") if title in found)
            if text:
                f.write(f"{{{quoted(name)}, {quoted(text)}}},\n")
    with open(depfile, "w", encoding="utf-8") as f:
        f.write(f"{out}: {' '.join(pages)}\n")


main()
