/*
 * wdmsec.c - what wdmsec.lib has: IoCreateDeviceSecure. Linked statically, as on Windows. [DDI: wdmsec.h; K: SDDL for
 * device objects]
 *
 * The descriptor is a DACL of allow entries: D:P(A;;RIGHTS;;;WHO)... Anything else is STATUS_INVALID_PARAMETER. The device
 * exists before its descriptor is set, and DO_DEVICE_INITIALIZING keeps openers out until DriverEntry (or AddDevice) has
 * returned. What a device class says in the registry about its security is not looked at.
 */
#include <ntifs.h>
#include <wdmsec.h>

#define W(String) {sizeof(String) - sizeof(WCHAR), sizeof(String), (PWSTR)(String)}
const UNICODE_STRING SDDL_DEVOBJ_KERNEL_ONLY = W(L"D:P");
const UNICODE_STRING SDDL_DEVOBJ_SYS_ALL = W(L"D:P(A;;GA;;;SY)");
const UNICODE_STRING SDDL_DEVOBJ_SYS_ALL_ADM_ALL = W(L"D:P(A;;GA;;;SY)(A;;GA;;;BA)");
const UNICODE_STRING SDDL_DEVOBJ_SYS_ALL_ADM_RX = W(L"D:P(A;;GA;;;SY)(A;;GRGX;;;BA)");
const UNICODE_STRING SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_R =
    W(L"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GR;;;WD)");
const UNICODE_STRING SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_R_RES_R =
    W(L"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GR;;;WD)(A;;GR;;;RC)");
const UNICODE_STRING SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_RW_RES_R =
    W(L"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GRGW;;;WD)(A;;GR;;;RC)");
const UNICODE_STRING SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_RWX_RES_RWX =
    W(L"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GRGWGX;;;WD)(A;;GRGWGX;;;RC)");

/* A position in the string. */
typedef struct _SDDL {
    PCWSTR At, End;
} SDDL, *PSDDL;

static BOOLEAN
SddlTake(PSDDL Text, PCWSTR Word)
{
    PCWSTR At = Text->At;

    for (; *Word != 0; Word++, At++) {
        if (At == Text->End || *At != *Word) {
            return FALSE;
        }
    }
    Text->At = At;
    return TRUE;
}

/* Decimal, or hexadecimal after 0x. */
static BOOLEAN
SddlNumber(PSDDL Text, PULONG Value)
{
    ULONG Base = SddlTake(Text, L"0x") || SddlTake(Text, L"0X") ? 16 : 10;
    PCWSTR Begin = Text->At;

    for (*Value = 0; Text->At != Text->End; Text->At++) {
        WCHAR c = *Text->At;
        ULONG Digit = c >= '0' && c <= '9'   ? (ULONG)(c - '0')
                      : c >= 'a' && c <= 'f' ? (ULONG)(c - 'a' + 10)
                      : c >= 'A' && c <= 'F' ? (ULONG)(c - 'A' + 10)
                                             : 16;
        if (Digit >= Base) {
            break;
        }
        *Value = *Value * Base + Digit;
    }
    return Text->At != Begin;
}

static BOOLEAN
SddlRights(PSDDL Text, PACCESS_MASK Rights)
{
    static const struct {
        PCWSTR Word;
        ACCESS_MASK Mask;
    } Words[] = {{L"GA", GENERIC_ALL},
                 {L"GR", GENERIC_READ},
                 {L"GW", GENERIC_WRITE},
                 {L"GX", GENERIC_EXECUTE},
                 {L"FA", FILE_ALL_ACCESS},
                 {L"FR", FILE_GENERIC_READ},
                 {L"FW", FILE_GENERIC_WRITE},
                 {L"FX", FILE_GENERIC_EXECUTE},
                 {L"RC", READ_CONTROL},
                 {L"SD", DELETE},
                 {L"WD", WRITE_DAC},
                 {L"WO", WRITE_OWNER},
                 {L"CC", 1},
                 {L"DC", 2},
                 {L"LC", 4},
                 {L"SW", 8},
                 {L"RP", 16},
                 {L"WP", 32},
                 {L"DT", 64},
                 {L"LO", 128},
                 {L"CR", 256}};
    ULONG i;

    *Rights = 0;
    if (Text->At != Text->End && *Text->At == '0') {
        return SddlNumber(Text, Rights);
    }
    for (;;) {
        for (i = 0; i < RTL_NUMBER_OF(Words) && !SddlTake(Text, Words[i].Word); i++) {
        }
        if (i == RTL_NUMBER_OF(Words)) {
            return TRUE;
        }
        *Rights |= Words[i].Mask;
    }
}

