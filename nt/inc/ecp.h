/*
 * ecp.h - where the I/O manager keeps a create's extra create parameters, for nt/fsrtl/ecp.c.
 */
#ifndef NT_ECP_H
#define NT_ECP_H

#include <ntifs.h>

PECP_LIST *IopEcpListOf(PFILE_OBJECT FileObject,
                        PBOOLEAN *Owned); /* Owned: freed when the create is over */

#endif
