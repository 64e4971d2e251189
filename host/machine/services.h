/* services.h - what `ntlab syscalls` shows of system services; see services.c. */
#ifndef HOST_MACHINE_SERVICES_H
#define HOST_MACHINE_SERVICES_H

#include <stdbool.h>
#include <stdint.h>
#include "abi/hypercall.h"

/* A service is about to be called, or is done with this result. */
void services_tell(const struct abi_service *service, bool done, uint64_t result);
/* The summary. */
void services_end(void);

#endif
