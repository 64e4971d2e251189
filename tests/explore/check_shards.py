#!/usr/bin/env python3
"""Shards are disjoint and together all there is; `ntlab merge` adds them up: check_shards.py NTLAB FOLDER"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

passed = failed = 0
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM_", "JOB_COMPLETION"))}


def check(what, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"not ok {what} {detail}")


def run(folder, *words, **env):
    return subprocess.run(words, capture_output=True, text=True, cwd=folder, env={**CLEAN, **env})


def facts(path):
    found = {}
    for line in open(path):
        key, _, value = line.rstrip("\n").partition(" ")
        found.setdefault(key, []).append(value)
    return found


def sums(folder):
    text = [facts(f"{folder}/{name}/search.txt") for name in os.listdir(folder)]
    return [sum(int(t[k][0]) for t in text) for k in ("traces", "bad")]


def kinds(report):
    return report["verdict"], sorted((f["severity"], f["signature"]) for f in report["findings"])


def merged(folder, ntlab, *folders):
    it = run(folder, ntlab, "merge", *folders, "--json", "-")
    try:
        return it.returncode, json.loads(it.stdout), it.stderr
    except ValueError:
        return it.returncode, {}, it.stderr


# Which of a sampled search's traces are whose depends on nothing: each part keeps the hashes that the whole would.
def samples(folder, ntlab, name):
    search = merged(folder, ntlab, name)[1].get("search", {})
    return [search.get(k, f"{k}?") for k in ("runs", "traces", "bad", "told_apart", "chance_of_a_new_trace")]


def main():
    ntlab, build = (os.path.abspath(p) for p in sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        def explore(program, *options, **env):
            return run(folder, ntlab, "explore", "--keep-going", "--run-timeout", "120s", *options, f"{build}/explore-{program}.sys", **env)

        # Every trace is some shard's, and no other one's.
        split = ("random", "pct", "pos", "urw", "surw", "fairwalk", "portfolio")
        for strategy in split:
            for i in (1, 2):
                explore("deadlock01", "--strategy", strategy, "--budget", "60runs", "--shard", f"{i}/2", "--out", f"split-{strategy}")
            whole = explore("deadlock01", "--strategy", strategy, "--budget", "60runs", "--out", f"whole-{strategy}")
            check(f"{strategy}: what merge makes of the shards is the whole", samples(folder, ntlab, f"split-{strategy}") ==
                  samples(folder, ntlab, f"whole-{strategy}"), samples(folder, ntlab, f"split-{strategy}"))
        for program, traces, bad in (("reorder3", 56, 12), ("lastzero5", 64, 0), ("deadlock01", 3, 1), ("lockinc4", 24, 0),
                                     ("rare4", 71, 1)):  # here every call is a point, in a search that is whole it is not
            whole = explore(program, "--budget", "2000runs", "--json", "-")
            wanted = kinds(json.loads(whole.stdout))
            for shards in (2, 5):
                for i in range(1, shards + 1):
                    explore(program, "--budget", "2000runs", "--shard", f"{i}/{shards}", "--jobs", "2" if i == 1 else "1", "--out", f"{program}-{shards}")
                check(f"{program}: {shards} shards", sums(f"{folder}/{program}-{shards}") == [traces, bad], sums(f"{folder}/{program}-{shards}"))
                status, report, said = merged(folder, ntlab, f"{program}-{shards}")
                search = report.get("search", {})
                check(f"{program}: merge of {shards}", status == whole.returncode == (1 if bad else 0) and search.get("outcome") == "exhausted" and
                      (search.get("traces"), search.get("bad")) == (traces, bad) and f"in all {traces} traces (one processor per thread" in said,
                      f"{status} {report} {said}")
                check(f"{program}: the findings of {shards} shards are those of one search", kinds(report) == wanted, f"{kinds(report)} {wanted} {said}")
                check(f"{program}: merge says the same of folders", merged(folder, ntlab, *sorted(
                    f"{program}-{shards}/{n}" for n in os.listdir(f"{folder}/{program}-{shards}")))[1].get("search") == search)

        # Runs that crash in their middle, in several ways: each trace, bad or not, is one shard's; short runs that no question splits, too.
        for program, numbers in (("crashes-set2", (3,)), ("crashes-try2", (2,)), ("crashes-either", (1, 2, 3, 7))):
            search = json.loads(explore(program, "--strategy", "dpor", "--budget", "2000runs", "--json", "-").stdout)["search"]
            traces, bad = search["traces"], search["bad"]
            sample = explore(program, "--strategy", "random", "--budget", "210runs", "--json", "-")
            sample = [json.loads(sample.stdout)["search"][k] for k in ("runs", "traces", "bad")]
            for shards in numbers:
                for i in range(1, shards + 1):
                    part = ("--shard", f"{i}/{shards}", "--jobs", "2" if i == 2 else "1")
                    explore(program, "--strategy", "dpor", "--budget", "2000runs", *part, "--out", f"{program}-d{shards}")
                    explore(program, "--strategy", "random", "--budget", "210runs", *part, "--out", f"{program}-r{shards}")
                search = merged(folder, ntlab, f"{program}-d{shards}")[1].get("search", {})
                check(f"{program}: dpor in {shards} shards", search.get("outcome") == "exhausted" and
                      [search.get("traces"), search.get("bad")] == [traces, bad] == sums(f"{folder}/{program}-d{shards}"), f"{search} {traces} {bad}")
                search = merged(folder, ntlab, f"{program}-r{shards}")[1].get("search", {})
                check(f"{program}: random in {shards} shards", [search.get(k) for k in ("runs", "traces", "bad")] == sample and
                      sums(f"{folder}/{program}-r{shards}")[1] == sample[2], f"{search} {sample}")

        # Random runs: the shards of a budget are that budget's runs.
        whole = explore("deadlock01", "--strategy", "random", "--budget", "300runs", "--out", "random-whole")
        for i in range(1, 4):
            explore("deadlock01", "--strategy", "random", "--budget", "300runs", "--shard", f"{i}/3", "--out", "random")
        check("random: status", whole.returncode == 1, whole.returncode)
        check("random: what merge makes of the shards is the whole", samples(folder, ntlab, "random") == samples(folder, ntlab, "random-whole"))
        # What merge points at replays.
        status, report, said = merged(folder, ntlab, "random")
        replay = run(folder, ntlab, "replay", report["findings"][0]["schedule"])
        check("a merged finding replays", replay.returncode == 1, replay.stderr[-300:])

        # The same crash, to which another shard has come in another way.
        for i in (1, 2):
            explore("account", "--strategy", "random", "--budget", "40runs", "--shard", f"{i}/2", "--out", "crash")
        report = merged(folder, ntlab, "crash")[1]
        there = next(d for d in sorted(os.listdir(f"{folder}/crash"), reverse=True) if "finding " in open(f"{folder}/crash/{d}/search.txt").read())
        text = open(f"{folder}/crash/{there}/search.txt").read()
        other = re.sub(r"^(finding \w+) \w{16}", r"\1 0123456789abcdef", text, flags=re.MULTILINE)
        open(f"{folder}/crash/{there}/search.txt", "w").write(other)
        again = merged(folder, ntlab, "crash")[1]
        check("a crash is told once", other != text and [f["fingerprint"] for f in again["findings"]] == [f["fingerprint"] for f in report["findings"]], again)
        open(f"{folder}/crash/{there}/search.txt", "w").write(re.sub(r"^(finding .*) [0-9a-f]{8,} findings", r"\1 - findings", other, flags=re.MULTILINE))
        check("without a fingerprint it is another one", len(merged(folder, ntlab, "crash")[1]["findings"]) == len(report["findings"]) + 1)
        open(f"{folder}/crash/{there}/search.txt", "w").write(text)

        # Slurm's and Kubernetes's own words.
        explore("reorder3", "--budget", "2000runs", "--out", "slurm", SLURM_ARRAY_TASK_ID="4", SLURM_ARRAY_TASK_COUNT="3", SLURM_ARRAY_TASK_MIN="2",
                SLURM_ARRAY_TASK_STEP="1")
        check("SLURM_ARRAY_TASK_ID", os.listdir(f"{folder}/slurm") == ["shard-3-of-3"], os.listdir(f"{folder}/slurm"))
        status, report, said = merged(folder, ntlab, "slurm")
        check("missing shards", report["search"]["missing"] == [1, 2] and report["search"]["outcome"] == "incomplete" and
              "2 of 3 shards are missing: 1 2" in said and status in (1, 6), f"{status} {said}")
        for i in range(2):
            explore("reorder3", "--budget", "2000runs", "--out", "slurm", JOB_COMPLETION_INDEX=str(i), JOB_COMPLETIONS="3")
        check("JOB_COMPLETION_INDEX", sums(f"{folder}/slurm") == [56, 12], sums(f"{folder}/slurm"))
        check("an index without a number of parts", explore("reorder3", JOB_COMPLETION_INDEX="1").returncode == 2)
        check("a wrong index", explore("reorder3", JOB_COMPLETION_INDEX="3", JOB_COMPLETIONS="3").returncode == 2)

        # Twice the same one; another search's; half a file; nothing.
        shutil.copytree(f"{folder}/slurm/shard-1-of-3", f"{folder}/again")
        status, report, said = merged(folder, ntlab, "slurm", "again")
        check("twice", (report["search"]["traces"], report["search"]["bad"]) == (56, 12) and "shard 1/3 is there already" in said, said)
        explore("reorder3", "--budget", "2000runs", "--seed", "3", "--shard", "1/3", "--out", "other")
        status, report, said = merged(folder, ntlab, "slurm", "other")
        check("another search", status == 2 and "seed 3" in said and "seed 0" in said, f"{status} {said}")
        explore("reorder1", "--budget", "2000runs", "--shard", "1/3", "--out", "driver")
        status, report, said = merged(folder, ntlab, "slurm", "driver")
        check("another driver", status == 2 and "explore-reorder1.sys" in said, f"{status} {said}")
        text = open(f"{folder}/again/search.txt").read()
        open(f"{folder}/again/search.txt", "w").write(text[: len(text) // 2])
        check("half a file", merged(folder, ntlab, "again")[0] == 2)
        os.mkdir(f"{folder}/empty")
        check("an empty folder", merged(folder, ntlab, "empty")[0] == 2)
        check("no folder", merged(folder, ntlab)[0] == 2)
        for wrong in ("0/3", "4/3", "1", "1/0", "a/b", "1/3x"):
            check(f"--shard {wrong}", explore("reorder3", "--shard", wrong).returncode == 2)
        # Those that one worker does: counts, findings and status are those of the whole search, also of traces that crash and of what a bound cuts off.
        # (tests/host/explore has the numbers of shards, of all kinds of programs.)
        for program, strategies, options in (("deadlock01", {"odpor": (2, 3, 7), "bounded": (1, 2, 3, 7), "delay": (2,)}, ()),
                                             ("crashes-set2", {"odpor": (3,)}, ()),
                                             ("crashes-either", {"odpor": (2,), "bounded": (3,), "delay": (7,)}, ()),
                                             ("reorder3", {"bounded": (3,), "delay": (2,)}, ("--bound", "1"))):
            for strategy, numbers in strategies.items():
                it = explore(program, "--strategy", strategy, *options, "--json", "-")
                whole = json.loads(it.stdout)
                wanted = [whole["search"][k] for k in ("outcome", "traces", "bad")]
                for shards in numbers:
                    name = f"{program}-{strategy}-{shards}"
                    for i in range(1, shards + 1):
                        explore(program, "--strategy", strategy, *options, "--shard", f"{i}/{shards}", "--out", name)
                    status, report, said = merged(folder, ntlab, name)
                    search = report.get("search", {})
                    check(f"{name}: merge", [search.get(k) for k in ("outcome", "traces", "bad")] == wanted and status == it.returncode,
                          f"{status} {search} {wanted} {said}")
                    told = [[(f["fingerprint"], f["message"]) for f in r["findings"] if f["severity"] == "error"] for r in (report, whole)]
                    check(f"{name}: findings", told[0] == told[1], told)
                    if options:
                        check(f"{name}: bound", search.get("bound") == whole["search"]["bound"] == 1, search)
                        for require, enough in (("bounded:1", True), ("bounded:2", False), ("exhausted", False)):
                            again = run(folder, ntlab, "merge", name, "--require", require).returncode
                            check(f"{name}: --require {require}", again == (1 if whole["search"]["bad"] else 0 if enough else 6), again)
        # With a bound and no finding --require tells them apart.
        for i in (1, 2):
            explore("lockinc3", "--strategy", "bounded", "--bound", "1", "--shard", f"{i}/2", "--out", "clean-bounded")
        for require, wanted in (("bounded:1", 0), ("bounded:2", 6), ("exhausted", 6)):
            it = run(folder, ntlab, "merge", "clean-bounded", "--require", require)
            check(f"merge --require {require}", it.returncode == wanted and "all shards have completed bound 1" in it.stderr, f"{it.returncode} {it.stderr}")

        # feedback: each shard makes every Nth run, and learns from its own.
        for shards in (3, 7):
            for i in range(1, shards + 1):
                explore("deadlock01", "--strategy", "feedback", "--budget", "100runs", "--shard", f"{i}/{shards}", "--out", f"feedback-{shards}")
            parts = [int(facts(f"{folder}/feedback-{shards}/{n}/search.txt")["runs"][0]) for n in os.listdir(f"{folder}/feedback-{shards}")]
            search = merged(folder, ntlab, f"feedback-{shards}")[1]["search"]
            check(f"feedback in {shards} shards", sorted(parts, reverse=True) == [100 // shards + (i < 100 % shards) for i in range(shards)] and
                  (search["runs"], search["outcome"]) == (100, "budget"), f"{parts} {search}")
        digests = [json.loads(explore("deadlock01", "--strategy", "feedback", "--budget", "100runs", "--shard", f"{i}/2", "--json", "-").stdout)["search"]["digest"]
                   for i in (1, 2, 1)]
        check("feedback: shards are other runs, and the same each time", digests[0] == digests[2] != digests[1], digests)

        # What cannot be split would be counted once for each shard.
        for whole in ("brute", "lattice"):
            for env, *options in (({}, "--shard", "1/2"), ({"SLURM_ARRAY_TASK_ID": "0", "SLURM_ARRAY_TASK_COUNT": "2"},)):
                it = explore("deadlock01", "--strategy", whole, "--out", whole, *options, **env)
                check(f"{whole} {options}", it.returncode == 2 and f"`{whole}`" in it.stderr and not os.path.exists(f"{folder}/{whole}"),
                      f"{it.returncode} {it.stderr}")
            one = explore("deadlock01", "--strategy", whole, "--budget", "200runs", "--shard", "1/1")
            check(f"{whole} --shard 1/1", one.returncode == 1, f"{one.returncode} {one.stderr}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
