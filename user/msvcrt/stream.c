/*
 * stream.c - the table of streams and their buffers.
 *
 * _ptr, _cnt and _base mean what clients' inlined getc and putc expect: reading, _cnt bytes are
 * left at _ptr; writing, _cnt bytes of room are left. _IOREAD or _IOWRT says which; a stream opened
 * for both has _IORW and is in neither state after a flush or a seek.
 *
 *   S1  A transient stream (a console or standard error that nobody has called setvbuf for, or one
 *       that is set unbuffered) holds data only while it is locked: the outermost unlock writes it.
 *   S2  Outside any lock its _cnt is 0, so an inlined putc comes to _flsbuf, which writes at once.
 */
#include "crt.h"
#include "crtdata.h"

void
CrtInitStreams(void)
{
    int i;

    for (i = 0; i < CRT_IOB; i++) {
        _iob[i]._file = -1;
    }
    for (i = 0; i < 3; i++) {
        _iob[i]._file = i;
        _iob[i]._flag = i == 0 ? _IOREAD : _IOWRT;
    }
}

FILE *
__iob_func(void)
{
    return _iob;
}

FILE *
__acrt_iob_func(unsigned int Index)
{
    return &_iob[Index];
}

FILE *
CrtStream(int Index)
{
    if (Index < CRT_IOB) {
        return &_iob[Index];
    }
    return Index - CRT_IOB < CrtStreamCount ? CrtStreams[Index - CRT_IOB] : NULL;
}

FILE *
CrtAllocateStream(void)
{
    PCRT_STREAM New;
    FILE *File;
    int i;

    _lock(CRT_LOCK_STREAMS);
    for (i = 0; (File = CrtStream(i)) != NULL; i++) {
        if (File->_flag == 0) {
            break;
        }
    }
    if (File == NULL) {
        New = CrtStreamCount < CRT_STREAMS_MAX - CRT_IOB ? calloc(1, sizeof(*New)) : NULL;
        if (New != NULL) {
            InitializeCriticalSection(&New->Lock);
            File = &New->File;
            CrtStreams[CrtStreamCount++] = File;
        } else {
            CrtFail(EMFILE);
        }
    }
    if (File != NULL) {
        memset(File, 0, sizeof(*File));
        File->_file = -1;
        File->_flag = _IOTAKEN;
    }
    _unlock(CRT_LOCK_STREAMS);
    return File;
}

void
CrtFreeStream(FILE *File)
{
    memset(File, 0, sizeof(*File));
    File->_file = -1;
}

static int
IsTransient(const FILE *File)
{
    if ((File->_flag & _IONBF) != 0) {
        return 1;
    }
    if ((File != stdout && File != stderr) || (File->_flag & _IOSETVBUF) != 0) {
        return 0;
    }
    return File == stderr || _isatty(File->_file) || CrtIsWatched(File->_file);
}

/* Leaves a buffer of some kind; without memory it is the two bytes in the FILE itself. */
static void
MakeBuffer(FILE *File, int Writing)
{
    int Small = !Writing && (File->_flag & _IONBF) != 0;

    File->_base = Small ? NULL : malloc(CRT_BUFFER);
    if (File->_base != NULL) {
        File->_flag |= _IOMYBUF;
        File->_bufsiz = CRT_BUFFER;
        if (Writing && IsTransient(File)) {
            File->_flag |= _IOTRANSIENT;
        }
    } else {
        File->_flag |= _IONBF;
        File->_base = (char *)&File->_charbuf;
        File->_bufsiz = 2;
    }
    File->_ptr = File->_base;
    File->_cnt = 0;
}

/* Writes what is pending; for reading forgets what is left. */
int
CrtFlush(FILE *File)
{
    int Status = 0, Pending;

    if ((File->_flag & (_IOREAD | _IOWRT)) == _IOWRT && File->_base != NULL) {
        Pending = (int)(File->_ptr - File->_base);
        if (Pending > 0) {
            if (_write(File->_file, File->_base, Pending) == Pending) {
                if ((File->_flag & _IORW) != 0) {
                    File->_flag &= ~_IOWRT;
                }
            } else {
                File->_flag |= _IOERR;
                Status = EOF;
            }
        }
    }
    File->_ptr = File->_base;
    File->_cnt = 0;
    return Status;
}

