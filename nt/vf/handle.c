/*
 * handle.c - handles and references of a driver.
 *
 * A handle that a Zw routine opens in the context of a process lies in that process's table unless OBJ_KERNEL_HANDLE is
 * given: its user can close it, and open something else under the same number. A handle that came from user mode and is
 * used with KernelMode access is checked for nothing. [wdm: InitializeObjectAttributes, ObReferenceObjectByHandle;
 * [BC:c4] 0xF5 to 0xF7; nt-semantics 7.4]
 */
#include "vfp.h"

#define VF_IS_KERNEL_HANDLE(h) (((h) & 0x80000000ull) != 0)

static ULONG64
VfHandleKey(ULONG64 Handle)
{
    /* The kernel's handles are the same everywhere. */
    return VF_IS_KERNEL_HANDLE(Handle)
               ? Handle
               : Handle | ((ULONG64)PspCurrentProcess()->UniqueProcessId & 0xFFFFFF) << 32;
}

static BOOLEAN
VfInUserContext(VOID)
{
    return PspCurrentProcess() != PsInitialSystemProcess && KiPreviousMode() == UserMode;
}

static VOID
VfOpened(PVF_FRAME Frame, ULONG64 Result, PULONG64 Handle, POBJECT_ATTRIBUTES Attributes)
{
    if (!NT_SUCCESS((NTSTATUS)Result) || Handle == NULL) {
        return;
    }
    VfSetPut(&VfHandles, VfHandleKey(*Handle), (ULONG64)Frame->Caller);
    if (Attributes != NULL && VfInUserContext() && !VF_IS_KERNEL_HANDLE(*Handle)) {
        VfViolate(
            VfRuleKernelHandle, NULL, Frame,
            "%a opens a handle in the context of a process and without OBJ_KERNEL_HANDLE: the "
            "process can close it or use it",
            Frame->Caller);
    }
}

/* Routine(&Handle, Access, &Attributes, ...) */
static ULONG64
VfOpenedThird(PVF_FRAME Frame, ULONG64 Result)
{
    VfOpened(Frame, Result, (PULONG64)Frame->Arg[0], (POBJECT_ATTRIBUTES)Frame->Arg[2]);
    return Result;
}

/* ObOpenObjectByPointer(Object, Attributes, State, Access, Type, Mode, &Handle) */
static ULONG64
VfOpenedByPointer(PVF_FRAME Frame, ULONG64 Result)
{
    VfOpened(Frame, Result, (PULONG64)Frame->Arg[6], NULL);
    return Result;
}

/* TRUE: the driver has opened it in another process, and not in this one. */
static BOOLEAN
VfOfAnotherProcess(PVF_FRAME Frame, ULONG64 Handle, const char *Verb)
{
    if (VF_IS_KERNEL_HANDLE(Handle) || (LONG64)Handle <= 0 ||
        VfSetFind(&VfHandles, VfHandleKey(Handle)) != 0) {
        return FALSE;
    }
    for (ULONG i = 0; VfHandles.Count != 0 && i < VF_SET_SIZE; i++) {
        if (VfHandles.Key[i] != 0 && (ULONG)VfHandles.Key[i] == (ULONG)Handle) {
            VfViolate(VfRuleHandleWrongProcess, NULL, Frame,
                      "%a %s the handle 0x%p in another process than the one in which %a "
                      "has opened it",
                      Frame->Caller, Verb, (PVOID)Handle, (PVOID)VfHandles.Value[i]);
            return TRUE;
        }
    }
    return FALSE;
}

/* A use: where this process has such a handle too, it may be meant. */
static BOOLEAN
VfUsedElsewhere(PVF_FRAME Frame, ULONG64 Handle)
{
    return KiIrql() == PASSIVE_LEVEL && !ObpIsKernelHandleOpen((HANDLE)Handle) &&
           VfOfAnotherProcess(Frame, Handle, "uses");
}

/* ZwDuplicateObject and others give handles too; what is not on record is not judged. */
static VOID
VfCloses(PVF_FRAME Frame)
{
    ULONG64 Handle = Frame->Arg[0], Key;

    if (KiIrql() != PASSIVE_LEVEL || (LONG64)Handle == -1 || (LONG64)Handle == -2) {
        return;
    }
    Key = VfHandleKey(Handle);
    if (VfSetFind(&VfHandles, Key) != 0) {
        VfSetRemove(&VfHandles, Key);
        VfSetPut(&VfClosedHandles, Key, (ULONG64)Frame->Caller);
        return;
    }
    if (VfSetFind(&VfClosedHandles, Key) != 0 && VF_IS_KERNEL_HANDLE(Handle) &&
        !ObpIsKernelHandleOpen((HANDLE)Handle)) {
        VfViolate(VfRuleHandleClosedTwice, NULL, Frame,
                  "%a closes the handle 0x%p, which was closed at %a: it may be somebody else's by "
                  "now",
                  Frame->Caller, (PVOID)Handle, (PVOID)VfSetFind(&VfClosedHandles, Key));
    }
    VfOfAnotherProcess(Frame, Handle, "closes");
}

