/*
 * ntlab-user.h - included before every source of a client by sdk's toolchain file: annotations and short names of
 * structured exceptions that mingw-w64's headers lack.
 */
#ifndef NTLAB_USER_H
#define NTLAB_USER_H
#ifndef __ASSEMBLER__
/* In a wide format %s is wide, as sources written for MSVC expect: the C library's routines, not mingw-w64's own. */
#if defined(__cplusplus) && __has_include(<bits/c++config.h>)
#include <bits/c++config.h>
#endif
#undef __USE_MINGW_ANSI_STDIO
#define __USE_MINGW_ANSI_STDIO 0
#include <sal.h>
#include <specstrings.h>
#include "../ntlab-sal.h"

/* In C++, the secure routines know an array's size themselves. mingw-w64 has these for few. */
#ifdef __cplusplus
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define NTLAB_SIZED_COPY(Name, Char)                                                               \
    template <size_t Size> inline errno_t Name(Char(&To)[Size], const Char *From)                  \
    {                                                                                              \
        return Name(To, Size, From);                                                               \
    }
#define NTLAB_SIZED_COUNTED(Name, Char)                                                            \
    template <size_t Size> inline errno_t Name(Char(&To)[Size], const Char *From, size_t Count)    \
    {                                                                                              \
        return Name(To, Size, From, Count);                                                        \
    }
#define NTLAB_SIZED_CASE(Name, Char)                                                               \
    template <size_t Size> inline errno_t Name(Char(&String)[Size])                                \
    {                                                                                              \
        return Name(String, Size);                                                                 \
    }
#define NTLAB_SIZED_PRINT(Name, WithList, Char)                                                    \
    template <size_t Size> inline int Name(Char(&To)[Size], const Char *Format, ...)               \
    {                                                                                              \
        va_list List;                                                                              \
        va_start(List, Format);                                                                    \
        int Written = WithList(To, Size, Format, List);                                            \
        va_end(List);                                                                              \
        return Written;                                                                            \
    }                                                                                              \
    template <size_t Size> inline int WithList(Char(&To)[Size], const Char *Format, va_list List)  \
    {                                                                                              \
        return WithList(To, Size, Format, List);                                                   \
    }
#define NTLAB_SIZED_COUNTED_PRINT(Name, WithList, Char)                                            \
    template <size_t Size> inline int Name(Char(&To)[Size], size_t Count, const Char *Format, ...) \
    {                                                                                              \
        va_list List;                                                                              \
        va_start(List, Format);                                                                    \
        int Written = WithList(To, Size, Count, Format, List);                                     \
        va_end(List);                                                                              \
        return Written;                                                                            \
    }
extern "C++" {
NTLAB_SIZED_COPY(strcpy_s, char)
NTLAB_SIZED_COPY(strcat_s, char)
NTLAB_SIZED_COPY(wcscpy_s, wchar_t)
NTLAB_SIZED_COPY(wcscat_s, wchar_t)
NTLAB_SIZED_COUNTED(strncpy_s, char)
NTLAB_SIZED_COUNTED(strncat_s, char)
NTLAB_SIZED_COUNTED(wcsncpy_s, wchar_t)
NTLAB_SIZED_COUNTED(wcsncat_s, wchar_t)
NTLAB_SIZED_CASE(_strlwr_s, char)
NTLAB_SIZED_CASE(_strupr_s, char)
NTLAB_SIZED_CASE(_wcslwr_s, wchar_t)
NTLAB_SIZED_CASE(_wcsupr_s, wchar_t)
NTLAB_SIZED_PRINT(sprintf_s, vsprintf_s, char)
NTLAB_SIZED_PRINT(swprintf_s, vswprintf_s, wchar_t)
NTLAB_SIZED_COUNTED_PRINT(_snprintf_s, _vsnprintf_s, char)
NTLAB_SIZED_COUNTED_PRINT(_snwprintf_s, _vsnwprintf_s, wchar_t)
}
#endif
#endif
#endif
