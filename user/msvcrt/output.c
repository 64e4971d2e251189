/*
 * output.c - printf and its family for narrow text; see output.inc for the engine.
 *
 * What they return when the buffer is too small: _snprintf -1, without an ending 0; the _s forms
 * an empty buffer and -1 (ERANGE), or with _TRUNCATE what fits and -1.
 */
#include "crt.h"
#include "crtdata.h"

#define CH     char
#define WIDE   0
#define ENGINE CrtFormat
#include "output.inc"

int
vfprintf(FILE *File, const char *Format, va_list Args)
{
    CRT_OUT Out = {.File = File};
    int Count;

    if (Format == NULL) {
        return CrtFail(EINVAL);
    }
    CrtLockStream(File);
    Count = CrtFormat(&Out, Format, Args);
    CrtUnlockStream(File);
    return Count;
}

int
vprintf(const char *Format, va_list Args)
{
    return vfprintf(stdout, Format, Args);
}

int
_vsnprintf(char *Buffer, size_t Size, const char *Format, va_list Args)
{
    CRT_OUT Out = {.Buffer = Buffer, .Size = Buffer != NULL ? Size : 0};
    int Count;

    if (Format == NULL) {
        return CrtFail(EINVAL);
    }
    Count = CrtFormat(&Out, Format, Args);
    if (Count >= 0 && (size_t)Count < Out.Size) {
        Buffer[Count] = 0;
    }
    return Buffer != NULL && Count >= 0 && (size_t)Count > Size ? -1 : Count;
}

int
vsprintf(char *Buffer, const char *Format, va_list Args)
{
    return _vsnprintf(Buffer, (size_t)INT_MAX + 1, Format, Args);
}

int
_vscprintf(const char *Format, va_list Args)
{
    return _vsnprintf(NULL, 0, Format, Args);
}

int
_vsnprintf_s(char *Buffer, size_t Size, size_t Limit, const char *Format, va_list Args)
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
    Count = CrtFormat(&Out, Format, Args);
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
vsprintf_s(char *Buffer, size_t Size, const char *Format, va_list Args)
{
    if (Buffer == NULL || Size == 0) {
        return CrtFail(EINVAL);
    }
    return _vsnprintf_s(Buffer, Size, (size_t)-2, Format, Args);
}

/* The forms with "..." of the above. */
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
printf(const char *Format,
       ...) FORWARD(vfprintf(stdout, Format, Args)) int fprintf(FILE *File, const char *Format, ...)
    FORWARD(vfprintf(File, Format, Args)) int sprintf(char *Buffer, const char *Format, ...)
        FORWARD(vsprintf(Buffer, Format, Args)) int _snprintf(char *Buffer, size_t Size,
                                                              const char *Format, ...)
            FORWARD(_vsnprintf(Buffer, Size, Format, Args)) int _scprintf(const char *Format, ...)
                FORWARD(_vscprintf(Format, Args)) int sprintf_s(char *Buffer, size_t Size,
                                                                const char *Format, ...)
                    FORWARD(vsprintf_s(Buffer, Size, Format,
                                       Args)) int _snprintf_s(char *Buffer, size_t Size,
                                                              size_t Limit, const char *Format, ...)
                        FORWARD(_vsnprintf_s(Buffer, Size, Limit, Format,
                                             Args)) int _cprintf(const char *Format, ...)
                            FORWARD(vfprintf(stdout, Format, Args))

    /* With a locale argument, which says nothing here: there is one locale. */
    int _vprintf_l(const char *Format, _locale_t Locale, va_list Args)
{
    (void)Locale;
    return vfprintf(stdout, Format, Args);
}

int
_vfprintf_l(FILE *File, const char *Format, _locale_t Locale, va_list Args)
{
    (void)Locale;
    return vfprintf(File, Format, Args);
}

int
_vsprintf_l(char *Buffer, const char *Format, _locale_t Locale, va_list Args)
{
    (void)Locale;
    return vsprintf(Buffer, Format, Args);
}

int
_vsnprintf_l(char *Buffer, size_t Size, const char *Format, _locale_t Locale, va_list Args)
{
    (void)Locale;
    return _vsnprintf(Buffer, Size, Format, Args);
}

int
_vsprintf_s_l(char *Buffer, size_t Size, const char *Format, _locale_t Locale, va_list Args)
{
    (void)Locale;
    return vsprintf_s(Buffer, Size, Format, Args);
}

int
_vsnprintf_s_l(char *Buffer, size_t Size, size_t Limit, const char *Format, _locale_t Locale,
               va_list Args)
{
    (void)Locale;
    return _vsnprintf_s(Buffer, Size, Limit, Format, Args);
}

int
_vscprintf_l(const char *Format, _locale_t Locale, va_list Args)
{
    (void)Locale;
    return _vscprintf(Format, Args);
}

#define FORWARD_L(call)                                                                            \
    {                                                                                              \
        va_list Args;                                                                              \
        int Count;                                                                                 \
                                                                                                   \
        va_start(Args, Locale);                                                                    \
        Count = call;                                                                              \
        va_end(Args);                                                                              \
        return Count;                                                                              \
    }

int
_printf_l(const char *Format, _locale_t Locale, ...)
    FORWARD_L(vfprintf(stdout, Format, Args)) int _fprintf_l(FILE *File, const char *Format,
                                                             _locale_t Locale, ...)
        FORWARD_L(vfprintf(File, Format, Args)) int _sprintf_l(char *Buffer, const char *Format,
                                                               _locale_t Locale, ...)
            FORWARD_L(vsprintf(Buffer, Format, Args)) int _snprintf_l(char *Buffer, size_t Size,
                                                                      const char *Format,
                                                                      _locale_t Locale, ...)
                FORWARD_L(_vsnprintf(Buffer, Size, Format, Args)) int _sprintf_s_l(
                    char *Buffer, size_t Size, const char *Format, _locale_t Locale, ...)
                    FORWARD_L(vsprintf_s(Buffer, Size, Format,
                                         Args)) int _scprintf_l(const char *Format,
                                                                _locale_t Locale, ...)
                        FORWARD_L(_vscprintf(Format, Args))

    /* Documented since Windows Vista: two digits of exponent where they are enough. */
    unsigned int _set_output_format(unsigned int Format)
{
    unsigned int Previous = CrtThreeDigits ? 0 : _TWO_DIGIT_EXPONENT;

    if (Format != 0 && Format != _TWO_DIGIT_EXPONENT) {
        CrtFail(EINVAL);
        return Previous;
    }
    CrtThreeDigits = Format == 0;
    return Previous;
}

unsigned int
_get_output_format(void)
{
    return CrtThreeDigits ? 0 : _TWO_DIGIT_EXPONENT;
}
