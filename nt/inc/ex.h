/*
 * ex.h - what nt/ex offers the other components beside the documented routines.
 */
#ifndef NT_INC_EX_H
#define NT_INC_EX_H

/*
 * Pool. Addresses: one arena for each agent (nonpaged: the lower half executable, the upper half not;
 * paged), and above them, for what is too large, cells of 1 GiB in the upper half of the mapping range
 * [ABI_MAPPING_END - 1 TiB, ABI_MAPPING_END), which nobody else uses.
 */

/* Allocation for the kernel's own use: nonpaged, zeroed, never NULL (a failure ends the run). */
PVOID ExpAllocate(SIZE_T Bytes, ULONG Tag);
VOID ExpFree(PVOID Block);
/* Is the address inside a live pool block? Its base, size and tag. For reports and checks. */
PWORK_QUEUE_ITEM ExpNextWorkItem(PWORK_QUEUE_ITEM Item); /* of all that are queued */
BOOLEAN ExpFindPoolBlock(const VOID *Address, PVOID *Base, PSIZE_T Bytes, PULONG Tag,
                         PBOOLEAN Freed);
/*
 * While schedules are explored: to give back a block that drivers know is a step. Whatever somebody else still does in it,
 * plain accesses among it where those are told of, comes before or after. Address: in the block. IRQL: any.
 */
VOID ExFreeStep(PVOID Address);
/* Adds to (or, negative, takes from) what a process is charged for pool. */
VOID ExpChargeQuota(PVOID Process, BOOLEAN Paged, LONG_PTR Bytes);
/* What is left of the memory that Image's code allocated (leak check at unload). */
VOID ExpRundownThread(struct _KTHREAD *Thread); /* thread exit: give back what names hold */
VOID ExpRundownTimers(
    struct _ETHREAD *Thread); /* the same: cancels the timers whose APCs it would get */

/* harderror.c: shows Text, and returns what the user answers. Options as NtRaiseHardError takes them.
   Waits, at PASSIVE_LEVEL; a wait in UserMode ends with the thread's termination. */
ULONG ExpAskUser(const char *Text, ULONG Options, KPROCESSOR_MODE Mode);
NTSTATUS NTAPI ExRaiseHardError(NTSTATUS ErrorStatus, ULONG NumberOfParameters,
                                ULONG UnicodeStringParameterMask, PULONG_PTR Parameters,
                                ULONG ValidResponseOptions, PULONG Response);

/* How many blocks of the kernel's pool nothing leads to any more, and the first of them as text; PASSIVE_LEVEL, when nobody else runs (lost.c). */
ULONG ExpFindLost(PSTR Text, ULONG Bytes);

/*
 * Memory that a caller of Mode names (caller.c). What user mode has named wrongly is STATUS_ACCESS_VIOLATION or
 * STATUS_DATATYPE_MISALIGNMENT, what the kernel has a fault. IRQL <= APC_LEVEL.
 */
NTSTATUS ExpProbe(PVOID Address, SIZE_T Bytes, ULONG Alignment, BOOLEAN Write,
                  KPROCESSOR_MODE Mode);
NTSTATUS ExpProbeHandle(PHANDLE Out, KPROCESSOR_MODE Mode);
NTSTATUS ExpProbeResult(PVOID Out, ULONG Bytes,
                        KPROCESSOR_MODE Mode); /* a number; NULL: nobody wants it */
NTSTATUS ExpStoreHandle(PHANDLE Out, HANDLE Handle, KPROCESSOR_MODE Mode); /* where it was probed */
NTSTATUS ExpStoreLong(PVOID Out, LONG Value,
                      KPROCESSOR_MODE Mode); /* the same; NULL: nobody wants it */
NTSTATUS ExpCopyOut(PVOID To, const VOID *From, SIZE_T Bytes, KPROCESSOR_MODE Mode);
NTSTATUS ExpCopyIn(PVOID To, const VOID *From, SIZE_T Bytes, KPROCESSOR_MODE Mode);

/* A LUID that nobody else gets. */
VOID ExpAllocateLuid(PLUID Luid);

/* Work items run in system worker threads of the critical, delayed and hyper-critical queues. */

/* What the DDK of Windows 10 2004 and later declares and ours does not. */
PVOID NTAPI ExAllocatePool2(ULONG64 Flags, SIZE_T NumberOfBytes, ULONG Tag);

#endif
