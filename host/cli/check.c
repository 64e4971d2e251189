/*
 * check.c - `ntlab check DRIVER.sys...`: no client, no configuration (host/check).
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "host/check/check.h"
#include "host/cli/documents.h"
#include "host/report/lcov.h"

/* The built-in client: in the build tree, or where it was installed. */
static int
find_client(char *out, size_t size)
{
    static const char *const places[] = {"user/check/ntlabcheck.exe",
                                         "../lib/ntlab/check/ntlabcheck.exe"};
    char self[PATH_MAX / 2];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (length <= 0) {
        return usage_error("cannot find the folder of ntlab: %s", strerror(errno));
    }
    self[length] = 0;
    *strrchr(self, '/') = 0;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        snprintf(out, size, "%s/%s", self, places[i]);
        if (access(out, R_OK) == 0) {
            return 0;
        }
    }
    return usage_error("ntlabcheck.exe is missing beside ntlab");
}

static bool
is_filter(const struct options *options, const struct run_request *request)
{
    for (size_t i = 0; i < options->drivers.count; i++) {
        if (request_minifilter(request, options->drivers.item[i])) {
            return true;
        }
    }
    return false;
}

static int
write_documents(struct check *check)
{
    char subject[300], summary[200], path[400], *table = NULL;
    size_t length;
    FILE *stream = open_memstream(&table, &length);
    struct note_head head = {.command = "check",
                             .argv = check->argv,
                             .os = os_name(check->options->os),
                             .build = check->options->build ? check->options->build
                                                            : os_default_build(check->options->os),
                             .subject = subject,
                             .summary = summary,
                             .seconds = check->seconds};
    const char *json[2] = {check->options->json, NULL};
    int status;

    documents_subject(&check->request, subject, sizeof(subject));
    snprintf(summary, sizeof(summary), "%zu case%s, %lu runs in %.1f s, %zu finding%s",
             check->cases, check->cases == 1 ? "" : "s", check->runs, check->seconds, check->notes,
             check->notes == 1 ? "" : "s");
    if (stream != NULL) {
        table_codes(stream, check);
        table_write(stream, check);
        fclose(stream);
    }
    head.table = table;
    status = documents_write(check->options, &check->request, &head, check->note, check->notes,
                             check->options->out);
    free(table);
    if (check->options->out != NULL) {
        snprintf(path, sizeof(path), "%.380s/report.json", check->options->out);
        json[1] = path;
    }
    for (size_t i = 0; i < 2 && status == 0; i++) {
        FILE *out = json[i] == NULL             ? NULL
                    : strcmp(json[i], "-") == 0 ? stdout
                                                : fopen(json[i], "w");

        if (json[i] == NULL) {
            continue;
        }
        if (out == NULL) {
            return usage_error("%s: %s", json[i], strerror(errno));
        }
        table_json(out, check);
        if (out != stdout && fclose(out) != 0) {
            return usage_error("%s: %s", json[i], strerror(errno));
        }
    }
    return status;
}

static int
run_check(struct check *check)
{
    struct options *options = check->options;
    int status = survey_make(check), written;

    if (status == STATUS_CLEAN) {
        table_codes(stderr, check);
        status = cases_run(check);
    }
    if (status == STATUS_CLEAN) {
        status = check_errors(check) != 0        ? STATUS_FINDING
                 : check->cases_unsupported != 0 ? STATUS_UNSUPPORTED
                                                 : STATUS_CLEAN;
    }
    check->status = status;
    if (status != STATUS_BAD_INPUT && status != STATUS_USAGE) {
        table_write(stderr, check);
        written = write_documents(check);
        status = written != 0 ? written : status;
    }
    for (size_t i = 0; i < check->notes; i++) {
        note_free(&check->note[i]);
    }
    note_free(&check->of_system);
    (void)options;
    return status;
}

int
command_check(int argc, char **argv)
{
    struct options options, with_client;
    struct check *check = calloc(1, sizeof(*check));
    char command[4200];
    int status = options_parse(argc, argv, &options);

    if (check == NULL) {
        abort();
    }
    if (status == 0 && (options.drivers.count == 0 || options.clients != 0)) {
        status = usage_error(options.clients != 0
                                 ? "check: it has its own client; `ntlab explore` takes yours"
                                 : "check: a driver is expected");
    }
    status = status != 0 ? status : find_client(check->client, sizeof(check->client));
    if (status != 0) {
        free(check);
        return status;
    }
    if (options.verifier.count == 0) {
        options.verifier.item[options.verifier.count++] = "standard";
    }
    check->options = &options;
    check->argv = argv;
    snprintf(check->out, sizeof(check->out), "%.280s%s",
             options.out != NULL ? options.out : "findings",
             options.out != NULL ? "/findings" : "");
    with_client = options;
    snprintf(command, sizeof(command), "\"%s\" list", check->client);
    with_client.client[0] = (struct client){ABI_TOKEN_ADMIN, command, NULL};
    with_client.clients = 1;
    status = request_build(&with_client, &check->request);
    if (status == 0) {
        fprintf(stderr, "ntlab %s: %s (build %u), seed %lu\n", NTLAB_VERSION, os_name(options.os),
                options.build ? options.build : os_default_build(options.os), options.seed);
        if (options.out != NULL) {
            documents_folder(options.out);
        }
        coverage_prepare(&check->request);
        check->survey.minifilter = is_filter(&options, &check->request);
        status = run_check(check);
        coverage_release(&check->request);
        request_free(&check->request);
    }
    free(check);
    return status;
}
