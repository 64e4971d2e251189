/*
 * init.c - the memory manager comes up: phase 0 before objects exist, phase 1 after.
 */
#include "mi.h"

VOID MiAddKernelModule(VOID);
VOID MiCreateSectionType(VOID);

BOOLEAN
MmInitSystem(ULONG Phase)
{
    if (Phase == 0) {
        ULONG64 Quarter = (ABI_MAPPING_END - ABI_MAPPING_BASE) / 4; /* the upper half is nt/ex's */

        MiInitializeSpace(&MiSystemSpace, ABI_MAPPING_BASE, ABI_MAPPING_BASE + 2 * Quarter,
                          ABI_MAPPING_BASE + Quarter, 65536);
        MiSystemSpace.FirstAgent = KiAgent()->Name;
        MiAddKernelModule();
        MiInitialized = TRUE;
    } else {
        MiCreateSectionType();
    }
    return TRUE;
}
