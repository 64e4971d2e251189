/*
 * ntstrsafe.h - safe strings for drivers, inline: mingw-w64's lacks half of them. Nothing is written behind the size that
 * is given, and what is written ends with a null. [DDI: ntstrsafe.h]
 */
#ifndef _NTSTRSAFE_H_INCLUDED_
#define _NTSTRSAFE_H_INCLUDED_

#include <ntdef.h>
#include <ntstatus.h>
#include <stdarg.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NTSTRSAFE_MAX_CCH                2147483647
#define NTSTRSAFE_MAX_LENGTH             (NTSTRSAFE_MAX_CCH - 1)
#define NTSTRSAFE_UNICODE_STRING_MAX_CCH (0xffff / sizeof(wchar_t))
#define STRSAFE_IGNORE_NULLS             0x00000100
#define STRSAFE_FILL_BEHIND_NULL         0x00000200
#define STRSAFE_FILL_ON_FAILURE          0x00000400
#define STRSAFE_NULL_ON_FAILURE          0x00000800
#define STRSAFE_NO_TRUNCATION            0x00001000
#define STRSAFE_FILL_BEHIND              0x00000200
#define STRSAFE_ZERO_LENGTH_ON_FAILURE   0x00000800
#define STRSAFE_VALID_FLAGS              0x00001FFF
#define STRSAFE_FILL_BYTE(x)             ((ULONG)(((x) & 0xFF) | STRSAFE_FILL_BEHIND_NULL))
#define STRSAFE_FAILURE_BYTE(x)          ((ULONG)(((x) & 0xFF) | STRSAFE_FILL_ON_FAILURE))

typedef char *NTSTRSAFE_PSTR;
typedef const char *NTSTRSAFE_PCSTR;
typedef wchar_t *NTSTRSAFE_PWSTR;
typedef const wchar_t *NTSTRSAFE_PCWSTR;
typedef const wchar_t *NTSTRSAFE_PCUWSTR;

int __cdecl _vsnprintf(char *, size_t, const char *, va_list);
int __cdecl _vsnwprintf(wchar_t *, size_t, const wchar_t *, va_list);

#define NTLAB_T       char
#define NTLAB_N(Name) Name##A
#define NTLAB_VPRINTF _vsnprintf
#include "ntlab-strsafe.inl"
#undef NTLAB_T
#undef NTLAB_N
#undef NTLAB_VPRINTF
#define NTLAB_T       wchar_t
#define NTLAB_N(Name) Name##W
#define NTLAB_VPRINTF _vsnwprintf
#include "ntlab-strsafe.inl"
#undef NTLAB_T
#undef NTLAB_N
#undef NTLAB_VPRINTF

#define RtlUnalignedStringCchLengthW RtlStringCchLengthW
#define RtlUnalignedStringCbLengthW  RtlStringCbLengthW

/* ---- with counted strings ---- */

static __inline NTSTATUS
RtlUnicodeStringValidateEx(PCUNICODE_STRING String, ULONG Flags)
{
    if (String == NULL) {
        return (Flags & STRSAFE_IGNORE_NULLS) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    }
    return String->Length % sizeof(WCHAR) != 0 || String->MaximumLength % sizeof(WCHAR) != 0 ||
                   String->Length > String->MaximumLength ||
                   (String->Buffer == NULL && (String->Length != 0 || String->MaximumLength != 0))
               ? STATUS_INVALID_PARAMETER
               : STATUS_SUCCESS;
}

static __inline NTSTATUS
RtlUnicodeStringValidate(PCUNICODE_STRING String)
{
    return RtlUnicodeStringValidateEx(String, 0);
}

static __inline NTSTATUS
RtlUnicodeStringInitEx(PUNICODE_STRING Destination, PCWSTR Source, ULONG Flags)
{
    size_t Length = 0;

    if (Source != NULL) {
        Length = NtlabLengthW(Source, NTSTRSAFE_UNICODE_STRING_MAX_CCH);
        if (Length == NTSTRSAFE_UNICODE_STRING_MAX_CCH) {
            return STATUS_INVALID_PARAMETER;
        }
    } else if (Destination == NULL && !(Flags & STRSAFE_IGNORE_NULLS)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Destination != NULL) {
        Destination->Length = (USHORT)(Length * sizeof(WCHAR));
        Destination->MaximumLength = Source != NULL ? (USHORT)((Length + 1) * sizeof(WCHAR)) : 0;
        Destination->Buffer = (PWSTR)Source;
    }
    return STATUS_SUCCESS;
}

static __inline NTSTATUS
RtlUnicodeStringInit(PUNICODE_STRING Destination, PCWSTR Source)
{
    return RtlUnicodeStringInitEx(Destination, Source, 0);
}

/* Count characters behind the first Start ones of a counted string; what does not fit is STATUS_BUFFER_OVERFLOW. */
static __inline NTSTATUS
NtlabUnicodeAppend(PUNICODE_STRING Destination, size_t Start, PCWSTR Source, size_t Count)
{
    NTSTATUS Status = RtlUnicodeStringValidate(Destination);
    size_t Room;

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Room = Destination->MaximumLength / sizeof(WCHAR) - Start;
    if (Count > Room) {
        Count = Room;
        Status = STATUS_BUFFER_OVERFLOW;
    }
    memmove(Destination->Buffer + Start, Source, Count * sizeof(WCHAR));
    Destination->Length = (USHORT)((Start + Count) * sizeof(WCHAR));
    return Status;
}