static BOOLEAN
VfIsUserHandle(ULONG64 Handle)
{
    return VfInUserContext() && (LONG64)Handle > 0 && !VF_IS_KERNEL_HANDLE(Handle) &&
           VfSetFind(&VfHandles, VfHandleKey(Handle)) == 0;
}

/* ObReferenceObjectByHandle(Handle, Access, Type, Mode, &Object, Information) */
static VOID
VfReferences(PVF_FRAME Frame)
{
    if ((KPROCESSOR_MODE)Frame->Arg[3] != KernelMode || KiIrql() != PASSIVE_LEVEL ||
        VfUsedElsewhere(Frame, Frame->Arg[0])) {
        return;
    }
    if (VfIsUserHandle(Frame->Arg[0])) {
        VfViolate(
            VfRuleUserHandleKernelMode, NULL, Frame,
            "%a references the handle 0x%p of user mode with AccessMode KernelMode: no access "
            "right is checked, whatever the handle is for",
            Frame->Caller, (PVOID)Frame->Arg[0]);
    }
}

/* A Zw routine whose first argument is a handle: it runs with the previous mode KernelMode. */
static VOID
VfUsesHandle(PVF_FRAME Frame)
{
    if (VfUsedElsewhere(Frame, Frame->Arg[0])) {
        return;
    }
    if (KiIrql() == PASSIVE_LEVEL && VfIsUserHandle(Frame->Arg[0])) {
        VfViolate(VfRuleUserHandleKernelMode, NULL, Frame,
                  "%a calls %s for the handle 0x%p of user mode: no access right is checked there; "
                  "reference it with UserMode first",
                  Frame->Caller, VfCurrent->Name, (PVOID)Frame->Arg[0]);
    }
}

/* ---- references ---- */

static VOID
VfReferenced(const VOID *Caller, ULONG64 Object)
{
    ULONG64 Before = VfSetFind(&VfReferencesHeld, Object);

    /* The count stands above the caller. */
    VfSetPut(&VfReferencesHeld, Object,
             Before == 0 ? 1ull << 56 | (ULONG64)Caller : Before + (1ull << 56));
}

static ULONG64
VfReferencedByHandle(PVF_FRAME Frame, ULONG64 Result)
{
    if (NT_SUCCESS((NTSTATUS)Result)) {
        VfReferenced(Frame->Caller, *(PULONG64)Frame->Arg[4]);
    }
    return Result;
}

/* PsLookupProcessByProcessId(Id, &Process) and others */
static ULONG64
VfLookedUp(PVF_FRAME Frame, ULONG64 Result)
{
    if (NT_SUCCESS((NTSTATUS)Result)) {
        VfReferenced(Frame->Caller, *(PULONG64)Frame->Arg[1]);
    }
    return Result;
}

/* IoGetDeviceObjectPointer(Name, Access, &File, &Device): the file is what is referenced. */
static ULONG64
VfDevicePointer(PVF_FRAME Frame, ULONG64 Result)
{
    if (NT_SUCCESS((NTSTATUS)Result)) {
        VfReferenced(Frame->Caller, *(PULONG64)Frame->Arg[2]);
    }
    return Result;
}

static ULONG64
VfAttachedReference(PVF_FRAME Frame, ULONG64 Result)
{
    VfReferenced(Frame->Caller, Result);
    VfSetPut(&VfDeviceReferences, Result, 1);
    return Result;
}

static VOID
VfDereferences(PVF_FRAME Frame)
{
    ULONG64 Value = VfSetFind(&VfReferencesHeld, Frame->Arg[0]);

    if (Value >> 56 > 1) {
        VfSetPut(&VfReferencesHeld, Frame->Arg[0], Value - (1ull << 56));
    } else if (Value != 0) {
        VfSetRemove(&VfReferencesHeld, Frame->Arg[0]);
    }
}

