/*
 * exdata.c - the mutable globals of nt/ex.
 */
#include "expool.h"

/* Pools. */
ULONG64 ExpArenaOpen[2][ABI_ARENAS / 64];
EXP_CELL ExpCell[EXP_CELLS];
SIZE_T ExpPoolBytes[2];
BOOLEAN ExpPoolsReady;
