/*
 * woutput.c - wprintf and its family: output.inc is the engine, printf.inc what both widths have.
 *
 * swprintf of msvcrt.dll has no size, as the standard's has: clients' headers pass one to other
 * functions.
 */
#include "crt.h"
#include "crtdata.h"

#define CH                 wchar_t
#define WIDE               1
#define NAME(narrow, wide) wide
#include "output.inc"
#include "printf.inc"

/* The one that ends the text whatever happens. */
int
CrtVswprintfC(wchar_t *Buffer, size_t Size, const wchar_t *Format, va_list Args)
{
    int Count = _vsnwprintf(Buffer, Size, Format, Args);

    if (Buffer != NULL && Size != 0 && (Count < 0 || (size_t)Count >= Size)) {
        Buffer[Size - 1] = 0;
        Count = -1;
    }
    return Count;
}

int
CrtVswprintf(wchar_t *Buffer, const wchar_t *Format, va_list Args)
{
    return _vsnwprintf(Buffer, (size_t)INT_MAX + 1, Format, Args);
}

FORWARD(CrtSwprintf, (wchar_t * Buffer, const wchar_t *Format, ...), Format,
        CrtVswprintf(Buffer, Format, Args))
FORWARD(CrtSwprintfC, (wchar_t * Buffer, size_t Size, const wchar_t *Format, ...), Format,
        CrtVswprintfC(Buffer, Size, Format, Args))
