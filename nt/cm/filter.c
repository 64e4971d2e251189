/*
 * filter.c - registry callbacks: drivers that see, change and refuse operations.
 *
 *   F1  Callbacks are called in the order of their altitudes, highest first; those of CmRegisterCallback
 *       come by registration after them.
 *   F2  One that refuses (an error status, or STATUS_CALLBACK_BYPASS) ends the operation: those below are
 *       not called, those above that saw the pre-operation call get the post-operation call.
 *   F3  Each has its own CallContext for the operation and its own ObjectContext for the object.
 *   F4  Who is called holds its registration (Busy), and who calls holds the next one before it lets go of it: CmUnRegisterCallback
 *       waits. A post call finds whom it is for by the cookie; one that has gone gets none.
 *   F5  Each step of a search on the registry reads the list (nt/ke/explore.c). What was called takes steps of its own, so
 *       behind it the list, and the key of the operation, are looked at in new ones, and the key may be deleted then.
 *
 * From Vista on the post calls go in reverse order, and one that returns STATUS_CALLBACK_BYPASS replaces the
 * operation's result by ReturnStatus.
 *
 * Facts: "Filtering Registry Calls", "Handling Notifications", the DDI pages of EX_CALLBACK_FUNCTION,
 * CmRegisterCallbackEx, CmSetCallbackObjectContext, REG_POST_OPERATION_INFORMATION.
 */
#include "cmp.h"
#include "nt/inc/left.h"

typedef struct _CM_CALLBACK {
    LIST_ENTRY Link;
    PEX_CALLBACK_FUNCTION Function;
    PVOID Context;
    LARGE_INTEGER Cookie;
    UNICODE_STRING Altitude;
    ULONG Busy;
    BOOLEAN Removing;
    KEVENT Idle;
} CM_CALLBACK, *PCM_CALLBACK;

typedef struct _CM_CONTEXT {
    LIST_ENTRY Link;
    LARGE_INTEGER Cookie;
    PVOID Context;
} CM_CONTEXT, *PCM_CONTEXT;

static PCM_CONTEXT
CmpFindContext(PVOID Object, LARGE_INTEGER Cookie)
{
    PCM_KEY Key = Object;

    if (Object == NULL) {
        return NULL;
    }
    for (PLIST_ENTRY At = Key->Contexts.Flink; At != &Key->Contexts; At = At->Flink) {
        PCM_CONTEXT Context = CONTAINING_RECORD(At, CM_CONTEXT, Link);

        if (Context->Cookie.QuadPart == Cookie.QuadPart) {
            return Context;
        }
    }
    return NULL;
}

static PVOID
CmpContextFor(PVOID Object, PCM_CALLBACK Callback)
{
    PCM_CONTEXT Context = CmpFindContext(Object, Callback->Cookie);

    return Context != NULL ? Context->Context : NULL;
}

/* F5 */
VOID
CmpLookAtCallbacks(VOID)
{
    KiAcquirePoint(SP_REGISTRY, &CmpCallbacks, NULL, KI_REGISTRY_READS);
}

/* F4. Behind Link, with Cookie if that is given; NULL: there is none. */
static PCM_CALLBACK
CmpHold(PLIST_ENTRY Link, PLARGE_INTEGER Cookie)
{
    while ((Link = Link->Flink) != &CmpCallbacks) {
        PCM_CALLBACK Callback = CONTAINING_RECORD(Link, CM_CALLBACK, Link);

        if (!Callback->Removing &&
            (Cookie == NULL || Callback->Cookie.QuadPart == Cookie->QuadPart)) {
            Callback->Busy++;
            return Callback;
        }
    }
    return NULL;
}

static VOID
CmpLetGo(PCM_CALLBACK Callback)
{
    if (--Callback->Busy == 0 && Callback->Removing) {
        KeSetEvent(&Callback->Idle, 0, FALSE);
    }
}

static NTSTATUS
CmpInvoke(PCM_CALLBACK Callback, REG_NOTIFY_CLASS Class, PVOID Information)
{
    NTSTATUS Status =
        VfCall == NULL ? Callback->Function(Callback->Context, (PVOID)(ULONG_PTR)Class, Information)
                       : VF_CALL(NTSTATUS, VfCallback, Callback->Function, Callback->Context, Class,
                                 Information, 0);

    CmpLookAtCallbacks(); /* F5 */
    return Status;
}

