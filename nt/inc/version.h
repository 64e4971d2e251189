/*
 * version.h - one row for each `--os`: every behaviour that differs by version is a column.
 *
 * Code asks a column by name (KiVersion->GuardedMutexRaisesIrql), never a version number.
 */
#ifndef NT_INC_VERSION_H
#define NT_INC_VERSION_H

typedef struct _KI_VERSION {
    const char *Name; /* as --os spells it */
    ULONG MajorVersion;
    ULONG MinorVersion;
    ULONG BuildNumber;
    ULONG NtddiVersion;
    ULONG ServicePack;
    const char *CsdVersion;

    /* 8 and later execute no user page in kernel mode: bugcheck 0xFC. */
    BOOLEAN Smep;
    /* 8 and later: a guarded mutex is a fast mutex, held at APC_LEVEL. */
    BOOLEAN GuardedMutexRaisesIrql;
    /* Server 2003 and later: KTHREAD has SpecialApcDisable, KeAreApcsDisabled tests both. */
    BOOLEAN SpecialApcDisable;
    /* 8 and later: DriverEntry and unload of one driver exclude each other. */
    BOOLEAN DriverLoadUnloadSerialized;
    /* 8 and later: NX pools exist; NonPagedPool stays executable before. */
    BOOLEAN NonPagedPoolNx;
    /* 1507 and later: bugcheck 0x50's second parameter is 0 read, 2 write, 0x10 execute. */
    BOOLEAN PageFaultCodes;
    /* 10 2004 and later: pool memory of ExAllocatePool2 is zeroed; the routine exists. */
    BOOLEAN ZeroedPool;
    /* 10 1607 and later: the default suspension uses SuspendEvent (8: yes) instead of a semaphore. */
    BOOLEAN SuspendByEvent;
    /* 8 and later: a job can be frozen (JobObjectFreezeInformation). */
    BOOLEAN JobsFreeze;
    /* Vista and later: integrity levels, owner rights, the privileges above 30. */
    BOOLEAN MandatoryIntegrity;
    /* 8 and later: RtlQueryRegistryValues with DIRECT needs TYPECHECK outside the system hives. */
    BOOLEAN DirectNeedsTypecheck;
    /* 10 1809 and later: special user APCs (NtQueueApcThreadEx with handle 1). */
    BOOLEAN SpecialUserApc;
    /* 11 and later: NtQueueApcThreadEx2, and QueueUserAPC2 above it. */
    BOOLEAN QueueApcByFlags;
    /* 8 and later: the system knows who holds a fast mutex; a release by another is bugcheck 0x162. */
    BOOLEAN LocksKnowOwner;
    /* 10 and later: acquiring such a lock at DISPATCH_LEVEL or above is bugcheck 0x192. */
    BOOLEAN LocksCheckIrql;
    /* XP: a fast mutex counts down from 1, and a release hands it over to the oldest waiter. */
    BOOLEAN FastMutexHandsOver;
    /* Vista and later: a timer's Header.Size is its Hand, 0 when it is new. */
    BOOLEAN TimerSizeIsHand;
    /* Vista and later: an image-notify routine gets an IMAGE_INFO_EX, with the image's file. */
    BOOLEAN ImageNotifyExtended;
    /* 7 and later: KeRundownQueue ends the waits of the queue's threads, and all later ones. */
    BOOLEAN QueueRundownWakes;
    /* FILE_OPEN_REQUIRING_OPLOCK is granted although others have the stream open. [ntifs: FltCreateFileEx2] */
    BOOLEAN OplockRequiredAmongOpens;
} KI_VERSION;

extern const KI_VERSION *KiVersion; /* the row of this run */
extern KI_VERSION KiVersionRow;
VOID KiSelectVersion(ULONG Row, ULONG Build);

#endif
