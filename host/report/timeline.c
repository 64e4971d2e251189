/*
 * timeline.c - what --html shows of a run: its events as columns of small numbers, and tables of what the numbers
 * mean.
 *
 * One object of JSON. A column has one number for each event, so that 100,000 of them are some megabytes and a
 * browser reads them in a blink; names of objects, places and sources stand once, in tables. Excerpts of the sources
 * go with it, since who reads the report may not have them.
 *
 * The events begin where the first driver of the command line is loaded: what is before is the same in every run.
 */
#include <stdlib.h>
#include <string.h>
#include "host/cli/cli.h"
#include "host/report/timeline.h"

#define MAX_EVENTS  200000 /* the last ones */
#define MAX_SITES   20000
#define MAX_FILES   64
#define EXCERPT     4 /* lines before and behind */
#define MAX_EXCERPT 4000

/* ---- tables ---- */

static void
table_grow(struct table *table)
{
    struct table old = *table;

    table->room = old.room ? old.room * 2 : 1024;
    table->key = calloc(table->room, sizeof(*table->key));
    table->number = calloc(table->room, sizeof(*table->number));
    if (table->key == NULL || table->number == NULL) {
        abort();
    }
    for (size_t i = 0; i < old.room; i++) {
        if (old.number[i] != 0) {
            size_t at = old.key[i] * 0x9E3779B97F4A7C15ull >> 32;

            while (table->number[at % table->room] != 0) {
                at++;
            }
            table->key[at % table->room] = old.key[i];
            table->number[at % table->room] = old.number[i];
        }
    }
    free(old.key);
    free(old.number);
}

/* The number of `key`, from 1; *fresh: it has just got it. 0 is 0. */
static uint32_t
table_number(struct table *table, uint64_t key, bool *fresh)
{
    size_t at;

    *fresh = false;
    if (key == 0) {
        return 0;
    }
    if (table->count * 2 >= table->room) {
        table_grow(table);
    }
    for (at = key * 0x9E3779B97F4A7C15ull >> 32; table->number[at % table->room] != 0; at++) {
        if (table->key[at % table->room] == key) {
            return table->number[at % table->room];
        }
    }
    *fresh = true;
    table->key[at % table->room] = key;
    table->number[at % table->room] = (uint32_t)++table->count;
    return (uint32_t)table->count;
}

/* A return address, or with `entry` that of a routine. */
static uint32_t
site_of(struct timeline *timeline, uint64_t address, bool entry)
{
    bool fresh;
    uint32_t number;

    if (address == 0 || timeline->sites.count >= MAX_SITES) {
        return 0;
    }
    number = table_number(&timeline->sites, address * 2 + entry, &fresh);
    if (fresh) {
        timeline->site = realloc(timeline->site, (number + 1) * sizeof(*timeline->site));
        timeline->site[number] = place_of(timeline->report, address, !entry);
    }
    return number;
}

static uint32_t
object_of(struct timeline *timeline, uint64_t address)
{
    bool fresh;
    uint32_t number = table_number(&timeline->objects, address, &fresh);

    if (fresh) {
        timeline->object = realloc(timeline->object, (number + 1) * sizeof(*timeline->object));
        timeline->object[number] = address;
    }
    return number;
}

size_t
timeline_agent(struct timeline *timeline, uint32_t name)
{
    for (size_t i = timeline->agents; i-- > 0;) {
        if (timeline->agent[i].name == name) {
            return i;
        }
    }
    if (timeline->agents == MAX_AGENTS) {
        return MAX_AGENTS - 1;
    }
    timeline->agent[timeline->agents] = (struct agent_row){.name = name};
    return timeline->agents++;
}

/* ---- reading ---- */

bool
timeline_is_step(const struct abi_record *record)
{
    return record->kind > SP_NONE && record->kind < SP_LAST;
}

/* Where the first driver is loaded. */
static bool
loads_driver(const struct report *report, const struct abi_record *record)
{
    for (size_t i = 0; record->kind == EV_IMAGE_LOAD && i < report->result->images; i++) {
        const struct run_image *image = &report->result->image[i];

        if (image->base == record->object && image->slice == 0) {
            for (uint32_t j = 0; j < report->request->boot.drivers; j++) {
                const char *name = strrchr(report->request->boot.driver[j].path, '\\');

                if (name != NULL && strcasecmp(name + 1, image->name) == 0) {
                    return true;
                }
            }
        }
    }
    return false;
}

