/*
 * sddl.c - security descriptors from their text and back: "O:BAG:SYD:P(A;;GA;;;SY)(A;OICI;GR;;;WD)S:(ML;;NW;;;LW)".
 *
 * ACE kinds A, D, AU and ML; flags OI CI NP IO ID SA FA; rights by two-letter names or a number; SIDs as S-1-... or by
 * two letters. Conditional and object ACEs are refused. Facts: "Security Descriptor String Format", "ACE Strings", "SID Strings".
 */
#include "user/advapi32/adv.h"

#define SDDL_ROOM 0x2000

typedef struct _SDDL_NAME {
    WCHAR Text[3];
    ULONG Value;
} SDDL_NAME;

static const SDDL_NAME SddlRights[] = {
    {L"GA", GENERIC_ALL},
    {L"GR", GENERIC_READ},
    {L"GW", GENERIC_WRITE},
    {L"GX", GENERIC_EXECUTE},
    {L"RC", READ_CONTROL},
    {L"SD", DELETE},
    {L"WD", WRITE_DAC},
    {L"WO", WRITE_OWNER},
    {L"FA", FILE_ALL_ACCESS},
    {L"FR", FILE_GENERIC_READ},
    {L"FW", FILE_GENERIC_WRITE},
    {L"FX", FILE_GENERIC_EXECUTE},
    {L"KA", KEY_ALL_ACCESS},
    {L"KR", KEY_READ},
    {L"KW", KEY_WRITE},
    {L"KX", KEY_EXECUTE},
    {L"CC", 1},
    {L"DC", 2},
    {L"LC", 4},
    {L"SW", 8},
    {L"RP", 0x10},
    {L"WP", 0x20},
    {L"DT", 0x40},
    {L"LO", 0x80},
    {L"CR", 0x100},
    {L"NW", 1},
    {L"NR", 2},
    {L"NX", 4},
};

static const SDDL_NAME SddlFlags[] = {
    {L"OI", OBJECT_INHERIT_ACE},
    {L"CI", CONTAINER_INHERIT_ACE},
    {L"NP", NO_PROPAGATE_INHERIT_ACE},
    {L"IO", INHERIT_ONLY_ACE},
    {L"ID", INHERITED_ACE},
    {L"SA", SUCCESSFUL_ACCESS_ACE_FLAG},
    {L"FA", FAILED_ACCESS_ACE_FLAG},
};

/* Two letters; authority << 24 | second number << 12 | first number. */
static const struct {
    WCHAR Text[3];
    UCHAR Authority, Count;
    USHORT Values[2];
} SddlSids[] = {
    {L"WD", 1, 1, {0}},       {L"CO", 3, 1, {0}},       {L"CG", 3, 1, {1}},
    {L"OW", 3, 1, {4}},       {L"NU", 5, 1, {2}},       {L"IU", 5, 1, {4}},
    {L"SU", 5, 1, {6}},       {L"AN", 5, 1, {7}},       {L"AU", 5, 1, {11}},
    {L"RC", 5, 1, {12}},      {L"SY", 5, 1, {18}},      {L"LS", 5, 1, {19}},
    {L"NS", 5, 1, {20}},      {L"BA", 5, 2, {32, 544}}, {L"BU", 5, 2, {32, 545}},
    {L"BG", 5, 2, {32, 546}}, {L"PU", 5, 2, {32, 547}}, {L"LW", 16, 1, {0x1000}},
    {L"ME", 16, 1, {0x2000}}, {L"HI", 16, 1, {0x3000}}, {L"SI", 16, 1, {0x4000}},
    {L"AC", 15, 2, {2, 1}},
};

static BOOL
SddlNumber(PCWSTR *Text, PULONG64 Value)
{
    PCWSTR At = *Text;
    ULONG Base = 10;

    if (At[0] == L'0' && (At[1] == L'x' || At[1] == L'X')) {
        Base = 16;
        At += 2;
    }
    for (*Value = 0;; At++) {
        ULONG Digit = *At >= L'0' && *At <= L'9'                     ? *At - L'0'
                      : (*At | 0x20) >= L'a' && (*At | 0x20) <= L'f' ? (*At | 0x20) - L'a' + 10
                                                                     : 99;

        if (Digit >= Base) {
            break;
        }
        *Value = *Value * Base + Digit;
    }
    if (At == *Text) {
        return FALSE;
    }
    *Text = At;
    return TRUE;
}

