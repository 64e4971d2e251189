#!/usr/bin/env python3
"""Registry text against a model: regtext.py NTLAB REGDUMP.exe [LINES]

Four files of random lines (UTF-8, UTF-16, ANSI as REGEDIT4, REGEDIT4 behind a byte order mark): keys, values of each form with blanks, escapes, continued lines, deletions,
comments, and lines that are wrong in each way. What the registry holds afterwards must be what the model has, and each wrong line must be told with its number.
"""
import os
import random
import subprocess
import sys
import tempfile

ROOT = "HKEY_LOCAL_MACHINE\\Software\\NtlabTold"
SZ, EXPAND, BINARY, DWORD, MULTI = 1, 2, 3, 4, 7
ROOTS = ["HKEY_LOCAL_MACHINE", "HKLM", "hkey_Local_machine", "hklm"]


class File:
    def __init__(self, number, coding, ansi, draw):
        self.number, self.coding, self.ansi, self.draw = number, coding, ansi, draw
        self.text, self.line, self.told = "", 0, []
        self.keys = {(): {}}  # by path in lower case: values by name in lower case
        self.names = {}       # path in lower case: as it was first written
        self.at = None

    def put(self, line):
        """A line, perhaps of several; blanks around it mean nothing."""
        d = self.draw
        first = d.choice(["", "", " ", "\t"]) if not line.startswith(("R", "W")) else ""
        self.text += first + line + d.choice(["", "", "  ", " \t"]) + d.choice(["\n", "\r\n"])
        self.line += line.count("\n") + 1

    def wrong(self, line, why):
        self.put(line)
        self.told.append((self.line, why))

    def word(self, characters):
        d = self.draw
        return "".join(d.choice(characters) for _ in range(d.randint(1, 9)))

    def letters(self):
        return "abcXYZ 019;[]=,:-@%" + ("\u00fc\u00df" if self.coding == "cp1252" else "\u00fc\u4e2d\U0001f600")

    # ---- keys ----

    def key(self):
        d = self.draw
        parts = [f"f{self.number}"] + [d.choice(["one", "Two", "three four", "F\u00fcnf"]) for _ in range(d.randint(0, 3))]
        path = tuple(p.lower() for p in parts)
        name = "\\".join([d.choice(ROOTS), "Software", "NtlabTold"] + parts)
        if d.random() < 0.2 and len(parts) > 1:
            self.put(f"[-{name}]")
            for each in [k for k in self.keys if k[:len(path)] == path]:
                del self.keys[each]
            for each in [k for k in self.names if k[:len(path)] == path]:
                del self.names[each]
            self.at = None
            return
        self.put(f"[{name}]")
        for count in range(1, len(parts) + 1):
            self.keys.setdefault(path[:count], {})
            self.names.setdefault(path[:count], parts[count - 1])
        self.at = path

    def wrong_key(self):
        if self.draw.random() < 0.5:
            self.wrong(self.draw.choice(["[HKEY_NOWHERE\\x]", "[HKLMX\\x]", "[]", "[HKL\\x]"]), "no such root key")
        else:
            self.wrong(self.draw.choice([f"[{ROOT}\\no end", "[HKLM\\x] y", "["]), "a key without its closing bracket")
        self.at = None

    # ---- values ----

    def quoted(self, text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def named(self):
        d = self.draw
        if d.random() < 0.15:
            return "", "@" + d.choice(["=", " = "])
        name = self.word(self.letters() + '"\\')
        return name, self.quoted(name) + d.choice(["=", " =", "= ", "\t=\t"])

    def set(self, name, kind, data):
        if self.at is not None:
            old = self.keys[self.at].get(name.lower())
            self.keys[self.at][name.lower()] = (old[0] if old else name, kind, data)

    def value(self):
        d = self.draw
        name, head = self.named()
        what = d.randint(0, 9)
        if what < 3:
            text = self.word(self.letters() + '"\\') if d.random() < 0.8 else ""
            if d.random() < 0.2:
                text += d.choice(["", " ", "\t "]) + "\r\n" + self.word("abc def")  # a line break within: the next line closes it
            line = head + self.quoted(text.replace("\r\n", "\n"))
            self.put(line)
            self.set(name, SZ, (text + "\0").encode("utf-16-le"))
        elif what < 5:
            number = d.getrandbits(4 * d.randint(1, 8))
            digits = d.choice(["%x", "%X", "%08x"]) % number
            self.put(head + d.choice(["dword:", "DWORD:", "Dword:"]) + digits)
            self.set(name, DWORD, number.to_bytes(4, "little"))
        elif what < 9:
            kind, form = d.choice([(BINARY, "hex:"), (BINARY, "HEX:"), (0, "hex(0):"), (EXPAND, "hex(2):"), (MULTI, "hex(7):"), (11, "hex(b):"),
                                   (0x80001234, "hex(80001234):")])
            data = bytes(d.randint(1, 127) for _ in range(d.randint(0, 12)))
            self.put(head + form + self.bytes(data))
            if self.ansi and kind in (SZ, EXPAND, MULTI):
                data = b"".join(bytes([b, 0]) for b in data)
            self.set(name, kind, data)
        else:
            if self.at is not None and self.keys[self.at] and d.random() < 0.7:
                old = d.choice(sorted(self.keys[self.at]))
                name = self.keys[self.at][old][0].swapcase() if d.random() < 0.3 else self.keys[self.at][old][0]
                if len(name.lower()) != len(name) or name.lower() != old:
                    name = self.keys[self.at][old][0]
                head = ("@" if name == "" else self.quoted(name)) + "="
            self.put(head + "-")
            if self.at is not None:
                self.keys[self.at].pop(name.lower(), None)

    def bytes(self, data):
        d, out = self.draw, ""
        for i, byte in enumerate(data):
            out += d.choice(["%02x", "%x", "%02X"]) % byte
            if i + 1 < len(data):
                out += d.choice([",", ", ", ","])
                if out.endswith(",") and d.random() < 0.15:
                    out += "\\\n" + d.choice(["", "  ", "\t"])
        return out

    def wrong_value(self):
        _, head = self.named()
        line, why = self.draw.choice([
            (head + "dword:", "dword: without a number"),
            (head + "dword:g", "dword: without a number"),
            (head + "hex:zz", "not a byte in hexadecimal"),
            (head + "hex:12,100", "not a byte in hexadecimal"),
            (head + "hex:1,\\\n  g", "not a byte in hexadecimal"),
            (head + "hex():1", "hex( without a type"),
            (head + "hex(2:1", "hex( without a type"),
            (head + "hex(x):1", "hex( without a type"),
            (head + "hex 1", "hex without `:`"),
            (head + "hex(2)1", "hex without `:`"),
            (head + "word", "a value of an unknown form"),
            (head, "a value of an unknown form"),
            (head + '"x', "a string without its closing quote"),
            ('"name', "a name without its closing quote"),
            ('"name" 1', "a value without `=`"),
            ("@x", "a value without `=`"),
        ])
        if self.at is None:
            self.put(line)  # of no key: nobody looks at it
        else:
            self.wrong(line, why)

    def fill(self, lines):
        d = self.draw
        self.put("REGEDIT4" if self.ansi else "Windows Registry Editor Version 5.00")
        self.key()
        for _ in range(lines):
            what = d.randint(0, 19)
            if what < 3:
                self.key()
            elif what == 3:
                self.wrong_key()
            elif what == 4:
                self.put(d.choice(["", "; a comment", ';"a"="b']))
            elif what == 5:
                self.wrong(d.choice(["nothing", "=x", "x=y", "-"]), "neither a key nor a value")
            elif what < 9:
                self.wrong_value()
            else:
                self.value()
        self.put(f"[{ROOT}\\f{self.number}\\last]")
        self.at = (f"f{self.number}", "last")
        self.keys.setdefault(self.at, {})
        self.names[self.at] = "last"
        self.text += '"end"=dword:1'  # without a line's end
        self.set("end", DWORD, b"\1\0\0\0")

    def write(self, folder):
        path = os.path.join(folder, f"{self.number}.reg")
        with open(path, "wb") as out:
            out.write(self.text.encode(self.coding))
        return path


def dumped(output):
    """{(key, ...) in lower case: {name in lower case: (name, type, data)}}"""
    keys, path = {}, []
    for line in output.splitlines():
        words = line.split()
        if words[:1] == ["key"]:
            path = path[:int(words[1])] + [bytes.fromhex(words[2][1:]).decode("utf-16-le")]
            keys[tuple(p.lower() for p in path[1:])] = {}
        elif words[:1] == ["value"]:
            name = bytes.fromhex(words[1][1:]).decode("utf-16-le")
            keys[tuple(p.lower() for p in path[1:])][name.lower()] = (name, int(words[2], 16), bytes.fromhex(words[3][1:]))
    return keys


def main():
    ntlab, client = sys.argv[1:3]
    lines = int(sys.argv[3]) if len(sys.argv) > 3 else 250
    draw = random.Random(5)
    files = [File(0, "utf-8", False, draw), File(1, "utf-16", False, draw), File(2, "cp1252", True, draw), File(3, "utf-8-sig", True, draw)]
    with tempfile.TemporaryDirectory() as folder:
        command = [ntlab, "run"]
        for each in files:
            each.fill(lines)
            command += ["--reg", each.write(folder)]
        run = subprocess.run(command + ["--", client], capture_output=True, text=True)
    output = run.stdout + run.stderr
    failed = run.returncode != 0
    told = [line for line in output.splitlines() if line.startswith("registry text")]
    meant = [f"registry text{f' {each.number + 1}' if each.number else ''}, line {line}: {why}" for each in files for line, why in each.told]
    for line in sorted(set(told) ^ set(meant)):
        print("told, not meant:" if line in told else "meant, not told:", line)
        failed = True
    got = dumped(run.stdout)
    wanted = {(): {}}
    for each in files:
        wanted.update(each.keys)
    for path in sorted(set(got) | set(wanted)):
        if path not in got or path not in wanted:
            print("key that is not there:" if path not in got else "key that should not be:", path)
            failed = True
            continue
        for name in sorted(set(got[path]) | set(wanted[path])):
            if got[path].get(name) != wanted[path].get(name):
                print("value", path, ascii(name), "is", got[path].get(name), "not", wanted[path].get(name))
                failed = True
    count = sum(len(values) for values in wanted.values())
    if count < 100 or len(meant) < lines // 4:
        print(f"only {count} values and {len(meant)} wrong lines")
        failed = True
    print(f"{len(wanted)} keys, {count} values, {len(meant)} wrong lines: {'FAIL' if failed else 'ok'}")
    return failed


sys.exit(main())
