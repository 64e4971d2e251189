/*
 * ccdata.c - every mutable global of the cache manager.
 */
#include "ccp.h"

LIST_ENTRY CcpMaps = {&CcpMaps, &CcpMaps}; /* shared cache maps, in the order of their making */
LIST_ENTRY CcpDeferred = {&CcpDeferred, &CcpDeferred}; /* CcDeferWrite */
BOOLEAN CcpLazyArmed, CcpLazyRunning;
ULONG CcpLazyPass;
KTIMER CcpLazyTimer;
KDPC CcpLazyDpc;
WORK_QUEUE_ITEM CcpLazyItem;
KEVENT CcpLazyIdle;

/* Exported data: what file systems count. */
ULONG CcFastMdlReadWait;
ULONG CcFastReadNotPossible;
ULONG CcFastReadWait;
