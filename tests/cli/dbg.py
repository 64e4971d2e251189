#!/usr/bin/env python3
"""Commands for a stopped run: dbg.py NTLAB FAULTY_FOLDER SAMPLES_FOLDER.

After a bugcheck, after a hang, at breaks; wrong commands; lines that mean nothing.
"""
import json
import os
import random
import re
import subprocess
import sys
import tempfile

FAILURES = []
COUNT = 0


def fail(what, said=""):
    FAILURES.append(what)
    print(f"FAIL {what}:\n{said}")


def run(words, text=""):
    return subprocess.run(words, capture_output=True, text=True, timeout=120, input=text, errors="replace")


def expect(what, said, *patterns):
    global COUNT
    for pattern in patterns:
        COUNT += 1
        if not re.search(pattern, said, re.M):
            fail(f"{what}: no /{pattern}/", said)


ADDRESS = r"[0-9a-f]{16}"
LONG = r"[0-9a-f]{8}`[0-9a-f]{8}"
# Commands that are wrong, each with the line that says so.
WRONG = [
    ("nonsense", r"^no command `nonsense`; \? lists them$"),
    ("g", r"^the run has ended: nothing is left to go on$"),
    ("dt", r"^dt \[-rN\]"),
    ("dt _NO_SUCH_TYPE", r"^no type `_NO_SUCH_TYPE`$"),
    ("dt _KTHREAD @$thread NoField", r"^no field `NoField` in _KTHREAD$"),
    ("dt _KTHREAD 123 State", r"^   \+0x184 State            : \?\?$"),
    ("dt _KTHREAD nt!NoSuchThing", r"^cannot resolve `nt!NoSuchThing`"),
    ("dq 10", r"^00000000`00000010  \?{8}`\?{8} \?{8}`\?{8}$"),
    ("dq zzz", r"^cannot resolve `zzz`: neither a number nor a symbol$"),
    ("dq nt!KiProcessor L0", r"^`L0` is no length"),
    ("dq nt!KiProcessor Lffffffffffffffff", r"^`Lffffffffffffffff` is no length"),
    ("!thread 12345", r"^0000000000012345 is not a thread object$"),
    ("!irp", r"^!irp ADDRESS$"),
    ("!irp nt!KiProcessor", r" is not an IRP \(any more\)$"),
    ("!devobj 10", r"^0000000000000010 is not a device object$"),
    ("!drvobj NoSuchDriver", r"^cannot resolve `NoSuchDriver`"),
    ("!drvobj", r"^!drvobj ADDRESS\|NAME"),
    ("!process 1234567", r"^no process 1234567$"),
    ("!handle 0 f 99999", r"^no such process$"),
    ("!irql 99", r"^there is no processor 99$"),
    ("u 10", r"^00000000`00000010 \?\? +\?\?\?$"),
    ("u nt!KeSetEvent Lx", r"^`Lx` is no number of lines"),
    ("x nosuch!*", r"^no symbol matches `nosuch!\*`$"),
    ("ln 10", r"^10 lies in no module$"),
    ("r xyz", r"^no register `xyz`$"),
    ("k 1 2", r"^k \[THREAD\]$"),
    ("? 1+", r"^an address is missing$"),
    ("? (1", r"^`\)` is missing"),
    ("? poi(10)", r"^memory at 10 cannot be read$"),
    ("? @$nothing", r"^no pseudo-register"),
    ("? 1 2", r"makes no sense behind an address$"),
]