/* Of no interest to a reader, and many. */
static bool
is_noise(const struct abi_record *record)
{
    return record->kind == SP_YIELD || record->kind == SP_QUERY_TIME;
}

static void
read_records(struct timeline *timeline)
{
    int memory = timeline->report->result->memory;
    struct abi_record record;
    bool begun = false;

    if (memory < 0 || !trace_extent(memory, &timeline->first, &timeline->end)) {
        return;
    }
    begun = timeline->report->request->boot.drivers == 0 || timeline->first != 0;
    for (uint64_t i = timeline->first; i < timeline->end && trace_read(memory, i, &record); i++) {
        if (record.kind == EV_THREAD_CREATE) {
            struct agent_row *row =
                &timeline->agent[timeline_agent(timeline, (uint32_t)record.arg[1])];

            row->start = site_of(timeline, record.arg[0], true);
            row->tid = record.arg[2];
            row->pid = record.arg[3];
        }
        begun = begun || loads_driver(timeline->report, &record);
        if (!begun || is_noise(&record)) {
            continue;
        }
        if ((timeline->records & (timeline->records - 1)) == 0) {
            timeline->record =
                realloc(timeline->record, (timeline->records ? timeline->records * 2 : 1) *
                                              sizeof(*timeline->record));
            if (timeline->record == NULL) {
                abort();
            }
        }
        timeline->record[timeline->records++] = record;
    }
    if (timeline->records > MAX_EVENTS) {
        timeline->left = timeline->records - MAX_EVENTS;
        memmove(timeline->record, timeline->record + timeline->left,
                MAX_EVENTS * sizeof(*timeline->record));
        timeline->records = MAX_EVENTS;
    }
}

static uint64_t
callee_address(const struct abi_record *record)
{
    return timeline_is_step(record)                                   ? record->arg[1]
           : record->kind == EV_DRIVER_CALL                           ? record->arg[3]
           : record->kind == EV_DPC_RUN || record->kind == EV_APC_RUN ? record->arg[0]
                                                                      : 0;
}

uint32_t
timeline_callee(struct timeline *timeline, const struct abi_record *record)
{
    return site_of(timeline, callee_address(record), !timeline_is_step(record));
}

/* Where the code that asked is; an event's caller is in the kernel and says nothing. */
uint32_t
timeline_caller(struct timeline *timeline, const struct abi_record *record)
{
    return timeline_is_step(record)        ? site_of(timeline, record->caller, false)
           : record->kind == EV_POOL_ALLOC ? site_of(timeline, record->arg[3], false)
           : record->kind == EV_EXCEPTION  ? site_of(timeline, record->object, true)
                                           : 0;
}

static uint64_t
detail(const struct abi_record *record)
{
    switch (record->kind) {
    case EV_DRIVER_CALL: /* major function, control code */
        return record->arg[0] >> 8 | (record->arg[2] & 0xFFFFFFFF) << 8;
    case EV_DRIVER_RETURN:
    case EV_IRP_COMPLETE:
    case EV_EXCEPTION:
    case EV_BUGCHECK:
        return record->arg[0] & 0xFFFFFFFF;
    case EV_POOL_ALLOC:
        return record->arg[0];
    }
    return timeline_is_step(record) ? (uint32_t)record->arg[0] : 0;
}

static unsigned
flags_of(const struct abi_record *record)
{
    uint64_t how = record->arg[0] >> ABI_STEP_SHIFT;

    if (!timeline_is_step(record)) {
        return 0;
    }
    return (how & ABI_STEP_PREEMPTS ? 1u : 0) | (how & ABI_STEP_FREE ? 2u : 0) |
           (record->arg[3] & ABI_STEP_BLOCKS ? 4u : 0) |
           (record->arg[3] & ABI_STEP_TIMES_OUT ? 8u : 0);
}

/* How many regions of each kind are open: the counters go down from 0. */
unsigned
timeline_regions(const struct abi_record *record)
{
    int kernel = (int16_t)(record->arg[3] >> 32), special = (int16_t)(record->arg[3] >> 48);

    if (!timeline_is_step(record)) {
        return 0;
    }
    kernel = kernel < 0 ? -kernel : 0;
    special = special < 0 ? -special : 0;
    return (unsigned)(kernel > 15 ? 15 : kernel) | (unsigned)(special > 15 ? 15 : special) << 4;
}

/* ---- writing ---- */

