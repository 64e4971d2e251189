/*
 * open.c - _open and its family, and what a mode string of fopen means.
 */
#include "crt.h"
#include "crtdata.h"

int
CrtOpen(const wchar_t *Path, int Flags, int Share, int Mode, int *Fd)
{
    SECURITY_ATTRIBUTES Security = {sizeof(Security), NULL, (Flags & _O_NOINHERIT) == 0};
    DWORD Access, Sharing, Disposition, Attributes = FILE_ATTRIBUTE_NORMAL, Type;
    int FdFlags = 0;
    HANDLE Handle;

    *Fd = -1;
    if (Path == NULL) {
        return CrtFail(EINVAL);
    }
    switch (Flags & (_O_RDONLY | _O_WRONLY | _O_RDWR)) {
    case _O_RDONLY:
        Access = GENERIC_READ;
        break;
    case _O_WRONLY:
        Access = GENERIC_WRITE;
        break;
    case _O_RDWR:
        Access = GENERIC_READ | GENERIC_WRITE;
        break;
    default:
        return CrtFail(EINVAL);
    }
    switch (Share) {
    case _SH_DENYRW:
        Sharing = 0;
        break;
    case _SH_DENYWR:
        Sharing = FILE_SHARE_READ;
        break;
    case _SH_DENYRD:
        Sharing = FILE_SHARE_WRITE;
        break;
    case _SH_DENYNO:
        Sharing = FILE_SHARE_READ | FILE_SHARE_WRITE;
        break;
    default:
        return CrtFail(EINVAL);
    }
    switch (Flags & (_O_CREAT | _O_EXCL | _O_TRUNC)) {
    case _O_CREAT:
        Disposition = OPEN_ALWAYS;
        break;
    case _O_CREAT | _O_EXCL:
    case _O_CREAT | _O_EXCL | _O_TRUNC:
        Disposition = CREATE_NEW;
        break;
    case _O_CREAT | _O_TRUNC:
        Disposition = CREATE_ALWAYS;
        break;
    case _O_TRUNC:
    case _O_TRUNC | _O_EXCL:
        Disposition = TRUNCATE_EXISTING;
        break;
    default:
        Disposition = OPEN_EXISTING;
    }
    if ((Flags & _O_CREAT) != 0 && ((unsigned)Mode & ~CrtUmask & _S_IWRITE) == 0) {
        Attributes = FILE_ATTRIBUTE_READONLY;
    }
    if ((Flags & _O_TEMPORARY) != 0) {
        Attributes |= FILE_FLAG_DELETE_ON_CLOSE;
        Access |= DELETE;
        Sharing |= FILE_SHARE_DELETE;
    }
    if ((Flags & _O_SHORT_LIVED) != 0) {
        Attributes = (Attributes & ~FILE_ATTRIBUTE_NORMAL) | FILE_ATTRIBUTE_TEMPORARY;
    }
    if ((Flags & _O_SEQUENTIAL) != 0) {
        Attributes |= FILE_FLAG_SEQUENTIAL_SCAN;
    } else if ((Flags & _O_RANDOM) != 0) {
        Attributes |= FILE_FLAG_RANDOM_ACCESS;
    }
    *Fd = CrtAllocateFd();
    if (*Fd < 0) {
        return -1;
    }
    Handle = CreateFileW(Path, Access, Sharing, &Security, Disposition, Attributes, NULL);
    if (Handle == INVALID_HANDLE_VALUE) {
        CrtFailLastError();
        CrtReleaseFd(*Fd);
        *Fd = -1;
        return -1;
    }
    Type = GetFileType(Handle);
    if (Type == FILE_TYPE_CHAR) {
        FdFlags |= FD_DEVICE;
    } else if (Type == FILE_TYPE_PIPE) {
        FdFlags |= FD_PIPE;
    }
    if ((Flags & _O_BINARY) == 0 &&
        ((Flags & (_O_TEXT | _O_WTEXT | _O_U8TEXT | _O_U16TEXT)) != 0 || _fmode != _O_BINARY)) {
        FdFlags |= FD_TEXT;
        if ((Flags & _O_U8TEXT) == _O_U8TEXT) {
            FdFlags |= FD_U8;
        } else if ((Flags & (_O_U16TEXT | _O_WTEXT)) != 0) {
            FdFlags |= FD_U16;
        }
    }
    if ((Flags & _O_APPEND) != 0) {
        FdFlags |= FD_APPEND;
    }
    if ((Flags & _O_NOINHERIT) != 0) {
        FdFlags |= FD_NOINHERIT;
    }
    CrtBindFd(*Fd, Handle, FdFlags);
    /* Documented: a text file opened for appending in both directions loses its Ctrl+Z. */
    if ((FdFlags & (FD_TEXT | FD_DEVICE | FD_PIPE)) == FD_TEXT && (Flags & _O_RDWR) != 0 &&
        Disposition != CREATE_ALWAYS) {
        __int64 End = _lseeki64(*Fd, -1, SEEK_END);
        char Last;
        DWORD Got;

        if (End >= 0) {
            if (ReadFile(Handle, &Last, 1, &Got, NULL) && Got == 1 && Last == 0x1A) {
                _chsize_s(*Fd, End);
            }
            _lseeki64(*Fd, 0, SEEK_SET);
        }
    }
    return 0;
}

