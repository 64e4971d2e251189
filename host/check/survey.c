/*
 * survey.c - what a driver shows to programs: its devices, the codes that they answer, the lengths that they accept.
 *
 * Each question is a run of the built-in client, beginning with a fresh system. Where a run ends in a crash the
 * code that was being tried is left out of the next one; the crash itself is found again, as a finding, by a case
 * (cases.c), for a code that crashes when it is merely tried is one that a hostile program would try.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "host/check/check.h"
#include "host/cli/documents.h"
#include "host/report/lcov.h"
#include "host/report/report.h"

#define MAX_OUTPUT (4u << 20)
#define MAX_TRIES  24 /* runs of one device's codes */

struct output {
    char *text;
    size_t length;
    char *report;
    size_t report_length;
};

static void
append(char **text, size_t *length, const char *more, size_t size)
{
    char *grown;

    if (*length + size > MAX_OUTPUT || (grown = realloc(*text, *length + size + 1)) == NULL) {
        return;
    }
    memcpy(grown + *length, more, size);
    *text = grown;
    *length += size;
    grown[*length] = 0;
}

static void
on_output(void *context, uint32_t channel, const char *text, size_t length)
{
    struct output *output = context;

    if (channel == ABI_OUT_STDOUT) {
        append(&output->text, &output->length, text, length);
    } else if (channel == RUN_REPORT) {
        append(&output->report, &output->report_length, text, length);
    }
}

/* What is the client's own affair is not told; while drivers are loaded it has none. */
static void
tell(struct check *check, const struct report *report, bool loads)
{
    struct note note;

    note_make(report, documents_timeline(check->options), &note);
    if (note.verdict == VERDICT_FINDING && !note.of_driver && !loads) {
        note_free(&note);
        return;
    }
    report_show(stderr, report);
    if (check->notes < MAX_NOTES) {
        check->note[check->notes++] = note;
    } else {
        note_free(&note);
    }
}

int
survey_ask(struct check *check, const struct question *question, struct answer *answer)
{
    struct options options = *check->options;
    struct report_options report_options = {.symbols = options.symbols.item,
                                            .symbol_folders = options.symbols.count,
                                            .source_map = options.source_map.item,
                                            .source_maps = options.source_map.count,
                                            .client_exit_ignored = true,
                                            .os = os_name(options.os),
                                            .build = options.build ? options.build
                                                                   : os_default_build(options.os)};
    struct output output = {0};
    struct run_request request;
    struct run_result result;
    struct report *report;
    char command[9000];
    int status;

    *answer = (struct answer){0};
    snprintf(command, sizeof(command), "\"%s\" %s", check->client, question->words);
    options.fail_alloc = question->fail_alloc;
    options.fail_number = question->fail_number;
    options.fail_always = question->fail_always;
    options.client[0] =
        (struct client){question->token != 0 ? question->token : ABI_TOKEN_ADMIN, command, NULL};
    options.clients = 1;
    options.client_exit_ignored = true;
    options.quiet = true;
    options.trace = NULL;
    if (question->without_drivers) {
        options.drivers.count = 0;
        options.inf.count = 0;
    }
    status = request_build(&options, &request);
    if (status != 0) {
        return status;
    }
    request.output = on_output;
    request.output_context = &output;
    request.one_of_many = true;
    request.coverage = check->request.coverage;
    request.coverages = question->without_drivers ? 0 : check->request.coverages;
    if (machine_run(&request, &result) != 0) {
        fprintf(stderr, "ntlab: %s\n", result.message);
        request_free(&request);
        return STATUS_INTERNAL;
    }
    report = report_make(&request, &result, output.report, output.report_length, &report_options);
    status = report_status(report);
    answer->stacks = lowmem_stacks(output.report);
    if (status != STATUS_CLEAN && question->loud) {
        tell(check, report, question->loads);
    }
    report_free(report);
    close(result.memory);
    request.coverage = NULL;
    request_free(&request);
    free(output.report);
    answer->text = output.text != NULL ? output.text : strdup("");
    check->runs++;
    return status;
}

/* ---- devices ---- */

static bool
has_line(const char *text, const char *line)
{
    size_t length = strlen(line);

    for (const char *at = strstr(text, line); at != NULL; at = strstr(at + 1, line)) {
        if ((at == text || at[-1] == '\n') && (at[length] == '\r' || at[length] == '\n')) {
            return true;
        }
    }
    return false;
}

