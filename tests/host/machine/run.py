#!/usr/bin/env python3
"""The machine under a miniature kernel: run.py NTLAB MINIKERNEL MINIDRIVER.

Each case is a run of its own with `--seed` as its number; it says which exit status and which text on
stderr it must end with. Cases run with and without protection keys.
"""
import os
import re
import subprocess
import sys
import tempfile

NAMES = ["hypercalls", "memory", "exceptions", "stack-overflow", "privileged", "answers", "shared-data", "user-mode",
         "address-spaces", "missing-import", "wild-write", "wild-data", "wild-jump", "loop", "progress", "heartbreak",
         "choose", "files", "input", "vectors", "wrong-images", "patched-driver", "user-image"]
EXPECT = {
    "missing-import": (4, r"minidriver\.sys!FooInit\+0x\w+ called nt!XyzSomething, which is not implemented"),
    "wild-write": (None, r"closed\nntlab: clean|ntlab: "),
    "wild-data": (None, r"closed\nntlab: clean|ntlab: "),
    "wild-jump": (None, r"ntlab: "),
    "loop": (1, r"livelock: ntoskrnl\.exe\S* has run for \d+ s at IRQL 0 \(kernel mode\) without calling the kernel"),
    "progress": (1, r"livelock: the run did not end in time"),
    "heartbreak": (5, r"in a row without a usable stack"),
    "patched-driver": (0, r"minidriver\.sys!FooCall\+0x\w+\nntlab: clean"),
    "answers": (0, r"rdrand"),
    "privileged": (0, r"reads port 0x60"),
}


def main():
    ntlab, kernel, driver = sys.argv[1:4]
    failures = count = 0
    answers = set()
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(folder + "/folder")
        with open(folder + "/file.txt", "w") as f:
            f.write("hello\n")
        garbage = folder + "/garbage.sys"
        with open(garbage, "wb") as f:
            f.write(b"MZ" + b"\0" * 100)
        for keys in ([], ["--no-protection-keys"]):
            for number, name in enumerate(NAMES):
                status, text = EXPECT.get(name, (0, r"ntlab: clean"))
                command = [ntlab, "run", "--kernel", kernel, "--seed", str(number), "--run-timeout", "1500ms", *keys]
                command += ["--dir", folder, driver, garbage]
                try:
                    run = subprocess.run(command, capture_output=True, timeout=120, input=b"some input")
                except subprocess.TimeoutExpired:
                    print(f"FAIL {name}: no end after 120 s: {' '.join(command)}")
                    failures += 1
                    continue
                count += 1
                said = run.stderr.decode(errors="replace")
                good = re.search(text, said) and run.returncode >= 0
                good = good and run.returncode == status if status is not None else good and run.returncode in (0, 1, 5)
                if name == "input":
                    good = good and run.stdout == b"some input"
                if name == "answers":
                    answers.add("\n".join(re.findall(r"rd\w+ \w+", said)))
                    good = good and len(answers) == 1
                if not good:
                    failures += 1
                    print(f"FAIL {name}: status {run.returncode}, expected {status} and /{text}/\n  {' '.join(command)}\n{said}")
    print(f"{count} runs, {failures} failed")
    sys.exit(failures != 0)


main()
