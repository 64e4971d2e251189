/*
 * kinds-client.c - what may be done with memory of each kind: reserved, committed, behind a guard, of a section that commits or only reserves, seen for reading or for writing, of an image, of a
 * file; or none at all. Each operation on each kind: its status, and what the memory is afterwards. [DDI:ntifs/ntallocatevirtualmemory],
 * [DDI:ntifs/ntfreevirtualmemory], [LEARN:memoryapi/virtualalloc], [LEARN:memoryapi/virtualprotect], [LEARN:memoryapi/virtuallock],
 * [LEARN:memoryapi/flushviewoffile], [LEARN:winnt/_memory_basic_information].
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtAllocateVirtualMemory(HANDLE, PVOID *, ULONG_PTR, PSIZE_T, ULONG, ULONG);
NTSTATUS NTAPI NtFreeVirtualMemory(HANDLE, PVOID *, PSIZE_T, ULONG);
NTSTATUS NTAPI NtProtectVirtualMemory(HANDLE, PVOID *, PSIZE_T, ULONG, PULONG);
NTSTATUS NTAPI NtLockVirtualMemory(HANDLE, PVOID *, PSIZE_T, ULONG);
NTSTATUS NTAPI NtFlushVirtualMemory(HANDLE, PVOID *, PSIZE_T, PIO_STATUS_BLOCK);
NTSTATUS NTAPI NtQueryVirtualMemory(HANDLE, PVOID, int, PVOID, SIZE_T, PSIZE_T);
NTSTATUS NTAPI NtCreateSection(PHANDLE, ULONG, POBJECT_ATTRIBUTES, PLARGE_INTEGER, ULONG, ULONG,
                               HANDLE);
NTSTATUS NTAPI NtMapViewOfSection(HANDLE, HANDLE, PVOID *, ULONG_PTR, SIZE_T, PLARGE_INTEGER,
                                  PSIZE_T, int, ULONG, ULONG);
NTSTATUS NTAPI NtUnmapViewOfSection(HANDLE, PVOID);

#define SELF          ((HANDLE) - 1)
#define PAGE          0x1000
#define PAGES         4
#define CONFLICT      0xC0000018
#define NOT_DELETED   0xC000001B /* STATUS_UNABLE_TO_DELETE_SECTION */
#define COMMITTED     0xC0000021 /* STATUS_ALREADY_COMMITTED */
#define NOT_COMMITTED 0xC000002D
#define BAD_PROTECT   0xC0000045
#define SECTION_PROT  0xC000004E
#define NOT_DATA      0xC0000088 /* STATUS_NOT_MAPPED_DATA */
#define VIOLATION     0xC0000005
#define GUARDED       0x80000001
#define NOT_ALLOCATED 0xC00000A0

typedef enum _KIND {
    None,
    Reserved,
    Private,
    NoAccess,
    Guard,
    Lazy,     /* a view of a section that reserves, for writing */
    LazyRead, /* ... for reading */
    Shared,   /* of one that commits */
    SharedRead,
    Copied,
    Image,
    Mapped, /* of a file */
    Kinds
} KIND;

/* What each operation gives. */
static const struct {
    ULONG Commit, CommitCopy, Reset, Protect, ProtectCopy, Lock, Flush, Decommit, Release;
    ULONG Type, State, Protection; /* what it is at first */
} Row[Kinds] = {
    [None] = {CONFLICT, CONFLICT, CONFLICT, CONFLICT, CONFLICT, VIOLATION, NOT_DATA, NOT_ALLOCATED,
              NOT_ALLOCATED, 0, MEM_FREE, PAGE_NOACCESS},
    [Reserved] = {0, BAD_PROTECT, 0, NOT_COMMITTED, NOT_COMMITTED, VIOLATION, NOT_DATA, 0, 0,
                  MEM_PRIVATE, MEM_RESERVE, 0},
    [Private] = {0, BAD_PROTECT, 0, 0, BAD_PROTECT, 0, NOT_DATA, 0, 0, MEM_PRIVATE, MEM_COMMIT,
                 PAGE_READWRITE},
    [NoAccess] = {0, BAD_PROTECT, 0, 0, BAD_PROTECT, VIOLATION, NOT_DATA, 0, 0, MEM_PRIVATE,
                  MEM_COMMIT, PAGE_NOACCESS},
    [Guard] = {0, BAD_PROTECT, 0, 0, BAD_PROTECT, GUARDED, NOT_DATA, 0, 0, MEM_PRIVATE, MEM_COMMIT,
               PAGE_READWRITE | PAGE_GUARD},
    [Lazy] = {0, 0, 0, NOT_COMMITTED, NOT_COMMITTED, VIOLATION, 0, NOT_DELETED, NOT_DELETED,
              MEM_MAPPED, MEM_RESERVE, 0},
    [LazyRead] = {SECTION_PROT, 0, 0, NOT_COMMITTED, NOT_COMMITTED, VIOLATION, 0, NOT_DELETED,
                  NOT_DELETED, MEM_MAPPED, MEM_RESERVE, 0},
    [Shared] = {0, 0, 0, 0, 0, 0, 0, NOT_DELETED, NOT_DELETED, MEM_MAPPED, MEM_COMMIT,
                PAGE_READWRITE},
    [SharedRead] = {SECTION_PROT, 0, 0, SECTION_PROT, 0, 0, 0, NOT_DELETED, NOT_DELETED, MEM_MAPPED,
                    MEM_COMMIT, PAGE_READONLY},
    [Copied] = {SECTION_PROT, 0, 0, SECTION_PROT, 0, 0, 0, NOT_DELETED, NOT_DELETED, MEM_MAPPED,
                MEM_COMMIT, PAGE_WRITECOPY},
    [Image] = {COMMITTED, COMMITTED, CONFLICT, 0, 0, 0, NOT_DATA, NOT_DELETED, NOT_DELETED,
               MEM_IMAGE, MEM_COMMIT, PAGE_READONLY},
    [Mapped] = {COMMITTED, COMMITTED, 0, 0, 0, 0, 0, NOT_DELETED, NOT_DELETED, MEM_MAPPED,
                MEM_COMMIT, PAGE_READWRITE},
};

