/*
 * sedata.c - the mutable globals of nt/se.
 */
#include "sep.h"

POBJECT_TYPE SeTokenObjectTypeP;
POBJECT_TYPE *SeTokenObjectType; /* holds the type itself, as drivers import it */
PSE_EXPORTS SeExports = (PSE_EXPORTS)&SepExports;
PTOKEN SepSystem;
BOOLEAN SepReady;
LIST_ENTRY SepTerminated = {&SepTerminated, &SepTerminated}; /* session.c */

extern const SE_EXPORTS SepExports; /* known.c */
