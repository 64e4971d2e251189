/*
 * lists.h - services whose buffer is a list, and which wait for the file system: extended attributes, quotas.
 */
#ifndef NT_IO_LISTS_H
#define NT_IO_LISTS_H

#include "nt/io/iop.h"

/* A copy of what the caller gives, from pool; NULL if that is nothing. */
NTSTATUS IopCaptureList(const VOID *List, ULONG Length, KPROCESSOR_MODE Mode, PVOID *Copy);
VOID IopFreeList(PVOID List);

/* The handle, the status block and the buffer; where it fails nothing is left. Fills: the file system writes to the buffer. */
NTSTATUS IopBeginList(HANDLE Handle, ACCESS_MASK Access, PIO_STATUS_BLOCK Iosb, PVOID Buffer,
                      ULONG Length, BOOLEAN Fills, PIOP_REQUEST Request);
/* Status: what came of everything since. The file is locked, *Irp has the buffer as the device takes it; if that is not
   STATUS_SUCCESS the request is over. */
NTSTATUS IopListIrp(NTSTATUS Status, PIOP_REQUEST Request, PIOP_WAIT Wait, PIO_STATUS_BLOCK Iosb,
                    UCHAR MajorFunction, PVOID Buffer, ULONG Length, BOOLEAN Fills, PIRP *Irp);
/* What is to be set: is it a list? If not the request is over. Where the device takes no copy the caller can change it yet. */
NTSTATUS IopCheckList(PIRP Irp, PIOP_REQUEST Request, PIO_STATUS_BLOCK Iosb, PVOID Buffer,
                      ULONG Length);

#endif
