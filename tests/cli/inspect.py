#!/usr/bin/env python3
"""`ntlab dt` and `ntlab u`: inspect.py NTLAB FAULTY.sys. What is stable is compared letter by letter."""
import re
import subprocess
import sys

FAILURES = []

# dt words, then the whole output
EXACT = [
    (["_KTHREAD", "ApcState.*ApcPending", "KernelApcDisable", "CombinedApcDisable", "SpecialApcDisable"],
     "nt!_KTHREAD\n"
     "   +0x098 ApcState         : \n"
     "      +0x029 KernelApcPending : UChar\n"
     "      +0x02a UserApcPending   : UChar\n"
     "   +0x1e4 KernelApcDisable : Int2B\n"
     "   +0x1e6 SpecialApcDisable : Int2B\n"
     "   +0x1e4 CombinedApcDisable : Uint4B\n"),
    (["--os", "ws2003", "nt!_KTHREAD", "*ApcDisable"],
     "nt!_KTHREAD\n"
     "   +0x1e4 KernelApcDisable : Int2B\n"
     "   +0x1e6 SpecialApcDisable : Int2B\n"
     "   +0x1e4 CombinedApcDisable : Uint4B\n"),
    (["--os", "nt51", "nt:_KTHREAD", "*ApcDisable"], "nt!_KTHREAD\n   +0x1e4 KernelApcDisable : Uint4B\n"),
    (["--os", "win7", "KTHREAD", "Suspend*", "SuspendApc"],
     "nt!_KTHREAD\n"
     "   +0x284 SuspendCount     : Char\n"
     "   +0x288 SuspendApc       : _KAPC\n"
     "   +0x2e0 SuspendSemaphore : _KSEMAPHORE\n"),
    (["_KTHREAD", "WaitBlock", "Alertable", "Reserved1", "Timer", "Process", "Alerted", "WaitBlockList"],
     "nt!_KTHREAD\n"
     "   +0x072 Alerted          : [2] UChar\n"
     "   +0x074 Alertable        : Pos 4, 1 Bit\n"
     "   +0x074 Reserved1        : Pos 20, 12 Bits\n"
     "   +0x0d0 WaitBlockList    : Ptr64 _KWAIT_BLOCK\n"
     "   +0x100 Timer            : _KTIMER\n"
     "   +0x140 WaitBlock        : [4] _KWAIT_BLOCK\n"
     "   +0x218 Process          : Ptr64 _KPROCESS\n"),
    (["_UNICODE_STRING"],
     "nt!_UNICODE_STRING\n"
     "   +0x000 Length           : Uint2B\n"
     "   +0x002 MaximumLength    : Uint2B\n"
     "   +0x008 Buffer           : Ptr64 Wchar\n"),
    (["-r", "_KAPC_STATE", "ApcListHead", "Process"], None),
    (["-r1", "_KEVENT"],
     None),
    (["-y", "_DRIVER_OBJECT", "Driver", "major"],
     "nt!_DRIVER_OBJECT\n"
     "   +0x018 DriverStart      : Ptr64 Void\n"
     "   +0x020 DriverSize       : Uint4B\n"
     "   +0x028 DriverSection    : Ptr64 Void\n"
     "   +0x030 DriverExtension  : Ptr64 _DRIVER_EXTENSION\n"
     "   +0x038 DriverName       : _UNICODE_STRING\n"
     "   +0x058 DriverInit       : Ptr64     long \n"
     "   +0x060 DriverStartIo    : Ptr64     void \n"
     "   +0x068 DriverUnload     : Ptr64     void \n"
     "   +0x070 MajorFunction    : [28] Ptr64     long \n"),
    (["_KOBJECTS_TYPE"], None),
    (["ULONG"], "nt!Uint4B\n"),
]
WRONG = [
    (["dt"], "usage: ntlab dt"),
    (["dt", "_NO_SUCH_TYPE"], "no type `_NO_SUCH_TYPE`"),
    (["dt", "foo!_KTHREAD"], "no image `foo`"),
    (["dt", "_KTHREAD", "NoSuchField"], "no field `NoSuchField` in _KTHREAD"),
    (["dt", "_KTHREAD", "ApcState.NoSuchField"], None),
    (["dt", "-r99", "_KTHREAD"], "no depth"),
    (["dt", "--os", "win95", "_KTHREAD"], "unknown version"),
    (["dt", "/nowhere/foo.sys", "foo!_X"], "/nowhere/foo.sys: No such file"),
    (["u"], "usage: ntlab u"),
    (["u", "KeNoSuchRoutine"], "cannot resolve `KeNoSuchRoutine`"),
    (["u", "KeSetEvent+"], "an address is missing"),
    (["u", "KeSetEvent", "8"], "no number of lines"),
    (["u", "(((((((((((((((((((((((((((((((1"], "nested too deep"),
    (["u", "12345"], "lies in no image"),
]


