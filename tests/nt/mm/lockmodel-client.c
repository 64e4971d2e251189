/*
 * lockmodel-client.c - locked pages against a model: what NtLockVirtualMemory and NtUnlockVirtualMemory answer of each kind of lock when pages were committed, decommitted,
 * protected, given back, mapped and unmapped in between; of another process's pages the same. There is no count, all pages must be locked to be
 * unlocked, and one that cannot be read any more is locked no more. [LEARN:memoryapi/virtuallock], [LEARN:memoryapi/virtualunlock],
 * [MS-ERREF: STATUS_WAS_LOCKED, STATUS_WAS_UNLOCKED, STATUS_NOT_LOCKED].
 */
#include "../ntlab-client.h"
#include <string.h>
#include <winternl.h>

#define SEED 7
#include "../draw.h"

NTSTATUS NTAPI NtAllocateVirtualMemory(HANDLE, PVOID *, ULONG_PTR, PSIZE_T, ULONG, ULONG);
NTSTATUS NTAPI NtFreeVirtualMemory(HANDLE, PVOID *, PSIZE_T, ULONG);
NTSTATUS NTAPI NtProtectVirtualMemory(HANDLE, PVOID *, PSIZE_T, ULONG, PULONG);
NTSTATUS NTAPI NtLockVirtualMemory(HANDLE, PVOID *, PSIZE_T, ULONG);
NTSTATUS NTAPI NtUnlockVirtualMemory(HANDLE, PVOID *, PSIZE_T, ULONG);

#define SELF         ((HANDLE) - 1)
#define PAGE         0x1000ull
#define PAGES        24
#define BAD_ADDRESS  0xC0000005
#define NOT_LOCKED   0xC000002A
#define WAS_LOCKED   0x40000019
#define WAS_UNLOCKED 0x40000017

static struct {
    ULONG Protect; /* 0: only reserved */
    ULONG Locked;  /* kinds */
} Model[PAGES];
static BYTE *Range;
static HANDLE Process;
static ULONG Bad[6];

/* Some pages: the first one, and behind the last; the address and the size that stand for them. */
static void
Some(ULONG *First, ULONG *Last, PVOID *Base, PSIZE_T Size)
{
    ULONG Within = Any(4096);

    *First = Any(PAGES);
    *Last = *First + 1 + Any(min(6, PAGES - *First));
    *Base = Range + *First * PAGE + Within;
    *Size = (*Last - *First) * PAGE - Within - (Any(2) ? 0 : Any(4096 - Within));
}

static BOOL
MayRead(ULONG Protect)
{
    return Protect != 0 && Protect != PAGE_NOACCESS;
}

static ULONG
Reach(ULONG First, ULONG Last)
{
    for (ULONG i = First; i < Last; i++) {
        if (!MayRead(Model[i].Protect)) {
            return BAD_ADDRESS;
        }
    }
    return 0;
}

static void
Lock(ULONG Kinds)
{
    ULONG First, Last, Want, Status;
    PVOID Base;
    SIZE_T Size;

    Some(&First, &Last, &Base, &Size);
    Want = Reach(First, Last);
    if (Want == 0) {
        for (ULONG i = First; i < Last; i++) {
            Want = Model[i].Locked & Kinds ? WAS_LOCKED : Want;
            Model[i].Locked |= Kinds;
        }
    }
    Status = (ULONG)NtLockVirtualMemory(Process, &Base, &Size, Kinds);
    Bad[0] += Status != Want;
    if (Want != BAD_ADDRESS) {
        Bad[0] += Base != Range + First * PAGE || Size != (Last - First) * PAGE;
    }
}

static void
Unlock(ULONG Kinds)
{
    ULONG First, Last, Want, Status;
    PVOID Base;
    SIZE_T Size;

    Some(&First, &Last, &Base, &Size);
    Want = Reach(First, Last);
    for (ULONG i = First; i < Last && Want == 0; i++) {
        Want = (Model[i].Locked & Kinds) != Kinds ? NOT_LOCKED : 0;
    }
    Status = (ULONG)NtUnlockVirtualMemory(Process, &Base, &Size, Kinds);
    Bad[1] += Status != Want;
    if (Want == 0) {
        Bad[1] += Base != Range + First * PAGE || Size != (Last - First) * PAGE;
        for (ULONG i = First; i < Last; i++) {
            Model[i].Locked &= ~Kinds;
        }
    }
}

static const ULONG Protections[] = {PAGE_READWRITE, PAGE_READONLY, PAGE_EXECUTE_READ, PAGE_NOACCESS,
                                    PAGE_READWRITE};

/* Which of them are locked no more because of a protection? */
static BOOL
Close(ULONG First, ULONG Last, ULONG Protect)
{
    BOOL Was = FALSE;

    for (ULONG i = First; i < Last; i++) {
        Model[i].Protect = Protect;
        if (!MayRead(Protect)) {
            Was = Was || Model[i].Locked != 0;
            Model[i].Locked = 0;
        }
    }
    return Was;
}

