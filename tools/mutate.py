#!/usr/bin/env python3
"""The tests' own test: mutate.py [--seed N] [--count N] [--per-file N] [--only TEXT,...] [--at FILE:LINE] [--planted [--names NAME,...]] [--list]
[--quick] [--patience SECONDS] [--as-measured] [--executed FEWEST-MOST] [--change TEXT] BUILD

Each mutant is the kernel with one line of nt/ changed: a condition negated, a statement dropped, two statements
swapped, an operator or a constant off by one. One object is compiled, the kernel linked, and put into BUILD.mutant/box
beside links to everything else of BUILD; then the tests of the suite that execute the line (tools/kernel_coverage.py, which
is run first for what it does not know) run on it, until one fails: the mutant is killed. First come those that count traces, if the line is a step of a search, those that killed another mutant
of the file, those that break the rule that the line names, those whose source names the function, then those whose name shares words with it and those that execute most of the file in the least time; of
tests of other families only those that execute something that no better one does come before all the others. Of the tests that take
minutes a few run behind the quick ones, and all if no quick one executes the line. One that hangs is killed by a time-out. No test executes the line: it survives at once.
One whose tests take longer than --patience is undecided: it is listed, and counts as one that was not killed.

The same seed picks the same mutants from the same tree. What became of each is appended to BUILD/mutants.jsonl: a
sample that was stopped goes on where it was. Equivalent ones are named, with the reason, in tests/mutants/equivalent.list: they
are not counted. --planted takes those of tests/mutants/planted.list instead, which must all be killed.

Status 0 if at least 90 % were killed, of --planted all.
"""
import argparse
import collections
import functools
import hashlib
import itertools
import json
import math
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import kernel_coverage  # noqa: E402
import run_tests  # noqa: E402

GOAL = 0.9
LISTS = os.path.join(ROOT, "tests/mutants")
TIME_OUT = 6   # seconds for a test that takes less than 2 ...
FACTOR = 4     # ... and so many times as long for another
SLOW = 1.5     # ... that takes long anyway
BUSY = 8       # seconds, with coverage, that a test may take which comes early for what it does in them
PATIENCE = 900 # seconds that the tests of one mutant may take
MOST_SLOW = 8  # tests that take long and come behind the quick ones: those that say what a report, a debugger or a finding must show, above all
# What only the suite asks for (NTLAB_SELF_CHECK): it looks at the kernel and does nothing. A look that is left out is a check less, not a mistake of the kernel.
LOOKS = {f"nt/{component}/sound.c" for component in ("ke", "ex", "ps", "ob", "mm", "se", "cc", "cm", "io", "vf")} | {"nt/ex/poolsound.c", "nt/ex/lost.c", "nt/ob/held.c"}
STATEMENT = re.compile(r"^\s+(?:[A-Za-z_][\w.>\[\]()*&+ -]*(?:[-+|&^]?=|\+\+|--)[^=].*|[A-Za-z_]\w*\(.*\)|(?:\+\+|--)\w.*|\w[\w.>-]*(?:\+\+|--));$")
NEVER = re.compile(r"^\s*(?:return|goto|case|default|break|continue|static|const|extern|typedef|#|\*|/)|ASSERT|KiTrace\(|NOT_YET|C_ASSERT")
DECLARATION = re.compile(r"^\s+(?:const |volatile |static )*(?:struct \w+|[A-Z][A-Z0-9_a-z]*) \**[A-Za-z_]\w*(?:\[[^]]*\])?(?: =|;|,)")


# A line that says what is a step of a search: how many traces there are shows whether it is there.
STEP = re.compile(r"\bKi\w*Point\(|\bIopUsePoint\(|\bKiLooksAt\(|\bKiChanges\(|\bKiLockDispatcher\w*\(SP_|\bMi(?:StepOn|BackOn)\w+\(|KI_ALSO_|\bObp\w*Point\(")
TELLS = ("told-", "cli-report/")  # what a report says
COUNTED = ("count/", "explore-agents/", "explore-oracle/", "explore-orders/", "explore-messages/")
MOST_TELLING = 60 # tests whose source has words of the line
MOST_BUSY = 10    # tests that do most in their time
MOST_ALIKE = 2    # of one source come before tests of others
BOUNDS = (" < ", " <= ", " > ", " >= ")


class Mutant:
    def __init__(self, path, line, change, lines, tests="*"):
        self.path, self.line, self.change, self.lines, self.tests = path, line, change, lines, tests

    def __str__(self):
        return f"{self.path}:{self.line + 1}: {self.change}"

    def key(self):
        """The same as long as the lines around it are."""
        near = "\n".join(self.lines[max(0, self.line - 3):self.line + 4])
        return f"{self.path} {self.change} {hashlib.sha1(near.encode()).hexdigest()[:8]}"


