/*
 * mi.h - the memory manager's own chapter.
 *
 * It owns address spaces (what a user process has where, and how protected), system mappings, section
 * objects, loaded images and MDLs. The bytes themselves are the host's: one memory, seen through the
 * guest's view and through an alias that is always writable (abi/layout.h).
 *
 *     mmdata.c    globals
 *     space.c     spaces: sorted areas, where a new one goes, the state of each page
 *     virtual.c   NtAllocate/Free/Protect/QueryVirtualMemory
 *     copy.c      NtRead/WriteVirtualMemory, MmCopyVirtualMemory, MmCopyMemory
 *     fault.c     what a fault means, whether an address is valid, probing
 *     section.c   section objects
 *     control.c   the pages of files      fileview.c  views of files
 *     known.c     \KnownDlls
 *     writer.c    the mapped-page writer, what file systems ask about sections
 *     view.c      views of them
 *     image.c     executables in user processes      imagefile.c  images that are read from their files
 *     module.c    drivers: loading, INIT sections, PsLoadedModuleList, MmGetSystemRoutineAddress
 *     mdl.c       locking, mapping
 *     pages.c     memory for drivers: MDL pages, contiguous, non-cached, device memory
 *     physical.c  \Device\PhysicalMemory
 *
 * Locks: none, as in nt/ob: no schedule point is passed while a structure is half changed.
 *
 * Invariants
 *   M1  Areas of a space are disjoint, sorted, whole pages, within [Base, Limit).
 *   M2  Where a new area goes follows from the acting agent's own allocations: each agent has a part of
 *       the space and goes upwards in it; only when the part is used up is freed room taken again.
 *   M3  A page's state byte and its protection at the host say the same.
 *   M4  An area with locked pages keeps its memory until they are unlocked, freed or not (Zombie).
 */
#ifndef NT_MM_MI_H
#define NT_MM_MI_H

#include "nt/inc/ke.h"
#include "nt/inc/ps.h"
#include "nt/inc/ob.h"
#include "nt/inc/mm.h"
#include "nt/inc/ex.h"
#include "nt/inc/se.h"
#undef Machine /* hc.h's; a field of the image headers bears the name */
#include <ntimage.h>
#include "nt/inc/backing.h"

#define MI_TAG_SPACE   'psmM'
#define MI_TAG_SECTION 'csmM'
#define MI_TAG_MODULE  'dLmM'
#define MI_TAG_MDL     'ldmM'

#ifndef MEM_IMAGE
#define MEM_IMAGE 0x1000000
#endif
#ifndef MEM_WRITE_WATCH
#define MEM_WRITE_WATCH 0x200000
#endif
#ifndef MEM_PHYSICAL
#define MEM_PHYSICAL 0x400000
#endif
#define SYSTEM_PTE_MISUSE_             0xDA
#define DRIVER_UNMAPPING_INVALID_VIEW_ 0xD7

typedef struct _MI_BASIC_INFORMATION {
    PVOID BaseAddress;
    PVOID AllocationBase;
    ULONG AllocationProtect;
    USHORT PartitionId;
    SIZE_T RegionSize;
    ULONG State;
    ULONG Protect;
    ULONG Type;
} MI_BASIC_INFORMATION, *PMI_BASIC_INFORMATION;
C_ASSERT(sizeof(MI_BASIC_INFORMATION) == 0x30);

#define SEC_IMAGE            0x1000000
#define SEC_FILE             0x800000
#define SEC_NO_CHANGE        0x400000
#define SEC_NOCACHE          0x10000000
#define SEC_WRITECOMBINE     0x40000000
#define SEC_IMAGE_NO_EXECUTE 0x11000000

/* A page's state: what PAGE_xxx it has, and what has happened to it. */
#define MI_STATE_PROTECTION 0x07 /* index: see MiPageOf */
#define MI_STATE_GUARD      0x08
#define MI_STATE_COMMITTED  0x10
#define MI_STATE_NOCACHE    0x20
#define MI_STATE_COMBINE    0x40
#define MI_STATE_PRIVATE                                                                           \
    0x80 /* views of files: a copy of the process's own; watched areas: written */

#define MI_CHUNK 512 /* pages described by one chunk of states */

typedef struct _MI_SECTION MI_SECTION, *PMI_SECTION;
struct _MI_SPACE;

