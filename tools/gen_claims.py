#!/usr/bin/env python3
"""README's table of the articles' claims, from samples/claims.tsv.

    gen_claims.py ROOT                  writes the table between its markers
    gen_claims.py --check ROOT          says whether README has what would be written
    gen_claims.py --run BUILD ROOT      runs each row's command; status 1 if a result is not what the row says
"""
import os
import re
import shlex
import subprocess
import sys
import tempfile

BEGIN = "<!-- claims: made by tools/gen_claims.py from samples/claims.tsv -->\n"
END = "<!-- end of claims -->\n"
COMMANDS = {"demo", "run", "explore", "syscalls", "dt", "u", "imports"}


def read_rows(root):
    """(line, article, sentence, command, result); the result is a list of lines, each a list of parts."""
    for number, line in enumerate(open(os.path.join(root, "samples", "claims.tsv"), encoding="utf-8"), 1):
        if line.startswith("#") or not line.strip():
            continue
        fields = line.rstrip("\n").split("\t")
        if len(fields) != 4 or not all(fields):
            sys.exit(f"samples/claims.tsv:{number}: not four fields")
        article, sentence, command, result = fields
        if command.split()[0] != "build/ntlab" or command.split()[1] not in COMMANDS:
            sys.exit(f"samples/claims.tsv:{number}: `{command}` is no command of ntlab")
        yield number, article, sentence, command, [line.split(" | ") for line in result.split(" / ")]


def shown(result):
    if result[0][0].startswith("!"):
        return f"no `{result[0][0][1:]}`"
    lines = [f"`{line[0]}`" + (": " if line[1:] else "") + ", ".join(f"`{part}`" for part in line[1:]) for line in result]
    return " … ".join(lines).replace("|", "\\|").replace(":`: ", ":` ")


def table(root):
    lines = ["| article | sentence | command | result |", "|---|---|---|---|"]
    before = None
    for _, article, sentence, command, result in read_rows(root):
        lines.append(f"| {article} | {sentence} | {'same' if command == before else f'`{command}`'} | {shown(result)} |")
        before = command
    return "\n".join(lines) + "\n"


def page(root, old):
    head, begin, rest = old.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        sys.exit("README.md: the markers of the claims are missing")
    return head + BEGIN + table(root) + END + tail


def line_shows(line, parts):
    """All parts in this order; the first of several begins the line, and is all of its column or ends with a colon."""
    patterns = [r"\s+".join(map(re.escape, part.split())) for part in parts]
    if len(parts) > 1:
        patterns[0] = r"\s*" + patterns[0] + r"(?:(?<=:)|(?=:|\s\s|$))"
        return re.match(".*?".join(patterns), line) is not None
    return re.search(patterns[0], line) is not None


def missing_part(lines, result):
    """What the lines do not show, in words; None if all is there."""
    at = 0
    for parts in result:
        if parts[0].startswith("!"):
            if any(parts[0][1:] in line for line in lines):
                return f"there should be no {parts[0][1:]}"
            continue
        while at < len(lines) and not line_shows(lines[at], parts):
            at += 1
        if at == len(lines):
            return " | ".join(parts)
        at += 1
    return None


def run_all(build, root):
    outputs, failures, count = {}, 0, 0
    for number, _, sentence, command, result in read_rows(root):
        if command not in outputs:
            words = [os.path.join(build, w[6:]) if w.startswith("build/") else w for w in shlex.split(command)]
            with tempfile.TemporaryDirectory() as place: # for findings
                done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, cwd=place)
            text = done.stdout.decode(errors="replace")
            outputs[command] = text.splitlines()
            # A demo checks all of its runs, and a run may have a finding; whatever else it is, it has not worked.
            if done.returncode not in ((0, 1) if words[1] in ("run", "explore") else (0,)):
                print(f"FAIL {command}: status {done.returncode}\n{text}")
                failures += 1
        count += 1
        missing = missing_part(outputs[command], result)
        if missing is not None:
            failures += 1
            print(f"FAIL samples/claims.tsv:{number}: {sentence}\n    {command}\n    does not say: {missing}")
    print(f"{count} claims shown by {len(outputs)} commands, {failures} failed")
    sys.exit(failures != 0)


def main():
    root = os.path.abspath(sys.argv[-1])
    path = os.path.join(root, "README.md")
    if sys.argv[1] == "--run":
        run_all(os.path.abspath(sys.argv[2]), root)
    old = open(path, encoding="utf-8").read()
    new = page(root, old)
    if sys.argv[1] == "--check":
        if old != new:
            print("README.md's table of claims is not up to date; run: tools/gen_claims.py .")
            sys.exit(1)
        print("README.md's table of claims is up to date")
        return
    with open(path, "w", encoding="utf-8") as f:
        f.write(new)


main()