static BOOLEAN
SddlSid(PSDDL Text, PSID Sid)
{
    static const struct {
        PCWSTR Word;
        UCHAR Authority, Count;
        ULONG Sub[2];
    } Names[] = {{L"SY", 5, 1, {18}},      {L"BA", 5, 2, {32, 544}}, {L"BU", 5, 2, {32, 545}},
                 {L"BG", 5, 2, {32, 546}}, {L"PU", 5, 2, {32, 547}}, {L"WD", 1, 1, {0}},
                 {L"AU", 5, 1, {11}},      {L"RC", 5, 1, {12}},      {L"IU", 5, 1, {4}},
                 {L"NU", 5, 1, {2}},       {L"SU", 5, 1, {6}},       {L"AN", 5, 1, {7}},
                 {L"LS", 5, 1, {19}},      {L"NS", 5, 1, {20}},      {L"OW", 3, 1, {4}},
                 {L"CO", 3, 1, {0}},       {L"AC", 15, 2, {2, 1}},   {L"WR", 5, 1, {33}}};
    SID_IDENTIFIER_AUTHORITY Authority = {{0, 0, 0, 0, 0, 0}};
    ULONG i, Value, Sub[SID_MAX_SUB_AUTHORITIES];
    UCHAR Count = 0;

    for (i = 0; i < RTL_NUMBER_OF(Names); i++) {
        if (SddlTake(Text, Names[i].Word)) {
            Authority.Value[5] = Names[i].Authority;
            RtlInitializeSid(Sid, &Authority, Names[i].Count);
            *RtlSubAuthoritySid(Sid, 0) = Names[i].Sub[0];
            if (Names[i].Count == 2) {
                *RtlSubAuthoritySid(Sid, 1) = Names[i].Sub[1];
            }
            return TRUE;
        }
    }
    if (SddlTake(Text, L"UD")) { /* user-mode drivers: S-1-5-84-0-0-0-0-0 */
        Authority.Value[5] = 5;
        RtlInitializeSid(Sid, &Authority, 6);
        for (i = 0; i < 6; i++) {
            *RtlSubAuthoritySid(Sid, i) = i == 0 ? 84 : 0;
        }
        return TRUE;
    }
    if (!SddlTake(Text, L"S-1-") || !SddlNumber(Text, &Value)) {
        return FALSE;
    }
    for (i = 0; i < 4; i++) {
        Authority.Value[5 - i] = (UCHAR)(Value >> 8 * i);
    }
    while (SddlTake(Text, L"-")) {
        if (Count == SID_MAX_SUB_AUTHORITIES || !SddlNumber(Text, &Sub[Count])) {
            return FALSE;
        }
        Count++;
    }
    RtlInitializeSid(Sid, &Authority, Count);
    for (i = 0; i < Count; i++) {
        *RtlSubAuthoritySid(Sid, i) = Sub[i];
    }
    return TRUE;
}