def body_lines(lines):
    """Numbers of the lines inside of functions."""
    depth, inside = 0, False
    for number, line in enumerate(lines):
        if line == "{":
            inside = True
        elif line == "}":
            inside = False
        elif inside:
            yield number


def function_at(lines, at):
    """The text of the function that a line is in, with its parameters."""
    begin = next(i for i in range(at, -1, -1) if lines[i] == "{")
    while begin > 0 and lines[begin - 1].strip() and not lines[begin - 1].startswith(("#", "}", "/*", " */")):
        begin -= 1
    end = next((i for i in range(at, len(lines)) if lines[i] == "}"), len(lines))
    return "\n".join(lines[begin:end])


def is_lesser(line):
    """`a < b ? a : b`, the lesser or the greater of two: where they are equal it is the same one."""
    found = re.search(r"([\w.>\[\]-]+) [<>]=? ([\w.>\[\]-]+) \? ([\w.>\[\]-]+) : ([\w.>\[\]-]+)(?![\w.>\[\]( +*-])", line)
    return found is not None and {found[1], found[2]} == {found[3], found[4]}


# Functions and macros that work out a value and write nothing, as LLVM finds of them (function-attrs, all of nt/ linked): of their argument, or of one field that it leads
# to; and those that go further into what it leads to, so that a store through any pointer may change what they find.
COMPUTE = (r"ObpObject|ExpCellAddress|ExpProtection|MiStateOf|MiPageOf|RtlpLengthBits|RtlUpperChar|RtlpUpper|SEP_BIT|PAGE_ALIGN|BYTE_OFFSET|POOL_ROUND|RTL_NUMBER_OF|FIELD_OFFSET|"
           r"PSP_ALIAS|ABI_ALIAS|SEP_KNOWN|OBP_BODY|CONTAINING_RECORD|NT_SUCCESS|NT_ERROR|KI_FRAME_OF|IopExtension|IopDriverExtension|IopFile|IopMode|ObpTypeOf")
FIND = r"IopIsSynchronousFile|RtlpOwnerOf|RtlpGroupOf|RtlpDaclOf|RtlpSaclOf|RtlLengthSid|ExpFindOwner|ExpMayShare|CmpContextFor|CmpFindContext|MiControlFile|FsRtlpMcbStart|RtlpChain"
ONLY_READS = re.compile(rf"\b({COMPUTE}|{FIND})\(([^()]*)\)")
# Calls that only say who is current.
PURE = re.compile(r"\b(?:KiThread|KiPrcb|KiPcr|KiIrql|KiAgent|PspCurrentThread|PspCurrentProcess)\(\)")


def stores(line):
    """What a statement of plain stores sets, as it is written; None if it may be more: a call, or a store through a bare pointer, which may fault."""
    side, sign, value = re.match(r"(.*?)( [-+|&^]?= |$)(.*)", line).groups()
    line = side + sign + PURE.sub("Here", value) if sign else re.sub(r"&(?:" + PURE.pattern + ")(?=->)", "&Here", line)
    found = re.fullmatch(r"\s*(\w[\w.>\[\]-]*) = Remove(?:Head|Tail)List\(([^()]*)\);", line)
    if found:
        return [found[1], found[2].lstrip("&")]
    found = re.fullmatch(r"\s*(\w[^*]*?)(?: [-+|&^]?= .+|\+\+|--);", line)
    if found and not re.search(r"\b(?!(?:sizeof|min|max)\()\w+\(", line) and not re.search(r"\+\+|--", found[1]):
        return [found[1]]
    found = re.fullmatch(r"\s*(?:InitializeListHead|Insert(?:Head|Tail)List|RemoveEntryList)\(([^()]*)\);", line)
    if found:
        return [word.strip().lstrip("&") for word in found[1].split(",")]
    found = re.fullmatch(r"\s*(?:RtlZeroMemory|RtlInitUnicodeString|RtlInitAnsiString|KeInitialize(?:Event|SpinLock|Dpc|Timer|TimerEx|Semaphore|Mutex|GuardedMutex)|ExInitialize(?:FastMutex|PushLock|WorkItem))\(&([\w.>-]+)(?:, (.*))?\);", line)
    if found:
        return [found[1]] if not re.search(r"\b(?!sizeof\()\w+\(|\*|->", found[2] or "") else None
    # The kernel's own memory, of a size that is the place's own: it does not reach into another field.
    found = re.fullmatch(r"\s*(?:KeInitialize(?:Event|SpinLock|Dpc|Timer|TimerEx|Semaphore|Mutex|GuardedMutex)|ExInitialize(?:FastMutex|PushLock)|InitializeSListHead)\((?:&([\w.>-]+)|([A-Z]\w*))(?:, ([\w, ]*))?\);", line)
    if found:
        return [found[1] or found[2]]
    found = re.fullmatch(r"\s*(?:RtlZeroMemory\(([\w.>-]+), sizeof\(\*?[\w.>-]+\)\)|RtlCopyMemory\(&?([\w.>-]+), ([^()]*|[^()]*sizeof\([^()]*\))\));", line)
    return [found[1] or found[2]] if found else None