/* A page of a file: see control.c. */
#define MI_FP_VALID   1
#define MI_FP_DIRTY   2
#define MI_FP_BUSY    4
#define MI_FP_WRITING 8
#define MI_FP_MEMORY  16

#define MI_SEGMENTS 24

typedef struct _MI_SEGMENT {
    ULONG64 Base; /* system address, not reachable there itself; 0: not yet */
    PUCHAR *Chunk;
} MI_SEGMENT, *PMI_SEGMENT;

struct _MI_CONTROL {
    LIST_ENTRY Links; /* MiControls */
    PSECTION_OBJECT_POINTERS Pointers;
    PFILE_OBJECT FileObject;
    LONG References;     /* sections, cache maps, whoever is at work on it */
    ULONG Cached;        /* cache maps: 0 or 1 */
    ULONG Sections;      /* section objects of users */
    ULONG64 SectionSize; /* the largest of them */
    ULONG WritableSections, WritableViews;
    LIST_ENTRY Views;   /* MI_AREA.FileLinks */
    ULONG64 Dirty;      /* pages */
    BOOLEAN Orphan;     /* only the writer has it */
    BOOLEAN Failed;     /* this pass of the writer could not write all of it */
    ULONG Tries;        /* of the writer, for its locks */
    LIST_ENTRY Waiters; /* until a page is no longer busy, or no longer being written */
    MI_SEGMENT Segment[MI_SEGMENTS];
};

typedef struct _MI_AREA {
    ULONG64 Start, End;
    ULONG Type;       /* MEM_PRIVATE, MEM_MAPPED, MEM_IMAGE; in the system space MI_AREA_xxx */
    ULONG Protection; /* PAGE_xxx of the allocation */
    PUCHAR *Chunk;    /* states, NULL where nothing is committed */
    PMI_SECTION Section;
    ULONG64 Backing; /* views: the guest address of Start's memory, 0: its own */
    ULONG64 Offset;  /* views: of Start in the section */
    LONG64 Locked;   /* pages in MDLs */
    LONG Secured;
    ULONG SecuredProtection;
    BOOLEAN Zombie;       /* M4 */
    BOOLEAN Inherit;      /* ViewShare */
    BOOLEAN Watched;      /* watch.c */
    ULONG64 Tag;          /* of whoever made it */
    LIST_ENTRY FileLinks; /* views of files: control.c's list, and whose space it is in */
    struct _MI_SPACE *Space;
} MI_AREA, *PMI_AREA;

typedef struct _MI_PART {
    struct _MI_PART *Next;
    ULONG Slot;
    ULONG64 Base, Limit, Fresh;
} MI_PART, *PMI_PART;

/* lock.c: pages that a process has locked, of one kind. */
typedef struct _MI_LOCKED {
    struct _MI_LOCKED *Next;
    ULONG64 Start, End;
} MI_LOCKED, *PMI_LOCKED;

typedef struct _MI_SPACE {
    ULONG64 Base, Limit;
    ULONG64 FirstLimit; /* the first agent's part: [Base, FirstLimit) */
    ULONG64 PartSize;   /* of every other agent, from FirstLimit upwards */
    ULONG Parts;
    ULONG FirstAgent; /* name */
    PMI_AREA *Area;   /* sorted */
    ULONG Count, Room;
    ULONG Last; /* index found last */
    PMI_PART Part;
    LONG64 LockedPages;        /* in MDLs */
    PMI_LOCKED LockedRange[2]; /* by kind; sorted, and none touches the next */
    ULONG64 CommittedPages;
    BOOLEAN Deleted; /* the process has ended: what is there goes, and nothing new comes */
} MI_SPACE, *PMI_SPACE;

/* What system areas are for. */
#define MI_AREA_CONTIGUOUS 1
#define MI_AREA_NONCACHED  2
#define MI_AREA_IO         3
#define MI_AREA_MDL        4
#define MI_AREA_SECTION    5
#define MI_AREA_VIEW       6
#define MI_AREA_RESERVED   7
#define MI_AREA_FILE       8

struct _MI_SECTION {
    ULONG64 Size;
    ULONG Protection;  /* PAGE_xxx: what views may ask for */
    ULONG Attributes;  /* SEC_xxx */
    ULONG64 Backing;   /* system address of the memory, not reachable there itself; 0 for images */
    ULONG64 Committed; /* bytes from the start that have memory */
    PFILE_OBJECT FileObject;
    PMI_CONTROL Control;   /* data of a file that can be cached */
    char *Image;           /* SEC_IMAGE: the name of the file, as the host could read it */
    struct abi_image Info; /* SEC_IMAGE: from the headers */
    ULONG Views;
    BOOLEAN Physical;     /* \Device\PhysicalMemory: an offset is a physical address */
    BOOLEAN ImageCounted; /* in ImageSectionObject of its file */
};