def bugcheck(ntlab, folder):
    commands = ("!thread; k; r; r rip; lm; !process 0 0; !process 0 7; !irql; !irql 0; !dpcs; !timer; !apc; !apc @$thread; !locks; !handle 0 f 4; "
                "u @rip L1; uf faulty-null!FaultyRead; x faulty-null!Faulty*; ln faulty-null!FaultyRead+2; dt _KTHREAD @$thread State KernelApcDisable; "
                "dt _EPROCESS @$proc ImageFileName; dd nt!KiProcessorCount L1; da nt; !drvobj null; !drvobj faulty-null 3; ? 0n16+1; .thread; ?")
    said = run([ntlab, "run", "-c", commands, os.path.join(folder, "faulty-null.sys")])
    if said.returncode != 1 or said.stdout:
        fail(f"bugcheck: status {said.returncode}, stdout {said.stdout!r}")
    expect("bugcheck", said.stderr, r"^ntlab: bugcheck 0x7E: ", r"^\d: kd> !thread; k; r;",
           rf"^THREAD {ADDRESS}  Cid 0004\.[0-9a-f]{{4,}}  Teb: 0{{16}} Win32Thread: 0{{16}} RUNNING on processor \d$",
           rf"^    Owning Process            {ADDRESS}       Image:         System$", rf"^    Start Address             nt!ExpWorkerThread \({LONG}\)$",
           r"^ # Child-SP          RetAddr           Call Site$", rf"{LONG} {LONG} faulty-null!FaultyRead(\+0x\w+)? \[\S*faulty\.c @ \d+\]$",
           rf"^rax={ADDRESS} rbx={ADDRESS} rcx={ADDRESS}$", rf"^rip={ADDRESS}$", rf"^{LONG} {LONG} nt +\(dwarf\) +C:\\Windows\\System32\\ntoskrnl\.exe$",
           rf"^PROCESS {ADDRESS}\n    SessionId: 0  Cid: 0004    Peb: 0{{16}}  ParentCid: 0000\n    DirBase: \w{{8}}  ObjectTable: {ADDRESS}  HandleCount: +\d+\.\n    Image: System$",
           r"^Debugger saved IRQL for processor 0x0 -- \d+ \(\w+\)$", r"^no DPC is queued$", r"^Interrupt time: \d+\.\d{7} s of virtual time$",
           rf"^Thread {ADDRESS}  Cid 0004\.[0-9a-f]+  System\n    KernelApcDisable -?\d  SpecialApcDisable 0  KernelApcPending 0", r"^0 locks$",
           r"^faulty-null!FaultyRead:\n", rf"^{LONG} faulty-null!FaultyDo$", rf"^\({LONG}\)   faulty-null!FaultyRead\+0x2$",
           r"^nt!_KTHREAD\n   \+0x184 State            : 0x2 ''\n   \+0x1e4 KernelApcDisable : 0n0$", r'^   \+0x\w+ ImageFileName    : \[16\] UChar  "System"$',
           rf"^{LONG}  00000004$", r"^ \\Driver\\faulty-null$", rf"^DriverEntry:     {ADDRESS}  faulty-null!DriverEntry$", r"^\[00\] IRP_MJ_CREATE +nt!IopInvalidDeviceRequest$",
           r"^Evaluate expression: 17 = 00000000`00000011$", rf"^Implicit thread is now {ADDRESS}$", r"^!locks +\[ADDR\] +locks with owners and waiters$")


def hang(ntlab, folder):
    said = run([ntlab, "run", "-c", "!locks; !process 0 7", os.path.join(folder, "faulty-resource.sys")])
    expect("resource", said.stderr,
           rf"^Resource @ faulty-resource!FirstResource \(0x{ADDRESS}\)    Exclusively owned, 1 owning thread\n"
           rf"    Contention Count = 1\n    NumberOfSharedWaiters = 1  NumberOfExclusiveWaiters = 0\n"
           rf"    Owned by:\n        {ADDRESS}  Cid 0004\.\w+  System  exclusive  acquired at faulty-resource!FaultyDo\+0x\w+\n"
           rf"    Threads Waiting:\n        {ADDRESS}  Cid 0004\.\w+  System  shared$", r"^2 locks$",
           rf"WAIT: \(WrResource\) KernelMode Non-Alertable\n        {ADDRESS}  Semaphore of the lock at {ADDRESS}$",
           r"^    Critical region entered 2 times: nt!PspSystemThreadStartup\+0x\w+, faulty-resource!FaultyOther\+0x\w+$", rf"{LONG} {LONG} faulty-resource!FaultyOther\+0x\w+ \[\S*faulty\.c @ \d+\]$")
    said = run([ntlab, "run", "-c", "!locks", os.path.join(folder, "faulty-deadlock.sys")])
    expect("fast mutex", said.stderr, rf"^Fast mutex @ .*\n    Owned by:\n        {ADDRESS}  Cid 0004\.\w+  System  acquired at faulty-deadlock!\w+\+0x\w+\n    Threads Waiting:\n        {ADDRESS}", r"^2 locks$")
    said = run([ntlab, "run", "-c", "!irql 0; !locks; !thread", os.path.join(folder, "faulty-spin.sys")])
    expect("spin lock", said.stderr, r"^Debugger saved IRQL for processor 0x0 -- ")


