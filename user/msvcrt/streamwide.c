/*
 * streamwide.c - wide characters through a stream.
 *
 * Binary mode: two bytes each. Text mode: through the locale's bytes; a character that has none is
 * an error, EILSEQ. _O_U8TEXT and _O_U16TEXT (see _setmode): UTF-8, or UTF-16 with CR LF for LF,
 * done here because _write leaves UTF-16 alone.
 */
#include "crt.h"

static int
ModeOf(FILE *File)
{
    PCRT_FD Fd = CrtFd(File->_file);

    return Fd != NULL ? Fd->Flags & (FD_TEXT | FD_U8 | FD_U16) : FD_TEXT;
}

static wint_t
PutPair(wchar_t Char, FILE *File)
{
    if (CrtPutc(Char & 0xFF, File) == EOF || CrtPutc(Char >> 8, File) == EOF) {
        return WEOF;
    }
    return Char;
}

static wint_t
PutUtf8(wchar_t Char, FILE *File)
{
    unsigned int Point = Char;
    int Length, i;
    char Bytes[4];

    if (Char >= 0xD800 && Char < 0xDC00) { /* wait for the other half */
        File->_charbuf = Char;
        return Char;
    }
    if (Char >= 0xDC00 && Char < 0xE000 && File->_charbuf != 0) {
        Point = 0x10000 + ((File->_charbuf - 0xD800) << 10) + (Char - 0xDC00);
    }
    File->_charbuf = 0;
    Length = Point < 0x80 ? 1 : Point < 0x800 ? 2 : Point < 0x10000 ? 3 : 4;
    for (i = Length - 1; i > 0; i--) {
        Bytes[i] = (char)(0x80 | (Point & 0x3F));
        Point >>= 6;
    }
    Bytes[0] = (char)(Length == 1 ? Point : Point | (0xF00 >> Length & 0xFF));
    for (i = 0; i < Length; i++) {
        if (CrtPutc(Bytes[i], File) == EOF) {
            return WEOF;
        }
    }
    return Char;
}

wint_t
CrtPutwc(wchar_t Char, FILE *File)
{
    int Mode = ModeOf(File), Byte;

    if ((Mode & FD_TEXT) == 0) {
        return PutPair(Char, File);
    }
    if ((Mode & FD_U16) != 0) {
        if (Char == '\n' && PutPair('\r', File) == WEOF) {
            return WEOF;
        }
        return PutPair(Char, File);
    }
    if ((Mode & FD_U8) != 0) {
        return PutUtf8(Char, File);
    }
    Byte = CrtNarrowChar(Char);
    if (Byte < 0) {
        File->_flag |= _IOERR;
        CrtFail(EILSEQ);
        return WEOF;
    }
    return CrtPutc(Byte, File) == EOF ? WEOF : Char;
}

static wint_t
GetPair(FILE *File)
{
    int Low = CrtGetc(File), High = Low != EOF ? CrtGetc(File) : EOF;

    return High == EOF ? WEOF : (wint_t)(Low | High << 8);
}

static wint_t
GetUtf8(FILE *File)
{
    int First = CrtGetc(File), More, Next;
    unsigned int Point;

    if (First == EOF) {
        return WEOF;
    }
    if (First < 0x80) {
        return (wint_t)First;
    }
    More = First >= 0xF0 ? 3 : First >= 0xE0 ? 2 : First >= 0xC0 ? 1 : -1;
    if (More < 0) {
        return 0xFFFD;
    }
    Point = First & (0x3F >> More);
    while (More-- > 0) {
        Next = CrtGetc(File);
        if (Next == EOF || (Next & 0xC0) != 0x80) {
            CrtUngetc(Next, File);
            return 0xFFFD;
        }
        Point = Point << 6 | (Next & 0x3F);
    }
    return Point < 0x10000 ? (wint_t)Point : 0xFFFD; /* partial: no surrogate pairs on the way in */
}

