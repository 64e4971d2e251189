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
    RamWritableReferences = RamLater(L"MmDoesFileHaveUserWritableReferences");
    RamCurrentOplockH = RamLater(L"FsRtlCurrentOplockH");
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
