/*
 * run.c - `ntlab run`: one run, and what came of it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "host/cli/cli.h"
#include "host/cli/documents.h"
#include "host/machine/run.h"
#include "host/report/report.h"
#include "host/trace/trace.h"

#define MAX_REPORT (16u << 20)

struct output {
    struct run_streams to;
    char *report; /* RUN_REPORT, whole */
    size_t report_length;
    size_t passed,
        skip; /* bytes that were passed on; of a second attempt: that are known already */
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

    if (channel != RUN_REPORT) {
        size_t known = length < output->skip ? length : output->skip;

        output->skip -= known;
        output->passed += length - known;
        text += known;
        length -= known;
    }
    switch (channel) {
    case ABI_OUT_STDOUT:
        fwrite(text, 1, length, output->to.out);
        fflush(output->to.out);
        break;
    case RUN_REPORT:
        keep_report(output, text, length);
        break;
    default:
        fwrite(text, 1, length, output->to.err);
        break;
    }
}

static int
write_json(const struct options *options, const struct report *report, const char *command,
           char **argv)
{
    FILE *out = strcmp(options->json, "-") == 0 ? stdout : fopen(options->json, "w");

    if (out == NULL) {
        return usage_error("%s: %s", options->json, strerror(errno));
    }
    report_json(out, report, command, argv);
    if (out != stdout) {
        fclose(out);
    }
    return 0;
}

/* JSON lines, or what Chrome and Perfetto read if it is called .json. */
static int
write_trace(const struct options *options, const struct report *report)
{
    FILE *out = fopen(options->trace, "w");
    size_t length = strlen(options->trace);

    if (out == NULL) {
        return usage_error("%s: %s", options->trace, strerror(errno));
    }
    if (length > 5 && strcmp(options->trace + length - 5, ".json") == 0) {
        chrome_write(out, report);
    } else {
        trace_write(out, report->result->memory);
    }
    if (fclose(out) != 0) {
        return usage_error("%s: %s", options->trace, strerror(errno));
    }
    return 0;
}

/* The documents of one run. */
static int
write_documents(const struct options *options, const struct run_request *request,
                const struct report *report, const char *command, char **argv)
{
    char subject[300], path[300];
    size_t count;
    struct note *note = notes_make(report, documents_timeline(options), &count);
    struct note_head head = {.command = command,
                             .argv = argv,
                             .os = report->options.os,
                             .build = report->options.build,
                             .subject = subject,
                             .summary = report->message,
                             .seconds = report->result->seconds};
    int status;

    documents_subject(request, subject, sizeof(subject));
    status = documents_write(options, request, &head, note, count, options->out);
    for (size_t i = 0; i < count; i++) {
        note_free(&note[i]);
    }
    free(note);
    if (status == 0 && options->out != NULL) {
        struct options inside = *options;

        snprintf(path, sizeof(path), "%.250s/report.json", options->out);
        inside.json = path;
        status = write_json(&inside, report, command, argv);
    }
    return status;
}

int
single_run(const struct options *options, struct run_request *request, const char *command,
           char **argv, struct run_result *kept)
{
    return single_run_noted(options, request, command, argv, NULL, kept, NULL);
}

static void
discard(void *context, uint32_t channel, const char *text, size_t length)
{
}

/* Clients wait for ever: once more, and who changed what they counted is seen (host/machine/watch.c). */
static void
explain_hang_again(const struct options *options, const struct run_request *request,
                   const struct report *report)
{
    struct run_request again = *request;
    struct run_result *result;

    if (request->explore != NULL || request->boot.clients == 0 || options->host_clock ||
        report->verdict != VERDICT_FINDING ||
        (strcmp(report->kind, "hang") != 0 && strcmp(report->kind, "deadlock") != 0)) {
        return;
    }
    again.watch = true;
    again.breaks = 0;
    again.trace = false;
    again.output = discard;
    result = calloc(1, sizeof(*result));
    if (result != NULL && machine_run(&again, result) == 0) {
        if (result->end == RUN_STOPPED && result->stop.verdict == report->result->stop.verdict) {
            report_stores(stderr, report, result);
        }
        close(result->memory);
    }
    free(result);
}

