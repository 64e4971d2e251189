/*
 * win.h - the Win32 side of the clients of this folder: paths below C:\fs-test, errors, renaming, control codes.
 */
#ifndef WIN_H
#define WIN_H

#include "fs.h"
#include <string.h>

static inline NTSTATUS
Control(HANDLE File, ULONG Code, PVOID In, ULONG InLength, PVOID Out, ULONG OutLength)
{
    return NtFsControlFile(File, NULL, NULL, NULL, &Iosb, Code, In, InLength, Out, OutLength);
}

static inline const char *
Path(const char *Name)
{
    static char Paths[4][700];
    static int Next;
    char *Buffer = Paths[Next++ & 3];

    snprintf(Buffer, sizeof(Paths[0]), "C:\\fs-test\\%s", Name);
    return Buffer;
}

static inline HANDLE
Win(const char *Name, DWORD Access, DWORD Share, DWORD Disposition, DWORD Flags)
{
    return CreateFileA(Path(Name), Access, Share, NULL, Disposition, Flags, NULL);
}

/* Was it refused, and with this error? */
static inline BOOL
Fails(HANDLE File, DWORD Error)
{
    DWORD Got = GetLastError();

    if (File != INVALID_HANDLE_VALUE) {
        CloseHandle(File);
        return FALSE;
    }
    if (Got != Error) {
        printf("ntlab-test: note error %lu, not %lu\n", Got, Error);
    }
    return Got == Error;
}

static inline BOOL
Refused(BOOL Good, DWORD Error)
{
    DWORD Got = GetLastError();

    if (!Good && Got != Error) {
        printf("ntlab-test: note error %lu, not %lu\n", Got, Error);
    }
    return !Good && Got == Error;
}

static inline NTSTATUS
RenameTo(HANDLE File, HANDLE Root, PCWSTR Name, ULONG Flags, ULONG Class)
{
    struct {
        ULONG Flags;
        HANDLE Root;
        ULONG Length;
        WCHAR Name[300];
    } Info = {Flags, Root, (ULONG)(wcslen(Name) * sizeof(WCHAR))};

    wcscpy(Info.Name, Name);
    return NtSetInformationFile(
        File, &Iosb, &Info, (ULONG)(FIELD_OFFSET(FILE_RENAME_INFO, FileName) + Info.Length), Class);
}

static inline NTSTATUS
Dispose(HANDLE File, ULONG Flags)
{
    return NtSetInformationFile(File, &Iosb, &Flags, sizeof(Flags), 64);
}

static inline BOOL
Found(const char *Name, WIN32_FIND_DATAA *Data)
{
    WIN32_FIND_DATAA Own;
    HANDLE Find = FindFirstFileA(Path(Name), Data == NULL ? &Own : Data);

    if (Find == INVALID_HANDLE_VALUE) {
        return FALSE;
    }
    FindClose(Find);
    return TRUE;
}

#endif
