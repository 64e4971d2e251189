/*
 * lockmodel.c - byte-range locks against a model: thousands of locks, unlocks, cancellations and checks over a few bytes, each with the answer that an
 * array of locks gives; the order in which waiters are served; what is told to the file system; ranges at both ends of the file.
 * [DDI:ntifs/fsrtlprivatelock], [DDI:ntifs/fsrtlprocessfilelock], [DDI:ntifs/fsrtlfastunlocksingle], [DDI:ntifs/fsrtlfastunlockall],
 * [DDI:ntifs/fsrtlfastunlockallbykey], [DDI:ntifs/fsrtlfastchecklockforread], [DDI:ntifs/fsrtlfastchecklockforwrite],
 * [DDI:ntifs/fsrtluninitializefilelock], [DDI:ntifs/fsrtlgetnextfilelock], MS-FSA 2.1.5.8 (byte-range locks, in pseudocode).
 */
#include "../ntlab-test.h"

NTKERNELAPI BOOLEAN NTAPI FsRtlAreThereCurrentOrInProgressFileLocks(PFILE_LOCK);

#define SPAN   12
#define OWNERS 4 /* two file objects, two keys */

typedef struct _HELD {
    ULONG Start, Length, Owner, Id;
    BOOLEAN Exclusive, Waits;
} HELD;

static FILE_LOCK Lock;
static PFILE_OBJECT Files[2];
static PDEVICE_OBJECT Device;
static HELD Held[64];
static ULONG HeldCount, NextId;
static PIRP Irps[64];
static struct {
    PIRP Irp;
    PVOID Context;
    NTSTATUS Status;
} Told[64];
static ULONG ToldCount, Unlocks;
static FILE_LOCK_INFO LastUnlock;
static NTSTATUS Answer; /* of the file system, where it refuses */

static NTSTATUS NTAPI
OnComplete(PVOID Context, PIRP Irp)
{
    Told[ToldCount].Irp = Irp;
    Told[ToldCount].Context = Context;
    Told[ToldCount++].Status = Irp->IoStatus.Status;
    EXPECT_EQ(Irp->IoStatus.Information, 0);
    return NT_SUCCESS(Answer) ? Irp->IoStatus.Status : Answer;
}

static VOID NTAPI
OnUnlock(PVOID Context, PFILE_LOCK_INFO Info)
{
    Unlocks++;
    LastUnlock = *Info;
    EXPECT_EQ(Context, &Unlocks);
}

static VOID
Begin(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\Null");

    EXPECT_STATUS(IoGetDeviceObjectPointer(&Name, FILE_READ_DATA, &Files[0], &Device),
                  STATUS_SUCCESS);
    EXPECT_STATUS(IoGetDeviceObjectPointer(&Name, FILE_READ_DATA, &Files[1], &Device),
                  STATUS_SUCCESS);
    FsRtlInitializeFileLock(&Lock, OnComplete, OnUnlock);
}

/* An empty range lies between two bytes. */
static BOOLEAN
Meets(const HELD *One, ULONG Start, ULONG Length)
{
    if (One->Length == 0 && Length == 0) {
        return FALSE;
    }
    if (Length == 0) {
        return Start > One->Start && Start < One->Start + One->Length;
    }
    if (One->Length == 0) {
        return One->Start > Start && One->Start < Start + Length;
    }
    return Start < One->Start + One->Length && One->Start < Start + Length;
}

static BOOLEAN
Free(const HELD *New)
{
    for (ULONG i = 0; i < HeldCount; i++) {
        if (!Held[i].Waits && Meets(&Held[i], New->Start, New->Length) &&
            (New->Exclusive || (Held[i].Exclusive && Held[i].Owner != New->Owner))) {
            return FALSE;
        }
    }
    return TRUE;
}

static VOID
Forget(ULONG Index)
{
    RtlMoveMemory(&Held[Index], &Held[Index + 1], (HeldCount - Index - 1) * sizeof(HELD));
    HeldCount--;
}

static BOOLEAN
WasTold(PIRP Irp, NTSTATUS Status)
{
    for (ULONG i = 0; i < ToldCount; i++) {
        if (Told[i].Irp == Irp) {
            return Told[i].Status == Status && Told[i].Context == &Unlocks;
        }
    }
    return FALSE;
}

