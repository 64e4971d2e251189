#!/usr/bin/env python3
"""What people see: reports and progress on a terminal of 80 columns: terminal.py NTLAB FOLDER SAMPLES BUGS. FOLDER holds faulty-NAME.sys."""
import fcntl
import os
import pty
import re
import struct
import sys
import tempfile
import termios

problems = []


def check(condition, text):
    if not condition:
        problems.append(text)
        print("terminal:", text)


def written(where, words, columns=80):
    """-> all that was written to the terminal, and the status."""
    pid, screen = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        os.chdir(where)
        os.environ.pop("COLUMNS", None)
        os.execv(words[0], words)
    output = b""
    while True:
        try:
            some = os.read(screen, 65536)
        except OSError:  # the other end is closed
            break
        if not some:
            break
        output += some
    _, status = os.waitpid(pid, 0)
    os.close(screen)
    return re.sub(r"\x1b\[[0-9;]*m", "", output.decode(errors="replace")).replace("\r\n", "\n"), os.waitstatus_to_exitcode(status)


def run(where, words, columns=80):
    """-> the lines as they stand on the screen in the end, and the status."""
    output, status = written(where, words, columns)
    lines = []
    for line in output.split("\n"):
        seen = ""
        for part in line.split("\r"):  # each part overwrites what stands there
            seen = part + seen[len(part):]
        lines.append(seen.rstrip())
    return lines, status


def main():
    ntlab, folder, samples, bugs = (os.path.abspath(p) for p in sys.argv[1:5])
    with tempfile.TemporaryDirectory() as where:
        # A search: columns as wide as the terminal, sentences broken between words.
        lines, status = run(where, [ntlab, "explore", "--granularity", "memory", "--keep-going", "--budget", "300runs", samples + "/bluetooth/bluetooth.sys"])
        check(status == 1, f"explore: status {status}")
        report = lines[lines.index("MANUALLY_INITIATED_CRASH (e2)"):]
        check(all(len(line) <= 80 for line in report), f"explore: lines of {max(map(len, report))} characters")
        story = report[report.index("SCHEDULE (time goes down; numbers are choices):"):report.index("TO SEE IT ON WINDOWS:")]
        check(any("writes Extension.StoppingFlag" in line for line in story), f"explore: {story}")
        check(all("driver.c" not in line or re.search(r"driver\.c:\d+", line) for line in story), f"explore: a line's number stands by itself: {story}")
        confirm = " ".join(line.strip() for line in report[report.index("TO SEE IT ON WINDOWS:") + 1:][:30])
        check("Hold thread A (PnpAdd) before it uses Extension.PendingIo at driver.c:47, until" in confirm, f"explore: words are broken: {confirm}")

        # A search for all says how many that may be.
        sample = samples + "/critical-region/critical-region"
        output, status = written(where, [ntlab, "explore", "--keep-going", "--strategy", "dpor", "--granularity", "atomics", "--budget", "20000runs",
                                         sample + ".sys", "--client", f"user:{sample}.exe update resource", "--client", f"admin:{sample}.exe update resource"])
        check(re.search(r"\rdpor: \d+ s, \d+ runs, \d+/s, \d+ traces of about \d+, \d findings?", output), f"explore: progress: {output[:800]}")

        # Progress leaves nothing behind.
        lines, status = run(where, [ntlab, "check", "--budget", "8runs", bugs + "/bug-resource-apcs.sys"])
        check(status == 1, f"check: status {status}")
        check(any(line.startswith("ntlab: rule: WithinCriticalRegion: ") for line in lines), "check: a finding begins a line")
        check(not any("everything once" in line for line in lines), "check: progress stays")
        check(any(line.startswith("CHECKED: ") for line in lines) and all(len(line) <= 80 for line in lines), "check: the table")

        # A wide terminal breaks nothing.
        lines, status = run(where, [ntlab, "run", folder + "/faulty-null.sys"], columns=250)
        check(status == 1 and any(re.match(r"ntlab: bugcheck 0x7E: .*took the exception$", line) for line in lines), "run: one line")
    print(f"terminal: {len(problems)} problems")
    return 1 if problems else 0


sys.exit(main())
