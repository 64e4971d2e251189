/* scan-client.c - writes two files and opens them again; one has what scan.sys looks for. */
#include <windows.h>
#include <stdio.h>

static void
Write(const char *Name, const char *Text)
{
    DWORD Done;
    HANDLE File = CreateFileA(Name, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);

    WriteFile(File, Text, (DWORD)strlen(Text), &Done, NULL);
    CloseHandle(File);
}

static void
Read(const char *Name)
{
    HANDLE File = CreateFileA(Name, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    DWORD Error = File == INVALID_HANDLE_VALUE ? GetLastError() : 0;

    printf("%s: %lu\n", Name, Error);
    if (File != INVALID_HANDLE_VALUE) {
        CloseHandle(File);
    }
}

int
main(void)
{
    Write("C:\\good.txt", "nothing in here");
    Write("C:\\bad.txt", "this one is infected, is it not");
    Read("C:\\good.txt");
    Read("C:\\bad.txt");
    Read("C:\\good.txt");
    printf("deleted %d %d\n", DeleteFileA("C:\\good.txt"), GetLastError() == 0);
    return 0;
}