static PIRP
Request(const HELD *Of, UCHAR Minor, PLARGE_INTEGER Length, UCHAR Flags)
{
    PIRP Irp = IoAllocateIrp(1, FALSE);
    PIO_STACK_LOCATION Stack;

    IoSetNextIrpStackLocation(Irp);
    Stack = IoGetCurrentIrpStackLocation(Irp);
    Stack->MajorFunction = IRP_MJ_LOCK_CONTROL;
    Stack->MinorFunction = Minor;
    Stack->Flags = Flags;
    Stack->FileObject = Files[Of->Owner & 1];
    Stack->DeviceObject = Device;
    Length->QuadPart = Of->Length;
    Stack->Parameters.LockControl.ByteOffset.QuadPart = Of->Start;
    Stack->Parameters.LockControl.Length = Length;
    Stack->Parameters.LockControl.Key = Of->Owner >> 1;
    Irp->Tail.Overlay.Thread = PsGetCurrentThread();
    return Irp;
}

/* Those that wait, in their order, each as soon as nothing is in its way. */
static ULONG
Serve(VOID)
{
    ULONG Bad = 0;

    for (ULONG i = 0; i < HeldCount;) {
        if (Held[i].Waits && Free(&Held[i])) {
            Bad += !WasTold(Irps[Held[i].Id], STATUS_SUCCESS);
            Held[i].Waits = FALSE;
            i = 0;
        } else {
            i++;
        }
    }
    return Bad;
}

static ULONG
CheckAccess(VOID)
{
    ULONG Bad = 0;

    for (ULONG Owner = 0; Owner < OWNERS; Owner++) {
        for (ULONG Start = 0; Start < SPAN; Start++) {
            for (ULONG Bytes = 0; Bytes < 4; Bytes++) {
                LARGE_INTEGER Offset = {.QuadPart = Start}, Length = {.QuadPart = Bytes};
                BOOLEAN Read = TRUE, Write = TRUE;

                for (ULONG i = 0; i < HeldCount; i++) {
                    if (Held[i].Waits || Bytes == 0 || Held[i].Length == 0 ||
                        !Meets(&Held[i], Start, Bytes)) {
                        continue;
                    }
                    if (!Held[i].Exclusive) {
                        Write = FALSE;
                    } else if (Held[i].Owner != Owner) {
                        Read = Write = FALSE;
                    }
                }
                Bad += FsRtlFastCheckLockForRead(&Lock, &Offset, &Length, Owner >> 1,
                                                 Files[Owner & 1], PsGetCurrentProcess()) != Read;
                Bad += FsRtlFastCheckLockForWrite(&Lock, &Offset, &Length, Owner >> 1,
                                                  Files[Owner & 1], PsGetCurrentProcess()) != Write;
            }
        }
    }
    return Bad;
}

/* All that are granted are told one after the other, in whatever order. */
static ULONG
CheckList(VOID)
{
    ULONG Granted = 0, Seen = 0, Bad = 0;

    for (ULONG i = 0; i < HeldCount; i++) {
        Granted += !Held[i].Waits;
    }
    for (PFILE_LOCK_INFO Info = FsRtlGetNextFileLock(&Lock, TRUE); Info != NULL;
         Info = FsRtlGetNextFileLock(&Lock, FALSE)) {
        ULONG i;

        for (i = 0; i < HeldCount; i++) {
            if (!Held[i].Waits && Info->StartingByte.QuadPart == Held[i].Start &&
                Info->Length.QuadPart == Held[i].Length &&
                Info->ExclusiveLock == Held[i].Exclusive && Info->Key == Held[i].Owner >> 1 &&
                Info->FileObject == Files[Held[i].Owner & 1] &&
                Info->EndingByte.QuadPart == (LONGLONG)Held[i].Start + Held[i].Length - 1) {
                break;
            }
        }
        Bad += i == HeldCount;
        Seen++;
    }
    Bad += Seen != Granted;
    Bad += FsRtlAreThereCurrentOrInProgressFileLocks(&Lock) != (HeldCount != 0);
    Bad += Lock.FastIoIsQuestionable !=
           (HeldCount != 0); /* held or waited for: fast I/O has to look */
    return Bad;
}

static ULONG Seed = 11;

static ULONG
Any(ULONG Below)
{
    return RtlRandomEx(&Seed) % Below;
}