def commute(first, second):
    """Two additions, or two sets of bits, of one place."""
    sides = [re.fullmatch(r"\s*(\w[\w.>\[\]-]*) ([|+])= ([^(]*);", re.sub(r"sizeof\([^()]*\)", "", line)) for line in (first, second)]
    return None not in sides and sides[0].group(1, 2) == sides[1].group(1, 2) and not any(names_it(side[1], side[3]) for side in sides)


def names_it(name, line):
    """Whether a line names a place, or all of a structure that it lies in; a size is none."""
    line = re.sub(r"sizeof\([^()]*\)", "", line)
    if re.search(r"\bRtl(?:Copy|Move)Memory\(", line):
        line = line.replace("&", "")  # it reads or writes all that the address is of
    if re.search(r"(?<!\w)" + re.escape(name) + r"(?!\w)", line):
        return True
    whole = [("" if at[0] == "." else r"\*") + re.escape(name[:at.start()]) for at in re.finditer(r"\.|->", name)]
    return any(re.search(r"(?<![\w.>&])" + w + r"(?![\w.\[]|->)", line) for w in whole)


def computed(first, second):
    """Two lines with a name for each call that only reads; None if one may set what such a call of the other reads, or what is reached through it."""
    calls = [list(ONLY_READS.finditer(line)) for line in (first, second)]
    if not any(calls):
        return first, second
    lines = [ONLY_READS.sub(lambda found: re.sub(r"\W+", "_", found[0]), line) for line in (first, second)]
    for one, other, original in ((0, 1, second), (1, 0, first)):
        for place in stores(lines[one]) or [""]:
            words = re.findall(r"\w+", place)
            if not words or re.search(rf"\b{words[-1]}\b", original) or any(re.search(rf"\b{words[0]}\b", call[2]) or "->" in place and re.fullmatch(FIND, call[1])
                                                                            for call in calls[other]):
                return None
    return lines


def independent(first, second, function=""):
    """Two statements of plain stores, neither of which names what the other sets: there is no schedule point between them, so their order means nothing.
    Two that change lists may meet in a neighbour: they are not."""
    if "__try" in function and re.search(r"\bRtl(?:Copy|Zero)Memory\(", first + second):
        return False  # it may be a caller's address that is wrong
    plain = computed(first, second)
    if plain is None:
        return False
    first, second = plain
    sides = [stores(line) for line in (first, second)]
    lists = [re.match(r"\s*(?:[\w.>\[\]-]+ = )?(?:Insert|Remove)\w*List", line) is not None for line in (first, second)]
    return None not in sides and not all(lists) and not any(
        names_it(name, other) or any(name.endswith(field) for field in re.findall(r"\(\)->(\w+)", other))
        for names, other in ((sides[0], second), (sides[1], first)) for name in names)


def own_store(line, function):
    """What a statement stores into a variable of its function's own whose address nobody has, if what it stores is made of constants and such variables: no call can
    read or change any of it. None otherwise; in a function with a __try too, for what comes of a call that raises may read it."""
    found = re.fullmatch(r"\s*([A-Za-z_]\w*) [-+|&^]?= ([\w\s()+|&~-]+);", line)
    if not found or re.search(r"\b(?!sizeof\b)\w+\(", found[2]) or "__try" in function:
        return None
    names = [found[1]] + [n for n in re.findall(r"[A-Za-z_]\w*", re.sub(r"sizeof\([^()]*\)", "", found[2])) if not re.fullmatch(r"[A-Z][A-Z0-9_]+", n)]
    mine = all(re.search(r"(?:^|[;{(,]\n?)\s*(?:(?:const|volatile|struct|_In\w*_|_Out\w*_) )*\w+ (?:\w+(?: = [^;]*)?, )*\**" + n + r"(?=[;,)]| =)", function, re.M) and
               not re.search(r"(?<!&)&(?: ?\()?" + n + r"\b", function) and not re.search(r"\bstatic [^;]*\b" + n + r"\b", function) for n in names)
    return names if mine else None


def unseen(first, second, function):
    """Whether one of two statements sets a variable that the other, a call, neither names nor can get at."""
    for one, other in ((first, second), (second, first)):
        names = own_store(one, function)
        if names and not any(re.search(r"\b" + name + r"\b", other) for name in names):
            return True
    return False