wint_t
CrtGetwc(FILE *File)
{
    int Mode = ModeOf(File), Byte;
    wint_t Char, Next;

    if ((Mode & FD_TEXT) == 0) {
        return GetPair(File);
    }
    if ((Mode & FD_U16) != 0) {
        Char = GetPair(File);
        if (Char == '\r') {
            Next = GetPair(File);
            if (Next == '\n') {
                return Next;
            }
            if (Next != WEOF) {
                CrtUngetwc(Next, File);
            }
        }
        return Char;
    }
    if ((Mode & FD_U8) != 0) {
        return GetUtf8(File);
    }
    Byte = CrtGetc(File);
    return Byte == EOF ? WEOF : CrtWideChar((unsigned char)Byte);
}

wint_t
CrtUngetwc(wint_t Char, FILE *File)
{
    int Mode = ModeOf(File), Byte;

    if (Char == WEOF) {
        return WEOF;
    }
    if ((Mode & FD_TEXT) == 0 || (Mode & FD_U16) != 0) {
        if (File->_base != NULL && File->_ptr >= File->_base + 2) {
            CrtUngetc(Char >> 8, File);
            CrtUngetc(Char & 0xFF, File);
            return Char;
        }
        return WEOF;
    }
    Byte = (Mode & FD_U8) != 0 ? (Char < 0x80 ? Char : -1) : CrtNarrowChar(Char);
    return Byte < 0 || CrtUngetc(Byte, File) == EOF ? WEOF : Char;
}

wint_t
fputwc(wchar_t Char, FILE *File)
{
    wint_t Result;

    CrtLockStream(File);
    Result = CrtPutwc(Char, File);
    CrtUnlockStream(File);
    return Result;
}

wint_t
fgetwc(FILE *File)
{
    wint_t Char;

    CrtLockStream(File);
    Char = CrtGetwc(File);
    CrtUnlockStream(File);
    return Char;
}

wint_t
ungetwc(wint_t Char, FILE *File)
{
    CrtLockStream(File);
    Char = CrtUngetwc(Char, File);
    CrtUnlockStream(File);
    return Char;
}

wint_t
_fgetwchar(void)
{
    return fgetwc(stdin);
}

wint_t
_fputwchar(wchar_t Char)
{
    return fputwc(Char, stdout);
}

wint_t
_getwc_nolock(FILE *File)
{
    return CrtGetwc(File);
}

wint_t
_putwc_nolock(wchar_t Char, FILE *File)
{
    return CrtPutwc(Char, File);
}

int
fputws(const wchar_t *Text, FILE *File)
{
    int Status = 0;

    CrtLockStream(File);
    for (; *Text != 0 && Status == 0; Text++) {
        if (CrtPutwc(*Text, File) == WEOF) {
            Status = EOF;
        }
    }
    CrtUnlockStream(File);
    return Status;
}

int
_putws(const wchar_t *Text)
{
    int Status;

    CrtLockStream(stdout);
    Status = fputws(Text, stdout);
    if (Status == 0 && CrtPutwc('\n', stdout) == WEOF) {
        Status = EOF;
    }
    CrtUnlockStream(stdout);
    return Status;
}

wchar_t *
fgetws(wchar_t *Text, int Size, FILE *File)
{
    wchar_t *p = Text;
    wint_t Char = 0;

    if (Text == NULL || Size <= 0) {
        CrtFail(EINVAL);
        return NULL;
    }
    CrtLockStream(File);
    while (--Size > 0) {
        Char = CrtGetwc(File);
        if (Char == WEOF) {
            break;
        }
        *p++ = Char;
        if (Char == '\n') {
            break;
        }
    }
    CrtUnlockStream(File);
    if (Char == WEOF && p == Text) {
        return NULL;
    }
    *p = 0;
    return Text;
}

wchar_t *
_getws(wchar_t *Text)
{
    wchar_t *p = Text;
    wint_t Char;

    CrtLockStream(stdin);
    while ((Char = CrtGetwc(stdin)) != WEOF && Char != '\n') {
        *p++ = Char;
    }
    CrtUnlockStream(stdin);
    if (Char == WEOF && p == Text) {
        return NULL;
    }
    *p = 0;
    return Text;
}
