/*
 * cmp.h - the configuration manager's chapter: a registry in memory.
 *
 * It owns the tree of keys and values, the Key object type, and the callbacks that drivers register. It
 * knows access rights only through nt/se and handles only through nt/ob.
 *
 *     node.c      the tree: keys, values, links
 *     keyob.c     key objects: names, security, opening and creating by name
 *     key.c       services on keys             value.c     services on values
 *     notify.c    NtNotifyChangeKey            filter.c    CmRegisterCallback(Ex)
 *     query.c     RtlQueryRegistryValues   relative.c  the other Rtl routines: callers of the services
 *     capture.c   what callers hand in and get out
 *     boot.c      what the registry holds at boot
 *     regtext.c   import of .reg text
 *
 *   C1  A node is in its parent's list exactly while it is not Deleted. It lives while it is linked or
 *       any key object points to it (References).
 *   C2  Children are sorted by name without regard to case; values stay in the order of creation.
 *   C3  A routine passes its schedule point on entry; callbacks and notifications are called while the
 *       tree is whole.
 *   C4  To who searches schedules the tree's shape (who is whose child) is one object, CmpRoot: an open reads it, a creation
 *       or deletion changes it. A node's values are another: its own. Who waits for changes is one for all keys (CMP_WATCHERS): each
 *       change reads it.
 */
#ifndef NT_CM_CMP_H
#define NT_CM_CMP_H

#include "nt/inc/ke.h"
#include "nt/inc/ps.h"
#include "nt/inc/ob.h"
#include "nt/inc/ex.h"
#include "nt/inc/se.h"
#include "nt/inc/cm.h"

#define CMP_TAG_NODE  'doMC'
#define CMP_TAG_VALUE 'lvMC'
#define CMP_TAG_TEMP  'mtMC'

typedef struct _CM_VALUE {
    LIST_ENTRY Link;
    UNICODE_STRING Name;
    ULONG Type;
    ULONG Length;
    PUCHAR Data;
} CM_VALUE, *PCM_VALUE;

typedef struct _CM_NODE {
    LIST_ENTRY Link; /* in Parent->Children */
    struct _CM_NODE *Parent;
    LIST_ENTRY Children;
    ULONG ChildCount;
    LIST_ENTRY Values;
    ULONG ValueCount;
    LIST_ENTRY Notifies;
    UNICODE_STRING Name;
    UNICODE_STRING Class;
    LARGE_INTEGER LastWriteTime;
    PSECURITY_DESCRIPTOR Security; /* self-relative, pool */
    ULONG References;
    BOOLEAN Volatile;
    BOOLEAN IsLink;
    BOOLEAN Deleted;
} CM_NODE, *PCM_NODE;

/* The body of a Key object. */
typedef struct _CM_KEY {
    PCM_NODE Node;
    LIST_ENTRY Contexts;            /* CmSetCallbackObjectContext */
    UNICODE_STRING NameForCallback; /* CmCallbackGetKeyObjectID */
    BOOLEAN Notified;               /* somebody has asked it for a notification */
} CM_KEY, *PCM_KEY;

/* The parse context of an open (not Creating) or a creation. */
typedef struct _CM_CREATE {
    BOOLEAN Creating;
    ULONG Options;
    UNICODE_STRING Class;
    PSECURITY_DESCRIPTOR Security;
    ULONG Disposition; /* out */
} CM_CREATE, *PCM_CREATE;

#define CMP_KEY_READ       0x20019
#define CMP_KEY_WRITE      0x20006
#define CMP_KEY_ALL_ACCESS 0xF003F
#define CMP_WOW64_FLAGS    0x300

extern PCM_NODE CmpRoot;    /* \REGISTRY */
extern PVOID CmpRootObject; /* the key object for it */
extern ULONG CmpCallbackCount;
extern const GENERIC_MAPPING CmpKeyMapping;

