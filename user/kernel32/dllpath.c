/*
 * dllpath.c - folders of their own where a program's DLLs are looked for.
 *
 * SetDllDirectory's folder is looked through by LoadLibrary (module.c) before the system's. [LEARN: Dynamic-Link Library Search Order, SetDllDirectory]
 */
#include "user/kernel32/base.h"

BOOL WINAPI
SetDllDirectoryW(LPCWSTR Path)
{
    SIZE_T Length = Path != NULL ? wcslen(Path) : 0;

    if (Length >= MAX_PATH || (Path != NULL && wcschr(Path, L';') != NULL)) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    RtlAcquireSRWLockExclusive(&BaseLock);
    RtlCopyMemory(BaseDllFolder, Path, Length * sizeof(WCHAR));
    BaseDllFolder[Length] = 0;
    RtlReleaseSRWLockExclusive(&BaseLock);
    return TRUE;
}

ANSI_FORM(BOOL, SetDllDirectoryA, (LPCSTR Path), Path, FALSE, SetDllDirectoryW(Wide.Buffer))

DWORD WINAPI
GetDllDirectoryW(DWORD Room, LPWSTR Buffer)
{
    DWORD Length = (DWORD)wcslen(BaseDllFolder);

    if (Room <= Length) {
        if (Room != 0) {
            Buffer[0] = 0;
        }
        return Length + 1;
    }
    wcscpy(Buffer, BaseDllFolder);
    return Length;
}

DWORD WINAPI
GetDllDirectoryA(DWORD Room, LPSTR Buffer)
{
    return BaseToAnsi(BaseDllFolder, (DWORD)wcslen(BaseDllFolder), Buffer, Room);
}

/* The default folders are those that are searched anyway: the program's, System32. */
BOOL WINAPI
SetDefaultDllDirectories(DWORD Flags)
{
    if (Flags == 0 ||
        (Flags & ~(LOAD_LIBRARY_SEARCH_APPLICATION_DIR | LOAD_LIBRARY_SEARCH_USER_DIRS |
                   LOAD_LIBRARY_SEARCH_SYSTEM32 | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS)) != 0) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    return TRUE;
}

BOOL WINAPI
SetSearchPathMode(DWORD Flags)
{
    return (Flags & BASE_SEARCH_PATH_ENABLE_SAFE_SEARCHMODE) != 0 ||
                   (Flags & BASE_SEARCH_PATH_DISABLE_SAFE_SEARCHMODE) != 0
               ? TRUE
               : BaseFailWith(ERROR_INVALID_PARAMETER);
}