static NTSTATUS
SddlParse(PCUNICODE_STRING String, PACL Acl, ULONG AclSize, SECURITY_DESCRIPTOR *Descriptor)
{
    SDDL Text = {String->Buffer, String->Buffer + String->Length / sizeof(WCHAR)};
    union {
        SID Sid;
        UCHAR Space[8 + 4 * SID_MAX_SUB_AUTHORITIES];
    } Who;
    ACCESS_MASK Rights;
    NTSTATUS Status;

    if (!SddlTake(&Text, L"D:")) {
        return STATUS_INVALID_PARAMETER;
    }
    while (SddlTake(&Text, L"P") || SddlTake(&Text, L"AI") || SddlTake(&Text, L"AR")) {
    }
    Status = RtlCreateAcl(Acl, AclSize, ACL_REVISION);
    while (NT_SUCCESS(Status) && SddlTake(&Text, L"(")) {
        if (!SddlTake(&Text, L"A;;") || !SddlRights(&Text, &Rights) || !SddlTake(&Text, L";;;") ||
            !SddlSid(&Text, &Who.Sid) || !SddlTake(&Text, L")")) {
            return STATUS_INVALID_PARAMETER;
        }
        RtlMapGenericMask(&Rights, IoGetFileObjectGenericMapping());
        Status = RtlAddAccessAllowedAce(Acl, ACL_REVISION, Rights, &Who.Sid);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Text.At != Text.End) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = RtlCreateSecurityDescriptor(Descriptor, SECURITY_DESCRIPTOR_REVISION);
    return NT_SUCCESS(Status) ? RtlSetDaclSecurityDescriptor(Descriptor, TRUE, Acl, FALSE) : Status;
}

NTSTATUS
WdmlibIoCreateDeviceSecure(PDRIVER_OBJECT DriverObject, ULONG DeviceExtensionSize,
                           PUNICODE_STRING DeviceName, DEVICE_TYPE DeviceType,
                           ULONG DeviceCharacteristics, BOOLEAN Exclusive,
                           PCUNICODE_STRING DefaultSDDLString, LPCGUID DeviceClassGuid,
                           PDEVICE_OBJECT *DeviceObject)
{
    enum { AclSize = 1024 };
    SECURITY_DESCRIPTOR Descriptor;
    PDEVICE_OBJECT Device;
    HANDLE Handle;
    NTSTATUS Status;
    PACL Acl;

    (void)DeviceClassGuid;
    Acl = ExAllocatePoolWithTag(PagedPool, AclSize, 'cesW');
    if (Acl == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = SddlParse(DefaultSDDLString, Acl, AclSize, &Descriptor);
    if (NT_SUCCESS(Status)) {
        Status = IoCreateDevice(DriverObject, DeviceExtensionSize, DeviceName, DeviceType,
                                DeviceCharacteristics, Exclusive, &Device);
    }
    if (NT_SUCCESS(Status)) {
        Status = ObOpenObjectByPointer(Device, OBJ_KERNEL_HANDLE, NULL, WRITE_DAC, NULL, KernelMode,
                                       &Handle);
        if (NT_SUCCESS(Status)) {
            Status = ZwSetSecurityObject(Handle, DACL_SECURITY_INFORMATION, &Descriptor);
            ZwClose(Handle);
        }
        if (NT_SUCCESS(Status)) {
            *DeviceObject = Device;
        } else {
            IoDeleteDevice(Device);
        }
    }
    ExFreePoolWithTag(Acl, 'cesW');
    return Status;
}

#undef RtlInitUnicodeStringEx
NTSYSAPI NTSTATUS NTAPI RtlInitUnicodeStringEx(PUNICODE_STRING DestinationString,
                                               PCWSTR SourceString);
NTSTATUS
WdmlibRtlInitUnicodeStringEx(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
    return RtlInitUnicodeStringEx(DestinationString, SourceString);
}

#undef IoValidateDeviceIoControlAccess
NTKERNELAPI NTSTATUS NTAPI IoValidateDeviceIoControlAccess(PIRP Irp, ULONG RequiredAccess);
NTSTATUS
WdmlibIoValidateDeviceIoControlAccess(PIRP Irp, ULONG RequiredAccess)
{
    return IoValidateDeviceIoControlAccess(Irp, RequiredAccess);
}
