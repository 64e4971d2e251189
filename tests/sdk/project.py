#!/usr/bin/env python3
"""Projects as they come: one for FindWDK, and Visual Studio's files: project.py NTLAB BUILD SDK. 77 without CMake.

The first brings a FindWDK of its own that finds nothing, asks for KMDF without using it, and for what MSVC's command line
knows; it has a library, assembler, messages, traces, C++20. The second is a solution whose driver and program share a name,
with letters in other cases than the files have.
"""
import os
import shutil
import subprocess
import sys
import tempfile

NTLAB, BUILD, SDK = (os.path.abspath(a) for a in sys.argv[1:4])

FILES = {
    "find/CMakeLists.txt": """
cmake_minimum_required(VERSION 3.2)
project(found LANGUAGES CXX)
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION TRUE)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_FLAGS "${CMAKE_CXX_FLAGS} /W4 /WX")
set(CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}/cmake")
find_package(WDK REQUIRED)
wdk_add_library(locks STATIC KMDF 1.15 lock.cpp lock.hpp)
target_include_directories(locks INTERFACE .)
wdk_add_driver(found KMDF 1.15 WINVER 0x0A00 main.cpp seven.asm words.mc found.rc)
target_compile_options(found PRIVATE /permissive- $<$<COMPILE_LANGUAGE:CXX>:/Zc:__cplusplus>)
target_link_options(found PUBLIC /integritycheck)
target_link_libraries(found WDK::FLTMGR WDK::KSECDD locks)
add_executable(client client.c)
wdk_add_client(words words.cpp)
""",
    "find/cmake/FindWDK.cmake": 'message(FATAL_ERROR "no WDK here")\n',
    "find/lock.hpp": """
#pragma once
#include <fltKernel.h>
namespace found
{
enum class Bits { None = 0, One = 1, Two = 2 };
DEFINE_ENUM_FLAG_OPERATORS(Bits);
class Lock final
{
    FAST_MUTEX mutex;
  public:
    void Init();
    ULONG Most(ULONG A, ULONG B);
};
}
""",
    "find/lock.cpp": """
#include "lock.hpp"
void found::Lock::Init() { ExInitializeFastMutex(&mutex); }
ULONG found::Lock::Most(ULONG A, ULONG B)
{
    ExAcquireFastMutex(&mutex);
    const auto Most = max(min(A, 5ul), B);
    ExReleaseFastMutex(&mutex);
    return Most;
}
""",
    "find/seven.asm": """
.code
Seven proc
    mov eax, 7
    ret
Seven endp
end
""",
    "find/words.mc": """
MessageIdTypedef=NTSTATUS
SeverityNames=(Error=0x3)
FacilityNames=(Found=0x123)
LanguageNames=(English=0x0409:MSG00001)
MessageId=0x0001
Facility=Found
Severity=Error
SymbolicName=FOUND_WORDS
Language=English
No words.
.
""",
    "find/found.rc": "",
    "find/main.cpp": """
#include <ntifs.h>
#include "lock.hpp"
#include <algorithm>
#include "words.h"
#include <TraceLoggingProvider.h>
#include "main.tmh"

TRACELOGGING_DECLARE_PROVIDER(Provider);
TRACELOGGING_DEFINE_PROVIDER(Provider, "Found", (0x1, 0x2, 0x3, 0, 0, 0, 0, 0, 0, 0, 0));
extern "C" ULONG Seven();
extern "C" DRIVER_INITIALIZE DriverEntry;

extern "C" NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static UNICODE_STRING Name = RTL_CONSTANT_STRING(L"a name");
    found::Lock Lock;
    const auto Both = found::Bits::One | found::Bits::Two;

    WPP_INIT_TRACING(DriverObject, RegistryPath);
    TraceLoggingRegister(Provider);
    TraceLoggingWrite(Provider, "Start", TraceLoggingLevel(WINEVENT_LEVEL_INFO), TraceLoggingInt32(1, "One"));
    DoTraceMessage(TRACE_DRIVER, "never %d", 1);
    Lock.Init();
    DbgPrint("found: %wZ %u %u %u %x %u\\n", &Name, std::clamp(Lock.Most((9), 3), 5ul, 6ul), Seven(), (ULONG)Both, FOUND_WORDS, _KERNEL_MODE);
    TraceLoggingUnregister(Provider);
    WPP_CLEANUP(DriverObject);
    return STATUS_SUCCESS;
}
""",
    "find/words.cpp": """
#include <windows.h>
#include <algorithm>
#include <memory>
#include <string>
#include <vector>
#include <stdio.h>
int wmain(int argc, wchar_t **argv)
{
    std::vector<std::wstring> Words(argv + 1, argv + argc);
    auto Last = std::make_unique<std::wstring>(*std::max_element(Words.begin(), Words.end()));
    wprintf(L"words: %s %S %I64d\\n", Last->c_str(), "narrow", 1ll << 40);
    return 0;
}
""",
    "find/client.c": '#include <stdio.h>\nint main(void)\n{\n    return puts("client") < 0;\n}\n',
    "vs/both.sln": 'Project("{8BC9}") = "both", "driver\\both.vcxproj", "{1}"\r\nEndProject\r\nProject("{8BC9}") = "bothuser", "User\\both.vcxproj", "{2}"\r\n'
                   'EndProject\r\nProject("{8BC9}") = "kmdf", "driver\\kmdf.vcxproj", "{3}"\r\nEndProject\r\n',
    "vs/driver/both.vcxproj": """<?xml version="1.0" encoding="utf-8"?>
<Project xmlns="http://schemas.microsoft.com/developer/msbuild/2003">
  <ItemGroup Label="ProjectConfigurations">
    <ProjectConfiguration Include="Debug|Win32" /><ProjectConfiguration Include="Debug|x64" /><ProjectConfiguration Include="Release|x64" />
  </ItemGroup>
  <PropertyGroup Label="Configuration" Condition="'$(Configuration)|$(Platform)'=='Release|x64'">
    <PlatformToolset>WindowsKernelModeDriver10.0</PlatformToolset><ConfigurationType>Driver</ConfigurationType><DriverType>WDM</DriverType>
  </PropertyGroup>
  <PropertyGroup Label="Configuration" Condition="'$(Configuration)|$(Platform)'=='Debug|x64'">
    <PlatformToolset>WindowsKernelModeDriver10.0</PlatformToolset><ConfigurationType>Driver</ConfigurationType><DriverType>WDM</DriverType>
  </PropertyGroup>
  <PropertyGroup Condition="'$(Platform)'=='x64'"><TargetName>both</TargetName></PropertyGroup>
  <ItemDefinitionGroup Condition="'$(Configuration)|$(Platform)'=='Release|x64'">
    <ClCompile>
      <PreprocessorDefinitions>%(PreprocessorDefinitions);NAME="both";SIZE=3</PreprocessorDefinitions>
      <AdditionalIncludeDirectories>%(AdditionalIncludeDirectories);$(IFSKIT_INC_PATH);..\\inc</AdditionalIncludeDirectories>
    </ClCompile>
    <Link><AdditionalDependencies>%(AdditionalDependencies);$(DDK_LIB_PATH)\\fltmgr.lib;wdmsec.lib</AdditionalDependencies></Link>
  </ItemDefinitionGroup>
  <ItemDefinitionGroup Condition="'$(Configuration)|$(Platform)'=='Debug|x64'">
    <ClCompile><PreprocessorDefinitions>NAME="debug";SIZE=3</PreprocessorDefinitions>
      <AdditionalIncludeDirectories>..\\inc</AdditionalIncludeDirectories></ClCompile>
  </ItemDefinitionGroup>
  <ItemGroup>
    <ClCompile Include="Both.c" />
    <ClCompile Include="never.c"><ExcludedFromBuild Condition="'$(Platform)'=='x64'">true</ExcludedFromBuild></ClCompile>
    <ResourceCompile Include="both.rc" />
  </ItemGroup>
</Project>
""",
    "vs/driver/both.C": """
#include <fltkernel.h>
#include "SHARED.H"
NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(DriverObject);
    UNREFERENCED_PARAMETER(RegistryPath);
    DbgPrint("driver: %s %d %d\\n", NAME, SIZE + SHARED, DBG + 0);
    return STATUS_SUCCESS;
}
""",
    "vs/driver/kmdf.vcxproj": """<Project xmlns="http://schemas.microsoft.com/developer/msbuild/2003">
  <PropertyGroup><ConfigurationType>Driver</ConfigurationType><DriverType>KMDF</DriverType></PropertyGroup>
  <ItemGroup><ClCompile Include="both.c" /></ItemGroup>
</Project>
""",
    "vs/inc/shared.h": "#define SHARED 4\n#ifndef DBG\n#define DBG 0\n#endif\n",
    "vs/user/both.vcxproj": """<Project xmlns="http://schemas.microsoft.com/developer/msbuild/2003">
  <PropertyGroup><PlatformToolset>WindowsApplicationForDrivers10.0</PlatformToolset><ConfigurationType>Application</ConfigurationType>
    <CharacterSet>Unicode</CharacterSet></PropertyGroup>
  <ItemDefinitionGroup><Link><AdditionalDependencies>%(AdditionalDependencies);fltLib.lib</AdditionalDependencies></Link></ItemDefinitionGroup>
  <ItemGroup><ClCompile Include="*.c" /></ItemGroup>
</Project>
""",
    "vs/user/u.c": """
#include <windows.h>
#include <fltUser.h>
#include <tchar.h>
#include <stdio.h>
int _tmain(int argc, TCHAR **argv)
{
    HANDLE Port;
    _tprintf(_T("program: %s %d %08lx\\n"), argv[1], argc, FilterConnectCommunicationPort(L"\\\\none", 0, NULL, 0, NULL, &Port));
    return 0;
}
""",
}