VOID
VfHandleUnload(PKI_MODULE Module)
{
    for (ULONG i = 0; VfHandles.Count != 0 && i < VF_SET_SIZE; i++) {
        const VOID *Caller = (const VOID *)VfHandles.Value[i];

        if (VfHandles.Key[i] != 0 && VF_IS_KERNEL_HANDLE(VfHandles.Key[i]) &&
            MiFindModule(Caller) == Module) {
            VfViolate(VfRuleHandleLeak, Caller, NULL,
                      "the driver was unloaded, and the handle 0x%p that it opened at %a was never "
                      "closed",
                      (PVOID)(ULONG64)(LONG)VfHandles.Key[i], Caller);
        }
    }
    for (ULONG i = 0; VfReferencesHeld.Count != 0 && i < VF_SET_SIZE; i++) {
        const VOID *Caller = (const VOID *)(VfReferencesHeld.Value[i] & 0x00FFFFFFFFFFFFFFull);

        if (VfReferencesHeld.Key[i] != 0 && MiFindModule(Caller) == Module) {
            PVOID Device = (PVOID)VfReferencesHeld.Key[i];

            VfViolate(
                VfSetFind(&VfDeviceReferences, (ULONG64)Device) != 0
                    ? VfRuleDanglingDeviceObjectReference
                    : VfRuleReferenceLeak,
                Caller, NULL,
                "the driver was unloaded, and the reference to the object 0x%p that it got at "
                "%a was never given back",
                Device, Caller);
        }
    }
}

VOID
VfInitHandle(VOID)
{
    static const VF_HOOK_ROW Rows[] = {
        VF_HOOK(ZwCreateFile, NULL, VfOpenedThird),
        VF_HOOK(ZwOpenFile, NULL, VfOpenedThird),
        VF_HOOK(ZwCreateKey, NULL, VfOpenedThird),
        VF_HOOK(ZwOpenKey, NULL, VfOpenedThird),
        VF_HOOK(ZwOpenKeyEx, NULL, VfOpenedThird),
        VF_HOOK(ZwCreateSection, NULL, VfOpenedThird),
        VF_HOOK(ZwOpenSection, NULL, VfOpenedThird),
        VF_HOOK(ZwCreateEvent, NULL, VfOpenedThird),
        VF_HOOK(ZwOpenEvent, NULL, VfOpenedThird),
        VF_HOOK(ZwOpenProcess, NULL, VfOpenedThird),
        VF_HOOK(ZwOpenThread, NULL, VfOpenedThird),
        VF_HOOK(ZwOpenDirectoryObject, NULL, VfOpenedThird),
        VF_HOOK(ZwCreateDirectoryObject, NULL, VfOpenedThird),
        VF_HOOK(ZwOpenSymbolicLinkObject, NULL, VfOpenedThird),
        VF_HOOK(IoCreateFile, NULL, VfOpenedThird),
        VF_HOOK(PsCreateSystemThread, NULL, VfOpenedThird),
        VF_HOOK(ObOpenObjectByPointer, NULL, VfOpenedByPointer),
        VF_HOOK(ZwClose, VfCloses, NULL),
        VF_HOOK(ObReferenceObjectByHandle, VfReferences, VfReferencedByHandle),
        VF_HOOK(PsLookupProcessByProcessId, NULL, VfLookedUp),
        VF_HOOK(PsLookupThreadByThreadId, NULL, VfLookedUp),
        VF_HOOK(IoGetDeviceObjectPointer, NULL, VfDevicePointer),
        VF_HOOK(IoGetAttachedDeviceReference, NULL, VfAttachedReference),
        VF_HOOK(ObfDereferenceObject, VfDereferences, NULL),
        VF_HOOK(ObDereferenceObject, VfDereferences, NULL),
        VF_HOOK(ObfDereferenceObjectWithTag, VfDereferences, NULL),
        VF_HOOK(ObDereferenceObjectDeferDelete, VfDereferences, NULL),
        VF_HOOK(ZwReadFile, VfUsesHandle, NULL),
        VF_HOOK(ZwWriteFile, VfUsesHandle, NULL),
        VF_HOOK(ZwQueryInformationFile, VfUsesHandle, NULL),
        VF_HOOK(ZwSetInformationFile, VfUsesHandle, NULL),
        VF_HOOK(ZwQueryValueKey, VfUsesHandle, NULL),
        VF_HOOK(ZwSetValueKey, VfUsesHandle, NULL),
        VF_HOOK(ZwSetEvent, VfUsesHandle, NULL),
        VF_HOOK(ZwTerminateProcess, VfUsesHandle, NULL),
        VF_HOOK(ZwMapViewOfSection, VfUsesHandle, NULL),
        VF_HOOK(ZwDeviceIoControlFile, VfUsesHandle, NULL),
        VF_HOOK(ZwFsControlFile, VfUsesHandle, NULL),
        VF_HOOK(ZwQueryDirectoryFile, VfUsesHandle, NULL),
        VF_HOOK(ZwQueryKey, VfUsesHandle, NULL),
        VF_HOOK(ZwEnumerateKey, VfUsesHandle, NULL),
        VF_HOOK(ZwEnumerateValueKey, VfUsesHandle, NULL),
        VF_HOOK(ZwDeleteKey, VfUsesHandle, NULL),
        VF_HOOK(ZwDeleteValueKey, VfUsesHandle, NULL),
    };

    VF_ADD_HOOKS(Rows);
}
