/*
 * ex.h - what nt/ex offers the other components beside the documented routines.
 */
#ifndef NT_INC_EX_H
#define NT_INC_EX_H

/* Allocation for the kernel's own use: nonpaged, zeroed, never NULL (a failure ends the run). */
PVOID ExpAllocate(SIZE_T Bytes, ULONG Tag);
VOID ExpFree(PVOID Block);
/* Is the address inside a live pool block? Its base, size and tag. For reports and checks. */
BOOLEAN ExpFindPoolBlock(const VOID *Address, PVOID *Base, PSIZE_T Bytes, PULONG Tag, PBOOLEAN Freed);
/* What is left of the memory that Image's code allocated (leak check at unload). */
VOID ExpRundownThread(struct _KTHREAD *Thread); /* thread exit: give back what names hold */

/* Work items run in system worker threads of the critical, delayed and hyper-critical queues. */

#endif