static void
Change(ULONG What)
{
    ULONG First, Last, Status, Want = 0, Old, Protect = Protections[Any(5)];
    PVOID Base;
    SIZE_T Size;

    Some(&First, &Last, &Base, &Size);
    switch (What) {
    case 0: /* also where there is something: its protection is another one then */
        Status = (ULONG)NtAllocateVirtualMemory(Process, &Base, 0, &Size, MEM_COMMIT, Protect);
        Close(First, Last, Protect);
        break;
    case 1:
        Status = (ULONG)NtFreeVirtualMemory(Process, &Base, &Size, MEM_DECOMMIT);
        Close(First, Last, 0);
        break;
    default:
        for (ULONG i = First; i < Last; i++) {
            Want = Model[i].Protect == 0 ? 0xC000002D : Want; /* STATUS_NOT_COMMITTED */
        }
        if (Want == 0) {
            Want = Close(First, Last, Protect) ? WAS_UNLOCKED : 0;
        }
        Status = (ULONG)NtProtectVirtualMemory(Process, &Base, &Size, Protect, &Old);
        break;
    }
    Bad[2 + What] += Status != Want;
}

static void
Steps(void)
{
    PVOID Base = NULL;
    SIZE_T Size = PAGES * PAGE;

    memset(Model, 0, sizeof(Model));
    EXPECT_EQ(NtAllocateVirtualMemory(Process, &Base, 0, &Size, MEM_RESERVE, PAGE_READWRITE), 0);
    Range = Base;
    for (ULONG Step = 0; Step < 1500; Step++) {
        ULONG What = Any(16);

        if (What < 6) {
            Lock(1 + Any(3));
        } else if (What < 10) {
            Unlock(1 + Any(3));
        } else {
            Change(What < 13 ? 0 : What < 14 ? 1 : 2);
        }
    }
    for (ULONG i = 0; i < 5; i++) {
        EXPECT_EQ(Bad[i], 0);
    }
    /* What is given back takes its locks with it. */
    Size = PAGES * PAGE;
    EXPECT_EQ(NtAllocateVirtualMemory(Process, &Base, 0, &Size, MEM_COMMIT, PAGE_READWRITE), 0);
    NtLockVirtualMemory(Process, &Base, &Size, 3);
    Size = 0;
    EXPECT_EQ(NtFreeVirtualMemory(Process, &Base, &Size, MEM_RELEASE), 0);
    Size = PAGES * PAGE;
    EXPECT_EQ((ULONG)NtUnlockVirtualMemory(Process, &Base, &Size, 3), BAD_ADDRESS);
    EXPECT_EQ(
        NtAllocateVirtualMemory(Process, &Base, 0, &Size, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE),
        0);
    EXPECT_EQ(Base, Range);
    EXPECT_EQ((ULONG)NtUnlockVirtualMemory(Process, &Base, &Size, 1), NOT_LOCKED);
    EXPECT_EQ((ULONG)NtUnlockVirtualMemory(Process, &Base, &Size, 2), NOT_LOCKED);
    EXPECT_EQ(NtLockVirtualMemory(Process, &Base, &Size, 3), 0);
    Size = PAGE; /* part of it */
    Base = Range + 5 * PAGE;
    EXPECT_EQ(NtFreeVirtualMemory(Process, &Base, &Size, MEM_RELEASE), 0);
    Base = Range + 4 * PAGE;
    EXPECT_EQ(NtUnlockVirtualMemory(Process, &Base, &Size, 3), 0);
    Base = Range + 6 * PAGE;
    EXPECT_EQ(NtUnlockVirtualMemory(Process, &Base, &Size, 3), 0);
}

static void
Views(void)
{
    HANDLE Section = CreateFileMappingA((HANDLE)-1, NULL, PAGE_READWRITE, 0, 2 * PAGE, NULL);
    BYTE *View = MapViewOfFile(Section, FILE_MAP_WRITE, 0, 0, 0);

    EXPECT(VirtualLock(View, 2 * PAGE));
    EXPECT(VirtualLock(View + PAGE, 1));
    EXPECT(VirtualUnlock(View + PAGE - 1, 2));
    EXPECT(!VirtualUnlock(View, 1) && GetLastError() == ERROR_NOT_LOCKED);
    EXPECT(VirtualLock(View, 2 * PAGE));
    EXPECT(UnmapViewOfFile(View));
    EXPECT_EQ(MapViewOfFileEx(Section, FILE_MAP_WRITE, 0, 0, 0, View), View);
    EXPECT(!VirtualUnlock(View, 2 * PAGE) && GetLastError() == ERROR_NOT_LOCKED);
    CloseHandle(Section);
}

/* A guard page goes off when it is locked; it is open then. */
static void
Guards(void)
{
    BYTE *Page = VirtualAlloc(NULL, PAGE, MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD);
    DWORD Old;

    EXPECT(!VirtualLock(Page, 1) && !VirtualUnlock(Page, 1));
    EXPECT_EQ(GetLastError(), ERROR_NOT_LOCKED);
    EXPECT(VirtualLock(Page, 1));
    EXPECT(VirtualProtect(Page, 1, PAGE_READWRITE | PAGE_GUARD, &Old) && Old == PAGE_READWRITE);
    EXPECT(VirtualProtect(Page, 1, PAGE_READWRITE, &Old));
    EXPECT(!VirtualUnlock(Page, 1) && GetLastError() == ERROR_NOT_LOCKED);
    VirtualFree(Page, 0, MEM_RELEASE);
}

int
main(int Count, char **Words)
{
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Child;
    char Path[MAX_PATH];

    if (Count > 1) {
        Sleep(INFINITE);
    }
    Process = SELF;
    Steps();
    Views();
    Guards();
    GetModuleFileNameA(NULL, Path, sizeof(Path));
    strcat(Path, " child");
    EXPECT(CreateProcessA(NULL, Path, NULL, NULL, FALSE, 0, NULL, NULL, &Startup, &Child));
    Process = Child.hProcess;
    Steps();
    TerminateProcess(Process, 0);
    WaitForSingleObject(Process, INFINITE);
    return TEST_DONE();
}