static void
column(FILE *out, const struct timeline *timeline, const char *name,
       int64_t (*value)(struct timeline *, size_t))
{
    fprintf(out, "%s\"%s\":[", name[0] == 'k' ? "" : ",\n", name);
    for (size_t i = 0; i < timeline->records; i++) {
        fprintf(out, "%s%ld", i ? "," : "", value((struct timeline *)timeline, i));
    }
    fputs("]", out);
}

static int64_t
kind_value(struct timeline *timeline, size_t i)
{
    return timeline->record[i].kind;
}

static int64_t
agent_value(struct timeline *timeline, size_t i)
{
    return (int64_t)timeline_agent(timeline, timeline->record[i].agent);
}

static int64_t
cpu_value(struct timeline *timeline, size_t i)
{
    return timeline->record[i].cpu;
}

static int64_t
irql_value(struct timeline *timeline, size_t i)
{
    return timeline->record[i].irql;
}

static int64_t
regions_value(struct timeline *timeline, size_t i)
{
    return timeline_regions(&timeline->record[i]);
}

static int64_t
object_value(struct timeline *timeline, size_t i)
{
    return object_of(timeline, timeline->record[i].object);
}

static int64_t
site_value(struct timeline *timeline, size_t i)
{
    return timeline_caller(timeline, &timeline->record[i]);
}

static int64_t
callee_value(struct timeline *timeline, size_t i)
{
    return timeline_callee(timeline, &timeline->record[i]);
}

static int64_t
flags_value(struct timeline *timeline, size_t i)
{
    return flags_of(&timeline->record[i]);
}

static int64_t
detail_value(struct timeline *timeline, size_t i)
{
    return (int64_t)detail(&timeline->record[i]);
}

/* What has passed since the event before. */
static int64_t
time_value(struct timeline *timeline, size_t i)
{
    return i == 0 ? 0
                  : (int64_t)(timeline->record[i].time_100ns - timeline->record[i - 1].time_100ns);
}

void
timeline_agent_name(const struct timeline *timeline, const struct agent_row *row, char *name,
                    size_t size, const char **process)
{
    *process = row->pid == 4 ? "System" : "";
    for (size_t j = 0; j < timeline->report->threads; j++) {
        if (timeline->report->thread[j].pid == row->pid && row->pid != 0) {
            *process = timeline->report->thread[j].name;
        }
    }
    if (row->pid != 0) {
        snprintf(name, size, "%04lx.%04lx", row->pid, row->tid);
    } else {
        snprintf(name, size, "%s", row->dpc ? "DPC" : "idle thread");
    }
}

static void
write_agents(FILE *out, const struct timeline *timeline)
{
    const struct story *story = timeline->report->story;

    fputs(",\n\"agents\":[", out);
    for (size_t i = 0; i < timeline->agents; i++) {
        const struct agent_row *row = &timeline->agent[i];
        char letter[2] = "", start[300] = "", name[64];
        const char *process;

        for (size_t j = 0; story != NULL && j < story->agents; j++) {
            if (story->agent[j].name == row->name) {
                letter[0] = story->agent[j].letter;
            }
        }
        if (row->start != 0) {
            place_name(timeline->site[row->start], start, sizeof(start));
        }
        timeline_agent_name(timeline, row, name, sizeof(name), &process);
        fputs(i ? ",{\"n\":" : "{\"n\":", out);
        json_string(out, name);
        fputs(",\"p\":", out);
        json_string(out, process);
        fputs(",\"s\":", out);
        json_string(out, start);
        fprintf(out, ",\"l\":\"%s\"}", letter);
    }
    fputs("]", out);
}

/* Lines around those that the run has passed through, of files that can be read. */
struct excerpts {
    char *file[MAX_FILES];
    size_t files;
    uint8_t *wanted[MAX_FILES]; /* by line */
    size_t lines[MAX_FILES];
};

static size_t
excerpt_file(struct excerpts *excerpts, const char *file)
{
    for (size_t i = 0; i < excerpts->files; i++) {
        if (strcmp(excerpts->file[i], file) == 0) {
            return i;
        }
    }
    if (excerpts->files == MAX_FILES) {
        return MAX_FILES;
    }
    excerpts->file[excerpts->files] = strdup(file);
    return excerpts->files++;
}

static void
want_lines(struct excerpts *excerpts, size_t file, unsigned line)
{
    size_t from = line > EXCERPT ? line - EXCERPT : 1, to = line + EXCERPT;

    if (file == MAX_FILES || line == 0 || line > 1000000) {
        return;
    }
    if (to >= excerpts->lines[file]) {
        excerpts->wanted[file] = realloc(excerpts->wanted[file], to + 256);
        memset(excerpts->wanted[file] + excerpts->lines[file], 0, to + 256 - excerpts->lines[file]);
        excerpts->lines[file] = to + 256;
    }
    memset(excerpts->wanted[file] + from, 1, to - from + 1);
}