def fail(what, said):
    FAILURES.append(what)
    print(f"FAIL {what}:\n{said}")


def run(words):
    return subprocess.run(words, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)


def main():
    ntlab, faulty = sys.argv[1:3]
    for words, wanted in EXACT:
        said = run([ntlab, "dt", *words])
        if said.returncode != 0 or said.stderr or (wanted is not None and said.stdout != wanted):
            fail(" ".join(words), said.stdout + said.stderr)
    for words, wanted in WRONG:
        said = run([ntlab, *words])
        if wanted is not None and (said.returncode != 2 or wanted not in said.stderr):
            fail(" ".join(words), f"status {said.returncode}: {said.stdout}{said.stderr}")
    # The whole structure: every offset in order within 0x528 bytes, what is ours behind a line that says so.
    said = run([ntlab, "dt", "_KTHREAD"]).stdout
    lines = said.splitlines()
    if lines[0] != "nt!_KTHREAD" or lines[1] != "   +0x000 Header           : _DISPATCHER_HEADER" or "   ------ from here on ntlab's own" not in lines:
        fail("_KTHREAD", said)
    for line in lines[1:]:
        if not re.fullmatch(r"   (\+0x[0-9a-f]{3} \w+ +: .+|------ from here on ntlab's own)", line):
            fail("_KTHREAD", line)
    said = run([ntlab, "dt", "-r1", "_KEVENT"]).stdout
    if not re.match(r"nt!_KEVENT\n   \+0x000 Header           : _DISPATCHER_HEADER\n      \+0x000 Type             : UChar\n", said):
        fail("-r1", said)
    # Types of a driver; and a file that is none.
    said = run([ntlab, "dt", faulty, "faulty-null!_DRIVER_OBJECT", "DriverUnload"])
    if said.stdout != "faulty-null!_DRIVER_OBJECT\n   +0x068 DriverUnload     : Ptr64     void \n":
        fail("driver", said.stdout + said.stderr)
    # Code
    said = run([ntlab, "u", "KeAreAllApcsDisabled"]).stdout
    lines = said.splitlines()
    if lines[0] != "nt!KeAreAllApcsDisabled:" or not re.search(r" ret$", said, re.M):
        fail("u", said)
    for line in lines[1:]:
        if not re.fullmatch(r"00004000`[0-9a-f]{8} (?=.{16})[0-9a-f]+ +\w+( .*)?", line):
            fail("u", line)
    if "mov     rax,qword ptr gs:[188h]" not in run([ntlab, "u", "nt!KeAreApcsDisabled"]).stdout:
        fail("u KeAreApcsDisabled", "")
    # The two bodies of the article, at one address.
    for os_name, wanted in (("nt51", ["mov     rax,qword ptr gs:[188h]", "xor     ecx,ecx", "cmp     dword ptr [rax+1E4h],ecx", "setne   cl", "mov     al,cl", "ret"]),
                            ("ws2003", ["mov     rax,qword ptr gs:[188h]", "cmp     dword ptr [rax+1E4h],0h", "setne   al", "ret"])):
        lines = run([ntlab, "u", "--os", os_name, "KeAreApcsDisabled"]).stdout.splitlines()
        if lines[0] != "nt!KeAreApcsDisabled:" or [re.sub(r"^\S+ \S+ +", "", line) for line in lines[1:]] != wanted:
            fail(f"u KeAreApcsDisabled on {os_name}", "\n".join(lines))
    said = run([ntlab, "u", "KeSetEvent", "L3"]).stdout
    if len(said.splitlines()) != 4:
        fail("u L3", said)
    said = run([ntlab, "u", faulty, "faulty-null!DriverEntry"]).stdout
    if not said.startswith("faulty-null!DriverEntry:\n0000000"):
        fail("u of a driver", said)
    print(f"{len(EXACT) + len(WRONG) + 6} commands, {len(FAILURES)} failed")
    sys.exit(bool(FAILURES))


main()
