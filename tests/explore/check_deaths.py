#!/usr/bin/env python3
"""Workers that die in a search: a run that ends its worker is a finding, and no other run is lost:
check_deaths.py NTLAB FOLDER"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

passed = failed = 0


def check(what, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"not ok {what} {detail}")


def children(pid):
    try:
        return [int(p) for p in open(f"/proc/{pid}/task/{pid}/children").read().split()]
    except OSError:
        return []


def processor_seconds(pid):
    try:
        fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError):
        return 0


class Killer(threading.Thread):
    """Sends a signal to each worker that has used so much of a processor: all but the endless run is over
    long before. With `times` only to so many, and only to those without a keeper: those that confirm a
    finding or make it small."""

    def __init__(self, pid, number, seconds, times=None):
        super().__init__()
        self.pid, self.number, self.seconds, self.times = pid, number, seconds, times
        self.over, self.killed = threading.Event(), {}

    def run(self):
        while not self.over.wait(0.01):
            for child in children(self.pid):
                for worker in [child] if self.times is not None and not children(child) else children(child) or [child]:
                    if worker in self.killed or processor_seconds(worker) < self.seconds or (self.times is not None and (
                            worker != child or len(self.killed) >= self.times)):
                        continue
                    try:
                        os.kill(worker, self.number)
                        self.killed[worker] = True
                    except ProcessLookupError:
                        pass


def explore(ntlab, folder, *options, killer=None):
    process = subprocess.Popen([ntlab, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder)
    thread = Killer(process.pid, *killer) if killer else None
    if thread:
        thread.start()
    stdout, stderr = process.communicate()
    if thread:
        thread.over.set()
        thread.join()
    return process.returncode, stdout, stderr, len(thread.killed) if thread else 0


def main():
    ntlab, build = (os.path.abspath(p) for p in sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        def search(program, *options, killer=None):
            status, stdout, stderr, killed = explore(ntlab, folder, "explore", "--keep-going", "--json", "-", *options,
                                                     f"{build}/{program}.sys" if "/" in program else f"{build}/explore-{program}.sys", killer=killer)
            try:
                found = json.loads(stdout)
            except ValueError:
                found = {"search": {}, "findings": []}
            return status, found["search"], found["findings"], stderr, killed

        def figures(search):
            return [search.get(k) for k in ("outcome", "runs", "traces", "bad", "blocked")]

        # The watchdog asks the worker, which ends the run itself: nothing dies.
        status, asked, findings, said, _ = search("hang", "--granularity", "atomics", "--strategy", "dpor", "--budget", "1000runs", "--run-timeout", "500ms")
        check("asked", status == 1 and asked.get("outcome") == "exhausted" and asked.get("bad", 0) > 0 and
              [f["kind"] for f in findings] == ["livelock"] and asked["died"] == 0, f"{status} {asked} {said[-500:]}")

        # A run that is merely long when its time is over: said so, at once, and it may have more when it is run again.
        pair = [f"--client={token}:{build}/../../user/check/ntlabcheck.exe hostile \\Device\\NtlabBug 222000 222005 22200a 22200f" for token in ("user", "admin")]
        start = time.monotonic()
        status, it, findings, said, _ = search("../bugs/bug-resource-apcs-good", "--strategy", "random", "--budget", "3runs", "--inject", "none", "--client-exit", "ignore",
                                               "--run-timeout", "150ms", *pair)
        check("merely long", status == 1 and it.get("runs") == 3 and findings and all("did not end in time" in f["message"] and "it still went on: --run-timeout gives it more than 0.15 s" in
              f["message"] for f in findings) and time.monotonic() - start < 60, f"{status} {it} {time.monotonic() - start:.0f} s {findings} {said[-500:]}")
        for time_out, good, text in (("150ms", 1, "did not end in time"), ("60s", 0, "clean")):
            status, _, said, _ = explore(ntlab, folder, "replay", "--run-timeout", time_out, "findings/1.ntr")
            check(f"merely long: replayed with {time_out}", status == good and text in said, f"{status} {said[-300:]}")

        # A worker that is killed there by a signal, and again: the same search, as if the driver had crashed.
        expected = None
        for strategy, budget in (("dpor", "1000runs"), ("odpor", "1000runs"), ("pct", "40runs")):
            first = None
            for jobs in ("1", "2"):
                status, it, findings, said, killed = search("hang", "--granularity", "atomics", "--strategy", strategy, "--budget", budget, "--jobs", jobs,
                                                            "--run-timeout", "60s", killer=(signal.SIGABRT, 0.2))
                what = f"{strategy} --jobs {jobs}: worker killed by SIGABRT"
                check(what, status == 1 and it.get("died", 0) > 0 and [f["kind"] for f in findings] == ["bugcheck"] and killed >= 3,
                      f"{status} {it} {killed} {said[-700:]}")
                check(what + ": as few findings as runs that do it", bool(findings) and findings[0]["runs"] == it["bad"], findings)
                first = first or figures(it)
                check(what + ": the same for each --jobs", figures(it) == first, f"{figures(it)} {first}")
            if strategy == "dpor":
                expected = first
                check("dpor: traces as in the search that was asked", first == figures(asked), f"{first} {figures(asked)}")
        status, _, said, killed = explore(ntlab, folder, "replay", "--run-timeout", "60s", "findings/1.ntr", killer=(signal.SIGABRT, 0.2))
        check("the finding replays to the same loop", status == 1 and killed == 1 and "signal 6" in said, f"{status} {said[-300:]}")

        # One that answers nobody is killed by its watchdog.
        status, it, findings, said, killed = search("hang", "--granularity", "atomics", "--strategy", "dpor", "--budget", "1000runs", "--run-timeout", "5s",
                                                    killer=(signal.SIGSTOP, 0.2))
        check("stopped workers", status == 1 and it.get("died", 0) > 0 and [f["kind"] for f in findings] == ["livelock"],
              f"{status} {it} {said[-700:]}")
        check("stopped workers: the same search", figures(it) == expected, f"{figures(it)} {expected}")

        # Whoever confirms a finding or makes it small may be killed too.
        one = search("din_phil3", "--strategy", "dpor", "--budget", "5000runs")
        other = search("din_phil3", "--strategy", "dpor", "--budget", "5000runs", killer=(signal.SIGKILL, 0.0, 5))
        check("killed while confirming", other[4] == 5 and one[0] == other[0] == 1 and figures(one[1]) == figures(other[1]) and
              [(f["fingerprint"], f["steps"], f["minimised"], f["certified"]) for f in one[2]] ==
              [(f["fingerprint"], f["steps"], f["minimised"], f["certified"]) for f in other[2]], f"{other[4]} {other[3][-500:]}")
        said = [[l for l in it[3].splitlines() if "runs/s" not in l and "workers were lost" not in l] for it in (one, other)]
        check("and it says the same, once", said[0] == said[1], f"{said}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
