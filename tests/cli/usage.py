#!/usr/bin/env python3
"""The command line's contract: usage.py NTLAB. Wrong usage is status 2 with a message that names what is wrong."""
import subprocess
import sys

WRONG = [
    ([], r"ntlab COMMAND|Options:"),
    (["nonsense"], "unknown command `nonsense`"),
    (["run", "--nonsense", "1"], "unknown option `--nonsense`"),
    (["run", "-x"], "unknown option `-x`"),
    (["run", "--os"], "--os needs a value"),
    (["run", "--os", "win95"], "unknown version `win95`"),
    (["run", "--os", "10.0.1"], "unknown version"),
    (["run", "--os", "win7,win10"], "takes one version"),
    (["explore", "--os", "win7,win95"], "unknown version `win95`"),
    (["explore", "--os", "win7,win10", "/nowhere/foo.sys"], "/nowhere/foo.sys"),
    (["explore", "--shard", "1/2", "--strategy", "brute", "/nowhere/foo.sys"], "/nowhere/foo.sys|`brute`"),
    (["replay"], "FINDING.ntr"),
    (["run", "--cpus", "0"], "--cpus"),
    (["run", "--cpus", "65"], "--cpus"),
    (["run", "--cpus", "two"], "`two` is not a number"),
    (["run", "--seed", "-1"], "--seed"),
    (["run", "--run-timeout", "soon"], "`soon` is not a time"),
    (["run", "--clock", "wall"], "neither virtual nor host"),
    (["run", "--client-exit", "what"], "--client-exit"),
    (["run", "--source-map", "x"], "OLD=NEW"),
    (["run", "--client", "user:"], "no command"),
    (["run", "/nowhere/foo.sys"], "/nowhere/foo.sys: No such file"),
    (["run", "samples/user-apc/user-apc.exe"], "is a program of user mode, not a driver: clients come after --"),
    (["run", "--"], "no client after"),
    (["run", "--", "/nowhere/client.exe"], "/nowhere/client.exe: No such file"),
    (["run", "--", "ntoskrnl"], "ntoskrnl: No such file"),
    (["run", "--dir", "/nowhere"], "/nowhere"),
    (["run", "--reg", "/nowhere.reg"], "/nowhere.reg"),
    (["explore", "--json", "/nowhere/report.json", "samples/user-apc/user-apc.sys"], "--json /nowhere/report.json: No such file"),
    (["run", "--html", "/", "samples/user-apc/user-apc.sys"], "--html /: Is a directory"),
    (["run", "--json", "samples/user-apc/user-apc.exe"], "--json samples/user-apc/user-apc.exe: is an image, and would be overwritten"),
    (["imports"], "no file"),
    (["doctor", "--what"], "unknown option"),
]
RIGHT = [
    (["--help"], "Exit status"),
    (["help", "explore"], "--granularity"),
    (["explore", "--help"], "--granularity"),
    (["run", "foo.sys", "-h"], "Exit status"),
    (["--version"], "ntlab 0"),
    (["doctor"], "protection-keys"),
    (["doctor", "--json"], '"checks"'),
    (["run", "--", "fltmc", "filters"], "Filter Name"), # a program of the box
    (["run", "--client", "admin:FLTMC.exe volumes"], "Volume Name"),
    (["run", "--client-exit", "ignore", "--", "fltmc", "unload", "nothing"], "Unload failed with error: 0x801f0013\nThe system could not find the filter"),
]


def main():
    failures = 0
    for status, cases in ((2, WRONG), (0, RIGHT)):
        for words, text in cases:
            run = subprocess.run([sys.argv[1], *words], capture_output=True, timeout=60, text=True)
            said = run.stdout + run.stderr
            if run.returncode != status or not any(part in said for part in text.split("|")):
                failures += 1
                print(f"FAIL {words}: status {run.returncode}, expected {status} and `{text}`:\n{said}")
            if status == 2 and run.stdout:
                failures += 1
                print(f"FAIL {words}: a message on stdout")
    print(f"{len(WRONG) + len(RIGHT)} commands, {failures} failed")
    sys.exit(failures != 0)


main()
