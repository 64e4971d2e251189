#!/usr/bin/env python3
"""The table of samples/load-unload: load_unload_table.py [--write] [--only VARIANT] [--os NAME,...] BUILD

Searches every variant on every version and prints bad traces / traces of each, and what was executing where it failed.
With --write the table takes the place of the one in the sample's page.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(ROOT, "samples", "load-unload", "README.md")
OLD, NEW = ("nt51", "ws2003", "vista", "win7"), ("win8", "win10", "win11")
VARIANTS = (
    ("load-unload", "registration first"),
    ("load-unload-last", "registration last"),
    ("load-unload-poll", "a device object; unload polls DO_DEVICE_INITIALIZING"),
    ("load-unload-event", "an event at the end of DriverEntry, and a pause"),
    ("load-unload-ioctl", "two drivers, call back by device control"),
    ("load-unload-export", "two drivers, call back by an exported function"),
)


def search(build, name, version, runs):
    """The object of one search; where all schedules are too many, of all with one preemption."""
    result = try_search(build, name, version, runs, "--strategy", "dpor")
    if result["search"]["outcome"] != "exhausted":
        result = try_search(build, name, version, 100000, "--strategy", "bounded", "--bound", "1")
    return result


def try_search(build, name, version, runs, *strategy):
    folder = os.path.join(build, "samples", "load-unload")
    guard = [name + "-guard"] if os.path.exists(os.path.join(folder, name + "-guard.sys")) else []
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([os.path.join(build, "ntlab"), "explore", "--os", version, *strategy, "--inject", "none", "--keep-going",
                        "--budget", f"{runs}runs", "--jobs", str(os.cpu_count() or 1), "--out", out, "--",
                        os.path.join(folder, "load-unload.exe"), name, *guard],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        with open(os.path.join(out, "report.json"), encoding="utf-8") as file:
            return json.load(file)


def frame_name(frame):
    module = "nt" if frame["image"] == "ntoskrnl.exe" else re.sub(r"load-unload(-\w+)?\.sys", "driver", frame["image"])
    return f"{module}!{frame.get('symbol', '?')}"


def executing(finding):
    """The frame whose instruction it was, with the driver's routine behind it."""
    stack = finding["threads"][0]["stack"]
    here = frame_name(stack[0])
    driver = next((frame_name(f) for f in stack if f["image"].startswith("load-unload")), None)
    words = here if driver in (None, here) else f"{here} for {driver}"
    return f"0x{int(finding['code'], 16):X} in {words}" + (" (known, a note)" if finding["severity"] == "note" else "")


def cell(result):
    found = result["search"]
    return f"{found['bad']} / {found['traces']}" + {"exhausted": "", "bounded": ", bounded: 1 preemption"}.get(found["outcome"], f" ({found['outcome']})")


def main():
    parser = argparse.ArgumentParser(usage="load_unload_table.py [--write] [--only VARIANT] [--os NAME,...] BUILD")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("--os", default=",".join(OLD + NEW))
    parser.add_argument("--runs", type=int, default=20000)
    parser.add_argument("build")
    options = parser.parse_args()
    versions = options.os.split(",")
    lines = ["| variant | " + " | ".join(versions) + " |", "|---" * (len(versions) + 1) + "|"]
    places = []
    for name, what in VARIANTS:
        if options.only not in (None, name):
            continue
        results = {version: search(os.path.abspath(options.build), name, version, options.runs) for version in versions}
        lines.append(f"| `{name}`: {what} | " + " | ".join(cell(results[v]) for v in versions) + " |")
        seen = {}
        for version in versions:
            for finding in results[version]["findings"]:
                seen.setdefault(executing(finding), []).append(version)
        places += [f"- `{name}`: {where} ({', '.join(on)})" for where, on in seen.items()]
        print(lines[-1], file=sys.stderr)
    text = "\n".join(lines) + "\n\nWhat was executing where it failed:\n\n" + "\n".join(places) + "\n"
    if options.write:
        with open(PAGE, encoding="utf-8") as file:
            page = file.read()
        page = re.sub(r"(<!-- table -->\n).*?(<!-- end -->)", lambda m: m[1] + "\n" + text + "\n" + m[2], page, flags=re.S)
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(page)
    else:
        print(text)


if __name__ == "__main__":
    main()
