/*
 * vmodel-client.c - private memory against a model: a thousand reservations, commitments, decommitments, releases of parts and changes of
 * protection of some pages, each with the status, base and size that an array of pages gives; what NtQueryVirtualMemory says of every
 * page, what can be read and written, what is in it; every bad parameter of the services; views of a section and their protections.
 * [LEARN:memoryapi/virtualalloc, virtualfree, virtualprotect, virtualquery], [DDI:ntifs/ntallocatevirtualmemory], [DDI:ntifs/ntfreevirtualmemory],
 * [DDI:ntifs/zwqueryvirtualmemory], [LEARN:winnt/ns-winnt-memory_basic_information], [DDI:wdm/zwmapviewofsection].
 */
#include "../ntlab-client.h"
#include <winternl.h>

#define SEED 99
#include "../draw.h"

NTSTATUS NTAPI NtAllocateVirtualMemory(HANDLE, PVOID *, ULONG_PTR, PSIZE_T, ULONG, ULONG);
NTSTATUS NTAPI NtFreeVirtualMemory(HANDLE, PVOID *, PSIZE_T, ULONG);
NTSTATUS NTAPI NtProtectVirtualMemory(HANDLE, PVOID *, PSIZE_T, ULONG, PULONG);
NTSTATUS NTAPI NtQueryVirtualMemory(HANDLE, PVOID, int, PVOID, SIZE_T, PSIZE_T);
NTSTATUS NTAPI NtReadVirtualMemory(HANDLE, PVOID, PVOID, SIZE_T, PSIZE_T);
NTSTATUS NTAPI NtWriteVirtualMemory(HANDLE, PVOID, PVOID, SIZE_T, PSIZE_T);
NTSTATUS NTAPI NtCreateSection(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PLARGE_INTEGER, ULONG,
                               ULONG, HANDLE);
NTSTATUS NTAPI NtMapViewOfSection(HANDLE, HANDLE, PVOID *, ULONG_PTR, SIZE_T, PLARGE_INTEGER,
                                  PSIZE_T, ULONG, ULONG, ULONG);
NTSTATUS NTAPI NtUnmapViewOfSection(HANDLE, PVOID);

#define SELF          ((HANDLE) - 1)
#define PAGE          0x1000ull
#define PAGES         96 /* six times the granularity */
#define UNIT          16
#define CONFLICT      0xC0000018
#define NOT_ALLOCATED 0xC00000A0
#define NOT_COMMITTED 0xC000002D
#define NOT_AT_BASE   0xC000009F
#define UNABLE        0xC000001A
#define BAD_PROTECT   0xC0000045
#define BAD_ADDRESS   0xC0000005
#define SECTION_PROT  0xC000004E
#define FAR_AWAY      ((void *)0x400080000000ull)

typedef struct {
    ULONG Area;    /* the page it begins with, and one; 0: free */
    ULONG Initial; /* how it was allocated */
    ULONG Protect; /* 0: only reserved */
    BYTE Content;
} PAGE_MODEL;

static PAGE_MODEL Model[PAGES];
static BYTE *Range;
static ULONG Bad[8];

static const ULONG Protections[] = {PAGE_NOACCESS, PAGE_READONLY,     PAGE_READWRITE,
                                    PAGE_EXECUTE,  PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE};

static BOOL
MayRead(ULONG Protect)
{
    return Protect != 0 && Protect != PAGE_NOACCESS;
}

static BOOL
MayWrite(ULONG Protect)
{
    return Protect == PAGE_READWRITE || Protect == PAGE_EXECUTE_READWRITE;
}

/* The end of the area that a page lies in; of a free page the page itself. */
static ULONG
AreaEnd(ULONG First)
{
    ULONG Last = First;

    while (Last < PAGES && Model[Last].Area == Model[First].Area && Model[First].Area != 0) {
        Last++;
    }
    return Last;
}