def wrong(ntlab, folder):
    """Each wrong command gives its line, and the session goes on to the next."""
    text = "".join(command + "\n" for command, _ in WRONG)
    said = run([ntlab, "run", "--dbg", os.path.join(folder, "faulty-null.sys")], text)
    parts = re.split(r"^\d: kd> .*\n", said.stderr, flags=re.M)[1:]
    if said.returncode != 1 or len(parts) != len(WRONG):
        fail(f"wrong commands: status {said.returncode}, {len(parts)} answers", said.stderr)
        return
    for (command, pattern), part in zip(WRONG, parts):
        expect(command, part, pattern)


def trace_hash(words):
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        said = run([*words[:2], "--json", report.name, *words[2:]])
        return said, json.load(report)["trace_hash"]


def breaks(ntlab, folder, driver, client):
    resource = os.path.join(folder, "faulty-resource.sys")
    plain, before = trace_hash([ntlab, "run", resource])
    said, after = trace_hash([ntlab, "run", "--break", "faulty-resource!FaultyOther", "--break", "nt:ExAcquireResourceExclusiveLite", resource])
    if before != after:
        fail(f"a break changes the run: {before} and {after}")
    if said.stderr.count("ntlab: break at nt!ExAcquireResourceExclusiveLite, processor ") != 3 or said.stderr.count("ntlab: break at faulty-resource!FaultyOther,") != 1:
        fail("breaks", said.stderr)
    expect("break", said.stderr, rf"^01 {LONG} {LONG} faulty-resource!FaultyDo\+0x\w+ \[")
    if plain.stderr.splitlines()[1] not in said.stderr:
        fail("the verdict changed", said.stderr)
    # A prompt: g goes on, q ends the run; what follows the end of input runs without stops.
    said = run([ntlab, "run", "--break", "nt!ExAcquireResourceExclusiveLite", "--dbg", resource], "r rip\ng\n!locks\nu @rip L1; g\nq\n")
    if said.returncode != 0:
        fail(f"q: status {said.returncode}", said.stderr)
    expect("prompt", said.stderr, r"^\d: kd> r rip\nrip=", r"^1 lock$", rf"^nt!ExAcquireResourceExclusiveLite:\n{LONG} [0-9a-f]+ +\w+", r"^ntlab: the run was ended at a break$")
    said = run([ntlab, "run", "--break", "nt!ExAcquireResourceExclusiveLite", "--dbg", resource], "g\n")
    if said.returncode != 1 or "deadlock" not in said.stderr:
        fail(f"end of input: status {said.returncode}", said.stderr)
    # Every instruction, those beside and under what the loader has patched too: the run stays the same.
    code = run([ntlab, "u", resource, "faulty-resource!FaultyDo"]).stdout.splitlines()[1:]
    places = [int(line.split()[0].replace("`", ""), 16) for line in code]
    hits = 0
    for place in places:
        said, after = trace_hash([ntlab, "run", "--break", f"faulty-resource!FaultyDo+{place - places[0]:x}", "-c", "r rip", resource])
        hits += said.stderr.count("ntlab: break at faulty-resource!FaultyDo")
        if after != before or said.returncode != 1:
            fail(f"break at FaultyDo+{place - places[0]:x}: status {said.returncode}, hash {after}", said.stderr)
    if hits < len(places) / 2:
        fail(f"{hits} breaks at {len(places)} instructions")
    # User mode, a static function of a client; stdout stays the client's own.
    free = run([ntlab, "run", "--os", "win7", driver, "--", client])
    said = run([ntlab, "run", "--os", "win7", "--break", "switchstack.exe!Gather", "-c", "r; k; lm", driver, "--", client])
    if said.returncode != free.returncode or said.stdout != free.stdout:
        fail("a client's output", said.stdout + said.stderr)
    expect("client", said.stderr, r"^ntlab: break at switchstack_exe!Gather, processor \d$", r"mode=user", rf"^00 {LONG} {LONG} switchstack_exe!Gather \[\S*client\.c @ \d+\]$",
           rf"^01 {LONG} {LONG} switchstack_exe!main", r"mode=kernel", rf"{LONG} {LONG} switchstack!DispatchIoctl")
    said = run([ntlab, "run", "--break", "faulty-null!FaultyUnload", os.path.join(folder, "faulty-null.sys")])
    expect("not reached", said.stderr, r"^ntlab: no break was reached$")
    for words, text in ((["--break", "Foo"], "is not IMAGE!SYMBOL"), (["--break", "foo!Foo"], "no image `foo` takes part"), (["--break", "nt!NoSuch"], "no symbol `NoSuch`"),
                        (["--break", "nt!KiProcessor"], "no code at `KiProcessor`"), (["--break", "nt!KeSetEvent+x"], "is no offset"),
                        (["--break", "nt!KeAreApcsDisabled+1"], "no instruction starts at nt!KeAreApcsDisabled+1"), (["-c"], "-c needs a value")):
        said = run([ntlab, "run", *(words if words == ["-c"] else [*words, resource])])
        global COUNT
        COUNT += 1
        if said.returncode != 2 or text not in said.stderr:
            fail(" ".join(words), said.stderr)


