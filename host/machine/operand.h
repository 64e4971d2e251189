/*
 * operand.h - which address it was that is not canonical.
 */
#ifndef HOST_MACHINE_OPERAND_H
#define HOST_MACHINE_OPERAND_H

#include <stdint.h>
#include <ucontext.h>

/*
 * Of the instruction at rip, which has raised #GP: where it wanted to go, ~0 if that is not known. `error` is then as a page fault's would be, as
 * far as it is known: bit 4, it was about to execute there.
 */
uint64_t operand_uncanonical(const greg_t *g, uint32_t *error);

#endif
