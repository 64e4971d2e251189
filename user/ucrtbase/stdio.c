/*
 * stdio.c - the functions behind the UCRT's inline printf and scanf.
 *
 * Options are those of the public header corecrt_stdio_config.h. Of the printf ones three matter
 * here: how a text that does not fit ends, and what %s is in a wide format. The _p forms
 * (positional) are not there.
 */
#include "ucrt.h"

#define OPTION_LEGACY_TERMINATION 1ull
#define OPTION_STANDARD_SNPRINTF  2ull
#define OPTION_LEGACY_WIDE        4ull
#define OPTION_THREE_DIGITS       0x10ull
#define SCAN_SECURE               1ull

int
__stdio_common_vfprintf(unsigned __int64 Options, FILE *File, const char *Format, _locale_t Locale,
                        va_list Args)
{
    (void)Options, (void)Locale;
    return vfprintf(File, Format, Args);
}

int
__stdio_common_vfwprintf(unsigned __int64 Options, FILE *File, const wchar_t *Format,
                         _locale_t Locale, va_list Args)
{
    CRT_OUT Out = {.File = File, .Iso = (Options & OPTION_LEGACY_WIDE) == 0};
    int Count;

    (void)Locale;
    CrtLockStream(File);
    Count = CrtFormatWide(&Out, Format, Args);
    CrtUnlockStream(File);
    return Count;
}

/* What a text of Count characters returns from a buffer of Size, and whether it ends with a 0. */
static int
Finish(unsigned __int64 Options, int Count, size_t Size, size_t *Zero)
{
    *Zero = (size_t)-1;
    if (Count < 0) {
        if (Size != 0) {
            *Zero = 0;
        }
        return -1;
    }
    if ((size_t)Count < Size) {
        *Zero = (size_t)Count;
        return Count;
    }
    if ((Options & OPTION_STANDARD_SNPRINTF) != 0) {
        *Zero = Size != 0 ? Size - 1 : (size_t)-1;
        return Count;
    }
    if ((Options & OPTION_LEGACY_TERMINATION) != 0) {
        return (size_t)Count == Size ? Count : -1;
    }
    *Zero = Size != 0 ? Size - 1 : (size_t)-1;
    return -1;
}

int
__stdio_common_vsprintf(unsigned __int64 Options, char *Buffer, size_t Size, const char *Format,
                        _locale_t Locale, va_list Args)
{
    CRT_OUT Out = {.Buffer = Buffer, .Size = Buffer != NULL ? Size : 0};
    size_t Zero;
    int Count;

    (void)Locale;
    if (Format == NULL || (Buffer == NULL && Size != 0)) {
        return CrtFail(EINVAL);
    }
    Count = CrtFormat(&Out, Format, Args);
    if (Buffer == NULL) {
        return Count;
    }
    Count = Finish(Options, Count, Size, &Zero);
    if (Zero != (size_t)-1) {
        Buffer[Zero] = 0;
    }
    return Count;
}

int
__stdio_common_vswprintf(unsigned __int64 Options, wchar_t *Buffer, size_t Size,
                         const wchar_t *Format, _locale_t Locale, va_list Args)
{
    CRT_OUT Out = {.Buffer = Buffer,
                   .Size = Buffer != NULL ? Size : 0,
                   .Iso = (Options & OPTION_LEGACY_WIDE) == 0};
    size_t Zero;
    int Count;

    (void)Locale;
    if (Format == NULL || (Buffer == NULL && Size != 0)) {
        return CrtFail(EINVAL);
    }
    Count = CrtFormatWide(&Out, Format, Args);
    if (Buffer == NULL) {
        return Count;
    }
    Count = Finish(Options, Count, Size, &Zero);
    if (Zero != (size_t)-1) {
        Buffer[Zero] = 0;
    }
    return Count;
}

int
__stdio_common_vsprintf_s(unsigned __int64 Options, char *Buffer, size_t Size, const char *Format,
                          _locale_t Locale, va_list Args)
{
    (void)Options, (void)Locale;
    return vsprintf_s(Buffer, Size, Format, Args);
}

int
__stdio_common_vsnprintf_s(unsigned __int64 Options, char *Buffer, size_t Size, size_t Limit,
                           const char *Format, _locale_t Locale, va_list Args)
{
    (void)Options, (void)Locale;
    return _vsnprintf_s(Buffer, Size, Limit, Format, Args);
}