def reports(ntlab, samples):
    """What a hang's report says of APCs that cannot come in, and of threads that are suspended."""
    def report(name, os_name, *clients):
        with tempfile.NamedTemporaryFile(suffix=".json") as out:
            words = [word for client in clients for word in ("--client", client)]
            said = run([ntlab, "run", "--os", os_name, "--json", out.name, "-c", "!apc; !locks", *words, os.path.join(samples, name, f"{name}.sys")])
            return said.stderr, json.load(out)["findings"][0]["threads"]

    mutex = os.path.join(samples, "guarded-mutex", "guarded-mutex.exe")
    for os_name, why in (("win7", r"SpecialApcDisable -1: guarded region entered at guarded-mutex\.sys!\w+\+0x\w+"),
                         ("win10", r"IRQL 1 \(APC_LEVEL\): fast mutex 0x\w+ acquired at guarded-mutex\.sys!\w+\+0x\w+"),
                         ("nt51", r"IRQL 1 \(APC_LEVEL\): fast mutex 0x\w+ acquired at guarded-mutex\.sys!\w+\+0x\w+")):
        said, threads = report("guarded-mutex", os_name, f"admin:{mutex} zw nothing")
        expect(f"guarded-mutex {os_name}", said, rf"^ntlab: hang: .* waits for event 0x\w+ in guarded-mutex\.sys!\w+\+0x\w+; special kernel APCs are off in it \({why}\), "
               r"and the completion of IRP 0x\w+ is queued as one$", rf"^    Holds fast mutex {ADDRESS}, acquired at guarded-mutex\.sys!",
               rf"^    Queued special kernel APC {ADDRESS}: nt!IopCompleteRequest, completes IRP {ADDRESS}$",
               rf"^        Special kernel APC @ {ADDRESS}\n            KernelRoutine: nt!IopCompleteRequest$")
        thread = threads[0]
        queued = thread["apc"]["queued"]
        if len(queued) != 1 or queued[0]["kind"] != "special" or queued[0]["routine"] != "nt!IopCompleteRequest" or not queued[0]["irp"].startswith("0x"):
            fail(f"guarded-mutex {os_name}: queued {queued}")
        if [region["kind"] for region in thread["apc"]["regions"]] != (["guarded"] if os_name == "win7" else []):
            fail(f"guarded-mutex {os_name}: regions {thread['apc']}")
        if not re.fullmatch(r"fast-mutex 0x\w+", " ".join(thread["holds"])) or not thread["waits_for"].startswith("event 0x"):
            fail(f"guarded-mutex {os_name}: holds {thread['holds']}, waits for {thread['waits_for']}")
    region = os.path.join(samples, "critical-region", "critical-region.exe")
    said, threads = report("critical-region", "win10", f"user:{region} attack resource", f"admin:{region} use resource")
    expect("critical-region", said, r"^ntlab: hang: .* waits for resource 0x\w+ in critical-region\.sys!.*; its owner, thread \S+ of critical-region, is suspended in critical-region\.sys!",
           r"WAIT: \(Suspended\) KernelMode Non-Alertable, suspended$", rf"^    Holds resource {ADDRESS} exclusive, acquired at critical-region\.sys!.*; waited for by \w+\.\w+ critical-region$",
           rf"^        {ADDRESS}  Cid \w+\.\w+  critical-region  exclusive  \(suspended\)  acquired at critical-region!")
    suspended = [thread for thread in threads if thread["suspended"]]
    waiting = [thread for thread in threads if (thread["waits_for"] or "").startswith("resource")]
    if len(suspended) != 1 or len(waiting) != 1 or suspended[0]["holds"] != [waiting[0]["waits_for"]]:
        fail(f"critical-region: {suspended} {waiting}")