/* The filter manager comes with the first minifilter, and with it its devices. */
static bool
is_of_filter_manager(const char *name)
{
    return strcasecmp(name, "\\FileSystem\\Filters\\FltMgr") == 0 ||
           strcasecmp(name, "\\FileSystem\\Filters\\FltMgrMsg") == 0;
}

static void
take_devices(struct check *check, char *before, char *now)
{
    struct survey *survey = &check->survey;
    char *save;

    for (char *line = strtok_r(now, "\r\n", &save); line != NULL;
         line = strtok_r(NULL, "\r\n", &save)) {
        if (strncmp(line, "device ", 7) != 0 || has_line(before, line) ||
            survey->devices == MAX_DEVICES || strlen(line + 7) >= sizeof(survey->device[0].name) ||
            strpbrk(line + 7, "\" ") != NULL || is_of_filter_manager(line + 7)) {
            continue;
        }
        snprintf(survey->device[survey->devices++].name, sizeof(survey->device[0].name), "%s",
                 line + 7);
    }
}

static void
open_device(struct check *check, struct device *device)
{
    char words[300], *line;
    struct answer answer;
    int status;

    snprintf(words, sizeof(words), "open %s", device->name);
    device->status = 0xC0000001;
    status = survey_ask(check, &(struct question){.words = words}, &answer);
    if (answer.text != NULL && (line = strstr(answer.text, "open ")) != NULL &&
        sscanf(line, "open %x %x", &device->status, &device->type) == 2) {
        device->opened = (int32_t)device->status >= 0;
    } else {
        device->ends = status != STATUS_CLEAN;
    }
    free(answer.text);
    if (device->opened) {
        uint32_t refused = 0xC0000022, type;

        survey_ask(check, &(struct question){.words = words, .token = ABI_TOKEN_USER}, &answer);
        device->of_users = answer.text != NULL && (line = strstr(answer.text, "open ")) != NULL &&
                           sscanf(line, "open %x %x", &refused, &type) == 2 &&
                           (int32_t)refused >= 0;
        free(answer.text);
    }
}

/* ---- codes ---- */

static struct code *
code_entry(struct device *device, uint32_t code)
{
    for (size_t i = 0; i < device->codes; i++) {
        if (device->code[i].code == code) {
            return &device->code[i];
        }
    }
    if (device->codes == MAX_CODES) {
        return NULL;
    }
    device->code[device->codes] = (struct code){.code = code};
    return &device->code[device->codes++];
}

/* "0,1,2,3" as ranges of those that were tried: what is left out in between matters, what is next to each other not. */
static void
copy_lengths(const char *list, size_t length, char *out, size_t size)
{
    static const unsigned tried[] = {0,  1,  2,  3,  4,  7,   8,   12,  15,   16,   20,   24,
                                     32, 40, 48, 63, 64, 128, 255, 256, 1024, 4096, 65536};
    const size_t count = sizeof(tried) / sizeof(tried[0]);
    bool accepted[sizeof(tried) / sizeof(tried[0])] = {false};
    size_t used = 0, all = 0;

    for (size_t i = 0; i < length;) {
        unsigned number = (unsigned)strtoul(list + i, NULL, 10);

        for (size_t j = 0; j < count; j++) {
            if (tried[j] == number && !accepted[j]) {
                accepted[j] = true;
                all++;
            }
        }
        i += strcspn(list + i, ",") + 1;
    }
    out[0] = 0;
    if (all == count) {
        snprintf(out, size, "any");
        return;
    }
    for (size_t i = 0; i < count && used < size; i++) {
        size_t last = i;

        if (!accepted[i]) {
            continue;
        }
        while (last + 1 < count && accepted[last + 1]) {
            last++;
        }
        if (last == count - 1) {
            used += (size_t)snprintf(out + used, size - used, "%s>=%u", used ? ", " : "", tried[i]);
        } else if (last == i) {
            used += (size_t)snprintf(out + used, size - used, "%s%u", used ? ", " : "", tried[i]);
        } else {
            used += (size_t)snprintf(out + used, size - used, "%s%u-%u", used ? ", " : "", tried[i],
                                     tried[last]);
        }
        i = last;
    }
    if (used == 0) {
        snprintf(out, size, "none");
    }
}

