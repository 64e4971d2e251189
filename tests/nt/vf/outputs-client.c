/* outputs-client.c - sends each of the requests once, the addresses that it has been told of among them (outputs.c). */
#include <windows.h>
#include <string.h>
#include "outputs.h"

int
main(void)
{
    static const DWORD Methods[KINDS] = {0 /* METHOD_BUFFERED */, 2 /* METHOD_OUT_DIRECT */, 0,
                                         3 /* METHOD_NEITHER */, 3};
    HANDLE Device = CreateFileA("\\\\.\\JudgedOutputs", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                                OPEN_EXISTING, 0, NULL);
    ULONG64 Known = 0;
    DWORD Length;

    MakeUp();
    for (DWORD i = 0; i < REQUESTS; i++) {
        BYTE Input[MOST], Output[MOST] = {0};

        memset(Input, 0x22, sizeof(Input));
        if (Case[i].Sent != NOWHERE) {
            memcpy(Input + Case[i].Sent, &Known, sizeof(Known));
        }
        if (Case[i].Kind == READS) {
            ReadFile(Device, Output, Case[i].Output, &Length, NULL);
        } else {
            DeviceIoControl(Device, 0x22 << 16 | (0x800 + i) << 2 | Methods[Case[i].Kind], Input,
                            Case[i].Input, Output, Case[i].Output, &Length, NULL);
        }
        if (i == 0) {
            memcpy(&Known, Output, sizeof(Known));
        }
    }
    CloseHandle(Device);
    return Device == INVALID_HANDLE_VALUE;
}