static int
OpenNarrow(const char *Path, int Flags, int Share, int Mode, int *Fd)
{
    wchar_t *Wide;
    int Status;

    *Fd = -1;
    if (Path == NULL) {
        return CrtFail(EINVAL);
    }
    Wide = CrtWide(Path);
    if (Wide == NULL) {
        return -1;
    }
    Status = CrtOpen(Wide, Flags, Share, Mode, Fd);
    free(Wide);
    return Status;
}

static int
ModeArgument(int Flags, va_list Args)
{
    return (Flags & _O_CREAT) != 0 ? va_arg(Args, int) : 0;
}

int
_open(const char *Path, int Flags, ...)
{
    va_list Args;
    int Fd;

    va_start(Args, Flags);
    OpenNarrow(Path, Flags, _SH_DENYNO, ModeArgument(Flags, Args), &Fd);
    va_end(Args);
    return Fd;
}

int
_wopen(const wchar_t *Path, int Flags, ...)
{
    va_list Args;
    int Fd;

    va_start(Args, Flags);
    CrtOpen(Path, Flags, _SH_DENYNO, ModeArgument(Flags, Args), &Fd);
    va_end(Args);
    return Fd;
}

int
_sopen(const char *Path, int Flags, int Share, ...)
{
    va_list Args;
    int Fd;

    va_start(Args, Share);
    OpenNarrow(Path, Flags, Share, ModeArgument(Flags, Args), &Fd);
    va_end(Args);
    return Fd;
}

int
_wsopen(const wchar_t *Path, int Flags, int Share, ...)
{
    va_list Args;
    int Fd;

    va_start(Args, Share);
    CrtOpen(Path, Flags, Share, ModeArgument(Flags, Args), &Fd);
    va_end(Args);
    return Fd;
}

errno_t
_sopen_s(int *Fd, const char *Path, int Flags, int Share, int Mode)
{
    return OpenNarrow(Path, Flags, Share, Mode, Fd) == 0 ? 0 : errno;
}

errno_t
_wsopen_s(int *Fd, const wchar_t *Path, int Flags, int Share, int Mode)
{
    return CrtOpen(Path, Flags, Share, Mode, Fd) == 0 ? 0 : errno;
}

int
_creat(const char *Path, int Mode)
{
    return _open(Path, _O_CREAT | _O_TRUNC | _O_RDWR, Mode);
}

int
_wcreat(const wchar_t *Path, int Mode)
{
    return _wopen(Path, _O_CREAT | _O_TRUNC | _O_RDWR, Mode);
}

int
_umask(int Mask)
{
    int Previous = (int)CrtUmask;

    CrtUmask = (unsigned)Mask & (_S_IREAD | _S_IWRITE);
    return Previous;
}

/* r w a, then + b t c n S R T D N, and ",ccs=UTF-8|UTF-16LE|UNICODE". */
int
CrtOpenModeFlags(const wchar_t *Mode, int *OpenFlags, int *StreamFlags)
{
    while (*Mode == ' ') {
        Mode++;
    }
    switch (*Mode) {
    case 'r':
        *OpenFlags = _O_RDONLY;
        *StreamFlags = _IOREAD;
        break;
    case 'w':
        *OpenFlags = _O_WRONLY | _O_CREAT | _O_TRUNC;
        *StreamFlags = _IOWRT;
        break;
    case 'a':
        *OpenFlags = _O_WRONLY | _O_CREAT | _O_APPEND;
        *StreamFlags = _IOWRT;
        break;
    default:
        return CrtFail(EINVAL);
    }
    for (Mode++; *Mode != 0 && *Mode != ','; Mode++) {
        switch (*Mode) {
        case '+':
            *OpenFlags = (*OpenFlags & ~_O_WRONLY) | _O_RDWR;
            *StreamFlags = _IORW;
            break;
        case 'b':
            *OpenFlags |= _O_BINARY;
            break;
        case 't':
            *OpenFlags |= _O_TEXT;
            break;
        case 'c':
        case 'n':
        case ' ':
            break;
        case 'S':
            *OpenFlags |= _O_SEQUENTIAL;
            break;
        case 'R':
            *OpenFlags |= _O_RANDOM;
            break;
        case 'T':
            *OpenFlags |= _O_SHORT_LIVED;
            break;
        case 'D':
            *OpenFlags |= _O_TEMPORARY;
            break;
        case 'N':
            *OpenFlags |= _O_NOINHERIT;
            break;
        case 'x': /* C11 */
            *OpenFlags |= _O_EXCL;
            break;
        default:
            return CrtFail(EINVAL);
        }
    }
    if (*Mode == ',') {
        for (Mode++; *Mode == ' '; Mode++) {
        }
        if (_wcsnicmp(Mode, L"ccs=", 4) != 0) {
            return CrtFail(EINVAL);
        }
        Mode += 4;
        if (_wcsicmp(Mode, L"UTF-8") == 0) {
            *OpenFlags |= _O_U8TEXT;
        } else if (_wcsicmp(Mode, L"UTF-16LE") == 0) {
            *OpenFlags |= _O_U16TEXT;
        } else if (_wcsicmp(Mode, L"UNICODE") == 0) {
            *OpenFlags |= _O_WTEXT;
        } else {
            return CrtFail(EINVAL);
        }
    }
    return 0;
}
