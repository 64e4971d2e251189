/* thread-client.c - starts a thread and waits for its end. */
#include <windows.h>

static DWORD WINAPI
Thread(PVOID Parameter)
{
    return 0;
}

int
main(void)
{
    HANDLE Handle = CreateThread(NULL, 0, Thread, NULL, 0, NULL);

    WaitForSingleObject(Handle, INFINITE);
    return 0;
}
