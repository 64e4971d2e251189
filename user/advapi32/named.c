/*
 * named.c - security of what has a name (files, keys, kernel objects, services), descriptors in absolute form, small things.
 */
#include "user/advapi32/adv.h"

static ACCESS_MASK
AdvAccessFor(SECURITY_INFORMATION Information, BOOL Write)
{
    ACCESS_MASK Access = 0;

    if (Write) {
        if ((Information & (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION |
                            LABEL_SECURITY_INFORMATION)) != 0) {
            Access |= WRITE_OWNER;
        }
        if ((Information & DACL_SECURITY_INFORMATION) != 0) {
            Access |= WRITE_DAC;
        }
    } else {
        Access = READ_CONTROL;
    }
    return (Information & SACL_SECURITY_INFORMATION) != 0 ? Access | ACCESS_SYSTEM_SECURITY
                                                          : Access;
}

static DWORD
AdvOpenFile(LPCWSTR Name, ACCESS_MASK Access, PHANDLE Handle)
{
    *Handle = CreateFileW(Name, Access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                          NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    return *Handle != INVALID_HANDLE_VALUE ? ERROR_SUCCESS : GetLastError();
}

/* "MACHINE\Software\...", "CURRENT_USER\...", "USERS\...", "CLASSES_ROOT\..." */
static DWORD
AdvOpenNamedKey(LPCWSTR Name, ACCESS_MASK Access, PHANDLE Handle)
{
    static const struct {
        PCWSTR Name;
        HKEY Key;
    } Roots[] = {{L"MACHINE", HKEY_LOCAL_MACHINE},
                 {L"CURRENT_USER", HKEY_CURRENT_USER},
                 {L"USERS", HKEY_USERS},
                 {L"CLASSES_ROOT", HKEY_CLASSES_ROOT}};

    for (ULONG i = 0; i < RTL_NUMBER_OF(Roots); i++) {
        SIZE_T Length = wcslen(Roots[i].Name);

        if (_wcsnicmp(Name, Roots[i].Name, Length) == 0 &&
            (Name[Length] == L'\\' || Name[Length] == 0)) {
            return (DWORD)RegOpenKeyExW(Roots[i].Key, Name + Length + (Name[Length] != 0), 0,
                                        Access, (PHKEY)Handle);
        }
    }
    return ERROR_INVALID_PARAMETER;
}

static DWORD
AdvOpenKernelObject(LPCWSTR Name, ACCESS_MASK Access, PHANDLE Handle)
{
    *Handle = OpenEventW(Access, FALSE, Name);
    if (*Handle == NULL) {
        *Handle = OpenMutexW(Access, FALSE, Name);
    }
    if (*Handle == NULL) {
        *Handle = OpenSemaphoreW(Access, FALSE, Name);
    }
    if (*Handle == NULL) {
        *Handle = OpenFileMappingW(Access, FALSE, Name);
    }
    if (*Handle == NULL) {
        *Handle = OpenWaitableTimerW(Access, FALSE, Name);
    }
    return *Handle != NULL ? ERROR_SUCCESS : GetLastError();
}

static DWORD
AdvOpenNamed(LPCWSTR Name, SE_OBJECT_TYPE Type, ACCESS_MASK Access, PHANDLE Handle)
{
    switch (Type) {
    case SE_FILE_OBJECT:
        return AdvOpenFile(Name, Access, Handle);
    case SE_REGISTRY_KEY:
        return AdvOpenNamedKey(Name, Access, Handle);
    case SE_KERNEL_OBJECT:
        return AdvOpenKernelObject(Name, Access, Handle);
    default:
        return ERROR_CALL_NOT_IMPLEMENTED; /* services, printers, shares, window stations */
    }
}

DWORD WINAPI
GetNamedSecurityInfoW(LPCWSTR Name, SE_OBJECT_TYPE Type, SECURITY_INFORMATION Information,
                      PSID *Owner, PSID *Group, PACL *Dacl, PACL *Sacl,
                      PSECURITY_DESCRIPTOR *Descriptor)
{
    HANDLE Handle;
    DWORD Error = AdvOpenNamed(Name, Type, AdvAccessFor(Information, FALSE), &Handle);

    if (Error == ERROR_SUCCESS) {
        Error = GetSecurityInfo(Handle, Type, Information, Owner, Group, Dacl, Sacl, Descriptor);
        CloseHandle(Handle);
    }
    return Error;
}

DWORD WINAPI
SetNamedSecurityInfoW(LPWSTR Name, SE_OBJECT_TYPE Type, SECURITY_INFORMATION Information,
                      PSID Owner, PSID Group, PACL Dacl, PACL Sacl)
{
    HANDLE Handle;
    DWORD Error = AdvOpenNamed(Name, Type, AdvAccessFor(Information, TRUE), &Handle);

    if (Error == ERROR_SUCCESS) {
        Error = SetSecurityInfo(Handle, Type, Information, Owner, Group, Dacl, Sacl);
        CloseHandle(Handle);
    }
    return Error;
}

DWORD WINAPI
GetNamedSecurityInfoA(LPCSTR Name, SE_OBJECT_TYPE Type, SECURITY_INFORMATION Information,
                      PSID *Owner, PSID *Group, PACL *Dacl, PACL *Sacl,
                      PSECURITY_DESCRIPTOR *Descriptor)
{
    UNICODE_STRING Wide;
    DWORD Error;

    if (!AdvToWide(&Wide, Name)) {
        return GetLastError();
    }
    Error =
        GetNamedSecurityInfoW(Wide.Buffer, Type, Information, Owner, Group, Dacl, Sacl, Descriptor);
    RtlFreeUnicodeString(&Wide);
    return Error;
}

DWORD WINAPI
SetNamedSecurityInfoA(LPSTR Name, SE_OBJECT_TYPE Type, SECURITY_INFORMATION Information, PSID Owner,
                      PSID Group, PACL Dacl, PACL Sacl)
{
    UNICODE_STRING Wide;
    DWORD Error;

    if (!AdvToWide(&Wide, Name)) {
        return GetLastError();
    }
    Error = SetNamedSecurityInfoW(Wide.Buffer, Type, Information, Owner, Group, Dacl, Sacl);
    RtlFreeUnicodeString(&Wide);
    return Error;
}

BOOL WINAPI
GetFileSecurityW(LPCWSTR Name, SECURITY_INFORMATION Information, PSECURITY_DESCRIPTOR Descriptor,
                 DWORD Length, LPDWORD Needed)
{
    HANDLE File;
    DWORD Error = AdvOpenFile(Name, AdvAccessFor(Information, FALSE), &File);
    NTSTATUS Status;

    if (Error != ERROR_SUCCESS) {
        return AdvFail(Error);
    }
    Status = NtQuerySecurityObject(File, Information, Descriptor, Length, Needed);
    CloseHandle(File);
    return AdvResult(Status);
}

BOOL WINAPI
SetFileSecurityW(LPCWSTR Name, SECURITY_INFORMATION Information, PSECURITY_DESCRIPTOR Descriptor)
{
    HANDLE File;
    DWORD Error = AdvOpenFile(Name, AdvAccessFor(Information, TRUE), &File);
    NTSTATUS Status;

    if (Error != ERROR_SUCCESS) {
        return AdvFail(Error);
    }
    Status = NtSetSecurityObject(File, Information, Descriptor);
    CloseHandle(File);
    return AdvResult(Status);
}

BOOL WINAPI
GetFileSecurityA(LPCSTR Name, SECURITY_INFORMATION Information, PSECURITY_DESCRIPTOR Descriptor,
                 DWORD Length, LPDWORD Needed)
{
    UNICODE_STRING Wide;
    BOOL Result;

    if (!AdvToWide(&Wide, Name)) {
        return FALSE;
    }
    Result = GetFileSecurityW(Wide.Buffer, Information, Descriptor, Length, Needed);
    RtlFreeUnicodeString(&Wide);
    return Result;
}

BOOL WINAPI
SetFileSecurityA(LPCSTR Name, SECURITY_INFORMATION Information, PSECURITY_DESCRIPTOR Descriptor)
{
    UNICODE_STRING Wide;
    BOOL Result;

    if (!AdvToWide(&Wide, Name)) {
        return FALSE;
    }
    Result = SetFileSecurityW(Wide.Buffer, Information, Descriptor);
    RtlFreeUnicodeString(&Wide);
    return Result;
}

LSTATUS WINAPI
RegGetKeySecurity(HKEY Key, SECURITY_INFORMATION Information, PSECURITY_DESCRIPTOR Descriptor,
                  LPDWORD Length)
{
    HANDLE Handle;
    BOOLEAN Opened;
    NTSTATUS Status;
    LSTATUS Error = AdvKeyHandle(Key, AdvAccessFor(Information, FALSE), &Handle, &Opened);

    if (Error != ERROR_SUCCESS) {
        return Error;
    }
    Status = NtQuerySecurityObject(Handle, Information, Descriptor, *Length, Length);
    if (Opened) {
        NtClose(Handle);
    }
    return Status == STATUS_BUFFER_TOO_SMALL ? ERROR_INSUFFICIENT_BUFFER
                                             : (LSTATUS)RtlNtStatusToDosError(Status);
}

LSTATUS WINAPI
RegSetKeySecurity(HKEY Key, SECURITY_INFORMATION Information, PSECURITY_DESCRIPTOR Descriptor)
{
    HANDLE Handle;
    BOOLEAN Opened;
    NTSTATUS Status;
    LSTATUS Error = AdvKeyHandle(Key, AdvAccessFor(Information, TRUE), &Handle, &Opened);

    if (Error != ERROR_SUCCESS) {
        return Error;
    }
    Status = NtSetSecurityObject(Handle, Information, Descriptor);
    if (Opened) {
        NtClose(Handle);
    }
    return (LSTATUS)RtlNtStatusToDosError(Status);
}

/* ---- descriptors ---- */

static DWORD
AdvAclBytes(PACL Acl)
{
    return Acl != NULL ? Acl->AclSize : 0;
}

BOOL WINAPI
MakeAbsoluteSD(PSECURITY_DESCRIPTOR Relative, PSECURITY_DESCRIPTOR Absolute, LPDWORD AbsoluteSize,
               PACL Dacl, LPDWORD DaclSize, PACL Sacl, LPDWORD SaclSize, PSID Owner,
               LPDWORD OwnerSize, PSID Group, LPDWORD GroupSize)
{
    PISECURITY_DESCRIPTOR From = Relative;
    PISECURITY_DESCRIPTOR To = Absolute;
    PACL OldDacl = NULL, OldSacl = NULL;
    PSID OldOwner = NULL, OldGroup = NULL;
    BOOLEAN Present, Default;
    DWORD Needs[5];

    if ((From->Control & SE_SELF_RELATIVE) == 0) {
        return AdvFail(ERROR_BAD_DESCRIPTOR_FORMAT);
    }
    RtlGetDaclSecurityDescriptor(Relative, &Present, &OldDacl, &Default);
    OldDacl = Present ? OldDacl : NULL;
    RtlGetSaclSecurityDescriptor(Relative, &Present, &OldSacl, &Default);
    OldSacl = Present ? OldSacl : NULL;
    RtlGetOwnerSecurityDescriptor(Relative, &OldOwner, &Default);
    RtlGetGroupSecurityDescriptor(Relative, &OldGroup, &Default);
    Needs[0] = sizeof(SECURITY_DESCRIPTOR);
    Needs[1] = AdvAclBytes(OldDacl);
    Needs[2] = AdvAclBytes(OldSacl);
    Needs[3] = OldOwner != NULL ? RtlLengthSid(OldOwner) : 0;
    Needs[4] = OldGroup != NULL ? RtlLengthSid(OldGroup) : 0;
    if (*AbsoluteSize < Needs[0] || *DaclSize < Needs[1] || *SaclSize < Needs[2] ||
        *OwnerSize < Needs[3] || *GroupSize < Needs[4]) {
        *AbsoluteSize = Needs[0];
        *DaclSize = Needs[1];
        *SaclSize = Needs[2];
        *OwnerSize = Needs[3];
        *GroupSize = Needs[4];
        return AdvFail(ERROR_INSUFFICIENT_BUFFER);
    }
    RtlCopyMemory(Dacl, OldDacl, Needs[1]);
    RtlCopyMemory(Sacl, OldSacl, Needs[2]);
    RtlCopyMemory(Owner, OldOwner, Needs[3]);
    RtlCopyMemory(Group, OldGroup, Needs[4]);
    To->Revision = From->Revision;
    To->Sbz1 = From->Sbz1;
    To->Control = (SECURITY_DESCRIPTOR_CONTROL)(From->Control & ~SE_SELF_RELATIVE);
    To->Dacl = OldDacl != NULL ? Dacl : NULL;
    To->Sacl = OldSacl != NULL ? Sacl : NULL;
    To->Owner = OldOwner != NULL ? Owner : NULL;
    To->Group = OldGroup != NULL ? Group : NULL;
    return TRUE;
}

/* Only the bits of inheritance may be changed so. */
BOOL WINAPI
SetSecurityDescriptorControl(PSECURITY_DESCRIPTOR Descriptor, SECURITY_DESCRIPTOR_CONTROL Which,
                             SECURITY_DESCRIPTOR_CONTROL Bits)
{
    PISECURITY_DESCRIPTOR At = Descriptor;
    SECURITY_DESCRIPTOR_CONTROL Allowed = SE_DACL_AUTO_INHERIT_REQ | SE_SACL_AUTO_INHERIT_REQ |
                                          SE_DACL_AUTO_INHERITED | SE_SACL_AUTO_INHERITED |
                                          SE_DACL_PROTECTED | SE_SACL_PROTECTED;

    if ((Which & ~Allowed) != 0 || (Bits & ~Which) != 0) {
        return AdvFail(ERROR_INVALID_PARAMETER);
    }
    At->Control = (SECURITY_DESCRIPTOR_CONTROL)((At->Control & ~Which) | Bits);
    return TRUE;
}

/* An entry of another type, with a mask and a SID. */
static BOOL
AdvAddAce(PACL Acl, DWORD Revision, UCHAR Type, DWORD Flags, DWORD Mask, PSID Sid)
{
    struct {
        ACCESS_ALLOWED_ACE Ace;
        UCHAR Rest[SECURITY_MAX_SID_SIZE];
    } Entry;

    if (!RtlValidSid(Sid)) {
        return AdvFail(ERROR_INVALID_SID);
    }
    RtlZeroMemory(&Entry, sizeof(Entry));
    Entry.Ace.Header.AceType = Type;
    Entry.Ace.Header.AceFlags = (UCHAR)Flags;
    Entry.Ace.Header.AceSize =
        (USHORT)(FIELD_OFFSET(ACCESS_ALLOWED_ACE, SidStart) + RtlLengthSid(Sid));
    Entry.Ace.Mask = Mask;
    RtlCopySid(SECURITY_MAX_SID_SIZE, &Entry.Ace.SidStart, Sid);
    return AddAce(Acl, Revision, MAXDWORD, &Entry, Entry.Ace.Header.AceSize);
}

BOOL WINAPI
AddAuditAccessAceEx(PACL Acl, DWORD Revision, DWORD Flags, DWORD Mask, PSID Sid, BOOL Success,
                    BOOL Failure)
{
    return AdvAddAce(Acl, Revision, SYSTEM_AUDIT_ACE_TYPE,
                     Flags | (Success ? SUCCESSFUL_ACCESS_ACE_FLAG : 0u) |
                         (Failure ? FAILED_ACCESS_ACE_FLAG : 0u),
                     Mask, Sid);
}

BOOL WINAPI
AddAuditAccessAce(PACL Acl, DWORD Revision, DWORD Mask, PSID Sid, BOOL Success, BOOL Failure)
{
    return AddAuditAccessAceEx(Acl, Revision, 0, Mask, Sid, Success, Failure);
}

BOOL WINAPI
AddMandatoryAce(PACL Acl, DWORD Revision, DWORD Flags, DWORD Policy, PSID Label)
{
    return AdvAddAce(Acl, Revision, SYSTEM_MANDATORY_LABEL_ACE_TYPE, Flags, Policy, Label);
}

BOOL WINAPI
FindFirstFreeAce(PACL Acl, LPVOID *Ace)
{
    PACE_HEADER At = (PVOID)(Acl + 1);

    if (!RtlValidAcl(Acl)) {
        return AdvFail(ERROR_INVALID_ACL);
    }
    for (ULONG i = 0; i < Acl->AceCount; i++) {
        At = (PVOID)((PUCHAR)At + At->AceSize);
    }
    *Ace = (PUCHAR)At < (PUCHAR)Acl + Acl->AclSize ? At : NULL;
    return TRUE;
}

BOOL WINAPI
AllocateLocallyUniqueId(PLUID Luid)
{
    return AdvResult(NtAllocateLocallyUniqueId(Luid));
}

BOOL WINAPI
AreAllAccessesGranted(DWORD Granted, DWORD Wanted)
{
    return (Wanted & ~Granted) == 0;
}

BOOL WINAPI
AreAnyAccessesGranted(DWORD Granted, DWORD Wanted)
{
    return (Wanted & Granted) != 0;
}

/* ---- who somebody else is: no account here has a password ---- */

BOOL WINAPI
LogonUserW(LPCWSTR User, LPCWSTR Domain, LPCWSTR Password, DWORD Type, DWORD Provider,
           PHANDLE Token)
{
    return AdvFail(ERROR_LOGON_FAILURE);
}

BOOL WINAPI
LogonUserA(LPCSTR User, LPCSTR Domain, LPCSTR Password, DWORD Type, DWORD Provider, PHANDLE Token)
{
    return AdvFail(ERROR_LOGON_FAILURE);
}

BOOL WINAPI
CreateProcessWithLogonW(LPCWSTR User, LPCWSTR Domain, LPCWSTR Password, DWORD LogonFlags,
                        LPCWSTR Application, LPWSTR CommandLine, DWORD Flags, LPVOID Environment,
                        LPCWSTR Folder, LPSTARTUPINFOW Startup, LPPROCESS_INFORMATION Information)
{
    return AdvFail(ERROR_LOGON_FAILURE);
}

BOOL WINAPI
CreateProcessWithTokenW(HANDLE Token, DWORD LogonFlags, LPCWSTR Application, LPWSTR CommandLine,
                        DWORD Flags, LPVOID Environment, LPCWSTR Folder, LPSTARTUPINFOW Startup,
                        LPPROCESS_INFORMATION Information)
{
    return CreateProcessAsUserW(Token, Application, CommandLine, NULL, NULL, FALSE, Flags,
                                Environment, Folder, Startup, Information);
}

BOOL WINAPI
AdjustTokenGroups(HANDLE Token, BOOL Reset, PTOKEN_GROUPS New, DWORD Length, PTOKEN_GROUPS Previous,
                  PDWORD Returned)
{
    return AdvResult(
        NtAdjustGroupsToken(Token, (BOOLEAN)(Reset != FALSE), New, Length, Previous, Returned));
}

BOOL WINAPI
IsTokenRestricted(HANDLE Token)
{
    ULONG64 Groups[512];
    ULONG Length;
    NTSTATUS Status =
        NtQueryInformationToken(Token, TokenRestrictedSids, Groups, sizeof(Groups), &Length);

    if (NT_SUCCESS(Status)) {
        SetLastError(ERROR_SUCCESS);
    }
    return AdvResult(Status) && ((PTOKEN_GROUPS)Groups)->GroupCount != 0;
}

/* Is it UTF-16? A byte order mark, or zeros where Latin text has them; tests that are not asked for do not count. */
BOOL WINAPI
IsTextUnicode(const VOID *Buffer, int Size, LPINT Tests)
{
    const WCHAR *Text = Buffer;
    int Count = Size / 2, Zeros = 0, Asked = Tests != NULL ? *Tests : 0xFFFF, Found = 0;

    if (Size < 2 || Size % 2 != 0) {
        Found |= Size % 2 != 0 ? IS_TEXT_UNICODE_ODD_LENGTH : 0; /* too short to tell: no */
    } else {
        Found |= Text[0] == 0xFEFF   ? IS_TEXT_UNICODE_SIGNATURE
                 : Text[0] == 0xFFFE ? IS_TEXT_UNICODE_REVERSE_SIGNATURE
                                     : 0;
        for (int i = 0; i < Count; i++) {
            Zeros += (Text[i] & 0xFF00) == 0 && Text[i] != 0;
            Found |= Text[i] == 0xFFFF || Text[i] == 0 ? IS_TEXT_UNICODE_ILLEGAL_CHARS : 0;
            Found |= Text[i] == L'\r' || Text[i] == L'\n' || Text[i] == L' ' || Text[i] == L'\t'
                         ? IS_TEXT_UNICODE_CONTROLS
                         : 0;
        }
        Found |= Zeros != 0 ? IS_TEXT_UNICODE_NULL_BYTES : 0;
        Found |= Zeros == Count ? IS_TEXT_UNICODE_ASCII16 : 0;
        Found |= Zeros > Count / 2 ? IS_TEXT_UNICODE_STATISTICS : 0;
    }
    Found &= Asked;
    if (Tests != NULL) {
        *Tests = Found;
    }
    return (Found & (IS_TEXT_UNICODE_ODD_LENGTH | IS_TEXT_UNICODE_ILLEGAL_CHARS)) == 0 &&
           (Found & (IS_TEXT_UNICODE_SIGNATURE | IS_TEXT_UNICODE_ASCII16 |
                     IS_TEXT_UNICODE_STATISTICS)) != 0;
}
