/*
 * ntdlldata.c - every mutable global of ntdll.dll.
 */
#include "user/ntdll/ntdllp.h"
#include "user/ntdll/pool.h"

PEB_LDR_DATA LdrpData;
RTL_CRITICAL_SECTION LdrpLoaderLock = {NULL, -1, 0, NULL, NULL, 0};
LONG LdrpState;
BOOLEAN LdrpShutdown;
HANDLE LdrpShutdownThread;
PLDR_DATA_TABLE_ENTRY LdrpImage, LdrpNtdll, LdrpKernel32;
ULONG LdrpTlsCount;
LIST_ENTRY LdrpThreads = {&LdrpThreads, &LdrpThreads};
UNICODE_STRING LdrpSystemDirectory;
LIST_ENTRY LdrpListeners = {&LdrpListeners, &LdrpListeners};

PRTLP_UNHANDLED_FILTER RtlpUnhandledFilter;
LIST_ENTRY RtlpVectoredHandlers = {&RtlpVectoredHandlers, &RtlpVectoredHandlers};
LIST_ENTRY RtlpContinueHandlers = {&RtlpContinueHandlers, &RtlpContinueHandlers};
RTL_SRWLOCK RtlpVectoredLock;
LIST_ENTRY RtlpFunctionTables = {&RtlpFunctionTables, &RtlpFunctionTables};

ULONG RtlpSectionKind;
ULONG RtlpTurns;
LIST_ENTRY RtlCriticalSectionList;
RTL_SRWLOCK RtlpSectionListLock;

RTLP_BUCKET RtlpBuckets[RTLP_BUCKETS];

struct _RTLP_HEAP *RtlpHeaps[64];
ULONG RtlpHeapCount;

PVOID RtlpFlsCallbacks[RTLP_FLS_SLOTS];
UCHAR RtlpFlsUsed[RTLP_FLS_SLOTS];

RTL_CRITICAL_SECTION RtlpPebLock = {NULL, -1, 0, NULL, NULL, 0};

RTL_CRITICAL_SECTION TppLock = {NULL, -1, 0, NULL, NULL, 0};
RTL_CONDITION_VARIABLE TppChanged;
TPP_POOL TppDefaultPool = {.Queue = {&TppDefaultPool.Queue, &TppDefaultPool.Queue},
                           .Maximum = TPP_MAX_WORKERS};
LIST_ENTRY TppWaiters = {&TppWaiters, &TppWaiters};
HANDLE TppPort;
