#!/usr/bin/env python3
"""What the verifier judges, against the driver's own model: judged.py NTLAB DRIVER [RULE...]. NAME.sys comes with NAME-client.exe, if there is one.

The driver says `judged: ROUTINE RULE` before it breaks the rule there, and `judged N of N` at the end. RULE...: those that its model knows, or NAME=off; the
run goes on behind each of them. client=user: the client is no administrator. What is told must be what the model says, no more and no less.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

NAMED_LAST = {"RemoveLock"}  # the routine that returns stands first, and where the lock was acquired behind it


def main():
    ntlab, driver, rules = sys.argv[1], sys.argv[2], [word for word in sys.argv[3:] if word != "client=user"]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "report.json")
        client = driver.replace(".sys", "-client.exe")
        who = ["--client", "user:" + client] if "client=user" in sys.argv else ["--", client]
        words = [ntlab, "run", "--json", path, "--verifier", "standard", *(word for rule in rules for word in ("--rule", rule if "=" in rule else rule + "=warning")), driver,
                 *(who if os.path.exists(client) else [])]
        said = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, text=True, errors="replace").stdout
        report = json.load(open(path))
    expected = re.findall(r"^judged: (\w+) (\w+)$", said, re.M)
    told = [(re.findall(r"!(\w+)", f["message"])[-1 if f.get("rule") in NAMED_LAST else 0], f.get("rule")) for f in report["findings"]]
    wrong = [f"not told: {what}" for what in sorted(set(expected) - set(told))] + [f"told, and the model does not say so: {what}" for what in sorted(set(told) - set(expected))]
    done = re.search(r"^judged (\d+) of (\d+)$", said, re.M)
    if done is None or done[1] != done[2]:
        wrong.append("it did not come to its end")
    print("\n".join([f"FAIL {line}" for line in wrong] or [f"{len(expected)} judged as the model says"]))
    sys.exit(bool(wrong))


main()
