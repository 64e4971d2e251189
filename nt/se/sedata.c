/*
 * sedata.c - the mutable globals of nt/se.
 */
#include "sep.h"

POBJECT_TYPE SeTokenObjectTypeP;
POBJECT_TYPE *SeTokenObjectType = &SeTokenObjectTypeP;
PTOKEN SepSystem;
BOOLEAN SepReady;
