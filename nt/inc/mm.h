/*
 * mm.h - address spaces, images, MDLs as the other components see them.
 */
#ifndef NT_INC_MM_H
#define NT_INC_MM_H

#include "nt/inc/ke.h"
#include "nt/inc/life.h"

/* The kernel image itself and the box's images are in PsLoadedModuleList from phase 0. */
NTSTATUS MmLoadSystemImage(const char *Name, PKI_MODULE *Module); /* binds, runs nothing */
VOID MmUnloadSystemImage(PKI_MODULE Module);
/* Did a driver's image lie there that has been unloaded? Its addresses are not used again. */
BOOLEAN MiIsUnloadedImage(const volatile VOID *Address);
VOID MiNoteNotReturned(const VOID *Routine); /* it is in an unloaded image, and still going on */
const char *
MiLeftByUnloaded(const VOID *Address); /* left.c: what it had left behind; NULL: nothing */
/* After DriverEntry: the pages of INIT sections go. */
VOID MmFreeDriverInitialization(PKI_MODULE Module);
extern char
    MiLoadMessage[256]; /* why the last image could not be loaded, for people; may be empty */

/* Address space of a user process: a slice; created empty, deleted with everything in it. */
NTSTATUS MiCreateAddressSpace(PEPROCESS Process);
VOID MiDeleteAddressSpace(PEPROCESS Process);
VOID MiSetFirstAgent(PEPROCESS Process, ULONG AgentName);
PKI_MODULE MiFindUserModule(PEPROCESS Process, const VOID *Address);
/* Bytes between the current process's buffer and another process's memory; STATUS_PARTIAL_COPY. */
NTSTATUS MiCopyOther(PEPROCESS Process, ULONG64 Address, PVOID Buffer, SIZE_T Size, BOOLEAN Write,
                     PSIZE_T Copied);
/* SECTION_IMAGE_INFORMATION */
VOID MiFillImageInformation(const struct abi_image *Image, PVOID TransferAddress, PVOID Buffer);
VOID MiCreateKnownDlls(VOID);      /* once the file names are there */
VOID MiCreatePhysicalMemory(VOID); /* once there is \Device */
/* Maps a user image (an executable, a DLL) into the current process. */
NTSTATUS MiMapUserImage(PEPROCESS Process, const char *Name, PVOID *Base, struct abi_image *Info);

/* NtAllocateVirtualMemory's body for another component; PAGE_xxx protection. */
NTSTATUS MiAllocateUser(PEPROCESS Process, PVOID *Base, SIZE_T *Size, ULONG Type, ULONG Protection);
NTSTATUS MiFreeUser(PEPROCESS Process, PVOID *Base, SIZE_T *Size, ULONG Type);

/*
 * What a page is, for fault dispositions (nt/ke/trap.c): 0 not there, else what may be done with it.
 */
#define MI_PAGE_PRESENT 1
#define MI_PAGE_WRITE   2
#define MI_PAGE_EXECUTE 4
#define MI_PAGE_GUARD   8
#define MI_PAGE_FREED   16 /* was pool once */
ULONG MiQueryPage(const VOID *Address);
/* A fault on a guard page or an access that the address space makes good; TRUE: try again. */
NTSTATUS MiResolveFault(PVOID Address, BOOLEAN Write, BOOLEAN Execute, KPROCESSOR_MODE Mode);

/*
 * The pages of a file that are in memory: nt/cc works on them. control.c has the rules. FileObject needs a
 * SectionObjectPointer; NULL: it has none.
 */
typedef struct _MI_CONTROL MI_CONTROL, *PMI_CONTROL;
PMI_CONTROL MiReferenceControl(PFILE_OBJECT FileObject);
VOID MiDereferenceControl(PMI_CONTROL Control); /* perhaps closes the file */
VOID MiSetCached(PMI_CONTROL Control, BOOLEAN Cached);
VOID MiExtendSection(PMI_CONTROL Control, ULONG64 Size);
BOOLEAN MiIsUserMapped(PMI_CONTROL Control);
ULONG64 MiDirtyCount(PMI_CONTROL Control);
BOOLEAN MiIsDirty(PMI_CONTROL Control, ULONG64 Offset, ULONG64 Length); /* a page of it */
PFILE_OBJECT MiControlFile(PMI_CONTROL Control);
NTSTATUS MiMakeValid(PMI_CONTROL Control, ULONG64 Offset, ULONG64 Length); /* may wait */
NTSTATUS MiMakeZero(PMI_CONTROL Control,
                    ULONG64 Offset); /* the page, if it is not valid: no read */
BOOLEAN MiIsValid(PMI_CONTROL Control, ULONG64 Offset, ULONG64 Length);
PVOID MiFilePointer(PMI_CONTROL Control, ULONG64 Offset); /* good to the end of the page */
VOID MiMarkDirty(PMI_CONTROL Control, ULONG64 Offset, ULONG64 Length);
NTSTATUS MiFlushControl(PMI_CONTROL Control, ULONG64 Offset, ULONG64 Length, PULONG64 Written);
VOID MiWaitForWrites(PMI_CONTROL Control, ULONG64 Offset, ULONG64 Length);
BOOLEAN MiPurgeControl(PMI_CONTROL Control, ULONG64 Offset, ULONG64 Length);
extern ULONG64 MiDirtyPages; /* of all files */

/*
 * What is done to the pages, the cache map and the sections of a stream comes in some order: its section object pointers stand for
 * all of them. And it comes before or behind each look of the writers for what there is to write, which MiControls stands for.
 */
extern LIST_ENTRY MiControls;
/* Whoever waits there is somebody else's to let go on: the list is empty afterwards. */
KI_INLINE VOID
MiTakeList(PLIST_ENTRY Waiters, PLIST_ENTRY Taken)
{
    if (IsListEmpty(Waiters)) {
        InitializeListHead(Taken);
        return;
    }
    *Taken = *Waiters;
    Taken->Flink->Blink = Taken->Blink->Flink = Taken;
    InitializeListHead(Waiters);
}
KI_INLINE VOID
MiStepOnStream(const SECTION_OBJECT_POINTERS *Pointers)
{
    KiAcquirePoint(SP_OBJECT, Pointers, NULL, KI_ALSO_READS(&MiControls));
}
/* Once more, behind what may have waited or passed other points. */
KI_INLINE VOID
MiBackOnStream(const SECTION_OBJECT_POINTERS *Pointers)
{
    if (Machine->explore != ABI_EXPLORE_OFF) {
        MiStepOnStream(Pointers);
    }
}

/* Probing that is not inline: raises as documented. */
#define MI_USER_PROBE_ADDRESS (ABI_USER_END - 0x10000)

#endif
