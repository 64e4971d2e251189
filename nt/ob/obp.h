/*
 * obp.h - the object manager's own chapter.
 *
 * It owns object headers, types, directories and symbolic links, handle tables and the callbacks of
 * ObRegisterCallbacks. It knows nothing of what an object means: that is in its type's OB_METHODS.
 *
 *     type.c       object types, \ObjectTypes
 *     create.c     ObCreateObject, ObInsertObject, captured attributes
 *     reference.c  counts, deletion now and later
 *     directory.c  directory objects and their services
 *     name.c       the way from a name to an object, and back
 *     link.c       symbolic links
 *     table.c      handle tables: which handle an agent gets
 *     handle.c     making and resolving handles, access checks
 *     close.c      NtClose, NtDuplicateObject, inheritance, process exit
 *     query.c      NtQueryObject, NtSetInformationObject
 *     security.c   descriptors of objects
 *     callback.c   ObRegisterCallbacks
 *     owner.c      which driver a kernel handle is of
 *
 * Locks: none. A routine of this component passes a schedule point when it begins, and calls methods
 * and callbacks (which may pass others) only while its own structures are whole. In between nobody
 * else runs. Memory is allocated before a structure is touched.
 *
 * Invariants
 *   O1  PointerCount >= HandleCount; each handle holds one reference, and so does a name.
 *   O2  An object has a Directory exactly while it stands in that directory's buckets.
 *   O3  What only its name keeps alive (no handle, no other reference, not permanent) loses the name,
 *       and with it its life, in the same step.
 *   O4  A handle's value follows from the table and the acting agent's own history alone.
 *   O5  Where something ends with the last handle, each handle that is made or closed is a step on the object's count of handles.
 */
#ifndef NT_OB_OBP_H
#define NT_OB_OBP_H

#include "nt/inc/ke.h"
#include "nt/inc/io.h"
#include "nt/inc/ps.h"
#include "nt/inc/ob.h"
#include "nt/inc/ex.h"
#include "nt/inc/se.h"

#define OBP_TAG_OBJECT    'jbOe'
#define OBP_TAG_NAME      'mNbO'
#define OBP_TAG_TABLE     'btbO'
#define OBP_TAG_TEMPORARY 'mTbO'

/* Header.Flags, as on Windows. */
#define OBP_FLAG_NEW       0x01 /* not inserted yet: ObjectCreateInfo is valid */
#define OBP_FLAG_KERNEL    0x02 /* made in kernel mode */
#define OBP_FLAG_EXCLUSIVE 0x08
#define OBP_FLAG_PERMANENT 0x10
#define OBP_FLAG_SECURITY  0x20 /* has a default descriptor */
#define OBP_FLAG_DELETING  0x80 /* ntlab: the last reference has gone */

typedef struct _OBP_CREATE_INFO {
    OB_CAPTURE Capture;
    PVOID ParseContext;
    KPROCESSOR_MODE Mode;
} OBP_CREATE_INFO, *POBP_CREATE_INFO;

/* Windows's x64 layout; drivers that look at it find the counts and flags where they expect them. */
typedef struct _OBP_HEADER {
    LONG64 volatile PointerCount;            /* 0x00 */
    LONG64 HandleCount;                      /* 0x08 */
    ULONG64 Lock;                            /* 0x10 */
    UCHAR TypeIndex;                         /* 0x18 */
    UCHAR TraceFlags;                        /* 0x19 */
    UCHAR InfoMask;                          /* 0x1a */
    UCHAR Flags;                             /* 0x1b */
    ULONG Reserved;                          /* 0x1c */
    POBP_CREATE_INFO CreateInfo;             /* 0x20 */
    PSECURITY_DESCRIPTOR SecurityDescriptor; /* 0x28 */
} OBP_HEADER, *POBP_HEADER;
C_ASSERT(sizeof(OBP_HEADER) == 0x30);

typedef struct _OBP_DIRECTORY OBP_DIRECTORY, *POBP_DIRECTORY;

typedef struct _OBP_HOLDER {
    struct _OBP_HOLDER *Next;
    PEPROCESS Process;
    ULONG Handles;
} OBP_HOLDER, *POBP_HOLDER;

