#!/usr/bin/env python3
"""Runs the commands of sdk/README.md that build without CMake, on an exercise, and what they make: plain.py NTLAB BUILD SDK. 77 without gcc."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

NTLAB, BUILD, SDK = (os.path.abspath(a) for a in sys.argv[1:4])
EXERCISES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "exercises")


def main():
    if not shutil.which("x86_64-w64-mingw32-gcc"):
        print("x86_64-w64-mingw32-gcc is not installed")
        sys.exit(77)
    with open(os.path.join(SDK, "README.md"), encoding="utf-8") as file:
        commands = re.search(r"^## Without CMake$.*?^```sh\n(.*?)^```$", file.read(), re.M | re.S)[1]
    commands = commands.replace("$NTLAB/build", BUILD).replace("$NTLAB/sdk", SDK)
    failed = 0
    with tempfile.TemporaryDirectory() as out:
        shutil.copy(os.path.join(EXERCISES, "gone.c"), os.path.join(out, "foo.c"))
        shutil.copy(os.path.join(EXERCISES, "gone-client.c"), os.path.join(out, "foouser.c"))
        done = subprocess.run(["sh", "-ec", commands], cwd=out, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            print(done.stdout.decode("utf-8", "replace"))
            sys.exit(1)
        for name in ("foo-clang", "foo-msvc", "foo-gcc"):
            done = subprocess.run([NTLAB, "run", name + ".sys", "--", "foouser-msvc.exe" if name == "foo-msvc" else "foouser.exe"], cwd=out, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
            text = done.stdout.decode("utf-8", "replace")
            if done.returncode != 0 or "gone: file \\Device\\HarddiskVolume1\\folder" not in text:
                failed += 1
                print(f"{name}: status {done.returncode}\n{text}")
    print(f"3 builds, {failed} failed")
    sys.exit(1 if failed else 0)


main()
