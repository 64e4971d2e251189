#!/usr/bin/env python3
"""Every test: run_tests.py [--soak] [--only TEXT] [--jobs N] [--times FILE] [--record-points] BUILD

Two kinds of tests:

  * what Meson knows (`meson introspect --tests`): unit tests, tests of the command line, lints. Status 0 is a
    pass, 77 a skip.
  * test drivers and clients of tests/*/*/tests.list, run by `ntlab run`. Each line that they print counts:
        ntlab-test: ok|FAIL|skip|todo CASE:LINE TEXT        ntlab-test: done PASSED FAILED
    A sixth field of a line of tests.list is the client's arguments; `@NAME` as sources: the binaries of that line. In
    the arguments {client}, {build} and {root} are paths.
    The fifth field is what must come of the run:
        pass                        status 0, and every program has said `done`; behind ` : ` what the run must say, too
        bugcheck CODE [P1 [P2 …]]   this bugcheck; parameters that are not given may be anything, so may `*`;
                                    $NAME is what the driver has said with `ntlab-test: let NAME 0x…`
        exit N | status N           a client's exit code | ntlab's exit status
        deadlock | hang | livelock | leak | unsupported | load
    Each but those with --clock host is run a second time, on what looks like another machine, and must give the same trace hash: another model of
    CPU (--cpu-model v2: no AVX, no protection keys, no faulting of cpuid and rdtsc; the C library is told the same),
    without address randomisation and llvm-symbolizer; and with the kernel open to user code where the first run has closed it by pages. With --soak it is also run on 1, 2 and 8
    processors, with another seed, and on every version of Windows that has what it imports (a line with `--os` is for
    that one alone).

tests/points.list says how many schedule points each of them passes. A change of the kernel that adds one or takes one away changes what searches of such
programs find and whether older findings replay: it has to be meant, and --record-points writes the list anew.

All run with NTLAB_SELF_CHECK: a run that is clean fails all the same if the kernel has lost memory of its own (nt/ex/lost.c), and any
if the dispatcher's structures are not whole at some step (nt/ke/sound.c).

A failure ends with the line that replays it. The last line is the count.
"""
import argparse
import concurrent.futures
import functools
import json
import os
import platform
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SELF_CHECK = {"NTLAB_SELF_CHECK": "1"}
os.environ.update(SELF_CHECK)
KINDS = ("deadlock", "hang", "livelock", "leak", "unsupported", "load")
# What an x86-64-v2 processor lacks, for the C library's choice of string routines.
PLAIN_LIBC = ("glibc.cpu.hwcaps=-AVX,-AVX2,-AVX512F,-AVX512VL,-AVX512BW,-AVX512CD,-AVX512DQ,-BMI1,-BMI2,-LZCNT,-MOVBE,-FMA,"
              "-ERMS,-FSRM,-RTM,-XSAVEC,-Prefer_No_VZEROUPPER,-AVX_Fast_Unaligned_Load")
SOAK = [["--cpus", "1"], ["--cpus", "2"], ["--cpus", "8"], ["--seed", "1"]] + [
    ["--os", name] for name in ("nt51", "ws2003", "vista", "win7", "win8", "win10", "win11")]
POINTS = os.path.join(ROOT, "tests/points.list")
RUNNING = set()  # process groups
RUN_TIMEOUT = 60  # seconds that a run may take on a loaded machine


class Outcome:
    def __init__(self, name):
        self.name = name
        self.passed = 0
        self.failed = 0
        self.skips = []
        self.todos = []
        self.problems = []  # (what, output, replay)
        self.seconds = 0.0


def shown(path):
    relative = os.path.relpath(path)
    return relative if len(relative) < len(path) else path


def without_none(env):
    return {name: value for name, value in env.items() if value is not None}


def replay_line(command, env=None, folder="."):
    """To paste: with the paths as short as they can be from `folder`."""
    env = {**(SELF_CHECK if "run" in command else {}), **(env or {})}
    words = [f"{k}={shlex.quote(v)}" for k, v in without_none(env).items()]
    for word in command:
        short = os.path.relpath(word, folder) if os.path.isabs(word) and os.path.exists(word) else word
        if os.path.isabs(word) and "/" not in short:
            short = "./" + short
        words.append(shlex.quote(short if len(short) < len(word) else word))
    return " ".join(words)