/* node.c */
PCM_NODE CmpNewNode(PCM_NODE Parent, PCUNICODE_STRING Name);
PCM_NODE CmpFindChild(PCM_NODE Parent, PCUNICODE_STRING Name);
PCM_NODE CmpChildAt(PCM_NODE Node, ULONG Index);
VOID CmpUnlinkNode(PCM_NODE Node);
VOID CmpReleaseNode(PCM_NODE Node);
VOID CmpRelinkNode(PCM_NODE Node, PCUNICODE_STRING NewName);
PCM_VALUE CmpFindValue(PCM_NODE Node, PCUNICODE_STRING Name);
PCM_VALUE CmpValueAt(PCM_NODE Node, ULONG Index);
NTSTATUS CmpSetValue(PCM_NODE Node, PCUNICODE_STRING Name, ULONG Type, const VOID *Data,
                     ULONG Length);
VOID CmpRemoveValue(PCM_NODE Node, PCM_VALUE Value);
VOID CmpTouch(PCM_NODE Node);
/* The full path; Buffer NULL: only its bytes. */
ULONG CmpNodePath(PCM_NODE Node, PWCHAR Buffer);
/* Walks or makes `A\B\C` below a node; for the boot and the import. */
PCM_NODE CmpMakePath(PCM_NODE Start, PCWSTR Path);

/* keyob.c */
NTSTATUS CmpReferenceKey(HANDLE Handle, ACCESS_MASK Access, PCM_KEY *Key);
VOID CmpInitializeKeyType(VOID);
VOID CmpPublishRoot(VOID);

/* notify.c */
VOID CmpNotify(PCM_NODE Node, ULONG Filter);
VOID CmpDropNotifies(PCM_NODE Node, PCM_KEY Key);

/* filter.c */
typedef struct _CM_CALL {
    REG_NOTIFY_CLASS Post;
    PVOID Object;
    PVOID Information;
    PVOID *CallContext; /* the structure's fields that each callback has for itself */
    PVOID *ObjectContext;
    ULONG Called;
    PVOID Contexts[8];
    LARGE_INTEGER Cookies[8]; /* whom the post calls are for */
} CM_CALL;
#define CMP_BYPASS ((NTSTATUS)0xC0000503) /* STATUS_CALLBACK_BYPASS */
VOID CmpLookAtCallbacks(VOID); /* in front of what is no step of the registry, and calls */
NTSTATUS CmpCallPre(CM_CALL *Call, REG_NOTIFY_CLASS Pre, REG_NOTIFY_CLASS Post, PVOID Object,
                    PVOID Information, PVOID *CallContext, PVOID *ObjectContext);
NTSTATUS CmpCallPost(CM_CALL *Call, PVOID Object, NTSTATUS Status);
VOID CmpCleanContexts(PCM_KEY Key);

/* relative.c, query.c: a handle to the key that RelativeTo and Path name; Create: makes its last part. */
NTSTATUS CmpOpenRelative(ULONG RelativeTo, PCWSTR Path, ACCESS_MASK Access, BOOLEAN Create,
                         PHANDLE Handle);
VOID CmpCloseRelative(ULONG RelativeTo, HANDLE Handle);
/* One value, by name or by index; the information is pool. */
NTSTATUS CmpFetch(HANDLE Key, PUNICODE_STRING Name, ULONG Index,
                  PKEY_VALUE_FULL_INFORMATION *Information);
PVOID CmpDataOf(PKEY_VALUE_FULL_INFORMATION Information);

/* boot.c, regtext.c */
VOID CmpFillBootKeys(VOID);
VOID CmpImportText(const CHAR *Text, ULONG Length, ULONG File);
VOID CmpApplyInf(PCM_NODE Node, PCWSTR Name, const CHAR *Bytes, ULONG Length);
VOID CmpMakeUpInstances(PCM_NODE Node, PCWSTR Name, PCWSTR Altitude);

/* Capture and delivery for callers of Mode. */
NTSTATUS CmpCaptureString(PUNICODE_STRING Source, KPROCESSOR_MODE Mode, PUNICODE_STRING Captured);
VOID CmpFreeString(PUNICODE_STRING Captured);
NTSTATUS CmpCaptureBytes(const VOID *Source, ULONG Length, KPROCESSOR_MODE Mode, PVOID *Captured);
/* Copies what fits: Fixed is the part without which there is no answer. */
NTSTATUS CmpDeliver(const VOID *Answer, ULONG Needed, ULONG Fixed, PVOID Buffer, ULONG Length,
                    PULONG ResultLength, KPROCESSOR_MODE Mode);

#endif
