/*
 * mdlmodel.c - memory descriptor lists of a process's pages against an array of bytes: they are locked for reading and for writing, mapped for the system and for
 * the process, advanced, and parts of them described, while the pages' protection changes. [DDI:wdm/mmprobeandlockpages],
 * [DDI:wdm/mmmaplockedpagesspecifycache], [DDI:ntifs/mmadvancemdl], [DDI:wdm/iobuildpartialmdl], [DDI:wdm/mmpreparemdlforreuse],
 * [DDI:wdm/mmunlockpages], [DDI:wdm/mmgetmdlbytecount]
 */
#include "../ntlab-test.h"

/* [DDI:ntifs/zwprotectvirtualmemory] */
NTSYSAPI NTSTATUS NTAPI ZwProtectVirtualMemory(HANDLE Process, PVOID *Base, PSIZE_T Size,
                                               ULONG Protection, PULONG Old);

#define PAGES 12
#define BYTES (PAGES * PAGE_SIZE)
#define LISTS 5
#define STEPS 2500

typedef enum { RESERVED, NO_ACCESS, READ_ONLY, READ_WRITE } STATE;

typedef struct _LIST {
    PMDL Mdl; /* NULL: none */
    ULONG Start, Length;
    BOOLEAN Write, Advanced;
    PUCHAR System, User;
} LIST, *PLIST;

static PUCHAR Base;
static UCHAR Model[BYTES];
static STATE States[PAGES];
static LIST Lists[LISTS];
static ULONG Seed = 77, Wrong[12];

static ULONG
Any(ULONG Below)
{
    return RtlRandomEx(&Seed) % Below;
}

static BOOLEAN
IsLocked(ULONG Page)
{
    for (PLIST List = Lists; List < Lists + LISTS; List++) {
        if (List->Mdl != NULL && List->Start / PAGE_SIZE <= Page &&
            (List->Start + List->Length - 1) / PAGE_SIZE >= Page) {
            return TRUE;
        }
    }
    return FALSE;
}

static VOID
Lock(PLIST List)
{
    static const LOCK_OPERATION Operations[] = {IoReadAccess, IoWriteAccess, IoModifyAccess};
    LOCK_OPERATION Operation = Operations[Any(3)];
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG Most = Any(2) ? 100 : 4 * PAGE_SIZE;
    BOOLEAN May = TRUE;

    List->Start = Any(BYTES);
    List->Length = 1 + Any(min(BYTES - List->Start, Most));
    List->Write = Operation != IoReadAccess;
    List->Advanced = FALSE;
    List->System = List->User = NULL;
    for (ULONG i = List->Start / PAGE_SIZE; i <= (List->Start + List->Length - 1) / PAGE_SIZE;
         i++) {
        May = May && States[i] >= (List->Write ? READ_WRITE : READ_ONLY);
    }
    List->Mdl = IoAllocateMdl(Base + List->Start, List->Length, FALSE, FALSE, NULL);
    __try {
        MmProbeAndLockPages(List->Mdl, Any(2) ? KernelMode : UserMode, Operation);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    Wrong[0] += Status != (May ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION);
    Wrong[1] += ((List->Mdl->MdlFlags & MDL_PAGES_LOCKED) != 0) != May;
    if (!NT_SUCCESS(Status)) {
        IoFreeMdl(List->Mdl);
        List->Mdl = NULL;
        return;
    }
    Wrong[1] += ((List->Mdl->MdlFlags & MDL_WRITE_OPERATION) != 0) != List->Write;
}

static VOID
UnmapUser(PLIST List)
{
    MmUnmapLockedPages(List->User, List->Mdl);
    List->User = NULL;
}

static VOID
Release(PLIST List)
{
    if (List->User != NULL) {
        UnmapUser(List);
    }
    if (List->System != NULL && Any(2)) {
        MmUnmapLockedPages(List->System, List->Mdl);
        Wrong[2] += (List->Mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) != 0;
    }
    MmUnlockPages(List->Mdl); /* what is mapped for the system still goes with it */
    Wrong[1] += (List->Mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA)) != 0;
    IoFreeMdl(List->Mdl);
    List->Mdl = NULL;
}

