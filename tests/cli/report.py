#!/usr/bin/env python3
"""What the report says of each mistake: report.py NTLAB FOLDER [NAME]. FOLDER holds faulty-NAME.sys (faulty.c); NAME: of that one alone.

Each row: the driver, arguments, the status, what the first sentence says, what the rest holds, what JSON holds.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = r"faulty\.c"
ROWS = [
    ("null", [], 1, r"^ntlab: bugcheck 0x7E: faulty-null\.sys read address 0x10 \(a NULL pointer\) in FaultyRead \[faulty\.c:\d+\], and no __except",
     [r"^SYSTEM_THREAD_EXCEPTION_NOT_HANDLED \(7e\)$", r"^Arg1: ffffffffc0000005, exception: STATUS_ACCESS_VIOLATION$",
      r"^Arg2: \w+, address where it was raised: faulty-null\.sys!FaultyRead", r"^PROCESS_NAME:  System",
      r"^THREAD \w{16}  Cid 0004\.\w+  Teb: 0{16}  RUNNING on processor \d", r"^    IRQL 0 \(PASSIVE_LEVEL\)  KernelApcDisable 0  SpecialApcDisable 0",
      r"^FAULTING_IP:$", r"mov rax, qword ptr ds:\[0x10\]|mov rax, qword ptr \[0x0*10\]", r"ds:0000000000000010=\?{8}", r"^rax=\w{16} rbx=\w{16}",
      r"^STACK_TEXT:$", r"^00 \w{16} faulty-null\.sys!FaultyRead\S* \[\S*faulty\.c @ \d+\]", r"^\w+ \w{16} faulty-null\.sys!DriverEntry\+0x\w+ \[\S*faulty\.c @ \d+\]",
      r"^SYMBOL_NAME:  faulty-null\.sys!FaultyRead"],
     {"kind": "bugcheck", "code": "0x0000007E", "name": "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED", "blame": "driver"}),
    ("irql", [], 1, r"bugcheck 0xD1: faulty-irql\.sys wrote to address 0x451234560008 .* in FaultyWrite \[faulty\.c:\d+\] at IRQL 2 \(DISPATCH_LEVEL\)",
     [r"^DRIVER_IRQL_NOT_LESS_OR_EQUAL \(d1\)$", r"^Arg1: 0000451234560008, ", r"^Arg2: 0000000000000002, .*: DISPATCH_LEVEL$",
      r"^Arg3: 0000000000000001, .*: write$", r"^Arg4: \w+, .*faulty-irql\.sys!FaultyWrite"],
     {"kind": "bugcheck", "code": "0x000000D1", "blame": "driver"}),
    ("deadlock", [], 1, r"deadlock: thread 0004\.\w+ of System waits for fast mutex 0x\w+ of thread 0004\.\w+ of System, which waits for fast mutex 0x\w+ of the first",
     [r"^WAIT_CHAIN:$", r"fast-mutex \w{16}, owned by thread \w{16} \(Cid 0004\.\w+, System\)", r"faulty-deadlock\.sys!FaultyOther"],
     {"kind": "deadlock", "blame": "driver"}),
    ("resource", [], 1, r"deadlock: .* waits for resource 0x\w+ of .*, which waits for resource 0x\w+ of the first",
     [r"resource \w{16}, wanted shared, held exclusive, owned by thread", r"^    Critical region entered 1 time: faulty-resource\.sys!FaultyDo\+0x\w+ \[\S*faulty\.c @ \d+\]",
      r"^    Critical region entered 2 times: nt!PspSystemThreadStartup\+0x\w+ \[\S+ @ \d+\], faulty-resource\.sys!FaultyOther\+0x\w+ \[\S*faulty\.c @ \d+\]$",
      r"^    Holds resource \w{16} exclusive, acquired at faulty-resource\.sys!FaultyOther\+0x\w+ \[\S*faulty\.c @ \d+\]; waited for by 0004\.\w+ System$"],
     {"kind": "deadlock"}),
    ("hang", [], 1, r"hang: every thread waits, and nothing is left that could wake one: thread 0004\.\w+ of System waits for event 0x\w+ in faulty-hang\.sys!FaultyDo",
     [r"WAIT: \(Executive\) KernelMode Non-Alertable", r"faulty-hang\.sys!FaultyDo\+0x\w+ \[\S*faulty\.c @ \d+\]"], {"kind": "hang", "blame": "driver"}),
    ("ticks", [], 1, r"hang: nobody goes on but for timers and time-outs that go on coming: thread 0004\.\w+ of System waits for event 0x\w+ in faulty-ticks\.sys!FaultyDo",
     [r"WAIT: \(Executive\) KernelMode Non-Alertable"], {"kind": "hang", "blame": "driver"}),
    ("polls", [], 1, r"hang: nobody goes on but for timers and time-outs that go on coming: thread 0004\.\w+ of System waits for event 0x\w+ in faulty-polls\.sys!FaultyDo",
     [r"WAIT: \(Executive\) KernelMode Non-Alertable"], {"kind": "hang", "blame": "driver"}),
    ("call", [], 1, r"bugcheck 0x7E: faulty-call\.sys jumped to address 0x0 \(a NULL pointer\)", [r"faulty-call\.sys!"], {"code": "0x0000007E"}),
    ("call", ["--os", "win7"], 1, r"bugcheck 0x7E: ", [r"jumped to address 0x0 \(a NULL pointer\)|STATUS_ACCESS_VIOLATION"], {"code": "0x0000007E"}),
    ("copy", [], 1, r"bugcheck 0x50: .*faulty-copy\.sys.* wrote to address 0x4512345600\w\w", [r"^PAGE_FAULT_IN_NONPAGED_AREA \(50\)$", r"kind of access: write$"],
     {"code": "0x00000050"}),
    ("break", [], 1, r"hit a breakpoint, and no debugger is attached \(--kd\)", [r"STATUS_BREAKPOINT", r"faulty-break\.sys!"], {"code": "0x0000007E"}),
    ("break", ["--kd"], 0, r"^ntlab: clean", [r"breakpoint in kernel mode at .*DbgBreakPoint\S*, continued \(--kd\)"], None),
    ("raise", [], 1, r"faulty-raise\.sys raised STATUS_INSUFFICIENT_RESOURCES in FaultyDo", [r"nt!ExRaiseStatus"], {"code": "0x0000007E"}),
    ("pool", [], 1, r"bugcheck 0xC2: faulty-pool\.sys in \w+ \[faulty\.c:\d+\]: the block has been freed before", [r"^BAD_POOL_CALLER \(c2\)$", r"tag 'Fult'"],
     {"code": "0x000000C2", "name": "BAD_POOL_CALLER"}),
    ("list", [], 1, r"bugcheck 0x139: faulty-list\.sys in FaultyDo \[faulty\.c:\d+\]: a LIST_ENTRY is damaged", [r"int 0x29"], {"code": "0x00000139"}),
    ("spin", [], 1, r"deadlock: thread 0004\.\w+ of System spins for the spin lock 0x\w+, which nobody is left to release, in faulty-spin\.sys!",
     [r"^PROCESSOR \d spins for the lock at \w{16}"], {"kind": "deadlock"}),
    ("loop", ["--run-timeout", "4s"], 1, r"livelock: faulty-loop\.sys!FaultyDo\S* has run for .* at IRQL 0 \(kernel mode\) without calling the kernel",
     [r"^00 \w{16} faulty-loop\.sys!FaultyDo\S* \[\S*faulty\.c @ \d+\]", r"nt!IopLoadDriver",
      r"^THREAD \w{16}  Cid 0004\.\w+  Teb: 0{16}  RUNNING on processor \d$", r"^    Critical region entered 1 time: faulty-loop\.sys!FaultyDo\+0x\w+ \[\S*faulty\.c @ \d+\]$",
      r"^    Holds resource \w{16} exclusive, acquired at faulty-loop\.sys!FaultyDo\+0x\w+ "], {"kind": "livelock", "blame": "driver"}),
    ("missing", [], 4, r"unsupported: faulty-missing\.sys!\S+ called nt!XyzSomething, which is not implemented", [r"faulty-missing\.sys!DriverEntry"], None),
    ("bugcheck", [], 1, r"bugcheck 0xE2: faulty-bugcheck\.sys in FaultyDo", [r"^MANUALLY_INITIATED_CRASH \(e2\)$", r"nt!KeBugCheckEx"], {"code": "0x000000E2"}),
    ("stack", [], 1, r"bugcheck 0x7F: faulty-stack\.sys in FaultyRecurse .* kernel stack is used up", [r"\(\d+ more frames like the next one\)", r"guard page below the kernel stack"],
     {"code": "0x0000007F"}),
    ("freed", [], 1, r"^ntlab: bugcheck 0x7E: faulty-freed\.sys wrote to address 0xfeeefeeefeeefeee: a pointer out of pool that has been freed in FaultyInner \[faulty\.c:\d+\]",
     [r"^00 \(inline\) +faulty-freed\.sys!FaultyInner \["], {"code": "0x0000007E"}),
    ("kit", [], 1, r"bugcheck 0x7E: faulty-kit\.sys wrote to address 0x8 \(a NULL pointer\) in FaultyDo \[faulty\.c:\d+\], and",
     [r"^00 \(inline\) +faulty-kit\.sys!RemoveEntryList \[\S*wdm\.h @ \d+\]", r"^FAULTING_SOURCE_FILE: \S*faulty\.c$"], {"code": "0x0000007E"}),
    ("region", [], 1, r"bugcheck 0x50: faulty-region\.sys read address", [r"KernelApcDisable -1  SpecialApcDisable -1", r"^    Critical region entered 1 time: faulty-region",
                                                                          r"^    Guarded region entered 1 time: faulty-region"], {"code": "0x00000050"}),
]
FAILURES = []


def fail(what, output=""):
    FAILURES.append(what)
    print(f"FAIL {what}\n{output}")


def run(words, **options):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, stdin=subprocess.DEVNULL, text=True, errors="replace", **options)


def check_json(what, report, status, wanted):
    for key in ("schema", "ntlab", "command", "command_line", "os", "seed", "images", "verdict", "client_exit", "trace_hash", "findings"):
        if key not in report:
            fail(f"{what}: JSON lacks `{key}`")
    verdict = {0: "clean", 1: "finding", 3: "error", 4: "unsupported"}[status]
    if report["schema"] != 1 or report["verdict"] != verdict or len(report["findings"]) != (status == 1):
        fail(f"{what}: verdict {report['verdict']}, {len(report['findings'])} findings")
    for image in report["images"]:
        if not re.fullmatch(r"[0-9a-f]{64}", image["sha256"]) or image["symbols"] != "dwarf":
            fail(f"{what}: image {image}")
    if wanted is None:
        return
    finding = report["findings"][0]
    for key, value in wanted.items():
        if finding.get(key) != value:
            fail(f"{what}: {key} is {finding.get(key)}, expected {value}")
    if not finding["threads"] or not finding["threads"][0]["stack"]:
        fail(f"{what}: no thread with a stack")
    for frame in finding["threads"][0]["stack"]:
        if frame["image"] and frame["image"].startswith("faulty") and ("symbol" not in frame or not frame["source"]["file"].endswith(("faulty.c", "/wdm.h"))):
            fail(f"{what}: frame {frame}")


def main():
    ntlab, folder = map(os.path.abspath, sys.argv[1:3])
    only = sys.argv[3:]
    for name, arguments, status, sentence, parts, wanted in ROWS:
        if only and name not in only:
            continue
        driver = os.path.join(folder, f"faulty-{name}.sys")
        what = " ".join([name, *arguments])
        with tempfile.NamedTemporaryFile(suffix=".json") as report:
            said = run([ntlab, "run", "--json", report.name, *arguments, driver])
            if said.returncode != status or not re.search(sentence, said.stdout, re.M):
                fail(f"{what}: status {said.returncode} (expected {status}), sentence /{sentence}/", said.stdout)
                continue
            for part in parts:
                if not re.search(part, said.stdout, re.M):
                    fail(f"{what}: no /{part}/", said.stdout)
            if "\033" in said.stdout:
                fail(f"{what}: colours without a terminal")
            check_json(what, json.load(report), status, wanted)
    if not only:
        check_options(ntlab, folder)
        check_pdb(ntlab, folder)
    print(f"{len(ROWS)} mistakes, {len(FAILURES)} failures")
    sys.exit(bool(FAILURES))


def check_options(ntlab, folder):
    null = os.path.join(folder, "faulty-null.sys")
    # Without the symbolizer names come from export tables, and the report says so.
    for without in ({"PATH": "/nowhere"}, {"NTLAB_SYMBOLIZER": ""}, {"NTLAB_SYMBOLIZER": "/nowhere"}):
        said = run([ntlab, "run", null], env={**os.environ, **without}).stdout
        if not re.search(r"faulty-null\.sys\+0x\w+", said) or "Names come from export tables" not in said:
            fail(f"no symbolizer: {without}", said)
    # The one of Debian 12 (LLVM 14) knows these two options.
    real = shutil.which("llvm-symbolizer-19") or shutil.which("llvm-symbolizer")
    with tempfile.TemporaryDirectory() as where:
        with open(where + "/llvm-symbolizer", "w", encoding="utf-8") as script:
            script.write('#!/bin/sh\n[ "$*" = "--output-style=JSON --relative-address" ] && [ -z "$DEBUGINFOD_URLS" ] || exit 1\n' + f'exec "{real}" "$@"\n')
        os.chmod(where + "/llvm-symbolizer", 0o755)
        said = run([ntlab, "run", null], env={**os.environ, "PATH": where, "DEBUGINFOD_URLS": "http://127.0.0.1:1"}).stdout
        if "faulty-null.sys!FaultyRead" not in said:
            fail("an old llvm-symbolizer", said)
        said = run([ntlab, "run", null], env={**os.environ, "PATH": "/nowhere", "NTLAB_SYMBOLIZER": real}).stdout
        if "faulty-null.sys!FaultyRead" not in said:
            fail("NTLAB_SYMBOLIZER", said)
    # --source-map
    place = re.search(r"\[(\S*/)?faulty\.c @", run([ntlab, "run", null], cwd="/").stdout)
    if place is None:
        fail("no source path")
    else:
        folder_of = place.group(1).rstrip("/")
        for old, new, wanted in ((folder_of, "src", "[src/faulty.c @"), (folder_of + "/", "src/", "[src/faulty.c @"), (folder_of + "/", "src", "[src/faulty.c @"),
                                 (folder_of, "src/", "[src/faulty.c @"), (folder_of[:-1], "src", f"[{folder_of}/faulty.c @")):
            said = run([ntlab, "run", "--source-map", f"{old}={new}", null], cwd="/").stdout
            if wanted not in said:
                fail(f"--source-map {old}={new}", said)
    # --json - takes stdout whole; the rest goes to stderr
    said = subprocess.run([ntlab, "run", "--json", "-", null], capture_output=True, timeout=60)
    if json.loads(said.stdout)["verdict"] != "finding" or b"bugcheck 0x7E" not in said.stderr:
        fail("--json -")
    # Two runs: one fingerprint, one hash.
    first, second = (json.loads(subprocess.run([ntlab, "run", "--json", "-", null], capture_output=True, timeout=60).stdout) for _ in range(2))
    if first["findings"][0]["fingerprint"] != second["findings"][0]["fingerprint"] or first["trace_hash"] != second["trace_hash"]:
        fail("two runs differ")
    for option in ("--html", "--sarif", "--junit", "--out"):
        said = run([ntlab, "run", option, "/proc/no/such", null])
        if said.returncode != 2 or "/proc/no/such" not in said.stdout:
            fail(option, said.stdout)


def check_pdb(ntlab, folder):
    with tempfile.TemporaryDirectory() as other:
        driver = os.path.join(other, "faulty-pdb.sys")
        shutil.copy(os.path.join(folder, "faulty-pdb.sys"), driver)
        symbols = os.path.join(other, "symbols")
        os.mkdir(symbols)
        shutil.copy(os.path.join(folder, "faulty-pdb.pdb"), symbols)
        said = subprocess.run([ntlab, "run", "--json", "-", "--symbols", symbols, driver], capture_output=True, timeout=60)
        report = json.loads(said.stdout)
        kinds = [i["symbols"] for i in report["images"] if i["path"] == driver]
        if b"faulty-pdb.sys!FaultyRead" not in said.stderr or b"faulty-pdb.c @" not in said.stderr or kinds != ["pdb"]:
            fail("--symbols", said.stderr.decode())


main()