#define NTLAB_CHARS(String) ((String)->Length / sizeof(WCHAR))
static __inline NTSTATUS
RtlUnicodeStringCopyString(PUNICODE_STRING Destination, PCWSTR Source)
{
    return NtlabUnicodeAppend(Destination, 0, Source, NtlabLengthW(Source, NTSTRSAFE_MAX_CCH));
}
static __inline NTSTATUS
RtlUnicodeStringCopy(PUNICODE_STRING Destination, PCUNICODE_STRING Source)
{
    return NtlabUnicodeAppend(Destination, 0, Source->Buffer, NTLAB_CHARS(Source));
}
static __inline NTSTATUS
RtlUnicodeStringCatString(PUNICODE_STRING Destination, PCWSTR Source)
{
    return NtlabUnicodeAppend(Destination, NTLAB_CHARS(Destination), Source,
                              NtlabLengthW(Source, NTSTRSAFE_MAX_CCH));
}
static __inline NTSTATUS
RtlUnicodeStringCat(PUNICODE_STRING Destination, PCUNICODE_STRING Source)
{
    return NtlabUnicodeAppend(Destination, NTLAB_CHARS(Destination), Source->Buffer,
                              NTLAB_CHARS(Source));
}
#define NTLAB_COUNTED(C, Unit)                                                                     \
    static __inline NTSTATUS RtlUnicodeString##C##CopyStringN(PUNICODE_STRING Destination,         \
                                                              PCWSTR Source, size_t Count)         \
    {                                                                                              \
        return NtlabUnicodeAppend(Destination, 0, Source, NtlabLengthW(Source, Count / (Unit)));   \
    }                                                                                              \
    static __inline NTSTATUS RtlUnicodeString##C##CatStringN(PUNICODE_STRING Destination,          \
                                                             PCWSTR Source, size_t Count)          \
    {                                                                                              \
        return NtlabUnicodeAppend(Destination, NTLAB_CHARS(Destination), Source,                   \
                                  NtlabLengthW(Source, Count / (Unit)));                           \
    }                                                                                              \
    static __inline NTSTATUS RtlUnicodeString##C##CopyN(PUNICODE_STRING Destination,               \
                                                        PCUNICODE_STRING Source, size_t Count)     \
    {                                                                                              \
        size_t All = NTLAB_CHARS(Source);                                                          \
        return NtlabUnicodeAppend(Destination, 0, Source->Buffer,                                  \
                                  Count / (Unit) < All ? Count / (Unit) : All);                    \
    }                                                                                              \
    static __inline NTSTATUS RtlUnicodeString##C##CatN(PUNICODE_STRING Destination,                \
                                                       PCUNICODE_STRING Source, size_t Count)      \
    {                                                                                              \
        size_t All = NTLAB_CHARS(Source);                                                          \
        return NtlabUnicodeAppend(Destination, NTLAB_CHARS(Destination), Source->Buffer,           \
                                  Count / (Unit) < All ? Count / (Unit) : All);                    \
    }                                                                                              \
    static __inline NTSTATUS RtlString##C##CopyUnicodeString(PWSTR Destination, size_t Size,       \
                                                             PCUNICODE_STRING Source)              \
    {                                                                                              \
        size_t Room = Size / (Unit), Count = NTLAB_CHARS(Source);                                  \
        NTSTATUS Status = STATUS_SUCCESS;                                                          \
        if (Room == 0 || Room > NTSTRSAFE_MAX_CCH) {                                               \
            return STATUS_INVALID_PARAMETER;                                                       \
        }                                                                                          \
        if (Count > Room - 1) {                                                                    \
            Count = Room - 1;                                                                      \
            Status = STATUS_BUFFER_OVERFLOW;                                                       \
        }                                                                                          \
        memmove(Destination, Source->Buffer, Count * sizeof(WCHAR));                               \
        Destination[Count] = 0;                                                                    \
        return Status;                                                                             \
    }
NTLAB_COUNTED(Cch, 1)
NTLAB_COUNTED(Cb, sizeof(WCHAR))
#undef NTLAB_COUNTED
#undef NTLAB_CHARS

static __inline NTSTATUS
RtlUnicodeStringVPrintf(PUNICODE_STRING Destination, PCWSTR Format, va_list Arguments)
{
    NTSTATUS Status = RtlUnicodeStringValidate(Destination);
    size_t Room;
    int Length;

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Room = Destination->MaximumLength / sizeof(WCHAR);
    Length = _vsnwprintf(Destination->Buffer, Room, Format, Arguments);
    if (Length < 0 || (size_t)Length > Room) {
        Status = STATUS_BUFFER_OVERFLOW;
        Length = (int)Room;
    }
    Destination->Length = (USHORT)(Length * sizeof(WCHAR));
    return Status;
}

static __inline NTSTATUS
RtlUnicodeStringPrintf(PUNICODE_STRING Destination, PCWSTR Format, ...)
{
    va_list Arguments;
    NTSTATUS Status;

    va_start(Arguments, Format);
    Status = RtlUnicodeStringVPrintf(Destination, Format, Arguments);
    va_end(Arguments);
    return Status;
}

#ifdef __cplusplus
}
#endif

#endif
