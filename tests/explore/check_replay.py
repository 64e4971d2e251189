#!/usr/bin/env python3
"""A finding can be replayed, also elsewhere; a damaged one is refused: check_replay.py NTLAB FOLDER"""
import json
import os
import re
import shutil
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


def matrix(ntlab, build, folder):
    """--os A,B: a search for each version, one JSON object, the worst status."""
    versions = ["win7", "10.0.17763", "nt51"]
    for program, options, status, files in (("din_phil3", [], 1, [f"{v}/1.ntr" for v in versions]), ("lockinc2", [], 0, []),
                                            ("lockinc2", ["--budget", "1runs", "--require", "exhausted"], 6, [])):
        place = f"{folder}/matrix-{program}-{status}"
        os.mkdir(place)
        it = run(place, ntlab, "explore", "--os", ",".join(versions), "--keep-going", "--json", "-", *options, f"{build}/explore-{program}.sys")
        parts = json.loads(it.stdout)["matrix"] if it.stdout else []
        check(f"matrix {program}: status", it.returncode == status and json.loads(it.stdout)["status"] == status, f"{it.returncode} {it.stderr[-300:]}")
        check(f"matrix {program}: versions", [(p["os"]["name"], p["os"]["build"]) for p in parts] == [("win7", 7601), ("win10", 17763), ("nt51", 2600)], parts)
        alone = [json.loads(run(place, ntlab, "explore", f"--os={v}", "--keep-going", "--json", "-", *options, f"{build}/explore-{program}.sys").stdout)
                 for v in versions]
        check(f"matrix {program}: as each alone", [(p["verdict"], p["search"]["digest"], len(p["findings"])) for p in parts] ==
              [(p["verdict"], p["search"]["digest"], len(p["findings"])) for p in alone])
        found = [p["findings"][0]["schedule"] for p in parts if p["findings"]]
        check(f"matrix {program}: findings", found == [f"findings/{f}" for f in files] and
              all(run(place, ntlab, "replay", f).returncode == 1 for f in found), found)
    place = f"{folder}/matrix-out"
    os.mkdir(place)
    run(place, ntlab, "explore", "--os", "win7,win10", "--keep-going", "--out", "o", "--shard", "1/2", f"{build}/explore-din_phil3.sys")
    check("matrix --out", sorted(os.listdir(f"{place}/o")) == ["win10", "win7"] and os.listdir(f"{place}/o/win7") == ["shard-1-of-2"],
          os.listdir(place))


def later_part(ntlab, build, folder):
    """What the portfolio finds behind dpor is run again with the schedule points of its own part: dpor learnt more."""
    words = "storm \\Device\\NtlabBug 2 1 222000:64:64 222005:64:64 22200a:64:64 22200f:64:64"
    pair = [f"--client={token}:{build}/../../user/check/ntlabcheck.exe {words}" for token in ("user", "admin")]
    for seed in range(16):
        it = run(folder, ntlab, "explore", "--verifier", "standard", "--client-exit", "ignore", "--keep-going", "--injections", "7", "--inject", "all", "--budget", "160runs", "--seed", str(seed),
                 "--json", "-", *pair, f"{build}/../bugs/bug-file-good.sys")
        check(f"later part, seed {seed}", it.returncode == 0, f"{it.returncode} {it.stderr[-500:]}")
        found = json.loads(it.stdout)["findings"]
        if found:
            again = run(folder, ntlab, "replay", found[0]["schedule"])
            check("later part: replayed", found[0]["message"] in again.stderr and "differs" not in again.stderr, again.stderr[-300:])
            return
    check("later part: one is found", False)


