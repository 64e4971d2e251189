/*
 * abuse.c - what a program without rights may not choose: which process is opened or ends, which file or key is opened with
 * the kernel's rights. Of hardware and addresses: hardware.c.
 *
 * The driver's own use of such routines is none of our business. But where an argument stands word for word in the input
 * of the request that the routine is called for, and the requester is no administrator, the program has chosen it.
 * [public advisories of vulnerable drivers]
 */
#include "special.h"

#define VF_INPUT_LOOKED  512
#define VF_NAME_LEAST    8 /* characters: a shorter name stands anywhere */
#define VF_NAME_COMPARED 24
#define VF_NAMES_LOOKED  2048
#define VF_KERNEL_HANDLE 0x80000000ull

/* What any program may have of any process: PROCESS_QUERY_LIMITED_INFORMATION, SYNCHRONIZE. */
#define VF_PROCESS_HARMLESS 0x00101000u

/* A number of [Low, High]; one of 32 bits only if that is all of it. */
static BOOLEAN
VfStandsIn(const UCHAR *Input, ULONG Bytes, ULONG64 Low, ULONG64 High)
{
    for (ULONG i = 0; i + 4 <= min(Bytes, VF_INPUT_LOOKED); i += 4) {
        if ((i + 8 <= Bytes && *(const ULONG64 UNALIGNED *)(Input + i) - Low <= High - Low) ||
            (High <= 0xFFFFFFFF && *(const ULONG UNALIGNED *)(Input + i) - Low <= High - Low)) {
            return TRUE;
        }
    }
    return FALSE;
}

