/* winput.c - wscanf and its family; see input.inc for the engine. */
#include "crt.h"

#define CH         wchar_t
#define F_UNSIGNED wchar_t
#define WIDE       1
#define ENGINE     CrtScanWide
#include "input.inc"

static int
ScanFile(FILE *File, const wchar_t *Format, int Secure, va_list Args)
{
    CRT_IN In = {.File = File, .Secure = Secure};
    int Count;

    CrtLockStream(File);
    Count = CrtScanWide(&In, Format, Args);
    CrtUnlockStream(File);
    return Count;
}

static int
ScanString(const wchar_t *Text, size_t Length, const wchar_t *Format, int Secure, va_list Args)
{
    CRT_IN In = {.Text = Text, .Secure = Secure};

    if (Text == NULL || Format == NULL) {
        return CrtFail(EINVAL);
    }
    In.TextEnd = Length == (size_t)-1 ? NULL : Text + Length;
    return CrtScanWide(&In, Format, Args);
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
wscanf(const wchar_t *Format,
       ...) FORWARD(ScanFile(stdin, Format, 0, Args)) int wscanf_s(const wchar_t *Format, ...)
    FORWARD(ScanFile(stdin, Format, 1, Args)) int fwscanf(FILE *File, const wchar_t *Format, ...)
        FORWARD(ScanFile(File, Format, 0, Args)) int fwscanf_s(FILE *File, const wchar_t *Format,
                                                               ...)
            FORWARD(ScanFile(File, Format, 1, Args)) int swscanf(const wchar_t *Text,
                                                                 const wchar_t *Format, ...)
                FORWARD(ScanString(Text, (size_t)-1, Format, 0,
                                   Args)) int swscanf_s(const wchar_t *Text, const wchar_t *Format,
                                                        ...)
                    FORWARD(ScanString(Text, (size_t)-1, Format, 1,
                                       Args)) int _snwscanf(const wchar_t *Text, size_t Length,
                                                            const wchar_t *Format, ...)
                        FORWARD(ScanString(Text, Length, Format, 0, Args)) int _snwscanf_s(
                            const wchar_t *Text, size_t Length, const wchar_t *Format, ...)
                            FORWARD(ScanString(Text, Length, Format, 1, Args))
