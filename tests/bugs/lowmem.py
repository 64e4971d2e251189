#!/usr/bin/env python3
"""`ntlab run --fail-alloc`: each stack fails, once and always, and the table says where and with what result.  lowmem.py NTLAB BUILD_FOLDER"""
import os
import re
import subprocess
import sys


def run(driver, *options, client=True, arguments=()):
    words = [ntlab, "run"] + list(options) + [os.path.join(folder, f"bug-{driver}.sys")]
    words += ["--", os.path.join(folder, "bug-client.exe"), *arguments] if client else []
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=300)
    return done.returncode, done.stdout


def check(what, good, text):
    global wrong
    if not good:
        wrong += 1
        print(f"FAIL {what}\n{text[-1500:]}")


ntlab, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
wrong = 0
status, text = run("alloc-second-fails", "--fail-alloc")
check("a leak on the way of an error, without --verifier", status == 1 and "PoolLeak" in text, text)
check("the table up to there", re.search(r"1  clean +clean +\S*BugRequest\S* +lowmem.c:\d+\n +2  FINDING +not tried +\S*BugRequest", text), text)
check("what tries that one again", "again: --fail-alloc=2\n" in text, text)
status, text = run("alloc-second-fails", "--fail-alloc=2")
check("that one again", status == 1 and "PoolLeak" in text, text)
status, text = run("alloc-second-fails-good", "--fail-alloc")
check("without the bug", status == 0 and len(re.findall(r"\d  clean +clean ", text)) == 2, text)
status, text = run("serial-good", "--fail-alloc", client=False)
check("it does not load without memory", status == 0 and re.search(r"1  no load +no load .*DriverEntry", text), text)
status, text = run("serial-good", "--fail-alloc=after-entry", client=False)
check("off until DriverEntry's end", status == 0 and "allocated nothing that could fail" in text, text)
status, text = run("flt-context-none-good", "--fail-alloc=after-entry", arguments=["file"])
check("what the filter manager allocates for the filter", status == 0 and re.search(r"1  clean +clean +bug-flt-context-none-good\.sys!PreWrite\S* +filters.c:\d+", text), text)
print(f"--fail-alloc: {wrong} wrong")
sys.exit(1 if wrong else 0)