/* F5: of an operation on a key, behind the pre calls. */
static NTSTATUS
CmpLookAgain(REG_NOTIFY_CLASS Pre, PCM_KEY Key)
{
    if (Pre == RegNtPreCreateKeyEx || Pre == RegNtPreOpenKeyEx || Pre == RegNtPreKeyHandleClose) {
        return STATUS_SUCCESS; /* what opens looks itself */
    }
    KiAcquirePoint(
        SP_REGISTRY, Key->Node, NULL,
        (ULONG_PTR)CmpRoot |
            (Pre == RegNtPreDeleteKey || Pre == RegNtPreRenameKey ? KI_REGISTRY_CHANGES : 0));
    return Key->Node->Deleted ? STATUS_KEY_DELETED : STATUS_SUCCESS;
}

/*
 * STATUS_SUCCESS: go on, and call CmpCallPost. Else the operation is over: CMP_BYPASS means that the callback
 * has done it. Call holds what the post calls need.
 */
NTSTATUS
CmpCallPre(CM_CALL *Call, REG_NOTIFY_CLASS Pre, REG_NOTIFY_CLASS Post, PVOID Object,
           PVOID Information, PVOID *CallContext, PVOID *ObjectContext)
{
    PCM_CALLBACK Callback, Next;
    NTSTATUS Status;

    Call->Post = Post;
    Call->Object = Object;
    Call->Information = Information;
    Call->CallContext = CallContext;
    Call->ObjectContext = ObjectContext;
    Call->Called = 0;
    for (Callback = CmpHold(&CmpCallbacks, NULL); Callback != NULL; Callback = Next) {
        if (Call->Called == RTL_NUMBER_OF(Call->Contexts)) {
            NOT_YET("more than 8 registry callbacks");
        }
        *CallContext = NULL;
        *ObjectContext = CmpContextFor(Object, Callback);
        Status = CmpInvoke(Callback, Pre, Information);
        Next = NT_SUCCESS(Status) ? CmpHold(&Callback->Link, NULL) : NULL;
        Call->Cookies[Call->Called] = Callback->Cookie;
        CmpLetGo(Callback);
        if (!NT_SUCCESS(Status)) { /* F2 */
            CmpCallPost(Call, Object, Status == CMP_BYPASS ? STATUS_SUCCESS : Status);
            return Status;
        }
        Call->Contexts[Call->Called++] = *CallContext;
    }
    if (Call->Called != 0) {
        Status = CmpLookAgain(Pre, Object);
        if (!NT_SUCCESS(Status)) {
            Status = CmpCallPost(Call, Object, Status);
            return NT_SUCCESS(Status) ? CMP_BYPASS : Status;
        }
    }
    return STATUS_SUCCESS;
}

NTSTATUS
CmpCallPost(CM_CALL *Call, PVOID Object, NTSTATUS Status)
{
    REG_POST_OPERATION_INFORMATION Information = {.Object =
                                                      NT_SUCCESS(Status) ? Object : Call->Object,
                                                  .Status = Status,
                                                  .PreInformation = Call->Information,
                                                  .ReturnStatus = Status};
    ULONG Left = Call->Called;

    if (Left != 0) {
        CmpLookAtCallbacks();
    }
    /* In reverse: from the last that was called. */
    while (Left-- != 0) {
        PCM_CALLBACK Callback = CmpHold(&CmpCallbacks, &Call->Cookies[Left]);

        if (Callback == NULL) {
            continue;
        }
        Information.CallContext = Call->Contexts[Left];
        Information.ObjectContext = CmpContextFor(Information.Object, Callback);
        if (CmpInvoke(Callback, Call->Post, &Information) == CMP_BYPASS) {
            Status = Information.Status = Information.ReturnStatus;
        }
        CmpLetGo(Callback);
    }
    return Status;
}

/* Compares altitudes: decimal numbers as text, perhaps with a fraction. > 0: A is higher. */
static LONG
CmpCompareAltitudes(PCUNICODE_STRING A, PCUNICODE_STRING B)
{
    ULONG WholeA = 0, WholeB = 0, CountA = A->Length / sizeof(WCHAR),
          CountB = B->Length / sizeof(WCHAR);

    while (WholeA < CountA && A->Buffer[WholeA] != L'.') {
        WholeA++;
    }
    while (WholeB < CountB && B->Buffer[WholeB] != L'.') {
        WholeB++;
    }
    if (WholeA != WholeB) {
        return WholeA > WholeB ? 1 : -1;
    }
    for (ULONG i = 0; i < min(CountA, CountB); i++) {
        if (A->Buffer[i] != B->Buffer[i]) {
            return A->Buffer[i] > B->Buffer[i] ? 1 : -1;
        }
    }
    return (LONG)CountA - (LONG)CountB;
}

