/* kept-client.c - writes once for each request, at its place (kept.c). */
#include <windows.h>
#include "kept.h"

int
main(void)
{
    HANDLE File =
        CreateFileA(FILE_NAME, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    DWORD Length;

    for (LONG i = 0; i < REQUESTS; i++) {
        SetFilePointer(File, i, NULL, FILE_BEGIN);
        WriteFile(File, "x", 1, &Length, NULL);
    }
    CloseHandle(File);
    return File == INVALID_HANDLE_VALUE;
}