def tail(text, lines=25):
    rows = text.rstrip().split("\n")
    return "\n".join((["…"] if len(rows) > lines else []) + rows[-lines:])


def run_to_end(words, seconds, **options):
    """As subprocess.run with its output as bytes. At the time-out (subprocess.TimeoutExpired), and when this program is interrupted, whatever it has started
    ends with it: searches have workers."""
    with subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, start_new_session=True, **options) as child:
        RUNNING.add(child.pid)
        try:
            output, errors = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            raise
        finally:
            RUNNING.remove(child.pid)
    return subprocess.CompletedProcess(words, child.returncode, output, errors)


def stop(number, frame):
    for group in list(RUNNING):
        os.killpg(group, signal.SIGKILL)
    os._exit(128 + number)


# ---- Meson's tests ----

def meson_tests(build):
    text = subprocess.run(["meson", "introspect", "--tests", build], capture_output=True, text=True, check=True).stdout
    for test in json.loads(text):
        yield test


def run_meson_test(test, build):
    outcome = Outcome(f"{(test['suite'] or ['?'])[0].split(':')[-1]} / {test['name']}")
    env = {k: v for k, v in (test.get("env") or {}).items() if os.environ.get(k) != v}
    try:
        run = run_to_end(test["cmd"], max(test.get("timeout") or 30, 60) * 2, stderr=subprocess.PIPE,
                         cwd=test.get("workdir") or build, env={**os.environ, **env})
        output = (run.stdout + run.stderr).decode(errors="replace")
        status = run.returncode
    except subprocess.TimeoutExpired as late:
        output = ((late.stdout or b"") + (late.stderr or b"")).decode(errors="replace")
        status = "time-out"
    if status == 77:
        reason = output.strip().split("\n")[-1] or "no reason given"
        outcome.skips.append(reason)
    elif status == 0:
        outcome.passed = 1
    else:
        outcome.failed = 1
        where = test.get("workdir") or build
        outcome.problems.append((f"status {status}", tail(output), f"(cd {shown(where)} && {replay_line(test['cmd'], env, where)})"))
    return outcome


# ---- drivers and clients ----

class PeTest:
    def __init__(self, build, folder, line, lines):
        fields = [f.strip() for f in line.split("|")]
        self.component = os.path.basename(folder)
        self.name = f"{self.component}-{fields[0]}"
        self.arguments = shlex.split(fields[3])
        expected, _, self.says = fields[4].partition(" : ")
        self.expected = expected.split()
        self.client_arguments = shlex.split(fields[5]) if len(fields) > 5 else []
        sources = fields[1].split()
        where = os.path.join(build, os.path.relpath(os.path.dirname(folder), ROOT))
        binaries = self.name
        if fields[1].startswith("@"):
            binaries, sources = f"{self.component}-{sources[0][1:]}", lines[sources[0][1:]].split("|")[1].split()
        self.drivers = [os.path.join(where, binaries + ".sys")] if any(":" not in s for s in sources) else []
        self.sources = [os.path.join(folder, s.split(":")[-1]) for s in sources]
        others = [os.path.splitext(s.split(":")[1])[0] for s in sources if s.startswith("driver:")]
        self.drivers += [os.path.join(where, f"{binaries}-{os.path.basename(stem)}.sys") for stem in others]
        self.clients = [os.path.join(where, binaries + "-client.exe")] if any(s.startswith("client:") for s in sources) else []

    def command(self, ntlab, extra=()):
        arguments = [a.replace("{client}", c).replace("{build}", os.path.dirname(ntlab)).replace("{root}", ROOT)
                     for a in self.arguments for c in (self.clients or [""])]
        words = [ntlab, "run", *arguments, *extra, *self.drivers]
        named = any("{client}" in a for a in self.arguments)
        return words + (["--", *self.clients, *self.client_arguments] if self.clients and not named else [])


