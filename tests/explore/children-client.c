/* children-client.c - starts itself one time after the other, and when each has said what it should, waits for nobody. */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>

#define CHILDREN 5

int
main(int argc, char **argv)
{
    char path[MAX_PATH], command[MAX_PATH + 16];

    if (argc > 1) {
        return 40 + atoi(argv[1]);
    }
    GetModuleFileNameA(NULL, path, sizeof(path));
    for (int i = 0; i < CHILDREN; i++) {
        STARTUPINFOA startup = {.cb = sizeof(startup)};
        PROCESS_INFORMATION child;
        DWORD code = 0;

        snprintf(command, sizeof(command), "\"%s\" %d", path, i);
        if (!CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &child)) {
            return 2;
        }
        WaitForSingleObject(child.hProcess, INFINITE);
        GetExitCodeProcess(child.hProcess, &code);
        if (code != 40u + (DWORD)i) {
            return 3;
        }
        CloseHandle(child.hThread);
        CloseHandle(child.hProcess);
    }
    WaitForSingleObject(CreateEventA(NULL, TRUE, FALSE, NULL), INFINITE);
    return 0;
}
