/*
 * convert.c - counted strings from one character set to another.
 *
 * One shape for all: the size of the result with its terminator; then either a buffer of that size
 * is allocated, or the caller's must hold it. The "counted" forms neither terminate nor ask for
 * room.
 *
 * Source: Microsoft Learn: RtlAnsiStringToUnicodeString, RtlUnicodeStringToAnsiString and relatives
 * (wdm.h, ntifs.h).
 */
#include "nt/rtl/rtlp.h"

typedef NTSTATUS(NTAPI RTLP_TO_UNICODE)(PWCH, ULONG, PULONG, PCCH, ULONG);
typedef NTSTATUS(NTAPI RTLP_FROM_UNICODE)(PCHAR, ULONG, PULONG, PCWCH, ULONG);

static NTSTATUS
RtlpStringToUnicode(PUNICODE_STRING Target, const STRING *Source, BOOLEAN Allocate,
                    BOOLEAN Terminate, ULONG Length, RTLP_TO_UNICODE *Convert)
{
    ULONG Size = Length + (Terminate ? sizeof(WCHAR) : 0);
    PWSTR Buffer = Target->Buffer;
    NTSTATUS Status;

    if (Size > 0xFFFE) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if (Allocate) {
        Buffer = RtlpAllocate(Size != 0 ? Size : sizeof(WCHAR));
        if (Buffer == NULL) {
            return STATUS_NO_MEMORY;
        }
    } else if (Size > Target->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    Status = Convert(Buffer, Length, &Length, Source->Buffer, Source->Length);
    if (!NT_SUCCESS(Status)) {
        if (Allocate) {
            RtlpFree(Buffer);
        }
        return Status;
    }
    if (Terminate) {
        Buffer[Length / sizeof(WCHAR)] = 0;
    }
    Target->Buffer = Buffer;
    Target->Length = (USHORT)Length;
    if (Allocate) {
        Target->MaximumLength = (USHORT)Size;
    }
    return Status;
}

/* A caller's buffer that is too small gets what fits. */
static NTSTATUS
RtlpStringFromUnicode(PSTRING Target, PCUNICODE_STRING Source, BOOLEAN Allocate, BOOLEAN Terminate,
                      ULONG Length, RTLP_FROM_UNICODE *Convert)
{
    ULONG Size = Length + (Terminate ? 1 : 0);
    NTSTATUS Status = STATUS_SUCCESS;
    PCHAR Buffer = Target->Buffer;

    if (Size > 0xFFFF) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if (Allocate) {
        Buffer = RtlpAllocate(Size != 0 ? Size : 1);
        if (Buffer == NULL) {
            return STATUS_NO_MEMORY;
        }
    } else if (Size > Target->MaximumLength) {
        if (!Terminate || Target->MaximumLength == 0) {
            return STATUS_BUFFER_OVERFLOW;
        }
        Status = STATUS_BUFFER_OVERFLOW;
        Length = Target->MaximumLength - 1;
    }
    Convert(Buffer, Length, &Length, Source->Buffer, Source->Length);
    if (Terminate) {
        Buffer[Length] = 0;
    }
    Target->Buffer = Buffer;
    Target->Length = (USHORT)Length;
    if (Allocate) {
        Target->MaximumLength = (USHORT)Size;
    }
    return Status;
}

NTSTATUS NTAPI
RtlAnsiStringToUnicodeString(PUNICODE_STRING DestinationString, PCANSI_STRING SourceString,
                             BOOLEAN AllocateDestinationString)
{
    return RtlpStringToUnicode(DestinationString, SourceString, AllocateDestinationString, TRUE,
                               SourceString->Length * sizeof(WCHAR), RtlMultiByteToUnicodeN);
}

NTSTATUS NTAPI
RtlOemStringToUnicodeString(PUNICODE_STRING DestinationString, PCOEM_STRING SourceString,
                            BOOLEAN AllocateDestinationString)
{
    return RtlpStringToUnicode(DestinationString, SourceString, AllocateDestinationString, TRUE,
                               SourceString->Length * sizeof(WCHAR), RtlOemToUnicodeN);
}

NTSTATUS NTAPI
RtlOemStringToCountedUnicodeString(PUNICODE_STRING DestinationString, PCOEM_STRING SourceString,
                                   BOOLEAN AllocateDestinationString)
{
    if (SourceString->Length == 0) {
        memset(DestinationString, 0, sizeof(*DestinationString));
        return STATUS_SUCCESS;
    }
    return RtlpStringToUnicode(DestinationString, SourceString, AllocateDestinationString, FALSE,
                               SourceString->Length * sizeof(WCHAR), RtlOemToUnicodeN);
}

NTSTATUS NTAPI
RtlUnicodeStringToAnsiString(PANSI_STRING DestinationString, PCUNICODE_STRING SourceString,
                             BOOLEAN AllocateDestinationString)
{
    return RtlpStringFromUnicode(DestinationString, SourceString, AllocateDestinationString, TRUE,
                                 SourceString->Length / sizeof(WCHAR), RtlUnicodeToMultiByteN);
}

NTSTATUS NTAPI
RtlUpcaseUnicodeStringToAnsiString(PANSI_STRING DestinationString, PCUNICODE_STRING SourceString,
                                   BOOLEAN AllocateDestinationString)
{
    return RtlpStringFromUnicode(DestinationString, SourceString, AllocateDestinationString, TRUE,
                                 SourceString->Length / sizeof(WCHAR),
                                 RtlUpcaseUnicodeToMultiByteN);
}

NTSTATUS NTAPI
RtlUnicodeStringToOemString(POEM_STRING DestinationString, PCUNICODE_STRING SourceString,
                            BOOLEAN AllocateDestinationString)
{
    return RtlpStringFromUnicode(DestinationString, SourceString, AllocateDestinationString, TRUE,
                                 SourceString->Length / sizeof(WCHAR), RtlUnicodeToOemN);
}

NTSTATUS NTAPI
RtlUpcaseUnicodeStringToOemString(POEM_STRING DestinationString, PCUNICODE_STRING SourceString,
                                  BOOLEAN AllocateDestinationString)
{
    return RtlpStringFromUnicode(DestinationString, SourceString, AllocateDestinationString, TRUE,
                                 SourceString->Length / sizeof(WCHAR), RtlUpcaseUnicodeToOemN);
}

/*
 * Like the plain form, but the size is what the characters need; an empty source makes an empty
 * string.
 */
NTSTATUS NTAPI
RtlUnicodeStringToCountedOemString(POEM_STRING DestinationString, PCUNICODE_STRING SourceString,
                                   BOOLEAN AllocateDestinationString)
{
    if (SourceString->Length == 0) {
        memset(DestinationString, 0, sizeof(*DestinationString));
        return STATUS_SUCCESS;
    }
    return RtlpStringFromUnicode(DestinationString, SourceString, AllocateDestinationString, FALSE,
                                 SourceString->Length / sizeof(WCHAR), RtlUnicodeToOemN);
}

/* A character that the page lacks is an error here: file systems must not invent names. */
NTSTATUS NTAPI
RtlUpcaseUnicodeStringToCountedOemString(POEM_STRING DestinationString,
                                         PCUNICODE_STRING SourceString,
                                         BOOLEAN AllocateDestinationString)
{
    ULONG Index;

    if (SourceString->Length == 0) {
        memset(DestinationString, 0, sizeof(*DestinationString));
        return STATUS_SUCCESS;
    }
    for (Index = 0; Index < SourceString->Length / sizeof(WCHAR); Index++) {
        UCHAR Byte;

        if (!RtlpUnitToOem(SourceString->Buffer[Index], &Byte)) {
            return STATUS_UNMAPPABLE_CHARACTER;
        }
    }
    return RtlpStringFromUnicode(DestinationString, SourceString, AllocateDestinationString, FALSE,
                                 SourceString->Length / sizeof(WCHAR), RtlUpcaseUnicodeToOemN);
}

/* Sizes with the terminator, for code pages of more than one byte; here all are of one. */
ULONG NTAPI
RtlxAnsiStringToUnicodeSize(PCANSI_STRING AnsiString)
{
    return (AnsiString->Length + 1) * sizeof(WCHAR);
}

ULONG NTAPI
RtlxOemStringToUnicodeSize(PCOEM_STRING OemString)
{
    return (OemString->Length + 1) * sizeof(WCHAR);
}

ULONG NTAPI
RtlxUnicodeStringToAnsiSize(PCUNICODE_STRING UnicodeString)
{
    return UnicodeString->Length / sizeof(WCHAR) + 1;
}

ULONG NTAPI
RtlxUnicodeStringToOemSize(PCUNICODE_STRING UnicodeString)
{
    return UnicodeString->Length / sizeof(WCHAR) + 1;
}

NTSTATUS NTAPI
RtlUTF8StringToUnicodeString(PUNICODE_STRING DestinationString, const STRING *SourceString,
                             BOOLEAN AllocateDestinationString)
{
    ULONG Length = 0;

    if (SourceString->Length != 0) {
        RtlUTF8ToUnicodeN(NULL, 0, &Length, SourceString->Buffer, SourceString->Length);
    }
    return RtlpStringToUnicode(DestinationString, SourceString, AllocateDestinationString, TRUE,
                               Length, RtlUTF8ToUnicodeN);
}

NTSTATUS NTAPI
RtlUnicodeStringToUTF8String(PSTRING DestinationString, PCUNICODE_STRING SourceString,
                             BOOLEAN AllocateDestinationString)
{
    ULONG Length = 0;

    if (SourceString->Length != 0) {
        RtlUnicodeToUTF8N(NULL, 0, &Length, SourceString->Buffer, SourceString->Length);
    }
    if (!AllocateDestinationString && Length + 1 > DestinationString->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    return RtlpStringFromUnicode(DestinationString, SourceString, AllocateDestinationString, TRUE,
                                 Length, RtlUnicodeToUTF8N);
}
