/*
 * ldrnotify.c - who is told of DLLs that come and go, and the list of those that are here.
 *
 * A routine is called under the loader lock: for a load when the image is mapped and bound and before its DllMain, for an
 * unload after its DllMain. Facts: LdrRegisterDllNotification, LdrDllNotification.
 */
#include "user/ntdll/ntdllp.h"

typedef struct _LDRP_NOTIFICATION {
    ULONG Flags;
    PCUNICODE_STRING FullDllName;
    PCUNICODE_STRING BaseDllName;
    PVOID DllBase;
    ULONG SizeOfImage;
} LDRP_NOTIFICATION;

typedef VOID(CALLBACK *PLDRP_NOTIFICATION)(ULONG Reason, const LDRP_NOTIFICATION *Data,
                                           PVOID Context);

typedef struct _LDRP_LISTENER {
    LIST_ENTRY Links;
    PLDRP_NOTIFICATION Routine;
    PVOID Context;
} LDRP_LISTENER, *PLDRP_LISTENER;

VOID
LdrpNotify(PLDR_DATA_TABLE_ENTRY Entry, ULONG Reason)
{
    LDRP_NOTIFICATION Data = {0, &Entry->FullDllName, &Entry->BaseDllName, Entry->DllBase,
                              Entry->SizeOfImage};

    for (PLIST_ENTRY At = LdrpListeners.Flink, Next; At != &LdrpListeners; At = Next) {
        PLDRP_LISTENER Listener = CONTAINING_RECORD(At, LDRP_LISTENER, Links);

        Next = At->Flink; /* it may unregister itself */
        Listener->Routine(Reason, &Data, Listener->Context);
    }
}

NTSTATUS NTAPI
LdrRegisterDllNotification(ULONG Flags, PLDRP_NOTIFICATION Routine, PVOID Context, PVOID *Cookie)
{
    PLDRP_LISTENER Listener;

    if (Flags != 0 || Routine == NULL || Cookie == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    *Cookie = NULL;
    Listener = RtlAllocateHeap(RtlProcessHeap(), 0, sizeof(*Listener));
    if (Listener == NULL) {
        return STATUS_NO_MEMORY;
    }
    Listener->Routine = Routine;
    Listener->Context = Context;
    RtlEnterCriticalSection(&LdrpLoaderLock);
    InsertTailList(&LdrpListeners, &Listener->Links);
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    *Cookie = Listener;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
LdrUnregisterDllNotification(PVOID Cookie)
{
    PLDRP_LISTENER Found = NULL;

    if (Cookie == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    RtlEnterCriticalSection(&LdrpLoaderLock);
    for (PLIST_ENTRY At = LdrpListeners.Flink; At != &LdrpListeners; At = At->Flink) {
        if (CONTAINING_RECORD(At, LDRP_LISTENER, Links) == Cookie) {
            Found = Cookie;
            RemoveEntryList(At);
            break;
        }
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    if (Found == NULL) {
        return STATUS_DLL_NOT_FOUND;
    }
    RtlFreeHeap(RtlProcessHeap(), 0, Found);
    return STATUS_SUCCESS;
}

typedef VOID(NTAPI *PLDRP_ENUMERATOR)(PLDR_DATA_TABLE_ENTRY Entry, PVOID Context, PBOOLEAN Stop);

NTSTATUS NTAPI
LdrEnumerateLoadedModules(ULONG Flags, PLDRP_ENUMERATOR Routine, PVOID Context)
{
    BOOLEAN Stop = FALSE;

    if (Flags != 0 || Routine == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    RtlEnterCriticalSection(&LdrpLoaderLock);
    for (PLIST_ENTRY At = LdrpData.InLoadOrderModuleList.Flink, Next;
         At != &LdrpData.InLoadOrderModuleList && !Stop; At = Next) {
        Next = At->Flink;
        Routine(CONTAINING_RECORD(At, LDR_DATA_TABLE_ENTRY, InLoadOrderLinks), Context, &Stop);
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return STATUS_SUCCESS;
}
