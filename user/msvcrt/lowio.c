/*
 * lowio.c - _read, _write and positions.
 *
 * Text mode: on the way in CR LF becomes LF and Ctrl+Z ends the file; on the way out LF becomes CR
 * LF. When a CR is the last byte that came, one more is read; if that is no LF it is kept in
 * `Ahead`, and the position that _lseek reports counts it as not read.
 */
#include "crt.h"

#include <sys/locking.h>

static const struct {
    unsigned short Error, Errno;
} Errors[] = {
    {ERROR_INVALID_FUNCTION, EINVAL},
    {ERROR_FILE_NOT_FOUND, ENOENT},
    {ERROR_PATH_NOT_FOUND, ENOENT},
    {ERROR_TOO_MANY_OPEN_FILES, EMFILE},
    {ERROR_ACCESS_DENIED, EACCES},
    {ERROR_INVALID_HANDLE, EBADF},
    {ERROR_NOT_ENOUGH_MEMORY, ENOMEM},
    {ERROR_OUTOFMEMORY, ENOMEM},
    {ERROR_BAD_ENVIRONMENT, E2BIG},
    {ERROR_BAD_FORMAT, ENOEXEC},
    {ERROR_BAD_EXE_FORMAT, ENOEXEC},
    {ERROR_INVALID_DRIVE, ENOENT},
    {ERROR_CURRENT_DIRECTORY, EACCES},
    {ERROR_NOT_SAME_DEVICE, EXDEV},
    {ERROR_NO_MORE_FILES, ENOENT},
    {ERROR_WRITE_PROTECT, EACCES},
    {ERROR_SHARING_VIOLATION, EACCES},
    {ERROR_LOCK_VIOLATION, EACCES},
    {ERROR_BAD_NETPATH, ENOENT},
    {ERROR_NETWORK_ACCESS_DENIED, EACCES},
    {ERROR_BAD_NET_NAME, ENOENT},
    {ERROR_FILE_EXISTS, EEXIST},
    {ERROR_CANNOT_MAKE, EACCES},
    {ERROR_NO_PROC_SLOTS, EAGAIN},
    {ERROR_DRIVE_LOCKED, EACCES},
    {ERROR_BROKEN_PIPE, EPIPE},
    {ERROR_NO_DATA, EPIPE},
    {ERROR_DISK_FULL, ENOSPC},
    {ERROR_WAIT_NO_CHILDREN, ECHILD},
    {ERROR_CHILD_NOT_COMPLETE, ECHILD},
    {ERROR_DIRECT_ACCESS_HANDLE, EBADF},
    {ERROR_NEGATIVE_SEEK, EINVAL},
    {ERROR_SEEK_ON_DEVICE, EACCES},
    {ERROR_DIR_NOT_EMPTY, ENOTEMPTY},
    {ERROR_NOT_LOCKED, EACCES},
    {ERROR_BAD_PATHNAME, ENOENT},
    {ERROR_MAX_THRDS_REACHED, EAGAIN},
    {ERROR_LOCK_FAILED, EACCES},
    {ERROR_ALREADY_EXISTS, EEXIST},
    {ERROR_FILENAME_EXCED_RANGE, ENOENT},
    {ERROR_INVALID_NAME, ENOENT},
    {ERROR_NESTING_NOT_ALLOWED, EAGAIN},
};

int
CrtErrnoOf(unsigned long Error)
{
    size_t i;

    for (i = 0; i < ARRAYSIZE(Errors); i++) {
        if (Errors[i].Error == Error) {
            return Errors[i].Errno;
        }
    }
    return EINVAL;
}

int
CrtFail(int Errno)
{
    errno = Errno;
    return -1;
}

int
CrtFailLastError(void)
{
    DWORD Error = GetLastError();

    CrtThread()->DosErrno = Error;
    return CrtFail(CrtErrnoOf(Error));
}

__int64
_lseeki64(int Fd, __int64 Offset, int Origin)
{
    PCRT_FD This = CrtFd(Fd);
    LARGE_INTEGER Distance, Position;

    if (This == NULL) {
        return -1;
    }
    if (Origin < SEEK_SET || Origin > SEEK_END) {
        return CrtFail(EINVAL);
    }
    if (Origin == SEEK_CUR && This->Ahead >= 0) {
        Offset--;
    }
    Distance.QuadPart = Offset;
    if (!SetFilePointerEx(This->Handle, Distance, &Position, (DWORD)Origin)) {
        return CrtFailLastError();
    }
    This->Ahead = -1;
    This->Flags &= ~FD_EOF;
    return Position.QuadPart;
}

long
_lseek(int Fd, long Offset, int Origin)
{
    __int64 Position = _lseeki64(Fd, Offset, Origin);

    return Position > LONG_MAX ? CrtFail(EINVAL) : (long)Position;
}

