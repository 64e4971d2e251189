/*
 * dir.c - files and folders by name: removing, renaming, making, listing, the current one.
 *
 * The wide functions do the work; the narrow ones go through the ANSI code page.
 */
#include "crt.h"

int
_wunlink(const wchar_t *Path)
{
    return DeleteFileW(Path) ? 0 : CrtFailLastError();
}

int
_wrename(const wchar_t *Old, const wchar_t *New)
{
    return MoveFileExW(Old, New, MOVEFILE_COPY_ALLOWED) ? 0 : CrtFailLastError();
}

int
_wmkdir(const wchar_t *Path)
{
    return CreateDirectoryW(Path, NULL) ? 0 : CrtFailLastError();
}

int
_wrmdir(const wchar_t *Path)
{
    return RemoveDirectoryW(Path) ? 0 : CrtFailLastError();
}

int
_wchdir(const wchar_t *Path)
{
    return SetCurrentDirectoryW(Path) ? 0 : CrtFailLastError();
}

#define NARROW(name, call)                                                                         \
    int name                                                                                       \
    {                                                                                              \
        wchar_t *Wide = Path != NULL ? CrtWide(Path) : NULL;                                       \
        int Status = Wide != NULL ? call : CrtFail(EINVAL);                                        \
                                                                                                   \
        free(Wide);                                                                                \
        return Status;                                                                             \
    }

NARROW(_unlink(const char *Path), _wunlink(Wide))
NARROW(_mkdir(const char *Path), _wmkdir(Wide))
NARROW(_rmdir(const char *Path), _wrmdir(Wide))
NARROW(_chdir(const char *Path), _wchdir(Wide))
NARROW(_access(const char *Path, int Mode), _waccess(Wide, Mode))
NARROW(_access_s(const char *Path, int Mode), _waccess_s(Wide, Mode))
NARROW(_chmod(const char *Path, int Mode), _wchmod(Wide, Mode))

int
rename(const char *Old, const char *New)
{
    wchar_t *WideOld = Old != NULL ? CrtWide(Old) : NULL;
    wchar_t *WideNew = New != NULL ? CrtWide(New) : NULL;
    int Status = CrtFail(EINVAL);

    if (WideOld != NULL && WideNew != NULL) {
        Status = _wrename(WideOld, WideNew);
    }
    free(WideOld);
    free(WideNew);
    return Status;
}

/* The caller's buffer, or one that is allocated, at least as big as asked for. */
static wchar_t *
Return(const wchar_t *Text, wchar_t *Buffer, int Size)
{
    size_t Need = wcslen(Text) + 1;

    if (Buffer == NULL) {
        if ((size_t)Size < Need) {
            Size = (int)Need;
        }
        Buffer = malloc(Size * sizeof(wchar_t));
        if (Buffer == NULL) {
            return NULL;
        }
    } else if ((size_t)Size < Need) {
        CrtFail(ERANGE);
        return NULL;
    }
    return wcscpy(Buffer, Text);
}

static char *
ReturnNarrow(const wchar_t *Text, char *Buffer, size_t Size)
{
    char *Narrow = CrtNarrow(Text);

    if (Narrow == NULL) {
        return NULL;
    }
    if (Buffer == NULL) {
        if (Size > strlen(Narrow) + 1 && (Buffer = malloc(Size)) != NULL) {
            strcpy(Buffer, Narrow);
            free(Narrow);
            return Buffer;
        }
        return Narrow;
    }
    if (Size < strlen(Narrow) + 1) {
        CrtFail(ERANGE);
        Buffer = NULL;
    } else {
        strcpy(Buffer, Narrow);
    }
    free(Narrow);
    return Buffer;
}

wchar_t *
_wgetcwd(wchar_t *Buffer, int Size)
{
    wchar_t Path[MAX_PATH];
    DWORD Length = GetCurrentDirectoryW(MAX_PATH, Path);

    if (Length == 0 || Length >= MAX_PATH) {
        CrtFailLastError();
        return NULL;
    }
    return Return(Path, Buffer, Size);
}

char *
_getcwd(char *Buffer, int Size)
{
    wchar_t Path[MAX_PATH];

    return _wgetcwd(Path, MAX_PATH) != NULL ? ReturnNarrow(Path, Buffer, (size_t)Size) : NULL;
}

wchar_t *
_wfullpath(wchar_t *Buffer, const wchar_t *Path, size_t Size)
{
    wchar_t Full[MAX_PATH * 2];
    DWORD Length;

    if (Path == NULL || *Path == 0) {
        return _wgetcwd(Buffer, (int)Size);
    }
    Length = GetFullPathNameW(Path, ARRAYSIZE(Full), Full, NULL);
    if (Length == 0 || Length >= ARRAYSIZE(Full)) {
        CrtFailLastError();
        return NULL;
    }
    return Return(Full, Buffer, (int)Size);
}

char *
_fullpath(char *Buffer, const char *Path, size_t Size)
{
    wchar_t *Wide = Path != NULL ? CrtWide(Path) : NULL;
    wchar_t *Full = _wfullpath(NULL, Wide, MAX_PATH);
    char *Result = Full != NULL ? ReturnNarrow(Full, Buffer, Size) : NULL;

    free(Wide);
    free(Full);
    return Result;
}

