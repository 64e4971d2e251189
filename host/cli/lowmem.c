/*
 * lowmem.c - `ntlab run --fail-alloc`: one run for each distinct stack that allocates, in which its first allocation fails,
 * and one in which all of them do.
 *
 * The first run fails nothing and says how many stacks there are (nt/vf/lowmem.c). A run in which an allocation fails may
 * meet others, which get their turn as well. That the driver does not load, or that a client is refused, is right then;
 * anything else is a finding.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "host/cli/cli.h"

#define MAX_STACKS 2000

int
lowmem_parse(const char *text, struct options *out)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    out->fail_alloc = true;
    if (strcmp(text, "all") == 0 || strcmp(text, "after-entry") == 0) {
        out->fail_after_entry = text[1] == 'f';
        return 0;
    }
    out->fail_always = strcmp(end, ":always") == 0;
    out->fail_number = (uint32_t)number;
    if (end == text || number == 0 || number > MAX_STACKS || (*end != 0 && !out->fail_always)) {
        return usage_error("--fail-alloc: `%s` is not all, after-entry, N or N:always", text);
    }
    return 0;
}

void
lowmem_config(const struct options *options, char *out, size_t size)
{
    snprintf(out, size, "%u%s%s", options->fail_number, options->fail_always ? "a" : "",
             options->fail_after_entry ? "e" : "");
}

uint32_t
lowmem_stacks(const char *text)
{
    uint32_t count = 0;

    for (; text != NULL && (text = strstr(text, "allocation\tnumber=")) != NULL; text++) {
        count++;
    }
    return count;
}

static int
one_run(struct options *options, char **argv, uint32_t *stacks)
{
    struct run_request request;
    int status = request_build(options, &request);

    options->stacks = stacks;
    if (status == 0) {
        status = single_run(options, &request, "run", argv, NULL);
        request_free(&request);
    }
    return status;
}

int
lowmem_run(struct options *options, char **argv)
{
    uint32_t stacks = 0;
    int status, worst = 0;

    options->client_exit_ignored = true;
    status = one_run(options, argv, &stacks);
    if (status != STATUS_CLEAN) {
        return status;
    }
    for (uint32_t number = 1; number <= stacks && number <= MAX_STACKS; number++) {
        for (int always = 0; always < 2; always++) {
            uint32_t met = 0;

            options->fail_number = number;
            options->fail_always = always != 0;
            options->brief = true;
            status = one_run(options, argv, &met);
            stacks = met > stacks ? met : stacks;
            if (status == STATUS_BAD_INPUT) {
                continue; /* it did not load, for want of memory */
            }
            if (status != STATUS_CLEAN) {
                fprintf(stderr, "ntlab: with allocation %u failing%s; again: --fail-alloc=%u%s\n",
                        number, always ? " always" : " once", number, always ? ":always" : "");
                worst = status;
                if (!options->keep_going) {
                    return worst;
                }
            }
        }
    }
    fprintf(stderr, "ntlab: allocations of %u distinct stacks have failed, once and always%s\n",
            stacks, worst == 0 ? ": no finding" : "");
    return worst;
}
