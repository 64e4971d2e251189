/*
 * string.c - counted strings: initialised, copied, appended to, made and freed.
 *
 * Lengths are bytes. A UNICODE_STRING need not be terminated; the routines that make or change one
 * terminate it where MaximumLength leaves room.
 *
 * Source: Microsoft Learn, the page of each routine (wdm.h, ntddk.h, ntifs.h, winternl.h).
 */
#include "nt/rtl/rtlp.h"

/* The longest UNICODE_STRING with its terminator, and STRING with its. */
#define RTLP_UNICODE_MAX 0xFFFE
#define RTLP_ANSI_MAX    0xFFFF

static SIZE_T
RtlpWideBytes(PCWSTR Source)
{
    SIZE_T Count = 0;

    while (Source[Count] != 0) {
        Count++;
    }
    return Count * sizeof(WCHAR);
}

static SIZE_T
RtlpAnsiBytes(PCSZ Source)
{
    SIZE_T Count = 0;

    while (Source[Count] != 0) {
        Count++;
    }
    return Count;
}

/* A source too long for a counted string is cut off. */
VOID NTAPI
RtlInitUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
    SIZE_T Bytes = 0;

    if (SourceString != NULL) {
        Bytes = RtlpWideBytes(SourceString);
        if (Bytes > RTLP_UNICODE_MAX - sizeof(WCHAR)) {
            Bytes = RTLP_UNICODE_MAX - sizeof(WCHAR);
        }
    }
    DestinationString->Length = (USHORT)Bytes;
    DestinationString->MaximumLength = SourceString == NULL ? 0 : (USHORT)(Bytes + sizeof(WCHAR));
    DestinationString->Buffer = (PWSTR)SourceString;
}

NTSTATUS NTAPI
RtlInitUnicodeStringEx(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
    if (SourceString != NULL && RtlpWideBytes(SourceString) > RTLP_UNICODE_MAX - sizeof(WCHAR)) {
        return STATUS_NAME_TOO_LONG;
    }
    RtlInitUnicodeString(DestinationString, SourceString);
    return STATUS_SUCCESS;
}

VOID NTAPI
RtlInitAnsiString(PANSI_STRING DestinationString, PCSZ SourceString)
{
    SIZE_T Bytes = 0;

    if (SourceString != NULL) {
        Bytes = RtlpAnsiBytes(SourceString);
        if (Bytes > RTLP_ANSI_MAX - 1) {
            Bytes = RTLP_ANSI_MAX - 1;
        }
    }
    DestinationString->Length = (USHORT)Bytes;
    DestinationString->MaximumLength = SourceString == NULL ? 0 : (USHORT)(Bytes + 1);
    DestinationString->Buffer = (PCHAR)SourceString;
}

NTSTATUS NTAPI
RtlInitAnsiStringEx(PANSI_STRING DestinationString, PCSZ SourceString)
{
    if (SourceString != NULL && RtlpAnsiBytes(SourceString) > RTLP_ANSI_MAX - 1) {
        return STATUS_NAME_TOO_LONG;
    }
    RtlInitAnsiString(DestinationString, SourceString);
    return STATUS_SUCCESS;
}

VOID NTAPI
RtlInitString(PSTRING DestinationString, PCSZ SourceString)
{
    RtlInitAnsiString(DestinationString, SourceString);
}

NTSTATUS NTAPI
RtlInitStringEx(PSTRING DestinationString, PCSZ SourceString)
{
    return RtlInitAnsiStringEx(DestinationString, SourceString);
}

VOID NTAPI
RtlInitUTF8String(PSTRING DestinationString, PCSZ SourceString)
{
    RtlInitAnsiString(DestinationString, SourceString);
}

NTSTATUS NTAPI
RtlInitUTF8StringEx(PSTRING DestinationString, PCSZ SourceString)
{
    return RtlInitAnsiStringEx(DestinationString, SourceString);
}

static VOID
RtlpTerminate(PUNICODE_STRING String)
{
    if (String->Length + sizeof(WCHAR) <= String->MaximumLength) {
        String->Buffer[String->Length / sizeof(WCHAR)] = 0;
    }
}

VOID NTAPI
RtlCopyUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString)
{
    USHORT Length = 0;

    if (SourceString != NULL) {
        Length = min(SourceString->Length, DestinationString->MaximumLength);
        memmove(DestinationString->Buffer, SourceString->Buffer, Length);
    }
    DestinationString->Length = Length;
    if (SourceString != NULL) {
        RtlpTerminate(DestinationString);
    }
}

VOID NTAPI
RtlCopyString(PSTRING DestinationString, const PSTRING SourceString)
{
    USHORT Length = 0;

    if (SourceString != NULL) {
        Length = min(SourceString->Length, DestinationString->MaximumLength);
        memmove(DestinationString->Buffer, SourceString->Buffer, Length);
    }
    DestinationString->Length = Length;
}

