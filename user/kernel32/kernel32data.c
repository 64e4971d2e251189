/*
 * kernel32data.c - every mutable global of kernel32.dll.
 */
#include "user/kernel32/base.h"

HANDLE BaseNamedObjects;
LPTOP_LEVEL_EXCEPTION_FILTER BaseTopFilter;
UINT BaseConsoleCp = 437, BaseConsoleOutputCp = 437;
PSTR BaseCommandLineA;
PWSTR BaseCommandLineW;
PSTR BaseStartupDesktop, BaseStartupTitle, BaseStartupReserved;
LIST_ENTRY BaseConsoleHandlers = {&BaseConsoleHandlers, &BaseConsoleHandlers};
struct _BASE_SNAPSHOT *BaseSnapshots;
RTL_SRWLOCK BaseLock;
WCHAR BaseDllFolder[MAX_PATH]; /* dllpath.c */
LIST_ENTRY BaseAtoms;          /* atom.c; no links before the first atom */

IO_STATUS_BLOCK BaseChangeIosb; /* of requests that wait for a change: nobody reads it */
