/*
 * abuse.c - what a program without rights may not choose: which physical memory is mapped, which process ends.
 *
 * The driver's own use of such routines is none of our business. But where an argument stands word for word in the input
 * of the request that the routine is called for, and the requester is no administrator, the program has chosen it. A
 * physical address must be one that no hardware has, so that a driver that knows its bounds has refused it: the client of
 * `ntlab check` asks for such ones. [public advisories of vulnerable drivers]
 */
#include "special.h"

#define VF_INPUT_LOOKED 512
#define VF_NO_ADDRESS   (1ull << 40)

static BOOLEAN
VfStandsIn(const UCHAR *Input, ULONG Bytes, ULONG64 Value)
{
    for (ULONG i = 0; i + 4 <= min(Bytes, VF_INPUT_LOOKED); i += 4) {
        if ((i + 8 <= Bytes && *(const ULONG64 UNALIGNED *)(Input + i) == Value) ||
            (Value <= 0xFFFFFFFF && *(const ULONG UNALIGNED *)(Input + i) == Value)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Has a program without rights chosen the value? */
static BOOLEAN
VfIsGiven(ULONG64 Value)
{
    PVF_CALLOUT Callout = VfInnermost(VfDispatch);
    PIO_STACK_LOCATION Stack;
    BOOLEAN Given = FALSE;
    PVOID Input;
    PIRP Irp;

    if (Callout == NULL || Callout->Completed || Callout->Forwarded ||
        Callout->Major != IRP_MJ_DEVICE_CONTROL || !KiIsPlainUser(KiThread())) {
        return FALSE;
    }
    Irp = (PIRP)Callout->Arg[1];
    Stack = Callout->Stack;
    if (Irp->RequestorMode != UserMode) {
        return FALSE;
    }
    Input = METHOD_FROM_CTL_CODE(Stack->Parameters.DeviceIoControl.IoControlCode) == METHOD_NEITHER
                ? Stack->Parameters.DeviceIoControl.Type3InputBuffer
                : Irp->AssociatedIrp.SystemBuffer;
    if (Input == NULL) {
        return FALSE;
    }
    __try {
        Given = VfStandsIn(Input, Stack->Parameters.DeviceIoControl.InputBufferLength, Value);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
    }
    return Given;
}

/* MmMapIoSpace(Address, Bytes, Type), MmMapIoSpaceEx(Address, Bytes, Protect) */
static VOID
VfMapsPhysical(PVF_FRAME Frame)
{
    if (VfIsOn(VfRuleUserPhysicalAddress) && Frame->Arg[0] >= VF_NO_ADDRESS &&
        VfIsGiven(Frame->Arg[0])) {
        VfViolate(VfRuleUserPhysicalAddress, NULL, Frame,
                  "%a maps %u bytes at the physical address 0x%p, which a program without rights "
                  "has put into its request: any memory of the machine can be mapped so",
                  Frame->Caller, (ULONG)Frame->Arg[1], (PVOID)Frame->Arg[0]);
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

/* ZwOpenProcess(&Handle, Access, Attributes, &ClientId) */
static ULONG64
VfOpenedProcess(PVF_FRAME Frame, ULONG64 Result)
{
    const CLIENT_ID *Client = (const CLIENT_ID *)Frame->Arg[3];

    if (NT_SUCCESS((NTSTATUS)Result) && Client != NULL) {
        VfNoteProcess(*(PULONG64)Frame->Arg[0], (ULONG64)Client->UniqueProcess);
    }
    return Result;
}

/* PsLookupProcessByProcessId(Id, &Process), then ObOpenObjectByPointer(Process, ..., &Handle) */
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
    if (NT_SUCCESS((NTSTATUS)Result)) {
        VfNoteProcess(*(PULONG64)Frame->Arg[6], VfSetFind(&VfProcessHandles, Frame->Arg[0]));
    }
    return Result;
}

/* ZwTerminateProcess(Handle, Status) */
static VOID
VfEndsProcess(PVF_FRAME Frame)
{
    ULONG64 Process = VfSetFind(&VfProcessHandles, Frame->Arg[0]);

    if (VfIsOn(VfRuleUserProcessEnded) && Process != 0 &&
        Process != (ULONG64)PspCurrentProcess()->UniqueProcessId && VfIsGiven(Process)) {
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
        VF_HOOK(MmMapIoSpace, VfMapsPhysical, NULL),
        VF_HOOK(MmMapIoSpaceEx, VfMapsPhysical, NULL),
        VF_HOOK(ZwOpenProcess, NULL, VfOpenedProcess),
        VF_HOOK(PsLookupProcessByProcessId, NULL, VfFoundProcess),
        VF_HOOK(ObOpenObjectByPointer, NULL, VfOpenedByPointer),
        VF_HOOK(ZwTerminateProcess, VfEndsProcess, NULL),
        VF_HOOK(ZwClose, VfClosesProcess, NULL),
        VF_HOOK(ObfDereferenceObject, VfClosesProcess, NULL),
    };

    VF_ADD_HOOKS(Rows);
}