def looking(ntlab, build, folder):
    """--stop-at, --tolerant, and a driver that was built anew with a change."""
    whole = f"{folder}/elsewhere/din_phil3.ntr"
    choices = int(re.search(r", (\d+) choices", run(folder, ntlab, "replay", whole).stderr)[1])
    for step in (1, 5, choices):
        it = run(folder, ntlab, "replay", whole, "--stop-at", str(step))
        agents = re.findall(r"^    (->|  ) agent ([0-9a-f]{8}), thread ([0-9a-f]{16}): ", it.stderr, re.M)
        threads = re.findall(r"^THREAD ([0-9a-f]{16}) ", it.stderr, re.M)
        check(f"--stop-at {step}", it.returncode == 0 and f"stopped before choice {step} of {choices}" in it.stderr and
              [a for a, _, _ in agents].count("->") == 1 and len(agents) > 1 and verdict(it.stderr) is None and
              {t for _, _, t in agents} <= set(threads), f"{it.returncode} {agents} {threads}")
    it = run(folder, ntlab, "replay", whole, "--stop-at", str(choices), "-c", "!locks")
    check("--stop-at -c", "kd> !locks" in it.stderr and "PROCESS" not in it.stderr, it.stderr[-300:])
    it = subprocess.run([ntlab, "replay", whole, "--stop-at", "3", "--dbg"], input="g\n", capture_output=True, text=True, cwd=folder)
    check("--stop-at --dbg: on to the end", it.returncode == 1 and (verdict(it.stderr) or "").startswith("ntlab: deadlock"), it.stderr[-300:])
    it = run(folder, ntlab, "replay", whole, "--stop-at", str(choices + 9))
    check("--stop-at: beyond the end", it.returncode == 1 and f"has {choices} choices" in it.stderr, it.stderr[-300:])
    check("--stop-at 0", run(folder, ntlab, "replay", whole, "--stop-at", "0").returncode == 2)

    it = run(folder, ntlab, "replay", "--tolerant", whole)
    check("--tolerant: the same binaries", it.returncode == 1 and f"0 of {choices} choices could not be made" in it.stderr and
          "differs" not in it.stderr and verdict(it.stderr) == verdict(run(folder, ntlab, "replay", whole).stderr), it.stderr[-300:])
    # Two philosophers instead of three: the first choices are the same ones.
    os.makedirs(f"{folder}/anew", exist_ok=True)
    shutil.copy(f"{build}/explore-din_phil2.sys", f"{folder}/anew/explore-din_phil3.sys")
    it = run(folder, ntlab, "replay", whole, "anew/explore-din_phil3.sys")
    first = re.search(r"replay mismatch, first at choice (\d+): agent [0-9a-f]{8} .*; these can step: [0-9a-f]{8} \(", it.stderr)
    check("built anew, strict", it.returncode == 5 and first and 1 < int(first[1]) < choices, it.stderr[-400:])
    it = run(folder, ntlab, "replay", "--tolerant", whole, "anew/explore-din_phil3.sys")
    skipped = re.search(rf"(\d+) of {choices} choices could not be made, the first is number (\d+)", it.stderr)
    check("built anew, --tolerant", it.returncode in (0, 1) and first and skipped and int(skipped[1]) > 0 and skipped[2] == first[1], it.stderr[-400:])
    # Without the deadlock it ends.
    shutil.copy(f"{build}/explore-lockinc2.sys", f"{folder}/anew/explore-din_phil3.sys")
    it = run(folder, ntlab, "replay", "--tolerant", whole, "anew/explore-din_phil3.sys")
    check("mended, --tolerant", it.returncode == 0 and "could not be made, the first" in it.stderr, f"{it.returncode} {it.stderr[-400:]}")
    it = run(folder, ntlab, "replay", whole, f"{build}/explore-din_phil2.sys")
    check("an image that is not in it", it.returncode == 2 and "explore-din_phil2.sys" in it.stderr, it.stderr[-300:])