/* ImageSectionObject: what the image of a file is made of, while there are sections of it. imagefile.c */
typedef struct _MI_IMAGE_CONTROL {
    ULONG Sections;
    char *Host;     /* the host's file, or */
    ULONG64 Memory; /* system address of the bytes, not reachable there itself */
    ULONG64 Size;
    struct abi_image Info;
} MI_IMAGE_CONTROL, *PMI_IMAGE_CONTROL;

/* physical.c: does the machine have memory at any of these addresses? */
BOOLEAN MiHasMemory(ULONG64 Physical, ULONG64 Size);

/* space.c */
VOID MiInitializeSpace(PMI_SPACE Space, ULONG64 Base, ULONG64 Limit, ULONG64 FirstLimit,
                       ULONG Parts);
PMI_AREA MiFindArea(PMI_SPACE Space, ULONG64 Address);
/* The first area that begins above Address; NULL: none. */
PMI_AREA MiNextArea(PMI_SPACE Space, ULONG64 Address);
BOOLEAN MiIsFree(PMI_SPACE Space, ULONG64 Start, ULONG64 End);
/* Address 0: finds a place (M2). Alignment: a power of two. NULL: no room, or Address is taken. */
PMI_AREA MiInsertArea(PMI_SPACE Space, ULONG64 Address, ULONG64 Size, ULONG64 Alignment,
                      BOOLEAN TopDown);
VOID MiRemoveArea(PMI_SPACE Space, PMI_AREA Area);
VOID MiSplitArea(PMI_SPACE Space, PMI_AREA Area, ULONG64 At);
UCHAR MiState(PMI_AREA Area, ULONG64 Address);
PUCHAR MiStatePointer(PMI_AREA Area, ULONG64 Address); /* makes the chunk */
VOID MiDeleteSpace(PMI_SPACE Space);

/* virtual.c */
/* What a caller of Mode calls a range: read, and, where Status is a success, told what it was rounded to (what was done stays done if
   its variables have gone). MiWriteRange: Status. */
NTSTATUS MiReadRange(PVOID *BaseAddress, PSIZE_T RegionSize, KPROCESSOR_MODE Mode, PVOID *Base,
                     PSIZE_T Size);
NTSTATUS MiWriteRange(NTSTATUS Status, PVOID *BaseAddress, PSIZE_T RegionSize, PVOID Base,
                      SIZE_T Size);
BOOLEAN MiIsValidProtection(ULONG Protection);
UCHAR MiStateOf(ULONG Protection);   /* PAGE_xxx to a state without the committed bit */
ULONG MiPageOf(UCHAR State);         /* and back */
ULONG MiHostProtection(UCHAR State); /* what the host gives the page */
/* Sets the states of [Start, End) of an area, and the host's protections, run by run (M3). TRUE: pages that were locked are no longer. */
/* The highest address that the kernel gives out where nobody names one. */
#define MI_HIGHEST (ABI_SLICES * ABI_SLICE_SIZE - 1)
BOOLEAN MiZeroBitsAllow(ULONG_PTR ZeroBits, ULONG64 Address);
BOOLEAN MiViewAllows(PMI_AREA Area, ULONG Protection);
/* watch.c */
ULONG MiHostOf(PMI_AREA Area, UCHAR State);
VOID MiWatchPages(PMI_AREA Area, ULONG64 Start, ULONG64 End);
BOOLEAN MiWatchedWrite(PMI_AREA Area, ULONG64 Page);

BOOLEAN MiSetPages(PMI_SPACE Space, PMI_AREA Area, ULONG64 Start, ULONG64 End, UCHAR State);
VOID MiCloseReserved(ULONG64 Start, ULONG64 End); /* a range of which no page is committed */
VOID MiDecommitPages(PMI_SPACE Space, PMI_AREA Area, ULONG64 Start, ULONG64 End);
VOID MiReleaseArea(PMI_SPACE Space, PMI_AREA Area);
PMI_SPACE MiEnsureSpace(PEPROCESS Process); /* NULL: the process is ending */
PMI_SPACE MiLiveSpace(PEPROCESS Process);   /* NULL: or it has none */
#define MI_SPACE_OF(Process) ((PMI_SPACE)(Process)->AddressSpace)
/* What stands for it in schedule points: there may be none yet, or none any more. */
#define MI_STEPS_OF(Process) (&(Process)->AddressSpace)

