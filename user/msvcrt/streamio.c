/*
 * streamio.c - bytes and lines through a stream, and its state.
 */
#include "crt.h"

int
fputc(int Char, FILE *File)
{
    CrtLockStream(File);
    Char = CrtPutc(Char, File);
    CrtUnlockStream(File);
    return Char;
}

int
fgetc(FILE *File)
{
    int Char;

    CrtLockStream(File);
    Char = CrtGetc(File);
    CrtUnlockStream(File);
    return Char;
}

int
ungetc(int Char, FILE *File)
{
    CrtLockStream(File);
    Char = CrtUngetc(Char, File);
    CrtUnlockStream(File);
    return Char;
}

int
CrtGetchar(void)
{
    return fgetc(stdin);
}

int
CrtPutchar(int Char)
{
    return fputc(Char, stdout);
}

int
_fgetchar(void)
{
    return fgetc(stdin);
}

int
_fputchar(int Char)
{
    return fputc(Char, stdout);
}

#undef _getc_nolock
#undef _putc_nolock

int
_getc_nolock(FILE *File)
{
    return CrtGetc(File);
}

int
_putc_nolock(int Char, FILE *File)
{
    return CrtPutc(Char, File);
}

static size_t
Write(const char *From, size_t Count, FILE *File)
{
    size_t Left = Count, Part;
    int Done;

    while (Left > 0) {
        if (File->_cnt > 0) {
            Part = Left < (size_t)File->_cnt ? Left : (size_t)File->_cnt;
            memcpy(File->_ptr, From, Part);
            File->_ptr += Part;
            File->_cnt -= (int)Part;
        } else if (Left >= CRT_BUFFER && File->_base != NULL &&
                   (File->_flag & (_IOREAD | _IOWRT)) == _IOWRT) {
            if (CrtFlush(File) != 0) {
                break;
            }
            File->_flag |= _IOWRT;
            Part = Left < 0x40000000 ? Left : 0x40000000;
            Done = _write(File->_file, From, (unsigned)Part);
            if (Done < 0 || (size_t)Done < Part) {
                File->_flag |= _IOERR;
                Left -= Done > 0 ? (size_t)Done : 0;
                break;
            }
        } else {
            if (_flsbuf((unsigned char)*From, File) == EOF) {
                break;
            }
            Part = 1;
        }
        From += Part;
        Left -= Part;
    }
    return Count - Left;
}

size_t
fwrite(const void *Buffer, size_t Size, size_t Count, FILE *File)
{
    size_t Total, Done;

    if (Size == 0 || Count == 0) {
        return 0;
    }
    if (Buffer == NULL || __builtin_mul_overflow(Size, Count, &Total)) {
        CrtFail(EINVAL);
        return 0;
    }
    CrtLockStream(File);
    Done = Write(Buffer, Total, File);
    CrtUnlockStream(File);
    return Done / Size;
}

size_t
fread(void *Buffer, size_t Size, size_t Count, FILE *File)
{
    char *To = Buffer;
    size_t Total, Left, Part;
    int Char, Got;

    if (Size == 0 || Count == 0) {
        return 0;
    }
    if (Buffer == NULL || __builtin_mul_overflow(Size, Count, &Total)) {
        CrtFail(EINVAL);
        return 0;
    }
    Left = Total;
    CrtLockStream(File);
    while (Left > 0) {
        if (File->_cnt > 0) {
            Part = Left < (size_t)File->_cnt ? Left : (size_t)File->_cnt;
            memcpy(To, File->_ptr, Part);
            File->_ptr += Part;
            File->_cnt -= (int)Part;
        } else if (Left >= CRT_BUFFER && (File->_flag & (_IOREAD | _IOWRT)) == _IOREAD) {
            /* Big pieces go straight to the caller; the buffer is empty. */
            Part = Left < 0x40000000 ? Left : 0x40000000;
            File->_ptr = File->_base;
            File->_cnt = 0;
            Got = _read(File->_file, To, (unsigned)(Part - Part % CRT_BUFFER));
            if (Got <= 0) {
                File->_flag |= Got == 0 ? _IOEOF : _IOERR;
                break;
            }
            Part = (size_t)Got;
        } else {
            Char = _filbuf(File);
            if (Char == EOF) {
                break;
            }
            *To = (char)Char;
            Part = 1;
        }
        To += Part;
        Left -= Part;
    }
    CrtUnlockStream(File);
    return (Total - Left) / Size;
}

