/*
 * guid.c - GUIDs as text: {c200e360-38c5-11ce-ae62-08002b2b79ef}, 38 characters.
 *
 * Source: Microsoft Learn: RtlStringFromGUID, RtlStringFromGUIDEx, RtlGUIDFromString (wdm.h).
 */
#include "nt/rtl/rtlp.h"

#define RTLP_GUID_CHARS 38

/* The bytes of a GUID in the order in which the text has them; 0xFF stands for a dash. */
static const UCHAR RtlpGuidOrder[] = {3,    2, 1, 0,    0xFF, 5,  4,  0xFF, 7,  6,
                                      0xFF, 8, 9, 0xFF, 10,   11, 12, 13,   14, 15};

NTSTATUS NTAPI
RtlStringFromGUIDEx(REFGUID Guid, PUNICODE_STRING GuidString, BOOLEAN AllocateGuidString)
{
    const UCHAR *Bytes = (const UCHAR *)Guid;
    PWSTR Text = GuidString->Buffer;
    ULONG Index;

    if (AllocateGuidString) {
        Text = RtlpAllocate((RTLP_GUID_CHARS + 1) * sizeof(WCHAR));
        if (Text == NULL) {
            return STATUS_NO_MEMORY;
        }
        GuidString->MaximumLength = (RTLP_GUID_CHARS + 1) * sizeof(WCHAR);
        GuidString->Buffer = Text;
    } else if (GuidString->MaximumLength < (RTLP_GUID_CHARS + 1) * sizeof(WCHAR)) {
        return STATUS_BUFFER_OVERFLOW;
    }
    GuidString->Length = RTLP_GUID_CHARS * sizeof(WCHAR);
    *Text++ = '{';
    for (Index = 0; Index < sizeof(RtlpGuidOrder); Index++) {
        if (RtlpGuidOrder[Index] == 0xFF) {
            *Text++ = '-';
        } else {
            *Text++ = (WCHAR) "0123456789ABCDEF"[Bytes[RtlpGuidOrder[Index]] >> 4];
            *Text++ = (WCHAR) "0123456789ABCDEF"[Bytes[RtlpGuidOrder[Index]] & 15];
        }
    }
    *Text++ = '}';
    *Text = 0;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlStringFromGUID(REFGUID Guid, PUNICODE_STRING GuidString)
{
    return RtlStringFromGUIDEx(Guid, GuidString, TRUE);
}

static BOOLEAN
RtlpHexDigit(WCHAR Unit, PUCHAR Value)
{
    if (Unit >= '0' && Unit <= '9') {
        *Value = (UCHAR)(Unit - '0');
    } else if ((Unit | 0x20) >= 'a' && (Unit | 0x20) <= 'f') {
        *Value = (UCHAR)((Unit | 0x20) - 'a' + 10);
    } else {
        return FALSE;
    }
    return TRUE;
}

NTSTATUS NTAPI
RtlGUIDFromString(PUNICODE_STRING GuidString, GUID *Guid)
{
    PCWCH Text = GuidString->Buffer;
    UCHAR Bytes[16];
    ULONG Index;

    if (GuidString->Length < RTLP_GUID_CHARS * sizeof(WCHAR) || *Text++ != '{') {
        return STATUS_INVALID_PARAMETER;
    }
    for (Index = 0; Index < sizeof(RtlpGuidOrder); Index++) {
        UCHAR High, Low;

        if (RtlpGuidOrder[Index] == 0xFF) {
            if (*Text++ != '-') {
                return STATUS_INVALID_PARAMETER;
            }
            continue;
        }
        if (!RtlpHexDigit(Text[0], &High) || !RtlpHexDigit(Text[1], &Low)) {
            return STATUS_INVALID_PARAMETER;
        }
        Bytes[RtlpGuidOrder[Index]] = (UCHAR)(High << 4 | Low);
        Text += 2;
    }
    if (*Text != '}') {
        return STATUS_INVALID_PARAMETER;
    }
    memcpy(Guid, Bytes, sizeof(Bytes));
    return STATUS_SUCCESS;
}