/* A SID at *Text into Sid (SECURITY_MAX_SID_SIZE bytes). */
static BOOL
SddlSid(PCWSTR *Text, PSID Sid)
{
    SID_IDENTIFIER_AUTHORITY Authority = {{0}};
    ULONG64 Value;
    ULONG Index, Count = 0, Numbers[SID_MAX_SUB_AUTHORITIES];
    PCWSTR At = *Text;

    if ((At[0] | 0x20) == L's' && At[1] == L'-') {
        At += 2;
        if (!SddlNumber(&At, &Value) || Value != 1 || *At++ != L'-' || !SddlNumber(&At, &Value)) {
            return FALSE;
        }
        for (Index = 0; Index < 6; Index++) {
            Authority.Value[Index] = (UCHAR)(Value >> (8 * (5 - Index)));
        }
        while (*At == L'-' && Count < SID_MAX_SUB_AUTHORITIES) {
            At++;
            if (!SddlNumber(&At, &Value)) {
                return FALSE;
            }
            Numbers[Count++] = (ULONG)Value;
        }
        RtlInitializeSid(Sid, &Authority, (UCHAR)Count);
        for (Index = 0; Index < Count; Index++) {
            *RtlSubAuthoritySid(Sid, Index) = Numbers[Index];
        }
        *Text = At;
        return TRUE;
    }
    for (Index = 0; Index < RTL_NUMBER_OF(SddlSids); Index++) {
        if (_wcsnicmp(At, SddlSids[Index].Text, 2) == 0) {
            Authority.Value[5] = SddlSids[Index].Authority;
            RtlInitializeSid(Sid, &Authority, SddlSids[Index].Count);
            for (Count = 0; Count < SddlSids[Index].Count; Count++) {
                *RtlSubAuthoritySid(Sid, Count) = SddlSids[Index].Values[Count];
            }
            *Text = At + 2;
            return TRUE;
        }
    }
    return FALSE;
}

static BOOL
SddlNames(PCWSTR *Text, const SDDL_NAME *Names, ULONG Count, PULONG Value)
{
    ULONG Index;

    while (**Text != L';') {
        for (Index = 0; Index < Count && _wcsnicmp(*Text, Names[Index].Text, 2) != 0; Index++) {
        }
        if (Index == Count) {
            return FALSE;
        }
        *Value |= Names[Index].Value;
        *Text += 2;
    }
    return TRUE;
}

/* (kind;flags;rights;;;sid) */
static BOOL
SddlAce(PCWSTR *Text, PACL Acl)
{
    union {
        ACCESS_ALLOWED_ACE Ace;
        UCHAR Room[sizeof(ACCESS_ALLOWED_ACE) + SECURITY_MAX_SID_SIZE];
    } Ace;
    PCWSTR At = *Text + 1;
    ULONG Flags = 0, Mask = 0;
    ULONG64 Number;
    UCHAR Kind;

    if (At[0] == L'A' && At[1] == L';') {
        Kind = ACCESS_ALLOWED_ACE_TYPE;
        At += 2;
    } else if (At[0] == L'D' && At[1] == L';') {
        Kind = ACCESS_DENIED_ACE_TYPE;
        At += 2;
    } else if (_wcsnicmp(At, L"AU;", 3) == 0) {
        Kind = SYSTEM_AUDIT_ACE_TYPE;
        At += 3;
    } else if (_wcsnicmp(At, L"ML;", 3) == 0) {
        Kind = SYSTEM_MANDATORY_LABEL_ACE_TYPE;
        At += 3;
    } else {
        return FALSE;
    }
    if (!SddlNames(&At, SddlFlags, RTL_NUMBER_OF(SddlFlags), &Flags)) {
        return FALSE;
    }
    At++;
    if (*At >= L'0' && *At <= L'9') {
        if (!SddlNumber(&At, &Number)) {
            return FALSE;
        }
        Mask = (ULONG)Number;
    } else if (!SddlNames(&At, SddlRights, RTL_NUMBER_OF(SddlRights), &Mask)) {
        return FALSE;
    }
    if (At[0] != L';' || At[1] != L';' || At[2] != L';') {
        return FALSE;
    }
    At += 3;
    if (!SddlSid(&At, &Ace.Ace.SidStart) || *At != L')') {
        return FALSE;
    }
    Ace.Ace.Header.AceType = Kind;
    Ace.Ace.Header.AceFlags = (UCHAR)Flags;
    Ace.Ace.Header.AceSize =
        (USHORT)(FIELD_OFFSET(ACCESS_ALLOWED_ACE, SidStart) + RtlLengthSid(&Ace.Ace.SidStart));
    Ace.Ace.Mask = Mask;
    *Text = At + 1;
    return NT_SUCCESS(RtlAddAce(Acl, ACL_REVISION, MAXDWORD, &Ace, Ace.Ace.Header.AceSize));
}

