/*
 * later.c - routines that came after Windows XP: asked for by name, and done without where there is none.
 */
#include <initguid.h>
#include "ramfs.h"

static ULONG(NTAPI *RamWritableReferences)(PSECTION_OBJECT_POINTERS); /* Vista */
static BOOLEAN(NTAPI *RamCurrentOplockH)(POPLOCK);                    /* 7 */
static NTSTATUS(NTAPI *RamOplockBreakH)(POPLOCK, PIRP, ULONG, PVOID, POPLOCK_WAIT_COMPLETE_ROUTINE,
                                        POPLOCK_FS_PREPOST_IRP); /* 7 */

static NTSTATUS(NTAPI *RamBreakToNone)(POPLOCK, PIRP, ULONG, PVOID, POPLOCK_WAIT_COMPLETE_ROUTINE,
                                       POPLOCK_FS_PREPOST_IRP); /* 7 */

static NTSTATUS(NTAPI *RamFsctrlEx)(POPLOCK, PIRP, ULONG, ULONG); /* 7 */
static BOOLEAN(NTAPI *RamKeysEqual)(PFILE_OBJECT, PFILE_OBJECT);  /* 7 */

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
    RamBreakToNone = RamLater(L"FsRtlOplockBreakToNoneEx");
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

/* Several handles of one oplock key are as good as one. [ntifs: FsRtlOplockFsctrlEx, OPLOCK_FSCTRL_FLAG_ALL_KEYS_MATCH] */
NTSTATUS
RamOplockControl(PRAM_REQUEST Request, ULONG Count)
{
    PRAM_STREAM Stream = Request->Stream;
    ULONG Flags = 1;

    if (RamFsctrlEx == NULL || RamKeysEqual == NULL) {
        return FsRtlOplockFsctrl(&Stream->Oplock, Request->Irp, Count);
    }
    for (PLIST_ENTRY Entry = Stream->Handled.Flink; Entry != &Stream->Handled;
         Entry = Entry->Flink) {
        PRAM_CCB Ccb = CONTAINING_RECORD(Entry, RAM_CCB, Links);

        if (!RamKeysEqual(Ccb->FileObject, Request->FileObject)) {
            Flags = 0;
        }
    }
    return RamFsctrlEx(&Stream->Oplock, Request->Irp, Count, Flags);
}

/* A name in the directory comes or goes: who keeps its list in mind is told, and nobody waits. [IFS: breaking-oplocks] */
VOID
RamBreakDirectory(PRAM_REQUEST Request, PRAM_NODE Directory)
{
    if (RamBreakToNone != NULL) {
        RamBreakToNone(&Directory->Data->Oplock, Request->Irp, 0, NULL, NULL, NULL);
    }
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