/* One "code" line of the client. */
static void
take_code(struct device *device, const char *line)
{
    unsigned number, status;
    struct code *code;
    const char *in = strstr(line, " in,"), *out = strstr(line, " out,"),
               *good = strstr(line, " good ");

    if (sscanf(line, "code %x %x", &number, &status) != 2 ||
        (code = code_entry(device, number)) == NULL) {
        return;
    }
    code->source |= CODE_TRIED;
    code->status = status;
    code->good_in = code->good_out = 64;
    if (good == NULL || sscanf(good, " good %u %u", &code->good_in, &code->good_out) != 2) {
        return;
    }
    code->accepted = true;
    code->waits = strstr(good, " waits") != NULL;
    snprintf(code->in, sizeof(code->in), "none");
    snprintf(code->out, sizeof(code->out), "none");
    if (in != NULL) {
        copy_lengths(in + 4, strcspn(in + 4, " "), code->in, sizeof(code->in));
    }
    if (out != NULL && out < good) {
        copy_lengths(out + 5, strcspn(out + 5, " "), code->out, sizeof(code->out));
    }
}

/* Asks for all codes; one that crashes the system is passed over, and the rest asked for again. */
static void
try_codes(struct check *check, struct device *device)
{
    char words[8000], *save;
    struct answer answer;
    unsigned long from = 0, index;
    unsigned number;

    for (size_t i = 0; i < check->founds; i++) {
        struct code *code = code_entry(device, check->found[i].code);

        if (code != NULL) {
            *code = check->found[i];
            code->good_in = code->good_out = 64;
        }
    }
    for (int run = 0; run < MAX_TRIES; run++) {
        size_t used = (size_t)snprintf(words, sizeof(words), "codes %s %lx", device->name, from);
        bool done = false;
        unsigned long last = 0;
        uint32_t last_code = 0, strange = 0;
        int status;

        for (size_t i = 0; i < check->founds && used + 12 < sizeof(words); i++) {
            used +=
                (size_t)snprintf(words + used, sizeof(words) - used, " %x", check->found[i].code);
        }
        for (size_t i = 0; i < device->stranges && used + 12 < sizeof(words); i++) {
            used +=
                (size_t)snprintf(words + used, sizeof(words) - used, " -%x", device->strange[i]);
        }
        status = survey_ask(check, &(struct question){.words = words}, &answer);
        for (char *line = answer.text != NULL ? strtok_r(answer.text, "\r\n", &save) : NULL;
             line != NULL; line = strtok_r(NULL, "\r\n", &save)) {
            if (sscanf(line, "at %lu %x", &index, &number) == 2) {
                last = index;
                last_code = number;
            } else if (sscanf(line, "strange %x", &number) == 1) {
                strange = number;
            } else if (strcmp(line, "told") == 0) {
                strange = 0;
            } else if (sscanf(line, "stranger %x", &number) == 1) {
                device->answer = number;
            } else if (strncmp(line, "code ", 5) == 0) {
                take_code(device, line);
            } else if (strcmp(line, "done") == 0) {
                done = true;
            }
        }
        free(answer.text);
        if (!done && strange != 0 && status != STATUS_USAGE &&
            device->stranges < sizeof(device->strange) / sizeof(device->strange[0])) {
            device->strange[device->stranges++] = strange;
            from = last;
            continue;
        }
        if (done || last_code == 0 || status == STATUS_USAGE || last + 1 <= from) {
            break;
        }
        if (code_entry(device, last_code) != NULL) {
            code_entry(device, last_code)->crashed = true;
        }
        from = last + 1;
    }
    for (size_t i = 0; i < device->codes; i++) {
        if ((device->code[i].source & CODE_COMPARED) == 0 && device->code[i].hints[0] == 0) {
            memcpy(device->code[i].hints, check->hints, sizeof(check->hints));
        }
    }
}

/* What is only near a code that is known, and is answered like one that nobody has, is none. */
static void
drop_guesses(struct device *device)
{
    size_t kept = 0;

    for (size_t i = 0; i < device->codes; i++) {
        if ((device->code[i].source & (CODE_COMPARED | CODE_TRIED)) != 0 ||
            device->code[i].crashed) {
            device->code[kept++] = device->code[i];
        }
    }
    device->codes = kept;
}