static void
write_sites(FILE *out, const struct timeline *timeline, struct excerpts *excerpts)
{
    fputs(",\n\"sites\":[null", out);
    for (size_t i = 1; i <= timeline->sites.count; i++) {
        const struct place *place = timeline->site[i];
        const struct source *source = place_source(place);
        size_t file = MAX_FILES;
        char name[300];

        place_name(place, name, sizeof(name));
        fputs(",[", out);
        json_string(out, name);
        if (source != NULL && source->file != NULL && source->line != 0) {
            file = excerpt_file(excerpts, source->file);
        }
        fprintf(out, ",%d,%u,%d]", file == MAX_FILES ? -1 : (int)file,
                file == MAX_FILES ? 0 : source->line, place->origin == ORIGIN_DRIVER);
        if (place->origin == ORIGIN_DRIVER || place->origin == ORIGIN_CLIENT) {
            want_lines(excerpts, file, file == MAX_FILES ? 0 : source->line);
        }
    }
    fputs("]", out);
}

static void
write_files(FILE *out, struct excerpts *excerpts)
{
    size_t written = 0;

    fputs(",\n\"files\":[", out);
    for (size_t i = 0; i < excerpts->files; i++) {
        FILE *source = excerpts->lines[i] != 0 ? source_open(excerpts->file[i]) : NULL;
        char relative[4096], line[400];
        bool first = true;

        source_relative(excerpts->file[i], relative, sizeof(relative));
        fputs(i ? ",\n{\"n\":" : "\n{\"n\":", out);
        json_string(out, relative);
        fputs(",\"l\":{", out);
        for (size_t number = 1;
             source != NULL && number < excerpts->lines[i] && fgets(line, sizeof(line), source);
             number++) {
            size_t length = strlen(line);
            int c;

            if (length != 0 && line[length - 1] != '\n') {
                while ((c = fgetc(source)) != EOF && c != '\n') {
                }
            }
            line[strcspn(line, "\r\n")] = 0;
            if (excerpts->wanted[i][number] && written < MAX_EXCERPT) {
                fprintf(out, "%s\"%zu\":", first ? "" : ",", number);
                json_string(out, line);
                first = false;
                written++;
            }
        }
        fputs("}}", out);
        if (source != NULL) {
            fclose(source);
        }
        free(excerpts->wanted[i]);
        free(excerpts->file[i]);
    }
    fputs("]", out);
}

static void
write_objects(FILE *out, const struct timeline *timeline)
{
    char name[200];

    fputs(",\n\"objects\":[\"\"", out);
    for (size_t i = 1; i <= timeline->objects.count; i++) {
        uint64_t address = timeline->object[i];

        if (address < 0x10000) {
            snprintf(name, sizeof(name), "0x%lx", address); /* the number of a service */
        } else {
            object_name(timeline->report, address, name, sizeof(name));
        }
        fputs(",", out);
        json_string(out, name);
    }
    fputs("]", out);
}

static void
write_kinds(FILE *out)
{
    fputs(",\n\"kinds\":{", out);
    for (unsigned kind = 1, first = 1; kind < EV_LAST; kind++) {
        const char *name = trace_event_name((uint16_t)kind);

        if (name != NULL) {
            fprintf(out, "%s\"%u\":\"%s\"", first ? "" : ",", kind, name);
            first = 0;
        }
    }
    fputs("}", out);
}

/* The story's rows, each with the event that it is. */
static void
write_story(FILE *out, const struct timeline *timeline)
{
    const struct story *story = timeline->report->story;
    bool first = true;
    size_t at = 0;

    fputs(",\n\"story\":[", out);
    for (size_t i = 0; story != NULL && i < story->steps; i++) {
        const struct story_step *step = &story->step[i];

        if (!step->shown) {
            continue;
        }
        while (at < timeline->records &&
               (timeline->record[at].agent != story->agent[step->agent].name ||
                timeline->record[at].kind != step->op ||
                timeline->record[at].object != step->object ||
                (timeline_is_step(&timeline->record[at]) &&
                 (uint32_t)timeline->record[at].arg[0] != step->choice))) {
            at++;
        }
        fprintf(out, "%s{\"a\":\"%c\",\"e\":%ld,\"c\":%u,\"w\":", first ? "" : ",\n",
                story->agent[step->agent].letter, at < timeline->records ? (long)at : -1l,
                step->choice);
        json_string(out, step->what);
        fputs(",\"f\":", out);
        json_string(out, step->where);
        fprintf(out, ",\"h\":%d,\"b\":%d,\"t\":%d}", step->preempts, step->blocks, step->times_out);
        first = false;
    }
    fputs("]", out);
}

