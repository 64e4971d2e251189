#!/usr/bin/env python3
"""The template of sdk builds as it is and loads: template.py NTLAB BUILD SDK. 77 without CMake.

A minifilter in a checked build that asserts what Microsoft's samples assert is clean under `ntlab check`.
"""
import os
import shutil
import subprocess
import sys
import tempfile

NTLAB, BUILD, SDK = (os.path.abspath(a) for a in sys.argv[1:4])

ODD = """
#include <NTIFS.H>
#include <FLTKERNEL.H>
#include <NtStrSafe.h>
#include <DontUse.h>
#include "MyOwn.H"
DRIVER_INITIALIZE DriverEntry;
_Use_decl_annotations_ NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    PVOID Memory = ExAllocatePoolZero(NonPagedPoolNx, 16, 'ddoO');
    UNREFERENCED_PARAMETER(DriverObject);
    UNREFERENCED_PARAMETER(RegistryPath);
    __try {
        *(volatile ULONG *)Memory = MINE;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    ExFreePoolWithTag(Memory, 'ddoO');
    return STATUS_DISK_FULL;
}
"""

ASSERTS = """
#include <fltKernel.h>

static PFLT_FILTER Filter;

static NTSTATUS FLTAPI Unload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(Filter);
    return STATUS_SUCCESS;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const FLT_REGISTRATION Registration = {sizeof(Registration), FLT_REGISTRATION_VERSION, 0, NULL, NULL, Unload};
    NTSTATUS Status = FltRegisterFilter(DriverObject, &Registration, &Filter);

    UNREFERENCED_PARAMETER(RegistryPath);
    FLT_ASSERT(NT_SUCCESS(Status));
    Status = FltStartFiltering(Filter);
    if (!NT_SUCCESS(Status)) {
        FltUnregisterFilter(Filter);
    }
    return Status;
}
"""


def run(*words, **named):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **named)
    return done.returncode, done.stdout


def main():
    if not shutil.which("cmake"):
        print("cmake is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "source")
        shutil.copytree(os.path.join(SDK, "templates", "minifilter"), source)
        with open(os.path.join(source, "odd.c"), "w") as file:
            file.write(ODD)
        with open(os.path.join(source, "myown.h"), "w") as file:
            file.write("#define MINE 1\n")
        with open(os.path.join(source, "CMakeLists.txt"), "a") as file:
            file.write("wdk_add_driver(odd odd.c MINIFILTER)\n")
            file.write("wdk_add_driver(asserts asserts.c MINIFILTER DEFINITIONS DBG=1)\n")
        with open(os.path.join(source, "asserts.c"), "w") as file:
            file.write(ASSERTS)
        out = os.path.join(folder, "build")
        for words in (("cmake", "-S", source, "-B", out, f"-DCMAKE_TOOLCHAIN_FILE={SDK}/cmake/ntlab.cmake", f"-DNTLAB_BUILD={BUILD}"),
                      ("cmake", "--build", out)):
            status, text = run(*words)
            if status != 0:
                print(text)
                sys.exit(1)
        shutil.copy(os.path.join(source, "minifilter.inf"), out)  # a sibling
        status, text = run(NTLAB, "run", os.path.join(out, "minifilter.sys"), "--", os.path.join(BUILD, "user", "fltmc", "fltmc.exe"), "filters")
        print(text)
        if status != 0 or "made up" in text or "370030" not in text:
            sys.exit(1)
        status, text = run(NTLAB, "run", os.path.join(out, "odd.sys"))
        print(text)
        if status != 3 or "c000007f" not in text:
            sys.exit(1)
        status, text = run(NTLAB, "check", "--budget", "300runs", os.path.join(out, "asserts.sys"), cwd=folder)
        print(text)
        if status != 0:
            sys.exit(1)


main()