typedef struct _OBP_OBJECT {
    POBJECT_TYPE Type;
    POBP_DIRECTORY Directory; /* O2 */
    LIST_ENTRY DirectoryLinks;
    UNICODE_STRING Name; /* last component */
    PEPROCESS ExclusiveProcess;
    OBP_HOLDER Holder; /* handles by process, for types with Open or Close */
    struct _OBP_OBJECT *NextToDelete;
    LARGE_INTEGER CreationTime;
    ULONG PagedCharge, NonPagedCharge;
    ULONG64 Reserved;
    OBP_HEADER Header;
} OBP_OBJECT, *POBP_OBJECT;
C_ASSERT(sizeof(OBP_OBJECT) % 16 == 0);

#define OBP_BODY(o) ((PVOID)((POBP_OBJECT)(o) + 1))
FORCEINLINE POBP_OBJECT
ObpObject(PVOID Body)
{
    return (POBP_OBJECT)Body - 1;
}

/*
 * An object type. The first fields are Windows's: TypeList stays an empty list, so that *PsProcessType
 * means the type itself with the mingw headers, whose import of it has one indirection more.
 */
struct _OBJECT_TYPE {
    LIST_ENTRY TypeList;        /* 0x00 */
    UNICODE_STRING Name;        /* 0x10 */
    PVOID DefaultObject;        /* 0x20 */
    UCHAR Index;                /* 0x28 */
    ULONG TotalNumberOfObjects; /* 0x2c */
    ULONG TotalNumberOfHandles; /* 0x30 */
    ULONG HighWaterNumberOfObjects;
    ULONG HighWaterNumberOfHandles;
    ULONG PoolCharge;
    ULONG WaitOffset;
    ACCESS_MASK ValidAccess;
    GENERIC_MAPPING GenericMapping;
    OB_METHODS Methods;
    BOOLEAN SecurityRequired;
    BOOLEAN SupportsObjectCallbacks;
    BOOLEAN IgnoresCase; /* name.c, N3 */
    LIST_ENTRY CallbackList;
};

#define OBP_MAX_NAME 65532 /* bytes: its terminator still counts in a UNICODE_STRING */

#define OBP_BUCKETS 37
struct _OBP_DIRECTORY {
    LIST_ENTRY Bucket[OBP_BUCKETS]; /* each sorted by name: no order depends on who came first */
};

typedef struct _OBP_LINK {
    UNICODE_STRING Target;
    LARGE_INTEGER CreationTime;
} OBP_LINK, *POBP_LINK;

/* One entry of a handle table; free while Object is NULL. */
typedef struct _OBP_ENTRY {
    PVOID Object;
    ACCESS_MASK Access;
    ULONG
    Attributes; /* OBJ_INHERIT, OBP_PROTECT_CLOSE, OBP_AUDIT, owner.c's; NextFree while free */
} OBP_ENTRY, *POBP_ENTRY;
#define OBP_OWNER_SHIFT   8
#define OBP_PROTECT_CLOSE 0x00000001
#define OBP_AUDIT_CLOSE   0x00000004

typedef struct _OBP_TABLE OBP_TABLE, *POBP_TABLE;

/* table.c. An index is a handle divided by 4. */
POBP_ENTRY ObpLookupEntry(POBP_TABLE Table, HANDLE Handle);
ULONG ObpAllocateEntry(POBP_TABLE Table, POBP_ENTRY *Entry); /* 0: the table is full */
ULONG ObpNextReused(POBP_TABLE Table);
POBP_ENTRY ObpAllocateEntryAt(POBP_TABLE Table, ULONG Index);
VOID ObpFreeEntry(POBP_TABLE Table, ULONG Index);
/* The first used entry at or after *Index. */
POBP_ENTRY ObpNextEntry(POBP_TABLE Table, PULONG Index);
VOID ObpDeleteHandleTable(POBP_TABLE Table);
ULONG ObpHandlesInTable(POBP_TABLE Table);

#define OBP_KERNEL_HANDLE_BITS 0xFFFFFFFF80000000ull

/* owner.c */
VOID ObpNoteOwner(POBP_ENTRY Entry);