def mutants_of(path, lines):
    """Every (line, what changes, the file's new lines)."""
    def changed(number, *new):
        return lines[:number] + list(new) + lines[number + len(new) or 1:]

    body = list(body_lines(lines))
    for at in body:
        line = lines[at]
        if NEVER.search(line):
            continue
        found = re.match(r"^(\s*(?:\} else )?(?:if|while) \()(.*)(\) \{)$", line)
        if found and found[2].count("(") == found[2].count(")"):
            new = f"{found[1]}!({found[2]}){found[3]}"
            yield Mutant(path, at, f"`{line.strip()}` negated", changed(at, new))
        if STATEMENT.match(line) and not DECLARATION.match(line) and line.count("(") == line.count(")"):
            yield Mutant(path, at, f"`{line.strip()}` dropped", changed(at, "    ;"))
            if at + 1 in body:
                after = lines[at + 1]
                if (STATEMENT.match(after) and not DECLARATION.match(after) and not NEVER.search(after)
                        and not independent(line, after, function_at(lines, at)) and not commute(line, after) and not unseen(line, after, function_at(lines, at))
                        and len(after) - len(after.lstrip()) == len(line) - len(line.lstrip())):
                    yield Mutant(path, at, f"`{line.strip()}` after `{after.strip()}`",
                                 lines[:at] + [after, line] + lines[at + 2:])
        for old, new in ((" < ", " <= "), (" <= ", " < "), (" > ", " >= "), (" >= ", " > "), (" == 0", " == 1"),
                         (" != 0", " != 1"), (" + 1", " + 2"), (" - 1", " - 2"), ("++;", "--;"), ("--;", "++;"),
                         (" && ", " || "), (" || ", " && "), (" = TRUE;", " = FALSE;"), (" = FALSE;", " = TRUE;")):
            if old == " + 1" and "Allocate" in line:
                new = " + 0"  # a byte more of memory is no mistake
            if line.count(old) == 1 and not DECLARATION.match(line) and not (old in BOUNDS and is_lesser(line)):
                yield Mutant(path, at, f"`{line.strip()}` with `{new.strip()}` for `{old.strip()}`",
                             changed(at, line.replace(old, new)))


def sources(only):
    for folder, _, names in sorted(os.walk(os.path.join(ROOT, "nt"))):
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), ROOT)
            if name.endswith(".c") and path not in LOOKS and any(text in path for text in only.split(",")):
                yield path


def pick(options):
    everything = []
    for path in sources(options.only):
        lines = open(os.path.join(ROOT, path), encoding="utf-8").read().split("\n")
        of_file = list(mutants_of(path, lines))
        if options.per_file:
            random.Random(f"{options.seed} {path}").shuffle(of_file)
            of_file = of_file[:options.per_file]
        everything += of_file
    if options.at:
        path, line = options.at.rsplit(":", 1)
        return [m for m in everything if m.path == path and m.line + 1 == int(line)]
    random.Random(options.seed).shuffle(everything)
    return everything


def planted(names):
    """Those of planted.list, whose first lines say what its fields are."""
    for row in open(os.path.join(LISTS, "planted.list"), encoding="utf-8"):
        fields = [f.strip().replace("\\n", "\n") for f in row.split(" ;; ")]
        if row.startswith("#") or len(fields) != 6 or (names and fields[0] not in names):
            continue
        text = open(os.path.join(ROOT, fields[1]), encoding="utf-8").read()
        if text.count(fields[2]) != 1:
            sys.exit(f"planted.list: {fields[0]}: {text.count(fields[2])} times in {fields[1]}")
        at = text[:text.index(fields[2])].count("\n")
        yield Mutant(fields[1], at, f"{fields[0]}: {fields[4]}", text.replace(fields[2], fields[3]).split("\n"), fields[5])


def equivalents():
    """{(file, change)}"""
    path = os.path.join(LISTS, "equivalent.list")
    for row in open(path, encoding="utf-8") if os.path.exists(path) else []:
        fields = [f.strip() for f in row.split(" :: ")]
        if not row.startswith("#") and len(fields) == 3:
            yield fields[0], fields[1]


def image_of(path):
    """The image that a source file goes into."""
    words = path.split("/")
    return {"nt": "nt/ntoskrnl.exe", "user": f"user/{words[1]}/{words[1]}.dll",
            "drivers": f"drivers/{words[1]}/{words[1]}.sys" if words[1] == "fltmgr" else f"drivers/{words[1]}.sys"}[words[0]]


def commands(build, image):
    """How each object of an image is compiled, and how they are linked."""
    text = subprocess.run(["ninja", "-C", build, "-t", "commands", image], capture_output=True, text=True,
                          check=True).stdout
    compile_, link = {}, None
    for line in text.splitlines():
        words = shlex.split(line)
        if "-c" in words and words[-1].endswith(".c"):
            compile_[os.path.normpath(os.path.relpath(os.path.join(build, words[-1]), ROOT))] = words
        elif image in words:
            link = words
    return compile_, link


