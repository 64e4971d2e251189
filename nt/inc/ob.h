/*
 * ob.h - what the object manager offers beside the documented routines.
 *
 * An object is a header followed by the body. Types are made by ObpCreateType with a table of
 * methods. Names live in directories; handles in tables, one for each process and one for the kernel.
 */
#ifndef NT_INC_OB_H
#define NT_INC_OB_H

typedef struct _OB_OPEN_PACKET {
    POBJECT_TYPE DesiredType; /* NULL: any */
    ACCESS_MASK DesiredAccess;
    KPROCESSOR_MODE AccessMode;
    ULONG Attributes;
    PVOID ParseContext;
    PVOID AccessState; /* PACCESS_STATE of the caller */
} OB_OPEN_PACKET, *POB_OPEN_PACKET;

/*
 * Objects may die, and their methods run, in any thread at PASSIVE_LEVEL; a method may wait.
 * A method that is NULL means the default.
 */
typedef struct _OB_METHODS {
    /* The last reference has gone. */
    VOID (*Delete)(PVOID Object);
    /* A handle was opened; ProcessHandles counts the handles of this process, SystemHandles all. */
    NTSTATUS (*Open)(PVOID Object, PEPROCESS Process, ACCESS_MASK Access, ULONG ProcessHandles);
    /* A handle is being closed; called before the count goes down. */
    VOID (*Close)(PVOID Object, PEPROCESS Process, ULONG ProcessHandles, ULONG SystemHandles);
    /* The rest of a name behind this object. Stores a referenced object, or changes Name and
       returns STATUS_REPARSE to start again. */
    NTSTATUS (*Parse)(PVOID Object, POB_OPEN_PACKET Packet, PUNICODE_STRING CompleteName,
                      PUNICODE_STRING Remaining, PVOID *Found);
    /* Security: default is a descriptor in the object header. */
    NTSTATUS (*Security)(PVOID Object, ULONG Operation, PSECURITY_INFORMATION Information,
                         PSECURITY_DESCRIPTOR Descriptor, PULONG Length);
    NTSTATUS (*QueryName)(PVOID Object, POBJECT_NAME_INFORMATION Info, ULONG Length,
                          PULONG ReturnLength);
    BOOLEAN (*OkayToClose)(PVOID Object, PEPROCESS Process, HANDLE Handle, KPROCESSOR_MODE Mode);
} OB_METHODS;

NTSTATUS ObpCreateType(PCWSTR Name, const OB_METHODS *Methods, const GENERIC_MAPPING *Mapping,
                       ACCESS_MASK ValidAccess, ULONG PoolCharge, ULONG WaitOffset,
                       POBJECT_TYPE *Type);

/*
 * Undocumented but exported by name: the classic creation pair. The reference that ObCreateObject
 * gives is consumed by ObInsertObject when that makes a handle, and when it fails; without a handle
 * it stays the caller's. ObjectPointerBias references are added, and NewObject then names the object
 * (with OBJ_OPENIF the one that was there: STATUS_OBJECT_NAME_EXISTS).
 */
NTSTATUS NTAPI ObCreateObject(KPROCESSOR_MODE ProbeMode, POBJECT_TYPE Type,
                              POBJECT_ATTRIBUTES Attributes, KPROCESSOR_MODE OwnershipMode,
                              PVOID ParseContext, ULONG BodySize, ULONG PagedCharge,
                              ULONG NonPagedCharge, PVOID *Object);
NTSTATUS NTAPI ObInsertObject(PVOID Object, PACCESS_STATE AccessState, ACCESS_MASK DesiredAccess,
                              ULONG ObjectPointerBias, PVOID *NewObject, PHANDLE Handle);

/* A new object gets a handle, which goes to where a caller of Mode wants it; that place has been probed. The reference is consumed. */
NTSTATUS ObpInsertFor(PVOID Object, ACCESS_MASK DesiredAccess, PHANDLE Out, KPROCESSOR_MODE Mode);

NTSTATUS NTAPI ObOpenObjectByName(POBJECT_ATTRIBUTES Attributes, POBJECT_TYPE Type,
                                  KPROCESSOR_MODE Mode, PACCESS_STATE AccessState,
                                  ACCESS_MASK Access, PVOID ParseContext, PHANDLE Handle);
