/*
 * ccp.h - the cache manager's own chapter.
 *
 * The bytes are the memory manager's (nt/mm/control.c): one set of pages for each stream, which views of users show
 * and the cache manager copies from and to. What is here is who caches a stream, how far it is valid, who has
 * something pinned, and when what is dirty is written.
 *
 *     ccdata.c    globals
 *     map.c       shared and private cache maps, sizes
 *     copy.c      CcCopyRead, CcCopyWrite, CcZeroData, read-ahead
 *     pin.c       CcMapData, CcPinRead and their kin
 *     ccmdl.c     CcMdlRead, CcPrepareMdlWrite
 *     log.c       sequence numbers of what is pinned and dirty
 *     ccflush.c   flush, purge
 *     lazy.c      the lazy writer, throttling
 *
 * Locks: none, as in nt/mm: no schedule point is passed while a structure is half changed.
 *
 *   C1  A shared cache map lives while somebody has a private one, has data pinned, or something is dirty.
 *   C3  What is done to a stream's cache map and pages is done behind MiStepOnStream (nt/inc/mm.h), and once more behind whatever waits.
 *   C2  An I/O error of a read is raised; one of a lazy write is tried again.
 */
#ifndef NT_CC_CCP_H
#define NT_CC_CCP_H

#include "nt/inc/ke.h"
#include "nt/inc/ob.h"
#include "nt/inc/ex.h"
#include "nt/inc/ps.h"
#include "nt/inc/mm.h"
#include "nt/inc/cc.h"
#include "nt/inc/fsrtl.h"

#define CCP_TAG 'paCc'

typedef struct _CCP_SHARED {
    CSHORT NodeTypeCode; /* 0x2FF, as debuggers know it */
    CSHORT NodeByteSize;
    ULONG OpenCount;
    LARGE_INTEGER FileSize; /* here: CcGetFileSizePointer */
    LARGE_INTEGER SectionSize, ValidDataLength;
    LIST_ENTRY Links; /* CcpMaps */
    PMI_CONTROL Control;
    PFILE_OBJECT FileObject; /* the control area's: it keeps it */
    PSECTION_OBJECT_POINTERS Pointers;
    PCACHE_MANAGER_CALLBACKS Callbacks;
    PVOID LazyWriteContext;
    BOOLEAN PinAccess, DisableReadAhead, DisableWriteBehind;
    LIST_ENTRY Bcbs;
    ULONG Busy; /* MDLs, pins, the lazy writer: it must stay */
    ULONG Failures;
    LIST_ENTRY Taken; /* by the lazy writer */
    ULONG DirtyThreshold;
    PCACHE_UNINITIALIZE_EVENT Events;
    LIST_ENTRY Private; /* CCP_PRIVATE */
    PVOID LogHandle;
    PFLUSH_TO_LSN FlushToLsn;
    LIST_ENTRY Logged; /* log.c */
} CCP_SHARED, *PCCP_SHARED;

typedef struct _CCP_PRIVATE {
    CSHORT NodeTypeCode; /* 0x2FE */
    CSHORT NodeByteSize;
    ULONG ReadAheadMask;
    LARGE_INTEGER LastEnd;
    BOOLEAN ReadAheadActive;
    LIST_ENTRY Links;
    PFILE_OBJECT FileObject;
} CCP_PRIVATE, *PCCP_PRIVATE;

typedef struct _CCP_BCB {
    PUBLIC_BCB Public;
    LIST_ENTRY Links; /* of the shared map; mapped ones are alone */
    PCCP_SHARED Shared;
    PVOID Address;
    ULONG References;
    BOOLEAN Pinned, Dirty;
    ERESOURCE Resource;
} CCP_BCB, *PCCP_BCB;

typedef struct _CCP_DEFERRED {
    LIST_ENTRY Links;
    PFILE_OBJECT FileObject;
    ULONG Bytes;
    PCC_POST_DEFERRED_WRITE Routine;
    PVOID Context1, Context2;
} CCP_DEFERRED, *PCCP_DEFERRED;

typedef struct _CCP_LAZY_WAIT {
    LIST_ENTRY Links; /* CcpLazyWaiters */
    KEVENT Done;
} CCP_LAZY_WAIT;

typedef struct _CCP_READ_AHEAD {
    WORK_QUEUE_ITEM Item;
    PFILE_OBJECT FileObject;
    ULONG64 Offset;
    ULONG Length;
} CCP_READ_AHEAD, *PCCP_READ_AHEAD;

PCCP_SHARED CcpShared(PFILE_OBJECT FileObject); /* must be cached */
PCCP_SHARED CcpStep(PFILE_OBJECT FileObject);   /* the same, behind MiStepOnStream */
BOOLEAN CcpTryDelete(PCCP_SHARED Shared);       /* C1 */
BOOLEAN CcpMayWrite(PFILE_OBJECT FileObject, ULONG Bytes);
VOID CcpDropPrivate(PCCP_SHARED Shared, PFILE_OBJECT FileObject);

/* log.c */
VOID CcpLog(PCCP_SHARED Shared, ULONG64 Offset, ULONG Length, LARGE_INTEGER Lsn);
VOID CcpWriteLog(PCCP_SHARED Shared, ULONG64 Offset, ULONG64 Length); /* may call the file system */
VOID CcpForgetLog(PCCP_SHARED Shared);

extern LIST_ENTRY CcpMaps, CcpDeferred;
extern BOOLEAN CcpLazyArmed; /* from when its timer is set to its end */
extern KTIMER CcpLazyTimer;
extern KDPC CcpLazyDpc;
extern WORK_QUEUE_ITEM CcpLazyItem;
extern LIST_ENTRY CcpLazyWaiters;

#endif
