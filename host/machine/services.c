/*
 * services.c - what `ntlab syscalls` shows of system services.
 */
#include "host/machine/services.h"

void
services_tell(const struct abi_service *service, bool done, uint64_t result)
{
}
