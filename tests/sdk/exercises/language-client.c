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
    Result = FilterConnectCommunicationPort(L"\\NoSuchPort", 0, NULL, 0, NULL, &Port);
    printf("%08lx\n", Result);
    return 0;
}
