#!/usr/bin/env python3
"""syscalls.py NTLAB BUILD: what `ntlab syscalls` prints of a client, and that watching changes nothing in the run."""
import re
import subprocess
import sys

NTLAB, BUILD = sys.argv[1:]
CLIENT = f"{BUILD}/samples/user-apc/user-apc.exe"


def run(*words):
    result = subprocess.run([NTLAB, *words], capture_output=True, text=True, timeout=170)
    assert result.returncode == 0, (words, result.returncode, result.stderr[-2000:])
    return result


plain = run("run", "--", CLIENT)
traced = run("syscalls", CLIENT)
assert traced.stdout == plain.stdout
for wanted in (
    r"^[0-9a-f]{4,}\.[0-9a-f]{4,} NtCreateFile\(FileHandle=\[0x[0-9a-f]+\], DesiredAccess=0x[0-9a-f]+, ObjectAttributes=\"\\\?\?\\C:\\user-apc\.txt\", "
    r"IoStatusBlock=\{STATUS_SUCCESS, \d+\}, .*\) = STATUS_SUCCESS <\d+\.\d{6}>$",
    r"NtDelayExecution\(Alertable=FALSE, \w+=\[in 0\.001000 s\]\) = STATUS_SUCCESS <0\.0\d+>$",
    r"NtDelayExecution\(Alertable=TRUE, .*\) = STATUS_USER_APC <",
    r"NtContinue\(.*\) = \? <",
    r"NtMapViewOfSection\(.* InheritDisposition=ViewShare, AllocationType=0, Protect=PAGE_EXECUTE_WRITECOPY\) = ",
    r"NtProtectVirtualMemory\(.* NewProtect=PAGE_READWRITE, OldProtect=\[PAGE_READONLY\]\) = STATUS_SUCCESS",
    r"NtCreateFile\(.* ShareAccess=0, CreateDisposition=FILE_OVERWRITE_IF, CreateOptions=FILE_NON_DIRECTORY_FILE\|FILE_DELETE_ON_CLOSE,",
    r"NtDelayExecution\(Alertable=TRUE, Interval=\[infinite\]\) = ",
    r"^ +\d+ +\d+  NtQueueApcThread$",
    r"^ +\d+ +\d+  all$",
):
    assert re.search(wanted, traced.stderr, re.M), (wanted, traced.stderr[-6000:])
summary = run("syscalls", "--summary", CLIENT).stderr
assert "NtDelayExecution\n" in summary and "NtDelayExecution(" not in summary
stages = run("syscalls", "--stages", "--run-timeout", "100s", f"{BUILD}/samples/critsec-vs-kernel/critsec-vs-kernel.exe", "5000").stderr
rows = re.findall(r"^ ?(\d+) (\S.*?) +(\d*) +([\d.]+) +([\d.]+)$", stages, re.M)
assert [int(row[0]) for row in rows] == list(range(16)), stages[-3000:]
assert all(int(row[2]) > 0 for row in rows if row[0] not in ("2", "8", "13")), rows
SHARES = ("user mode: the program itself", "user mode: spinning", "entering", "dispatching", "waiting: from thread", "waiting: nobody", "leaving", "exceptions")


def shares(text):
    """By the first words of a row: per cent. They are all of the time, but what telling took."""
    found = {}
    for name in SHARES:
        match = re.search(rf"^{name}.*? +([\d.]+) +[\d.]+ +[\d.]+$", text, re.M)
        assert match, (name, text[-2000:])
        found[name] = float(match[1])
    assert 99 < sum(found.values()) < 101, found
    return found


LOCKS = f"{BUILD}/samples/critsec-vs-kernel/critsec-vs-kernel.exe"
shares(stages)
# A critical section stays in user mode, the custom lock does not; neither spins.
section = shares(run("syscalls", "--summary", "--run-timeout", "100s", LOCKS, "100000", "lock=1").stderr)
custom = shares(run("syscalls", "--summary", "--run-timeout", "100s", LOCKS, "5000", "lock=4").stderr)
assert custom["entering"] + custom["leaving"] > 5 + section["entering"] + section["leaving"], (section, custom)
# Whoever spins while the owner is away for long is seen to.
spin = run("syscalls", "--summary", f"{BUILD}/tests/cli/spin.exe").stderr
assert shares(spin)["user mode: spinning"] > 0, spin
match = re.search(r"; turns of the processors in user mode: (\d+), (\d+) of them \(([\d.]+) %\) spent spinning$", spin, re.M)
assert match and int(match[1]) > int(match[2]) > 30 and float(match[3]) > 50, spin[-1000:]
mitigated = run("syscalls", "--stages", "--mitigations", CLIENT).stderr
assert re.search(r"^13 mitigations of the exit.* [\d.]+ +[1-9][\d.]*$", mitigated, re.M), mitigated[-3000:]
run("run", "--mitigations", "--", CLIENT)
