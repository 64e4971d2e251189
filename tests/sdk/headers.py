#!/usr/bin/env python3
"""Headers that driver sources include compile, in C and C++, in the usual orders, and declare what the kernel exports:
headers.py BUILD SDK. The flags are the toolchain file's."""
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

BUILD, SDK = (os.path.abspath(a) for a in sys.argv[1:3])
DDK = "/usr/share/mingw-w64/include"

ORDERS = """wdm.h|ntddk.h|ntifs.h|fltKernel.h|ntstrsafe.h|driverspecs.h|specstrings.h|initguid.h ntddk.h|initguid.h wdm.h wdmguid.h
wdm.h ntddk.h|ntddk.h ntifs.h|ntifs.h ntddk.h wdm.h|wdm.h ntifs.h fltKernel.h|FLTKERNEL.H NTDDK.H NTIFS.H|wdm.h wdmsec.h|ntddk.h wdmsec.h ntstrsafe.h
ntifs.h ntstrsafe.h ntintsafe.h|ntddk.h ntimage.h|ntifs.h ntimage.h aux_klib.h|wdm.h csq.h|ntifs.h csq.h
ntifs.h ntddstor.h ntddvol.h ntdddisk.h mountdev.h mountmgr.h|ntddk.h ntdddisk.h ntddcdrm.h ntddcdvd.h ntddmmc.h|ntddk.h ntddscsi.h scsi.h srb.h
ntddk.h ntddkbd.h ntddmou.h kbdmou.h|ntddk.h ntddser.h|ntddk.h wmistr.h wmilib.h wmidata.h|ntddk.h evntrace.h evntprov.h|ntifs.h bcrypt.h|ntddk.h windef.h
ntddk.h usbdi.h usbdlib.h usbioctl.h|ntddk.h tdikrnl.h|ntddk.h stdio.h stdarg.h stdlib.h string.h wchar.h limits.h|fltKernel.h dontuse.h suppress.h ntverp.h
ntddk.h intrin.h|initguid.h ntddk.h devpkey.h|ntddk.h devioctl.h sal.h kernelspecs.h procgrp.h|ntifs.h ktmtypes.h ntpoapi.h|ntstatus.h ntddk.h bugcodes.h excpt.h"""

# Exported and not in a public header: sources declare these themselves, so ours must not.
PRIVATE = re.compile(r"^(Ki|Iop|__tsan|_)|^(Ke(InitializeApc|InsertQueueApc|RemoveQueueApc|TestAlertThread|SetAffinityThread|GenericCallDpc|SignalCallDpc\w+)"
                     r"|Ps(Get(Process(ImageFileName|Peb|Wow64Process))|SuspendProcess|ResumeProcess|LoadedModuleList)|ObOpenObjectByName|ZwQuerySystemInformation|ZwQueryInformationProcess"
                     r"|IoCreateDriver|IoDeleteDriver|MmCopyVirtualMemory|ObGetObjectType|ZwProtectVirtualMemory|PsGetProcessSectionBaseAddress)$")
DECLARED = """ExAllocatePool2 ExAllocatePool3 ExAcquireSpinLockExclusive IoAllocateIrpEx KeSetCoalescableTimer ObRegisterCallbacks CmRegisterCallbackEx
PsSetCreateProcessNotifyRoutineEx2 IoGetRequestorProcessId IoCsqInitializeEx FltCreateFileEx2 FltEnlistInTransaction FltCbdqInitialize CcCopyReadEx
FsRtlCheckOplockEx2 TmCommitComplete RtlUnicodeStringToUTF8String ZwQueryDirectoryFileEx RtlStringCbPrintfW RtlUnicodeStringPrintf
RtlStringCchCopyUnicodeString IoCreateDeviceSecure AuxKlibQueryModuleInformation MmMapIoSpaceEx RtlCheckRegistryKey SeLocateProcessImageName""".split()


def compile(name, text, folder):
    language = "c++" if name.endswith("cpp") else "c"
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text)
    done = subprocess.run(
        ["clang-19", "--target=x86_64-w64-windows-gnu", "-fsyntax-only", "-x", language, "-I", f"{SDK}/include", "-D_WIN32_WINNT=0x0A00", "-DWINVER=0x0A00",
         "-DNTDDI_VERSION=0x0A000008", "-D_AMD64_", "-DAMD64", "-D_WIN64", "-fms-extensions", "-fms-compatibility", "-fgnuc-version=4.2.1", "-fno-builtin", "-Wno-everything", "-ferror-limit=0",
         "-ivfsoverlay", os.path.join(folder, "overlay.yaml"), "-include", "ntlab-sdk.h", "-isystem", f"{DDK}/ddk", path], stderr=subprocess.PIPE, text=True)
    return name, text, done.returncode, done.stderr


def main():
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, f"{SDK}/tools/make_overlay.py", os.path.join(folder, "overlay.yaml"), f"{SDK}/include", f"{DDK}/ddk", DDK], check=True)
        jobs = []
        for i, order in enumerate(ORDERS.replace("\n", "|").split("|")):
            text = "".join(f"#include <{h}>\n" for h in order.split())
            jobs += [(f"a{i}.c", text), (f"a{i}.cpp", text)]
        every = "#include <fltKernel.h>\n#include <ntddk.h>\n#include <ntstrsafe.h>\n#include <wdmsec.h>\n#include <aux_klib.h>\n"
        jobs.append(("declared.c", every + "".join(f"#ifndef {n}\nvoid *f_{n}(void) {{ return (void *)&{n}; }}\n#endif\n" for n in DECLARED)))
        # A routine that no public header declares may be declared by a source as it likes.
        private = [n for n in open(os.path.join(BUILD, "nt", "ntoskrnl.def")).read().split() if PRIVATE.match(n) and not n.startswith("_")]
        jobs.append(("private.c", every + "".join(f"struct t_{n}; struct t_{n} *{n}(struct t_{n} *);\n" for n in private)))
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for name, text, status, errors in pool.map(lambda j: compile(*j, folder), jobs):
                if status != 0:
                    bad += 1
                    print(f"{name}:\n{text[:400]}\n{errors[:1000]}")
    print(f"{len(jobs)} compiled, {bad} do not; {len(private)} private routines left to sources")
    sys.exit(1 if bad else 0)


main()