def pe_tests(build):
    for top in ("nt", "user"):
        base = os.path.join(ROOT, "tests", top)
        for component in sorted(os.listdir(base)) if os.path.isdir(base) else []:
            table = os.path.join(base, component, "tests.list")
            if not os.path.exists(table):
                continue
            rows = [line for line in open(table, encoding="utf-8") if not line.startswith("#") and line.count("|") >= 4]
            lines = {line.split("|")[0].strip(): line for line in rows}
            for line in rows:
                yield PeTest(build, os.path.join(base, component), line, lines)


def ntlab_run(command, env=None, seconds=RUN_TIMEOUT):
    """Status, everything that was said, the JSON object or None."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        words = list(command)
        at = words.index("run") + 1
        words[at:at] = ["--json", report.name, "--run-timeout", f"{seconds}s"]
        try:
            run = run_to_end(words, 2 * seconds, stderr=subprocess.STDOUT, env=without_none({**os.environ, **(env or {})}))
            status, output = run.returncode, run.stdout.decode(errors="replace")
        except subprocess.TimeoutExpired as late:
            status, output = "time-out", (late.stdout or b"").decode(errors="replace")
        try:
            result = json.load(open(report.name, encoding="utf-8"))
        except ValueError:
            result = None
    return status, output, result


def number(word):
    return int(word, 0)


def disagreement(test, status, output, result):
    """What is wrong with the end of the run; None if nothing."""
    if result is None:
        return f"no JSON object, status {status}"
    finding = (result.get("findings") or [{}])[0]
    word = test.expected[0]
    message = finding.get("message") or result.get("message") or ""
    if word == "pass":
        done = len(re.findall(r"ntlab-test: done \d+ \d+", output))
        if status != 0:
            return f"status {status}: {message}"
        if done < max(1, len(test.clients) if not test.drivers else 1):
            return "it never said `done`"
        if test.says not in output:
            return f"it did not say `{test.says}`"
    elif word == "bugcheck":
        if finding.get("kind") != "bugcheck":
            return f"expected bugcheck {test.expected[1]}, got {finding.get('kind') or result['verdict']}: {message}"
        if number(finding.get("code", "0")) != number(test.expected[1]):
            return f"expected bugcheck {test.expected[1]}, got {finding.get('code')}: {message}"
        for index, wanted in enumerate(test.expected[2:6]):
            if wanted.startswith("$"):
                wanted = (re.findall(rf"^ntlab-test: let {wanted[1:]} (\w+)", output, re.M) or ["*"])[-1]
                if wanted == "*":
                    return f"no `let` for parameter {index + 1}"
            if wanted[0] == "!":
                if number(finding["parameters"][index]) == number(wanted[1:]):
                    return f"parameter {index + 1} is {wanted[1:]}: {message}"
            elif "!" in wanted:
                if not re.search(rf"^Arg{index + 1}: .*{re.escape(wanted)}", output, re.M):
                    return f"parameter {index + 1}: expected {wanted}: {message}"
            elif wanted != "*" and number(finding["parameters"][index]) != number(wanted) % 2**64:
                return f"parameter {index + 1}: expected {wanted}, got {finding['parameters'][index]}: {message}"
        if test.says not in output:
            return f"the report does not say `{test.says}`: {message}"
    elif word == "exit":
        if result.get("client_exit") != number(test.expected[1]):
            return f"expected exit code {test.expected[1]}, got {result.get('client_exit')}: {message}"
    elif word == "status":
        if status != number(test.expected[1]):
            return f"expected status {test.expected[1]}, got {status}: {message}"
    elif word in KINDS:
        kind = finding.get("kind") or {3: "load", 4: "unsupported"}.get(status, result["verdict"])
        if kind != word:
            return f"expected {word}, got {kind}: {message}"
    else:
        return f"tests.list: `{word}` is no expectation"
    return None


@functools.cache
def known_points():
    """{test: schedule points}"""
    with open(POINTS, encoding="utf-8") as rows:
        return {name: int(points) for name, points in (row.split() for row in rows if not row.startswith("#"))}


def record_points(tests, ntlab, jobs):
    """Of the tests that come out as they should; the others keep the line that they have."""
    known, failed = known_points(), 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for test, (status, output, result) in zip(tests, pool.map(lambda t: ntlab_run(t.command(ntlab)), tests)):
            if is_by_the_host(test) or sees_host_files(test) or result is None:
                continue
            wrong = disagreement(test, status, output, result)
            if wrong is None:
                known[test.name] = result["points"]
            else:
                failed += 1
                print(f"not recorded: {test.name}: {wrong}")
    names = {test.name for test in pe_tests(os.path.dirname(ntlab)) if not is_by_the_host(test) and not sees_host_files(test)}
    with open(POINTS, encoding="utf-8") as rows:
        head = [row for row in rows if row.startswith("#")]
    with open(POINTS, "w", encoding="utf-8") as rows:
        rows.writelines(head + [f"{name} {known[name]}\n" for name in sorted(names & set(known))])
    return 1 if failed else 0


def is_by_the_host(test):
    """By the host's clock no two runs are the same."""
    return "host" in test.arguments


