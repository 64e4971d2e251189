/*
 * type.c - objects of another type than they are used as.
 *
 * Who references a user's handle without naming an object type has an object of any kind: the user has chosen which. What
 * is referenced so is on record, with the place, until it is dereferenced. A routine that takes objects of one type only
 * and gets one on record of another type works on somebody else's fields. [wdm: ObReferenceObjectByHandle, ObjectType]
 */
#include "vfp.h"

/* ObReferenceObjectByHandle(Handle, Access, Type, Mode, &Object, Information) */
static ULONG64
VfUntyped(PVF_FRAME Frame, ULONG64 Result)
{
    if (NT_SUCCESS((NTSTATUS)Result) && Frame->Arg[2] == 0 &&
        (KPROCESSOR_MODE)Frame->Arg[3] == UserMode) {
        VfSetPut(&VfUntypedObjects, *(PULONG64)Frame->Arg[4], (ULONG64)Frame->Caller);
    }
    return Result;
}

static VOID
VfForgetsUntyped(PVF_FRAME Frame)
{
    if (VfUntypedObjects.Count != 0) {
        VfSetRemove(&VfUntypedObjects, Frame->Arg[0]);
    }
}

static VOID
VfUsesAs(PVF_FRAME Frame, POBJECT_TYPE Type)
{
    const VOID *At;

    if (VfUntypedObjects.Count == 0 || !VfIsOn(VfRuleObjectType)) {
        return;
    }
    At = (const VOID *)VfSetFind(&VfUntypedObjects, Frame->Arg[0]);
    if (At != NULL && ObGetObjectType((PVOID)Frame->Arg[0]) != Type) {
        VfViolate(VfRuleObjectType, At, Frame,
                  "%a gives %s the object 0x%p, which is of another type: the user's handle was "
                  "referenced at %a without an object type, so it may be one of anything",
                  Frame->Caller, VfCurrent->Name, (PVOID)Frame->Arg[0], At);
    }
}

static VOID
VfUsesEvent(PVF_FRAME Frame)
{
    VfUsesAs(Frame, *ExEventObjectType);
}

static VOID
VfUsesSemaphore(PVF_FRAME Frame)
{
    VfUsesAs(Frame, *ExSemaphoreObjectType);
}

static VOID
VfUsesFile(PVF_FRAME Frame)
{
    VfUsesAs(Frame, *IoFileObjectType);
}

static VOID
VfUsesProcess(PVF_FRAME Frame)
{
    VfUsesAs(Frame, *PsProcessType);
}

static VOID
VfUsesThread(PVF_FRAME Frame)
{
    VfUsesAs(Frame, *PsThreadType);
}

VOID
VfInitType(VOID)
{
    static const VF_HOOK_ROW Rows[] = {
        VF_HOOK(ObReferenceObjectByHandle, NULL, VfUntyped),
        VF_HOOK(ObReferenceObjectByHandleWithTag, NULL, VfUntyped),
        VF_HOOK(ObfDereferenceObject, VfForgetsUntyped, NULL),
        VF_HOOK(KeSetEvent, VfUsesEvent, NULL),
        VF_HOOK(KeResetEvent, VfUsesEvent, NULL),
        VF_HOOK(KeClearEvent, VfUsesEvent, NULL),
        VF_HOOK(KePulseEvent, VfUsesEvent, NULL),
        VF_HOOK(KeReadStateEvent, VfUsesEvent, NULL),
        VF_HOOK(KeReleaseSemaphore, VfUsesSemaphore, NULL),
        VF_HOOK(IoGetRelatedDeviceObject, VfUsesFile, NULL),
        VF_HOOK(IoGetBaseFileSystemDeviceObject, VfUsesFile, NULL),
        VF_HOOK(IoQueryFileDosDeviceName, VfUsesFile, NULL),
        VF_HOOK(PsGetProcessId, VfUsesProcess, NULL),
        VF_HOOK(PsGetProcessImageFileName, VfUsesProcess, NULL),
        VF_HOOK(PsGetProcessPeb, VfUsesProcess, NULL),
        VF_HOOK(PsGetProcessExitStatus, VfUsesProcess, NULL),
        VF_HOOK(PsReferencePrimaryToken, VfUsesProcess, NULL),
        VF_HOOK(KeStackAttachProcess, VfUsesProcess, NULL),
        VF_HOOK(PsGetThreadId, VfUsesThread, NULL),
        VF_HOOK(PsGetThreadProcessId, VfUsesThread, NULL),
        VF_HOOK(IoThreadToProcess, VfUsesThread, NULL),
    };

    VF_ADD_HOOKS(Rows);
}
