/*
 * stat.c - what is known of a file: the _stat and _fstat families, access, chmod, utime.
 *
 * The work is done in the 64-bit form; the others copy it and fail with EOVERFLOW's older name,
 * EINVAL, when the size does not fit. Times are UTC. st_ino and the ids are 0 (documented as
 * meaningless).
 */
#include "crt.h"
#include "crtdata.h"

static int
HasExecutableName(const wchar_t *Path)
{
    const wchar_t *Dot = wcsrchr(Path, '.');

    return Dot != NULL && (_wcsicmp(Dot, L".exe") == 0 || _wcsicmp(Dot, L".com") == 0 ||
                           _wcsicmp(Dot, L".bat") == 0 || _wcsicmp(Dot, L".cmd") == 0);
}

static unsigned short
ModeOf(DWORD Attributes, const wchar_t *Path)
{
    unsigned short Mode = _S_IREAD;

    if ((Attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
        Mode |= _S_IFDIR | _S_IEXEC;
    } else {
        Mode |= _S_IFREG;
        if (Path != NULL && HasExecutableName(Path)) {
            Mode |= _S_IEXEC;
        }
    }
    if ((Attributes & FILE_ATTRIBUTE_READONLY) == 0) {
        Mode |= _S_IWRITE;
    }
    return Mode | (Mode & 0700) >> 3 | (Mode & 0700) >> 6;
}

int
_wstat64(const wchar_t *Path, struct _stat64 *Stat)
{
    WIN32_FILE_ATTRIBUTE_DATA Data;

    if (Path == NULL || Stat == NULL) {
        return CrtFail(EINVAL);
    }
    memset(Stat, 0, sizeof(*Stat));
    if (wcspbrk(Path, L"?*") != NULL) {
        return CrtFail(ENOENT);
    }
    if (!GetFileAttributesExW(Path, GetFileExInfoStandard, &Data)) {
        CrtFailLastError();
        return CrtFail(ENOENT); /* documented: the only error */
    }
    Stat->st_dev = Stat->st_rdev = Path[0] != 0 && Path[1] == ':'
                                       ? (_dev_t)(towlower(Path[0]) - 'a')
                                       : (_dev_t)(_getdrive() - 1);
    Stat->st_mode = ModeOf(Data.dwFileAttributes, Path);
    Stat->st_nlink = 1;
    Stat->st_size = (__int64)Data.nFileSizeHigh << 32 | Data.nFileSizeLow;
    Stat->st_mtime = CrtFileTimeToTime(&Data.ftLastWriteTime);
    Stat->st_atime = CrtFileTimeToTime(&Data.ftLastAccessTime);
    Stat->st_ctime = CrtFileTimeToTime(&Data.ftCreationTime);
    if (Stat->st_atime == 0) {
        Stat->st_atime = Stat->st_mtime;
    }
    if (Stat->st_ctime == 0) {
        Stat->st_ctime = Stat->st_mtime;
    }
    return 0;
}

int
_fstat64(int Fd, struct _stat64 *Stat)
{
    BY_HANDLE_FILE_INFORMATION Data;
    PCRT_FD This = CrtFd(Fd);
    BOOL(WINAPI * Peek)(HANDLE, LPVOID, DWORD, LPDWORD, LPDWORD, LPDWORD);
    DWORD Available = 0;

    if (This == NULL) {
        return -1;
    }
    if (Stat == NULL) {
        return CrtFail(EINVAL);
    }
    memset(Stat, 0, sizeof(*Stat));
    Stat->st_nlink = 1;
    if ((This->Flags & (FD_DEVICE | FD_PIPE)) != 0) {
        Stat->st_mode = (This->Flags & FD_DEVICE) != 0 ? _S_IFCHR : _S_IFIFO;
        Stat->st_dev = Stat->st_rdev = (_dev_t)Fd;
        if ((This->Flags & FD_PIPE) != 0 && (Peek = CrtOptional("PeekNamedPipe")) != NULL &&
            Peek(This->Handle, NULL, 0, NULL, &Available, NULL)) {
            Stat->st_size = Available;
        }
        return 0;
    }
    if (!GetFileInformationByHandle(This->Handle, &Data)) {
        return CrtFailLastError();
    }
    Stat->st_mode = ModeOf(Data.dwFileAttributes, NULL);
    Stat->st_nlink = (short)Data.nNumberOfLinks;
    Stat->st_size = (__int64)Data.nFileSizeHigh << 32 | Data.nFileSizeLow;
    Stat->st_mtime = CrtFileTimeToTime(&Data.ftLastWriteTime);
    Stat->st_atime = CrtFileTimeToTime(&Data.ftLastAccessTime);
    Stat->st_ctime = CrtFileTimeToTime(&Data.ftCreationTime);
    return 0;
}

int
CrtStat64(const char *Path, struct _stat64 *Stat)
{
    wchar_t *Wide;
    int Status;

    if (Path == NULL || (Wide = CrtWide(Path)) == NULL) {
        return CrtFail(EINVAL);
    }
    Status = _wstat64(Wide, Stat);
    free(Wide);
    return Status;
}

#define COPY(to, from)                                                                             \
    do {                                                                                           \
        memset((to), 0, sizeof(*(to)));                                                            \
        (to)->st_dev = (from)->st_dev;                                                             \
        (to)->st_rdev = (from)->st_rdev;                                                           \
        (to)->st_mode = (from)->st_mode;                                                           \
        (to)->st_nlink = (from)->st_nlink;                                                         \
        (to)->st_size = (from)->st_size;                                                           \
        (to)->st_mtime = (from)->st_mtime;                                                         \
        (to)->st_atime = (from)->st_atime;                                                         \
        (to)->st_ctime = (from)->st_ctime;                                                         \
        if ((to)->st_size != (from)->st_size || (to)->st_mtime != (from)->st_mtime) {              \
            return CrtFail(EINVAL);                                                                \
        }                                                                                          \
        return 0;                                                                                  \
    } while (0)

#define FAMILY(suffix, type)                                                                       \
    int CrtStat##suffix(const char *Path, struct type *Stat)                                       \
    {                                                                                              \
        struct _stat64 Full;                                                                       \
        if (CrtStat64(Path, &Full) != 0) {                                                         \
            return -1;                                                                             \
        }                                                                                          \
        COPY(Stat, &Full);                                                                         \
    }                                                                                              \
    int CrtWstat##suffix(const wchar_t *Path, struct type *Stat)                                   \
    {                                                                                              \
        struct _stat64 Full;                                                                       \
        if (_wstat64(Path, &Full) != 0) {                                                          \
            return -1;                                                                             \
        }                                                                                          \
        COPY(Stat, &Full);                                                                         \
    }                                                                                              \
    int CrtFstat##suffix(int Fd, struct type *Stat)                                                \
    {                                                                                              \
        struct _stat64 Full;                                                                       \
        if (_fstat64(Fd, &Full) != 0) {                                                            \
            return -1;                                                                             \
        }                                                                                          \
        COPY(Stat, &Full);                                                                         \
    }

FAMILY(64i32, _stat64i32)
FAMILY(32, _stat32)
FAMILY(32i64, _stat32i64)

int
_waccess(const wchar_t *Path, int Mode)
{
    DWORD Attributes;

    if (Path == NULL || (Mode & ~6) != 0) {
        return CrtFail(EINVAL);
    }
    Attributes = GetFileAttributesW(Path);
    if (Attributes == INVALID_FILE_ATTRIBUTES) {
        return CrtFailLastError();
    }
    if ((Mode & 2) != 0 && (Attributes & (FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_DIRECTORY)) ==
                               FILE_ATTRIBUTE_READONLY) {
        CrtThread()->DosErrno = ERROR_ACCESS_DENIED;
        return CrtFail(EACCES);
    }
    return 0;
}

errno_t
_waccess_s(const wchar_t *Path, int Mode)
{
    return _waccess(Path, Mode) == 0 ? 0 : errno;
}

int
_wchmod(const wchar_t *Path, int Mode)
{
    DWORD Attributes = Path != NULL ? GetFileAttributesW(Path) : INVALID_FILE_ATTRIBUTES;

    if (Attributes == INVALID_FILE_ATTRIBUTES) {
        return CrtFailLastError();
    }
    if ((Mode & _S_IWRITE) != 0) {
        Attributes &= ~FILE_ATTRIBUTE_READONLY;
    } else {
        Attributes |= FILE_ATTRIBUTE_READONLY;
    }
    return SetFileAttributesW(Path, Attributes) ? 0 : CrtFailLastError();
}

int
_futime64(int Fd, struct __utimbuf64 *Times)
{
    FILETIME Access, Write;
    __time64_t Now = _time64(NULL);
    PCRT_FD This = CrtFd(Fd);

    if (This == NULL) {
        return -1;
    }
    CrtTimeToFileTime(Times != NULL ? Times->actime : Now, &Access);
    CrtTimeToFileTime(Times != NULL ? Times->modtime : Now, &Write);
    return SetFileTime(This->Handle, NULL, &Access, &Write) ? 0 : CrtFailLastError();
}

int
_wutime64(const wchar_t *Path, struct __utimbuf64 *Times)
{
    int Fd = _wopen(Path, _O_RDWR | _O_BINARY), Status;

    if (Fd < 0) {
        return -1;
    }
    Status = _futime64(Fd, Times);
    _close(Fd);
    return Status;
}

int
_futime32(int Fd, struct __utimbuf32 *Times)
{
    struct __utimbuf64 Wide = {0, 0};

    if (Times != NULL) {
        Wide.actime = Times->actime;
        Wide.modtime = Times->modtime;
    }
    return _futime64(Fd, Times != NULL ? &Wide : NULL);
}

int
_wutime32(const wchar_t *Path, struct __utimbuf32 *Times)
{
    struct __utimbuf64 Wide = {0, 0};

    if (Times != NULL) {
        Wide.actime = Times->actime;
        Wide.modtime = Times->modtime;
    }
    return _wutime64(Path, Times != NULL ? &Wide : NULL);
}

int
_utime64(const char *Path, struct __utimbuf64 *Times)
{
    wchar_t *Wide = CrtWide(Path);
    int Status = Wide != NULL ? _wutime64(Wide, Times) : -1;

    free(Wide);
    return Status;
}

int
_utime32(const char *Path, struct __utimbuf32 *Times)
{
    wchar_t *Wide = CrtWide(Path);
    int Status = Wide != NULL ? _wutime32(Wide, Times) : -1;

    free(Wide);
    return Status;
}
