/*
 * openaccess.c - what an open is granted: devices with drawn descriptors, with and without FILE_DEVICE_SECURE_OPEN, opened by themselves, with a name behind them and
 * relative to a handle, for drawn accesses, checked and unchecked; what the create request carries and what the handle holds. What a descriptor
 * grants is asked of SeAccessCheck. [DDI:wdm/iocreatedevice], [K:controlling-device-namespace-access],
 * [DDI:wdm/_io_security_context], [DDI:wdm/_access_state], [DDI:wdm/zwcreatefile], [DDI:ntifs/iocreatefile]
 */
#include "io-test.h"

NTSYSAPI NTSTATUS NTAPI RtlAddAccessDeniedAce(PACL Acl, ULONG Revision, ACCESS_MASK Access,
                                              PSID Sid);

#define STEPS 1500

static ULONG Seed = 29, Creates, Wrong[8];
static ACCESS_MASK Asked, Original;
static USHORT Share;
static ULONG Options;

static ULONG
Any(ULONG Below)
{
    return RtlRandomEx(&Seed) % Below;
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    if (Stack->MajorFunction == IRP_MJ_CREATE) {
        PIO_SECURITY_CONTEXT Context = Stack->Parameters.Create.SecurityContext;

        Creates++;
        Asked = Context->DesiredAccess;
        Original = Context->AccessState->OriginalDesiredAccess;
        Share = Stack->Parameters.Create.ShareAccess;
        Options = Stack->Parameters.Create.Options;
        Wrong[0] += (Context->AccessState->PreviouslyGrantedAccess |
                     Context->AccessState->RemainingDesiredAccess) != Asked;
    }
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static const ACCESS_MASK Bits[] = {
    FILE_READ_DATA,       FILE_WRITE_DATA,       FILE_APPEND_DATA, FILE_EXECUTE,   FILE_READ_EA,
    FILE_READ_ATTRIBUTES, FILE_WRITE_ATTRIBUTES, DELETE,           READ_CONTROL,   WRITE_DAC,
    SYNCHRONIZE,          GENERIC_READ,          GENERIC_WRITE,    GENERIC_EXECUTE};

static ACCESS_MASK
Mask(ULONG Most, ULONG Of)
{
    ACCESS_MASK Mask = 0;

    for (ULONG i = 0; i < Most; i++) {
        Mask |= Bits[Any(Of)];
    }
    return Mask;
}

/* Entries for everybody, administrators and the system, allowed and denied. */
static VOID
Protect(PDEVICE_OBJECT Device)
{
    PSID Sids[] = {SeExports->SeWorldSid, SeExports->SeAliasAdminsSid, SeExports->SeLocalSystemSid,
                   SeExports->SeAliasUsersSid};
    UCHAR Space[256];
    PACL Acl = (PACL)Space;
    SECURITY_DESCRIPTOR Descriptor;
    ULONG Count = Any(5);
    HANDLE Handle;

    RtlCreateAcl(Acl, sizeof(Space), ACL_REVISION);
    for (ULONG i = 0; i < Count; i++) {
        if (Any(3) == 0) {
            RtlAddAccessDeniedAce(Acl, ACL_REVISION, Mask(1 + Any(2), 11), Sids[Any(4)]);
        } else {
            RtlAddAccessAllowedAce(Acl, ACL_REVISION, Any(3) ? FILE_ALL_ACCESS : Mask(6, 11),
                                   Sids[Any(4)]);
        }
    }
    RtlCreateSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    RtlSetDaclSecurityDescriptor(&Descriptor, TRUE, Acl, FALSE);
    ObOpenObjectByPointer(Device, OBJ_KERNEL_HANDLE, NULL, WRITE_DAC, NULL, KernelMode, &Handle);
    Wrong[1] +=
        ZwSetSecurityObject(Handle, DACL_SECURITY_INFORMATION, &Descriptor) != STATUS_SUCCESS;
    ZwClose(Handle);
}

/* What the device's descriptor grants of Desired. */
static NTSTATUS
Granted(PDEVICE_OBJECT Device, ACCESS_MASK Desired, PACCESS_MASK Access)
{
    PGENERIC_MAPPING Mapping = IoGetFileObjectGenericMapping();
    SECURITY_SUBJECT_CONTEXT Subject;
    PSECURITY_DESCRIPTOR Descriptor;
    PPRIVILEGE_SET Privileges = NULL;
    BOOLEAN Allocated, Good;
    NTSTATUS Status;

    RtlMapGenericMask(&Desired, Mapping);
    ObGetObjectSecurity(Device, &Descriptor, &Allocated);
    SeCaptureSubjectContext(&Subject);
    SeLockSubjectContext(&Subject);
    Good = SeAccessCheck(Descriptor, &Subject, TRUE, Desired, 0, &Privileges, Mapping, UserMode,
                         Access, &Status);
    SeUnlockSubjectContext(&Subject);
    SeReleaseSubjectContext(&Subject);
    if (Privileges != NULL) {
        SeFreePrivileges(Privileges);
    }
    ObReleaseObjectSecurity(Descriptor, Allocated);
    return Good ? STATUS_SUCCESS : Status;
}

static VOID
OpenDevice(PDEVICE_OBJECT Device, PCWSTR Path, BOOLEAN Secure, HANDLE Root)
{
    static WCHAR Text[64];
    ACCESS_MASK Desired = Any(6) == 0    ? MAXIMUM_ALLOWED | (Any(2) ? SYNCHRONIZE : 0)
                          : Any(12) == 0 ? ACCESS_SYSTEM_SECURITY | FILE_READ_DATA
                                         : Mask(1 + Any(3), RTL_NUMBER_OF(Bits)),
                Access = 0, Mapped = Desired;
    BOOLEAN Named = Any(2), Relative = Named && Root != NULL && Any(3) == 0, Checked = Any(4) != 0,
            ByIo = Any(2);
    USHORT Shares = (USHORT)Any(8);
    NTSTATUS Status, Good;
    OBJECT_HANDLE_INFORMATION Information;
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    IO_STATUS_BLOCK Iosb;
    PVOID Object;
    HANDLE Handle;

    wcscpy(Text, Relative ? L"" : Path);
    wcscat(Text, Named ? (Relative ? L"file" : L"\\file") : L"");
    RtlInitUnicodeString(&Name, Text);
    InitializeObjectAttributes(&Attributes, &Name,
                               OBJ_KERNEL_HANDLE | (Checked && !ByIo ? OBJ_FORCE_ACCESS_CHECK : 0),
                               Relative ? Root : NULL, NULL);
    RtlMapGenericMask(&Mapped, IoGetFileObjectGenericMapping());
    if (Checked && (!Named || Secure)) {
        Good = Granted(Device, Desired, &Access);
    } else {
        Good = STATUS_SUCCESS; /* nobody asks, or the file system decides */
        Access = (Mapped & ~MAXIMUM_ALLOWED) | (Mapped & MAXIMUM_ALLOWED ? FILE_ALL_ACCESS : 0);
    }
    Creates = 0;
    Status = IoCreateFile(&Handle, Desired, &Attributes, &Iosb, NULL, 0, Shares, FILE_OPEN, 0, NULL,
                          0, CreateFileTypeNone, NULL, Checked && ByIo ? IO_FORCE_ACCESS_CHECK : 0);
    Wrong[2] += Status != Good;
    Wrong[3] += Creates != (ULONG)NT_SUCCESS(Good);
    if (!NT_SUCCESS(Status)) {
        return;
    }
    Wrong[4] += (Asked & ~MAXIMUM_ALLOWED) != Access;
    Wrong[5] += Share != Shares || Options >> 24 != FILE_OPEN;
    ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, &Object, &Information);
    Wrong[6] += Information.GrantedAccess != Access;
    ObDereferenceObject(Object);
    ZwClose(Handle);
}

