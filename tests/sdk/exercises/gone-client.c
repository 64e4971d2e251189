/*
 * gone-client.c - deletes files and streams in the ways that there are.
 */
#include <windows.h>
#include <stdio.h>

static HANDLE
Make(const char *Name, DWORD Flags)
{
    return CreateFileA(Name, GENERIC_READ | GENERIC_WRITE | DELETE,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_ALWAYS,
                       Flags, NULL);
}

int
main(void)
{
    FILE_DISPOSITION_INFO Delete = {TRUE};
    HANDLE First, Second;

    CloseHandle(Make("C:\\closed.txt", FILE_FLAG_DELETE_ON_CLOSE));
    First = Make("C:\\marked.txt", 0);
    Second = Make("C:\\marked.txt", 0);
    SetFileInformationByHandle(First, FileDispositionInfo, &Delete, sizeof(Delete));
    CloseHandle(First); /* the other handle keeps it */
    CloseHandle(Second);
    CloseHandle(Make("C:\\stays.txt", 0));
    CloseHandle(Make("C:\\stays.txt:more", 0));
    DeleteFileA("C:\\stays.txt:more");
    CreateDirectoryA("C:\\folder", NULL);
    RemoveDirectoryA("C:\\folder");
    First = Make("C:\\undone.txt", 0);
    SetFileInformationByHandle(First, FileDispositionInfo, &Delete, sizeof(Delete));
    Delete.DeleteFile = FALSE;
    SetFileInformationByHandle(First, FileDispositionInfo, &Delete, sizeof(Delete));
    CloseHandle(First);
    printf("there %d %d\n", GetFileAttributesA("C:\\stays.txt") != INVALID_FILE_ATTRIBUTES,
           GetFileAttributesA("C:\\undone.txt") != INVALID_FILE_ATTRIBUTES);
    return 0;
}