int
fputs(const char *Text, FILE *File)
{
    size_t Length = strlen(Text), Done;

    CrtLockStream(File);
    Done = Write(Text, Length, File);
    CrtUnlockStream(File);
    return Done == Length ? 0 : EOF;
}

int
puts(const char *Text)
{
    size_t Length = strlen(Text);
    int Status = EOF;

    CrtLockStream(stdout);
    if (Write(Text, Length, stdout) == Length && CrtPutc('\n', stdout) != EOF) {
        Status = 0;
    }
    CrtUnlockStream(stdout);
    return Status;
}

char *
fgets(char *Text, int Size, FILE *File)
{
    char *p = Text;
    int Char = 0;

    if (Text == NULL || Size <= 0) {
        if (Text == NULL || Size < 0) {
            CrtFail(EINVAL);
        }
        return NULL;
    }
    CrtLockStream(File);
    while (--Size > 0) {
        Char = CrtGetc(File);
        if (Char == EOF) {
            break;
        }
        *p++ = (char)Char;
        if (Char == '\n') {
            break;
        }
    }
    CrtUnlockStream(File);
    if (Char == EOF && p == Text) {
        return NULL;
    }
    *p = 0;
    return Text;
}

char *
gets(char *Text)
{
    char *p = Text;
    int Char;

    CrtLockStream(stdin);
    while ((Char = CrtGetc(stdin)) != EOF && Char != '\n') {
        *p++ = (char)Char;
    }
    CrtUnlockStream(stdin);
    if (Char == EOF && p == Text) {
        return NULL;
    }
    *p = 0;
    return Text;
}

char *
gets_s(char *Text, size_t Size)
{
    size_t Length = 0;
    int Char;

    if (Text == NULL || Size == 0) {
        CrtFail(EINVAL);
        return NULL;
    }
    CrtLockStream(stdin);
    while ((Char = CrtGetc(stdin)) != EOF && Char != '\n') {
        if (Length < Size) {
            Text[Length++] = (char)Char;
        }
    }
    CrtUnlockStream(stdin);
    if (Length == Size || (Char == EOF && Length == 0)) {
        if (Length == Size) {
            CrtFail(ERANGE);
        }
        Text[0] = 0;
        return NULL;
    }
    Text[Length] = 0;
    return Text;
}

int
_getw(FILE *File)
{
    int Value;

    return fread(&Value, sizeof(Value), 1, File) == 1 ? Value : EOF;
}

int
_putw(int Value, FILE *File)
{
    return fwrite(&Value, sizeof(Value), 1, File) == 1 ? Value : EOF;
}

int
CrtFeof(FILE *File)
{
    return File->_flag & _IOEOF;
}

int
CrtFerror(FILE *File)
{
    return File->_flag & _IOERR;
}

void
clearerr(FILE *File)
{
    PCRT_FD Fd;

    CrtLockStream(File);
    File->_flag &= ~(_IOEOF | _IOERR);
    Fd = CrtFd(File->_file);
    if (Fd != NULL) {
        Fd->Flags &= ~FD_EOF;
    }
    CrtUnlockStream(File);
}

errno_t
clearerr_s(FILE *File)
{
    if (File == NULL) {
        return errno = EINVAL;
    }
    clearerr(File);
    return 0;
}

int
CrtFileno(FILE *File)
{
    return File != NULL ? File->_file : CrtFail(EINVAL);
}