def compiled(path, text, build, compile_, folder):
    """The object's path, and the path of the one that it replaces; None if it does not compile."""
    words = list(compile_[path])
    source = os.path.join(folder, os.path.basename(path))
    kept = words[words.index("-o") + 1]
    output = os.path.join(folder, "mutant.obj")
    open(source, "w", encoding="utf-8").write(text)
    words[words.index("-o") + 1] = output
    words[-1] = source
    words = [w for i, w in enumerate(words) if w not in ("-MD", "-MQ", "-MF") and words[i - 1] not in ("-MQ", "-MF")]
    words[1:1] = ["-iquote", os.path.join(ROOT, os.path.dirname(path)), "-Wno-error", "-w"]
    return (output, kept) if subprocess.run(words, cwd=build, capture_output=True).returncode == 0 else None


def code_of(output):
    """An object without its lines: two that are equal are the same program."""
    subprocess.run(["llvm-objcopy-19", "--strip-debug", output, output + ".bare"], check=True)
    return open(output + ".bare", "rb").read()


def build_mutant(mutant, build, folder):
    """The mutated image's path, or "not built", or "the same code"."""
    image = image_of(mutant.path)
    compile_, link = commands(build, image)
    text = open(os.path.join(ROOT, mutant.path), encoding="utf-8").read()
    code = code_of(compiled(mutant.path, text, build, compile_, folder)[0])
    made = compiled(mutant.path, "\n".join(mutant.lines), build, compile_, folder)
    if made is None:
        return "not built"
    if code_of(made[0]) == code:
        return "the same code"
    stem, extension = os.path.splitext(image)
    output = os.path.join(folder, os.path.basename(image))
    words = [made[0] if w == made[1] else output if w == image else w for w in link]
    words = [re.sub(re.escape(stem) + r"\.(exe\.a|sys\.a|lib|dll\.a)", os.path.join(folder, r"import.\1"), w) for w in words]
    return output if subprocess.run(words, cwd=build, capture_output=True).returncode == 0 else "not built"


def mirror(build):
    """BUILD.mutant: links to BUILD; the host looks for the images that it needs in the folder of its executable."""
    folder = build + ".mutant"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, "box"))
    os.makedirs(os.path.join(folder, "scratch"))
    os.link(os.path.join(build, "ntlab"), os.path.join(folder, "ntlab"))
    for name in os.listdir(os.path.join(build, "box")):
        os.symlink(os.path.join(build, "box", name), os.path.join(folder, "box", name))
    os.makedirs(os.path.join(folder, "user"))
    for name in ("tests", "samples", "user/check"):  # the host would look for a kernel in nt, too, and for libraries in user
        os.symlink(os.path.join(build, name), os.path.join(folder, name))
    return folder


def words_of(text):
    """VfUnloadLink and unload-link: unload, link."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]{3,}|(?<![a-z])[A-Z]{3,}(?![a-z])", text)}


@functools.cache
def stop_names():
    """{name of a bug check: its number}"""
    path = next((p for p in ("/usr/share/mingw-w64/include/ddk/bugcodes.h", "/usr/share/mingw-w64/include/bugcodes.h", "/usr/x86_64-w64-mingw32/include/bugcodes.h") if os.path.exists(p)), None)
    text = open(path, encoding="utf-8", errors="replace").read() if path else ""
    return {found[1]: int(found[2], 16) for found in re.finditer(r"#define (\w+)\s+(?:\(+ULONG\)+)?(0x[0-9A-Fa-f]+)", text)}


def stop_codes(text):
    """The bug checks that a line of the kernel, or a row's expectation, names."""
    if not re.search(r"BugCheck|^bugcheck |DRIVER_REQUIRE", text):
        return set()
    return {stop_names()[word] for word in re.findall(r"[A-Z][A-Z0-9_]{5,}", text) if word in stop_names()} | {int(word, 16) for word in re.findall(r"(?:BugCheck\w*\(|^bugcheck )(0x\w+)", text)}


def alternately(*lists):
    """All of them, each once: the first of each, the second of each and so on."""
    return list(dict.fromkeys(name for row in itertools.zip_longest(*lists) for name in row if name is not None))


