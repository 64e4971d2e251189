/* attach-client.c - has attach.c's driver attach this thread to a process that never begins, and to the system's. */
#include "../ntlab-client.h"
#include <winioctl.h>

static volatile ULONG Word = 0x12345678;

int
main(int Count, char **Words)
{
    HANDLE Device = CreateFileA("\\\\.\\KeAttach", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                                OPEN_EXISTING, 0, NULL);
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Child;
    ULONG64 Input[2];
    DWORD Bytes;

    EXPECT(Device != INVALID_HANDLE_VALUE);
    EXPECT(CreateProcessA(Words[0], NULL, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL, &Startup,
                          &Child));
    Input[0] = Child.dwProcessId;
    Input[1] = (ULONG64)&Word;
    EXPECT(DeviceIoControl(Device, CTL_CODE(0x8001, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS), Input,
                           sizeof(Input), NULL, 0, &Bytes, NULL));
    EXPECT(TerminateProcess(Child.hProcess, 0));
    CloseHandle(Child.hThread);
    CloseHandle(Child.hProcess);
    CloseHandle(Device);
    return TEST_DONE();
}
