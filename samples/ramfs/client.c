/*
 * client.c - two processes on one volume: the first, of a user without rights, writes a file of its own; the second only
 * opens another one.
 *
 *     ramfs.exe write     creates C:\mine.txt and writes to it
 *     ramfs.exe open      opens C:\other.txt
 */
#include <windows.h>
#include <stdio.h>
#include <string.h>

int
main(int Count, char **Arguments)
{
    BOOL Write = Count == 2 && strcmp(Arguments[1], "write") == 0;
    DWORD Written;
    HANDLE File;

    if (Count != 2 || (!Write && strcmp(Arguments[1], "open") != 0)) {
        printf("ramfs.exe write|open\n");
        return 2;
    }
    File = CreateFileA(Write ? "C:\\mine.txt" : "C:\\other.txt", GENERIC_READ | GENERIC_WRITE,
                       FILE_SHARE_READ, NULL, OPEN_ALWAYS, 0, NULL);
    if (File == INVALID_HANDLE_VALUE) {
        printf("CreateFile: %lu\n", GetLastError());
        return 1;
    }
    if (Write && !WriteFile(File, "a few bytes", 11, &Written, NULL)) {
        printf("WriteFile: %lu\n", GetLastError());
        return 1;
    }
    CloseHandle(File);
    return 0;
}
