#!/usr/bin/env python3
"""`ntlab test` and ntlab.toml: project.py NTLAB FOLDER SAMPLES. FOLDER holds faulty-NAME.sys."""
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

problems = []

# A mistake in the file -> where it is and what is said of it.
MISTAKES = [
    ("x", "1:2: `=` is expected"),
    ("= 1", "1:1: a key is expected"),
    ("a = ", "1:5: a value is expected"),
    ("a = b", "1:5: `b` is no value"),
    ("a = 1.5", "1:5: numbers with a point"),
    ("a = 012", "1:5: `012` is no value"),
    ("a = 1__0", "1:5: `1__0` is no value"),
    ("a = 2027-13-01", "1:5: `2027-13-01` is no value"),
    ("a = \"b", "1:5: this string does not end"),
    ("\na = '''b\n\n", "2:5: this string does not end"),
    ("a = \"\\q\"", "1:7: an unknown escape"),
    ("a = \"\\ud800\"", "1:12: \\uD800 is no character"),
    ("a = [1, 2", "1:10: `,` or `]` is expected"),
    ("a = [1 2]", "1:8: `,` or `]` is expected"),
    ("a = {b = 1,}", "1:12: no `,` before `}`"),
    ("a = 1 b = 2", "1:7: the line should end here"),
    ("[a", "1:3: `]` is expected"),
    ("[[a]", "1:4: `]]` is expected"),
    ("a = 1\na = 2", "2:1: `a` stands in line 1 already"),
    ("[project]\nname = 'x'\n[project]", "3:2: `project` stands in line 1 already"),
    ("[project]\nname = 1", "2:8: `name` is a number, not a string"),
    ("[project]\nnmae = 'x'", "2:8: `nmae` is not known here"),
    ("[case]\nname = 'x'", "1:2: write [[case]]"),
    ("[[case]]\ndrivers = 'x'", "1:3: a case needs a `name`"),
    ("[[case]]\nname = 'a/b'\ndrivers = 'x'", "2:8: a case needs a `name`"),
    ("[[case]]\nname = 'a'", "1:3: the case has neither `drivers` nor `clients`"),
    ("[[case]]\nname = 'a'\ndrivers = ['x', 1]", "3:17: `drivers` is a number, not a string"),
    ("[[case]]\nname = 'a'\ndrivers = 'x'\nseed = 'many'", "4:8: `seed` is no number"),
    ("[[case]]\nname = 'a'\ndrivers = 'x'\ncommand = 'fly'", "4:11: `fly` is not run, explore or check"),
    ("[[case]]\nname = 'a'\ndrivers = 'x'\n[[case]]\nname = 'a'\ndrivers = 'x'", "5:8: there are two cases `a`"),
    ("[[case]]\nname = 'a'\ndrivers = 'x'\n[[suppress]]\nrule = 'x'", "4:3: a suppression needs a `reason`"),
    ("[[case]]\nname = 'a'\ndrivers = 'x'\n[[suppress]]\nreason = 'x'", "4:3: a suppression needs a `rule` or a `function`"),
    ("[[case]]\nname = 'a'\ndrivers = 'x'\n[[suppress]]\nrule = 'x'\nreason = 'x'\nuntil = 'soon'", "7:9: `until` is a date"),
    ("[[case]]\nname = 'a'\ndrivers = 'x'\n[[suppress]]\nrule = 'x'\nreason = 'x'\nuntil = '2027-02-30'", "7:9: `until` is a date"),
    ("[[case]]\nname = 'a'\ndrivers = 'x'\nos = ['win10', 'win95']", "4:16: --os: unknown version `win95`"),
    ("[[case]]\nname = 'a'\ndrivers = 'x'\nbudget = 'soon'", "4:10: --budget: `soon` is not a time"),
    ("[[case]]\nname = 'a'\ndrivers = 'x'\nrequire = 'all'", "4:11: --require: `all` is neither exhausted nor bounded:C"),
    ("[[case]]\nname = 'a'\ndrivers = 'x'\ninject = 'rain'", "4:10: --inject: `rain` is not none"),
    ("[[case]]\nname = 'a'\ndrivers = 'x'\nverifier = 'x'", "4:12: --verifier: `x` is not none"),
    ("[[case]]\nname = 'a'\ndrivers = 'x'\nrules = ['DoubleFetch=off', 'DoubleFetch=loud']", "4:29: --rule: `DoubleFetch=loud` is not"),
    ("[[case]]\nname = 'a'\ndrivers = 'x'\ncpus = 65", "4:8: --cpus: `65` is not a number from 1 to 64"),
    ("# nothing", "there is no [[case]]"),
]

