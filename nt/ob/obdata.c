/*
 * obdata.c - every mutable global of the object manager.
 */
#include "obp.h"

POBJECT_TYPE ObpTypes[OBP_MAX_TYPES]; /* by index; 0 and 1 are never used, as on Windows */
ULONG ObpTypeCount = 2;
POBJECT_TYPE ObpDirectoryType, ObpSymbolicLinkType, ObpTypeType;

PVOID ObpRootDirectory, ObpGlobalDosDevices, ObpTypesDirectory;
POBP_TABLE ObpKernelTable;
KEVENT ObpDefaultObject; /* what a wait on an object without a dispatcher header waits for */
ULONG ObpPhase;

/* Objects whose last reference went at raised IRQL, and the work item that deletes them. */
POBP_OBJECT ObpDeleteList;
WORK_QUEUE_ITEM ObpDeleteItem;
BOOLEAN ObpDeleteQueued;
ULONG ObpDeletesLeft;
PKEVENT ObpDeletesDone;
