/* services.h - what `ntlab syscalls` shows of system services; see services.c. */
#ifndef HOST_MACHINE_SERVICES_H
#define HOST_MACHINE_SERVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "abi/hypercall.h"

/* A service is about to be called, or is done with this result. */
void services_tell(const struct abi_service *service, bool done, uint64_t result);
/* servicevalues.c: what a 32-bit parameter says, in names. False: it has none. */
bool service_value(const char *service, const char *parameter, uint32_t value, char *out,
                   size_t size);
/* The summary. */
void services_end(void);

#endif