static VOID
Map(PLIST List)
{
    if (Any(2)) {
        PUCHAR Was = List->System;

        List->System = MmGetSystemAddressForMdlSafe(List->Mdl, NormalPagePriority);
        Wrong[2] += List->System == NULL || (Was != NULL && List->System != Was);
        Wrong[2] += !(List->Mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
        Wrong[2] += ((ULONG_PTR)List->System ^ List->Start) & (PAGE_SIZE - 1) ? 1 : 0;
        Wrong[2] += !MmIsNonPagedSystemAddressValid(List->System);
    } else if (List->User == NULL && List->Write) {
        __try {
            List->User = MmMapLockedPagesSpecifyCache(List->Mdl, UserMode, MmCached, NULL, FALSE,
                                                      NormalPagePriority);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            List->User = NULL;
        }
        Wrong[3] += List->User == NULL || (ULONG_PTR)List->User > (ULONG_PTR)MmHighestUserAddress;
        Wrong[3] += ((ULONG_PTR)List->User ^ List->Start) & (PAGE_SIZE - 1) ? 1 : 0;
    } else if (List->User != NULL) {
        UnmapUser(List);
    }
}

/* An address of the process's that is in use, or no beginning of a page: raised. */
static VOID
MapWhereItCannotBe(PLIST List)
{
    NTSTATUS Status = STATUS_SUCCESS;

    __try {
        MmMapLockedPagesSpecifyCache(List->Mdl, UserMode, MmCached,
                                     Any(2) ? Base + PAGE_SIZE : Base + 0x10000000 + 1, FALSE,
                                     NormalPagePriority);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    Wrong[4] += NT_SUCCESS(Status);
}

static VOID
Advance(PLIST List)
{
    ULONG By = Any(List->Length + 8);
    NTSTATUS Status;

    if (List->User != NULL) {
        return;
    }
    Status = MmAdvanceMdl(List->Mdl, By);
    Wrong[5] += Status != (By < List->Length ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER_2);
    if (NT_SUCCESS(Status)) {
        List->Start += By;
        List->Length -= By;
        List->System = List->System != NULL ? List->System + By : NULL;
        List->Advanced = TRUE;
    }
}

static VOID
Part(PLIST List)
{
    ULONG At = Any(List->Length), Length = Any(List->Length - At + 1), Covered;
    PMDL Mdl = IoAllocateMdl(Base + List->Start, List->Length, FALSE, FALSE, NULL);
    PUCHAR Mapped;

    for (ULONG Turn = 0; Turn < 2; Turn++) {
        /* a length of 0: all that follows */
        IoBuildPartialMdl(List->Mdl, Mdl, Base + List->Start + At, Length);
        Covered = Length != 0 ? Length : List->Length - At;
        Wrong[6] += MmGetMdlByteCount(Mdl) != Covered;
        Wrong[6] += (PUCHAR)MmGetMdlVirtualAddress(Mdl) != Base + List->Start + At;
        Wrong[6] += !(Mdl->MdlFlags & MDL_PARTIAL);
        Mapped = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);
        Wrong[6] += Mapped == NULL;
        if (Mapped != NULL) {
            Wrong[7] += !RtlEqualMemory(Mapped, Model + List->Start + At, Covered);
        }
        MmPrepareMdlForReuse(Mdl);
        Wrong[6] += (Mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) && List->System == NULL;
        At = Any(List->Length);
        Length = Any(List->Length - At + 1);
    }
    IoFreeMdl(Mdl);
}

static VOID
Protect(VOID)
{
    static const ULONG Protections[] = {0, PAGE_NOACCESS, PAGE_READONLY, PAGE_READWRITE};
    ULONG Page = Any(PAGES), Old;
    STATE State = 1 + Any(3);
    PVOID Address = Base + Page * PAGE_SIZE;
    SIZE_T Size = PAGE_SIZE;

    if (Any(4) == 0 && !IsLocked(Page)) {
        Wrong[8] += ZwFreeVirtualMemory(ZwCurrentProcess(), &Address, &Size, MEM_DECOMMIT) !=
                    STATUS_SUCCESS;
        States[Page] = RESERVED;
        RtlZeroMemory(Model + Page * PAGE_SIZE, PAGE_SIZE);
    } else if (States[Page] == RESERVED) {
        Wrong[8] += ZwAllocateVirtualMemory(ZwCurrentProcess(), &Address, 0, &Size, MEM_COMMIT,
                                            Protections[State]) != STATUS_SUCCESS;
        States[Page] = State;
    } else {
        Wrong[8] += ZwProtectVirtualMemory(ZwCurrentProcess(), &Address, &Size, Protections[State],
                                           &Old) != STATUS_SUCCESS;
        Wrong[8] += Old != Protections[States[Page]];
        States[Page] = State;
    }
}

/* A byte is changed by one of the ways to it. */
static VOID
Change(PLIST List)
{
    UCHAR Byte = (UCHAR)Any(256);

    if (List->Mdl != NULL && (List->System != NULL || List->User != NULL) && List->Write) {
        ULONG At = Any(List->Length);

        (List->System != NULL && (List->User == NULL || Any(2)) ? List->System : List->User)[At] =
            Byte;
        Model[List->Start + At] = Byte;
    } else {
        ULONG At = Any(BYTES);

        if (States[At / PAGE_SIZE] == READ_WRITE) {
            Base[At] = Byte;
            Model[At] = Byte;
        }
    }
}

static VOID
Check(VOID)
{
    for (ULONG i = 0; i < PAGES; i++) {
        if (States[i] >= READ_ONLY) {
            Wrong[9] += !RtlEqualMemory(Base + i * PAGE_SIZE, Model + i * PAGE_SIZE, PAGE_SIZE);
        }
    }
    for (PLIST List = Lists; List < Lists + LISTS; List++) {
        if (List->Mdl == NULL) {
            continue;
        }
        Wrong[10] += MmGetMdlByteCount(List->Mdl) != List->Length;
        Wrong[10] += (PUCHAR)MmGetMdlVirtualAddress(List->Mdl) != Base + List->Start;
        if (List->System != NULL) {
            Wrong[10] += List->Mdl->MappedSystemVa != List->System;
            Wrong[9] += !RtlEqualMemory(List->System, Model + List->Start, List->Length);
        }
        if (List->User != NULL) {
            Wrong[9] += !RtlEqualMemory(List->User, Model + List->Start, List->Length);
        }
    }
}

static VOID
Steps(VOID)
{
    SIZE_T Size = BYTES;
    PVOID Address = NULL;

    EXPECT_STATUS(ZwAllocateVirtualMemory(ZwCurrentProcess(), &Address, 0, &Size, MEM_RESERVE,
                                          PAGE_READWRITE),
                  STATUS_SUCCESS);
    Base = Address;
    for (ULONG Step = 0; Step < STEPS; Step++) {
        PLIST List = &Lists[Any(LISTS)];
        ULONG What = Any(16);

        if (What < 3) {
            Protect();
        } else if (What < 6) {
            Change(List);
        } else if (List->Mdl == NULL) {
            Lock(List);
        } else if (What < 10) {
            Map(List);
        } else if (What < 11) {
            Advance(List);
        } else if (What < 13) {
            Part(List);
        } else if (What < 14) {
            MapWhereItCannotBe(List);
        } else {
            Release(List);
        }
        Check();
    }
    for (ULONG i = 0; i < LISTS; i++) {
        if (Lists[i].Mdl != NULL) {
            Release(&Lists[i]);
        }
    }
    Address = Base;
    Size = 0;
    EXPECT_STATUS(ZwFreeVirtualMemory(ZwCurrentProcess(), &Address, &Size, MEM_RELEASE),
                  STATUS_SUCCESS);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Wrong); i++) {
        EXPECT_EQ(Wrong[i], 0);
    }
}

/* A caller in user mode locks nothing of the system's, however valid the address is, nor a range that ends there. */
static VOID
OfTheSystem(VOID)
{
    PVOID Block = ExAllocatePoolWithTag(NonPagedPoolNx, 2 * PAGE_SIZE, 'tseT');
    PMDL Mdl = IoAllocateMdl(Block, 2 * PAGE_SIZE, FALSE, FALSE, NULL);

    EXPECT_RAISES(MmProbeAndLockPages(Mdl, UserMode, IoReadAccess), STATUS_ACCESS_VIOLATION);
    EXPECT(!(Mdl->MdlFlags & MDL_PAGES_LOCKED));
    EXPECT_RAISES(MmProbeAndLockPages(Mdl, KernelMode, IoReadAccess), STATUS_SUCCESS);
    MmUnlockPages(Mdl);
    IoFreeMdl(Mdl);
    ExFreePoolWithTag(Block, 'tseT');
}

TEST_DRIVER(TEST(Steps), TEST(OfTheSystem))