static ULONG
TryLock(VOID)
{
    HELD New = {Any(SPAN), Any(5), Any(OWNERS), NextId, (BOOLEAN)Any(2), FALSE};
    ULONG How = Any(3); /* no request; a request that fails at once; one that may wait */
    BOOLEAN Fits = Free(&New), Done;
    LARGE_INTEGER Offset = {.QuadPart = New.Start}, Length = {.QuadPart = New.Length};
    IO_STATUS_BLOCK Iosb = {{0x77}, 0x77};
    NTSTATUS Status;

    if (HeldCount >= 10) {
        return 0;
    }
    if (How == 0) {
        BOOLEAN Fail = (BOOLEAN)Any(2);

        Done =
            FsRtlPrivateLock(&Lock, Files[New.Owner & 1], &Offset, &Length, PsGetCurrentProcess(),
                             New.Owner >> 1, Fail, New.Exclusive, &Iosb, NULL, &Unlocks, FALSE);
        if (Fits) {
            Held[HeldCount++] = New;
            return !Done || Iosb.Status != STATUS_SUCCESS || Iosb.Information != 0;
        }
        return Fail ? !Done || Iosb.Status != STATUS_LOCK_NOT_GRANTED : Done;
    }
    ToldCount = 0;
    Irps[NextId] = Request(
        &New, IRP_MN_LOCK, &Length,
        (UCHAR)((How == 1 ? SL_FAIL_IMMEDIATELY : 0) | (New.Exclusive ? SL_EXCLUSIVE_LOCK : 0)));
    Status = FsRtlProcessFileLock(&Lock, Irps[NextId], &Unlocks);
    if (Fits) {
        Held[HeldCount++] = New;
        return Status != STATUS_SUCCESS || ToldCount != 1 || !WasTold(Irps[NextId], STATUS_SUCCESS);
    }
    if (How == 1) {
        return Status != STATUS_LOCK_NOT_GRANTED || ToldCount != 1 ||
               !WasTold(Irps[NextId], STATUS_LOCK_NOT_GRANTED);
    }
    New.Waits = TRUE;
    Held[HeldCount++] = New;
    return Status != STATUS_PENDING || ToldCount != 0 ||
           !(IoGetCurrentIrpStackLocation(Irps[NextId])->Control & SL_PENDING_RETURNED);
}

static ULONG
TryUnlock(VOID)
{
    HELD Of = {Any(SPAN), Any(5), Any(OWNERS), NextId, FALSE, FALSE};
    LARGE_INTEGER Length;
    ULONG Found = MAXULONG, Bad = 0;
    NTSTATUS Status;

    if (HeldCount != 0 && Any(4) != 0) {
        Of = Held[Any(HeldCount)];
    }
    for (ULONG i = HeldCount; i-- > 0;) {
        if (!Held[i].Waits && Held[i].Start == Of.Start && Held[i].Length == Of.Length &&
            Held[i].Owner == Of.Owner) {
            Found = i;
        }
    }
    ToldCount = Unlocks = 0;
    Irps[NextId] = Request(&Of, IRP_MN_UNLOCK_SINGLE, &Length, 0);
    if (Found != MAXULONG) { /* of two equal ones either may go: the one that is told went */
        for (ULONG i = 0; i < HeldCount; i++) {
            if (i != Found && !Held[i].Waits && Held[i].Start == Of.Start &&
                Held[i].Length == Of.Length && Held[i].Owner == Of.Owner &&
                Held[i].Exclusive != Held[Found].Exclusive) {
                return 0;
            }
        }
    }
    Status = FsRtlProcessFileLock(&Lock, Irps[NextId], &Unlocks);
    if (Found == MAXULONG) {
        return Status != STATUS_RANGE_NOT_LOCKED || Unlocks != 0 ||
               !WasTold(Irps[NextId], STATUS_RANGE_NOT_LOCKED);
    }
    Bad += Status != STATUS_SUCCESS || Unlocks != 1 || !WasTold(Irps[NextId], STATUS_SUCCESS);
    Bad += LastUnlock.StartingByte.QuadPart != Of.Start || LastUnlock.Key != Of.Owner >> 1;
    Forget(Found);
    return Bad + Serve();
}

