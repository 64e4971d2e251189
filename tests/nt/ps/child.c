/* child.c - starts itself once more, and a thread. */
#include "ntlab-client.h"

static DWORD WINAPI
Thread(void *Context)
{
    return 7;
}

int
main(int argc, char **argv)
{
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Child;
    char Path[MAX_PATH], Line[MAX_PATH + 16];
    DWORD Code = 0;
    HANDLE Handle;

    if (argc > 1) {
        return 42;
    }
    Handle = CreateThread(NULL, 0, Thread, NULL, 0, NULL);
    EXPECT_EQ(WaitForSingleObject(Handle, INFINITE), WAIT_OBJECT_0);
    EXPECT(GetExitCodeThread(Handle, &Code) && Code == 7);
    CloseHandle(Handle);
    GetModuleFileNameA(NULL, Path, sizeof(Path));
    sprintf(Line, "\"%s\" child", Path);
    EXPECT(CreateProcessA(NULL, Line, NULL, NULL, FALSE, 0, NULL, NULL, &Startup, &Child));
    EXPECT_EQ(WaitForSingleObject(Child.hProcess, INFINITE), WAIT_OBJECT_0);
    EXPECT(GetExitCodeProcess(Child.hProcess, &Code));
    EXPECT_EQ(Code, 42);
    CloseHandle(Child.hProcess);
    CloseHandle(Child.hThread);
    return NtlabFailed != 0;
}