int
single_run_noted(const struct options *options, struct run_request *request, const char *command,
                 char **argv, const struct run_streams *streams, struct run_result *kept,
                 struct note *note)
{
    uint32_t build = options->build ? options->build : os_default_build(options->os);
    struct report_options report_options = {.symbols = options->symbols.item,
                                            .symbol_folders = options->symbols.count,
                                            .source_map = options->source_map.item,
                                            .source_maps = options->source_map.count,
                                            .client_exit_ignored = options->client_exit_ignored,
                                            .os = os_name(options->os),
                                            .build = build};
    struct run_result result;
    struct output output = {.to =
                                streams != NULL ? *streams : (struct run_streams){stdout, stderr}};
    struct session *session;
    struct report *report;
    int status = session_open(options, request, &report_options, &session);

    if (status != 0) {
        session_close(session);
        return status;
    }
    if (options->stdout_taken || (options->json != NULL && strcmp(options->json, "-") == 0)) {
        output.to.out = output.to.err; /* JSON is on stdout */
    }
    request->output = on_output;
    request->output_context = &output;
    for (uint32_t attempt = 0;; attempt++) {
        if (machine_run(request, &result) != 0) {
            fprintf(stderr, "ntlab: %s\n", result.message);
            session_close(session);
            return STATUS_INTERNAL;
        }
        if (!result.killed || note == NULL || attempt == FINDING_ATTEMPTS) {
            break;
        }
        close(
            result.memory); /* somebody has killed it from outside; what it says will be the same */
        output.skip = output.passed;
        output.report_length = 0;
    }
    if (result.end == RUN_QUIT) {
        fprintf(stderr, "ntlab: the run was ended at a break\n");
        session_close(session);
        close(result.memory);
        return STATUS_CLEAN;
    }
    if (getenv("NTLAB_REPORT") != NULL && output.report != NULL) {
        fwrite(output.report, 1, output.report_length, output.to.err); /* as the kernel wrote it */
    }
    report = report_make(request, &result, output.report, output.report_length, &report_options);
    status = report_status(report);
    if (options->lowmem != NULL) {
        lowmem_take(options->lowmem, report);
    }
    if (!options->brief || (status != STATUS_CLEAN && status != STATUS_BAD_INPUT)) {
        report_show(output.to.err, report);
    }
    explain_hang_again(options, request, report);
    if (options->json != NULL && write_json(options, report, command, argv) != 0) {
        status = STATUS_USAGE;
    }
    if (options->trace != NULL && write_trace(options, report) != 0) {
        status = STATUS_USAGE;
    }
    if (note != NULL) {
        note_make(report, documents_timeline(options), note);
    } else if (write_documents(options, request, report, command, argv) != 0) {
        status = STATUS_USAGE;
    }
    session_end(session, &result, report->verdict == VERDICT_CLEAN);
    session_close(session);
    report_free(report);
    if (kept != NULL) {
        *kept = result;
    } else {
        close(result.memory);
    }
    return status;
}

int
command_run(int argc, char **argv)
{
    struct options options;
    struct run_request request;
    int status = options_parse(argc, argv, &options);

    if (status != 0) {
        return status;
    }
    if (options.fail_alloc && options.fail_number == 0) {
        return lowmem_run(&options, argv);
    }
    status = request_build(&options, &request);
    if (status != 0) {
        return status;
    }
    documents_prepare(&options, &request);
    request_streams(&request);
    fprintf(stderr, "ntlab %s: %s (build %u), %u processor%s, seed %lu\n", NTLAB_VERSION,
            os_name(options.os), options.build ? options.build : os_default_build(options.os),
            options.cpus, options.cpus == 1 ? "" : "s", options.seed);
    status = single_run(&options, &request, "run", argv, NULL);
    documents_release(&request);
    request_free(&request);
    return status;
}
