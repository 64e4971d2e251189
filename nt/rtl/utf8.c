/*
 * utf8.c - UTF-16 to UTF-8 and back.
 *
 * What is malformed (a lone surrogate; a sequence that is cut short, too long or beyond U+10FFFF)
 * becomes U+FFFD, and the status says STATUS_SOME_NOT_MAPPED. A null destination asks for the size
 * alone.
 *
 * Source: Microsoft Learn: RtlUnicodeToUTF8N, RtlUTF8ToUnicodeN (wdm.h); the Unicode Standard, 3.9,
 * table 3-7 and "Best Practices for Using U+FFFD".
 */
#include "nt/rtl/rtlp.h"

#define RTLP_REPLACEMENT 0xFFFD

static NTSTATUS
RtlpUtfCheck(PVOID Target, PULONG Actual, const VOID *Source)
{
    if (Source == NULL) {
        return STATUS_INVALID_PARAMETER_4;
    }
    if (Target == NULL && Actual == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlUnicodeToUTF8N(PCHAR UTF8StringDestination, ULONG UTF8StringMaxByteCount,
                  PULONG UTF8StringActualByteCount, PCWCH UnicodeStringSource,
                  ULONG UnicodeStringByteCount)
{
    NTSTATUS Status =
        RtlpUtfCheck(UTF8StringDestination, UTF8StringActualByteCount, UnicodeStringSource);
    ULONG Count = UnicodeStringByteCount / sizeof(WCHAR), Index, Written = 0;

    if (Status != STATUS_SUCCESS) {
        return Status;
    }
    if (UnicodeStringByteCount & 1) {
        return STATUS_INVALID_PARAMETER_5;
    }
    for (Index = 0; Index < Count; Index++) {
        ULONG Code = UnicodeStringSource[Index], Length, Byte;
        UCHAR Bytes[4];

        if (Code >= 0xD800 && Code < 0xDC00 && Index + 1 < Count &&
            (UnicodeStringSource[Index + 1] & 0xFC00) == 0xDC00) {
            Code = 0x10000 + ((Code - 0xD800) << 10) + (UnicodeStringSource[++Index] - 0xDC00);
        } else if (Code >= 0xD800 && Code < 0xE000) {
            Code = RTLP_REPLACEMENT;
            Status = STATUS_SOME_NOT_MAPPED;
        }
        if (Code < 0x80) {
            Length = 1;
            Bytes[0] = (UCHAR)Code;
        } else {
            Length = Code < 0x800 ? 2 : Code < 0x10000 ? 3 : 4;
            for (Byte = Length - 1; Byte > 0; Byte--) {
                Bytes[Byte] = (UCHAR)(0x80 | (Code & 0x3F));
                Code >>= 6;
            }
            Bytes[0] = (UCHAR)((0xF00 >> Length) | Code);
        }
        if (UTF8StringDestination != NULL) {
            if (Written + Length > UTF8StringMaxByteCount) {
                Status = STATUS_BUFFER_TOO_SMALL;
                break;
            }
            memcpy(UTF8StringDestination + Written, Bytes, Length);
        }
        Written += Length;
    }
    if (UTF8StringActualByteCount != NULL) {
        *UTF8StringActualByteCount = Written;
    }
    return Status;
}

/*
 * One character at Source. Returns how many bytes it takes; of a malformed one those that could
 * have begun a character, at least one.
 */
static ULONG
RtlpDecode(const UCHAR *Source, ULONG Bytes, PULONG Code)
{
    ULONG First = Source[0], Length, Index, Value;
    UCHAR Low = 0x80, High = 0xBF; /* of the second byte: no overlong forms, no surrogates */

    if (First < 0x80) {
        *Code = First;
        return 1;
    }
    *Code = RTLP_REPLACEMENT | 0x80000000;
    if (First < 0xC2 || First > 0xF4) {
        return 1;
    }
    Length = First < 0xE0 ? 2 : First < 0xF0 ? 3 : 4;
    Value = First & (0x7F >> Length);
    if (First == 0xE0) {
        Low = 0xA0;
    } else if (First == 0xED) {
        High = 0x9F;
    } else if (First == 0xF0) {
        Low = 0x90;
    } else if (First == 0xF4) {
        High = 0x8F;
    }
    for (Index = 1; Index < Length; Index++) {
        if (Index >= Bytes || Source[Index] < Low || Source[Index] > High) {
            return Index;
        }
        Value = Value << 6 | (Source[Index] & 0x3F);
        Low = 0x80;
        High = 0xBF;
    }
    *Code = Value;
    return Length;
}

NTSTATUS NTAPI
RtlUTF8ToUnicodeN(PWSTR UnicodeStringDestination, ULONG UnicodeStringMaxByteCount,
                  PULONG UnicodeStringActualByteCount, PCCH UTF8StringSource,
                  ULONG UTF8StringByteCount)
{
    NTSTATUS Status =
        RtlpUtfCheck(UnicodeStringDestination, UnicodeStringActualByteCount, UTF8StringSource);
    ULONG Index, Written = 0, Maximum = UnicodeStringMaxByteCount / sizeof(WCHAR);

    if (Status != STATUS_SUCCESS) {
        return Status;
    }
    for (Index = 0; Index < UTF8StringByteCount;) {
        ULONG Code, Units;

        Index +=
            RtlpDecode((const UCHAR *)UTF8StringSource + Index, UTF8StringByteCount - Index, &Code);
        if (Code & 0x80000000) {
            Code &= ~0x80000000;
            Status = STATUS_SOME_NOT_MAPPED;
        }
        Units = Code < 0x10000 ? 1 : 2;
        if (UnicodeStringDestination != NULL) {
            if (Written + Units > Maximum) {
                Status = STATUS_BUFFER_TOO_SMALL;
                break;
            }
            if (Units == 1) {
                UnicodeStringDestination[Written] = (WCHAR)Code;
            } else {
                UnicodeStringDestination[Written] = (WCHAR)(0xD800 + ((Code - 0x10000) >> 10));
                UnicodeStringDestination[Written + 1] = (WCHAR)(0xDC00 + (Code & 0x3FF));
            }
        }
        Written += Units;
    }
    if (UnicodeStringActualByteCount != NULL) {
        *UnicodeStringActualByteCount = Written * sizeof(WCHAR);
    }
    return Status;
}