/* D: or S: with its flags and ACEs; shrinks the ACL to what it holds. */
static BOOL
SddlAcl(PCWSTR *Text, PACL Acl, SECURITY_DESCRIPTOR_CONTROL *Control, BOOL Dacl, PBOOL Null)
{
    PVOID Free;

    *Null = FALSE;
    if (_wcsnicmp(*Text, L"NO_ACCESS_CONTROL", 17) == 0) {
        *Text += 17;
        *Null = TRUE;
        return TRUE;
    }
    while (**Text == L'P' || _wcsnicmp(*Text, L"AR", 2) == 0 || _wcsnicmp(*Text, L"AI", 2) == 0) {
        if (**Text == L'P') {
            *Control |= Dacl ? SE_DACL_PROTECTED : SE_SACL_PROTECTED;
            *Text += 1;
        } else {
            *Control |= (*Text)[1] == L'R'
                            ? (Dacl ? SE_DACL_AUTO_INHERIT_REQ : SE_SACL_AUTO_INHERIT_REQ)
                            : (Dacl ? SE_DACL_AUTO_INHERITED : SE_SACL_AUTO_INHERITED);
            *Text += 2;
        }
    }
    RtlCreateAcl(Acl, SDDL_ROOM, ACL_REVISION);
    while (**Text == L'(') {
        if (!SddlAce(Text, Acl)) {
            return FALSE;
        }
    }
    if (RtlFirstFreeAce(Acl, &Free) && Free != NULL) {
        Acl->AclSize = (USHORT)((PUCHAR)Free - (PUCHAR)Acl);
    }
    return TRUE;
}

BOOL WINAPI
ConvertStringSecurityDescriptorToSecurityDescriptorW(LPCWSTR Text, DWORD Revision,
                                                     PSECURITY_DESCRIPTOR *Result, PULONG Size)
{
    SECURITY_DESCRIPTOR Absolute;
    UCHAR Owner[SECURITY_MAX_SID_SIZE], Group[SECURITY_MAX_SID_SIZE];
    PUCHAR Acls = AdvAllocate(2 * SDDL_ROOM);
    ULONG Length = 0;
    BOOL Null, Good = Revision == SDDL_REVISION_1 && Acls != NULL && Text != NULL;

    RtlCreateSecurityDescriptor(&Absolute, SECURITY_DESCRIPTOR_REVISION);
    while (Good && *Text != 0) {
        WCHAR Part = *Text;

        if (Text[1] != L':') {
            Good = FALSE;
            break;
        }
        Text += 2;
        if (Part == L'O') {
            Good = SddlSid(&Text, Owner);
            Absolute.Owner = Owner;
        } else if (Part == L'G') {
            Good = SddlSid(&Text, Group);
            Absolute.Group = Group;
        } else if (Part == L'D') {
            Good = SddlAcl(&Text, (PACL)Acls, &Absolute.Control, TRUE, &Null);
            Absolute.Dacl = Null ? NULL : (PACL)Acls;
            Absolute.Control |= SE_DACL_PRESENT;
        } else if (Part == L'S') {
            Good = SddlAcl(&Text, (PACL)(Acls + SDDL_ROOM), &Absolute.Control, FALSE, &Null);
            Absolute.Sacl = Null ? NULL : (PACL)(Acls + SDDL_ROOM);
            Absolute.Control |= SE_SACL_PRESENT;
        } else {
            Good = FALSE;
        }
    }
    if (Good) {
        RtlAbsoluteToSelfRelativeSD(&Absolute, NULL, &Length);
        *Result = AdvAllocate(Length);
        Good =
            *Result != NULL && NT_SUCCESS(RtlAbsoluteToSelfRelativeSD(&Absolute, *Result, &Length));
        if (Good && Size != NULL) {
            *Size = Length;
        }
    }
    AdvFree(Acls);
    return Good ? TRUE
                : AdvFail(Revision != SDDL_REVISION_1 ? ERROR_UNKNOWN_REVISION
                                                      : ERROR_INVALID_PARAMETER);
}