class Judge:
    """Runs the tests that execute a line on the kernel that it was changed in."""

    def __init__(self, build, wanted=None, slow=True, measure=True, patience=PATIENCE):
        self.build, self.slow = build, slow
        self.tests = {t.name: t for t in kernel_coverage.tests_of(build)}
        self.coverage = kernel_coverage.Coverage(build)
        if measure:
            self.coverage.collect([t for t in self.tests.values() if (slow or not t.slow) and (wanted is None or wanted(t.name))])
        self.lines, self.patience = self.coverage.lines(), patience
        quick = {t.name for t in self.tests.values() if not t.slow}
        self.by_block = list(zip(self.coverage.by_block(quick), self.coverage.by_block(set(self.tests) - quick)))
        self.varied = self.cover(quick)
        self.source = {name: test.text() for name, test in self.tests.items()}
        words = {text: set(re.findall(r"\w+", text)) for text in set(self.source.values())}
        parts = {text: found | words_of(" ".join(found)) for text, found in words.items()}
        self.words = {name: words[text] for name, text in self.source.items()}
        self.parts = {name: parts[text] for name, text in self.source.items()}
        self.stops = {name: stop_codes(" ".join(test.test.expected[:2])) if isinstance(test, kernel_coverage.PeTest) else set() for name, test in self.tests.items()}
        self.seldom, self.sources = collections.Counter(word for found in parts.values() for word in found), len(parts)
        points = run_tests.known_points()
        self.points = {name: points.get(test.test.name) for name, test in self.tests.items() if isinstance(test, kernel_coverage.PeTest)}
        self.kills, self.texts = collections.Counter(), {}
        self.mirror = mirror(build)

    def executing(self, path, line):
        """Names of the tests that execute a line, from 1: (quick ones, slow ones). A line without code of its own shares the code
        before it, in its function."""
        lines = self.lines.get(path, {})
        for _, first, last in kernel_coverage.functions(path):
            if first <= line <= last:
                found = next((at for at in range(line, first - 1, -1) if at in lines), None)
                found = found or next((at for at in range(line, last + 1) if at in lines), None)
                names = [self.running(lines, found, slow) for slow in (False, True)]
                if re.match(r"\s*(?:\} else )?(?:if|while) \(.*\) \{$", self.text(path)[line - 1]) and line + 1 in lines:
                    # Its code may be one with another's, and stand for one of its ways only; whoever is inside has come by.
                    names = [names[slow] | self.running(lines, line + 1, slow) for slow in (False, True)]
                if not names[0] and re.match(r"\s*(?:\} else )?(?:if|while|for) \(", self.text(path)[line - 1]):
                    # A condition may have been decided inside of what was called in front of it: it has no code of its own there.
                    before = max((at for at in lines if first < at < line), default=None)
                    names[0] = self.running(lines, before, False)
                return names
        return set(), set()

    def running(self, lines, line, slow):
        return {name for block in lines.get(line, ()) for name in self.by_block[block][slow]}

    def text(self, path):
        if path not in self.texts:
            self.texts[path] = open(os.path.join(ROOT, path), encoding="utf-8").read().split("\n")
        return self.texts[path]

    def reached(self, path, line=None):
        """{test: how much of a file it executes, or of the function that a line is in}"""
        first, last = next(((f, l) for _, f, l in kernel_coverage.functions(path) if line and f <= line <= l), (0, sys.maxsize))
        blocks = sum({1 << block for at, blocks in self.lines.get(path, {}).items() if first <= at <= last for block in blocks})
        return {name: bin(int(test["seen"], 16) & blocks).count("1") for name, test in self.coverage.tests.items()}

    def cover(self, names):
        """Tests that together execute all that any executes, each of which adds something to those before it for its time: the others do much the same again."""
        seen = {name: int(test["seen"], 16) for name, test in self.coverage.tests.items() if name in names and test["seconds"] is not None}
        found, done = set(), 0
        gain = {name: bin(bits).count("1") / self.coverage.tests[name]["seconds"] for name, bits in seen.items()}
        while gain:  # what a test adds only becomes less: the best of before is looked at again first
            name = max(gain, key=gain.get)
            now = bin(seen[name] & ~done).count("1") / self.coverage.tests[name]["seconds"]
            if now == 0:
                del gain[name]
            elif now < gain[name]:
                gain[name] = now
            else:
                found.add(name)
                done |= seen[name]
                del gain[name]
        return found

    def order(self, mutant, names):
        path, step = mutant.path, STEP.search(mutant.change) is not None
        reached = self.reached(mutant.path, (mutant.line + 1) if step else None)
        component, stem = path.split("/")[1], os.path.splitext(os.path.basename(path))[0]
        function = next((f for f, first, last in kernel_coverage.functions(path) if first <= mutant.line + 1 <= last), "?")
        called = {function, re.sub("^Nt", "Zw", function)}
        line = self.text(path)[mutant.line]
        rules = set(re.findall(r"VfRule(\w+)", line))  # a bug driver's row says which rule it breaks
        around = set(re.findall(r"VfRule(\w+)", function_at(self.text(path), mutant.line)))  # and one that the whole function is about
        spoken = words_of(function + " " + line) | ({"bad"} if "BugCheck" in line or "Raise" in line else set())  # as tests of mistakes are called

        stops = stop_codes(line)

        def rank(name):
            near = name.startswith(component + "/") or name.startswith("bug/") and component == "vf" or stem in name
            return (step and not name.startswith(COUNTED), stem == "report" and not name.startswith(TELLS), not stops & self.stops[name], not rules & self.words[name], not around & self.words[name], -self.kills[path, name], not called & self.words[name], not near and name not in self.varied,
                    self.coverage.tests[name]["seconds"] / (1 + reached[name]) / (4 if near else 1) / 4 ** sum(word in name for word in spoken))
        ranked, used, later = sorted(names, key=rank), collections.Counter(), set()
        for name in ranked:  # the same program once more, for another version or another user
            program = tuple(self.tests[name].files) if isinstance(self.tests[name], kernel_coverage.PeTest) else name
            used[program] += 1
            if used[program] > MOST_ALIKE and not ({function} | called | rules | around) & self.words[name] and not self.kills[path, name]:
                later.add(name)
        return alternately(sorted(ranked, key=later.__contains__), *([self.telling(function, line, names), self.busy(component, names)] if not step else []))

    def busy(self, component, names):
        """Quick tests that pass most schedule points for their time, those of the line's own folder first: a model does in a tenth of a second what others do
        in many, and says after each step what must be so. One of each program."""
        pace = {name: self.coverage.tests[name]["seconds"] / self.points[name] for name in names if self.points.get(name) and self.coverage.tests[name]["seconds"] < BUSY}
        found = {tuple(self.tests[name].files): name for name in sorted(pace, key=pace.get, reverse=True)}
        return sorted(found.values(), key=lambda name: (not name.startswith(component + "/"), pace[name]))[:MOST_BUSY]

    def telling(self, function, line, names):
        """Tests whose source speaks of what the line does: those that share its seldom words, some of each source."""
        spoken = set(re.findall(r"\w+", line)) | words_of(line + " " + function) | {function}
        score = {name: sum(math.log(self.sources / self.seldom[word]) for word in spoken & self.parts[name]) for name in names}
        found, used = [], collections.Counter()
        for name in sorted(names, key=lambda n: (-score[n], self.coverage.tests[n]["seconds"], n)):
            used[self.source[name]] += 1
            if used[self.source[name]] <= MOST_ALIKE and score[name] > 0:
                found.append(name)
        return found[:MOST_TELLING]

    def put_back(self, place):
        os.remove(place)
        os.symlink(os.path.join(self.build, "box", os.path.basename(place)), place)

    def fails_anyway(self, test, limit, place):
        """Whether a test fails in the mirror with the image that was not changed: something that it needs is missing there, say."""
        os.rename(place, place + ".mutant")
        os.symlink(os.path.join(self.build, "box", os.path.basename(place)), place)
        try:
            return test.fails(self.mirror, limit)
        finally:
            os.replace(place + ".mutant", place)

    def kill(self, mutant):
        """(what became of it, the test that failed, tests that were run, tests that execute it)"""
        quick, slow = self.executing(mutant.path, mutant.line + 1) if mutant.tests == "*" else ({
            name for name, test in self.coverage.tests.items() if test["seconds"] is not None and re.search(mutant.tests, name)}, set())
        slow = self.order(mutant, slow) if self.slow else []
        names = self.order(mutant, quick) + (slow[:MOST_SLOW] if quick else slow)
        made = build_mutant(mutant, self.build, os.path.join(self.mirror, "scratch"))
        if not os.path.isabs(made):
            return made, "", 0, len(names)
        if not names:
            return "survived", "", 0, 0
        place = os.path.join(self.mirror, "box", os.path.basename(made))
        os.replace(made, place)
        start, run, by, late = time.monotonic(), 0, "", False
        for name in names:
            late = time.monotonic() - start > self.patience
            if by or late:
                break
            run += 1
            test, seconds = self.tests[name], self.coverage.tests[name]["seconds"]
            limit = max(TIME_OUT, int((SLOW if seconds > PATIENCE / FACTOR else FACTOR) * seconds))
            # On a loaded machine a test may be late: it must fail again, and not in the same place on the kernel as it is.
            if test.fails(self.mirror, limit) and not self.fails_anyway(test, limit, place) and test.fails(self.mirror, limit):
                self.kills[mutant.path, name] += 1
                by = name
        self.put_back(place)
        return "killed" if by else "undecided" if late else "survived", by, run, len(names)


