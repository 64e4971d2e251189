/* ucrtdata.c - the mutable globals that ucrtbase.dll has beyond msvcrt's. */
#include "ucrt.h"

UCRT_INVALID_PARAMETER UcrtInvalidParameter;
_tls_callback_type UcrtThreadLocalExit;
int UcrtAbortBehavior = _WRITE_ABORT_MSG | _CALL_REPORTFAULT;
_PVFV UcrtQuickTable[32];
int UcrtQuickCount;
