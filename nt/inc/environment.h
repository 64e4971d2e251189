/*
 * environment.h - what the verifier tells nt/ke/environment.c.
 */
#pragma once

/* While Spared, no allocation of this thread's fails: KiAllocationFails, N6. */
VOID KiSpareAllocations(BOOLEAN Spared);
BOOLEAN KiAreAllocationsSpared(VOID);