int
_getdrive(void)
{
    wchar_t Path[MAX_PATH];
    DWORD Length = GetCurrentDirectoryW(MAX_PATH, Path);

    return Length != 0 && Length < MAX_PATH && Path[1] == ':' ? towupper(Path[0]) - 'A' + 1 : 0;
}

int
_chdrive(int Drive)
{
    wchar_t Path[4] = {(wchar_t)('A' + Drive - 1), ':', 0, 0};

    if (Drive < 1 || Drive > 26) {
        return CrtFail(EACCES);
    }
    return SetCurrentDirectoryW(Path) ? 0 : CrtFailLastError();
}

unsigned long
_getdrives(void)
{
    return GetLogicalDrives();
}

/*
 * The _find families. One structure for each combination of width, size of times and of the size;
 * all are filled from WIN32_FIND_DATAW.
 */
#define FILL(to)                                                                                   \
    do {                                                                                           \
        (to)->attrib =                                                                             \
            Data->dwFileAttributes == FILE_ATTRIBUTE_NORMAL ? 0 : Data->dwFileAttributes;          \
        (to)->time_create = CrtFileTimeToTime(&Data->ftCreationTime);                              \
        (to)->time_access = CrtFileTimeToTime(&Data->ftLastAccessTime);                            \
        (to)->time_write = CrtFileTimeToTime(&Data->ftLastWriteTime);                              \
        (to)->size = (__int64)Data->nFileSizeHigh << 32 | Data->nFileSizeLow;                      \
    } while (0)

static intptr_t
FindFirst(const wchar_t *Pattern, WIN32_FIND_DATAW *Data)
{
    HANDLE Search = Pattern != NULL ? FindFirstFileW(Pattern, Data) : INVALID_HANDLE_VALUE;

    if (Search == INVALID_HANDLE_VALUE) {
        return CrtFailLastError();
    }
    return (intptr_t)Search;
}

static int
FindNext(intptr_t Search, WIN32_FIND_DATAW *Data)
{
    return FindNextFileW((HANDLE)Search, Data) ? 0 : CrtFailLastError();
}

#define WIDE_FAMILY(suffix, type)                                                                  \
    static void Fill##suffix(const WIN32_FIND_DATAW *Data, struct type *Found)                     \
    {                                                                                              \
        FILL(Found);                                                                               \
        wcscpy_s(Found->name, ARRAYSIZE(Found->name), Data->cFileName);                            \
    }                                                                                              \
    intptr_t CrtWfindfirst##suffix(const wchar_t *Pattern, struct type *Found)                     \
    {                                                                                              \
        WIN32_FIND_DATAW Data;                                                                     \
        intptr_t Search = FindFirst(Pattern, &Data);                                               \
        if (Search != -1) {                                                                        \
            Fill##suffix(&Data, Found);                                                            \
        }                                                                                          \
        return Search;                                                                             \
    }                                                                                              \
    int CrtWfindnext##suffix(intptr_t Search, struct type *Found)                                  \
    {                                                                                              \
        WIN32_FIND_DATAW Data;                                                                     \
        int Status = FindNext(Search, &Data);                                                      \
        if (Status == 0) {                                                                         \
            Fill##suffix(&Data, Found);                                                            \
        }                                                                                          \
        return Status;                                                                             \
    }

#define NARROW_FAMILY(suffix, type)                                                                \
    static void FillA##suffix(const WIN32_FIND_DATAW *Data, struct type *Found)                    \
    {                                                                                              \
        FILL(Found);                                                                               \
        ReturnNarrow(Data->cFileName, Found->name, sizeof(Found->name));                           \
    }                                                                                              \
    intptr_t CrtFindfirst##suffix(const char *Pattern, struct type *Found)                         \
    {                                                                                              \
        WIN32_FIND_DATAW Data;                                                                     \
        wchar_t *Wide = Pattern != NULL ? CrtWide(Pattern) : NULL;                                 \
        intptr_t Search = FindFirst(Wide, &Data);                                                  \
        free(Wide);                                                                                \
        if (Search != -1) {                                                                        \
            FillA##suffix(&Data, Found);                                                           \
        }                                                                                          \
        return Search;                                                                             \
    }                                                                                              \
    int CrtFindnext##suffix(intptr_t Search, struct type *Found)                                   \
    {                                                                                              \
        WIN32_FIND_DATAW Data;                                                                     \
        int Status = FindNext(Search, &Data);                                                      \
        if (Status == 0) {                                                                         \
            FillA##suffix(&Data, Found);                                                           \
        }                                                                                          \
        return Status;                                                                             \
    }

WIDE_FAMILY(64, _wfinddata64_t)
WIDE_FAMILY(64i32, _wfinddata64i32_t)
NARROW_FAMILY(64, __finddata64_t)
NARROW_FAMILY(64i32, _finddata64i32_t)

int
_findclose(intptr_t Search)
{
    return FindClose((HANDLE)Search) ? 0 : CrtFail(EINVAL);
}