BOOL WINAPI
ConvertStringSecurityDescriptorToSecurityDescriptorA(LPCSTR Text, DWORD Revision,
                                                     PSECURITY_DESCRIPTOR *Result, PULONG Size)
{
    UNICODE_STRING Wide;
    BOOL Good;

    if (!AdvToWide(&Wide, Text)) {
        return FALSE;
    }
    Good =
        ConvertStringSecurityDescriptorToSecurityDescriptorW(Wide.Buffer, Revision, Result, Size);
    RtlFreeUnicodeString(&Wide);
    return Good;
}

BOOL WINAPI
ConvertStringSidToSidW(LPCWSTR Text, PSID *Result)
{
    UCHAR Sid[SECURITY_MAX_SID_SIZE];

    if (Text == NULL || !SddlSid(&Text, Sid) || *Text != 0) {
        return AdvFail(Text == NULL ? ERROR_INVALID_PARAMETER : ERROR_INVALID_SID);
    }
    *Result = AdvAllocate(RtlLengthSid(Sid));
    if (*Result == NULL) {
        return AdvFail(ERROR_NOT_ENOUGH_MEMORY);
    }
    RtlCopyMemory(*Result, Sid, RtlLengthSid(Sid));
    return TRUE;
}

BOOL WINAPI
ConvertStringSidToSidA(LPCSTR Text, PSID *Result)
{
    UNICODE_STRING Wide;
    BOOL Good;

    if (!AdvToWide(&Wide, Text)) {
        return FALSE;
    }
    Good = ConvertStringSidToSidW(Wide.Buffer, Result);
    RtlFreeUnicodeString(&Wide);
    return Good;
}

/* Text that is being written; Buffer is NULL while its length is counted. */
typedef struct _SDDL_TEXT {
    PWSTR Buffer;
    ULONG Count;
} SDDL_TEXT;

static VOID
SddlPut(SDDL_TEXT *Text, PCWSTR Part)
{
    for (; *Part != 0; Part++, Text->Count++) {
        if (Text->Buffer != NULL) {
            Text->Buffer[Text->Count] = *Part;
        }
    }
}

static BOOL
SddlPutSid(SDDL_TEXT *Text, PSID Sid)
{
    SID_IDENTIFIER_AUTHORITY Authority = {{0}};
    UCHAR Known[SECURITY_MAX_SID_SIZE];
    LPWSTR Long;

    for (ULONG Index = 0; Index < RTL_NUMBER_OF(SddlSids); Index++) {
        Authority.Value[5] = SddlSids[Index].Authority;
        RtlInitializeSid(Known, &Authority, SddlSids[Index].Count);
        for (ULONG Part = 0; Part < SddlSids[Index].Count; Part++) {
            *RtlSubAuthoritySid(Known, Part) = SddlSids[Index].Values[Part];
        }
        if (RtlEqualSid(Sid, Known)) {
            SddlPut(Text, SddlSids[Index].Text);
            return TRUE;
        }
    }
    if (!ConvertSidToStringSidW(Sid, &Long)) {
        return FALSE;
    }
    SddlPut(Text, Long);
    AdvFree(Long);
    return TRUE;
}

