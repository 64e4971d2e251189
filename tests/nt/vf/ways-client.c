/* ways-client.c - sends each of the requests once (ways.c). */
#include <windows.h>
#include <string.h>
#include "ways.h"

static BYTE *Region;

static void
Send(HANDLE Device, DWORD Number)
{
    static const DWORD Methods[CARRIERS] = {
        3 /* METHOD_NEITHER */, 0, 0, 0 /* METHOD_BUFFERED */, 2 /* METHOD_OUT_DIRECT */, 3};
    const CASE *This = &Case[Number];
    DWORD Code = 0x22 << 16 | (0x800 + Number) << 2 | Methods[This->Carrier], Length;
    BYTE *First = Region + This->Start[0], *Second = Region + This->Start[1];
    BYTE *Words = Region + 0x1000 * PAGE_OF_WORDS;

    memset(Region + 0x1000, 0x22, 0x6000);
    memset(Region + 0x1000 * (PAGE_RO - 1), 0x22, 0x1000);
    memset(Words, 0, 0x1000);
    memcpy(Words + 8 * This->Word, &First, 8);
    if (This->Other != NO_WORD) {
        First -= 8;
        memcpy(Words + 8 * This->Other, &First, 8);
        First += 8;
    }
    switch (This->Carrier) {
    case TYPE3:
        DeviceIoControl(Device, Code, First, This->Bytes[0], Second, This->Bytes[1], &Length, NULL);
        break;
    case READ:
        ReadFile(Device, First, This->Bytes[0], &Length, NULL);
        break;
    case WRITE:
        WriteFile(Device, First, This->Bytes[0], &Length, NULL);
        break;
    default:
        DeviceIoControl(Device, Code, Words, This->Input, NULL, 0, &Length, NULL);
    }
}

int
main(int argc, char **argv)
{
    HANDLE Device = CreateFileA("\\\\.\\JudgedWays", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                                OPEN_EXISTING, 0, NULL);
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Child;
    ULONG64 Told[2];
    DWORD Length, Old;

    MakeUp();
    Region = VirtualAlloc(NULL, 0x1000 * PAGES, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (!CreateProcessA(NULL, argv[0], NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL, &Startup,
                        &Child)) {
        return 2;
    }
    Told[0] = (ULONG64)Region;
    Told[1] = Child.dwProcessId;
    DeviceIoControl(Device, 0x22 << 16 | (0x800 + REQUESTS) << 2, Told, sizeof(Told), NULL, 0,
                    &Length, NULL);
    VirtualProtect(Region + 0x1000 * PAGE_RO, 0x1000, PAGE_READONLY, &Old);
    VirtualProtect(Region + 0x1000 * PAGE_NONE, 0x1000, PAGE_NOACCESS, &Old);
    for (DWORD i = 0; i < REQUESTS; i++) {
        Send(Device, i);
    }
    TerminateProcess(Child.hProcess, 0);
    CloseHandle(Device);
    return Device == INVALID_HANDLE_VALUE;
}
