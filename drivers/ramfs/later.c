/*
 * later.c - routines that came after Windows XP: asked for by name, and done without where there is none.
 */
#include "ramfs.h"

static ULONG(NTAPI *RamWritableReferences)(PSECTION_OBJECT_POINTERS); /* Vista */
static BOOLEAN(NTAPI *RamCurrentOplockH)(POPLOCK);                    /* 7 */
static NTSTATUS(NTAPI *RamOplockBreakH)(POPLOCK, PIRP, ULONG, PVOID, POPLOCK_WAIT_COMPLETE_ROUTINE,
                                        POPLOCK_FS_PREPOST_IRP); /* 7 */

static NTSTATUS(NTAPI *RamBreakToNone)(POPLOCK, PIRP, ULONG, PVOID, POPLOCK_WAIT_COMPLETE_ROUTINE,
                                       POPLOCK_FS_PREPOST_IRP); /* 7 */

static NTSTATUS(NTAPI *RamFsctrlEx)(POPLOCK, PIRP, ULONG, ULONG); /* 7 */
static BOOLEAN(NTAPI *RamKeysEqual)(PFILE_OBJECT, PFILE_OBJECT);  /* 7 */

BOOLEAN RamIsWindows10;

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
    RamIsWindows10 = Version.dwMajorVersion >= 10;
    RamWritableReferences = RamLater(L"MmDoesFileHaveUserWritableReferences");
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
        RamBreakToNone(&Directory->Data.Oplock, Request->Irp, 0, NULL, NULL, NULL);
    }
}

NTSTATUS
RamBreakHandle(POPLOCK Oplock, PIRP Irp, ULONG Flags, PVOID Context,
               POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine,
               POPLOCK_FS_PREPOST_IRP PostIrpRoutine)
{
    return RamOplockBreakH(Oplock, Irp, Flags, Context, CompletionRoutine, PostIrpRoutine);
}
