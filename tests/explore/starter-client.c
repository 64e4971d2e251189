/* starter-client.c - "starter PROGRAM" starts it and ends as it ended; without one it ends with 7. */
#include <windows.h>

int
main(int argc, char **argv)
{
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION child;
    DWORD code = 0;

    if (argc == 1) {
        return 7;
    }
    if (!CreateProcessA(NULL, argv[1], NULL, NULL, FALSE, 0, NULL, NULL, &startup, &child)) {
        return 2;
    }
    WaitForSingleObject(child.hProcess, INFINITE);
    GetExitCodeProcess(child.hProcess, &code);
    return (int)code;
}