/* lock.c. What goes, or cannot be read any more, is not locked any more; was anything? */
BOOLEAN MiForgetLocks(PMI_SPACE Space, ULONG64 Start, ULONG64 End);

/* fault.c */
BOOLEAN MiAllows(UCHAR State, BOOLEAN Write, BOOLEAN Execute);

/* image.c */
PVOID MiMappedHeaders(ULONG64 Base, PIMAGE_SECTION_HEADER *Section);
PKI_MODULE MiMakeModule(const char *FullName, const struct abi_image *Info);
VOID MiFreeModule(PKI_MODULE Module);
NTSTATUS MiImageStatus(ULONG Result);
NTSTATUS MiReadImageHeaders(const char *Name, struct abi_image *Info);
NTSTATUS MiParseImageHeaders(PMI_IMAGE_CONTROL Control, struct abi_image *Info);
VOID MiUnmapImage(PEPROCESS Process, PMI_AREA Area);
NTSTATUS MiMapImage(PEPROCESS Process, const char *Name, PVOID Requested, PVOID *Base,
                    struct abi_image *Info, PMI_SECTION Section);
/* An NT path as the host reads it. Pool memory. */
char *MiHostPath(PCUNICODE_STRING Path);

/* imagefile.c */
NTSTATUS MiOpenImage(PMI_SECTION Section);
VOID MiCloseImage(PMI_SECTION Section);
ULONG MiLoadImage(const char *Name, PMI_SECTION Section, ULONG Flags, ULONG64 Slice,
                  struct abi_image *Info);
BOOLEAN MiIsImageOfHost(PMI_SECTION Section);

/* control.c: the rest is in nt/inc/mm.h */
UCHAR MiFilePage(PMI_CONTROL Control, ULONG64 Offset);
ULONG64 MiFileBacking(PMI_CONTROL Control, ULONG64 Offset);

/* fileview.c */
PMI_CONTROL MiControlOf(PMI_AREA Area);
VOID MiLinkFileView(PMI_AREA Area, PMI_SPACE Space);
VOID MiUnlinkFileView(PMI_AREA Area);
VOID MiProtectViews(PMI_CONTROL Control, ULONG64 Page);
VOID MiResetFileView(PMI_AREA Area, ULONG64 Start, ULONG64 End);
BOOLEAN MiIsMapped(ULONG64 Page, BOOLEAN Write);
NTSTATUS MiFileFault(PMI_SPACE Space, ULONG64 Page, BOOLEAN Write, BOOLEAN Execute);
NTSTATUS MiTouchFileView(PMI_SPACE Space, ULONG64 Address, BOOLEAN Write);
ULONG64 MiFileViewBacking(PMI_AREA Area, ULONG64 Address);

/* writer.c */
VOID MiWakeWriter(BOOLEAN Cached);

/* section.c */
NTSTATUS MiProtectionAccess(ULONG Protection, PACCESS_MASK Access);

/* pages.c */
ULONG64 MiAllocateSystem(ULONG64 Size, ULONG64 Alignment, ULONG Type, ULONG HostProtection);
VOID MiFreeSystem(ULONG64 Address, ULONG Type);

/* mmdata.c */
extern POBJECT_TYPE MmSectionObjectType;
extern MI_SPACE MiSystemSpace;
extern ULONG64 MiSlices[ABI_SLICES / 64];
extern PEPROCESS MiLowOwner;
extern BOOLEAN MiInitialized;
extern BOOLEAN MiWriterArmed, MiWriterAgain; /* writer.c, W2 */
extern KTIMER MiWriterTimerObject;
extern KDPC MiWriterDpc;
extern WORK_QUEUE_ITEM MiWriterItem;

/* module.c: the images that were unloaded last. */
#define MI_UNLOADED 16
typedef struct _MI_GONE {
    ULONG64 Start, Size;
    char Left[400]; /* KiListLeft */
} MI_GONE;
extern MI_GONE MiUnloaded[MI_UNLOADED];
extern ULONG MiUnloadedCount; /* of all */

#endif