/* handle.c */
#define OBP_IS_PSEUDO(Handle) ((LONG_PTR)(Handle) < 0 && (LONG_PTR)(Handle) >= -6)
POBP_TABLE ObpTableForHandle(HANDLE *Handle, KPROCESSOR_MODE Mode);
PVOID ObpHandleIdentity(HANDLE Handle, KPROCESSOR_MODE Mode); /* of schedule points */
typedef struct _OBP_HANDLE_REQUEST {
    PVOID Object;      /* referenced by the caller */
    POBJECT_TYPE Type; /* NULL: any */
    PACCESS_STATE State;
    ULONG Attributes;
    KPROCESSOR_MODE Mode;
    BOOLEAN Checked;         /* the access was decided before: grant it */
    ULONG Bias;              /* references to add beside the handle's */
    PEPROCESS TargetProcess; /* NULL: the current one */
    PEPROCESS SourceProcess; /* set for a duplicate */
} OBP_HANDLE_REQUEST;
NTSTATUS ObpCreateHandle(OBP_HANDLE_REQUEST *Request, PHANDLE Handle);
/* The body of NtOpenXxx for a type that needs nothing more. */
NTSTATUS ObpCheckAccess(PVOID Object, PACCESS_STATE State, KPROCESSOR_MODE Mode);
VOID ObpHandlePoint(POBP_OBJECT Object);  /* O5 */
BOOLEAN ObpNameMayGo(POBP_OBJECT Object); /* with the last handle */
VOID ObpCountHandle(POBP_OBJECT Object, PEPROCESS Process);
VOID ObpHandleClosed(PVOID Object, PEPROCESS Process, ACCESS_MASK Access);
ULONG ObpProcessHandles(POBP_OBJECT Object, PEPROCESS Process);

/* link.c */
NTSTATUS ObpParseLink(PVOID Object, POB_OPEN_PACKET Packet, PUNICODE_STRING CompleteName,
                      PUNICODE_STRING Remaining, PVOID *Found);
VOID ObpDeleteLink(PVOID Object);

/* name.c: finds, or with Insert puts it there if the name is free. Result is referenced. */
NTSTATUS ObpLookupName(OB_CAPTURE *Capture, KPROCESSOR_MODE Mode, POB_OPEN_PACKET Packet,
                       PVOID Insert, PVOID *Found);
VOID ObpRemoveName(POBP_OBJECT Object); /* and its reference */
BOOLEAN ObpNextComponent(PUNICODE_STRING Remaining, PUNICODE_STRING Component);

/* directory.c */
VOID ObpNamePoint(POBP_DIRECTORY Directory, PCUNICODE_STRING Name,
                  BOOLEAN Changes);                                /* a schedule point: R1 */
PVOID ObpNameKey(POBP_DIRECTORY Directory, PCUNICODE_STRING Name); /* R1 */
PVOID ObpFindInDirectory(POBP_DIRECTORY Directory, PCUNICODE_STRING Name, BOOLEAN IgnoreCase);
VOID ObpInsertInDirectory(POBP_DIRECTORY Directory, POBP_OBJECT Object);
PVOID ObpMakeDirectory(PCWSTR Path);
PVOID ObpMakeLink(PCWSTR Path, PCWSTR Target);

/* reference.c */
VOID ObpDeleteObject(POBP_OBJECT Object);
VOID ObpNameCheck(POBP_OBJECT Object); /* O3 */

/* create.c */
VOID ObpFreeCreateInfo(POBP_OBJECT Object);
PVOID ObpAllocateObject(POBJECT_TYPE Type, ULONG BodySize);

/* callback.c */
typedef struct _OBP_CALL OBP_CALL; /* one pass through the callbacks */
PVOID ObpCallPre(POBJECT_TYPE Type, PVOID Object, BOOLEAN Kernel, ACCESS_MASK *Access,
                 PEPROCESS Source, PEPROCESS Target);
VOID ObpCallPost(PVOID Call, NTSTATUS Status, ACCESS_MASK Granted);

/* security.c */
NTSTATUS ObpAssignSecurity(POBP_OBJECT Object, PSECURITY_DESCRIPTOR Explicit);
VOID ObpProtectNames(VOID);

/* obdata.c */
#define OBP_MAX_TYPES 64
extern POBJECT_TYPE ObpTypes[OBP_MAX_TYPES];
#define OBP_CALLBACKS ((PVOID)ObpTypes) /* in a search's steps: all types' lists (callback.c, C2) */
extern ULONG ObpTypeCount;
extern PVOID ObpRootDirectory, ObpGlobalDosDevices, ObpTypesDirectory;
extern POBP_TABLE ObpKernelTable;
extern POBP_OBJECT ObpDeleteList;
extern WORK_QUEUE_ITEM ObpDeleteItem;
extern BOOLEAN ObpDeleteQueued;
extern ULONG ObpDeletesLeft; /* work items that have not returned */
extern PKEVENT ObpDeletesDone;
extern KEVENT ObpDefaultObject;
extern ULONG ObpPhase;

#endif