def programs(ntlab, build, folder):
    """A client starts a program that lies beside it and beside the driver, and a filter hands out the program's bytes."""
    place = f"{folder}/programs"
    os.makedirs(f"{place}/elsewhere")
    for name in ("one.exe", "two.exe"):
        shutil.copy(f"{build}/starter-client.exe", f"{place}/{name}")
    shutil.copy(f"{build}/../../samples/passthrough/passthrough.sys", place)
    words = ["--inject", "none", "--budget", "1runs", "passthrough.sys", "--", "one.exe", "two.exe"]
    it = run(place, ntlab, "explore", "--keep-going", *words)
    check("programs: status", it.returncode == 1 and "one.exe ended with exit code 7" in it.stderr, f"{it.returncode} {it.stderr[-300:]}")
    it = run(f"{place}/elsewhere", ntlab, "replay", "../findings/1.ntr")
    check("programs: replay", it.returncode == 1 and "one.exe ended with exit code 7" in it.stderr, f"{it.returncode} {it.stderr[-300:]}")
    it = run(place, ntlab, "explore", "--client-exit", "ignore", *words)
    check("programs: --client-exit ignore", it.returncode == 0 and "no finding" in it.stderr, f"{it.returncode} {it.stderr[-300:]}")


def neighbours(ntlab, build, folder):
    """A filter that its client loads, with other images beside it. What of its crashes is its own comes first, and each is told once."""
    client = os.path.join(build, "..", "..", "samples", "load-unload", "load-unload.exe")
    search = run(folder, ntlab, "explore", "--os", "win7", "--strategy", "dpor", "--budget", "3000runs", "--keep-going", "--json", "n.json", "--", client, "load-unload")
    found = json.load(open(f"{folder}/n.json", encoding="utf-8"))["findings"]
    said = re.findall(r"^ntlab: bugcheck .*", search.stderr, re.M)
    check("neighbours: errors first", [f["severity"] for f in found] == ["error", "note"] and search.returncode == 1, [f["severity"] for f in found])
    check("neighbours: told once", len(said) == len(set(f["fingerprint"] for f in found)) == len(found) and "other way" in search.stderr, said)
    for number, one in enumerate(found):
        replay = run(folder, ntlab, "replay", one["schedule"])
        check(f"neighbours: replay {number + 1}", verdict(replay.stderr) == said[number], replay.stderr[:400])


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
        # Where a process had been, another one is: its image is whole, in a search as in the replay.
        for strategy in ("random", "dpor"):
            search = run(folder, ntlab, "explore", "--inject", "none", "--strategy", strategy, "--budget", "3runs", "--keep-going",
                         "--", f"{build}/children-client.exe")
            check(f"children, {strategy}", search.returncode == 1 and (verdict(search.stderr) or "").startswith("ntlab: hang") and
                  "a failure of ntlab" not in search.stderr, f"{search.returncode} {search.stderr[:600]}")
        # The story's numbers are those of --stop-at.
        run(folder, ntlab, "explore", "--keep-going", f"{build}/explore-deadlock01.sys")
        steps = json.loads(run(folder, ntlab, "replay", "--json", "-", "findings/1.ntr").stdout)["findings"][0]["schedule_steps"]
        chosen = [s["choice"] for s in steps if s["choice"] != 0]
        check("numbers in the story", len(chosen) == 2, steps)
        for choice in chosen:
            it = run(folder, ntlab, "replay", "findings/1.ntr", "--stop-at", str(choice))
            check(f"the story's choice {choice}", re.search(r"^    -> agent .*: acquire lock ", it.stderr, re.M), it.stderr[:400])
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
        # A kernel with another hash: said, and tried.
        at = re.search(rb"^kernel \d+ [0-9a-f]{64}$", whole, re.M)
        check("the kernel's hash", at is not None)
        open(f"{folder}/other.ntr", "wb").write(whole[:at.end() - 1] + (b"0" if whole[at.end() - 1:at.end()] != b"0" else b"1") + whole[at.end():])
        for name, said in (("elsewhere/lazy01", False), ("other", True)):
            replay = run(folder, ntlab, "replay", f"{name}.ntr")
            check(f"another build: {name}", replay.returncode == 1 and ("the finding is of another build of ntlab" in replay.stderr) == said, replay.stderr[:300])
        looking(ntlab, build, folder)
        later_part(ntlab, build, folder)
        matrix(ntlab, build, folder)
        programs(ntlab, build, folder)
        neighbours(ntlab, build, folder)
        check("no file", run(folder, ntlab, "replay", "nothing.ntr").returncode == 2)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
