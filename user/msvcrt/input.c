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

int
scanf(const char *Format,
      ...) FORWARD(ScanFile(stdin, Format, 0, Args)) int scanf_s(const char *Format, ...)
    FORWARD(ScanFile(stdin, Format, 1, Args)) int fscanf(FILE *File, const char *Format, ...)
        FORWARD(ScanFile(File, Format, 0, Args)) int fscanf_s(FILE *File, const char *Format, ...)
            FORWARD(ScanFile(File, Format, 1, Args)) int sscanf(const char *Text,
                                                                const char *Format, ...)
                FORWARD(ScanString(Text, (size_t)-1, Format, 0,
                                   Args)) int sscanf_s(const char *Text, const char *Format, ...)
                    FORWARD(ScanString(Text, (size_t)-1, Format, 1,
                                       Args)) int _snscanf(const char *Text, size_t Length,
                                                           const char *Format, ...)
                        FORWARD(ScanString(Text, Length, Format, 0,
                                           Args)) int _snscanf_s(const char *Text, size_t Length,
                                                                 const char *Format, ...)
                            FORWARD(ScanString(Text, Length, Format, 1,
                                               Args)) int _cscanf(const char *Format, ...)
                                FORWARD(ScanFile(stdin, Format, 0, Args))
