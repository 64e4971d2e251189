/*
 * files.c - what files cost: one line `name nanoseconds` each, median of several rounds. The same program runs under Wine.
 *
 *     files.exe TIMES             in C:\bench
 */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 9
#include "rounds.h"

#define ENTRIES 10000

static HANDLE File;
static char Page[4096];

static HANDLE
Open(const char *Name, DWORD Disposition)
{
    HANDLE Handle = CreateFileA(Name, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, NULL,
                                Disposition, 0, NULL);

    if (Handle == INVALID_HANDLE_VALUE) {
        printf("error %lu\n", GetLastError());
        exit(2);
    }
    return Handle;
}

static void
CreateClose(void)
{
    CloseHandle(Open("C:\\bench\\file", OPEN_ALWAYS));
}

static void
Read4k(void)
{
    DWORD Bytes;

    SetFilePointer(File, 0, NULL, FILE_BEGIN);
    ReadFile(File, Page, sizeof(Page), &Bytes, NULL);
}

static void
Write4k(void)
{
    DWORD Bytes;

    SetFilePointer(File, 0, NULL, FILE_BEGIN);
    WriteFile(File, Page, sizeof(Page), &Bytes, NULL);
}

/* All of a directory of 10,000 files, as FindNextFile asks for them. */
static void
List(void)
{
    WIN32_FIND_DATAA Data;
    HANDLE Find = FindFirstFileA("C:\\bench\\many\\*", &Data);
    int Count = 1;

    while (FindNextFileA(Find, &Data)) {
        Count++;
    }
    FindClose(Find);
    if (Count < ENTRIES) {
        printf("error %d\n", Count);
        exit(2);
    }
}

static void
MakeMany(void)
{
    char Name[60];

    CreateDirectoryA("C:\\bench\\many", NULL);
    for (int i = 0; i < ENTRIES; i++) {
        sprintf(Name, "C:\\bench\\many\\%d.txt", i);
        CloseHandle(Open(Name, OPEN_ALWAYS));
    }
}

int
main(int Count, char **Words)
{
    int Times = Count > 1 ? atoi(Words[1]) : 1000;
    DWORD Bytes;

    CreateDirectoryA("C:\\bench", NULL);
    Measure("file-create-close", CreateClose, Times);
    File = Open("C:\\bench\\file", OPEN_ALWAYS);
    WriteFile(File, Page, sizeof(Page), &Bytes, NULL);
    Measure("file-read-4k", Read4k, Times);
    Measure("file-write-4k", Write4k, Times);
    CloseHandle(File);
    MakeMany();
    Measure("file-list-10000", List, 1);
    return 0;
}