def finding(ntlab, folder):
    """What an exploration has found, looked into again."""
    with tempfile.TemporaryDirectory() as place:
        def again(words, text=""):
            return subprocess.run([ntlab, *words], capture_output=True, text=True, timeout=120, input=text, cwd=place)

        again(["explore", "--budget", "200runs", os.path.join(folder, "faulty-resource.sys")])
        for what, said in (("-c", again(["dbg", "findings/1.ntr", "-c", "!locks"])), ("prompt", again(["dbg", "findings/1.ntr"], "!locks\n"))):
            if said.returncode != 1:
                fail(f"dbg {what}: status {said.returncode}", said.stderr)
            expect(f"dbg {what}", said.stderr, r"^\d+: kd> !locks$", r"^Resource @ faulty-resource!FirstResource ", r"^2 locks$")
        said = again(["replay", "--break", "faulty-resource!FaultyOther", "findings/1.ntr"])
        if said.returncode != 1 or "differs" in said.stderr:
            fail(f"replay --break: status {said.returncode}", said.stderr)
        expect("replay --break", said.stderr, r"^ntlab: break at faulty-resource!FaultyOther, processor \d+$")
        said = again(["dbg"])
        if said.returncode != 2 or "dbg: FINDING.ntr is expected" not in said.stderr:
            fail("dbg", said.stderr)


def fuzz(ntlab, folder):
    """Lines that mean nothing, and lines that nearly do: the session ends as it would have."""
    chance = random.Random(1)
    words = ["!thread", "!process", "!locks", "!apc", "!irp", "!devobj", "!drvobj", "!handle", "!object", "!irql", "!timer", "!dpcs", "k", "r", "dt", "u", "uf", "lm", "x", "ln", "dq", "db",
             "da", "du", "d", "?", "g", ".thread", "_KTHREAD", "_IRP", "nt!_EPROCESS", "@$thread", "@$proc", "@rsp", "@rip", "poi(", ")", "(", "+", "-", "L4", "Lffff", "0", "ffffffffffffffff",
             "00004000`80000000", "-r", "-r20", "-y", "nt!", "!", "nt!*", "*", "ApcState.", "Tail.Overlay.", "Held[3].Lock", "Region[99]", "[", "7ffe0000", "42080e909c40", "%s%n", "\\", "'", ";;", "x" * 300]
    lines = []
    for _ in range(400):
        if chance.random() < 0.2:
            lines.append("".join(chr(chance.randrange(32, 256)) for _ in range(chance.randrange(60))))
        else:
            lines.append(" ".join(chance.choice(words) for _ in range(chance.randrange(1, 6))))
    lines.append("x" * 5000)
    lines = [line for line in lines if not line.lstrip().startswith("q")]
    text = "\n".join(lines) + "\n? 1+1\n"
    said = subprocess.run([ntlab, "run", "--dbg", os.path.join(folder, "faulty-null.sys")], capture_output=True, timeout=240, input=text.encode("latin-1"))
    if said.returncode != 1 or b"Evaluate expression: 2 = " not in said.stderr:
        fail(f"fuzz: status {said.returncode}", said.stderr[-3000:].decode("latin-1"))


def main():
    ntlab, folder, samples = map(os.path.abspath, sys.argv[1:4])
    driver, client = (os.path.join(samples, "switchstack", f"switchstack.{kind}") for kind in ("sys", "exe"))
    bugcheck(ntlab, folder)
    hang(ntlab, folder)
    wrong(ntlab, folder)
    breaks(ntlab, folder, driver, client)
    reports(ntlab, samples)
    finding(ntlab, folder)
    fuzz(ntlab, folder)
    print(f"{COUNT} answers looked at, {len(FAILURES)} failures")
    sys.exit(bool(FAILURES))


main()
