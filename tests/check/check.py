#!/usr/bin/env python3
"""`ntlab check`: check.py NTLAB FOLDER BUGS SAMPLES. FOLDER holds codes-NAME.sys (codes.c) and late.sys."""
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

problems = []


def check(condition, text):
    if not condition:
        problems.append(text)
        print("check:", text)


# Every code of codes.c -> lengths that are accepted (None: none are).
CODES = {0x222000: "8", 0x222004: "any", 0x222008: "any", 0x22200C: "any", 0x222010: ">=16", 0x222016: "any", 0x222028: ">=4", 0x223803: None,
         0x8123E400: "any", 0x8123E554: None}


def main():
    ntlab, folder, bugs, samples = (os.path.abspath(p) for p in sys.argv[1:5])
    with tempfile.TemporaryDirectory() as where:
        def run(driver, *words, status):
            out = os.path.join(where, os.path.basename(driver))
            done = subprocess.run([ntlab, "check", "--out", out, *words, driver], capture_output=True, text=True, errors="replace", cwd=where,
                                  timeout=200, stdin=subprocess.DEVNULL)
            check(done.returncode == status, f"{os.path.basename(driver)}: status {done.returncode}, not {status}\n{done.stderr[-3000:]}")
            return json.load(open(out + "/report.json", encoding="utf-8")), done.stderr, out

        for level in ("o0", "o1", "o2"):
            report, said, out = run(f"{folder}/codes-{level}.sys", "--budget", "16runs", status=0)
            device = report["devices"][0]
            check(device["name"] == ("\\FileSystem" if level == "o1" else "\\Device") + "\\NtlabCodes" and device["opened"], f"{level}: {device['name']}")
            found = {int(c["code"], 16): c for c in device["codes"]}
            check(set(found) == set(CODES), f"{level}: codes {sorted(map(hex, set(found) ^ set(CODES)))}")
            for code, lengths in CODES.items():
                if code not in found:
                    continue
                one = found[code]
                check(one["accepted"] == (lengths is not None), f"{level}: {code:#x} accepted: {one['accepted']}")
                check(lengths is None or one["input"] == lengths, f"{level}: {code:#x} lengths {one['input']}, not {lengths}")
                # 0x8123 is a type that nobody would try: it was read from the code, in Rare.
                if code >> 16 == 0x8123:
                    check("compared" in one["found"] and "Rare" in one["where"], f"{level}: {code:#x} found {one['found']} in {one['where']}")
                check(one["where"] == "" or "codes.c:" in one["where"], f"{level}: {code:#x} in {one['where']}")
            check(re.search(r"CHECKED: \d+ cases?, \d+ runs", said) and "FINDINGS:\n  none" in said, f"{level}: the table")
            functions, branches = report["coverage"][0]["functions"], report["coverage"][0]["branches"]
            check(functions[1] >= functions[0] >= 3, f"{level}: functions {functions}")
            check(0 < branches[0] <= branches[1], f"{level}: branches {branches}")
            check(os.path.exists(out + "/report.sarif") and os.path.exists(out + "/report.html") and os.path.exists(out + "/coverage.info"), "documents")

        # A length that is believed: found by hostile contents, at its line, and it replays.
        report, said, out = run(f"{folder}/codes-bug.sys", "--budget", "16runs", "--junit", where + "/j.xml", status=1)
        finding = report["findings"][0]
        check(finding.get("rule") == "PoolOverrun" and "Dispatch" in finding["message"] and "system buffer" in finding["message"], finding["message"])
        source = finding["threads"][0]["stack"][0].get("source", {})
        check(source.get("file", "").endswith("codes.c"), f"at {source}")
        replay = subprocess.run([ntlab] + finding["replay"].split()[1:], capture_output=True, text=True, errors="replace", cwd=where, timeout=100)
        check(replay.returncode == 1 and finding["message"] in replay.stderr, f"replay: {replay.returncode} {replay.stderr[-500:]}")
        check(len(ET.parse(where + "/j.xml").getroot().findall(".//failure")) == len(report["findings"]), "junit")
        check(re.search(r"rules of family memory +failed: 1", said), "the table counts it")

        # Rules: one broken and kept; families in the table.
        report, said, _ = run(f"{bugs}/bug-resource-apcs.sys", "--budget", "16runs", status=1)
        check([f["rule"] for f in report["findings"]] == ["WithinCriticalRegion"], f"{[f.get('rule') for f in report['findings']]}")
        check(re.search(r"rules of family apc +failed: 1", said), "the family is told")
        run(f"{bugs}/bug-resource-apcs-good.sys", "--budget", "16runs", status=0)

        # A minifilter has no device of its own: files are used.
        report, said, _ = run(f"{samples}/passthrough/passthrough.sys", "--budget", "16runs", status=0)
        check(report["devices"] == [], f"devices {report['devices']}")
        check(report["coverage"][0]["functions"][0] >= 3, f"passthrough: {report['coverage']}")

        # A DPC whose last act is to complete a request jumps there, and its caller is the verifier: it is the driver's all the same.
        report, said, _ = run(f"{folder}/late.sys", "--budget", "16runs", status=1)
        check("IrpInformation: late.sys!CompleteLate completes the IRP" in said, f"a tail call: {said[-2000:]}")

        # What the case "reload" does: it may, and the driver comes back.
        client = os.path.join(os.path.dirname(ntlab), "user", "check", "ntlabcheck.exe")
        reload = subprocess.run([ntlab, "run", f"{folder}/codes-o2.sys", "--", client, "reload", "codes-o2", "2"], capture_output=True, text=True, timeout=100)
        check(reload.stdout.split() == ["reload", "0", "0"] * 2, f"reload: {reload.stdout}")

        wrong = subprocess.run([ntlab, "check"], capture_output=True, text=True)
        check(wrong.returncode == 2, "no driver")
    print(f"check: {len(problems)} problems")
    return 1 if problems else 0


sys.exit(main())
