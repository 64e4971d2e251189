#!/usr/bin/env python3
"""A finding can be replayed, also elsewhere; a damaged one is refused: check_replay.py NTLAB FOLDER"""
import os
import subprocess
import sys
import tempfile

passed = failed = 0


def check(what, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"not ok {what} {detail}")


def run(folder, *words):
    return subprocess.run(words, capture_output=True, text=True, cwd=folder)


def verdict(output):
    return next((l for l in output.splitlines() if l.startswith(("ntlab: deadlock", "ntlab: bugcheck", "ntlab: hang"))), None)


def main():
    ntlab, build = (os.path.abspath(p) for p in sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        for program, kind in (("din_phil3", "deadlock"), ("lazy01", "bugcheck"), ("synchronization21", "hang")):
            search = run(folder, ntlab, "explore", "--keep-going", f"{build}/explore-{program}.sys")
            check(f"{program}: status", search.returncode == 1, search.returncode)
            said = verdict(search.stderr)
            check(f"{program}: verdict", said is not None and said.startswith(f"ntlab: {kind}"), said)
            # In another place: all that it needs is in the file.
            os.makedirs(f"{folder}/elsewhere", exist_ok=True)
            os.rename(f"{folder}/findings/1.ntr", f"{folder}/elsewhere/{program}.ntr")
            for _ in range(2):
                replay = run(f"{folder}/elsewhere", ntlab, "replay", f"{program}.ntr")
                check(f"{program}: replay", replay.returncode == 1 and verdict(replay.stderr) == said,
                      f"{replay.returncode} {verdict(replay.stderr)}")
        whole = open(f"{folder}/elsewhere/lazy01.ntr", "rb").read()
        at = whole.index(b"choice ")
        for name, bytes_, status in (
                ("empty", b"", 3), ("text", b"not a finding\n" * 99, 3), ("cut", whole[: at - 300], 3),
                ("count", whole[:at + 16] + b"x" + whole[at + 17:], 3),
                ("agent", whole[:at] + b"choice 0badf00d" + whole[at + 15:], 5)):
            open(f"{folder}/bad.ntr", "wb").write(bytes_)
            replay = run(folder, ntlab, "replay", "bad.ntr")
            check(f"bad file: {name}", replay.returncode == status and "ntlab: " in replay.stderr,
                  f"{replay.returncode} {replay.stderr[-200:]}")
        check("no file", run(folder, ntlab, "replay", "nothing.ntr").returncode == 2)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