/* One name if there is one for the whole mask, else one for each bit, else a number. */
static VOID
SddlPutRights(SDDL_TEXT *Text, ULONG Mask, BOOL Label)
{
    static const WCHAR Bits[32][3] = {
        [0] = L"CC",  [1] = L"DC",  [2] = L"LC",  [3] = L"SW",  [4] = L"RP",  [5] = L"WP",
        [6] = L"DT",  [7] = L"LO",  [8] = L"CR",  [16] = L"SD", [17] = L"RC", [18] = L"WD",
        [19] = L"WO", [28] = L"GA", [29] = L"GX", [30] = L"GW", [31] = L"GR",
    };
    static const WCHAR LabelBits[3][3] = {L"NW", L"NR", L"NX"};
    WCHAR Number[] = L"0x00000000";
    ULONG Named = 0, Index, Length = 2;

    for (Index = 0; !Label && Index < RTL_NUMBER_OF(SddlRights); Index++) {
        if (SddlRights[Index].Value == Mask) {
            SddlPut(Text, SddlRights[Index].Text);
            return;
        }
    }
    for (Index = 0; Index < 32; Index++) {
        if (Label ? Index < 3 : Bits[Index][0] != 0) {
            Named |= 1u << Index;
        }
    }
    if ((Mask & ~Named) == 0) {
        for (Index = 0; Index < 32; Index++) {
            if ((Mask & (1u << Index)) != 0) {
                SddlPut(Text, Label ? LabelBits[Index] : Bits[Index]);
            }
        }
        return;
    }
    for (Index = 8; Index-- != 0;) {
        ULONG Digit = (Mask >> (4 * Index)) & 15;

        if (Digit != 0 || Length > 2) {
            Number[Length++] = L"0123456789abcdef"[Digit];
        }
    }
    Number[Length] = 0;
    SddlPut(Text, Number);
}

static BOOL
SddlPutAce(SDDL_TEXT *Text, PACCESS_ALLOWED_ACE Ace)
{
    BOOL Label = Ace->Header.AceType == SYSTEM_MANDATORY_LABEL_ACE_TYPE;

    switch (Ace->Header.AceType) {
    case ACCESS_ALLOWED_ACE_TYPE:
        SddlPut(Text, L"(A;");
        break;
    case ACCESS_DENIED_ACE_TYPE:
        SddlPut(Text, L"(D;");
        break;
    case SYSTEM_AUDIT_ACE_TYPE:
        SddlPut(Text, L"(AU;");
        break;
    case SYSTEM_MANDATORY_LABEL_ACE_TYPE:
        SddlPut(Text, L"(ML;");
        break;
    default:
        return AdvFail(ERROR_INVALID_ACL);
    }
    for (ULONG Index = 0; Index < RTL_NUMBER_OF(SddlFlags); Index++) {
        if ((Ace->Header.AceFlags & SddlFlags[Index].Value) != 0) {
            SddlPut(Text, SddlFlags[Index].Text);
        }
    }
    SddlPut(Text, L";");
    SddlPutRights(Text, Ace->Mask, Label);
    SddlPut(Text, L";;;");
    if (!SddlPutSid(Text, &Ace->SidStart)) {
        return FALSE;
    }
    SddlPut(Text, L")");
    return TRUE;
}

/* A label lies in the SACL, and is asked for by a bit of its own. */
static BOOL
SddlPutAcl(SDDL_TEXT *Text, PACL Acl, BOOL Audit, BOOL Label)
{
    PACCESS_ALLOWED_ACE Ace;

    if (Acl == NULL) {
        SddlPut(Text, L"NO_ACCESS_CONTROL");
        return TRUE;
    }
    for (ULONG Index = 0; NT_SUCCESS(RtlGetAce(Acl, Index, (PVOID *)&Ace)); Index++) {
        if (!(Ace->Header.AceType == SYSTEM_MANDATORY_LABEL_ACE_TYPE ? Label : Audit)) {
            continue;
        }
        if (!SddlPutAce(Text, Ace)) {
            return FALSE;
        }
    }
    return TRUE;
}

