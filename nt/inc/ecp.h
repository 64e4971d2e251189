/*
 * ecp.h - where the I/O manager keeps a create's extra create parameters, for nt/fsrtl/ecp.c.
 */
#ifndef NT_ECP_H
#define NT_ECP_H

#include <ntifs.h>

/* What IoGetOplockKeyContextEx tells of a file object; from TargetOplockKey on also an OPLOCK_KEY_ECP_CONTEXT. [ntddk] */
typedef struct _OPLOCK_KEY_CONTEXT {
    USHORT Version; /* 1: Windows 7, 2: Windows 8 */
    USHORT Flags;   /* 1: has the parent's key, 2: the target's */
    GUID ParentOplockKey;
    GUID TargetOplockKey;
    ULONG Reserved;
} OPLOCK_KEY_CONTEXT, *POPLOCK_KEY_CONTEXT;
C_ASSERT(sizeof(OPLOCK_KEY_CONTEXT) == 40);
#define OPLOCK_KEY_FLAG_PARENT_KEY 1
#define OPLOCK_KEY_FLAG_TARGET_KEY 2

PECP_LIST *IopEcpListOf(PFILE_OBJECT FileObject,
                        PBOOLEAN *Owned); /* Owned: freed when the create is over */

/* The target key that came with the create, while it goes on too; NULL: none. [ntifs: OPLOCK_KEY_ECP_CONTEXT,
   DUAL_OPLOCK_KEY_ECP_CONTEXT] The file object's memory. */
const GUID *IopOplockKeyOf(PFILE_OBJECT FileObject);
/* ... and the one of its directory. */
const GUID *IopParentOplockKeyOf(PFILE_OBJECT FileObject);

#endif
