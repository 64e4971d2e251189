/* stubs.c - what the strategies take from the worker. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "host/explore/strategy.h"
#include "host/explore/unit.h"
#include "host/machine/machine.h"

NORETURN void
worker_fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    exit(1);
}

uint32_t
explorer_name(uint32_t number)
{
    return number;
}

enum unit_answer
unit_need(uint32_t part, const uint8_t **asks, size_t *length)
{
    worker_fail("part %u was never given away", part);
}

void
operation_describe(struct operation *operation, const struct abi_agent *agent)
{
    worker_fail("there is no kernel that says what %p does", (void *)agent);
}
