/*
 * ecp.h - where the I/O manager keeps a create's extra create parameters, for nt/fsrtl/ecp.c.
 */
#ifndef NT_ECP_H
#define NT_ECP_H

#include <ntifs.h>

PECP_LIST *IopEcpListOf(PFILE_OBJECT FileObject,
                        PBOOLEAN *Owned); /* Owned: freed when the create is over */

/* The target key that came with the create, while it goes on too; NULL: none. [ntifs: OPLOCK_KEY_ECP_CONTEXT,
   DUAL_OPLOCK_KEY_ECP_CONTEXT] */
const GUID *IopOplockKeyOf(PFILE_OBJECT FileObject);

#endif
