/*
 * lowmem.c - `ntlab run --fail-alloc`: one run for each distinct stack that allocates, in which its first allocation fails,
 * and one in which all of them do.
 *
 * The first run fails nothing and says how many stacks there are (nt/vf/lowmem.c). Up to the failure another run is that one
 * again, and so are the numbers; what only the way of an error allocates has none. That the driver does not load, or that a
 * client is refused, is right then; anything else is a finding.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "host/cli/cli.h"
#include "host/report/report.h"

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

enum { NOT_TRIED, CLEAN, NOT_LOADED, FAILED };

struct lowmem {
    uint32_t stacks;
    struct {
        char place[160];
        uint8_t outcome[2]; /* once, always */
    } stack[MAX_STACKS];
};

void
lowmem_take(struct lowmem *lowmem, struct report *report)
{
    places_resolve(report); /* of a clean run nobody else asks */
    for (size_t i = 0; i < report->allocations; i++) {
        uint64_t number = report->allocation[i].number;
        const struct place *place = report->allocation[i].place;
        const struct source *source = place_source(place);
        size_t length;
        char *text;

        if (number == 0 || number > MAX_STACKS) {
            continue;
        }
        lowmem->stacks = (uint32_t)number > lowmem->stacks ? (uint32_t)number : lowmem->stacks;
        text = lowmem->stack[number - 1].place;
        place_name(place, text, sizeof(lowmem->stack[0].place));
        length = strlen(text);
        if (source != NULL && source->file != NULL && source->line != 0) {
            const char *slash = strrchr(source->file, '/');

            snprintf(text + length, sizeof(lowmem->stack[0].place) - length, "  %s:%u",
                     slash != NULL ? slash + 1 : source->file, source->line);
        }
    }
}

static int
one_run(struct options *options, char **argv)
{
    struct run_request request;
    int status = request_build(options, &request);

    if (status == 0) {
        status = single_run(options, &request, "run", argv, NULL);
        request_free(&request);
    }
    return status;
}

static void
say_stacks(const struct lowmem *lowmem, int worst)
{
    static const char *const words[] = {[NOT_TRIED] = "not tried",
                                        [CLEAN] = "clean",
                                        [NOT_LOADED] = "no load",
                                        [FAILED] = "FINDING"};

    if (lowmem->stacks == 0) {
        fprintf(stderr,
                "ntlab: the drivers have allocated nothing that could fail; a client that makes "
                "them do so stands behind --\n");
        return;
    }
    fprintf(stderr,
            "ntlab: allocations of %u distinct stack%s have failed, once and always%s\n"
            "   #  once       always     allocated at\n",
            lowmem->stacks, lowmem->stacks == 1 ? "" : "s", worst == 0 ? ": no finding" : ":");
    for (uint32_t i = 0; i < lowmem->stacks; i++) {
        const uint8_t *outcome = lowmem->stack[i].outcome;

        fprintf(stderr, "%4u  %-9s  %-9s  %s%s\n", i + 1, words[outcome[0]], words[outcome[1]],
                lowmem->stack[i].place,
                outcome[0] == NOT_LOADED || outcome[1] == NOT_LOADED
                    ? "  (the driver does not load then)"
                    : "");
    }
}

int
lowmem_run(struct options *options, char **argv)
{
    static struct lowmem lowmem; /* its own stacks, one after the other */
    int status, worst = 0;

    options->client_exit_ignored = true;
    options->lowmem = &lowmem;
    status = one_run(options, argv);
    options->lowmem = NULL;
    if (status != STATUS_CLEAN) {
        return status;
    }
    for (uint32_t number = 1; number <= lowmem.stacks; number++) {
        for (int always = 0; always < 2; always++) {
            options->fail_number = number;
            options->fail_always = always != 0;
            options->brief = true;
            status = one_run(options, argv);
            lowmem.stack[number - 1].outcome[always] = status == STATUS_CLEAN       ? CLEAN
                                                       : status == STATUS_BAD_INPUT ? NOT_LOADED
                                                                                    : FAILED;
            if (status == STATUS_CLEAN || status == STATUS_BAD_INPUT) {
                continue; /* or it did not load, for want of memory */
            }
            fprintf(stderr, "ntlab: with allocation %u failing%s; again: --fail-alloc=%u%s\n",
                    number, always ? " always" : " once", number, always ? ":always" : "");
            worst = status;
            if (!options->keep_going) {
                say_stacks(&lowmem, worst);
                return worst;
            }
        }
    }
    say_stacks(&lowmem, worst);
    return worst;
}
