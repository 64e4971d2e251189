/*
 * files.c - the life of a file, as a filter sees it; the filter is attached, if it does not do so itself.
 */
#include "check.h"
#include <stdio.h>
#include <string.h>

/* A routine of fltlib.dll, which is loaded for a filter only: the filter manager comes with it. */
static PVOID
FilterRoutine(const char *Name)
{
    HMODULE Module = LoadLibraryA("fltlib.dll");

    return Module != NULL ? (PVOID)GetProcAddress(Module, Name) : NULL;
}

/* 0: it is attached to C: now, by us; with Undo: it is not any more. */
static HRESULT
Attach(const char *Service, BOOLEAN Undo)
{
    HRESULT(WINAPI * FilterAttach)
    (PCWSTR, PCWSTR, PCWSTR, DWORD, PWSTR) = FilterRoutine("FilterAttach");
    HRESULT(WINAPI * FilterDetach)(PCWSTR, PCWSTR, PCWSTR) = FilterRoutine("FilterDetach");
    UNICODE_STRING Text;
    WCHAR Name[100];

    if (FilterAttach == NULL || FilterDetach == NULL) {
        return -1;
    }
    MakeUnicode(Service, &Text, Name, 100);
    return Undo ? FilterDetach(Name, L"C:\\", NULL) : FilterAttach(Name, L"C:\\", NULL, 0, NULL);
}

int
TryAttach(const char *Service)
{
    HRESULT(WINAPI * FindFirst)
    (PCWSTR, ULONG, PVOID, DWORD, PDWORD, PHANDLE) = FilterRoutine("FilterInstanceFindFirst");
    UCHAR Buffer[1024];
    UNICODE_STRING Text;
    WCHAR Name[100];
    DWORD Bytes;
    HANDLE Find;

    MakeUnicode(Service, &Text, Name, 100);
    if (FindFirst == NULL || FindFirst(Name, 0, Buffer, sizeof(Buffer), &Bytes, &Find) == 0) {
        puts("attach 1 0"); /* it is already */
        return 0;
    }
    printf("attach 0 %lx\n", (ULONG)Attach(Service, FALSE));
    return 0;
}

NTSTATUS NTAPI NtQueryDirectoryFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, PVOID,
                                    ULONG, FILE_INFORMATION_CLASS, BOOLEAN, PUNICODE_STRING,
                                    BOOLEAN);

/* A directory is asked in all ways that programs use. */
static void
Listings(const char *Directory)
{
    static const ULONG Classes[] = {1,  2,  3,
                                    12, 37, 38}; /* directory, full, both, names, with ids */
    IO_STATUS_BLOCK Block;
    HANDLE Handle =
        CreateFileA(Directory, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);

    if (Handle == INVALID_HANDLE_VALUE) {
        return;
    }
    for (ULONG i = 0; i < sizeof(Classes) / sizeof(Classes[0]); i++) {
        NtQueryDirectoryFile(Handle, NULL, NULL, NULL, &Block, Output, 600,
                             (FILE_INFORMATION_CLASS)Classes[i], FALSE, NULL, TRUE);
    }
    CloseHandle(Handle);
}

/* A file whose name is in the driver: by itself, and in a listing of the directory. */
static void
Known(const char *Directory, const char *Name)
{
    WIN32_FIND_DATAA Found;
    HANDLE File, Search;
    char Path[300];
    DWORD Bytes;

    snprintf(Path, sizeof(Path), "%s\\%s", Directory, Name);
    File = CreateFileA(Path, GENERIC_READ | GENERIC_WRITE,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_ALWAYS,
                       FILE_ATTRIBUTE_NORMAL, NULL);
    if (File != INVALID_HANDLE_VALUE) {
        WriteFile(File, Input, 100, &Bytes, NULL);
        WriteFile(File, Input, 0, &Bytes, NULL);
        SetFilePointer(File, 0, NULL, FILE_BEGIN);
        ReadFile(File, Output, 200, &Bytes, NULL);
        CloseHandle(File);
    }
    snprintf(Path, sizeof(Path), "%s\\*", Directory);
    Search = FindFirstFileA(Path, &Found);
    while (Search != INVALID_HANDLE_VALUE && FindNextFileA(Search, &Found)) {
    }
    if (Search != INVALID_HANDLE_VALUE) {
        FindClose(Search);
    }
    Listings(Directory);
    Search = FindFirstFileA(snprintf(Path, sizeof(Path), "%s\\%s", Directory, Name) > 0 ? Path : "",
                            &Found);
    if (Search != INVALID_HANDLE_VALUE) {
        FindClose(Search);
    }
    DeleteFileA(Path);
}

/* files DIRECTORY NAME SERVICE|- keep|detach KNOWN... */
int
Files(int argc, char **argv)
{
    const char *Directory = argv[2], *Name = argv[3];
    const char *Service = argc > 4 && strcmp(argv[4], "-") != 0 ? argv[4] : NULL;
    HRESULT Attached = Service != NULL ? Attach(Service, FALSE) : -1;
    char Path[300], Other[300];
    WIN32_FIND_DATAA Found;
    HANDLE File, Mapping, Search;
    DWORD Bytes;
    PVOID View;

    CreateDirectoryA(Directory, NULL);
    snprintf(Path, sizeof(Path), "%s\\%s", Directory, Name);
    snprintf(Other, sizeof(Other), "%s\\%s.renamed", Directory, Name);
    File = CreateFileA(Path, GENERIC_READ | GENERIC_WRITE,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, CREATE_ALWAYS,
                       FILE_ATTRIBUTE_NORMAL, NULL);
    if (File != INVALID_HANDLE_VALUE) {
        WriteFile(File, Input, 6000, &Bytes, NULL);
        SetFilePointer(File, 100, NULL, FILE_BEGIN);
        ReadFile(File, Output, 4096, &Bytes, NULL);
        Mapping = CreateFileMappingA(File, NULL, PAGE_READWRITE, 0, 8192, NULL);
        if (Mapping != NULL) {
            View = MapViewOfFile(Mapping, FILE_MAP_WRITE, 0, 0, 0);
            if (View != NULL) {
                memset((UCHAR *)View + 5000, 'x', 100);
                UnmapViewOfFile(View);
            }
            CloseHandle(Mapping);
        }
        FlushFileBuffers(File);
        SetFilePointer(File, 100, NULL, FILE_BEGIN);
        SetEndOfFile(File);
        Everything(File);
        CloseHandle(File);
    }
    for (int i = 6; i < argc; i++) {
        Known(Directory, argv[i]);
    }
    Search = FindFirstFileA(Directory, &Found);
    if (Search != INVALID_HANDLE_VALUE) {
        FindNextFileA(Search, &Found);
        FindClose(Search);
    }
    GetFileAttributesA(Path);
    SetFileAttributesA(Path, FILE_ATTRIBUTE_ARCHIVE);
    MoveFileA(Path, Other);
    DeleteFileA(Other);
    DeleteFileA(Path);
    CreateFileA(Path, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0,
                NULL); /* that is not there any more */
    RemoveDirectoryA(Directory);
    if (Attached == 0 && argc > 5 && strcmp(argv[5], "detach") == 0) {
        Attach(Service, TRUE);
    }
    return 0;
}
