/*
 * run.c - `ntlab run`: one run, and what came of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "host/cli/cli.h"
#include "host/machine/run.h"

#define MAX_REPORT (16u << 20)

struct output {
    bool json_on_stdout; /* the client's output goes to stderr then */
    char *report;        /* RUN_REPORT, whole */
    size_t report_length;
};

static void
keep_report(struct output *output, const char *text, size_t length)
{
    char *grown;

    if (output->report_length + length > MAX_REPORT) {
        return;
    }
    grown = realloc(output->report, output->report_length + length + 1);
    if (grown == NULL) {
        return;
    }
    memcpy(grown + output->report_length, text, length);
    output->report = grown;
    output->report_length += length;
    grown[output->report_length] = 0;
}

/* The guest's output, as it comes. Channels: enum abi_channel; the rest is the machine's. */
static void
on_output(void *context, uint32_t channel, const char *text, size_t length)
{
    struct output *output = context;

    switch (channel) {
    case ABI_OUT_STDOUT:
        fwrite(text, 1, length, output->json_on_stdout ? stderr : stdout);
        fflush(output->json_on_stdout ? stderr : stdout);
        break;
    case RUN_REPORT:
        keep_report(output, text, length);
        break;
    default:
        fwrite(text, 1, length, stderr);
        break;
    }
}

static int
status_of(const struct options *options, const struct run_result *result)
{
    switch (result->end) {
    case RUN_FAILED:
        return STATUS_INTERNAL;
    case RUN_DIED:
    case RUN_NO_PROGRESS:
        return STATUS_FINDING;
    case RUN_STOPPED:
        break;
    }
    switch (result->stop.verdict) {
    case ABI_CLEAN:
        return result->stop.code != 0 && !options->client_exit_ignored ? STATUS_FINDING
                                                                       : STATUS_CLEAN;
    case ABI_UNSUPPORTED:
        return STATUS_UNSUPPORTED;
    case ABI_LOAD_FAILED:
        return STATUS_BAD_INPUT;
    case ABI_INTERNAL:
        return STATUS_INTERNAL;
    default:
        return STATUS_FINDING;
    }
}

static const char *
kind_of(const struct run_result *result)
{
    static const char *const kinds[] = {"client", "bugcheck", "unsupported",
                                        "hang",   "deadlock", "livelock",
                                        "leak",   "load",     "internal"};

    switch (result->end) {
    case RUN_STOPPED:
        return result->stop.verdict < sizeof(kinds) / sizeof(kinds[0]) ? kinds[result->stop.verdict]
                                                                       : "internal";
    case RUN_NO_PROGRESS:
        return "livelock";
    case RUN_DIED:
        return "bugcheck";
    default:
        return "internal";
    }
}

static void
sentence(const struct run_result *result, char *out, size_t size)
{
    const struct abi_stop *stop = &result->stop;

    if (result->end != RUN_STOPPED) {
        snprintf(out, size, "%s", result->message);
        return;
    }
    switch (stop->verdict) {
    case ABI_CLEAN:
        if (stop->code != 0) {
            snprintf(out, size, "the client ended with exit code %u%s%s", stop->code,
                     stop->message[0] ? ": " : "", stop->message);
        } else {
            snprintf(out, size, "clean%s%s", stop->message[0] ? ": " : "", stop->message);
        }
        break;
    case ABI_BUGCHECK:
        snprintf(out, size, "bugcheck 0x%08X (0x%016lX, 0x%016lX, 0x%016lX, 0x%016lX) at %s%s%s",
                 stop->code, stop->parameter[0], stop->parameter[1], stop->parameter[2],
                 stop->parameter[3], result->where, stop->message[0] ? ": " : "", stop->message);
        break;
    case ABI_INTERNAL:
        snprintf(out, size, "a failure of ntlab: %s (at %s)", stop->message, result->where);
        break;
    default:
        snprintf(out, size, "%s: %s", kind_of(result), stop->message);
    }
}

