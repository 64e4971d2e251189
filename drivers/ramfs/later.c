/*
 * later.c - routines that came after Windows XP: asked for by name, and done without where there is none.
 */
#include <initguid.h>
#include "ramfs.h"

static ULONG(NTAPI *RamWritableReferences)(PSECTION_OBJECT_POINTERS); /* Vista */
static BOOLEAN(NTAPI *RamCurrentOplockH)(POPLOCK);                    /* 7 */
static NTSTATUS(NTAPI *RamOplockBreakH)(POPLOCK, PIRP, ULONG, PVOID, POPLOCK_WAIT_COMPLETE_ROUTINE,
                                        POPLOCK_FS_PREPOST_IRP); /* 7 */

static NTSTATUS(NTAPI *RamCheckOplockEx)(POPLOCK, PIRP, ULONG, PVOID, POPLOCK_WAIT_COMPLETE_ROUTINE,
                                         POPLOCK_FS_PREPOST_IRP); /* Vista */

static NTSTATUS(NTAPI *RamFsctrlEx)(POPLOCK, PIRP, ULONG, ULONG); /* 7 */
static BOOLEAN(NTAPI *RamKeysEqual)(PFILE_OBJECT, PFILE_OBJECT);  /* 7 */
static BOOLEAN(NTAPI *RamSharedRequest)(PIRP);                    /* 7 */

/* Vista */
static NTSTATUS(NTAPI *RamGetEcpList)(PIRP, PECP_LIST *);
static NTSTATUS(NTAPI *RamFindEcp)(PECP_LIST, LPCGUID, PVOID *, ULONG *);
static VOID(NTAPI *RamAcknowledgeEcp)(PVOID);

BOOLEAN RamIsWindows10, RamIsWindows8, RamIsVista;

static PVOID
RamLater(PCWSTR Routine)
{
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, Routine);
    return MmGetSystemRoutineAddress(&Name);
}

VOID
RamFindLater(VOID)
{
    RTL_OSVERSIONINFOW Version = {sizeof(Version)};

    RtlGetVersion(&Version);
    RamIsVista = Version.dwMajorVersion >= 6;
    RamIsWindows8 =
        Version.dwMajorVersion > 6 || (Version.dwMajorVersion == 6 && Version.dwMinorVersion >= 2);
    RamIsWindows10 = Version.dwMajorVersion >= 10;
    RamWritableReferences = RamLater(L"MmDoesFileHaveUserWritableReferences");
    RamGetEcpList = RamLater(L"FsRtlGetEcpListFromIrp");
    RamFindEcp = RamLater(L"FsRtlFindExtraCreateParameter");
    RamAcknowledgeEcp = RamLater(L"FsRtlAcknowledgeEcp");
    RamCurrentOplockH = RamLater(L"FsRtlCurrentOplockH");
    RamFsctrlEx = RamLater(L"FsRtlOplockFsctrlEx");
    RamKeysEqual = RamLater(L"FsRtlOplockKeysEqual");
    RamSharedRequest = RamLater(L"FsRtlOplockIsSharedRequest");
    RamCheckOplockEx = RamLater(L"FsRtlCheckOplockEx");
    RamOplockBreakH = RamLater(L"FsRtlOplockBreakH");
}

BOOLEAN
RamIsLocked(PRAM_STREAM Stream)
{
    return FsRtlGetNextFileLock(&Stream->Locks, TRUE) != NULL;
}

ULONG
RamHasWritableReferences(PSECTION_OBJECT_POINTERS Pointers)
{
    return RamWritableReferences != NULL ? RamWritableReferences(Pointers) : 0;
}

BOOLEAN
RamCachesHandle(POPLOCK Oplock)
{
    return RamCurrentOplockH != NULL && RamCurrentOplockH(Oplock);
}

/* A shared oplock wants to know of byte-range locks, another of opens. [ntifs: FsRtlOplockFsctrl, OpenCount] */
ULONG
RamOplockCount(PRAM_REQUEST Request, PRAM_STREAM Stream, ULONG Code)
{
    BOOLEAN Shared = RamSharedRequest != NULL ? RamSharedRequest(Request->Irp)
                                              : Code == FSCTL_REQUEST_OPLOCK_LEVEL_2;

    return Shared ? RamIsLocked(Stream) : Stream->Handles;
}

/* Several handles of one oplock key are as good as one. [ntifs: FsRtlOplockFsctrlEx, OPLOCK_FSCTRL_FLAG_ALL_KEYS_MATCH] */
static ULONG
RamKeysMatch(PRAM_REQUEST Request, PRAM_STREAM Stream)
{
    for (PLIST_ENTRY Entry = Stream->Handled.Flink; Entry != &Stream->Handled;
         Entry = Entry->Flink) {
        PRAM_CCB Ccb = CONTAINING_RECORD(Entry, RAM_CCB, Links);

        if (!RamKeysEqual(Ccb->FileObject, Request->FileObject)) {
            return 0;
        }
    }
    return 1;
}

NTSTATUS
RamOplockControl(PRAM_REQUEST Request, ULONG Count)
{
    PRAM_STREAM Stream = Request->Stream;

    if (RamFsctrlEx == NULL || RamKeysEqual == NULL) {
        return FsRtlOplockFsctrl(&Stream->Oplock, Request->Irp, Count);
    }
    return RamFsctrlEx(&Stream->Oplock, Request->Irp, Count, RamKeysMatch(Request, Stream));
}