void
CrtStreamReleased(FILE *File) /* S1 */
{
    if ((File->_flag & (_IOREAD | _IOWRT)) == _IOWRT && File->_ptr != File->_base) {
        CrtFlush(File);
    } else if ((File->_flag & _IOWRT) != 0) {
        File->_cnt = 0; /* S2 */
    }
}

int
_filbuf(FILE *File)
{
    PCRT_FD Fd;
    int Got;

    if ((File->_flag & (_IOREAD | _IORW)) == 0 || (File->_flag & _IOSTRG) != 0) {
        if ((File->_flag & _IOANY) != 0) {
            File->_flag |= _IOERR;
            CrtFail(EBADF);
        }
        return EOF;
    }
    if ((File->_flag & _IOWRT) != 0) {
        File->_flag |= _IOERR; /* a flush or seek must come between writing and reading */
        return EOF;
    }
    File->_flag |= _IOREAD;
    if (File->_base == NULL) {
        MakeBuffer(File, 0);
    }
    Fd = CrtFd(File->_file);
    if (Fd != NULL && (Fd->Flags & (FD_TEXT | FD_PIPE | FD_DEVICE)) == FD_TEXT) {
        *CrtFillStart(File) = _lseeki64(File->_file, 0, SEEK_CUR);
    }
    Got = _read(File->_file, File->_base, File->_bufsiz);
    File->_ptr = File->_base;
    if (Got <= 0) {
        File->_flag |= Got == 0 ? _IOEOF : _IOERR;
        File->_cnt = 0;
        return EOF;
    }
    File->_cnt = Got - 1;
    return (unsigned char)*File->_ptr++;
}

int
_flsbuf(int Char, FILE *File)
{
    char Byte = (char)Char;
    int Pending;

    if ((File->_flag & (_IOWRT | _IORW)) == 0 || (File->_flag & _IOSTRG) != 0) {
        File->_flag |= _IOERR;
        return CrtFail(EBADF);
    }
    if ((File->_flag & _IOREAD) != 0) {
        File->_cnt = 0;
        if ((File->_flag & _IOEOF) == 0) {
            File->_flag |= _IOERR; /* a seek must come between reading and writing */
            return EOF;
        }
        File->_ptr = File->_base;
        File->_flag &= ~_IOREAD;
    }
    File->_flag = (File->_flag | _IOWRT) & ~_IOEOF;
    if (File->_base == NULL) {
        MakeBuffer(File, 1);
    }
    File->_cnt = 0;
    Pending = (int)(File->_ptr - File->_base);
    if (Pending > 0 && _write(File->_file, File->_base, Pending) != Pending) {
        File->_flag |= _IOERR;
        File->_ptr = File->_base;
        return EOF;
    }
    File->_ptr = File->_base;
    if ((File->_flag & _IOMYBUF) == 0 && (File->_flag & _IONBF) != 0) {
        Pending = -1; /* no memory */
    } else if ((File->_flag & _IOTRANSIENT) != 0 && *CrtDepth(File) == 0) {
        Pending = -1; /* S2 */
    }
    if (Pending < 0) {
        if (_write(File->_file, &Byte, 1) != 1) {
            File->_flag |= _IOERR;
            return EOF;
        }
    } else {
        *File->_ptr++ = Byte;
        File->_cnt = File->_bufsiz - 1;
    }
    return (unsigned char)Byte;
}

int
CrtPutc(int Char, FILE *File)
{
    if (--File->_cnt >= 0) {
        return (unsigned char)(*File->_ptr++ = (char)Char);
    }
    return _flsbuf(Char, File);
}

int
CrtGetc(FILE *File)
{
    return --File->_cnt >= 0 ? (unsigned char)*File->_ptr++ : _filbuf(File);
}

