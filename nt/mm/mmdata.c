/*
 * mmdata.c - every mutable global of the memory manager.
 */
#include "mi.h"

LIST_ENTRY PsLoadedModuleList = {&PsLoadedModuleList, &PsLoadedModuleList};
POBJECT_TYPE MmSectionObjectTypeP;
POBJECT_TYPE MmSectionObjectType; /* the exported name */
BOOLEAN MiInitialized;

/* System mappings: contiguous and device memory, sections. The upper half is nt/ex's. */
MI_SPACE MiSystemSpace;
ULONG64 MiSlices[ABI_SLICES / 64]; /* taken */
PEPROCESS MiLowOwner;              /* who has areas below 2 GiB */

/* Exported data: what drivers compare addresses with. */
PVOID MmHighestUserAddress = (PVOID)(MI_USER_PROBE_ADDRESS - 1);
PVOID MmSystemRangeStart = (PVOID)ABI_SYSTEM_BASE;
ULONG64 MmUserProbeAddress = MI_USER_PROBE_ADDRESS;
PVOID MmBadPointer = (PVOID)0xFFFFFFFFFFFFFF00ull;

char MiLoadMessage[256]; /* module.c: why the last image did not load, in the host's words */

MI_GONE MiUnloaded[MI_UNLOADED];
ULONG MiUnloadedCount;

/* Control areas of files, in the order of their making; the mapped-page writer. */
LIST_ENTRY MiControls = {&MiControls, &MiControls};
ULONG64 MiDirtyPages;
BOOLEAN MiWriterArmed, MiWriterAgain;
KTIMER MiWriterTimerObject;
KDPC MiWriterDpc;
WORK_QUEUE_ITEM MiWriterItem;
