/* language-client.c - a client as it stands in public sources: headers in any case, __try, pragmas. */
#include <Windows.h>
#include <stdio.h>
#include <StdLib.h>
#include <conio.h>
#include <StrSafe.h>
#include <WinIoCtl.h>
#include <FltUser.h>
#include <DontUse.h>
#include <suppress.h>
#include <assert.h>
#include <psapi.h>
#include <setupapi.h>

#pragma comment(lib, "setupapi.lib")

/* A program that prints what a filter has logged declares it itself. */
typedef struct _FLT_TAG_DATA_BUFFER {
    ULONG FileTag;
    USHORT TagDataLength, UnparsedNameLength;
} FLT_TAG_DATA_BUFFER, *PFLT_TAG_DATA_BUFFER;

int _cdecl main(_In_ int argc, _In_reads_(argc) char *argv[])
{
    HANDLE Device, Port;
    HRESULT Result;
    char Text[16];

    UNREFERENCED_PARAMETER(argv);
    Device = CreateFile("\\\\.\\Language", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    StringCbPrintfA(Text, sizeof(Text), "open %lu",
                    Device == INVALID_HANDLE_VALUE ? GetLastError() : 0);
    printf("%s, %d\n", Text, argc);
    __try {
        *(volatile int *)0 = 1;
    } __except (GetExceptionCode() == EXCEPTION_ACCESS_VIOLATION ? EXCEPTION_EXECUTE_HANDLER
                                                                 : EXCEPTION_CONTINUE_SEARCH) {
        printf("caught\n");
    }
    try {
        leave;
    } finally {
        printf("left %u\n", (unsigned)sizeof(FLT_TAG_DATA_BUFFER));
    }
    Result = FilterConnectCommunicationPort(L"\\NoSuchPort", 0, NULL, 0, NULL, &Port);
    printf("%08lx\n", Result);
    return 0;
}
