/*
 * debug.c - messages to the debugger, and what a debugger would hear.
 *
 * DbgPrint formats into at most 512 bytes and hands them to the kernel's debug service, which writes them to
 * ntlab's own output. Facts: DbgPrint, DbgPrintEx, "Reading and Filtering Debugging Messages".
 */
#include "user/ntdll/ntdllp.h"

#define DBG_COMPONENT_DEFAULT 101

NTSTATUS RtlpDebugPrint(PCSTR Text, ULONG Length, ULONG Component, ULONG Level);

static ULONG
RtlpPrint(ULONG Component, ULONG Level, PCSTR Prefix, PCSTR Format, va_list Arguments)
{
    CHAR Buffer[512];
    int Prefixed = 0, Length;

    if (*Prefix != 0) {
        Prefixed = (int)strlen(Prefix);
        Prefixed = min(Prefixed, 128);
        RtlCopyMemory(Buffer, Prefix, Prefixed);
    }
    Length = _vsnprintf(Buffer + Prefixed, sizeof(Buffer) - 1 - Prefixed, Format, Arguments);
    if (Length < 0) {
        Length = (int)sizeof(Buffer) - 1 - Prefixed;
        Buffer[sizeof(Buffer) - 2] = '\n';
    }
    Buffer[Prefixed + Length] = 0;
    RtlpDebugPrint(Buffer, Prefixed + Length, Component, Level);
    return STATUS_SUCCESS;
}

ULONG __cdecl DbgPrint(PCSTR Format, ...)
{
    va_list Arguments;
    ULONG Status;

    va_start(Arguments, Format);
    Status = RtlpPrint(DBG_COMPONENT_DEFAULT, 3, "", Format, Arguments);
    va_end(Arguments);
    return Status;
}

ULONG __cdecl DbgPrintEx(ULONG Component, ULONG Level, PCSTR Format, ...)
{
    va_list Arguments;
    ULONG Status;

    va_start(Arguments, Format);
    Status = RtlpPrint(Component, Level, "", Format, Arguments);
    va_end(Arguments);
    return Status;
}

ULONG NTAPI
vDbgPrintEx(ULONG Component, ULONG Level, PCSTR Format, va_list Arguments)
{
    return RtlpPrint(Component, Level, "", Format, Arguments);
}

ULONG NTAPI
vDbgPrintExWithPrefix(PCSTR Prefix, ULONG Component, ULONG Level, PCSTR Format, va_list Arguments)
{
    return RtlpPrint(Component, Level, Prefix, Format, Arguments);
}

VOID NTAPI
RtlAssert(PVOID Assertion, PVOID File, ULONG Line, PSTR Message)
{
    DbgPrint("*** Assertion failed: %s%s\n***   Source File: %s, line %u\n",
             Message != NULL ? Message : "", Assertion, File, Line);
    DbgBreakPoint();
}

DECLSPEC_NORETURN VOID NTAPI
RtlFailFast(ULONG Code)
{
    __asm__ volatile("int $0x29" : : "c"(Code));
    __builtin_unreachable();
}
