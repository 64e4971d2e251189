/*
 * exdata.c - the mutable globals of nt/ex.
 */
#include "expool.h"
#include "owned.h"
#include "exp.h"

/* Pools. */
ULONG64 ExpArenaOpen[2][ABI_ARENAS / 64];
KI_LARGE EXP_CELL ExpCell[EXP_CELLS];
UCHAR ExpOwnerOf[ABI_IMAGE_WINDOWS]; /* owned.c */
ULONG64 ExpOwnersUsed;
ULONG ExpOwnerBlocks[EXP_OWNERS]; /* the sum of its ExpOwned[].Count */
KI_LARGE EXP_OWNED ExpOwned[1 << EXP_OWNED_BITS];
SIZE_T ExpPoolBytes[2];
BOOLEAN ExpPoolsReady;
EXP_FAILING ExpFailing;

/* Work queues. */
KQUEUE ExpWorkQueue[3];
LIST_ENTRY ExpAtWork = {&ExpAtWork, &ExpAtWork};
BOOLEAN ExpWorkersReady;

/* Keyed waits, in the order of arrival. */
LIST_ENTRY ExpRegistrations = {&ExpRegistrations, &ExpRegistrations}; /* callback.c */
LIST_ENTRY ExpKeyedWaiters;

/* One-time initialisation: those that wait. */
FAST_MUTEX ExpOnceLock;
LIST_ENTRY ExpOnceWaiters;

/* Time. */
LONGLONG ExpTimeZoneBias;

/* Types and objects of ours. */
POBJECT_TYPE ExEventObjectTypeP, ExSemaphoreObjectTypeP, ExMutantObjectTypeP, ExTimerObjectTypeP;
POBJECT_TYPE ExCallbackObjectTypeP, ExKeyedEventObjectTypeP;
PCALLBACK_OBJECT ExCbSetSystemTime, ExCbPowerState, ExCbProcessorAdd;
/* What drivers import holds the type itself; the DDK's declaration has one star more. */
POBJECT_TYPE *ExEventObjectType;
POBJECT_TYPE *ExSemaphoreObjectType;
POBJECT_TYPE *ExMutantObjectType;
POBJECT_TYPE *ExTimerObjectType;

/* Of transactions, which nobody can make. */
POBJECT_TYPE TmTransactionManagerObjectTypeP, TmTransactionObjectTypeP;
POBJECT_TYPE TmResourceManagerObjectTypeP, TmEnlistmentObjectTypeP;
POBJECT_TYPE *TmTransactionManagerObjectType = &TmTransactionManagerObjectTypeP;
POBJECT_TYPE *TmTransactionObjectType = &TmTransactionObjectTypeP;
POBJECT_TYPE *TmResourceManagerObjectType = &TmResourceManagerObjectTypeP;
POBJECT_TYPE *TmEnlistmentObjectType = &TmEnlistmentObjectTypeP;

/* What gflags sets: nothing. */
ULONG NtGlobalFlag;
