#!/usr/bin/env python3
"""The documents that runs and searches write: documents.py NTLAB FOLDER SAMPLES BUGS. FOLDER holds faulty-NAME.sys.

SARIF is held against the properties that version 2.1.0 gives each object (the schema allows no others), JUnit, lcov
and Chrome's trace format against what their readers need. A run that is watched must be the same run.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

# Object -> property -> (required, what it is); a name in capitals is an object, [X] a list, {X} a map of them.
SARIF = {
    "LOG": {"$schema": (0, str), "version": (1, str), "runs": (1, ["RUN"])},
    "RUN": {"tool": (1, "TOOL"), "columnKind": (0, str), "originalUriBaseIds": (0, {"ARTIFACT"}), "results": (0, ["RESULT"]),
            "invocations": (0, ["INVOCATION"])},
    "TOOL": {"driver": (1, "COMPONENT")},
    "COMPONENT": {"name": (1, str), "version": (0, str), "semanticVersion": (0, str), "informationUri": (0, str), "rules": (0, ["DESCRIPTOR"])},
    # What code scanning needs of a rule is more than the standard does: a full description, and help.
    "DESCRIPTOR": {"id": (1, str), "name": (0, str), "shortDescription": (1, "TEXT"), "fullDescription": (1, "TEXT"), "help": (1, "HELP"),
                   "helpUri": (0, str), "defaultConfiguration": (1, "CONFIGURATION"), "properties": (0, dict)},
    "HELP": {"text": (1, str), "markdown": (1, str)},
    "CONFIGURATION": {"level": (0, str)},
    "TEXT": {"text": (1, str)},
    "RESULT": {"ruleId": (1, str), "level": (0, str), "kind": (0, str), "message": (1, "TEXT"), "locations": (1, ["LOCATION"]),
               "partialFingerprints": (1, {str}), "codeFlows": (0, ["CODEFLOW"]), "stacks": (0, ["STACK"]), "properties": (0, dict)},
    "LOCATION": {"physicalLocation": (0, "PHYSICAL"), "logicalLocations": (0, ["LOGICAL"]), "message": (0, "TEXT")},
    "PHYSICAL": {"artifactLocation": (1, "ARTIFACT"), "region": (0, "REGION"), "contextRegion": (0, "REGION")},
    "ARTIFACT": {"uri": (0, str), "uriBaseId": (0, str), "description": (0, "TEXT")},
    "REGION": {"startLine": (1, int), "endLine": (0, int), "snippet": (0, "TEXT")},
    "LOGICAL": {"fullyQualifiedName": (0, str), "kind": (0, str)},
    "CODEFLOW": {"message": (0, "TEXT"), "threadFlows": (1, ["THREADFLOW"])},
    "THREADFLOW": {"id": (0, str), "message": (0, "TEXT"), "locations": (1, ["STEP"])},
    "STEP": {"location": (0, "LOCATION"), "executionOrder": (0, int), "importance": (0, str), "state": (0, {"TEXT"})},
    "STACK": {"message": (0, "TEXT"), "frames": (1, ["FRAME"])},
    "FRAME": {"location": (0, "LOCATION"), "module": (0, str)},
    "INVOCATION": {"executionSuccessful": (1, bool), "commandLine": (0, str), "arguments": (0, [str]), "toolExecutionNotifications": (0, ["NOTE"])},
    "NOTE": {"level": (0, str), "message": (1, "TEXT")},
}
problems = []


def check(condition, text):
    if not condition:
        problems.append(text)


def conforms(value, what, where):
    if isinstance(what, str):
        if not isinstance(value, dict):
            check(False, f"{where}: not an object")
            return
        table = SARIF[what]
        for name in value:
            check(name in table, f"{where}: {what} has no property `{name}`")
        for name, (required, inner) in table.items():
            if name in value:
                conforms(value[name], inner, f"{where}.{name}")
            else:
                check(not required, f"{where}: `{name}` is missing")
    elif isinstance(what, list):
        check(isinstance(value, list), f"{where}: not a list")
        for number, item in enumerate(value):
            conforms(item, what[0], f"{where}[{number}]")
    elif isinstance(what, set):
        check(isinstance(value, dict), f"{where}: not a map")
        for name, item in value.items():
            conforms(item, next(iter(what)), f"{where}.{name}")
    else:
        check(type(value) is what, f"{where}: {value!r} is not {what.__name__}")


def check_sarif(path, findings):
    log = json.load(open(path, encoding="utf-8"))
    conforms(log, "LOG", "sarif")
    check(log["version"] == "2.1.0", "sarif: version")
    run = log["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for rule in run["tool"]["driver"]["rules"]:
        check(rule.get("name") != rule["id"], f"sarif: a name that is the id: {rule['id']}")
        check(rule["helpUri"].endswith("findings.md") or "How to fix" in rule["help"]["markdown"], f"sarif: {rule['id']} does not say how to fix it")
    check(len(set(rules)) == len(rules), f"sarif: rules twice: {rules}")
    check(len(run["results"]) == findings, f"sarif: {len(run['results'])} results, not {findings}")
    for result in run["results"]:
        check(result["ruleId"] in rules, "sarif: rule unknown")
        check(result["level"] in ("error", "warning", "note"), "sarif: level")
        check(result["locations"], "sarif: a result without a location is not shown")
        check("\n\nTo see it on Windows: " in result["message"]["text"] and result["properties"]["confirmOnWindows"], "sarif: how to see it on Windows")
        for location in result["locations"]:
            artifact = location["physicalLocation"]["artifactLocation"]
            check(not artifact["uri"].startswith("/") and ".." not in artifact["uri"].split("/"), f"sarif: not relative: {artifact['uri']}")
            check(artifact["uriBaseId"] in run["originalUriBaseIds"], "sarif: base unknown")
            check(location["physicalLocation"]["region"]["startLine"] >= 1, "sarif: line")
        for flow in result.get("codeFlows", []):
            order = [s["executionOrder"] for t in flow["threadFlows"] for s in t["locations"]]
            check(sorted(order) == list(range(1, len(order) + 1)), f"sarif: order of steps {order}")
    return run


def check_junit(path, failures, skipped=0, errors=0):
    suites = ET.parse(path).getroot()
    check(suites.tag == "testsuites", "junit: root")
    cases = suites.findall("testsuite/testcase")
    counts = {"tests": len(cases), "failures": len(suites.findall(".//failure")), "skipped": len(suites.findall(".//skipped")),
              "errors": len(suites.findall(".//error"))}
    for element in [suites] + suites.findall("testsuite"):
        for name, count in counts.items():
            check(int(element.get(name)) == count, f"junit: {name} says {element.get(name)}, there are {count}")
    check((counts["failures"], counts["skipped"], counts["errors"]) == (failures, skipped, errors), f"junit: {counts}")
    for case in cases:
        check(case.get("name") and case.get("classname") and float(case.get("time")) >= 0, "junit: case")
    return cases


def shown(path):
    """What the page shows, as its script reads it."""
    return json.loads(re.search(r'id="data">\n(.*?)\n</script>', open(path, encoding="utf-8").read(), re.S).group(1))


def check_lcov(path):
    """-> {file: {line: count}}; every count that the file gives must be that of its lines."""
    files, current = {}, None
    for line in open(path, encoding="utf-8"):
        key, _, rest = line.strip().partition(":")
        if key == "SF":
            current = files.setdefault(rest, {"DA": {}, "FN": {}, "FNDA": {}, "BRDA": [], "sum": {}})
        elif key == "DA":
            number, count = rest.split(",")
            check(int(number) not in current["DA"], f"lcov: line {number} twice")
            current["DA"][int(number)] = int(count)
        elif key in ("FN", "FNDA"):
            left, name = rest.split(",", 1)
            current[key][name] = int(left)
        elif key == "BRDA":
            current["BRDA"].append(rest.split(","))
        elif key in ("FNF", "FNH", "BRF", "BRH", "LF", "LH"):
            current["sum"][key] = int(rest)
        else:
            check(key in ("TN", "end_of_record"), f"lcov: {line!r}")
    for name, file in files.items():
        wanted = {"FNF": len(file["FN"]), "FNH": sum(c > 0 for c in file["FNDA"].values()), "BRF": len(file["BRDA"]),
                  "BRH": sum(b[3] not in ("-", "0") for b in file["BRDA"]), "LF": len(file["DA"]), "LH": sum(c > 0 for c in file["DA"].values())}
        check(file["sum"] == wanted, f"lcov: {name}: {file['sum']}, counted {wanted}")
    return files


def check_chrome(path):
    trace = json.load(open(path, encoding="utf-8"))
    tracks = set()
    for event in trace["traceEvents"]:
        check(event["ph"] in ("M", "X", "b", "e"), f"chrome: phase {event['ph']}")
        if event["ph"] == "M":
            tracks.add((event["pid"], event.get("tid")))
        elif event["ph"] == "X":
            check(event["dur"] >= 0 and event["ts"] >= 0, "chrome: time")
            check(event["pid"] == 1 or (event["pid"], event["tid"]) in tracks, f"chrome: track {event['pid']}.{event['tid']} has no name")
    return trace["traceEvents"]


def main():
    ntlab, folder, samples, bugs = map(os.path.abspath, sys.argv[1:5])
    source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

    def run(*words, status, cwd=source):
        done = subprocess.run([ntlab, *words], capture_output=True, text=True, errors="replace", cwd=cwd, timeout=300, stdin=subprocess.DEVNULL)
        check(done.returncode == status, f"{' '.join(words)}: status {done.returncode}, not {status}\n{done.stderr[-2000:]}")
        return done

    with tempfile.TemporaryDirectory() as where:
        def at(name):
            return os.path.join(where, name)

        def faulty(name):
            return os.path.join(folder, f"faulty-{name}.sys")

        # One finding, with all documents; and the same run unwatched.
        run("run", faulty("null"), "--sarif", at("a.sarif"), "--junit", at("a.xml"), "--coverage", at("a.info"), "--trace", at("a.json"),
            "--html", at("a.html"), "--json", at("watched"), status=1)
        result = check_sarif(at("a.sarif"), 1)["results"][0]
        check(result["ruleId"] == "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED", "sarif: rule of a bugcheck")
        check(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "tests/cli/faulty.c", f"sarif: path {result['locations']}")
        lines = open(os.path.join(source, "tests/cli/faulty.c"), encoding="utf-8").read().split("\n")
        line = result["locations"][0]["physicalLocation"]["region"]["startLine"]
        check("FaultyRead" in "\n".join(lines[line - 8:line]), f"sarif: line {line}")
        place = result["locations"][0]["physicalLocation"]
        check(place["region"]["snippet"]["text"] == lines[line - 1] + "\n", f"sarif: snippet {place['region']}")
        check(place["contextRegion"]["snippet"]["text"] == "\n".join(lines[line - 4:line + 3]) + "\n", f"sarif: context {place['contextRegion']}")
        check(shown(at("a.html"))["runs"][0]["culprit"][2] == line, "page: the line of the crash")
        check("`!analyze -v`" in result["message"]["text"], "sarif: a crash without a schedule")
        check_junit(at("a.xml"), failures=1)
        files = check_lcov(at("a.info"))
        check(list(files) == ["tests/cli/faulty.c"], f"lcov: files {list(files)}")
        check(files["tests/cli/faulty.c"]["FNDA"].get("FaultyRead") == 1 and files["tests/cli/faulty.c"]["FNDA"].get("FaultyUnload") == 0, "lcov: functions")
        names = {event["name"] for event in check_chrome(at("a.json"))}
        check({"image_load", "exception", "bugcheck"} <= names, f"chrome: events {sorted(names)}")

        # From a project of its own: sources that are not there are not pointed to.
        os.makedirs(at("other/.git"))
        run("run", faulty("null"), "--sarif", at("o.sarif"), status=1, cwd=at("other"))
        for stack in check_sarif(at("o.sarif"), 1)["results"][0]["stacks"]:
            check(not any("physicalLocation" in frame["location"] for frame in stack["frames"]), "sarif: a frame's file that is not in the repository")

        # A suspension inside the driver: the story is that of the lock, and the sentence that allows it stands there.
        words = os.path.join(bugs, "bug-client.exe") + " buffered"
        done = run("explore", "--first", "--inject", "suspend", "--budget", "400runs", "--out", at("dos"), os.path.join(bugs, "bug-resource-apcs.sys"),
                   "--client", "user:" + words, "--client", "admin:" + words, status=1)
        told = [(s["thread"], s["what"].split("(")[0], s["blocks"]) for s in json.load(open(at("dos/report.json"), encoding="utf-8"))["findings"][0]["schedule_steps"]]
        check(told == [("A", "ExAcquireResourceExclusiveLite", False), ("A", "-- is suspended here --", False),
                       ("B", "ExAcquireResourceExclusiveLite", True), ("A", "ExReleaseResourceLite", False)], f"suspend-dos: {told}")
        frames = [f["symbol"] for t in json.load(open(at("dos/report.json"), encoding="utf-8"))["findings"][0]["threads"] if t["suspended"] for f in t["stack"]]
        check("main" in frames and "ExitProcess" not in frames, f"suspend-dos: the client's stack is that of the suspension: {frames}")
        page = shown(at("dos/report.html"))["runs"][0]
        marks = [(page["kinds"][str(k)], page["agents"][a].get("l")) for k, a in zip(page["ev"]["k"], page["ev"]["a"]) if page["kinds"][str(k)] in ("suspended", "resumed")]
        check(marks == [("suspended", "A"), ("resumed", "A")], f"page: what the environment does stands with the thread: {marks}")
        check("call SuspendThread" in done.stderr and '"ensures that the routine can\'t be suspended' in done.stderr, "suspend-dos: how to see it on Windows")
        check("SuspendThread" in check_sarif(at("dos/report.sarif"), 1)["results"][0]["message"]["text"], "sarif: of a suspension")

        # `check` has its table on the page.
        run("check", "--budget", "2runs", "--html", at("k.html"), os.path.join(bugs, "bug-resource-apcs.sys"), status=1)
        check("COVERAGE:" in shown(at("k.html"))["table"] and "rules of family apc" in shown(at("k.html"))["table"], "page: the table of check")

        # The same mistake with a PDB: its functions are known too. No header of the kit, which genhtml could not read.
        run("run", os.path.join(folder, "faulty-pdb.sys"), "--coverage", at("p.info"), status=1)
        files = check_lcov(at("p.info"))
        check(list(files) == ["tests/cli/faulty-pdb.c"], f"lcov of a PDB: {list(files)}")
        check(files["tests/cli/faulty-pdb.c"]["FNDA"] == {"DriverEntry": 1, "FaultyRead": 1}, f"lcov of a PDB: {files}")
        run("run", "--coverage", at("t.info"), os.path.join(samples, "transfer/transfer.sys"), status=0)
        check(list(check_lcov(at("t.info"))) == ["samples/transfer/driver.c"], "lcov: files of the kit")
        # From elsewhere there is nothing but the paths themselves.
        run("run", os.path.join(folder, "faulty-pdb.sys"), "--coverage", at("q.info"), status=1, cwd=at("other"))
        check([os.path.isabs(name) for name in check_lcov(at("q.info"))] == [True], "lcov: sources that are elsewhere")

        # Which lines of the kernel ran is noted without changing what it says: its switches over bytes lie one behind the other.
        words = [ntlab, "run", "--verifier", "standard", "--json", at("kernel.json"), os.path.join(bugs, "bug-zw-at-dispatch.sys"), "--",
                 os.path.join(bugs, "bug-client.exe")]
        subprocess.run(words, capture_output=True, env={**os.environ, "NTLAB_KERNEL_COVERAGE": at("kernel")})
        said = json.load(open(at("kernel.json"), encoding="utf-8"))["findings"][0]["message"]
        check("ZwOpenKey at DISPATCH_LEVEL" in said, f"a run whose kernel is watched: {said}")
        check(any(name.startswith("kernel.") and name != "kernel.json" for name in os.listdir(where)), "the kernel's coverage is written")

        # What is watched takes the same way.
        for name, status in (("null", 1), ("deadlock", 1), ("resource", 1), ("spin", 1), ("region", 1), ("pool", 1)):
            run("run", faulty(name), "--json", at("plain"), status=status)
            run("run", faulty(name), "--json", at("watched"), "--html", at("x.html"), "--coverage", at("x.info"), status=status)
            plain, watched = (json.load(open(at(f), encoding="utf-8")) for f in ("plain", "watched"))
            check(plain["trace_hash"] == watched["trace_hash"], f"{name}: a watched run is another run")
            check([f["fingerprint"] for f in plain["findings"]] == [f["fingerprint"] for f in watched["findings"]], f"{name}: fingerprint")
            check(all(f.get("confirm_on_windows") for f in plain["findings"]), f"{name}: how to see it on Windows")

        # A rule that ends the run; the same one as a warning, which is broken twice then.
        for level, count in (("error", 1), ("warning", 2)):
            run("run", "--verifier", "standard", "--rule", f"WithinCriticalRegion={level}", "--sarif", at("r.sarif"), "--junit", at("r.xml"),
                os.path.join(bugs, "bug-resource-apcs.sys"), "--", os.path.join(bugs, "bug-client.exe"), status=int(level == "error"))
            for result in check_sarif(at("r.sarif"), count)["results"]:
                check((result["ruleId"], result["level"]) == ("WithinCriticalRegion", level), f"sarif: rule {result['ruleId']} {result['level']}")
                check(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "tests/bugs/apc.c", f"sarif: {result['locations']}")
            check_junit(at("r.xml"), failures=int(level == "error"))

        # Driver Verifier's options by their names; one that no rule belongs to says what else does it.
        for word, status in (("0x20", 1), ("Deadlock detection", 1), ("DeadlockDetection", 1), ("deadlock-detection", 1), ("SpecialPool", 0), ("IRP logging", 0)):
            run("run", "--verifier", word, os.path.join(bugs, "bug-spin-order.sys"), "--", os.path.join(bugs, "bug-client.exe"), "buffered", "write", status=status)
        check("--trace" in run("run", "--verifier", "0x400", status=0).stderr, "--verifier 0x400: what does it is said")

        # Not implemented: skipped. Refused by the loader: an error.
        run("run", faulty("missing"), "--junit", at("b.xml"), "--sarif", at("b.sarif"), status=4)
        check_junit(at("b.xml"), failures=0, skipped=1)
        invocation = check_sarif(at("b.sarif"), 0)["invocations"][0]
        check(not invocation["executionSuccessful"] and invocation["toolExecutionNotifications"], "sarif: what was not done is said")

        # A clean run with a client: branches, and lines of a request's way.
        sample = os.path.join(samples, "transfer", "transfer")
        run("run", sample + ".sys", "--out", at("out"), "--", sample + ".exe", status=0)
        check(sorted(os.listdir(at("out"))) == ["coverage.info", "report.html", "report.json", "report.sarif", "report.xml"], f"--out: {os.listdir(at('out'))}")
        check_sarif(at("out/report.sarif"), 0)
        check_junit(at("out/report.xml"), failures=0)
        files = check_lcov(at("out/coverage.info"))
        check(any(f["sum"]["BRH"] and f["sum"]["BRH"] < f["sum"]["BRF"] for f in files.values()), "lcov: branches both taken and not")

        # A search: its findings with their story, all in one document.
        bluetooth = os.path.join(samples, "bluetooth", "bluetooth.sys")
        run("explore", "--granularity", "memory", "--keep-going", "--budget", "300runs", "--out", at("search"), "--junit", at("c.xml"), bluetooth, status=1)
        found = json.load(open(at("search/report.json"), encoding="utf-8"))["findings"]
        search = check_sarif(at("search/report.sarif"), len(found))
        errors = sum(f["severity"] == "error" for f in found)
        check(errors >= 1, f"search: {errors} errors")
        crash = [r for r in search["results"] if r["level"] == "error"][0]
        check(len(crash["codeFlows"][0]["threadFlows"]) == 2 and "replay" in crash["properties"], "sarif: the story of two threads")
        check({r["partialFingerprints"]["ntlab/v1"] for r in search["results"]} == {f["fingerprint"] for f in found}, "sarif: fingerprints")
        check_junit(at("c.xml"), failures=errors)
        check(any(f["sum"]["LH"] for f in check_lcov(at("search/coverage.info")).values()), "lcov of a search")
    for problem in problems:
        print("documents:", problem)
    print(f"documents: {len(problems)} problems")
    return 1 if problems else 0


sys.exit(main())