/* Opened, and an oplock that nobody comes in front of: 7. [ntifs: FsRtlOplockFsctrl, IRP_MJ_CREATE] */
NTSTATUS
RamReserveOplock(PRAM_REQUEST Request, PRAM_STREAM Stream, ULONG Options)
{
    if (RamFsctrlEx == NULL && !(Options & FILE_RESERVE_OPFILTER)) {
        return STATUS_SUCCESS;
    }
    return FsRtlOplockFsctrl(&Stream->Oplock, Request->Irp, Stream->Handles + 1);
}

VOID
RamDropReservation(PRAM_REQUEST Request, PRAM_STREAM Stream)
{
    if (RamCheckOplockEx != NULL) {
        RamCheckOplockEx(&Stream->Oplock, Request->Irp, OPLOCK_FLAG_BACK_OUT_ATOMIC_OPLOCK, NULL,
                         NULL, NULL);
    }
}

/* What the directory lists changes: who keeps its list in mind is told, and nobody waits. [MS-FSA 2.1.4.12, PARENT_OBJECT] */
VOID
RamBreakDirectory(PRAM_REQUEST Request, PRAM_NODE Directory)
{
    if (RamIsWindows8) {
        RamCheckOplockEx(&Directory->Data->Oplock, Request->Irp,
                         0x10 /* OPLOCK_FLAG_PARENT_OBJECT */, NULL, NULL, NULL);
    }
}

/* ... every directory that lists Node. */
VOID
RamBreakParents(PRAM_REQUEST Request, PRAM_NODE Node)
{
    for (PLIST_ENTRY Entry = Node->Names.Flink; Entry != &Node->Names; Entry = Entry->Flink) {
        PRAM_LINK Link = CONTAINING_RECORD(Entry, RAM_LINK, OfNode);

        if (Link->Parent != NULL) {
            RamBreakDirectory(Request, Link->Parent);
        }
    }
}

/* The handle's own oplock ends; one that deletes on close takes others' caching of handles with it, and does not wait for them. */
VOID
RamCleanupOplock(PRAM_REQUEST Request)
{
    POPLOCK Oplock = &Request->Stream->Oplock;

    if (RamIsWindows8 && (Request->Ccb->Flags & RAM_CCB_DELETE_ON_CLOSE)) {
        RamCheckOplockEx(Oplock, Request->Irp,
                         0x20 /* OPLOCK_FLAG_CLOSING_DELETE_ON_CLOSE */ |
                             OPLOCK_FLAG_COMPLETE_IF_OPLOCKED,
                         NULL, NULL, NULL);
    } else {
        FsRtlCheckOplock(Oplock, Request->Irp, NULL, NULL, NULL);
    }
}

/* The break is over: the request that waits starts again. */
VOID NTAPI
RamBreakOver(PVOID Context, PIRP Irp)
{
    KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
}

/* Who caches a handle of Node is asked to close it; STATUS_PENDING: to wait for Request->Break, then to start again. */
NTSTATUS
RamBreakOpens(PRAM_REQUEST Request, PRAM_NODE Node)
{
    for (PLIST_ENTRY Entry = Node->Streams.Flink; Entry != &Node->Streams; Entry = Entry->Flink) {
        PRAM_STREAM Stream = CONTAINING_RECORD(Entry, RAM_STREAM, Links);
        NTSTATUS Status;

        if (Stream->Handles == 0 ||
            (!FsRtlCurrentBatchOplock(&Stream->Oplock) && !RamCachesHandle(&Stream->Oplock))) {
            continue;
        }
        KeClearEvent(&Request->Break);
        Status =
            FsRtlCheckOplock(&Stream->Oplock, Request->Irp, &Request->Break, RamBreakOver, NULL);
        if (Status != STATUS_SUCCESS) {
            return Status;
        }
    }
    return STATUS_SUCCESS;
}

NTSTATUS
RamBreakHandle(POPLOCK Oplock, PIRP Irp, ULONG Flags, PVOID Context,
               POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine,
               POPLOCK_FS_PREPOST_IRP PostIrpRoutine)
{
    return RamOplockBreakH(Oplock, Irp, Flags, Context, CompletionRoutine, PostIrpRoutine);
}

/* What came with the create of that type, if it is as long as that; NULL: nothing. */
static PVOID
RamCreateParameter(PIRP Irp, LPCGUID Type, ULONG Length)
{
    PECP_LIST List;
    PVOID Parameter;
    ULONG Size;

    if (RamGetEcpList == NULL || !NT_SUCCESS(RamGetEcpList(Irp, &List)) || List == NULL ||
        !NT_SUCCESS(RamFindEcp(List, Type, &Parameter, &Size)) || Size < Length) {
        return NULL;
    }
    return Parameter;
}

/* [ntifs: OPEN_REPARSE_LIST_ENTRY: Windows 10 1607] */
POPEN_REPARSE_LIST
RamOpenReparseList(PIRP Irp)
{
    return RamIsWindows10
               ? RamCreateParameter(Irp, &ECP_TYPE_OPEN_REPARSE_GUID, sizeof(OPEN_REPARSE_LIST))
               : NULL;
}

/* Who opens it wants to know it at once. [DDI: FltRequestFileInfoOnCreateCompletion; ntifs: QUERY_ON_CREATE_ECP_CONTEXT] */
PQUERY_ON_CREATE_ECP_CONTEXT
RamQueryOnCreate(PIRP Irp)
{
    PQUERY_ON_CREATE_ECP_CONTEXT Query =
        RamIsWindows10 ? RamCreateParameter(Irp, &GUID_ECP_QUERY_ON_CREATE,
                                            sizeof(QUERY_ON_CREATE_ECP_CONTEXT))
                       : NULL;

    if (Query != NULL) {
        RamAcknowledgeEcp(Query);
    }
    return Query;
}
