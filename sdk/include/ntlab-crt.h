/*
 * ntlab-crt.h - what a driver's stdio.h and wchar.h declare and mingw-w64's do not.
 *
 * swprintf: the kernel exports the one without a count, C has the one with it; a driver may call either. In C++ the
 * secure routines also take an array and find its size themselves. [MSVC: secure-template-overloads, swprintf]
 */
#ifndef NTLAB_CRT_H
#define NTLAB_CRT_H

#include <stdarg.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif
int __cdecl NtlabFormat(wchar_t *Buffer, const wchar_t *Format, ...) __asm__("_swprintf");
int __cdecl NtlabFormatCounted(wchar_t *Buffer, size_t Count, const wchar_t *Format,
                               va_list Arguments) __asm__("_vsnwprintf");
#ifdef __cplusplus
}
#endif

static __inline__
    __attribute__((__unused__)) int __cdecl NtlabSwprintf(wchar_t *Buffer, size_t Count,
                                                          const wchar_t *Format, ...)
{
    va_list Arguments;
    int Length;

    va_start(Arguments, Format);
    Length = NtlabFormatCounted(Buffer, Count, Format, Arguments);
    va_end(Arguments);
    if (Count != 0 && (Length < 0 || (size_t)Length >= Count)) {
        Buffer[Count - 1] = 0;
        Length = -1;
    }
    return Length;
}

#ifndef __cplusplus
#undef swprintf
#define swprintf(_buffer, _second, ...)                                                            \
    _Generic((_second),                                                                            \
        wchar_t *: NtlabFormat,                                                                    \
        const wchar_t *: NtlabFormat,                                                              \
        default: NtlabSwprintf)(_buffer, _second, ##__VA_ARGS__)
#else
template <typename... T>
inline int
NtlabSwprintfAny(wchar_t *Buffer, const wchar_t *Format, T... Arguments)
{
    return NtlabFormat(Buffer, Format, Arguments...);
}
template <typename... T>
inline int
NtlabSwprintfAny(wchar_t *Buffer, size_t Count, const wchar_t *Format, T... Arguments)
{
    return NtlabSwprintf(Buffer, Count, Format, Arguments...);
}
#undef swprintf
#define swprintf NtlabSwprintfAny
#endif

#endif
