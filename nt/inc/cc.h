/*
 * cc.h - the cache manager as the other components see it. What drivers call is declared by the DDK.
 */
#ifndef NT_INC_CC_H
#define NT_INC_CC_H

#include "nt/inc/ke.h"

/* A cached file has become dirty. */
VOID CcpWakeLazyWriter(VOID);

#endif
