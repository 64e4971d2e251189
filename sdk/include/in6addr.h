/*
 * in6addr.h - addresses are wsk.h's; a program has them from windows.h.
 */
#ifdef _INC_WINDOWS
#include_next <in6addr.h>
#else
#include <wsk.h>
#endif
