#!/usr/bin/env python3
"""Builds exercises/ with sdk's toolchain file and runs exercises.list: exercises.py NTLAB BUILD SDK [NAME...]. 77 without CMake."""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

NTLAB, BUILD, SDK = (os.path.abspath(a) for a in sys.argv[1:4])
HERE = os.path.dirname(os.path.abspath(__file__))


def run(words, **named):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **named)
    return done.returncode, (done.stderr + b"\n" + done.stdout).decode("utf-8", "replace")


def in_order(text, wanted):
    """The first of the wanted texts that does not follow the ones before it."""
    at = 0
    for want in wanted:
        found = text.find(want, at)
        if found < 0:
            return want
        at = found + len(want)
    return None


def main():
    if not shutil.which("cmake"):
        print("cmake is not installed")
        sys.exit(77)
    failed = count = 0
    with tempfile.TemporaryDirectory() as out:
        for words in (["cmake", "-S", os.path.join(HERE, "exercises"), "-B", out, f"-DCMAKE_TOOLCHAIN_FILE={SDK}/cmake/ntlab.cmake", f"-DNTLAB_BUILD={BUILD}"],
                      ["cmake", "--build", out, "--parallel", "2"]):
            status, text = run(words)
            if status != 0:
                print(text)
                sys.exit(1)
        for line in open(os.path.join(HERE, "exercises.list"), encoding="utf-8"):
            if line.startswith("#") or line.count("|") < 3:
                continue
            name, arguments, want_status, wanted, *typed = (f.strip() for f in line.split("|", 4))
            if sys.argv[4:] and name not in sys.argv[4:]:
                continue
            count += 1
            words = [re.sub(r"(?<![\w./\\-])[\w-]+\.(sys|exe|inf|reg)\b", lambda m: os.path.join(HERE if m[1] in ("inf", "reg") else out, "exercises" if m[1] in ("inf", "reg") else "", m[0]), w) for w in shlex.split(arguments)]
            # What a driver leaves behind on purpose, the kernel has lost with it.
            checked = {name: value for name, value in os.environ.items() if name != "NTLAB_SELF_CHECK" or "leaves behind" not in wanted}
            status, text = run([NTLAB, "run"] + [out if w == "OUT" else w for w in words], timeout=300, env=checked, **({"input": typed[0].encode()} if typed else {"stdin": subprocess.DEVNULL}))
            missing = in_order(text, [w.strip() for w in wanted.split(";") if w.strip()])
            if status != int(want_status) or missing:
                failed += 1
                print(f"{name}: status {status}, not {want_status}" if status != int(want_status) else f"{name}: not there: {missing}")
                print("ntlab run " + " ".join(words))
                print(text)
    print(f"{count} exercises, {failed} failed")
    sys.exit(1 if failed else 0)


main()