def interval(killed, total):
    """Wilson's, of 95 %."""
    if total == 0:
        return 0.0, 1.0
    z, rate = 1.96, killed / total
    middle, half = rate + z * z / (2 * total), z * math.sqrt(rate * (1 - rate) / total + z * z / (4 * total * total))
    return (middle - half) / (1 + z * z / total), (middle + half) / (1 + z * z / total)


def main():
    parser = argparse.ArgumentParser(usage="mutate.py [--seed N] [--count N] [--per-file N] [--only TEXT,...] [--at FILE:LINE] [--planted [--names NAME,...]] [--list] [--quick] [--patience SECONDS] [--as-measured] [--executed FEWEST-MOST] [--change TEXT] BUILD")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--per-file", type=int, default=0, help="at most so many mutants of one file")
    parser.add_argument("--only", default="nt/", help="files whose path holds one of these")
    parser.add_argument("--at", default="", help="the mutants of one line: nt/ke/apc.c:120")
    parser.add_argument("--planted", action="store_true", help="those of planted.list")
    parser.add_argument("--names", default="", help="of planted.list only these")
    parser.add_argument("--list", action="store_true", help="only say what they are")
    parser.add_argument("--quick", action="store_true", help="without the tests that take minutes")
    parser.add_argument("--patience", type=int, default=PATIENCE, help="seconds that the tests of one mutant may take")
    parser.add_argument("--as-measured", action="store_true", help="without the tests whose lines are not known yet")
    parser.add_argument("--executed", default="", help="only lines that so many tests execute: 1-5; for finding what nobody asserts, not for a figure")
    parser.add_argument("--change", default="", help="only mutants whose change holds this expression: ObDereferenceObject.* dropped; of a class, not for a figure")
    parser.add_argument("--afresh", action="store_true", help="decide again what BUILD/mutants.jsonl has")
    parser.add_argument("build")
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    mutants = pick(options) if not options.planted else list(planted(set(filter(None, options.names.split(",")))))
    if options.list:
        print("\n".join(map(str, mutants[:options.count])))
        return 0
    judge = Judge(build, None if not options.planted else lambda name: any(re.search(m.tests, name) for m in mutants),
                  not options.quick, not options.as_measured, options.patience)
    equivalent, start = set(equivalents()), time.monotonic()
    known, path = {}, os.path.join(build, "mutants.jsonl")
    for row in open(path) if os.path.exists(path) else []:
        row = json.loads(row)
        judge.kills[row["path"], row["by"]] += row["by"] != ""
        if not options.afresh and not options.planted and row["kernel"] == judge.coverage.kernel:
            known[row["key"]] = row
    fewest, most = map(int, options.executed.split("-")) if options.executed else (0, sys.maxsize)
    counts, survivors, same, decided = collections.Counter(), [], [], 0
    by_file = collections.defaultdict(lambda: [0, 0])
    for mutant in mutants:
        if decided == options.count:
            break
        if not re.search(options.change, mutant.change):
            continue
        if options.executed and not fewest <= len(judge.executing(mutant.path, mutant.line + 1)[0]) <= most:
            continue
        if (mutant.path, mutant.change) in equivalent:
            same.append(mutant)
            continue
        row = known.get(mutant.key())
        if row is None:
            began = time.monotonic()
            what, by, run, of = judge.kill(mutant)
            row = {"key": mutant.key(), "kernel": judge.coverage.kernel, "path": mutant.path, "mutant": str(mutant), "what": what, "by": by,
                   "run": run, "of": of, "seconds": round(time.monotonic() - began, 1), "seed": options.seed}
            with open(path, "a") as out:
                out.write(json.dumps(row) + "\n")
        counts[row["what"]] += 1
        if row["what"] in ("not built", "the same code"):
            continue
        decided += 1
        by_file[mutant.path][0] += row["what"] == "killed"
        by_file[mutant.path][1] += 1
        if row["what"] == "killed":
            print(f"killed by {row['by']}, {row['run']} of {row['of']} tests, {row['seconds']} s: {mutant}", flush=True)
        else:
            survivors.append((mutant, row))
            print(f"{row['what'].upper()} {row['run']} of {row['of']} tests, {row['seconds']} s: {mutant}", flush=True)
    shutil.rmtree(judge.mirror, ignore_errors=True)
    print()
    for path, (dead, of) in sorted(by_file.items()):
        if dead < of:
            print(f"{path}: {dead} of {of}")
    for mutant, row in survivors:
        print(f"{'survivor' if row['what'] == 'survived' else row['what']}: {mutant}" + ("" if row["of"] else " (no test executes it)"))
    for mutant in same:
        print(f"equivalent: {mutant}")
    low, high = interval(counts["killed"], decided)
    print(f"{counts['killed']} of {decided} mutants killed ({100 * counts['killed'] / max(decided, 1):.0f} %; 95 %: {100 * low:.0f} to {100 * high:.0f}), {counts['undecided']} undecided, "
          f"{counts['not built']} did not compile, {counts['the same code']} compiled to the same code, {len(same)} equivalent, seed {options.seed}, {time.monotonic() - start:.0f} s")
    return 0 if counts["killed"] >= (GOAL if not options.planted else 1) * decided else 1


if __name__ == "__main__":
    sys.exit(main())
