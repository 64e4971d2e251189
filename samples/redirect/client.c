/*
 * client.c - what a program sees of redirect, with it and without it: plain text in C:\isolated while the filter is loaded,
 * swapped nibbles when it is not; one file through ReadFile, WriteFile and a mapped view; and when the filter may go.
 *
 *     ntlab run redirect.sys -- redirect.exe
 */
#include <windows.h>
#include <fltuser.h>
#include <stdio.h>
#include <string.h>

static int Failed;

static void
Check(BOOL Good, const char *What)
{
    printf("%s%s\n", Good ? "" : "NOT SO: ", What);
    Failed += !Good;
}

static HANDLE
Open(PCSTR Name, DWORD Disposition, DWORD Flags)
{
    return CreateFileA(Name, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                       Disposition, Flags, NULL);
}

static BOOL
Write(HANDLE File, LONG Offset, const void *Data, DWORD Length)
{
    DWORD Done;

    SetFilePointer(File, Offset, NULL, FILE_BEGIN);
    return WriteFile(File, Data, Length, &Done, NULL) && Done == Length;
}

static BOOL
Holds(HANDLE File, LONG Offset, const void *Data, DWORD Length)
{
    static char Text[4096];
    DWORD Done;

    SetFilePointer(File, Offset, NULL, FILE_BEGIN);
    return ReadFile(File, Text, Length, &Done, NULL) && Done == Length &&
           memcmp(Text, Data, Length) == 0;
}

static BOOL
FileHolds(PCSTR Name, LONG Offset, const void *Data, DWORD Length)
{
    HANDLE File = Open(Name, OPEN_EXISTING, 0);
    BOOL Good = Holds(File, Offset, Data, Length);

    CloseHandle(File);
    return Good;
}

static const char *
Swapped(const char *Text)
{
    static char To[64];
    DWORD i;

    for (i = 0; Text[i] != 0; i++) {
        To[i] = (char)((unsigned char)Text[i] << 4 | (unsigned char)Text[i] >> 4);
    }
    return To;
}

static void
EnablePrivilege(void)
{
    TOKEN_PRIVILEGES Privileges = {1, {{{0, 0}, SE_PRIVILEGE_ENABLED}}};
    HANDLE Token;

    if (OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &Token)) {
        LookupPrivilegeValueW(NULL, L"SeLoadDriverPrivilege", &Privileges.Privileges[0].Luid);
        AdjustTokenPrivileges(Token, FALSE, &Privileges, 0, NULL, NULL);
        CloseHandle(Token);
    }
}

#define NAME   "C:\\isolated\\letter.txt"
#define LETTER "Dear reader, all of this is swapped."

static void
Views(void)
{
    HANDLE File = Open(NAME, CREATE_ALWAYS, 0), Second, Section;
    char *View;

    Check(Write(File, 0, LETTER, sizeof(LETTER) - 1), "a file is written");
    Check(Holds(File, 0, LETTER, sizeof(LETTER) - 1), "and read as it was written");
    Second = Open(NAME, OPEN_EXISTING, 0);
    Check(Holds(Second, 5, "reader", 6), "by another handle, too");
    Section = CreateFileMappingA(File, NULL, PAGE_READWRITE, 0, 0, NULL);
    View = MapViewOfFile(Section, FILE_MAP_WRITE, 0, 0, 0);
    Check(memcmp(View, LETTER, sizeof(LETTER) - 1) == 0, "a mapped view shows the same");
    memcpy(View, "Poor", 4);
    Check(Holds(Second, 0, "Poor reader", 11), "what the view gets, ReadFile sees");
    Write(Second, 5, "writer", 6);
    Check(memcmp(View, "Poor writer", 11) == 0, "and what WriteFile writes, the view shows");
    CloseHandle(Section);
    CloseHandle(Second);
    CloseHandle(File);

    /* The handles are gone, the view is not. */
    Check(FilterUnload(L"redirect") == ERROR_FLT_DO_NOT_DETACH,
          "the filter stays while a view is mapped");
    memcpy(View, "Dear", 4); /* it leaves through a file object without a handle */
    File = CreateFileA(NAME, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    Check(File != INVALID_HANDLE_VALUE,
          "nobody shares the file any more: its handles are cleaned up");
    CloseHandle(File);
    UnmapViewOfFile(View);
}

static void
Uncached(void)
{
    HANDLE File = Open("C:\\isolated\\direct", CREATE_ALWAYS, FILE_FLAG_NO_BUFFERING), Cached;
    char *Block = VirtualAlloc(NULL, 4096, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);

    memset(Block, 'u', 4096);
    Check(Write(File, 0, Block, 4096), "a non-cached write");
    Cached = Open("C:\\isolated\\direct", OPEN_EXISTING, 0);
    Check(Holds(Cached, 4000, "uuuu", 4), "is seen by a cached read");
    Check(Write(Cached, 0, "cached", 6) && Holds(File, 0, memcpy(Block, "cached", 6), 512),
          "a cached write by a non-cached read");
    SetFilePointer(Cached, 100000, NULL, FILE_BEGIN);
    SetEndOfFile(Cached);
    Check(Holds(Cached, 90000, "\0\0\0\0", 4), "what was never written reads as zeros");
    CloseHandle(Cached);
    CloseHandle(File);
    Check(FileHolds("C:\\isolated\\direct", 90000, "\0\0\0\0", 4), "the next time, too");
}

static void
Border(void)
{
    Check(!MoveFileExA(NAME, "C:\\outside.txt", 0) && GetLastError() == ERROR_NOT_SAME_DEVICE,
          "a name does not cross the folder's border");
    Check(!CreateHardLinkA("C:\\outside.txt", NAME, NULL) &&
              GetLastError() == ERROR_NOT_SAME_DEVICE,
          "nor does a link");
    Check(MoveFileExA(NAME, "C:\\isolated\\moved.txt", 0) &&
              MoveFileExA("C:\\isolated\\moved.txt", NAME, 0),
          "within it, it does");
    Check(CopyFileA(NAME, "C:\\outside.txt", FALSE) &&
              FileHolds("C:\\outside.txt", 0, "Dear writer", 11),
          "a copy outside is a copy of what a program sees");
}

int
main(void)
{
    EnablePrivilege();
    CreateDirectoryA("C:\\isolated", NULL);
    Views();
    Uncached();
    Border();
    Check(FilterUnload(L"redirect") == S_OK, "with all files closed the filter goes");
    Check(FileHolds(NAME, 0, Swapped("Dear writer"), 11), "without it the nibbles are swapped");
    Check(FileHolds("C:\\outside.txt", 0, "Dear writer", 11), "outside of the folder they are not");
    Check(FilterLoad(L"redirect") == S_OK && FileHolds(NAME, 0, "Dear writer", 11),
          "loaded again, it shows them as they were written");
    return Failed;
}
