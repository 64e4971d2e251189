/* handles-client.c - sends each of the requests once, with a handle of the kind that it is about (handles.c). */
#include <windows.h>
#include "handles.h"

int
main(void)
{
    HANDLE Device = CreateFileA("\\\\.\\JudgedHandles", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                                OPEN_EXISTING, 0, NULL);
    HANDLE Mine[OBJECTS] = {CreateEventA(NULL, TRUE, FALSE, NULL),
                            CreateSemaphoreA(NULL, 1, 5, NULL),
                            OpenProcess(PROCESS_ALL_ACCESS, FALSE, GetCurrentProcessId()),
                            OpenThread(THREAD_ALL_ACCESS, FALSE, GetCurrentThreadId())};
    DWORD Length;

    MakeUp();
    for (DWORD i = 0; i < REQUESTS; i++) {
        DeviceIoControl(Device, 0x22 << 16 | (0x800 + i) << 2, &Mine[Case[i].Object],
                        sizeof(HANDLE), NULL, 0, &Length, NULL);
    }
    CloseHandle(Device);
    return Device == INVALID_HANDLE_VALUE;
}
