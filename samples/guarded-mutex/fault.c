/*
 * fault.c - touches a page of a mapped file: guarded-fault.exe nothing|irql|apcs|all-apcs [at-once]
 *
 * Exit code 0: the page was there. ERROR_NOT_SUPPORTED: this version cannot be asked that. If the fault never ends, neither
 * does this client.
 */
#include <windows.h>
#include <stdio.h>
#include <string.h>

int
main(int Count, char **Arguments)
{
    char Name[80], *Block = VirtualAlloc(NULL, 4096, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    HANDLE File, Section;
    const char *View;
    DWORD Done;

    if (Count < 2 || Block == NULL) {
        printf("guarded-fault.exe nothing|irql|apcs|all-apcs [at-once]\n");
        return 2;
    }
    snprintf(Name, sizeof(Name), "C:\\%s-%s.paged", Count > 2 ? Arguments[2] : "later",
             Arguments[1]);
    /* Written past the cache: the page has to be read. */
    memset(Block, 'p', 4096);
    File = CreateFileA(Name, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                       FILE_FLAG_NO_BUFFERING, NULL);
    if (File == INVALID_HANDLE_VALUE) {
        return GetLastError() == ERROR_NOT_SUPPORTED ? ERROR_NOT_SUPPORTED : 1;
    }
    WriteFile(File, Block, 4096, &Done, NULL);
    CloseHandle(File);
    File = CreateFileA(Name, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    Section = CreateFileMappingA(File, NULL, PAGE_READONLY, 0, 0, NULL);
    View = MapViewOfFile(Section, FILE_MAP_READ, 0, 0, 0);
    return View != NULL && View[100] == 'p' ? 0 : 1;
}