static NTSTATUS
CmpRegister(PEX_CALLBACK_FUNCTION Function, PCUNICODE_STRING Altitude, PVOID Context,
            PLARGE_INTEGER Cookie)
{
    PLIST_ENTRY At = CmpCallbacks.Flink;
    PCM_CALLBACK Callback;
    LUID Luid;

    KiSchedulePoint(SP_REGISTRY, &CmpCallbacks);
    for (; At != &CmpCallbacks; At = At->Flink) {
        PCM_CALLBACK Other = CONTAINING_RECORD(At, CM_CALLBACK, Link);
        LONG Order;

        if (Altitude == NULL) {
            continue;
        }
        Order = Other->Altitude.Length == 0 ? 1 : CmpCompareAltitudes(Altitude, &Other->Altitude);
        if (Order == 0) {
            return STATUS_FLT_INSTANCE_ALTITUDE_COLLISION;
        }
        if (Order > 0) {
            break;
        }
    }
    Callback = ExpAllocate(sizeof(*Callback) + (Altitude != NULL ? Altitude->Length : 0), 'bcMC');
    Callback->Function = Function;
    Callback->Context = Context;
    ExpAllocateLuid(&Luid);
    Callback->Cookie.LowPart = Luid.LowPart;
    Callback->Cookie.HighPart = Luid.HighPart;
    KeInitializeEvent(&Callback->Idle, SynchronizationEvent, FALSE);
    if (Altitude != NULL) {
        Callback->Altitude.Buffer = (PWCHAR)(Callback + 1);
        Callback->Altitude.Length = Callback->Altitude.MaximumLength = Altitude->Length;
        RtlCopyMemory(Callback->Altitude.Buffer, Altitude->Buffer, Altitude->Length);
    }
    InsertTailList(At, &Callback->Link);
    CmpCallbackCount++;
    *Cookie = Callback->Cookie;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
CmRegisterCallback(PEX_CALLBACK_FUNCTION Function, PVOID Context, PLARGE_INTEGER Cookie)
{
    return CmpRegister(Function, NULL, Context, Cookie);
}

NTSTATUS NTAPI
CmRegisterCallbackEx(PEX_CALLBACK_FUNCTION Function, PCUNICODE_STRING Altitude, PVOID Driver,
                     PVOID Context, PLARGE_INTEGER Cookie, PVOID Reserved)
{
    if (Reserved != NULL || Altitude == NULL || Altitude->Length == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    return CmpRegister(Function, Altitude, Context, Cookie);
}

NTSTATUS NTAPI
CmUnRegisterCallback(LARGE_INTEGER Cookie)
{
    KiSchedulePoint(SP_REGISTRY, &CmpCallbacks);
    for (PLIST_ENTRY At = CmpCallbacks.Flink; At != &CmpCallbacks; At = At->Flink) {
        PCM_CALLBACK Callback = CONTAINING_RECORD(At, CM_CALLBACK, Link);

        if (Callback->Cookie.QuadPart == Cookie.QuadPart && !Callback->Removing) {
            Callback->Removing = TRUE;
            if (Callback->Busy != 0) {
                KeWaitForSingleObject(&Callback->Idle, Executive, KernelMode, FALSE, NULL);
                KiSchedulePoint(SP_REGISTRY, &CmpCallbacks); /* it leaves the list now */
            }
            RemoveEntryList(&Callback->Link);
            CmpCallbackCount--;
            ExpFree(Callback);
            return STATUS_SUCCESS;
        }
    }
    return STATUS_INVALID_PARAMETER;
}

VOID NTAPI
CmGetCallbackVersion(PULONG Major, PULONG Minor)
{
    if (Major != NULL) {
        *Major = 1;
    }
    if (Minor != NULL) {
        *Minor = 1;
    }
}

NTSTATUS NTAPI
CmSetCallbackObjectContext(PVOID Object, PLARGE_INTEGER Cookie, PVOID NewContext, PVOID *OldContext)
{
    PCM_KEY Key = Object;
    PCM_CONTEXT Context;

    KiSchedulePoint(SP_REGISTRY, Key->Node);
    Context = CmpFindContext(Object, *Cookie);
    if (OldContext != NULL) {
        *OldContext = Context != NULL ? Context->Context : NULL;
    }
    if (Context == NULL) {
        Context = ExpAllocate(sizeof(*Context), 'xcMC');
        Context->Cookie = *Cookie;
        InsertTailList(&Key->Contexts, &Context->Link);
    }
    Context->Context = NewContext;
    return STATUS_SUCCESS;
}

/* The object goes: each callback that has a context there may free it. */
VOID
CmpCleanContexts(PCM_KEY Key)
{
    while (!IsListEmpty(&Key->Contexts)) {
        PCM_CONTEXT Context = CONTAINING_RECORD(RemoveHeadList(&Key->Contexts), CM_CONTEXT, Link);
        REG_CALLBACK_CONTEXT_CLEANUP_INFORMATION Information = {.Object = Key,
                                                                .ObjectContext = Context->Context};

        PCM_CALLBACK Callback;

        CmpLookAtCallbacks();
        Callback = CmpHold(&CmpCallbacks, &Context->Cookie);
        if (Callback != NULL) {
            CmpInvoke(Callback, RegNtCallbackObjectContextCleanup, &Information);
            CmpLetGo(Callback);
        }
        ExpFree(Context);
    }
}

static VOID
CmpNameObject(PCM_KEY Key)
{
    if (Key->NameForCallback.Buffer == NULL) {
        ULONG Bytes = CmpNodePath(Key->Node, NULL);

        Key->NameForCallback.Buffer = ExpAllocate(Bytes + sizeof(WCHAR), CMP_TAG_TEMP);
        Key->NameForCallback.Length = (USHORT)Bytes;
        Key->NameForCallback.MaximumLength = (USHORT)(Bytes + sizeof(WCHAR));
        CmpNodePath(Key->Node, Key->NameForCallback.Buffer);
    }
}

NTSTATUS NTAPI
CmCallbackGetKeyObjectID(PLARGE_INTEGER Cookie, PVOID Object, PULONG_PTR ObjectID,
                         PCUNICODE_STRING *ObjectName)
{
    PCM_KEY Key = Object;

    if (Object == NULL || ObpTypeOf(Object) != CmKeyObjectTypeP || Key->Node->Deleted) {
        return STATUS_INVALID_PARAMETER;
    }
    if (ObjectID != NULL) {
        *ObjectID = (ULONG_PTR)Key->Node;
    }
    if (ObjectName != NULL) {
        CmpNameObject(Key);
        *ObjectName = &Key->NameForCallback;
    }
    return STATUS_SUCCESS;
}

/* The caller frees the name with CmCallbackReleaseKeyObjectIDEx. */
NTSTATUS NTAPI
CmCallbackGetKeyObjectIDEx(PLARGE_INTEGER Cookie, PVOID Object, PULONG_PTR ObjectID,
                           PCUNICODE_STRING *ObjectName, ULONG Flags)
{
    PCM_KEY Key = Object;

    if (Flags != 0 || Object == NULL || ObpTypeOf(Object) != CmKeyObjectTypeP ||
        Key->Node->Deleted) {
        return STATUS_INVALID_PARAMETER;
    }
    if (ObjectID != NULL) {
        *ObjectID = (ULONG_PTR)Key->Node;
    }
    if (ObjectName != NULL) {
        ULONG Bytes = CmpNodePath(Key->Node, NULL);
        PUNICODE_STRING Name = ExpAllocate(sizeof(*Name) + Bytes + sizeof(WCHAR), CMP_TAG_TEMP);

        Name->Buffer = (PWCHAR)(Name + 1);
        Name->Length = (USHORT)Bytes;
        Name->MaximumLength = (USHORT)(Bytes + sizeof(WCHAR));
        CmpNodePath(Key->Node, Name->Buffer);
        *ObjectName = Name;
    }
    return STATUS_SUCCESS;
}

VOID NTAPI
CmCallbackReleaseKeyObjectIDEx(PCUNICODE_STRING ObjectName)
{
    ExpFree((PVOID)ObjectName);
}

/* No transaction is ever bound to a key here. */
PVOID NTAPI
CmGetBoundTransaction(PLARGE_INTEGER Cookie, PVOID Object)
{
    return NULL;
}

VOID
CmpListRoutines(KI_LEFT_SAY *Say, PVOID Context)
{
    for (PLIST_ENTRY At = CmpCallbacks.Flink; At != &CmpCallbacks; At = At->Flink) {
        PCM_CALLBACK Callback = CONTAINING_RECORD(At, CM_CALLBACK, Link);

        Say(Context, "a registry callback", Callback, (PVOID)Callback->Function);
    }
}