static ULONG
TryUnlockAll(BOOLEAN ByKey)
{
    HELD Of = {0, 0, Any(OWNERS), NextId, FALSE, FALSE};
    LARGE_INTEGER Length;
    ULONG Gone = 0, Bad = 0;
    NTSTATUS Status;

    ToldCount = Unlocks = 0;
    Irps[NextId] = Request(&Of, ByKey ? IRP_MN_UNLOCK_ALL_BY_KEY : IRP_MN_UNLOCK_ALL, &Length, 0);
    Status = FsRtlProcessFileLock(&Lock, Irps[NextId], &Unlocks);
    for (ULONG i = 0; i < HeldCount;) {
        if (Held[i].Owner == Of.Owner || (!ByKey && (Held[i].Owner & 1) == (Of.Owner & 1))) {
            if (Held[i].Waits) {
                Bad += !WasTold(Irps[Held[i].Id], STATUS_RANGE_NOT_LOCKED);
            } else {
                Gone++;
            }
            Forget(i);
        } else {
            i++;
        }
    }
    Bad += Unlocks != Gone;
    Bad += Status != (Gone != 0 ? STATUS_SUCCESS : STATUS_RANGE_NOT_LOCKED);
    return Bad + Serve();
}

static ULONG
TryCancel(VOID)
{
    for (ULONG i = 0; i < HeldCount; i++) {
        if (Held[i].Waits && Any(2) != 0) {
            PIRP Irp = Irps[Held[i].Id];

            ToldCount = 0;
            if (!IoCancelIrp(Irp) || ToldCount != 1 || !WasTold(Irp, STATUS_CANCELLED)) {
                return 1;
            }
            Forget(i);
            return IoCancelIrp(Irp) != FALSE; /* nothing is left to be cancelled */
        }
    }
    return 0;
}

static VOID
Sweep(VOID)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(Irps); i++) {
        BOOLEAN Waits = FALSE;

        for (ULONG k = 0; k < HeldCount; k++) {
            Waits |= Held[k].Waits && Held[k].Id == i;
        }
        if (Irps[i] != NULL && !Waits) {
            IoFreeIrp(Irps[i]);
            Irps[i] = NULL;
        }
    }
    for (NextId = 0; Irps[NextId] != NULL; NextId++) {
    }
}

static VOID
Model(VOID)
{
    ULONG Bad[5] = {0};

    for (ULONG Step = 0; Step < 1500; Step++) {
        ULONG What = Any(16);

        Sweep();
        if (What < 9) {
            Bad[0] += TryLock();
        } else if (What < 14) {
            Bad[1] += TryUnlock();
        } else if (What == 14) {
            Bad[2] += Any(3) == 0 ? TryUnlockAll((BOOLEAN)Any(2)) : 0;
        } else {
            Bad[3] += TryCancel();
        }
        Bad[4] += CheckList() + (Step % 8 == 0 ? CheckAccess() : 0);
    }
    EXPECT_EQ(Bad[0], 0);
    EXPECT_EQ(Bad[1], 0);
    EXPECT_EQ(Bad[2], 0);
    EXPECT_EQ(Bad[3], 0);
    EXPECT_EQ(Bad[4], 0);
    for (ULONG i = 0; i < HeldCount; i++) {
        Bad[0] += Held[i].Waits;
    }
    ToldCount = Unlocks = 0;
    FsRtlUninitializeFileLock(&Lock); /* who waits is turned away; unlocks are not told */
    EXPECT(ToldCount == Bad[0] && Unlocks == 0);
    for (ULONG i = 0; i < ToldCount; i++) {
        EXPECT_STATUS(Told[i].Status, STATUS_RANGE_NOT_LOCKED);
    }
    HeldCount = 0;
    Sweep();
    EXPECT(!FsRtlAreThereCurrentOrInProgressFileLocks(&Lock));
    EXPECT_EQ(FsRtlGetNextFileLock(&Lock, TRUE), NULL);
}

