/*
 * start.c - what happens when kernel32 is attached, and the routines that every thread meets.
 */
#include "user/kernel32/base.h"

BOOL WINAPI
DllMain(HINSTANCE Instance, DWORD Reason, LPVOID Reserved)
{
    PUNICODE_STRING Command;
    ANSI_STRING Ansi;

    if (Reason == DLL_PROCESS_ATTACH) {
        Command = &NtCurrentPeb()->ProcessParameters->CommandLine;
        if (!NT_SUCCESS(RtlUnicodeStringToAnsiString(&Ansi, Command, TRUE))) {
            return FALSE;
        }
        BaseCommandLineA = Ansi.Buffer;
        BaseCommandLineW = Command->Buffer;
        RtlSetUnhandledExceptionFilter((PRTLP_UNHANDLED_FILTER)UnhandledExceptionFilter);
        NtCurrentPeb()->TlsBitmapBits[0] |= 1; /* slot 0 is never given out */
    }
    return TRUE;
}

/* Windows calls every start routine through this one; here RtlUserThreadStart does, and this is for who calls it. */
VOID WINAPI
BaseThreadInitThunk(ULONG Unused, LPTHREAD_START_ROUTINE Start, PVOID Parameter)
{
    RtlExitUserThread(Start(Parameter));
}

VOID WINAPI
ExitProcess(UINT Code)
{
    RtlExitUserProcess(Code);
}