static ULONG
CheckPages(void)
{
    ULONG Wrong = 0;

    for (ULONG i = 0; i < PAGES; i++) {
        MEMORY_BASIC_INFORMATION Info;
        PAGE_MODEL *P = &Model[i];
        SIZE_T Length = 0;
        ULONG Last = i;
        BYTE Byte = 0x5A;

        memset(&Info, 0xCC, sizeof(Info));
        Wrong += NtQueryVirtualMemory(SELF, Range + i * PAGE + Any(4096), 0, &Info, sizeof(Info),
                                      &Length) != 0 ||
                 Length != sizeof(Info) || Info.BaseAddress != Range + i * PAGE;
        if (P->Area == 0) {
            while (Last < PAGES && Model[Last].Area == 0) {
                Last++;
            }
            Wrong += Info.State != MEM_FREE || Info.AllocationBase != NULL ||
                     Info.Protect != PAGE_NOACCESS || Info.AllocationProtect != 0 || Info.Type != 0;
            Wrong += Last < PAGES ? Info.RegionSize != (Last - i) * PAGE
                                  : Info.RegionSize < (Last - i) * PAGE;
            continue;
        }
        while (Last < PAGES && Model[Last].Area == P->Area && Model[Last].Protect == P->Protect) {
            Last++;
        }
        Wrong += Info.State != (P->Protect != 0 ? MEM_COMMIT : MEM_RESERVE);
        Wrong += Info.AllocationBase != Range + (P->Area - 1) * PAGE;
        Wrong += Info.AllocationProtect != P->Initial || Info.Type != MEM_PRIVATE;
        Wrong += Info.Protect != P->Protect || Info.RegionSize != (Last - i) * PAGE;
        Wrong += (NtReadVirtualMemory(SELF, Range + i * PAGE, &Byte, 1, &Length) == 0) !=
                 MayRead(P->Protect);
        if (MayRead(P->Protect)) {
            Wrong += Byte != P->Content || Length != 1;
        }
        if (P->Protect == 0) {
            Wrong += NtWriteVirtualMemory(SELF, Range + i * PAGE, &Byte, 1, &Length) == 0;
        } else if (MayWrite(P->Protect)) {
            P->Content = (BYTE)Any(256);
            *(volatile BYTE *)(Range + i * PAGE) = P->Content;
        }
    }
    return Wrong;
}

static void
Reserve(void)
{
    ULONG First = Any(PAGES), Count = Any(24) + 1, Commit = Any(2), Protect = Protections[Any(6)];
    ULONG Begin = First / UNIT * UNIT, Last = First + Count, Want = 0;
    PVOID Base = Range + First * PAGE + Any(4000);
    SIZE_T Size = Count * PAGE - 4095 + Any(90);
    ULONG Status;

    Last = (ULONG)(((BYTE *)Base - Range + Size + PAGE - 1) / PAGE);
    if (Last > PAGES) {
        return;
    }
    for (ULONG i = Begin; i < Last; i++) {
        Want = Model[i].Area != 0 ? CONFLICT : Want;
    }
    Status = (ULONG)NtAllocateVirtualMemory(SELF, &Base, 0, &Size,
                                            MEM_RESERVE | (Commit ? MEM_COMMIT : 0), Protect);
    Bad[0] += Status != Want;
    if (Want == 0) {
        Bad[0] += Base != Range + Begin * PAGE || Size != (Last - Begin) * PAGE;
        for (ULONG i = Begin; i < Last; i++) {
            Model[i].Area = Begin + 1;
            Model[i].Initial = Protect;
            Model[i].Protect = Commit ? Protect : 0;
            Model[i].Content = 0;
        }
    }
}

static void
Commit(void)
{
    ULONG First = Any(PAGES), Last, Protect = Protections[Any(6)], Want = 0, Status;
    PVOID Base = Range + First * PAGE + Any(4096);
    SIZE_T Size = Any(6 * 4096) + 1;

    Last = (ULONG)(((BYTE *)Base - Range + Size + PAGE - 1) / PAGE);
    if (Last > PAGES) {
        return;
    }
    if (Model[First].Area == 0 || AreaEnd(First) < Last) {
        Want = CONFLICT;
    }
    Status = (ULONG)NtAllocateVirtualMemory(SELF, &Base, 0, &Size, MEM_COMMIT, Protect);
    Bad[1] += Status != Want;
    if (Want == 0) {
        Bad[1] += Base != Range + First * PAGE || Size != (Last - First) * PAGE;
        for (ULONG i = First; i < Last; i++) {
            if (Model[i].Protect == 0) {
                Model[i].Content = 0;
            }
            Model[i].Protect = Protect;
        }
    }
}

