#!/usr/bin/env python3
"""CMakeLists.txt out of Visual Studio's project files: from_vcxproj.py [--debug] [-o FILE] PROJECT.vcxproj|SOLUTION.sln...

Drivers become wdk_add_driver, programs wdk_add_client, static libraries for drivers wdk_add_library. Of the configurations
the first for x64 counts whose name has Release (with --debug: Debug; DBG is 1 then). What is taken: sources, include folders,
definitions, libraries, the entry point, references to libraries. What is not (KMDF, UMDF, DLLs, packages) is said. FILE
is CMakeLists.txt beside the first project; one that was not made by this program is left alone.
"""
import argparse
import glob
import os
import re
import sys
import xml.etree.ElementTree

MADE = "# Made by from_vcxproj.py"
HERE = {"ntoskrnl", "hal", "fltmgr", "wdmsec", "ntstrsafe", "aux_klib", "csq", "libcntpr", "wdm", "wmilib", "uuid", "rtlver"}


def on_disk(path):
    """The file that Windows would find, whatever the case of its letters."""
    path = os.path.normpath(path)
    if os.path.exists(path) or not os.path.dirname(path):
        return path
    folder = on_disk(os.path.dirname(path))
    if os.path.isdir(folder):
        for name in os.listdir(folder):
            if name.lower() == os.path.basename(path).lower():
                return os.path.join(folder, name)
    return os.path.join(folder, os.path.basename(path))


class Project:
    def __init__(self, path, debug):
        self.path = on_disk(os.path.abspath(path))
        self.folder = os.path.dirname(self.path)
        self.root = xml.etree.ElementTree.parse(self.path).getroot()
        base = os.path.splitext(os.path.basename(self.path))[0]
        self.values = {"MSBuildProjectName": base, "ProjectName": base, "ProjectDir": self.folder + "/", "MSBuildProjectDirectory": self.folder,
                       "MSBuildThisFileDirectory": self.folder + "/", "SolutionDir": self.folder + "/", "TargetName": base}
        self.lists = {}
        self.files = []
        self.references = []
        self.values["Configuration"], self.values["Platform"] = self.configuration("Debug" if debug else "Release")
        self.read()
        self.target = self.values["TargetName"]

    def configuration(self, wanted):
        names = [e.get("Include") for e in self.root.iter() if self.tag(e) == "ProjectConfiguration" and e.get("Include")]
        ours = [n for n in names if n.lower().endswith("|x64")] or names or [wanted + "|x64"]
        return ([n for n in ours if wanted.lower() in n.lower()] or ours)[0].split("|", 1)

    @staticmethod
    def tag(element):
        return element.tag.rsplit("}", 1)[-1]

    def expand(self, text):
        return re.sub(r"\$\(([\w.]+)\)", lambda m: self.values.get(m[1], ""), text or "")

    def holds(self, element):
        condition = element.get("Condition")
        if not condition:
            return True
        for part in re.split(r"\s+or\s+", condition, flags=re.I):
            if all(self.true(p.strip().strip("()").strip()) for p in re.split(r"\s+and\s+", part, flags=re.I)):
                return True
        return False

    def true(self, text):
        match = re.fullmatch(r"'([^']*)'\s*(==|!=)\s*'([^']*)'", self.expand(text))
        return match is not None and (match[1].lower() == match[3].lower()) == (match[2] == "==")

    def read(self):
        for group in self.root:
            kind = self.tag(group)
            if not self.holds(group):
                continue
            for element in group:
                if not self.holds(element):
                    continue
                if kind == "PropertyGroup":
                    self.values[self.tag(element)] = self.expand(element.text).strip()
                elif kind == "ItemDefinitionGroup":
                    for setting in element:
                        if self.holds(setting):
                            self.lists[self.tag(element) + "." + self.tag(setting)] = self.expand(setting.text)
                elif kind == "ItemGroup":
                    self.item(element)

    def item(self, element):
        kind, include = self.tag(element), element.get("Include")
        if not include or any(self.tag(s) == "ExcludedFromBuild" and self.holds(s) and (s.text or "").strip().lower() == "true" for s in element):
            return
        for name in self.expand(include).replace("\\", "/").split(";"):
            path = os.path.join(self.folder, name)
            if kind == "ProjectReference":
                self.references.append(on_disk(path))
            elif kind in ("ClCompile", "MASM", "CustomBuild", "MessageCompile") and name.lower().endswith((".c", ".cpp", ".cc", ".cxx", ".asm", ".mc")):
                self.files += sorted(glob.glob(path)) if "*" in name else [on_disk(path)]

    def words(self, name):
        return [w.strip() for w in re.split(";", self.lists.get(name, "")) if w.strip() and not w.strip().startswith("%(")]

    def folders(self):
        out = []
        for word in self.words("ClCompile.AdditionalIncludeDirectories"):
            path = on_disk(os.path.join(self.folder, word.strip('"').replace("\\", "/")))
            if os.path.isdir(path) and path not in out and path != os.path.normpath("/"):
                out.append(path)
        return out

    def libraries(self):
        names = [os.path.basename(w.replace("\\", "/")) for w in self.words("Link.AdditionalDependencies") if w.lower().endswith(".lib")]
        return [n for n in dict.fromkeys(names) if os.path.splitext(n)[0].lower() not in HERE and not n.lower().startswith("bufferoverflow")]


