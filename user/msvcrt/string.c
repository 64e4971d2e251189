/* string.c - narrow strings; see string.inc. And the texts of error numbers. */
#include "crt.h"

#define CH              char
#define UCH             unsigned char
#define F(narrow, wide) narrow
#define LOWER           tolower
#define UPPER           toupper
#include "string.inc"

/* strcoll and its family: C order. A name of their own, for their prototypes differ in attributes.
 */
int
strcoll(const char *First, const char *Second)
{
    return strcmp(First, Second);
}

int
_strncoll(const char *First, const char *Second, size_t Count)
{
    return strncmp(First, Second, Count);
}

const char *const CrtErrorList[] = {
    "No error",
    "Operation not permitted",
    "No such file or directory",
    "No such process",
    "Interrupted function call",
    "Input/output error",
    "No such device or address",
    "Arg list too long",
    "Exec format error",
    "Bad file descriptor",
    "No child processes",
    "Resource temporarily unavailable",
    "Not enough space",
    "Permission denied",
    "Bad address",
    "Unknown error",
    "Resource device",
    "File exists",
    "Improper link",
    "No such device",
    "Not a directory",
    "Is a directory",
    "Invalid argument",
    "Too many open files in system",
    "Too many open files",
    "Inappropriate I/O control operation",
    "Unknown error",
    "File too large",
    "No space left on device",
    "Invalid seek",
    "Read-only file system",
    "Too many links",
    "Broken pipe",
    "Domain error",
    "Result too large",
    "Unknown error",
    "Resource deadlock avoided",
    "Unknown error",
    "Filename too long",
    "No locks available",
    "Function not implemented",
    "Directory not empty",
    "Illegal byte sequence",
    "Unknown error",
};
const int CrtErrorCount = (int)ARRAYSIZE(CrtErrorList) - 1;

static const char *
ErrorText(int Error)
{
    return CrtErrorList[Error < 0 || Error >= CrtErrorCount ? CrtErrorCount : Error];
}

char *
strerror(int Error)
{
    return strcpy(CrtThread()->ErrorText, ErrorText(Error));
}

static void
Widen(wchar_t *Target, const char *Source)
{
    while ((*Target++ = (unsigned char)*Source++) != 0) {
    }
}

wchar_t *
_wcserror(int Error)
{
    wchar_t *Text = CrtThread()->WideErrorText;

    Widen(Text, ErrorText(Error));
    return Text;
}

char *
_strerror(const char *Prefix)
{
    char *Text = CrtThread()->ErrorText;

    *Text = 0;
    if (Prefix != NULL && *Prefix != 0) {
        strncat(Text, Prefix, 94);
        strcat(Text, ": ");
    }
    strncat(Text, ErrorText(errno), 38);
    return strcat(Text, "\n");
}

errno_t
strerror_s(char *Buffer, size_t Size, int Error)
{
    if (Buffer == NULL || Size == 0) {
        return errno = EINVAL;
    }
    strncpy_s(Buffer, Size, ErrorText(Error), _TRUNCATE);
    return 0;
}

errno_t
_wcserror_s(wchar_t *Buffer, size_t Size, int Error)
{
    wchar_t Text[64];

    if (Buffer == NULL || Size == 0) {
        return errno = EINVAL;
    }
    Widen(Text, ErrorText(Error));
    wcsncpy_s(Buffer, Size, Text, _TRUNCATE);
    return 0;
}

void
perror(const char *Prefix)
{
    const char *Text = ErrorText(errno);

    CrtLockStream(stderr);
    if (Prefix != NULL && *Prefix != 0) {
        fputs(Prefix, stderr);
        fputs(": ", stderr);
    }
    fputs(Text, stderr);
    fputc('\n', stderr);
    CrtUnlockStream(stderr);
}

void
_wperror(const wchar_t *Prefix)
{
    char *Narrow = Prefix != NULL ? CrtNarrow(Prefix) : NULL;

    perror(Narrow);
    free(Narrow);
}