static void
Free(ULONG How)
{
    ULONG First = Any(PAGES), Last, Want = 0, Status;
    PVOID Base = Range + First * PAGE + Any(4096);
    SIZE_T Size = Any(4) == 0 ? 0 : Any(8 * 4096) + 1;

    if (Size == 0) {
        if (Any(2) != 0 && Model[First].Area != 0) {
            First = Model[First].Area - 1;
            Base = Range + First * PAGE;
        }
        Last = AreaEnd(First);
        Want = Model[First].Area == 0           ? NOT_ALLOCATED
               : Model[First].Area != First + 1 ? NOT_AT_BASE
                                                : 0;
    } else {
        Last = (ULONG)(((BYTE *)Base - Range + Size + PAGE - 1) / PAGE);
        if (Last > PAGES) {
            return;
        }
        Want = Model[First].Area == 0 ? NOT_ALLOCATED : AreaEnd(First) < Last ? UNABLE : 0;
    }
    Status = (ULONG)NtFreeVirtualMemory(SELF, &Base, &Size, How);
    Bad[2] += Status != Want;
    if (Want == 0) {
        ULONG Behind = AreaEnd(First);

        Bad[2] += Base != Range + First * PAGE || Size != (Last - First) * PAGE;
        for (ULONG i = Last; How == MEM_RELEASE && i < Behind; i++) {
            Model[i].Area = Last + 1; /* what is left behind it is an allocation of its own */
        }
        for (ULONG i = First; i < Last; i++) {
            Model[i].Protect = 0;
            Model[i].Area = How == MEM_RELEASE ? 0 : Model[i].Area;
        }
    }
}

static void
Protect(void)
{
    ULONG First = Any(PAGES), Last, New = Protections[Any(6)], Want = 0, Status, Old = 0x77;
    PVOID Base = Range + First * PAGE + Any(4096);
    SIZE_T Size = Any(4 * 4096) + 1;

    Last = (ULONG)(((BYTE *)Base - Range + Size + PAGE - 1) / PAGE);
    if (Last > PAGES) {
        return;
    }
    if (Model[First].Area == 0 || AreaEnd(First) < Last) {
        Want = CONFLICT;
    }
    for (ULONG i = First; i < Last && Want == 0; i++) {
        Want = Model[i].Protect == 0 ? NOT_COMMITTED : 0;
    }
    Status = (ULONG)NtProtectVirtualMemory(SELF, &Base, &Size, New, &Old);
    Bad[3] += Status != Want;
    if (Want == 0) {
        Bad[3] += Base != Range + First * PAGE || Size != (Last - First) * PAGE ||
                  Old != Model[First].Protect;
        for (ULONG i = First; i < Last; i++) {
            Model[i].Protect = New;
        }
    }
}

static void
Steps(void)
{
    PVOID Base = NULL;
    SIZE_T Size = PAGES * PAGE;

    /* a place that nobody else takes: where there was one once */
    EXPECT_EQ(NtAllocateVirtualMemory(SELF, &Base, 0, &Size, MEM_RESERVE, PAGE_READWRITE), 0);
    Range = Base;
    EXPECT_EQ((ULONG64)Base % 0x10000, 0);
    Size = 0;
    EXPECT_EQ(NtFreeVirtualMemory(SELF, &Base, &Size, MEM_RELEASE), 0);
    EXPECT_EQ(Size, PAGES * PAGE);
    for (ULONG Step = 0; Step < 900; Step++) {
        ULONG What = Any(16);

        if (What < 4) {
            Reserve();
        } else if (What < 8) {
            Commit();
        } else if (What < 10) {
            Free(MEM_DECOMMIT);
        } else if (What < 12) {
            Free(MEM_RELEASE);
        } else {
            Protect();
        }
        if (Step % 8 == 0) {
            Bad[4] += CheckPages();
        }
    }
    for (ULONG i = 0; i < 5; i++) {
        EXPECT_EQ(Bad[i], 0);
    }
    for (ULONG i = 0; i < PAGES; i++) {
        if (Model[i].Area == i + 1) {
            Base = Range + i * PAGE;
            Size = 0;
            EXPECT_EQ(NtFreeVirtualMemory(SELF, &Base, &Size, MEM_RELEASE), 0);
        }
    }
}

static ULONG
Allocate(PVOID Base, ULONG_PTR ZeroBits, SIZE_T Size, ULONG Type, ULONG Protect_)
{
    ULONG Status = (ULONG)NtAllocateVirtualMemory(SELF, &Base, ZeroBits, &Size, Type, Protect_);

    if (Status == 0) {
        SIZE_T All = 0;

        NtFreeVirtualMemory(SELF, &Base, &All, MEM_RELEASE);
    }
    return Status;
}

