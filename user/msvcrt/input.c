/* input.c - scanf and its family for narrow text; see input.inc for the engine. */
#include "crt.h"

#define CH         char
#define F_UNSIGNED unsigned char
#define WIDE       0
#define ENGINE     CrtScan
#include "input.inc"

static int
ScanFile(FILE *File, const char *Format, int Secure, va_list Args)
{
    CRT_IN In = {.File = File, .Secure = Secure};
    int Count;

    CrtLockStream(File);
    Count = CrtScan(&In, Format, Args);
    CrtUnlockStream(File);
    return Count;
}

static int
ScanString(const char *Text, size_t Length, const char *Format, int Secure, va_list Args)
{
    CRT_IN In = {.Text = Text, .Secure = Secure};

    if (Text == NULL || Format == NULL) {
        return CrtFail(EINVAL);
    }
    In.TextEnd = Length == (size_t)-1 ? NULL : Text + Length;
    return CrtScan(&In, Format, Args);
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

int __cdecl scanf(const char *Format, ...)
    FORWARD(ScanFile(stdin, Format, 0, Args)) int __cdecl scanf_s(const char *Format, ...) FORWARD(
        ScanFile(stdin, Format, 1, Args)) int __cdecl fscanf(FILE *File, const char *Format, ...)
        FORWARD(ScanFile(File, Format, 0, Args)) int __cdecl fscanf_s(FILE *File,
                                                                      const char *Format, ...)
            FORWARD(ScanFile(File, Format, 1, Args)) int __cdecl sscanf(const char *Text,
                                                                        const char *Format, ...)
                FORWARD(ScanString(Text, (size_t)-1, Format, 0,
                                   Args)) int __cdecl sscanf_s(const char *Text, const char *Format,
                                                               ...)
                    FORWARD(ScanString(Text, (size_t)-1, Format, 1,
                                       Args)) int __cdecl _snscanf(const char *Text, size_t Length,
                                                                   const char *Format, ...)
                        FORWARD(ScanString(Text, Length, Format, 0, Args)) int __cdecl _snscanf_s(
                            const char *Text, size_t Length, const char *Format, ...)
                            FORWARD(ScanString(Text, Length, Format, 1,
                                               Args)) int __cdecl _cscanf(const char *Format, ...)
                                FORWARD(ScanFile(stdin, Format, 0, Args))