def relative(path, folder):
    return os.path.relpath(path, folder).replace("\\", "/")


def quoted(word):
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"' if re.search(r'[\s"$;()#]', word) else word


def command(project, target, where):
    kind, toolset = project.values.get("ConfigurationType", ""), project.values.get("PlatformToolset", "")
    driver = kind.lower() == "driver" or (kind == "StaticLibrary" and "kernel" in toolset.lower()) or \
        (kind == "DynamicLibrary" and "kernel" in toolset.lower())
    if project.values.get("DriverType", "").upper() in ("KMDF", "UMDF"):
        return None, f"{project.values['DriverType']} is not there"
    if not project.files:
        return None, "it has no sources"
    if kind == "StaticLibrary":
        name = "wdk_add_library" if driver else "add_library"
    elif driver:
        name = "wdk_add_driver"
    elif kind in ("Application", ""):
        name = "wdk_add_client"
    else:
        return None, f"a project of type {kind} is not built"
    lines = [f"{name}({quoted(target)}" + (" STATIC" if kind == "StaticLibrary" else "")]
    lines += ["  " + quoted(relative(f, where)) for f in project.files]
    definitions = project.words("ClCompile.PreprocessorDefinitions")
    if name == "wdk_add_client" and (project.values.get("CharacterSet", "").lower() == "unicode" or "UNICODE" in definitions):
        lines.append("  UNICODE")
    definitions = [d for d in definitions if d not in ("UNICODE", "_UNICODE")]
    if driver and "debug" in project.values["Configuration"].lower() and not any(d.startswith("DBG") for d in definitions):
        definitions.append("DBG=1")
    if name != "add_library":
        for word, values in (("INCLUDES", [relative(f, where) for f in [project.folder] + project.folders()]), ("DEFINITIONS", definitions),
                             ("LIBRARIES", project.libraries() if name != "wdk_add_library" else [])):
            if values:
                lines.append(f"  {word} " + " ".join(quoted(v) for v in values))
    entry = project.lists.get("Link.EntryPointSymbol", "").strip()
    if name == "wdk_add_driver" and entry and entry not in ("GsDriverEntry", "DriverEntry"):
        lines.append(f"  ENTRY {entry}")
    return "\n".join(lines) + ")", None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--debug", action="store_true")
    parser.add_argument("-o", "--output")
    parser.add_argument("projects", nargs="+")
    options = parser.parse_args()
    paths = []
    for path in options.projects:
        if path.lower().endswith(".sln"):
            text = open(path, encoding="utf-8-sig", errors="replace").read()
            paths += [on_disk(os.path.join(os.path.dirname(os.path.abspath(path)), p.replace("\\", "/")))
                      for p in re.findall(r'^Project\([^)]*\)\s*=\s*"[^"]*",\s*"([^"]+\.vcxproj)"', text, re.M | re.I)]
        else:
            paths.append(path)
    output = os.path.abspath(options.output or os.path.join(os.path.dirname(options.projects[0]), "CMakeLists.txt"))
    where = os.path.dirname(output)
    if os.path.exists(output) and not open(output, encoding="utf-8").read().startswith(MADE):
        sys.exit(f"{output} is there, and not of my making: -o FILE")
    targets, blocks, made = set(), [], {}
    for path in dict.fromkeys(paths):
        project = Project(path, options.debug)
        target = project.target
        if target in targets: # a driver and its program often share a name
            target += "_client" if project.values.get("ConfigurationType") == "Application" else "_2"
        block, why = command(project, target, where)
        if block is None:
            print(f"{relative(project.path, where)} is left out: {why}", file=sys.stderr)
            continue
        targets.add(target)
        if target != project.target:
            block += f"\nset_target_properties({quoted(target)} PROPERTIES OUTPUT_NAME {quoted(project.target)})"
        made[project.path] = target
        blocks.append((project, target, block))
    with open(output, "w", encoding="utf-8") as file:
        name = re.sub(r"\W", "_", os.path.splitext(os.path.basename(options.projects[0]))[0])
        file.write(f"{MADE} of {' '.join(os.path.basename(p) for p in options.projects)}.\ncmake_minimum_required(VERSION 3.20)\nproject({name} C CXX)\n")
        for project, target, block in blocks:
            file.write("\n" + block + "\n")
            libraries = [made[r] for r in project.references if r in made]
            if libraries:
                file.write(f"target_link_libraries({quoted(target)} {' '.join(quoted(l) for l in libraries)})\n")
    print(output)


main()