static void
Parameters(void)
{
    static const struct {
        ULONG64 Base, ZeroBits, Size;
        ULONG Type, Protect, Status;
    } Table[] = {
        {0, 0, 1, MEM_RESERVE, PAGE_READWRITE, 0},
        {0, 0, 1, MEM_COMMIT, PAGE_READWRITE, 0}, /* nowhere: reserved too */
        {0, 0, 1, MEM_RESERVE | MEM_TOP_DOWN, PAGE_READWRITE, 0},
        {0, 0, 1, MEM_RESERVE | MEM_WRITE_WATCH, PAGE_READWRITE, 0},
        {0, 22, 1, MEM_RESERVE, PAGE_READWRITE, 0xC00000F1},
        {0, 31, 1, MEM_RESERVE, PAGE_READWRITE, 0xC00000F1},
        {0, 0, 1, 0, PAGE_READWRITE, 0xC00000F3},
        {0, 0, 1, MEM_TOP_DOWN, PAGE_READWRITE, 0xC00000F3},
        {0, 0, 1, MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE, 0xC00000F3},
        {0, 0, 1, MEM_RESET | MEM_COMMIT, PAGE_READWRITE, 0xC00000F3},
        {0, 0, 1, MEM_RESERVE | 0x40000, PAGE_READWRITE, 0xC00000F3},
        {0, 0, 1, MEM_RESERVE | MEM_DECOMMIT, PAGE_READWRITE, 0xC00000F3},
        {0, 0, 1, MEM_RESERVE, 0, BAD_PROTECT},
        {0, 0, 1, MEM_RESERVE, 3, BAD_PROTECT},
        {0, 0, 1, MEM_RESERVE, PAGE_READONLY | PAGE_READWRITE, BAD_PROTECT},
        {0, 0, 1, MEM_RESERVE, PAGE_WRITECOPY, BAD_PROTECT},
        {0, 0, 1, MEM_COMMIT, PAGE_EXECUTE_WRITECOPY, BAD_PROTECT},
        {0, 0, 1, MEM_RESERVE, PAGE_NOACCESS | PAGE_GUARD, BAD_PROTECT},
        {0, 0, 0, MEM_RESERVE, PAGE_READWRITE, 0xC00000F2},
        {0, 0, 0xFFFFFFFFFFFFFFFF, MEM_RESERVE, PAGE_READWRITE, 0xC00000F2},
        {0x400080000000, 0, 1, MEM_RESERVE, PAGE_READWRITE, 0xC00000F0},
        {0xFFFF800000000000, 0, 1, MEM_RESERVE, PAGE_READWRITE, 0xC00000F0},
        {0x7FFE0000, 0, 1, MEM_RESERVE, PAGE_READWRITE, CONFLICT}, /* KUSER_SHARED_DATA */
    };
    BYTE Info[64];
    PVOID Base = NULL, None;
    SIZE_T Size = 8 * PAGE, Length;
    ULONG Old;

    for (ULONG i = 0; i < sizeof(Table) / sizeof(Table[0]); i++) {
        EXPECT_EQ(Allocate((PVOID)Table[i].Base, Table[i].ZeroBits, Table[i].Size, Table[i].Type,
                           Table[i].Protect),
                  Table[i].Status);
    }
    EXPECT_EQ(
        NtAllocateVirtualMemory(SELF, &Base, 0, &Size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE),
        0);
    EXPECT_EQ((ULONG)NtAllocateVirtualMemory(SELF, FAR_AWAY, 0, &Size, MEM_COMMIT, 4), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtAllocateVirtualMemory(SELF, &Base, 0, FAR_AWAY, MEM_COMMIT, 4), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtAllocateVirtualMemory((HANDLE)0x7770, &Base, 0, &Size, MEM_COMMIT, 4),
              0xC0000008);
    EXPECT_EQ((ULONG)NtFreeVirtualMemory(SELF, &Base, &Size, 0), 0xC00000F2);
    EXPECT_EQ((ULONG)NtFreeVirtualMemory(SELF, &Base, &Size, MEM_RELEASE | MEM_DECOMMIT),
              0xC00000F2);
    EXPECT_EQ((ULONG)NtFreeVirtualMemory(SELF, FAR_AWAY, &Size, MEM_RELEASE), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtFreeVirtualMemory(SELF, &Base, FAR_AWAY, MEM_RELEASE), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtFreeVirtualMemory((HANDLE)0x7770, &Base, &Size, MEM_RELEASE), 0xC0000008);
    None = FAR_AWAY;
    EXPECT_EQ((ULONG)NtFreeVirtualMemory(SELF, &None, &Size, MEM_RELEASE), 0xC00000F0);
    Length = (SIZE_T)-1;
    EXPECT_EQ((ULONG)NtFreeVirtualMemory(SELF, &Base, &Length, MEM_RELEASE), 0xC00000F1);
    EXPECT_EQ((ULONG)NtProtectVirtualMemory(SELF, &Base, &Size, 0, &Old), BAD_PROTECT);
    EXPECT_EQ((ULONG)NtProtectVirtualMemory(SELF, &Base, &Size, PAGE_WRITECOPY, &Old), BAD_PROTECT);
    EXPECT_EQ((ULONG)NtProtectVirtualMemory(SELF, &Base, &Size, PAGE_READONLY, FAR_AWAY),
              BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtProtectVirtualMemory(SELF, FAR_AWAY, &Size, PAGE_READONLY, &Old),
              BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtProtectVirtualMemory(SELF, &Base, FAR_AWAY, PAGE_READONLY, &Old),
              BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtProtectVirtualMemory((HANDLE)0x7770, &Base, &Size, PAGE_READONLY, &Old),
              0xC0000008);
    memset(Info, 0xCC, sizeof(Info));
    EXPECT_EQ((ULONG)NtQueryVirtualMemory(SELF, Base, 0, Info, 47, &Length), 0xC0000004);
    EXPECT_EQ(Info[0], 0xCC);
    EXPECT_EQ(NtQueryVirtualMemory(SELF, Base, 0, Info, 48, NULL), 0);
    EXPECT_EQ(Info[48], 0xCC);
    EXPECT_EQ((ULONG)NtQueryVirtualMemory(SELF, Base, 0, FAR_AWAY, 48, &Length), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtQueryVirtualMemory(SELF, Base, 0, Info, 48, FAR_AWAY), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtQueryVirtualMemory(SELF, FAR_AWAY, 0, Info, 48, &Length), 0xC000000D);
    EXPECT_EQ((ULONG)NtQueryVirtualMemory(SELF, Base, 999, Info, 48, &Length), 0xC0000003);
    EXPECT_EQ((ULONG)NtQueryVirtualMemory((HANDLE)0x7770, Base, 0, Info, 48, &Length), 0xC0000008);
    /* a guard is there once */
    Size = PAGE;
    EXPECT_EQ(NtProtectVirtualMemory(SELF, &Base, &Size, PAGE_READONLY | PAGE_GUARD, &Old), 0);
    EXPECT_EQ(Old, PAGE_READWRITE);
    EXPECT_EQ((ULONG)NtReadVirtualMemory(SELF, Base, Info, 1, &Length) != 0, 1);
    EXPECT_EQ(NtProtectVirtualMemory(SELF, &Base, &Size, PAGE_READWRITE, &Old), 0);
    Size = 0;
    EXPECT_EQ(NtFreeVirtualMemory(SELF, &Base, &Size, MEM_RELEASE), 0);
}

