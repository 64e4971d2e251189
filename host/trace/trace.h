/*
 * trace.h - the event stream that a run has left in its memory (abi/trace.h), read after its end.
 */
#ifndef HOST_TRACE_TRACE_H
#define HOST_TRACE_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "abi/trace.h"

/* How many events the run wrote, and the number of the first that is still there. */
bool trace_extent(int memory, uint64_t *first, uint64_t *end);
bool trace_read(int memory, uint64_t number, struct abi_record *out);
/* "set_event", "driver_call"; NULL: there is no such event. */
const char *trace_event_name(uint16_t kind);
/* One JSON object a line: the head with the counts, then the events. */
void trace_write(FILE *out, int memory);

#endif