__int64
_telli64(int Fd)
{
    return _lseeki64(Fd, 0, SEEK_CUR);
}

long
_tell(int Fd)
{
    return _lseek(Fd, 0, SEEK_CUR);
}

__int64
_filelengthi64(int Fd)
{
    __int64 Here = _lseeki64(Fd, 0, SEEK_CUR), Length;

    if (Here < 0) {
        return -1;
    }
    Length = _lseeki64(Fd, 0, SEEK_END);
    if (Length != Here) {
        _lseeki64(Fd, Here, SEEK_SET);
    }
    return Length;
}

long
_filelength(int Fd)
{
    __int64 Length = _filelengthi64(Fd);

    return Length > LONG_MAX ? CrtFail(EINVAL) : (long)Length;
}

/* Up to Count bytes as they are in the file; 0 at its end, -1 for an error. */
static int
ReadRaw(PCRT_FD This, char *Buffer, unsigned int Count)
{
    DWORD Got, Before = 0;

    if (Count != 0 && This->Ahead >= 0) {
        *Buffer++ = (char)This->Ahead;
        This->Ahead = -1;
        Count--;
        Before = 1;
        if (Count == 0 || (This->Flags & (FD_PIPE | FD_DEVICE)) != 0) {
            return 1; /* more might block */
        }
    }
    if (!ReadFile(This->Handle, Buffer, Count, &Got, NULL)) {
        switch (GetLastError()) {
        case ERROR_BROKEN_PIPE:
        case ERROR_HANDLE_EOF:
            return (int)Before;
        case ERROR_ACCESS_DENIED: /* not opened for reading (documented: EBADF) */
            CrtThread()->DosErrno = ERROR_ACCESS_DENIED;
            return CrtFail(EBADF);
        }
        return CrtFailLastError();
    }
    return (int)(Got + Before);
}

int
_read(int Fd, void *Buffer, unsigned int Count)
{
    PCRT_FD This = CrtFd(Fd);
    char *To = Buffer, Next;
    int Got, i, More;

    if (This == NULL) {
        return -1;
    }
    if (Buffer == NULL || Count > INT_MAX) {
        return CrtFail(EINVAL);
    }
    if (Count == 0 || (This->Flags & FD_EOF) != 0) {
        return 0;
    }
    Got = ReadRaw(This, Buffer, Count);
    if (Got <= 0 || (This->Flags & FD_TEXT) == 0) {
        return Got;
    }
    for (i = 0; i < Got; i++) {
        char c = ((char *)Buffer)[i];

        if (c == 0x1A) {
            if ((This->Flags & FD_DEVICE) == 0) {
                This->Flags |= FD_EOF;
            }
            break;
        }
        if (c == '\r') {
            if (i + 1 < Got) {
                if (((char *)Buffer)[i + 1] == '\n') {
                    continue;
                }
            } else {
                More = ReadRaw(This, &Next, 1);
                if (More == 1) {
                    if (Next == '\n') {
                        c = '\n';
                    } else {
                        This->Ahead = (unsigned char)Next;
                    }
                }
            }
        }
        *To++ = c;
    }
    return (int)(To - (char *)Buffer);
}

/*
 * How many bytes of the file, from Start on, make that many translated ones. This is how ftell
 * knows the position in a text file exactly, whether its lines end in CR LF or LF.
 */
__int64
CrtRawLength(int Fd, __int64 Start, size_t Translated)
{
    PCRT_FD This = CrtFd(Fd);
    __int64 Here = _lseeki64(Fd, 0, SEEK_CUR), Raw = 0;
    char Chunk[512];
    int Got = 0, i, Pending = 0;

    if (This == NULL || Here < 0 || _lseeki64(Fd, Start, SEEK_SET) < 0) {
        return -1;
    }
    while (Translated > 0 && (Got = ReadRaw(This, Chunk, sizeof(Chunk))) > 0) {
        for (i = 0; i < Got && Translated > 0; i++) {
            if (Pending && Chunk[i] != '\n' && --Translated == 0) {
                Pending = 0;
                break; /* that CR stood alone and was the last one counted */
            }
            Pending = Chunk[i] == '\r';
            Translated -= !Pending;
            Raw++;
        }
    }
    _lseeki64(Fd, Here, SEEK_SET);
    return Raw;
}

static int
WriteRaw(PCRT_FD This, const char *Buffer, unsigned int Count, unsigned int *Done)
{
    DWORD Written = 0;

    *Done = 0;
    if (!WriteFile(This->Handle, Buffer, Count, &Written, NULL)) {
        if (GetLastError() == ERROR_ACCESS_DENIED) {
            CrtThread()->DosErrno = ERROR_ACCESS_DENIED;
            return CrtFail(EBADF);
        }
        return CrtFailLastError();
    }
    *Done = Written;
    return 0;
}