static BOOLEAN
VfPortStandsIn(const UCHAR *Input, ULONG Bytes, USHORT Port)
{
    for (ULONG i = 0; i + 2 <= min(Bytes, VF_INPUT_LOOKED); i += 2) {
        if (*(const USHORT UNALIGNED *)(Input + i) == Port) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The input of the request that a program without rights has made and that the driver has not answered yet; NULL: none. */
static PVOID
VfInputGiven(PULONG Bytes)
{
    PVF_CALLOUT Callout = VfInnermost(VfDispatch);
    PIO_STACK_LOCATION Stack;
    PVOID Input;
    PIRP Irp;

    if (Callout == NULL || Callout->Completed || Callout->Forwarded ||
        Callout->Major != IRP_MJ_DEVICE_CONTROL || !KiIsPlainUser(KiThread())) {
        return NULL;
    }
    Irp = (PIRP)Callout->Arg[1];
    Stack = Callout->Stack;
    if (Irp->RequestorMode != UserMode) {
        return NULL;
    }
    *Bytes = Stack->Parameters.DeviceIoControl.InputBufferLength;
    if (METHOD_FROM_CTL_CODE(Stack->Parameters.DeviceIoControl.IoControlCode) != METHOD_NEITHER) {
        return Irp->AssociatedIrp.SystemBuffer;
    }
    Input = Stack->Parameters.DeviceIoControl.Type3InputBuffer;
    return ABI_IS_USER(Input) && ABI_IS_USER((ULONG64)Input + *Bytes) ? Input : NULL;
}

/* Has a program without rights chosen a number of [Low, High]? */
BOOLEAN
VfIsGiven(ULONG64 Low, ULONG64 High)
{
    BOOLEAN Given = FALSE;
    ULONG Bytes;
    PVOID Input = VfInputGiven(&Bytes);

    if (Input == NULL) {
        return FALSE;
    }
    __try {
        Given = VfStandsIn(Input, Bytes, Low, High);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
    }
    return Given;
}

/* Ports have 16 bits: they stand in fields of two bytes, or are cut from more. */
BOOLEAN
VfIsPortGiven(USHORT Port)
{
    BOOLEAN Given = FALSE;
    ULONG Bytes;
    PVOID Input = VfInputGiven(&Bytes);

    if (Input == NULL) {
        return FALSE;
    }
    __try {
        Given = VfPortStandsIn(Input, Bytes, Port);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
    }
    return Given;
}

/* ---- names ---- */

/* Does the name's last part, or all of it, stand in the input, in characters of two bytes or of one? */
static BOOLEAN
VfNameStandsIn(const UCHAR *Input, ULONG Bytes, const UNICODE_STRING *Name)
{
    ULONG Count = min(Name->Length / sizeof(WCHAR), VF_NAME_COMPARED);
    const WCHAR *Tail = Name->Buffer + Name->Length / sizeof(WCHAR) - Count;

    Bytes = min(Bytes, VF_NAMES_LOOKED);
    for (ULONG At = 0; At + Count <= Bytes; At++) {
        ULONG Wide = 0, Narrow = 0;

        while (Wide < Count && At + 2 * Wide + 2 <= Bytes &&
               *(const WCHAR UNALIGNED *)(Input + At + 2 * Wide) == Tail[Wide]) {
            Wide++;
        }
        while (Narrow < Count && Input[At + Narrow] == Tail[Narrow]) {
            Narrow++;
        }
        if (Wide == Count || Narrow == Count) {
            return TRUE;
        }
    }
    return FALSE;
}

static VOID
VfOpensName(PVF_FRAME Frame, POBJECT_ATTRIBUTES Attributes)
{
    BOOLEAN Given = FALSE;
    PVOID Input;
    ULONG Bytes;

    if (!VfIsOn(VfRuleUserNameOpened) || Attributes == NULL || Attributes->ObjectName == NULL ||
        (Attributes->Attributes & OBJ_FORCE_ACCESS_CHECK) != 0 ||
        Attributes->ObjectName->Length < VF_NAME_LEAST * sizeof(WCHAR) ||
        KiIrql() != PASSIVE_LEVEL) {
        return;
    }
    Input = VfInputGiven(&Bytes);
    if (Input == NULL) {
        return;
    }
    __try {
        Given = VfNameStandsIn(Input, Bytes, Attributes->ObjectName);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
    }
    if (Given) {
        VfViolate(VfRuleUserNameOpened, NULL, Frame,
                  "%a opens a name with %s that a program without rights has put into its request, "
                  "and without OBJ_FORCE_ACCESS_CHECK: nobody asks whether the program may",
                  Frame->Caller, VfCurrent->Name);
    }
}

/* Routine(&Handle, Access, &Attributes, ...) */
static VOID
VfOpensThird(PVF_FRAME Frame)
{
    VfOpensName(Frame, (POBJECT_ATTRIBUTES)Frame->Arg[2]);
}

/* ZwDeleteFile(&Attributes) */
static VOID
VfOpensFirst(PVF_FRAME Frame)
{
    VfOpensName(Frame, (POBJECT_ATTRIBUTES)Frame->Arg[0]);
}

/* IoCreateFile(&Handle, Access, &Attributes, ..., Options) */
static VOID
VfCreatesFile(PVF_FRAME Frame)
{
    if (((ULONG)Frame->Arg[13] & IO_FORCE_ACCESS_CHECK) == 0) {
        VfOpensName(Frame, (POBJECT_ATTRIBUTES)Frame->Arg[2]);
    }
}

/* ---- devices ---- */

/* A create routine has returned. Without FILE_DEVICE_SECURE_OPEN the device's descriptor was not asked for a name below it. */
VOID
VfJudgeCreate(PVF_CALLOUT Callout)
{
    PDEVICE_OBJECT Device = (PDEVICE_OBJECT)Callout->Arg[0];
    SECURITY_SUBJECT_CONTEXT Subject;
    PPRIVILEGE_SET Privileges = NULL;
    ACCESS_MASK Granted = 0;
    NTSTATUS Status;
    BOOLEAN Ok;

    if (!VfIsOn(VfRuleSecureOpen) || !NT_SUCCESS((NTSTATUS)Callout->Result) ||
        !KiIsPlainUser(KiThread()) || VfSetFind(&VfDevices, (ULONG64)Device) == 0 ||
        (Device->Characteristics & FILE_DEVICE_SECURE_OPEN) != 0 || Device->Vpb != NULL ||
        Device->SecurityDescriptor == NULL || Callout->FileObject == NULL ||
        Callout->FileObject->FileName.Length == 0 || Callout->FileObject->RelatedFileObject) {
        return;
    }
    RtlZeroMemory(&Subject, sizeof(Subject)); /* V1: no references, which pass schedule points */
    Subject.PrimaryToken = PspCurrentProcess()->Token;
    Ok = SeAccessCheck(Device->SecurityDescriptor, &Subject, TRUE, MAXIMUM_ALLOWED, 0, &Privileges,
                       IoGetFileObjectGenericMapping(), UserMode, &Granted, &Status);
    if (Privileges != NULL) {
        SeFreePrivileges(Privileges);
    }
    if (!Ok || (Granted & (FILE_READ_DATA | FILE_WRITE_DATA | FILE_EXECUTE)) == 0) {
        VfViolate(
            VfRuleSecureOpen, (const VOID *)VfSetFind(&VfDevices, (ULONG64)Device), NULL,
            "the device 0x%p refuses a program without rights, and %a has let it in by a name "
            "below the device's: it was created without FILE_DEVICE_SECURE_OPEN",
            Device, Callout->Routine);
    }
}

/* ---- processes ---- */

static VOID
VfNoteProcess(ULONG64 Handle, ULONG64 Process)
{
    if (Handle != 0 && Process != 0) {
        VfSetPut(&VfProcessHandles, Handle, Process);
    }
}

/* The program has got a handle that it can use, and nobody has asked whether it may. */
static VOID
VfJudgeProcess(PVF_FRAME Frame, ULONG64 Handle, ACCESS_MASK Access, ULONG64 Process)
{
    if (VfIsOn(VfRuleUserProcessOpened) && (Handle & VF_KERNEL_HANDLE) == 0 &&
        (Access & ~(ACCESS_MASK)VF_PROCESS_HARMLESS) != 0 &&
        PspCurrentProcess() != PsInitialSystemProcess &&
        Process != (ULONG64)PspCurrentProcess()->UniqueProcessId && VfIsGiven(Process, Process)) {
        VfViolate(VfRuleUserProcessOpened, NULL, Frame,
                  "%a opens the process %u, which a program without rights has named in its "
                  "request, with access 0x%x, and the handle is one that the program can use: it "
                  "is not asked whether it may",
                  Frame->Caller, (ULONG)Process, (ULONG)Access);
    }
}

/* ZwOpenProcess(&Handle, Access, Attributes, &ClientId) */
static ULONG64
VfOpenedProcess(PVF_FRAME Frame, ULONG64 Result)
{
    const OBJECT_ATTRIBUTES *Attributes = (const OBJECT_ATTRIBUTES *)Frame->Arg[2];
    const CLIENT_ID *Client = (const CLIENT_ID *)Frame->Arg[3];

    if (NT_SUCCESS((NTSTATUS)Result) && Client != NULL) {
        ULONG64 Handle = *(PULONG64)Frame->Arg[0], Process = (ULONG64)Client->UniqueProcess;

        VfNoteProcess(Handle, Process);
        if (Attributes == NULL || (Attributes->Attributes & OBJ_FORCE_ACCESS_CHECK) == 0) {
            VfJudgeProcess(Frame, Handle, (ACCESS_MASK)Frame->Arg[1], Process);
        }
    }
    return Result;
}

/* PsLookupProcessByProcessId(Id, &Process), then ObOpenObjectByPointer(Process, Attributes, State, Access, Type, Mode, &Handle) */
static ULONG64
VfFoundProcess(PVF_FRAME Frame, ULONG64 Result)
{
    if (NT_SUCCESS((NTSTATUS)Result)) {
        VfNoteProcess(*(PULONG64)Frame->Arg[1], Frame->Arg[0]);
    }
    return Result;
}

static ULONG64
VfOpenedByPointer(PVF_FRAME Frame, ULONG64 Result)
{
    ULONG64 Process = VfSetFind(&VfProcessHandles, Frame->Arg[0]);

    if (NT_SUCCESS((NTSTATUS)Result) && Process != 0) {
        ULONG64 Handle = *(PULONG64)Frame->Arg[6];

        VfNoteProcess(Handle, Process);
        if ((KPROCESSOR_MODE)Frame->Arg[5] == KernelMode &&
            ((ULONG)Frame->Arg[1] & OBJ_FORCE_ACCESS_CHECK) == 0) {
            VfJudgeProcess(Frame, Handle, (ACCESS_MASK)Frame->Arg[3], Process);
        }
    }
    return Result;
}

/* ZwTerminateProcess(Handle, Status) */
static VOID
VfEndsProcess(PVF_FRAME Frame)
{
    ULONG64 Process = VfSetFind(&VfProcessHandles, Frame->Arg[0]);

    if (VfIsOn(VfRuleUserProcessEnded) && Process != 0 &&
        Process != (ULONG64)PspCurrentProcess()->UniqueProcessId && VfIsGiven(Process, Process)) {
        VfViolate(VfRuleUserProcessEnded, NULL, Frame,
                  "%a terminates the process %u, which a program without rights has named in its "
                  "request: it is not asked whether it may",
                  Frame->Caller, (ULONG)Process);
    }
}

static VOID
VfClosesProcess(PVF_FRAME Frame)
{
    if (VfProcessHandles.Count != 0) {
        VfSetRemove(&VfProcessHandles, Frame->Arg[0]);
    }
}

VOID
VfInitAbuse(VOID)
{
    static const VF_HOOK_ROW Rows[] = {
        VF_HOOK(ZwCreateFile, VfOpensThird, NULL),
        VF_HOOK(ZwOpenFile, VfOpensThird, NULL),
        VF_HOOK(IoCreateFile, VfCreatesFile, NULL),
        VF_HOOK(IoCreateFileEx, VfCreatesFile, NULL),
        VF_HOOK(ZwDeleteFile, VfOpensFirst, NULL),
        VF_HOOK(ZwOpenKey, VfOpensThird, NULL),
        VF_HOOK(ZwOpenKeyEx, VfOpensThird, NULL),
        VF_HOOK(ZwCreateKey, VfOpensThird, NULL),
        VF_HOOK(ZwOpenSection, VfOpensThird, NULL),
        VF_HOOK(ZwOpenProcess, NULL, VfOpenedProcess),
        VF_HOOK(PsLookupProcessByProcessId, NULL, VfFoundProcess),
        VF_HOOK(ObOpenObjectByPointer, NULL, VfOpenedByPointer),
        VF_HOOK(ZwTerminateProcess, VfEndsProcess, NULL),
        VF_HOOK(ZwClose, VfClosesProcess, NULL),
        VF_HOOK(ObfDereferenceObject, VfClosesProcess, NULL),
    };

    VF_ADD_HOOKS(Rows);
}
