/*
 * woutput.c - wprintf and its family; see output.inc for the engine.
 *
 * swprintf of msvcrt.dll has no size, as the standard's has: clients' headers pass one to other
 * functions.
 */
#include "crt.h"

#define CH     wchar_t
#define WIDE   1
#define ENGINE CrtFormatWide
#include "output.inc"

int
vfwprintf(FILE *File, const wchar_t *Format, va_list Args)
{
    CRT_OUT Out = {.File = File};
    int Count;

    if (Format == NULL) {
        return CrtFail(EINVAL);
    }
    CrtLockStream(File);
    Count = CrtFormatWide(&Out, Format, Args);
    CrtUnlockStream(File);
    return Count;
}

int
vwprintf(const wchar_t *Format, va_list Args)
{
    return vfwprintf(stdout, Format, Args);
}

int
_vsnwprintf(wchar_t *Buffer, size_t Size, const wchar_t *Format, va_list Args)
{
    CRT_OUT Out = {.Buffer = Buffer, .Size = Buffer != NULL ? Size : 0};
    int Count;

    if (Format == NULL) {
        return CrtFail(EINVAL);
    }
    Count = CrtFormatWide(&Out, Format, Args);
    if (Count >= 0 && (size_t)Count < Out.Size) {
        Buffer[Count] = 0;
    }
    return Buffer != NULL && Count >= 0 && (size_t)Count > Size ? -1 : Count;
}

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

int
_vscwprintf(const wchar_t *Format, va_list Args)
{
    return _vsnwprintf(NULL, 0, Format, Args);
}

int
_vsnwprintf_s(wchar_t *Buffer, size_t Size, size_t Limit, const wchar_t *Format, va_list Args)
{
    size_t Room = Limit < Size ? Limit + 1 : Size;
    CRT_OUT Out = {.Buffer = Buffer, .Size = Room};
    int Count;

    if (Format == NULL || (Buffer == NULL && (Size != 0 || Limit != 0))) {
        return CrtFail(EINVAL);
    }
    if (Buffer == NULL) {
        return 0;
    }
    if (Size == 0) {
        return CrtFail(EINVAL);
    }
    Count = CrtFormatWide(&Out, Format, Args);
    if (Count >= 0 && (size_t)Count < Room) {
        Buffer[Count] = 0;
        return Count;
    }
    if (Count >= 0 && (Limit == _TRUNCATE || Limit < Size)) {
        Buffer[Room - 1] = 0;
        return -1;
    }
    Buffer[0] = 0;
    return Count < 0 ? -1 : CrtFail(ERANGE);
}

int
vswprintf_s(wchar_t *Buffer, size_t Size, const wchar_t *Format, va_list Args)
{
    if (Buffer == NULL || Size == 0) {
        return CrtFail(EINVAL);
    }
    return _vsnwprintf_s(Buffer, Size, (size_t)-2, Format, Args);
}

#define FORWARD(call)                                                                              \
    {                                                                                              \
        va_list Args;                                                                              \
        int Count;                                                                                 \
                                                                                                   \
        va_start(Args, Format);                                                                    \
        Count = call;                                                                              \
        va_end(Args);                                                                              \
        return Count;                                                                              \
    }

int
wprintf(const wchar_t *Format,
        ...) FORWARD(vfwprintf(stdout, Format, Args)) int fwprintf(FILE *File,
                                                                   const wchar_t *Format, ...)
    FORWARD(vfwprintf(File, Format, Args)) int CrtSwprintf(wchar_t *Buffer, const wchar_t *Format,
                                                           ...)
        FORWARD(CrtVswprintf(Buffer, Format, Args)) int CrtSwprintfC(wchar_t *Buffer, size_t Size,
                                                                     const wchar_t *Format, ...)
            FORWARD(CrtVswprintfC(Buffer, Size, Format,
                                  Args)) int _snwprintf(wchar_t *Buffer, size_t Size,
                                                        const wchar_t *Format, ...)
                FORWARD(_vsnwprintf(Buffer, Size, Format,
                                    Args)) int _scwprintf(const wchar_t *Format, ...)
                    FORWARD(_vscwprintf(Format, Args)) int swprintf_s(wchar_t *Buffer, size_t Size,
                                                                      const wchar_t *Format, ...)
                        FORWARD(vswprintf_s(Buffer, Size, Format, Args)) int _snwprintf_s(
                            wchar_t *Buffer, size_t Size, size_t Limit, const wchar_t *Format, ...)
                            FORWARD(_vsnwprintf_s(Buffer, Size, Limit, Format,
                                                  Args)) int _cwprintf(const wchar_t *Format, ...)
                                FORWARD(vfwprintf(stdout, Format, Args))

                                    int _vsnwprintf_l(wchar_t *Buffer, size_t Size,
                                                      const wchar_t *Format, _locale_t Locale,
                                                      va_list Args)
{
    (void)Locale;
    return _vsnwprintf(Buffer, Size, Format, Args);
}

int
_vswprintf_s_l(wchar_t *Buffer, size_t Size, const wchar_t *Format, _locale_t Locale, va_list Args)
{
    (void)Locale;
    return vswprintf_s(Buffer, Size, Format, Args);
}

int
_vfwprintf_l(FILE *File, const wchar_t *Format, _locale_t Locale, va_list Args)
{
    (void)Locale;
    return vfwprintf(File, Format, Args);
}

int
_vscwprintf_l(const wchar_t *Format, _locale_t Locale, va_list Args)
{
    (void)Locale;
    return _vscwprintf(Format, Args);
}