int
_write(int Fd, const void *Buffer, unsigned int Count)
{
    PCRT_FD This = CrtFd(Fd);
    const char *From = Buffer;
    char Chunk[3072];
    unsigned int Sent = 0, Done;

    if (This == NULL) {
        return -1;
    }
    if (Count == 0) {
        return 0;
    }
    if (Buffer == NULL) {
        return CrtFail(EINVAL);
    }
    if ((This->Flags & FD_APPEND) != 0) {
        _lseeki64(Fd, 0, SEEK_END);
    }
    if ((This->Flags & (FD_TEXT | FD_U16)) != FD_TEXT || memchr(Buffer, '\n', Count) == NULL) {
        if (WriteRaw(This, Buffer, Count, &Done) != 0) {
            return -1;
        }
        return Done != 0 ? (int)Done : CrtFail(ENOSPC);
    }
    while (Sent < Count) {
        unsigned int Length = 0, Taken = Sent;

        while (Taken < Count && Length < sizeof(Chunk) - 1) {
            if (From[Taken] == '\n') {
                Chunk[Length++] = '\r';
            }
            Chunk[Length++] = From[Taken++];
        }
        if (WriteRaw(This, Chunk, Length, &Done) != 0) {
            return Sent != 0 ? (int)Sent : -1;
        }
        if (Done < Length) { /* count what got out in the caller's bytes */
            unsigned int i;

            for (i = 0; i < Done; i++) {
                Sent += Chunk[i] != '\r';
            }
            break;
        }
        Sent = Taken;
    }
    return Sent != 0 ? (int)Sent : CrtFail(ENOSPC);
}

int
_eof(int Fd)
{
    __int64 Here, End;

    if (CrtFd(Fd) == NULL) {
        return -1;
    }
    Here = _lseeki64(Fd, 0, SEEK_CUR);
    if (Here < 0) {
        return -1;
    }
    End = _lseeki64(Fd, 0, SEEK_END);
    if (Here >= End) {
        return 1;
    }
    _lseeki64(Fd, Here, SEEK_SET);
    return 0;
}

int
_commit(int Fd)
{
    PCRT_FD This = CrtFd(Fd);

    if (This == NULL) {
        return -1;
    }
    return FlushFileBuffers(This->Handle) ? 0 : CrtFailLastError();
}

errno_t
_chsize_s(int Fd, __int64 Size)
{
    PCRT_FD This = CrtFd(Fd);
    __int64 Here, Length;

    if (This == NULL) {
        return EBADF;
    }
    Here = _lseeki64(Fd, 0, SEEK_CUR);
    Length = _lseeki64(Fd, 0, SEEK_END);
    if (Here < 0 || Length < 0) {
        return errno;
    }
    if (Size > Length) { /* documented: the new part is zeros */
        static const char Zeros[512];
        int Mode = This->Flags;

        This->Flags &= ~FD_TEXT;
        while (Length < Size) {
            int Done = _write(Fd, Zeros, Size - Length < 512 ? (unsigned)(Size - Length) : 512);

            if (Done <= 0) {
                break;
            }
            Length += Done;
        }
        This->Flags = Mode;
        if (Length < Size) {
            return errno;
        }
    } else if (_lseeki64(Fd, Size, SEEK_SET) < 0 || !SetEndOfFile(This->Handle)) {
        CrtFailLastError();
        return errno;
    }
    _lseeki64(Fd, Here, SEEK_SET);
    return 0;
}

int
_chsize(int Fd, long Size)
{
    return _chsize_s(Fd, Size) == 0 ? 0 : -1;
}

int
_locking(int Fd, int Mode, long Count)
{
    PCRT_FD This = CrtFd(Fd);
    __int64 Here;
    int Tries;
    BOOL Done;

    if (This == NULL || (Here = _lseeki64(Fd, 0, SEEK_CUR)) < 0) {
        return -1;
    }
    if (Mode == _LK_UNLCK) {
        Done = UnlockFile(This->Handle, (DWORD)Here, (DWORD)(Here >> 32), Count, 0);
    } else { /* documented: the waiting modes try ten times, a second apart */
        Tries = Mode == _LK_LOCK || Mode == _LK_RLCK ? 10 : 1;
        while (!(Done = LockFile(This->Handle, (DWORD)Here, (DWORD)(Here >> 32), Count, 0)) &&
               --Tries > 0) {
            Sleep(1000);
        }
        if (!Done && (Mode == _LK_LOCK || Mode == _LK_RLCK)) {
            return CrtFail(EDEADLOCK);
        }
    }
    return Done ? 0 : CrtFailLastError();
}
