/*
 * reference.c - reference counts and the end of objects.
 *
 * The last reference deletes the object at once at PASSIVE_LEVEL; above, the object goes on a list
 * and a system worker thread deletes it, for delete methods are pageable and may wait.
 *
 * A count that goes wrong is the driver's mistake: bugcheck 0x18 (object type, object), for a
 * reference too few while handles are open as for one below zero.
 */
#include "obp.h"
#include "nt/inc/obend.h"
#include "nt/inc/life.h"

static VOID NTAPI
ObpDeleteWorker(PVOID Context)
{
    POBP_OBJECT List, Next, Reversed = NULL;

    List = ObpDeleteList;
    ObpDeleteList = NULL;
    ObpDeleteQueued = FALSE;
    for (; List != NULL; List = Next) { /* oldest first */
        Next = List->NextToDelete;
        List->NextToDelete = Reversed;
        Reversed = List;
    }
    for (; Reversed != NULL; Reversed = Next) {
        Next = Reversed->NextToDelete;
        ObpDeleteObject(Reversed);
    }
    KiSchedulePoint(SP_RELEASE_SHARED, &ObpDeletesLeft); /* in any order with other deletions */
    if (--ObpDeletesLeft == 0 && ObpDeletesDone != NULL) {
        KeSetEvent(ObpDeletesDone, IO_NO_INCREMENT, FALSE);
    }
}

/* PKI_WOULD_WAIT */
static BOOLEAN
ObpAreDeletesLeft(const volatile VOID *Object, ULONG_PTR Context)
{
    return ObpDeletesLeft != 0;
}

VOID
ObpWaitForDeletes(VOID)
{
    KEVENT Done;

    KiAcquirePoint(SP_ACQUIRE_LOCK, &ObpDeletesLeft, ObpAreDeletesLeft, 0);
    if (ObpDeletesLeft != 0) {
        KeInitializeEvent(&Done, NotificationEvent, FALSE);
        ObpDeletesDone = &Done;
        KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
        ObpDeletesDone = NULL;
    }
}

static VOID
ObpDeferDelete(POBP_OBJECT Object)
{
    Object->NextToDelete = ObpDeleteList;
    ObpDeleteList = Object;
    if (!ObpDeleteQueued) {
        ObpDeleteQueued = TRUE;
        ObpDeletesLeft++;
        ExInitializeWorkItem(&ObpDeleteItem, ObpDeleteWorker, NULL);
        ExQueueWorkItem(&ObpDeleteItem, CriticalWorkQueue);
    }
}

VOID
ObpDeleteObject(POBP_OBJECT Object)
{
    POBJECT_TYPE Type = Object->Type;
    POBP_HOLDER Holder, Next;

    ASSERT(Object->Directory == NULL);
    if (Type->Methods.Delete != NULL) {
        Type->Methods.Delete(OBP_BODY(Object));
        if (Machine->explore) { /* who looks at it between the two is not yet seen to be late */
            KiSchedulePoint(SP_OBJECT, OBP_BODY(Object));
        }
    }
    ObpFreeCreateInfo(Object);
    if (Object->Header.SecurityDescriptor != NULL) {
        ExFreePool(Object->Header.SecurityDescriptor);
    }
    if (Object->Name.Buffer != NULL) {
        ExpFree(Object->Name.Buffer);
    }
    for (Holder = Object->Holder.Next; Holder != NULL; Holder = Next) {
        Next = Holder->Next;
        ExpFree(Holder);
    }
    Type->TotalNumberOfObjects--;
    ExpFree(Object);
}

/* O3: only the name is left? */
VOID
ObpNameCheck(POBP_OBJECT Object)
{
    if (Object->Directory != NULL && Object->Header.HandleCount == 0 &&
        Object->Header.PointerCount == 1 && !(Object->Header.Flags & OBP_FLAG_PERMANENT)) {
        ObpRemoveName(Object);
    }
}

/* O3: the name's reference, which goes when no other one and no handle is left; 0: that stays, or there is none. */
static LONG64
ObpMayLoseName(PVOID Which)
{
    POBP_OBJECT Object = Which;

    return Object->Directory != NULL && Object->Header.HandleCount == 0 &&
           !(Object->Header.Flags & OBP_FLAG_PERMANENT);
}

static DECLSPEC_NORETURN VOID
ObpBadCount(POBP_OBJECT Object)
{
    ULONG i;

    for (i = 0; i < ObpTypeCount && ObpTypes[i] != Object->Type;
         i++) { /* its memory may be somebody else's */
    }
    KeBugCheckEx(REFERENCE_BY_POINTER, i < ObpTypeCount ? (ULONG_PTR)Object->Type : 0,
                 (ULONG_PTR)OBP_BODY(Object), (ULONG_PTR)Object->Header.HandleCount,
                 (ULONG_PTR)Object->Header.PointerCount);
}

