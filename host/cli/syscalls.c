/*
 * syscalls.c - `ntlab syscalls CLIENT.exe ARGS...`: a run, with each system service that user mode calls on a line of its own.
 *
 * What is printed, and how stages are measured: host/machine/services.c. Options of `ntlab run` stand before the client.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "abi/account.h"
#include "host/cli/cli.h"

/* `CLIENT.exe ARGS` is `-- CLIENT.exe ARGS`. */
static char **
with_dashes(int argc, char **argv, int *count)
{
    char **out = calloc((size_t)argc + 2, sizeof(*out));
    int used = 0;
    bool done = false;

    if (out == NULL) {
        abort();
    }
    for (int i = 0; i < argc; i++) {
        size_t length = strlen(argv[i]);

        if (strcmp(argv[i], "--") == 0 || strcmp(argv[i], "--client") == 0) {
            done = true;
        }
        if (!done && i > 0 && argv[i][0] != '-' && length > 4 &&
            strcasecmp(argv[i] + length - 4, ".exe") == 0) {
            out[used++] = (char *)"--";
            done = true;
        }
        out[used++] = argv[i];
    }
    *count = used;
    return out;
}

int
command_syscalls(int argc, char **argv)
{
    struct options options;
    struct run_request request;
    char **words = with_dashes(argc, argv, &argc);
    int status = options_parse(argc, words, &options);

    if (status == 0 && options.clients == 0) {
        status = usage_error("syscalls: which client?");
    }
    status = status ? status : request_build(&options, &request);
    if (status != 0) {
        free(words);
        return status;
    }
    request.features |= ABI_FEATURE_SERVICES |
                        (options.stages || options.summary ? ABI_FEATURE_SHARES : 0) |
                        (options.stages ? ABI_FEATURE_STAGES : 0);
    request.quiet = options.summary || options.stages;
    request_streams(&request);
    fprintf(stderr, "ntlab %s: %s (build %u), %u processor%s, seed %lu\n", NTLAB_VERSION,
            os_name(options.os), options.build ? options.build : os_default_build(options.os),
            options.cpus, options.cpus == 1 ? "" : "s", options.seed);
    status = single_run(&options, &request, "syscalls", argv, NULL);
    request_free(&request);
    free(words);
    return status;
}