/* Function and line of each comparison. */
static void
place_codes(struct check *check)
{
    struct symbol_query *query = calloc(check->founds + 1, sizeof(*query));
    struct report_options options = {.symbols = check->options->symbols.item,
                                     .symbol_folders = check->options->symbols.count,
                                     .source_map = check->options->source_map.item,
                                     .source_maps = check->options->source_map.count};

    if (query == NULL) {
        abort();
    }
    for (size_t i = 0; i < check->founds; i++) {
        const struct run_file *file = files_find(&check->request, check->found[i].driver);

        query[i].path = file != NULL ? file->host_path : "";
        query[i].rva = check->found[i].rva;
    }
    symbolizer_ask(&options, query, check->founds);
    for (size_t i = 0; i < check->founds; i++) {
        struct code *code = &check->found[i];
        const struct source *source = query[i].sources != 0 ? &query[i].source[0] : NULL;
        const char *file = source != NULL && source->file != NULL ? source->file : NULL;

        if (source == NULL || source->symbol == NULL) {
            snprintf(code->where, sizeof(code->where), "%s+0x%x", code->driver, code->rva);
        } else if (file == NULL || source->line == 0) {
            snprintf(code->where, sizeof(code->where), "%.80s", source->symbol);
        } else {
            const char *slash = strrchr(file, '/'), *back = strrchr(file, '\\');

            slash = back != NULL && (slash == NULL || back > slash) ? back : slash;
            snprintf(code->where, sizeof(code->where), "%.80s, %.80s:%u", source->symbol,
                     slash != NULL ? slash + 1 : file, source->line);
        }
    }
    free(query);
}

/* A filter that is not attached by itself is attached by the client: it would see nothing otherwise. */
static void
try_attach(struct check *check)
{
    struct survey *survey = &check->survey;
    const char *service = check->request.boot.driver[check->request.boot.drivers - 1].name;
    struct answer answer;
    unsigned instances, result;
    char words[200];
    char *line;

    snprintf(words, sizeof(words), "attach %.100s", service);
    survey_ask(check, &(struct question){.words = words}, &answer);
    line = answer.text != NULL ? strstr(answer.text, "attach ") : NULL;
    if (line != NULL && sscanf(line, "attach %u %x", &instances, &result) == 2 && instances == 0 &&
        result == 0) {
        snprintf(survey->attach, sizeof(survey->attach), "%.100s", service);
        fprintf(stderr,
                "ntlab: %s is attached to C: by the client: it attaches to nothing itself\n",
                service);
    }
    free(answer.text);
}

int
survey_make(struct check *check)
{
    struct survey *survey = &check->survey;
    struct answer before = {0}, now = {0};
    int status;

    for (uint32_t i = 0; i < check->request.boot.drivers; i++) {
        const char *name = strrchr(check->request.boot.driver[i].path, '\\');
        const struct run_file *file = files_find(&check->request, name + 1);

        if (file != NULL) {
            size_t count = codes_find(file->data, file->size, name + 1,
                                      check->found + check->founds, MAX_CODES - check->founds);

            hints_find(file->data, file->size, name + 1, check->found + check->founds, count);
            if (check->hints[0] == 0) {
                struct code any = {0};

                hints_find(file->data, file->size, name + 1, &any, 1);
                memcpy(check->hints, any.hints, sizeof(any.hints));
            }
            check->founds += count;
            check->names += names_find(file->data, file->size, check->name + check->names,
                                       sizeof(check->name) / sizeof(check->name[0]) - check->names);
        }
    }
    place_codes(check);
    status = survey_ask(
        check, &(struct question){.words = "list", .without_drivers = true, .loud = true}, &before);
    if (status == STATUS_CLEAN) {
        status = survey_ask(check, &(struct question){.words = "list"}, &now);
        survey->load_status = (uint32_t)status;
        /* What it left when it was unloaded again hides nothing before. */
        if (status == STATUS_CLEAN || (status == STATUS_FINDING && now.text[0] != 0)) {
            take_devices(check, before.text, now.text);
            status = STATUS_CLEAN;
        } else { /* the load itself: no case would come further, and why is to be told */
            free(now.text);
            now = (struct answer){0};
            status = survey_ask(
                check, &(struct question){.words = "list", .loud = true, .loads = true}, &now);
        }
    }
    free(before.text);
    free(now.text);
    for (size_t i = 0; i < survey->devices && status == STATUS_CLEAN; i++) {
        open_device(check, &survey->device[i]);
        if (survey->device[i].opened) {
            try_codes(check, &survey->device[i]);
            drop_guesses(&survey->device[i]);
        }
    }
    if (status == STATUS_CLEAN && survey->minifilter) {
        try_attach(check);
    }
    return status;
}