/* What a section's protection allows of its views, and a view's of its pages. */
static void
Views(void)
{
    static const ULONG Of[] = {PAGE_READONLY, PAGE_READWRITE, PAGE_EXECUTE_READ,
                               PAGE_EXECUTE_READWRITE};
    static const ULONG View[] = {PAGE_NOACCESS,          PAGE_READONLY,         PAGE_READWRITE,
                                 PAGE_WRITECOPY,         PAGE_EXECUTE,          PAGE_EXECUTE_READ,
                                 PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_WRITECOPY};
    /* by section and view: may it be mapped so? */
    static const BYTE Fits[4][8] = {{1, 1, 0, 1, 0, 0, 0, 0},
                                    {1, 1, 1, 1, 0, 0, 0, 0},
                                    {1, 1, 0, 1, 1, 1, 0, 1},
                                    {1, 1, 1, 1, 1, 1, 1, 1}};
    LARGE_INTEGER Length = {.QuadPart = 4 * PAGE}, Offset;
    HANDLE Section;

    for (ULONG i = 0; i < 4; i++) {
        EXPECT_EQ(
            NtCreateSection(&Section, SECTION_ALL_ACCESS, NULL, &Length, Of[i], SEC_COMMIT, NULL),
            0);
        for (ULONG k = 0; k < 8; k++) {
            MEMORY_BASIC_INFORMATION Info;
            PVOID Base = NULL, Part;
            SIZE_T Size = 0, Bytes;
            ULONG Status, Old;

            Offset.QuadPart = 0;
            Status = (ULONG)NtMapViewOfSection(Section, SELF, &Base, 0, 0, &Offset, &Size, 2, 0,
                                               View[k]);
            EXPECT_EQ(Status, Fits[i][k] ? 0 : SECTION_PROT);
            if (Status != 0) {
                continue;
            }
            EXPECT_EQ(Size, 4 * PAGE);
            EXPECT_EQ(NtQueryVirtualMemory(SELF, (BYTE *)Base + PAGE, 0, &Info, sizeof(Info), NULL),
                      0);
            EXPECT(Info.AllocationBase == Base && Info.AllocationProtect == View[k] &&
                   Info.Protect == View[k] && Info.Type == MEM_MAPPED && Info.State == MEM_COMMIT &&
                   Info.RegionSize == 3 * PAGE);
            for (ULONG n = 0; n < 8; n++) {
                BOOL Writes = View[n] == PAGE_READWRITE || View[n] == PAGE_EXECUTE_READWRITE;
                BOOL Runs = View[n] >= PAGE_EXECUTE;
                BOOL ViewWrites = View[k] == PAGE_READWRITE || View[k] == PAGE_EXECUTE_READWRITE;

                if (View[n] == PAGE_WRITECOPY || View[n] == PAGE_EXECUTE_WRITECOPY ||
                    View[k] == PAGE_WRITECOPY || View[k] == PAGE_EXECUTE_WRITECOPY ||
                    View[k] == PAGE_NOACCESS) {
                    continue;
                }
                Part = (BYTE *)Base + 2 * PAGE;
                Bytes = PAGE;
                Status = (ULONG)NtProtectVirtualMemory(SELF, &Part, &Bytes, View[n], &Old);
                EXPECT_EQ(Status == 0,
                          (!Writes || ViewWrites) && (!Runs || View[k] >= PAGE_EXECUTE));
                EXPECT(Status == 0 || Status == SECTION_PROT);
            }
            Part = (BYTE *)Base + PAGE;
            Bytes = PAGE;
            EXPECT_EQ((ULONG)NtFreeVirtualMemory(SELF, &Part, &Bytes, MEM_RELEASE), 0xC000001B);
            EXPECT_EQ(NtUnmapViewOfSection(SELF, (BYTE *)Base + PAGE), 0); /* any address in it */
            EXPECT_EQ((ULONG)NtUnmapViewOfSection(SELF, Base), 0xC0000019);
        }
        NtClose(Section);
    }
}

