/* given-client.c - sends each of the requests once, and has begun the process that they name (given.c). */
#include <windows.h>
#include <string.h>
#include "given.h"

static void
PutNumber(BYTE *Input, const CASE *This, ULONG64 Number)
{
    if (This->At != NOWHERE) {
        memcpy(Input + This->At, &Number, This->Width);
    }
}

static ULONG64
NumberOf(const CASE *This, ULONG64 Victim)
{
    if (This->Kind == VIEW || This->Kind == OTHER_VIEW) { /* a driver rounds it down */
        return This->Number + (This->Flags & 2 ? 0xFFFF : 0) +
               (This->Other && This->Access == 0x1000 ? 0x10000 : 0);
    }
    return This->Kind < OPENED ? This->Number : This->Other ? Victim : GetCurrentProcessId();
}

static void
PutName(BYTE *Input, const CASE *This)
{
    unsigned Size = This->Other ? 2 : 1;

    for (unsigned i = 0; i < This->Width; i++) {
        memset(Input + This->At + i * Size, 0, Size);
        Input[This->At + i * Size] = (BYTE)(i == 0 ? '\\' : 'a' + (This->Number + i) % 20);
    }
}

int
main(int Count, char **Words)
{
    static BYTE Input[MOST + 200];
    HANDLE Device;
    STARTUPINFOA Start = {sizeof(Start)};
    PROCESS_INFORMATION Made;
    char Line[300];
    ULONG64 Victim;
    DWORD Length;

    if (Count > 1) {
        Sleep(INFINITE);
    }
    Device = CreateFileA("\\\\.\\JudgedGiven", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                         0, NULL);
    GetModuleFileNameA(NULL, Line, sizeof(Line) - 10);
    strcat(Line, " victim");
    if (!CreateProcessA(NULL, Line, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL, &Start,
                        &Made)) {
        return 2;
    }
    Victim = Made.dwProcessId;
    DeviceIoControl(Device, 0x22 << 16 | (0x800 + WHO) << 2, &Victim, sizeof(Victim), NULL, 0,
                    &Length, NULL);
    MakeUp();
    for (DWORD i = 0; i < REQUESTS; i++) {
        const CASE *This = &Case[i];

        memset(Input, i % 3 == 0 ? 0 : 0x22, sizeof(Input));
        if (This->Kind >= FILE_OPEN_NAMED) {
            PutName(Input, This);
        } else {
            PutNumber(Input, This, NumberOf(This, Victim));
        }
        DeviceIoControl(Device, 0x22 << 16 | (0x800 + i) << 2, Input, This->Bytes, NULL, 0, &Length,
                        NULL);
    }
    TerminateProcess(Made.hProcess, 0);
    CloseHandle(Device);
    return Device == INVALID_HANDLE_VALUE;
}
