/*
 * ccdata.c - every mutable global of the cache manager.
 */
#include "ccp.h"

LIST_ENTRY CcpMaps = {&CcpMaps, &CcpMaps}; /* shared cache maps, in the order of their making */
LIST_ENTRY CcpDeferred = {&CcpDeferred, &CcpDeferred}; /* CcDeferWrite */
BOOLEAN CcpLazyArmed;
KTIMER CcpLazyTimer;
KDPC CcpLazyDpc;
WORK_QUEUE_ITEM CcpLazyItem;
LIST_ENTRY CcpLazyWaiters = {&CcpLazyWaiters, &CcpLazyWaiters};

/* Exported data: what file systems count. */
ULONG CcFastMdlReadWait;
ULONG CcFastReadNotPossible;
ULONG CcFastReadWait;
