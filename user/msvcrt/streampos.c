/*
 * streampos.c - where a stream stands in its file.
 *
 * For a text file that is being read the answer is found by reading again what the buffer was made
 * from (CrtRawLength), so it is right whatever the line ends are.
 */
#include "crt.h"

static __int64
Tell(FILE *File)
{
    PCRT_FD Fd = CrtFd(File->_file);
    __int64 Position, Pending;
    const char *p;

    if (Fd == NULL) {
        return -1;
    }
    Position = _lseeki64(File->_file, 0, SEEK_CUR);
    if (Position < 0 || File->_base == NULL) {
        return Position;
    }
    if ((File->_flag & _IOWRT) != 0) {
        Pending = File->_ptr - File->_base;
        if (Pending > 0 && (Fd->Flags & FD_APPEND) != 0) {
            __int64 End = _lseeki64(File->_file, 0, SEEK_END);

            _lseeki64(File->_file, Position, SEEK_SET);
            Position = End;
        }
        if ((Fd->Flags & (FD_TEXT | FD_U16)) == FD_TEXT) {
            for (p = File->_base; p < File->_ptr; p++) {
                Pending += *p == '\n';
            }
        }
        return Position + Pending;
    }
    if (File->_cnt <= 0) {
        return Position;
    }
    if ((Fd->Flags & FD_TEXT) == 0) {
        return Position - File->_cnt;
    }
    Pending = CrtRawLength(File->_file, *CrtFillStart(File), File->_ptr - File->_base);
    return Pending < 0 ? -1 : *CrtFillStart(File) + Pending;
}

static int
Seek(FILE *File, __int64 Offset, int Origin)
{
    if ((File->_flag & _IOANY) == 0 || Origin < SEEK_SET || Origin > SEEK_END) {
        return CrtFail(EINVAL);
    }
    if (Origin == SEEK_CUR) {
        __int64 Here = Tell(File);

        if (Here < 0) {
            return -1;
        }
        Offset += Here;
        Origin = SEEK_SET;
    }
    CrtFlush(File);
    File->_flag &= ~_IOEOF;
    if ((File->_flag & _IORW) != 0) {
        File->_flag &= ~(_IOREAD | _IOWRT);
    }
    return _lseeki64(File->_file, Offset, Origin) < 0 ? -1 : 0;
}

__int64
_ftelli64(FILE *File)
{
    __int64 Position;

    CrtLockStream(File);
    Position = Tell(File);
    CrtUnlockStream(File);
    return Position;
}

long
ftell(FILE *File)
{
    __int64 Position = _ftelli64(File);

    return Position > LONG_MAX ? CrtFail(EINVAL) : (long)Position;
}

int
_fseeki64(FILE *File, __int64 Offset, int Origin)
{
    int Status;

    CrtLockStream(File);
    Status = Seek(File, Offset, Origin);
    CrtUnlockStream(File);
    return Status;
}

int
fseek(FILE *File, long Offset, int Origin)
{
    return _fseeki64(File, Offset, Origin);
}

void
rewind(FILE *File)
{
    CrtLockStream(File);
    Seek(File, 0, SEEK_SET);
    clearerr(File);
    CrtUnlockStream(File);
}

int
fgetpos(FILE *File, fpos_t *Position)
{
    *Position = _ftelli64(File);
    return *Position < 0 ? -1 : 0;
}

int
fsetpos(FILE *File, const fpos_t *Position)
{
    return _fseeki64(File, *Position, SEEK_SET);
}
