/* wstring.c - wide strings; see string.inc. */
#include "crt.h"

#define CH              wchar_t
#define UCH             wchar_t
#define F(narrow, wide) wide
#define LOWER           towlower
#define UPPER           towupper
#include "string.inc"

int
wcscoll(const wchar_t *First, const wchar_t *Second)
{
    return wcscmp(First, Second);
}

int
_wcsncoll(const wchar_t *First, const wchar_t *Second, size_t Count)
{
    return wcsncmp(First, Second, Count);
}
