/* output.c - printf and its family for narrow text: output.inc is the engine, printf.inc what both widths have. */
#include "crt.h"
#include "crtdata.h"

#define CH                 char
#define WIDE               0
#define NAME(narrow, wide) narrow
#include "output.inc"
#include "printf.inc"

int
vsprintf(char *Buffer, const char *Format, va_list Args)
{
    return _vsnprintf(Buffer, (size_t)INT_MAX + 1, Format, Args);
}

FORWARD(sprintf, (char *Buffer, const char *Format, ...), Format, vsprintf(Buffer, Format, Args))

/* With a locale argument. */
int
_vprintf_l(const char *Format, _locale_t Locale, va_list Args)
{
    (void)Locale;
    return vfprintf(stdout, Format, Args);
}

int
_vsprintf_l(char *Buffer, const char *Format, _locale_t Locale, va_list Args)
{
    (void)Locale;
    return vsprintf(Buffer, Format, Args);
}

int
_vsnprintf_s_l(char *Buffer, size_t Size, size_t Limit, const char *Format, _locale_t Locale,
               va_list Args)
{
    (void)Locale;
    return _vsnprintf_s(Buffer, Size, Limit, Format, Args);
}

FORWARD(_printf_l, (const char *Format, _locale_t Locale, ...), Locale,
        vfprintf(stdout, Format, Args))
FORWARD(_fprintf_l, (FILE * File, const char *Format, _locale_t Locale, ...), Locale,
        vfprintf(File, Format, Args))
FORWARD(_sprintf_l, (char *Buffer, const char *Format, _locale_t Locale, ...), Locale,
        vsprintf(Buffer, Format, Args))
FORWARD(_snprintf_l, (char *Buffer, size_t Size, const char *Format, _locale_t Locale, ...), Locale,
        _vsnprintf(Buffer, Size, Format, Args))
FORWARD(_sprintf_s_l, (char *Buffer, size_t Size, const char *Format, _locale_t Locale, ...),
        Locale, vsprintf_s(Buffer, Size, Format, Args))
FORWARD(_scprintf_l, (const char *Format, _locale_t Locale, ...), Locale, _vscprintf(Format, Args))

/* Documented since Windows Vista: two digits of exponent where they are enough. */
unsigned int
_set_output_format(unsigned int Format)
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
