/*
 * integer.c - numbers to counted strings and back.
 *
 * Base 0 means 10 on the way out. On the way in it means: 0x, 0o or 0b says which, else 10. Digits
 * above 9 are capitals. Reading skips what is not above a space, takes one sign, stops at the first
 * character that is no digit, and does not look for overflow.
 *
 * Source: Microsoft Learn: RtlIntegerToUnicodeString, RtlInt64ToUnicodeString,
 * RtlUnicodeStringToInteger, RtlCharToInteger (wdm.h, ntddk.h).
 */
#include "nt/rtl/rtlp.h"

static BOOLEAN
RtlpGoodBase(ULONG Base)
{
    return Base == 2 || Base == 8 || Base == 10 || Base == 16;
}

/* The digits, backwards from End; returns where they begin. */
static PCHAR
RtlpDigits(ULONGLONG Value, ULONG Base, PCHAR End)
{
    do {
        *--End = "0123456789ABCDEF"[Value % Base];
        Value /= Base;
    } while (Value != 0);
    return End;
}

NTSTATUS NTAPI
RtlInt64ToUnicodeString(ULONGLONG Value, ULONG Base, PUNICODE_STRING String)
{
    CHAR Digits[64], *End = Digits + sizeof(Digits), *First;
    ULONG Count, Index;

    if (Base == 0) {
        Base = 10;
    }
    if (!RtlpGoodBase(Base)) {
        return STATUS_INVALID_PARAMETER;
    }
    First = RtlpDigits(Value, Base, End);
    Count = (ULONG)(End - First);
    if (Count * sizeof(WCHAR) > String->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    for (Index = 0; Index < Count; Index++) {
        String->Buffer[Index] = (WCHAR)First[Index];
    }
    String->Length = (USHORT)(Count * sizeof(WCHAR));
    if (String->Length + sizeof(WCHAR) <= String->MaximumLength) {
        String->Buffer[Count] = 0;
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlIntegerToUnicodeString(ULONG Value, ULONG Base, PUNICODE_STRING String)
{
    return RtlInt64ToUnicodeString(Value, Base, String);
}

/* Terminated only where the buffer is longer than the digits. */
NTSTATUS NTAPI
RtlIntegerToChar(ULONG Value, ULONG Base, LONG Length, PCHAR String)
{
    CHAR Digits[32], *End = Digits + sizeof(Digits), *First;
    LONG Count;

    if (Base == 0) {
        Base = 10;
    }
    if (!RtlpGoodBase(Base)) {
        return STATUS_INVALID_PARAMETER;
    }
    First = RtlpDigits(Value, Base, End);
    Count = (LONG)(End - First);
    if (Count > Length) {
        return STATUS_BUFFER_OVERFLOW;
    }
    memcpy(String, First, (SIZE_T)Count);
    if (Count < Length) {
        String[Count] = 0;
    }
    return STATUS_SUCCESS;
}

/* A string of either width, read as code units; past its end it reads as zero. */
typedef struct _RTLP_READER {
    PCWCH Wide;
    PCSZ Narrow;
    ULONG Count;
} RTLP_READER;

static WCHAR
RtlpReadUnit(const RTLP_READER *Reader, ULONG Index)
{
    if (Index >= Reader->Count) {
        return 0;
    }
    return Reader->Wide != NULL ? Reader->Wide[Index] : (UCHAR)Reader->Narrow[Index];
}

static NTSTATUS
RtlpReadInteger(const RTLP_READER *Reader, ULONG Base, PULONGLONG Value, PULONG End)
{
    ULONG Index = 0;
    ULONGLONG Result = 0;
    BOOLEAN Negative = FALSE;

    while (Index < Reader->Count && RtlpReadUnit(Reader, Index) <= ' ' &&
           RtlpReadUnit(Reader, Index) != 0) {
        Index++;
    }
    if (RtlpReadUnit(Reader, Index) == '+' || RtlpReadUnit(Reader, Index) == '-') {
        Negative = RtlpReadUnit(Reader, Index) == '-';
        Index++;
    }
    if (Base == 0) {
        Base = 10;
        if (RtlpReadUnit(Reader, Index) == '0') {
            WCHAR Letter = RtlpReadUnit(Reader, Index + 1);

            Base = Letter == 'x' ? 16 : Letter == 'o' ? 8 : Letter == 'b' ? 2 : 10;
            if (Base != 10) {
                Index += 2;
            }
        }
    } else if (!RtlpGoodBase(Base)) {
        return STATUS_INVALID_PARAMETER;
    }
    for (;; Index++) {
        WCHAR Unit = RtlpReadUnit(Reader, Index);
        ULONG Digit;

        if (Unit >= '0' && Unit <= '9') {
            Digit = Unit - '0';
        } else if (Unit >= 'A' && Unit <= 'F') {
            Digit = Unit - 'A' + 10;
        } else if (Unit >= 'a' && Unit <= 'f') {
            Digit = Unit - 'a' + 10;
        } else {
            break;
        }
        if (Digit >= Base) {
            break;
        }
        Result = Result * Base + Digit;
    }
    *Value = Negative ? 0 - Result : Result;
    if (End != NULL) {
        *End = Index;
    }
    return STATUS_SUCCESS;
}

/* Of these two a bad pointer is a status, in user mode and in kernel mode. */
static NTSTATUS
RtlpGiveInteger(PULONG Value, ULONGLONG Result)
{
    NTSTATUS Status = STATUS_SUCCESS;

    __try {
        *Value = (ULONG)Result;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    return Status;
}

NTSTATUS NTAPI
RtlUnicodeStringToInteger(PCUNICODE_STRING String, ULONG Base, PULONG Value)
{
    RTLP_READER Reader = {String->Buffer, NULL, String->Length / sizeof(WCHAR)};
    ULONGLONG Result;
    NTSTATUS Status = RtlpReadInteger(&Reader, Base, &Result, NULL);

    return Status == STATUS_SUCCESS ? RtlpGiveInteger(Value, Result) : Status;
}

NTSTATUS NTAPI
RtlUnicodeStringToInt64(PCUNICODE_STRING String, ULONG Base, PLONG64 Number, PWSTR *EndPointer)
{
    RTLP_READER Reader = {String->Buffer, NULL, String->Length / sizeof(WCHAR)};
    ULONGLONG Result;
    ULONG End;
    NTSTATUS Status = RtlpReadInteger(&Reader, Base, &Result, &End);

    if (Status == STATUS_SUCCESS) {
        *Number = (LONG64)Result;
        if (EndPointer != NULL) {
            *EndPointer = String->Buffer + End;
        }
    }
    return Status;
}

NTSTATUS NTAPI
RtlCharToInteger(PCSZ String, ULONG Base, PULONG Value)
{
    RTLP_READER Reader = {NULL, String, (ULONG)strlen(String)};
    ULONGLONG Result;
    NTSTATUS Status = RtlpReadInteger(&Reader, Base, &Result, NULL);

    return Status == STATUS_SUCCESS ? RtlpGiveInteger(Value, Result) : Status;
}