/* Where in the driver it happened: name, line, and the lines around it. */
static void
write_culprit(FILE *out, const struct timeline *timeline, struct excerpts *excerpts)
{
    const struct report *report = timeline->report;
    const struct place *place = finding_place(report);
    const struct source *source = place_source(place);
    size_t file = MAX_FILES;
    char name[300];

    if (report->verdict != VERDICT_FINDING || source == NULL || source->file == NULL ||
        place->origin == ORIGIN_OURS) {
        return;
    }
    place_name(place, name, sizeof(name));
    file = excerpt_file(excerpts, source->file);
    want_lines(excerpts, file, source->line);
    if (file != MAX_FILES) {
        fputs(",\n\"culprit\":[", out);
        json_string(out, name);
        fprintf(out, ",%zu,%u]", file, source->line);
    }
}

static void
write_head(FILE *out, const struct timeline *timeline)
{
    const struct report *report = timeline->report;
    char words[4000], *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    fputs("{\"kind\":", out);
    json_string(out, report->verdict == VERDICT_CLEAN ? "clean" : report->kind);
    fputs(",\"message\":", out);
    json_string(out, report->message);
    fputs(",\"blame\":", out);
    json_string(out, report->blame != NULL ? report->blame : "");
    fputs(",\"fingerprint\":", out);
    json_string(out, report->fingerprint);
    if (report->verdict == VERDICT_FINDING) {
        report_confirm(report, words, sizeof(words));
        fputs(",\"confirm\":", out);
        json_string(out, words);
    }
    if (stream != NULL) {
        report_text(stream, report, false, 0);
        fclose(stream);
        fputs(",\n\"text\":", out);
        json_string(out, text);
        free(text);
    }
    fprintf(out, ",\n\"nt51\":%d,\"left\":%lu,\"time\":%lu", !report_has_special(report),
            timeline->first + timeline->left,
            timeline->records != 0
                ? timeline->record[0].time_100ns - report->request->boot.boot_time_100ns
                : 0);
}

struct timeline *
timeline_open(const struct report *given)
{
    struct timeline *timeline = calloc(1, sizeof(*timeline));

    if (timeline == NULL) {
        abort();
    }
    timeline->report = (struct report *)given; /* it learns more places */
    read_records(timeline);
    for (size_t i = 0; i < timeline->records; i++) {
        const struct abi_record *record = &timeline->record[i];
        size_t agent = timeline_agent(timeline, record->agent);

        timeline->agent[agent].dpc |= record->kind == SP_RUN_DPC || record->kind == EV_DPC_RUN;
        timeline_caller(timeline, record);
        timeline_callee(timeline, record);
    }
    places_resolve(timeline->report);
    return timeline;
}

void
timeline_close(struct timeline *timeline)
{
    objects_forget();
    free(timeline->record);
    free(timeline->site);
    free(timeline->object);
    free(timeline->sites.key);
    free(timeline->sites.number);
    free(timeline->objects.key);
    free(timeline->objects.number);
    free(timeline);
}

void
timeline_write(FILE *out, const struct report *report)
{
    struct timeline *timeline = timeline_open(report);
    struct excerpts excerpts = {0};
    static const struct {
        const char *name;
        int64_t (*value)(struct timeline *, size_t);
    } columns[] = {{"k", kind_value},   {"a", agent_value},   {"c", cpu_value},
                   {"q", irql_value},   {"x", regions_value}, {"o", object_value},
                   {"s", site_value},   {"v", callee_value},  {"f", flags_value},
                   {"d", detail_value}, {"t", time_value}};

    write_head(out, timeline);
    write_kinds(out);
    fputs(",\n\"ev\":{", out);
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        column(out, timeline, columns[i].name, columns[i].value);
    }
    fputs("}", out);
    write_agents(out, timeline);
    write_objects(out, timeline);
    write_sites(out, timeline, &excerpts);
    write_culprit(out, timeline, &excerpts);
    write_files(out, &excerpts);
    write_story(out, timeline);
    fputs("}", out);
    timeline_close(timeline);
}