static NTSTATUS
RtlpAppend(PUNICODE_STRING Destination, const VOID *Source, SIZE_T Bytes)
{
    if (Bytes > (SIZE_T)(Destination->MaximumLength - Destination->Length) ||
        Destination->Length > Destination->MaximumLength) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    memmove((PUCHAR)Destination->Buffer + Destination->Length, Source, Bytes);
    Destination->Length = (USHORT)(Destination->Length + Bytes);
    RtlpTerminate(Destination);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlAppendUnicodeToString(PUNICODE_STRING Destination, PCWSTR Source)
{
    if (Source == NULL) {
        return STATUS_SUCCESS;
    }
    return RtlpAppend(Destination, Source, RtlpWideBytes(Source));
}

NTSTATUS NTAPI
RtlAppendUnicodeStringToString(PUNICODE_STRING Destination, PCUNICODE_STRING Source)
{
    if (Source->Length == 0) {
        return STATUS_SUCCESS;
    }
    return RtlpAppend(Destination, Source->Buffer, Source->Length);
}

NTSTATUS NTAPI
RtlAppendStringToString(PSTRING Destination, const STRING *Source)
{
    if (Source->Length > Destination->MaximumLength - Destination->Length) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    memmove(Destination->Buffer + Destination->Length, Source->Buffer, Source->Length);
    Destination->Length += Source->Length;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlAppendAsciizToString(PSTRING Destination, PCSZ Source)
{
    STRING Counted;

    if (Source == NULL) {
        return STATUS_SUCCESS;
    }
    if (RtlInitAnsiStringEx(&Counted, Source) != STATUS_SUCCESS) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    return RtlAppendStringToString(Destination, &Counted);
}

NTSTATUS NTAPI
RtlValidateUnicodeString(ULONG Flags, PCUNICODE_STRING String)
{
    if (Flags != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (String == NULL) {
        return STATUS_SUCCESS;
    }
    if ((String->Length & 1) != 0 || (String->MaximumLength & 1) != 0 ||
        String->Length > String->MaximumLength ||
        (String->Buffer == NULL && (String->Length != 0 || String->MaximumLength != 0))) {
        return STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}

#define RTLP_DUPLICATE_TERMINATE   1
#define RTLP_DUPLICATE_ALLOC_EMPTY 2

NTSTATUS NTAPI
RtlDuplicateUnicodeString(ULONG Flags, PCUNICODE_STRING SourceString,
                          PUNICODE_STRING DestinationString)
{
    ULONG Length, Maximum;
    PWSTR Buffer = NULL;

    if ((Flags & ~(RTLP_DUPLICATE_TERMINATE | RTLP_DUPLICATE_ALLOC_EMPTY)) != 0 ||
        DestinationString == NULL || Flags == RTLP_DUPLICATE_ALLOC_EMPTY ||
        RtlValidateUnicodeString(0, SourceString) != STATUS_SUCCESS) {
        return STATUS_INVALID_PARAMETER;
    }
    Length = SourceString != NULL ? SourceString->Length : 0;
    Maximum = Length;
    if ((Flags & RTLP_DUPLICATE_TERMINATE) &&
        (Length != 0 || (Flags & RTLP_DUPLICATE_ALLOC_EMPTY))) {
        Maximum += sizeof(WCHAR);
        if (Maximum > RTLP_UNICODE_MAX) {
            return STATUS_NAME_TOO_LONG;
        }
    }
    if (Maximum != 0) {
        Buffer = RtlpAllocate(Maximum);
        if (Buffer == NULL) {
            return STATUS_NO_MEMORY;
        }
        if (Length != 0) {
            memcpy(Buffer, SourceString->Buffer, Length);
        }
    }
    DestinationString->Length = (USHORT)Length;
    DestinationString->MaximumLength = (USHORT)Maximum;
    DestinationString->Buffer = Buffer;
    RtlpTerminate(DestinationString);
    return STATUS_SUCCESS;
}

BOOLEAN NTAPI
RtlCreateUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
    SIZE_T Bytes = RtlpWideBytes(SourceString) + sizeof(WCHAR);
    PWSTR Buffer;

    if (Bytes > RTLP_UNICODE_MAX) {
        return FALSE;
    }
    Buffer = RtlpAllocate(Bytes);
    if (Buffer == NULL) {
        return FALSE;
    }
    memcpy(Buffer, SourceString, Bytes);
    DestinationString->Length = (USHORT)(Bytes - sizeof(WCHAR));
    DestinationString->MaximumLength = (USHORT)Bytes;
    DestinationString->Buffer = Buffer;
    return TRUE;
}

VOID NTAPI
RtlFreeUnicodeString(PUNICODE_STRING UnicodeString)
{
    if (UnicodeString->Buffer != NULL) {
        RtlpFree(UnicodeString->Buffer);
        memset(UnicodeString, 0, sizeof(*UnicodeString));
    }
}

VOID NTAPI
RtlFreeAnsiString(PANSI_STRING AnsiString)
{
    if (AnsiString->Buffer != NULL) {
        RtlpFree(AnsiString->Buffer);
        memset(AnsiString, 0, sizeof(*AnsiString));
    }
}

VOID NTAPI
RtlFreeOemString(PSTRING OemString)
{
    RtlFreeAnsiString(OemString);
}

VOID NTAPI
RtlFreeUTF8String(PSTRING Utf8String)
{
    RtlFreeAnsiString(Utf8String);
}