def sees_host_files(test):
    """What a program does may depend on their times."""
    return "--dir" in test.arguments


def other_points(test, result):
    """What is wrong with the number of schedule points; None if nothing."""
    if sees_host_files(test):
        return None
    known = known_points().get(test.name)
    if known == result["points"]:
        return None
    return (f"{result['points']} schedule points, " + (f"{known} before" if known is not None else "and no line in tests/points.list")
            + "; if that is meant: tools/run_tests.py --record-points")


def run_pe_test(test, ntlab, soak):
    outcome = Outcome(f"{test.component} / {test.name}")
    missing = [f for f in test.drivers + test.clients if not os.path.exists(f)]
    if missing:
        outcome.failed = 1
        outcome.problems.append((f"{missing[0]} was not built", "", f"ninja -C {shown(os.path.dirname(ntlab))}"))
        return outcome
    command = test.command(ntlab)
    status, output, result = ntlab_run(command)
    outcome.passed = len(re.findall(r"^ntlab-test: ok ", output, re.M))
    outcome.skips = re.findall(r"^ntlab-test: skip (.*)", output, re.M)
    outcome.todos = re.findall(r"^ntlab-test: todo (.*)", output, re.M)
    for line in re.findall(r"^ntlab-test: FAIL (.*)", output, re.M):
        outcome.failed += 1
        notes = re.findall(r"^ntlab-test: note " + re.escape(line.split()[0]) + " (.*)", output, re.M)
        outcome.problems.append((line + (": " + "; ".join(notes) if notes else ""), "", replay_line(command)))
    wrong = disagreement(test, status, output, result)
    if wrong is None:
        outcome.passed += 1
    elif not outcome.failed:
        outcome.failed = 1
        outcome.problems.append((wrong, tail(output), replay_line(command)))
    if result is None or is_by_the_host(test):
        return outcome
    wrong = other_points(test, result)
    if wrong is None:
        outcome.passed += 1
    else:
        outcome.failed += 1
        outcome.problems.append((wrong, "", replay_line(command)))
    # The same again, on what looks like another machine.
    # What closes the kernel to user code must not show, and where pages do that it is most of the time of who makes many services.
    isolation = ["--isolation", "off"] if result.get("isolation") == "page-protection" and "--isolation" not in test.arguments else []
    other = [shutil.which("setarch"), platform.machine(), "-R", *test.command(ntlab, ["--cpu-model", "v2", *isolation])]
    tunables = {"GLIBC_TUNABLES": PLAIN_LIBC, "PATH": ""}  # without a symbolizer, which takes as long as the run
    _, output2, result2 = ntlab_run(other, tunables)
    if result2 is not None and result2["trace_hash"] == result["trace_hash"]:
        outcome.passed += 1
    else:
        outcome.failed += 1
        outcome.problems.append((f"trace hash {result['trace_hash']}, then {result2 and result2['trace_hash']}",
                                 "" if result2 else tail(output2), replay_line(other, tunables)))
    for extra in SOAK if soak else ():
        if extra[0] in test.arguments or (extra[0] == "--os" and test.expected[0] != "pass"):
            continue  # a mistake has its own line for each version that treats it differently
        command = test.command(ntlab, extra)
        status, output, result = ntlab_run(command)
        if extra[0] == "--os" and re.search(r"imports nt!\S+, which \S+ brought", output):
            continue  # a driver for later versions only
        wrong = disagreement(test, status, output, result)
        bad = re.findall(r"^ntlab-test: FAIL (.*)", output, re.M)
        if wrong is None and not bad:
            outcome.passed += 1
        else:
            outcome.failed += 1
            outcome.problems.append((bad[0] if bad else wrong, tail(output), replay_line(command)))
    return outcome


