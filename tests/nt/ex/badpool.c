/*
 * badpool.c - misuse of pool, one per driver (-DCASE=n): each ends in the documented bugcheck.
 */
#include "../ntlab-test.h"

#define TAG 'dabT'

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    PUCHAR Block = ExAllocatePoolWithTag(NonPagedPoolNx, 64, TAG);
    PUCHAR Big = ExAllocatePoolWithTag(NonPagedPoolNx, 0x2000, TAG);
    KIRQL OldIrql = 0;

    UNREFERENCED_PARAMETER(OldIrql);
    Block[0] = Big[0] = 1;
#if CASE == 1 /* 0xC2/0x7: double free [BC:c2] */
    ExFreePoolWithTag(Block, TAG);
    ExFreePoolWithTag(Block, TAG);
#elif CASE == 2  /* 0xC2/0x7: double free of pages */
    ExFreePoolWithTag(Big, TAG);
    ExFreePoolWithTag(Big, TAG);
#elif CASE == 3  /* 0xC2/0xA: wrong tag: address, allocator's tag, tag used [BC:c2] */
    ExFreePoolWithTag(Block, 'rehT');
#elif CASE == 4  /* 0xC2/0x8: paged pool at DISPATCH_LEVEL: IRQL, type, size [BC:c2] */
    KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
    ExAllocatePoolWithTag(PagedPool, 64, TAG);
#elif CASE == 5  /* 0xC2/0x9: freed at a bad IRQL: IRQL, type, address [BC:c2] */
    Block = ExAllocatePoolWithTag(PagedPool, 64, TAG);
    KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
    ExFreePoolWithTag(Block, TAG);
#elif CASE == 6  /* 0xC2/0x40: a user-mode address [BC:c2] */
    ExFreePool((PVOID)0x10000);
#elif CASE == 7  /* 0xC2/0x99: not a pool address [BC:c2] */
    ExFreePool((PUCHAR)&DriverEntry);
#elif CASE == 8  /* 0x19/0x20: a write past the block's end, over the next header [BC:19] */
    for (int i = 0; i < 32; i++) {
        ((volatile UCHAR *)Block)[64 + i] = 0x41;
    }
    ExFreePoolWithTag(Block, TAG);
#elif CASE == 9  /* 0xC2/0x46: the middle of an allocation of pages [BC:c2] */
    ExFreePool(Big + 0x1000);
#elif CASE == 10 /* 0xC2/0x9A: must-succeed pool is no more [BC:c2] */
    ExAllocatePoolWithTag(NonPagedPoolMustSucceed, 64, TAG);
#elif CASE ==                                                                                      \
    11 /* 0x50: a large block's addresses are gone with it: address, 2 write, who, 0 freed [BC:50] */
    Big = ExAllocatePoolWithTag(NonPagedPoolNx, 0x200000, TAG);
    ExFreePoolWithTag(Big, TAG);
    *(volatile UCHAR *)(Big + 0x1234) = 1;
#elif CASE ==                                                                                      \
    12 /* 0x7E, access violation: a pointer read from a freed block is no address [BC:7e] */
    *(PVOID *)Block = &OldIrql;
    ExFreePoolWithTag(Block, TAG);
    Block = *(volatile PUCHAR *)Block;
    *(volatile UCHAR *)Block = 1;
#endif
    return STATUS_SUCCESS;
}