int
CrtUngetc(int Char, FILE *File)
{
    if (Char == EOF || (File->_flag & _IOWRT) != 0 || (File->_flag & (_IOREAD | _IORW)) == 0) {
        return EOF;
    }
    if (File->_base == NULL) {
        MakeBuffer(File, 0);
    }
    if (File->_cnt < 0) {
        File->_cnt = 0;
    }
    if (File->_ptr == File->_base) {
        if (File->_cnt != 0) {
            return EOF;
        }
        File->_ptr++;
    }
    *--File->_ptr = (char)Char;
    File->_cnt++;
    File->_flag = (File->_flag & ~_IOEOF) | _IOREAD;
    return (unsigned char)Char;
}

/* All streams, or those that are being written. Returns how many, EOF if a write failed. */
int
CrtFlushAll(int WritersOnly)
{
    int i, Count = 0, Status = 0;
    FILE *File;

    _lock(CRT_LOCK_STREAMS);
    for (i = 0; (File = CrtStream(i)) != NULL; i++) {
        if ((File->_flag & _IOANY) != 0) {
            CrtLockStream(File);
            if ((File->_flag & _IOANY) != 0) {
                if (!WritersOnly || (File->_flag & _IOWRT) != 0) {
                    Status |= CrtFlush(File);
                }
                Count++;
            }
            CrtUnlockStream(File);
        }
    }
    _unlock(CRT_LOCK_STREAMS);
    return WritersOnly ? Status : Count;
}

/* At the end of the process no other thread runs any more, but one may have died in a lock. */
void
CrtFlushAtExit(int Terminating)
{
    CRITICAL_SECTION *Lock;
    FILE *File;
    int i;

    if (!Terminating) {
        CrtFlushAll(1);
        return;
    }
    for (i = 0; (File = CrtStream(i)) != NULL; i++) {
        if ((File->_flag & _IOWRT) != 0 && File->_ptr != File->_base) {
            Lock = i < CRT_IOB ? &CrtLocks[CRT_LOCK_STREAM + i] : &((PCRT_STREAM)File)->Lock;
            if (TryEnterCriticalSection(Lock)) {
                CrtFlush(File);
                LeaveCriticalSection(Lock);
            }
        }
    }
}

int
fflush(FILE *File)
{
    int Status;

    if (File == NULL) {
        return CrtFlushAll(1);
    }
    CrtLockStream(File);
    Status = CrtFlush(File);
    CrtUnlockStream(File);
    return Status;
}

int
_flushall(void)
{
    return CrtFlushAll(0);
}

int
setvbuf(FILE *File, char *Buffer, int Mode, size_t Size)
{
    if ((Mode != _IONBF && Mode != _IOFBF && Mode != _IOLBF) ||
        (Mode != _IONBF && (Size < 2 || Size > INT_MAX))) {
        return CrtFail(EINVAL);
    }
    CrtLockStream(File);
    CrtFlush(File);
    if ((File->_flag & _IOMYBUF) != 0) {
        free(File->_base);
    }
    File->_flag &= ~(_IOMYBUF | _IOYOURBUF | _IONBF | _IOSETVBUF | _IOTRANSIENT);
    File->_flag |= _IOSETVBUF;
    File->_base = NULL;
    if (Mode == _IONBF) {
        File->_flag |= _IONBF; /* the buffer is made when it is known for what */
    } else if (Buffer != NULL) {
        File->_flag |= _IOYOURBUF;
        File->_base = Buffer;
        File->_bufsiz = (int)Size;
    } else {
        File->_base = malloc(Size);
        if (File->_base != NULL) {
            File->_flag |= _IOMYBUF;
            File->_bufsiz = (int)Size;
        }
    }
    File->_ptr = File->_base;
    File->_cnt = 0;
    CrtUnlockStream(File);
    return 0;
}

void
setbuf(FILE *File, char *Buffer)
{
    setvbuf(File, Buffer, Buffer != NULL ? _IOFBF : _IONBF, BUFSIZ);
}