# ---- all of it ----

def timed(function, *arguments):
    start = time.monotonic()
    outcome = function(*arguments)
    outcome.seconds = time.monotonic() - start
    return outcome


def main():
    parser = argparse.ArgumentParser(usage="run_tests.py [--soak] [--only TEXT] [--jobs N] [--times FILE] [--record-points] BUILD")
    parser.add_argument("--soak", action="store_true", help="more modes")
    parser.add_argument("--only", default="", help="tests whose name holds this")
    parser.add_argument("--jobs", type=int, default=(os.cpu_count() or 2) + 1, help="at once; one more than processors, for some wait")
    parser.add_argument("--times", help="seconds and name of each test, to this file")
    parser.add_argument("--record-points", action="store_true", help="write tests/points.list anew, of drivers and clients that fail by nothing else")
    parser.add_argument("build")
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    ntlab = os.path.join(build, "ntlab")
    if options.record_points:
        sys.exit(record_points([t for t in pe_tests(build) if options.only in t.name], ntlab, options.jobs))
    start = time.monotonic()
    outcomes = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = []
        # The long ones first.
        for test in sorted(meson_tests(build), key=lambda t: -(t.get("timeout") or 30)):
            if options.only in test["name"]:
                jobs.append(pool.submit(timed, run_meson_test, test, build))
        for test in pe_tests(build):
            if options.only in test.name:
                jobs.append(pool.submit(timed, run_pe_test, test, ntlab, options.soak))
        for index, job in enumerate(concurrent.futures.as_completed(jobs)):
            outcome = job.result()
            outcomes.append(outcome)
            if sys.stdout.isatty():
                print(f"\r[{index + 1}/{len(jobs)}] {outcome.name[:60]:60}", end="", flush=True)
            for what, output, replay in outcome.problems:
                print(f"{chr(13) if sys.stdout.isatty() else ''}FAIL {outcome.name}: {what}")
                if output:
                    print("    " + output.replace("\n", "\n    "))
                print(f"    replay: {replay}", flush=True)
    if sys.stdout.isatty():
        print("\r" + " " * 80 + "\r", end="")
    outcomes.sort(key=lambda o: o.name)
    for outcome in outcomes:
        for todo in outcome.todos:
            print(f"todo {outcome.name}: {todo}")
    for outcome in outcomes:
        for reason in outcome.skips:
            print(f"skip {outcome.name}: {reason}")
    slowest = sorted(outcomes, key=lambda o: -o.seconds)
    if options.times:
        with open(options.times, "w", encoding="utf-8") as times:
            times.writelines(f"{o.seconds:.2f}\t{o.name}\n" for o in slowest)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{len(outcomes)} tests in {time.monotonic() - start:.0f} s, {used.ru_utime + used.ru_stime:.0f} s of processors; the longest: "
          + ", ".join(f"{o.name} {o.seconds:.0f} s" for o in slowest[:3]))
    passed, failed = sum(o.passed for o in outcomes), sum(o.failed for o in outcomes)
    print(f"{passed} passed, {failed} failed, {sum(len(o.skips) for o in outcomes)} skipped")
    sys.exit(1 if failed or not outcomes else 0)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, stop)
    main()