static int
write_json(const struct options *options, const struct run_request *request,
           const struct run_result *result, int status, char **argv)
{
    static const char *const verdicts[] = {"clean",       "finding", "error",       "error",
                                           "unsupported", "error",   "inconclusive"};
    FILE *out = strcmp(options->json, "-") == 0 ? stdout : fopen(options->json, "w");
    uint32_t build = request->boot.build ? request->boot.build : os_default_build(request->boot.os);
    char message[1024];
    bool first = true;

    if (out == NULL) {
        perror(options->json);
        return STATUS_USAGE;
    }
    fprintf(out, "{\"schema\": 1, \"ntlab\": \"%s\", \"command\": \"run\", \"command_line\": [",
            NTLAB_VERSION);
    for (; *argv != NULL; argv++, first = false) {
        fputs(first ? "" : ", ", out);
        json_string(out, *argv);
    }
    fprintf(
        out,
        "],\n \"os\": {\"name\": \"%s\", \"build\": %u}, \"seed\": %lu,\n \"isolation\": \"%s\",\n"
        " \"images\": [",
        os_name(request->boot.os), build, request->boot.seed,
        result->has_keys ? "protection-keys" : "page-protection");
    for (size_t i = 0; i < result->images; i++) {
        fputs(i ? ", " : "", out);
        fputs("{\"path\": ", out);
        json_string(out, result->image[i].path);
        fprintf(out, ", \"base\": \"0x%lx\"}", result->image[i].base);
    }
    fprintf(out,
            "],\n \"verdict\": \"%s\", \"client_exit\": %u, \"seconds\": %.6f, \"points\": %lu, "
            "\"trace_hash\": \"%016lx\",\n \"findings\": [",
            verdicts[status],
            result->end == RUN_STOPPED && result->stop.verdict == ABI_CLEAN ? result->stop.code : 0,
            result->seconds, result->points, result->hash);
    if (status == STATUS_FINDING) {
        sentence(result, message, sizeof(message));
        fprintf(out,
                "{\"kind\": \"%s\", \"severity\": \"error\", \"blame\": \"unknown\", \"code\": "
                "\"0x%08X\", "
                "\"parameters\": [\"0x%lx\", \"0x%lx\", \"0x%lx\", \"0x%lx\"], \"message\": ",
                kind_of(result), result->stop.code, result->stop.parameter[0],
                result->stop.parameter[1], result->stop.parameter[2], result->stop.parameter[3]);
        json_string(out, message);
        fputs("}", out);
    }
    fputs("]}\n", out);
    if (out != stdout) {
        fclose(out);
    }
    return 0;
}

int
command_run(int argc, char **argv)
{
    struct options options;
    struct run_request request;
    struct run_result result;
    struct output output = {0};
    char message[1024];
    int status = options_parse(argc, argv, &options);

    if (status != 0) {
        return status;
    }
    status = request_build(&options, &request);
    if (status != 0) {
        return status;
    }
    output.json_on_stdout = options.json != NULL && strcmp(options.json, "-") == 0;
    request.output = on_output;
    request.output_context = &output;
    fprintf(stderr, "ntlab %s: %s (build %u), %u processor%s, seed %lu\n", NTLAB_VERSION,
            os_name(options.os), options.build ? options.build : os_default_build(options.os),
            options.cpus, options.cpus == 1 ? "" : "s", options.seed);
    if (machine_run(&request, &result) != 0) {
        fprintf(stderr, "ntlab: %s\n", result.message);
        return STATUS_INTERNAL;
    }
    status = status_of(&options, &result);
    sentence(&result, message, sizeof(message));
    fprintf(stderr, "ntlab: %s\n", message);
    if (getenv("NTLAB_REPORT") != NULL && output.report != NULL) {
        fputs(output.report, stderr);
    }
    if (options.json != NULL && write_json(&options, &request, &result, status, argv) != 0) {
        status = STATUS_USAGE;
    }
    close(result.memory);
    request_free(&request);
    return status;
}