static HANDLE Section, File;

static PVOID
View(ULONG Made, ULONG Attributes, ULONG Protect, HANDLE Of)
{
    LARGE_INTEGER Length = {.QuadPart = PAGES * PAGE};
    PVOID Base = NULL;
    SIZE_T Size = 0;

    EXPECT_EQ(NtCreateSection(&Section, SECTION_ALL_ACCESS, NULL,
                              Attributes == SEC_IMAGE ? NULL : &Length, Made, Attributes, Of),
              0);
    EXPECT((ULONG)NtMapViewOfSection(Section, SELF, &Base, 0, 0, NULL, &Size, 2, 0, Protect) <
           0xC0000000);
    return Base;
}

static PVOID
Make(KIND Kind)
{
    PVOID Base = NULL;
    ULONG Old;

    Section = NULL;
    switch (Kind) {
    case None:
        Base = VirtualAlloc(NULL, PAGES * PAGE, MEM_RESERVE, PAGE_READWRITE);
        VirtualFree(Base, 0, MEM_RELEASE);
        return Base;
    case Reserved:
        return VirtualAlloc(NULL, PAGES * PAGE, MEM_RESERVE, PAGE_READWRITE);
    case Private:
    case NoAccess:
    case Guard:
        Base = VirtualAlloc(NULL, PAGES * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        memset(Base, 0x66, PAGES * PAGE);
        if (Kind != Private) {
            EXPECT(VirtualProtect(Base, PAGES * PAGE, Row[Kind].Protection, &Old));
        }
        return Base;
    case Lazy:
        return View(PAGE_READWRITE, SEC_RESERVE, PAGE_READWRITE, NULL);
    case LazyRead:
        return View(PAGE_READWRITE, SEC_RESERVE, PAGE_READONLY, NULL);
    case Shared:
        return View(PAGE_READWRITE, SEC_COMMIT, PAGE_READWRITE, NULL);
    case SharedRead:
        return View(PAGE_READWRITE, SEC_COMMIT, PAGE_READONLY, NULL);
    case Copied:
        return View(PAGE_READWRITE, SEC_COMMIT, PAGE_WRITECOPY, NULL);
    case Image: {
        char Path[MAX_PATH];
        HANDLE Own;

        GetModuleFileNameA(NULL, Path, sizeof(Path));
        Own = CreateFileA(Path, GENERIC_READ | GENERIC_EXECUTE, 7, NULL, OPEN_EXISTING, 0, NULL);
        Base = View(PAGE_READONLY, SEC_IMAGE, PAGE_READONLY, Own);
        CloseHandle(Own);
        return Base;
    }
    case Mapped:
        return View(PAGE_READWRITE, SEC_COMMIT, PAGE_READWRITE, File);
    default:
        return NULL;
    }
}

static void
Unmake(KIND Kind, PVOID Base)
{
    if (Section != NULL) {
        EXPECT_EQ(NtUnmapViewOfSection(SELF, Base), 0);
        NtClose(Section);
    } else if (Kind != None) {
        VirtualFree(Base, 0, MEM_RELEASE);
    }
}

static void
CheckKind(KIND Kind, PVOID Base)
{
    MEMORY_BASIC_INFORMATION Info;

    EXPECT_EQ(NtQueryVirtualMemory(SELF, Base, 0, &Info, sizeof(Info), NULL), 0);
    EXPECT(Info.BaseAddress == Base && Info.Type == Row[Kind].Type &&
           Info.State == Row[Kind].State);
    EXPECT_EQ(Info.Protect, Row[Kind].Protection);
    EXPECT_EQ(Info.AllocationBase, Kind == None ? NULL : Base);
}

/* One operation on two pages in the middle: an unround range is made round. */
static ULONG
Try(ULONG Which, PVOID Base, ULONG *Old)
{
    BYTE *At = (BYTE *)Base + PAGE + 16;
    PVOID Place = At;
    SIZE_T Size = PAGE, Whole = 0;
    IO_STATUS_BLOCK Iosb;
    ULONG Status;

    switch (Which) {
    case 0:
        Status = (ULONG)NtAllocateVirtualMemory(SELF, &Place, 0, &Size, MEM_COMMIT, PAGE_READWRITE);
        break;
    case 1:
        Status = (ULONG)NtAllocateVirtualMemory(SELF, &Place, 0, &Size, MEM_COMMIT, PAGE_WRITECOPY);
        break;
    case 2:
        Status = (ULONG)NtAllocateVirtualMemory(SELF, &Place, 0, &Size, MEM_RESET, PAGE_READWRITE);
        break;
    case 3:
        Status = (ULONG)NtProtectVirtualMemory(SELF, &Place, &Size, PAGE_READWRITE, Old);
        break;
    case 4:
        Status = (ULONG)NtProtectVirtualMemory(SELF, &Place, &Size, PAGE_WRITECOPY, Old);
        break;
    case 5:
        Status = (ULONG)NtLockVirtualMemory(SELF, &Place, &Size, 1);
        break;
    case 6:
        return (ULONG)NtFlushVirtualMemory(SELF, &Place, &Size, &Iosb);
    case 7:
        Status = (ULONG)NtFreeVirtualMemory(SELF, &Place, &Size, MEM_DECOMMIT);
        break;
    default:
        Place = Base;
        return (ULONG)NtFreeVirtualMemory(SELF, &Place, &Whole, MEM_RELEASE);
    }
    if (Status < 0x80000000) {
        EXPECT(Place == (BYTE *)Base + PAGE && Size == 2 * PAGE);
    } else {
        EXPECT(Place == At && Size == PAGE); /* as it was */
    }
    return Status;
}

static void
Operations(void)
{
    for (KIND Kind = None; Kind < Kinds; Kind++) {
        for (ULONG Which = 0; Which < 9; Which++) {
            const ULONG Wanted = (&Row[Kind].Commit)[Which];
            PVOID Base = Make(Kind), Next;
            MEMORY_BASIC_INFORMATION Info;
            ULONG Old = 0x77, Status;

            EXPECT(Base != NULL);
            CheckKind(Kind, Base);
            Next = (BYTE *)Base + PAGE;
            Status = Try(Which, Base, &Old);
            EXPECT_EQ(Status, Wanted);
            if (Status != Wanted) {
                printf("ntlab-test: note kind %d, operation %lu\n", Kind, Which);
            }
            if (Which == 8 && Wanted == 0) {
                EXPECT_EQ(NtQueryVirtualMemory(SELF, Next, 0, &Info, sizeof(Info), NULL), 0);
                EXPECT_EQ(Info.State, MEM_FREE);
                continue;
            }
            if (Wanted >= 0xC0000000 || Which == 2 || Which == 5 || Which == 6) {
                if (Kind != Image && Wanted != GUARDED) { /* its sections are of several kinds */
                    CheckKind(Kind, Base);
                }
            } else {
                EXPECT_EQ(NtQueryVirtualMemory(SELF, Next, 0, &Info, sizeof(Info), NULL), 0);
                EXPECT_EQ(Info.State, Which == 7 ? MEM_RESERVE : MEM_COMMIT);
                EXPECT(Which != 0 || Info.Protect == PAGE_READWRITE);
                EXPECT(Which < 3 || Which > 4 || Kind == Image || Old == Row[Kind].Protection);
                EXPECT(Kind == Image || Row[Kind].State == MEM_COMMIT || Which == 7 ||
                       Info.RegionSize == 2 * PAGE);
                if (Which ==
                    0) { /* it can be used; and what was committed before keeps what it had */
                    EXPECT_EQ(*(BYTE *)Next,
                              Kind == Private || Kind == NoAccess || Kind == Guard ? 0x66 : 0);
                    *(BYTE *)Next = 1;
                }
            }
            Unmake(Kind, Base);
        }
    }
}

int
main(void)
{
    char Zeros[PAGES * PAGE] = {0};
    DWORD Done;

    File = CreateFileA("C:\\Windows\\Temp\\kinds.bin", GENERIC_READ | GENERIC_WRITE | DELETE, 0,
                       NULL, CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    EXPECT(WriteFile(File, Zeros, sizeof(Zeros), &Done, NULL));
    Operations();
    CloseHandle(File);
    return TEST_DONE();
}