def run(*words, want=0, **named):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **named)
    if done.returncode != want:
        print(" ".join(words), "ends with", done.returncode)
        print(done.stdout)
        sys.exit(1)
    return done.stdout


def must(text, *wanted):
    for want in wanted:
        if want not in text:
            print("not there:", want)
            print(text)
            sys.exit(1)


def build(source, out, *more):
    text = run("cmake", "-S", source, "-B", out, f"-DCMAKE_TOOLCHAIN_FILE={SDK}/cmake/ntlab.cmake", f"-DNTLAB_BUILD={BUILD}", *more)
    return text + run("cmake", "--build", out, "--parallel", "2")


def main():
    if not shutil.which("cmake"):
        print("cmake is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILES.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        out = os.path.join(folder, "find", "out")
        must(build(os.path.join(folder, "find"), out), "there is no KMDF", "found.rc is left out")
        must(run(NTLAB, "run", os.path.join(out, "found.sys"), "--", os.path.join(out, "client.exe")),
             "found: a name 5 7 3 c1230001 1", "client", "ntlab: clean")
        must(run(NTLAB, "run", "--", os.path.join(out, "words.exe"), "one", "two", "three"), "words: two narrow 1099511627776")
        with open(os.path.join(folder, "find", "main.cpp"), "a", encoding="utf-8") as file:
            file.write("#include <wdf.h>\n")
        text = subprocess.run(["cmake", "--build", out], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
        must(text, "ntlab has no KMDF")
        vs = os.path.join(folder, "vs")
        for words, want in ((["both.sln"], "driver: both 7 0"), (["--debug", "both.sln"], "driver: debug 7 1")):
            must(run(sys.executable, os.path.join(SDK, "tools", "from_vcxproj.py"), *words, cwd=vs), "kmdf.vcxproj is left out: KMDF is not there")
            out = os.path.join(vs, "out")
            build(vs, out)
            must(run(NTLAB, "run", os.path.join(out, "both.sys"), "--", os.path.join(out, "both.exe"), "word"), want, "program: word 2 80070002", "clean")
        with open(os.path.join(vs, "CMakeLists.txt"), "w", encoding="utf-8") as file:
            file.write("# somebody's\n")
        run(sys.executable, os.path.join(SDK, "tools", "from_vcxproj.py"), "both.sln", cwd=vs, want=1)


main()