/* Of what is no file on a disk there are no sections; what a pipe holds is not taken for one's contents. */
static void
NoFiles(void)
{
    HANDLE Section = NULL, Null, Read, Write;
    char Text[8] = "";
    DWORD Done;

    Null = CreateFileA("NUL", GENERIC_READ | GENERIC_WRITE, 3, NULL, OPEN_EXISTING, 0, NULL);
    EXPECT(CreatePipe(&Read, &Write, NULL, 0));
    EXPECT(WriteFile(Write, "pipe", 4, &Done, NULL));
    EXPECT_EQ((ULONG)NtCreateSection(&Section, SECTION_ALL_ACCESS, NULL, NULL, PAGE_READONLY,
                                     SEC_COMMIT, Null),
              0xC0000020); /* STATUS_INVALID_FILE_FOR_SECTION */
    EXPECT_EQ((ULONG)NtCreateSection(&Section, SECTION_ALL_ACCESS, NULL, NULL, PAGE_READONLY,
                                     SEC_COMMIT, Read),
              0xC0000020);
    EXPECT_EQ(Section, NULL);
    EXPECT(ReadFile(Read, Text, 4, &Done, NULL) && Done == 4 && memcmp(Text, "pipe", 4) == 0);
    CloseHandle(Read);
    CloseHandle(Write);
    CloseHandle(Null);
}

int
main(void)
{
    NoFiles();
    Steps();
    Parameters();
    Views();
    return TEST_DONE();
}