/* The checked wide forms: those of msvcrt, but for what %s means. */
int
__stdio_common_vsnwprintf_s(unsigned __int64 Options, wchar_t *Buffer, size_t Size, size_t Limit,
                            const wchar_t *Format, _locale_t Locale, va_list Args)
{
    size_t Room = Limit < Size ? Limit + 1 : Size;
    CRT_OUT Out = {.Buffer = Buffer, .Size = Room, .Iso = (Options & OPTION_LEGACY_WIDE) == 0};
    int Count;

    (void)Locale;
    if (Format == NULL || Buffer == NULL || Size == 0) {
        return Buffer == NULL && Size == 0 && Limit == 0 && Format != NULL ? 0 : CrtFail(EINVAL);
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
__stdio_common_vswprintf_s(unsigned __int64 Options, wchar_t *Buffer, size_t Size,
                           const wchar_t *Format, _locale_t Locale, va_list Args)
{
    return __stdio_common_vsnwprintf_s(Options, Buffer, Size, (size_t)-2, Format, Locale, Args);
}

int
__stdio_common_vfscanf(unsigned __int64 Options, FILE *File, const char *Format, _locale_t Locale,
                       va_list Args)
{
    CRT_IN In = {.File = File, .Secure = (Options & SCAN_SECURE) != 0};
    int Count;

    (void)Locale;
    CrtLockStream(File);
    Count = CrtScan(&In, Format, Args);
    CrtUnlockStream(File);
    return Count;
}

int
__stdio_common_vfwscanf(unsigned __int64 Options, FILE *File, const wchar_t *Format,
                        _locale_t Locale, va_list Args)
{
    CRT_IN In = {.File = File, .Secure = (Options & SCAN_SECURE) != 0};
    int Count;

    (void)Locale;
    CrtLockStream(File);
    Count = CrtScanWide(&In, Format, Args);
    CrtUnlockStream(File);
    return Count;
}

int
__stdio_common_vsscanf(unsigned __int64 Options, const char *Text, size_t Size, const char *Format,
                       _locale_t Locale, va_list Args)
{
    CRT_IN In = {.Text = Text, .Secure = (Options & SCAN_SECURE) != 0};

    (void)Locale;
    if (Text == NULL || Format == NULL) {
        return CrtFail(EINVAL);
    }
    In.TextEnd = Size == (size_t)-1 ? NULL : Text + Size;
    return CrtScan(&In, Format, Args);
}

int
__stdio_common_vswscanf(unsigned __int64 Options, const wchar_t *Text, size_t Size,
                        const wchar_t *Format, _locale_t Locale, va_list Args)
{
    CRT_IN In = {.Text = Text, .Secure = (Options & SCAN_SECURE) != 0};

    (void)Locale;
    if (Text == NULL || Format == NULL) {
        return CrtFail(EINVAL);
    }
    In.TextEnd = Size == (size_t)-1 ? NULL : Text + Size;
    return CrtScanWide(&In, Format, Args);
}

int
__conio_common_vcprintf(unsigned __int64 Options, const char *Format, _locale_t Locale,
                        va_list Args)
{
    int Count;

    (void)Options, (void)Locale;
    CrtLockStream(stdout);
    Count = vfprintf(stdout, Format, Args);
    CrtFlush(stdout);
    CrtUnlockStream(stdout);
    return Count;
}

size_t
fread_s(void *Buffer, size_t Room, size_t Size, size_t Count, FILE *File)
{
    if (Size != 0 && Count > Room / Size) {
        CrtFail(ERANGE);
        return 0;
    }
    return fread(Buffer, Size, Count, File);
}

/* The C++ library puts its own buffer in the place of these. */
errno_t
_get_stream_buffer_pointers(FILE *File, char ***Base, char ***Pointer, int **Count)
{
    if (File == NULL) {
        return errno = EINVAL;
    }
    if (Base != NULL) {
        *Base = &File->_base;
    }
    if (Pointer != NULL) {
        *Pointer = &File->_ptr;
    }
    if (Count != NULL) {
        *Count = &File->_cnt;
    }
    return 0;
}