static LONG_PTR
ObpDereference(PVOID Body, LONG Count, BOOLEAN Defer)
{
    POBP_OBJECT Object = ObpObject(Body);
    KI_GIVES_BACK Given = {Count, &Object->Header.PointerCount, ObpMayLoseName, Object};
    LONG64 Left;

    KiAcquirePoint(SP_OBJECT, Body, KiStaysReferenced, (ULONG_PTR)&Given);
    if (Object->Header.PointerCount - Count == 1 && ObpMayLoseName(Object)) {
        ObpNamePoint(Object->Directory, &Object->Name, TRUE); /* while it cannot go */
    }
    Left = Object->Header.PointerCount - Count;
    if (Left < Object->Header.HandleCount + (Object->Directory != NULL) ||
        (Object->Header.Flags & OBP_FLAG_DELETING)) { /* O1 */
        Object->Header.PointerCount = Left;
        ObpBadCount(Object);
    }
    Object->Header.PointerCount = Left;
    if (Left == 1 && Object->Directory != NULL) {
        ObpNameCheck(Object); /* may come back here for the name's reference */
        return Left;
    }
    if (Left == 0) {
        Object->Header.Flags |= OBP_FLAG_DELETING;
        if (Defer || KiIrql() > PASSIVE_LEVEL) {
            ObpDeferDelete(Object);
        } else {
            ObpDeleteObject(Object);
        }
    }
    return Left;
}

VOID
ObpAddReference(PVOID Body)
{
    POBP_OBJECT Object = ObpObject(Body);

    ASSERT(Object->Header.PointerCount > 0);
    Object->Header.PointerCount++;
}

/* The kernel holds a reference to what it adds one to. A driver ought to: had it none, another one may be the last (E8). */
static LONG_PTR
ObpReference(PVOID Body, PVOID Caller)
{
    POBP_OBJECT Object = ObpObject(Body);
    BOOLEAN Kernel = (ULONG64)Caller - ABI_IMAGE_BASE < ABI_IMAGE_WINDOW;

    KiAcquirePoint(SP_REFERENCE, Body, NULL, Kernel ? 0 : KI_ADDS);
    if (Object->Header.PointerCount <= 0 || (Object->Header.Flags & OBP_FLAG_DELETING)) {
        ObpBadCount(Object); /* nobody can hold what has no references */
    }
    return ++Object->Header.PointerCount;
}

LONG_PTR FASTCALL
ObfReferenceObject(PVOID Body)
{
    return ObpReference(Body, __builtin_return_address(0));
}

LONG_PTR FASTCALL
ObfReferenceObjectWithTag(PVOID Body, ULONG Tag)
{
    return ObpReference(Body, __builtin_return_address(0));
}

LONG_PTR FASTCALL
ObfDereferenceObject(PVOID Body)
{
    return ObpDereference(Body, 1, FALSE);
}

LONG_PTR FASTCALL
ObfDereferenceObjectWithTag(PVOID Body, ULONG Tag)
{
    return ObpDereference(Body, 1, FALSE);
}

VOID NTAPI
ObDereferenceObjectDeferDelete(PVOID Body)
{
    ObpDereference(Body, 1, TRUE);
}

VOID NTAPI
ObDereferenceObjectDeferDeleteWithTag(PVOID Body, ULONG Tag)
{
    ObpDereference(Body, 1, TRUE);
}

static NTSTATUS
ObpReferenceByPointer(PVOID Body, POBJECT_TYPE Type, KPROCESSOR_MODE AccessMode, PVOID Caller)
{
    POBP_OBJECT Object = ObpObject(Body);

    /* The type counts for callers from user mode, and symbolic links are never anything else. */
    if (Object->Type != Type && (AccessMode != KernelMode || Type == ObpSymbolicLinkType)) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    ObpReference(Body, Caller);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
ObReferenceObjectByPointer(PVOID Body, ACCESS_MASK DesiredAccess, POBJECT_TYPE Type,
                           KPROCESSOR_MODE AccessMode)
{
    return ObpReferenceByPointer(Body, Type, AccessMode, __builtin_return_address(0));
}

NTSTATUS NTAPI
ObReferenceObjectByPointerWithTag(PVOID Body, ACCESS_MASK DesiredAccess, POBJECT_TYPE Type,
                                  KPROCESSOR_MODE AccessMode, ULONG Tag)
{
    return ObpReferenceByPointer(Body, Type, AccessMode, __builtin_return_address(0));
}

/* TRUE and a reference, unless the last one has gone already. No schedule point: see ObpAddReference. */
BOOLEAN NTAPI
ObReferenceObjectSafe(PVOID Body)
{
    POBP_OBJECT Object = ObpObject(Body);

    if (Object->Header.PointerCount <= 0 || (Object->Header.Flags & OBP_FLAG_DELETING)) {
        return FALSE;
    }
    Object->Header.PointerCount++;
    return TRUE;
}

BOOLEAN NTAPI
ObReferenceObjectSafeWithTag(PVOID Body, ULONG Tag)
{
    return ObReferenceObjectSafe(Body);
}

LONG_PTR
ObpPointerCount(PVOID Body)
{
    return ObpObject(Body)->Header.PointerCount;
}

LONG
ObpHandleCount(PVOID Body)
{
    return (LONG)ObpObject(Body)->Header.HandleCount;
}

ULONG NTAPI
ObGetObjectPointerCount(PVOID Body)
{
    return (ULONG)ObpObject(Body)->Header.PointerCount;
}