static VOID
Steps(VOID)
{
    static const PCWSTR Names[] = {L"\\Device\\NtlabAccess0", L"\\Device\\NtlabAccess1"};
    PDEVICE_OBJECT Devices[2];
    HANDLE Roots[2] = {NULL, NULL};
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    IO_STATUS_BLOCK Iosb;

    for (ULONG i = 0; i < 2; i++) {
        RtlInitUnicodeString(&Name, Names[i]);
        EXPECT_STATUS(IoCreateDevice(Driver, 0, &Name, FILE_DEVICE_UNKNOWN,
                                     i != 0 ? FILE_DEVICE_SECURE_OPEN : 0, FALSE, &Devices[i]),
                      STATUS_SUCCESS);
        Devices[i]->Flags &= ~DO_DEVICE_INITIALIZING;
        InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
        EXPECT_STATUS(ZwOpenFile(&Roots[i], FILE_READ_DATA, &Attributes, &Iosb, 0, 0),
                      STATUS_SUCCESS);
    }
    for (ULONG Step = 0; Step < STEPS; Step++) {
        ULONG Which = Any(2);

        if (Step % 6 == 0) {
            Protect(Devices[Which]);
        }
        OpenDevice(Devices[Which], Names[Which], Which != 0, Roots[Which]);
    }
    for (ULONG i = 0; i < 2; i++) {
        ZwClose(Roots[i]);
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Wrong); i++) {
        EXPECT_EQ(Wrong[i], 0);
    }
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    while (DriverObject->DeviceObject != NULL) {
        IoDeleteDevice(DriverObject->DeviceObject);
    }
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Steps)};

    Driver = DriverObject;
    DriverObject->DriverUnload = Unload;
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = Dispatch;
    }
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    return STATUS_SUCCESS;
}