PROJECT = '''
# Every kind of string, dotted keys, an inline table's place.
project.name = "a \\"name\\", \\u00e4"
project."baseline" = 'known.txt'
project.source-map = [
    'D:\\\\src=.',   # a literal: its backslashes are two
    """C:/a\\
       b=.""",
]

[[case]]
name = "null"
command = "run"
drivers = ["FOLDER/faulty-null.sys"]
os = ["win7", "win10"]

[[case]]
name = "deadlock"
command = 'run'
drivers = 'FOLDER/faulty-deadlock.sys'
seed = 0x1_0

[[case]]
name = "search"
command = "explore"
drivers = ["SAMPLES/bluetooth/bluetooth-fixed.sys"]
granularity = "memory"
require = "exhausted"
budget = "300runs"

[[suppress]]
rule = "system_thread_exception_not_handled"
function = "Faulty?ead"
reason = "on purpose"
until = UNTIL
'''


def check(condition, text):
    if not condition:
        problems.append(text)
        print("project:", text)


def main():
    ntlab, folder, samples = (os.path.abspath(p) for p in sys.argv[1:4])
    with tempfile.TemporaryDirectory() as where:
        def run(*words):
            return subprocess.run([ntlab, "test", *words], capture_output=True, text=True, errors="replace", cwd=where, timeout=200, stdin=subprocess.DEVNULL)

        def write(text, name="ntlab.toml"):
            with open(os.path.join(where, name), "w", encoding="utf-8") as out:
                out.write(text)

        for text, said in MISTAKES:
            write(text, "bad.toml")
            done = run("bad.toml")
            check(done.returncode == 2 and f"bad.toml:{said}" in done.stderr.replace("bad.toml: ", "bad.toml:"), f"{text!r}: {done.returncode} {done.stderr}")

        project = PROJECT.replace("FOLDER", folder).replace("SAMPLES", samples)
        write(project.replace("UNTIL", "2099-12-31"))
        done = run("--out", "out")
        check(done.returncode == 1, f"status {done.returncode}\n{done.stderr[-2000:]}")
        report = json.load(open(where + "/out/report.json", encoding="utf-8"))
        check(report["project"] == 'a "name", \u00e4', report["project"])
        states = sorted((f["case"], f["state"]) for f in report["findings"] if f["severity"] == "error")
        check(states == [("deadlock, win10", "new"), ("null, win10", "suppressed"), ("null, win7", "suppressed")], f"{states}")
        check((report["runs"], report["failed"]) == (4, 1), f"{report['runs']} runs, {report['failed']} failed")
        for name in ("null/win7", "null/win10", "deadlock/win10", "search/win10"):
            check(os.path.exists(f"{where}/out/{name}/report.json"), f"{name} has no folder")
        page = re.search(r'id="data">\n(.*?)\n</script>', open(where + "/out/report.html", encoding="utf-8").read(), re.S)
        table = json.loads(page.group(1))["table"]
        check(re.search(r"^null, win7 .* passed \(0 new errors, 0 warnings, 1 suppressed or known\)$", table, re.M)
              and re.search(r"^deadlock, win10 .* failed \(1 new errors", table, re.M), f"the page's table: {table}")
        suite = ET.parse(where + "/out/report.xml").getroot()
        check((len(suite.findall(".//failure")), len(suite.findall(".//skipped"))) == (1, 2), "JUnit")
        cases = [(c.get("classname"), c.get("name")) for c in suite.iter("testcase")]
        check(len(set(cases)) == len(cases) == int(suite.get("tests")), f"JUnit: {cases}")
        check({name for where_, name in cases if where_ == 'a "name", \u00e4'} >= {"null, win7", "null, win10", "deadlock, win10", "search, win10"}, f"JUnit: {cases}")
        check(int(suite.get("skipped")) == 2 and int(suite.get("failures")) == 1, f"JUnit: {suite.attrib}")
        results = json.load(open(where + "/out/report.sarif", encoding="utf-8"))["runs"][0]["results"]
        check(sum("suppressions" in r for r in results) == 2 and all(r["baselineState"] == "new" for r in results), "SARIF: suppressions")

        # What is known does not fail, in this run and in later ones.
        check(run("--out", "out", "--write-baseline").returncode == 0, "--write-baseline")
        check(len([row for row in open(where + "/known.txt") if not row.startswith("#")]) >= 1, "the baseline")
        check(run("--out", "out").returncode == 0, "with the baseline")
        check(run("--out", "out", "--case", "deadlock").returncode == 0, "--case")
        check(run("--out", "out", "--case", "other").returncode == 2, "no such case")

        # A suppression that has ended counts no more, and is named.
        write(project.replace("UNTIL", "2020-01-01"))
        done = run("--out", "out", "--case", "null")
        check(done.returncode == 1 and "this suppression has ended on 2020-01-01" in done.stderr, f"ended: {done.returncode} {done.stderr[-300:]}")
        check(run("nothing.toml").returncode == 2, "no file")
    print(f"project: {len(problems)} problems")
    return 1 if problems else 0


sys.exit(main())