/* The first and the last byte that can be; one more, and there is no such range. */
static VOID
Ends(VOID)
{
    static const struct {
        LONGLONG Start, Length;
        NTSTATUS Status;
    } Table[] = {
        {0, -1, STATUS_SUCCESS},
        {1, -1, STATUS_SUCCESS},
        {2, -1, STATUS_INVALID_LOCK_RANGE},
        {-1, 1, STATUS_SUCCESS},
        {-1, 2, STATUS_INVALID_LOCK_RANGE},
        {-1, 0, STATUS_SUCCESS},
        {MAXLONGLONG, 1, STATUS_SUCCESS},
        {MAXLONGLONG, 2, STATUS_SUCCESS},
    };
    LARGE_INTEGER Length;

    FsRtlInitializeFileLock(&Lock, OnComplete, OnUnlock);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Table); i++) {
        HELD Of = {0};
        LARGE_INTEGER Start = {.QuadPart = Table[i].Start};
        IO_STATUS_BLOCK Iosb = {{0x77}, 0x77};
        NTSTATUS Status = Table[i].Status;
        PIRP Irp = Request(&Of, IRP_MN_LOCK, &Length, SL_EXCLUSIVE_LOCK);

        Length.QuadPart = Table[i].Length;
        IoGetCurrentIrpStackLocation(Irp)->Parameters.LockControl.ByteOffset = Start;
        ToldCount = 0;
        EXPECT_STATUS(FsRtlProcessFileLock(&Lock, Irp, &Unlocks), Status);
        EXPECT(ToldCount == 1 && WasTold(Irp, Status));
        IoFreeIrp(Irp);
        EXPECT_STATUS(FsRtlFastUnlockSingle(&Lock, Files[0], &Start, &Length, PsGetCurrentProcess(),
                                            0, &Unlocks, FALSE),
                      NT_SUCCESS(Status) ? STATUS_SUCCESS : STATUS_RANGE_NOT_LOCKED);
        EXPECT(FsRtlPrivateLock(&Lock, Files[0], &Start, &Length, PsGetCurrentProcess(), 0, TRUE,
                                TRUE, &Iosb, NULL, NULL, FALSE));
        EXPECT_STATUS(Iosb.Status, Status);
        EXPECT_EQ(Iosb.Information, 0);
        EXPECT_STATUS(FsRtlFastUnlockAll(&Lock, Files[0], PsGetCurrentProcess(), &Unlocks),
                      NT_SUCCESS(Status) ? STATUS_SUCCESS : STATUS_RANGE_NOT_LOCKED);
    }
}

/* A file system that refuses what was granted has no lock; another process or file object owns nothing. */
static VOID
Refused(VOID)
{
    HELD Of = {4, 4, 0, 0, FALSE, FALSE};
    LARGE_INTEGER Length, Start = {.QuadPart = 4};
    PIRP Irp = Request(&Of, IRP_MN_LOCK, &Length, SL_EXCLUSIVE_LOCK);

    Answer = STATUS_NO_MEMORY;
    EXPECT_STATUS(FsRtlProcessFileLock(&Lock, Irp, &Unlocks), STATUS_NO_MEMORY);
    Answer = STATUS_SUCCESS;
    EXPECT(!FsRtlAreThereCurrentOrInProgressFileLocks(&Lock));
    EXPECT_STATUS(FsRtlProcessFileLock(&Lock, Irp, &Unlocks), STATUS_SUCCESS);
    EXPECT_STATUS(FsRtlFastUnlockSingle(&Lock, Files[0], &Start, &Length, PsInitialSystemProcess, 1,
                                        &Unlocks, FALSE),
                  STATUS_RANGE_NOT_LOCKED);
    EXPECT_STATUS(FsRtlFastUnlockSingle(&Lock, Files[1], &Start, &Length, PsGetCurrentProcess(), 0,
                                        &Unlocks, FALSE),
                  STATUS_RANGE_NOT_LOCKED);
    EXPECT_STATUS(FsRtlFastUnlockAllByKey(&Lock, Files[0], PsGetCurrentProcess(), 1, &Unlocks),
                  STATUS_RANGE_NOT_LOCKED);
    EXPECT_STATUS(FsRtlFastUnlockAll(&Lock, Files[0], NULL, &Unlocks), STATUS_RANGE_NOT_LOCKED);
    Unlocks = 0;
    EXPECT_STATUS(FsRtlFastUnlockAllByKey(&Lock, Files[0], PsGetCurrentProcess(), 0, &Unlocks),
                  STATUS_SUCCESS);
    EXPECT(Unlocks == 1 && !FsRtlAreThereCurrentOrInProgressFileLocks(&Lock));
    EXPECT(!Lock.FastIoIsQuestionable);
    IoFreeIrp(Irp);
    FsRtlUninitializeFileLock(&Lock);
    ObDereferenceObject(Files[0]);
    ObDereferenceObject(Files[1]);
}

TEST_DRIVER(TEST(Begin), TEST(Model), TEST(Ends), TEST(Refused))