static BOOL
SddlPutDescriptor(SDDL_TEXT *Text, PSECURITY_DESCRIPTOR Descriptor, SECURITY_INFORMATION Parts)
{
    SECURITY_DESCRIPTOR_CONTROL Control;
    BOOLEAN Present, Defaulted;
    ULONG Revision;
    PSID Sid;
    PACL Acl;

    RtlGetControlSecurityDescriptor(Descriptor, &Control, &Revision);
    RtlGetOwnerSecurityDescriptor(Descriptor, &Sid, &Defaulted);
    if ((Parts & OWNER_SECURITY_INFORMATION) != 0 && Sid != NULL) {
        SddlPut(Text, L"O:");
        if (!SddlPutSid(Text, Sid)) {
            return FALSE;
        }
    }
    RtlGetGroupSecurityDescriptor(Descriptor, &Sid, &Defaulted);
    if ((Parts & GROUP_SECURITY_INFORMATION) != 0 && Sid != NULL) {
        SddlPut(Text, L"G:");
        if (!SddlPutSid(Text, Sid)) {
            return FALSE;
        }
    }
    RtlGetDaclSecurityDescriptor(Descriptor, &Present, &Acl, &Defaulted);
    if ((Parts & DACL_SECURITY_INFORMATION) != 0 && Present) {
        SddlPut(Text, L"D:");
        SddlPut(Text, (Control & SE_DACL_PROTECTED) != 0 ? L"P" : L"");
        SddlPut(Text, (Control & SE_DACL_AUTO_INHERIT_REQ) != 0 ? L"AR" : L"");
        SddlPut(Text, (Control & SE_DACL_AUTO_INHERITED) != 0 ? L"AI" : L"");
        if (!SddlPutAcl(Text, Acl, TRUE, TRUE)) {
            return FALSE;
        }
    }
    RtlGetSaclSecurityDescriptor(Descriptor, &Present, &Acl, &Defaulted);
    if ((Parts & (SACL_SECURITY_INFORMATION | LABEL_SECURITY_INFORMATION)) != 0 && Present) {
        SddlPut(Text, L"S:");
        SddlPut(Text, (Control & SE_SACL_PROTECTED) != 0 ? L"P" : L"");
        SddlPut(Text, (Control & SE_SACL_AUTO_INHERIT_REQ) != 0 ? L"AR" : L"");
        SddlPut(Text, (Control & SE_SACL_AUTO_INHERITED) != 0 ? L"AI" : L"");
        return SddlPutAcl(Text, Acl, (Parts & SACL_SECURITY_INFORMATION) != 0,
                          (Parts & LABEL_SECURITY_INFORMATION) != 0);
    }
    return TRUE;
}

BOOL WINAPI
ConvertSecurityDescriptorToStringSecurityDescriptorW(PSECURITY_DESCRIPTOR Descriptor,
                                                     DWORD Revision, SECURITY_INFORMATION Parts,
                                                     LPWSTR *Result, PULONG Count)
{
    SDDL_TEXT Text = {NULL, 0};

    if (Revision != SDDL_REVISION_1) {
        return AdvFail(ERROR_UNKNOWN_REVISION);
    }
    if (Result == NULL || Descriptor == NULL) {
        return AdvFail(ERROR_INVALID_PARAMETER);
    }
    if (!RtlValidSecurityDescriptor(Descriptor)) {
        return AdvFail(ERROR_INVALID_SECURITY_DESCR);
    }
    if (!SddlPutDescriptor(&Text, Descriptor, Parts)) {
        return FALSE;
    }
    Text.Buffer = AdvAllocate((Text.Count + 1) * sizeof(WCHAR)); /* LocalFree: the process heap */
    if (Text.Buffer == NULL) {
        return AdvFail(ERROR_NOT_ENOUGH_MEMORY);
    }
    Text.Count = 0;
    SddlPutDescriptor(&Text, Descriptor, Parts);
    Text.Buffer[Text.Count] = 0;
    *Result = Text.Buffer;
    if (Count != NULL) {
        *Count = Text.Count + 1;
    }
    return TRUE;
}

/* All of it is ASCII, so it is narrowed where it stands. */
BOOL WINAPI
ConvertSecurityDescriptorToStringSecurityDescriptorA(PSECURITY_DESCRIPTOR Descriptor,
                                                     DWORD Revision, SECURITY_INFORMATION Parts,
                                                     LPSTR *Result, PULONG Count)
{
    LPWSTR Wide;
    ULONG Index;

    if (!ConvertSecurityDescriptorToStringSecurityDescriptorW(
            Descriptor, Revision, Parts, Result != NULL ? &Wide : NULL, Count)) {
        return FALSE;
    }
    *Result = (LPSTR)Wide;
    for (Index = 0; Wide[Index] != 0; Index++) {
        (*Result)[Index] = (CHAR)Wide[Index];
    }
    (*Result)[Index] = 0;
    return TRUE;
}