NTSTATUS NTAPI ObReferenceObjectByName(PUNICODE_STRING Name, ULONG Attributes,
                                       PACCESS_STATE AccessState, ACCESS_MASK Access,
                                       POBJECT_TYPE Type, KPROCESSOR_MODE Mode, PVOID ParseContext,
                                       PVOID *Object);

/* Reads OBJECT_ATTRIBUTES that user mode may have given into kernel memory; free with ObpFreeCapture. */
typedef struct _OB_CAPTURE {
    HANDLE RootDirectory;
    ULONG Attributes;
    UNICODE_STRING Name;
    PSECURITY_DESCRIPTOR SecurityDescriptor;
    PVOID Buffer;
} OB_CAPTURE;
NTSTATUS ObpCapture(POBJECT_ATTRIBUTES Attributes, KPROCESSOR_MODE Mode, OB_CAPTURE *Capture);
VOID ObpFreeCapture(OB_CAPTURE *Capture);

/* A reference without a schedule point: for a pointer that was found in a structure of ours in this very step. */
VOID ObpAddReference(PVOID Object);
POBJECT_TYPE ObpTypeOf(PVOID Object);
/* What a wait on the object waits for: a dispatcher header inside of it, or an event that is always
   signaled where the type has none. ObpCreateType's WaitOffset says where. */
#define OBP_NOT_WAITABLE ((ULONG) - 1)
#define OBP_WAIT_POINTER 0x80000000u /* the offset holds a pointer to the dispatcher header */
PVOID ObpWaitObject(PVOID Object);
/* For a Parse method that returns STATUS_REPARSE: New becomes the name to start again with. */
NTSTATUS ObpReplaceName(PUNICODE_STRING CompleteName, PCUNICODE_STRING New);
/* Handle tables. The agent with this name gets 4, 8, 12 ...: the process's first thread. */
PVOID ObpCreateHandleTable(PEPROCESS Process);
VOID ObpUseKernelTable(PEPROCESS Process); /* the System process: kernel handles are its own */
VOID ObpSetFirstAgent(PVOID HandleTable, ULONG AgentName);
ULONG ObpCountHandles(PEPROCESS Process);
/* Copies one handle into another process under the same value (inheritance of standard handles). */
NTSTATUS ObpCopyHandle(PEPROCESS Target, PEPROCESS Source, HANDLE Handle);
VOID ObpInheritHandles(PEPROCESS Child, PEPROCESS Parent);
VOID ObpCloseAllHandles(PEPROCESS Process); /* process exit, in its context */
VOID ObpMakeTemporary(PVOID Object);
/* Instead of ObInsertObject, for processes and threads: the descriptor is the token's default. */
NTSTATUS ObpInsertUnnamed(PVOID Object, PACCESS_TOKEN Token);
/* Drivers may watch handles to objects of the type (ObRegisterCallbacks); each has a descriptor. */
VOID ObpWatchType(POBJECT_TYPE Type);
/* Names are looked up without case when one of this type is wanted, whatever OBJECT_ATTRIBUTES says. */
VOID ObpIgnoreCase(POBJECT_TYPE Type);
/* NtOpenXxx: the handle that is stored is NULL if there is none. */
NTSTATUS ObpOpenService(PHANDLE Out, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
                        POBJECT_TYPE Type);
BOOLEAN NTAPI ObReferenceObjectSafe(PVOID Object); /* FALSE: its last reference has gone */
LONG_PTR ObpPointerCount(PVOID Object);
LONG ObpHandleCount(PVOID Object);

extern POBJECT_TYPE ObpDirectoryType, ObpSymbolicLinkType, ObpTypeType;
/* Types that other components make: each `extern POBJECT_TYPE *XxxType` of the DDK points at one. */
extern POBJECT_TYPE IoFileObjectTypeP, IoDeviceObjectTypeP, IoDriverObjectTypeP, IoCompletionTypeP;
extern POBJECT_TYPE ExEventObjectTypeP, ExSemaphoreObjectTypeP, ExMutantObjectTypeP,
    ExTimerObjectTypeP, ExCallbackObjectTypeP, ExKeyedEventObjectTypeP;
extern POBJECT_TYPE PsProcessTypeP, PsThreadTypeP, PsJobTypeP, SeTokenObjectTypeP,
    MmSectionObjectTypeP, CmKeyObjectTypeP;

#endif
