/*
 * merge.c - `ntlab merge DIR...`: what the shards of a search have come to together.
 *
 * A folder is one shard's (it has search.txt) or holds those of several. Counts of disjoint parts are
 * added; a finding that several shards have is one, also one that came about in another way there, as explore.c has it (it has the same
 * fingerprint), and so is a circle of waiting threads that one shard has seen
 * in the middle of a run and another one at its end. A data race is a warning, as in `explore`. Results of different searches are refused: the first
 * fact that differs is named. A shard that is there twice counts once.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "host/cli/cli.h"
#include "host/cli/shard.h"
#include "host/explore/variety.h"

#define MAX_TEXT (4u << 20)

struct seen {
    char severity[16];
    uint64_t signature, wanted, circle; /* as in struct search_finding */
    uint64_t times;
    unsigned preemptions, injections, steps;
    char fingerprint[80];
    char path[600];
    char message[600];
};

/* A crash that several shards may have come to. If the one that is to count it has not, it counts here. */
struct loose {
    uint64_t crash, signature;
    bool counted;
};

struct merged {
    char *identity; /* all `is` lines */
    char *from;     /* where they are from */
    char *assumptions;
    unsigned shards;
    bool *present;
    uint64_t runs, traces, bad, blocked;
    double seconds;
    unsigned outcome[4]; /* how many shards ended so: enum search_outcome */
    int status;          /* the worst of them */
    unsigned bound; /* 1 + the last one that all have completed; UINT_MAX: none has been bounded */
    struct seen *seen;
    size_t count;
    struct loose *loose;
    size_t looses;
    struct search_trace trace[SEARCH_TRACES]; /* of a search that samples: host/explore/variety.h */
    uint32_t kept;
    uint64_t looked;
    struct alias { /* by which signature a shard knows an entry of `seen` */
        uint64_t signature;
        size_t seen;
    } *alias;
    size_t aliases;
};

static char *
read_text(const char *path)
{
    FILE *in = fopen(path, "r");
    char *text;
    size_t length;

    if (in == NULL) {
        return NULL;
    }
    text = calloc(1, MAX_TEXT + 1);
    if (text == NULL) {
        abort();
    }
    length = fread(text, 1, MAX_TEXT, in);
    text[length] = 0;
    fclose(in);
    return text;
}

/* The lines that begin with `key`, as one text. */
static char *
lines_of(const char *text, const char *key)
{
    char *all = calloc(1, strlen(text) + 1);
    size_t length = strlen(key);

    if (all == NULL) {
        abort();
    }
    for (const char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        if (strncmp(line, key, length) == 0) {
            strncat(all, line + length, (size_t)(end - line) - length + 1);
        }
    }
    return all;
}

/* What one shard rests on, all together do: a crash, say, that only one has met. */
static void
assume(struct merged *merged, const char *text)
{
    char *lines = lines_of(text, "assumption "), *known = merged->assumptions;

    merged->assumptions = calloc(1, (known != NULL ? strlen(known) : 0) + strlen(lines) + 1);
    if (merged->assumptions == NULL) {
        abort();
    }
    strcat(merged->assumptions, known != NULL ? known : "");
    for (char *line = lines, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        char next = end[1];

        end[1] = 0;
        if (known == NULL || strstr(known, line) == NULL) {
            strcat(merged->assumptions, line);
        }
        end[1] = next;
    }
    free(lines);
    free(known);
}

/* The first lines in which the two differ. */
static int
refuse(const struct merged *merged, const char *folder, const char *identity)
{
    const char *a = merged->identity, *b = identity;

    while (*a != 0 || *b != 0) {
        size_t first = strcspn(a, "\n"), second = strcspn(b, "\n");

        if (first != second || strncmp(a, b, first) != 0) {
            return usage_error("%s is not of the same search as %s: `%.*s`, not `%.*s`", folder,
                               merged->from, (int)second, b, (int)first, a);
        }
        a += first + (a[first] == '\n');
        b += second + (b[second] == '\n');
    }
    return STATUS_USAGE;
}

static bool
is_same(const struct seen *a, const struct seen *b)
{
    return a->signature == b->signature ||
           (a->wanted == 0 && b->wanted == 0 && strcmp(a->fingerprint, "-") != 0 &&
            strcmp(a->fingerprint, b->fingerprint) == 0);
}

static void *
grown(void *list, size_t size)
{
    list = realloc(list, size);
    if (list == NULL) {
        abort();
    }
    return list;
}

static void
add_alias(struct merged *merged, uint64_t signature, size_t seen)
{
    merged->alias = grown(merged->alias, (merged->aliases + 1) * sizeof(*merged->alias));
    merged->alias[merged->aliases++] = (struct alias){signature, seen};
}

static void
add_loose(struct merged *merged, const char *line)
{
    struct loose new = {0};
    char word[16];

    if (sscanf(line, "%lx %lx %15s", &new.crash, &new.signature, word) == 3) {
        new.counted = strcmp(word, "counted") == 0;
        merged->loose = grown(merged->loose, (merged->looses + 1) * sizeof(new));
        merged->loose[merged->looses++] = new;
    }
}

/* Those that are counted first. */
static int
compare_loose(const void *a, const void *b)
{
    const struct loose *one = a, *other = b;

    return one->crash != other->crash ? (one->crash < other->crash ? -1 : 1)
                                      : other->counted - one->counted;
}

static void
count_left(struct merged *merged)
{
    if (merged->looses != 0) {
        qsort(merged->loose, merged->looses, sizeof(*merged->loose), compare_loose);
    }
    for (size_t i = 0; i < merged->looses; i++) {
        const struct loose *loose = &merged->loose[i];
        size_t a = 0;

        if (loose->counted || (i > 0 && loose[-1].crash == loose->crash)) {
            continue;
        }
        merged->traces++;
        merged->bad++;
        while (a < merged->aliases && merged->alias[a].signature != loose->signature) {
            a++;
        }
        if (a < merged->aliases) {
            merged->seen[merged->alias[a].seen].times++;
        }
    }
}

static void
add_finding(struct merged *merged, const char *folder, const char *line)
{
    struct seen new = {0};
    char path[200];
    int end = 0;

    if (sscanf(line, "%15s %lx %lx %lx %lu %u %u %u %79s %199s %n", new.severity, &new.signature,
               &new.wanted, &new.circle, &new.times, &new.preemptions, &new.injections, &new.steps,
               new.fingerprint, path, &end) < 10) {
        return;
    }
    snprintf(new.path, sizeof(new.path), "%.390s/%s", folder, path);
    snprintf(new.message, sizeof(new.message), "%.*s", (int)strcspn(line + end, "\n"), line + end);
    for (size_t i = 0; i < merged->count; i++) {
        struct seen *old = &merged->seen[i];

        if (is_same(old, &new)) {
            add_alias(merged, new.signature, i);
            new.times = new.wanted != 0 ? 1 : new.times + old->times; /* as tally.c counts */
            /* The smaller one is shown. */
            if (new.preemptions + new.injections > old->preemptions + old->injections ||
                (new.preemptions + new.injections == old->preemptions + old->injections &&
                 (new.steps > old->steps ||
                  (new.steps == old->steps &&strcmp(new.path, old->path) > 0)))) {
                old->times = new.times;
            } else {
                *old = new;
            }
            return;
        }
    }
    add_alias(merged, new.signature, merged->count);
    merged->seen = grown(merged->seen, (merged->count + 1) * sizeof(new));
    merged->seen[merged->count++] = new;
}

static void
add_facts(struct merged *merged, const char *folder, char *text)
{
    static const char *const outcomes[] = {"stopped", "exhausted", "bounded", "budget"};
    struct search_trace one;
    unsigned long number;
    double seconds;
    char word[32];
    int status;

    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        if (sscanf(line, "runs %lu", &number) == 1) {
            merged->runs += number;
        } else if (sscanf(line, "traces %lu", &number) == 1) {
            merged->traces += number;
        } else if (sscanf(line, "bad %lu", &number) == 1) {
            merged->bad += number;
        } else if (sscanf(line, "blocked %lu", &number) == 1) {
            merged->blocked += number;
        } else if (sscanf(line, "seconds %lf", &seconds) == 1) {
            merged->seconds += seconds;
        } else if (sscanf(line, "status %d", &status) == 1) {
            merged->status = status > merged->status ? status : merged->status;
        } else if (sscanf(line, "outcome %31s", word) == 1) {
            for (size_t i = 0; i < 4; i++) {
                merged->outcome[i] += strcmp(word, outcomes[i]) == 0;
            }
        } else if (sscanf(line, "bound %lu", &number) == 1) {
            merged->bound = number < merged->bound ? (unsigned)number : merged->bound;
        } else if (sscanf(line, "looked %lu", &number) == 1) {
            merged->looked += number;
        } else if (sscanf(line, "trace %lx %lu", &one.hash, &one.times) == 2) {
            merged->kept = variety_add(merged->trace, merged->kept, one);
        } else if (strncmp(line, "crash ", 6) == 0) {
            add_loose(merged, line + 6);
        } else if (strncmp(line, "finding ", 8) == 0) {
            add_finding(merged, folder, line + 8);
        }
    }
}

static int
add_shard(struct merged *merged, const char *folder, char *text)
{
    char *identity = lines_of(text, "is ");
    const char *line = strstr(text, "\nshard ");
    unsigned shard, shards;
    int status = 0;

    if (strstr(text, "\nend\n") == NULL || line == NULL ||
        sscanf(line, "\nshard %u %u", &shard, &shards) != 2 || shard >= shards ||
        shards > SHARD_MAX) {
        free(identity);
        return usage_error("%s/search.txt is not whole", folder);
    }
    if (merged->identity == NULL) {
        merged->identity = identity;
        merged->from = strdup(folder);
        merged->shards = shards;
        merged->present = calloc(shards, sizeof(*merged->present));
        assume(merged, text);
        if (merged->present == NULL || merged->from == NULL) {
            abort();
        }
    } else if (strcmp(merged->identity, identity) != 0) {
        status = refuse(merged, folder, identity);
        free(identity);
    } else if (merged->shards != shards) {
        free(identity);
        status = usage_error("%s is one of %u shards, %s one of %u", folder, shards, merged->from,
                             merged->shards);
    } else {
        assume(merged, text);
        free(identity);
    }
    if (status == 0 && merged->present[shard]) {
        fprintf(stderr, "ntlab: %s: shard %u/%u is there already and does not count again\n",
                folder, shard + 1, shards);
    } else if (status == 0) {
        merged->present[shard] = true;
        add_facts(merged, folder, text);
    }
    return status;
}

/* A folder with search.txt, or of such folders. */
static int
add_folder(struct merged *merged, const char *folder)
{
    struct dirent **entries;
    char path[400], *text;
    int count, status = 0;
    bool any = false;

    snprintf(path, sizeof(path), "%.380s/search.txt", folder);
    text = read_text(path);
    if (text != NULL) {
        status = add_shard(merged, folder, text);
        free(text);
        return status;
    }
    count = scandir(folder, &entries, NULL, versionsort);
    for (int i = 0; i < count; i++) {
        char inner[400];

        snprintf(inner, sizeof(inner), "%.150s/%.200s", folder, entries[i]->d_name);
        snprintf(path, sizeof(path), "%.380s/search.txt", inner);
        if (status == 0 && entries[i]->d_name[0] != '.' && access(path, R_OK) == 0) {
            text = read_text(path);
            if (text != NULL) {
                status = add_shard(merged, inner, text);
                free(text);
                any = true;
            }
        }
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
    return status != 0 || any
               ? status
               : usage_error("%s: no search.txt there, nor one folder deeper", folder);
}

/* As explore.c has it for the findings of one search. */
static void
drop_told(struct merged *merged)
{
    size_t kept = 0;

    for (size_t i = 0; i < merged->count; i++) {
        const struct seen *seen = &merged->seen[i];
        bool told = false;

        for (size_t j = 0; j < merged->count && seen->wanted != 0; j++) {
            told = told || merged->seen[j].circle == seen->wanted;
        }
        if (!told) {
            merged->seen[kept++] = *seen;
        }
    }
    merged->count = kept;
}

/* Findings that the status does not count: of this severity, or all. */
static size_t
uncounted(const struct merged *merged, const char *severity)
{
    size_t count = 0;

    for (size_t i = 0; i < merged->count; i++) {
        count += strcmp(merged->seen[i].severity, severity != NULL ? severity : "error") == 0
                     ? severity != NULL
                     : severity == NULL;
    }
    return count;
}

static unsigned
missing(const struct merged *merged)
{
    unsigned count = 0;

    for (unsigned i = 0; i < merged->shards; i++) {
        count += !merged->present[i];
    }
    return count;
}

static const char *
outcome(const struct merged *merged)
{
    return missing(merged) != 0                   ? "incomplete"
           : merged->outcome[SEARCH_STOPPED] != 0 ? "stopped"
           : merged->outcome[SEARCH_BUDGET] != 0  ? "budget"
           : merged->outcome[SEARCH_BOUNDED] != 0 ? "bounded"
                                                  : "exhausted";
}

static bool
is_enough(const struct merged *merged, const struct options *options)
{
    return missing(merged) == 0 &&
           (options->require == REQUIRE_NOTHING || strcmp(outcome(merged), "exhausted") == 0 ||
            (options->require == REQUIRE_BOUNDED && merged->bound > options->require_bound));
}

static void
say_assumptions(const struct merged *merged)
{
    const char *line = merged->assumptions;

    for (bool first = true; *line != 0; first = false) {
        size_t length = strcspn(line, "\n");

        fprintf(stderr, "%s%.*s", first ? " (" : ", ", (int)length, line);
        line += length + (line[length] == '\n');
    }
    fputs(merged->assumptions[0] != 0 ? ")\n" : "\n", stderr);
}

static void
say(const struct merged *merged)
{
    const char *how = outcome(merged), *what = merged->bad == 0 ? "no finding" : "findings";
    unsigned away = missing(merged);
    size_t races = uncounted(merged, "warning"), notes = uncounted(merged, "note");

    for (size_t i = 0; i < merged->count; i++) {
        const struct seen *seen = &merged->seen[i];

        fprintf(stderr, "ntlab: finding %zu: %s (", i + 1, seen->message);
        if (seen->wanted == 0) { /* else in how many it was seen depends on chance */
            fprintf(stderr, "in %lu runs; ", seen->times);
        }
        fprintf(stderr, "%u preemptions, %u choices)\n", seen->preemptions, seen->steps);
        fprintf(stderr, "replay: ntlab replay %s\n", seen->path);
    }
    if (races != 0) {
        fprintf(stderr, "ntlab: %zu data race%s: warnings, which the status does not count\n",
                races, races == 1 ? "" : "s");
    }
    if (notes != 0) {
        fprintf(stderr,
                "ntlab: %zu note%s: known of this system, which the status does not count\n", notes,
                notes == 1 ? "" : "s");
    }
    if (away != 0) {
        fprintf(stderr, "ntlab: %u of %u shards are missing:", away, merged->shards);
        for (unsigned i = 0; i < merged->shards; i++) {
            if (!merged->present[i]) {
                fprintf(stderr, " %u", i + 1);
            }
        }
        fputs("\n", stderr);
    }
    if (strcmp(how, "exhausted") == 0) {
        fprintf(stderr, "ntlab: exhausted: %s in all %lu traces", what, merged->traces);
        say_assumptions(merged);
    } else if (strcmp(how, "stopped") == 0) {
        fprintf(stderr, "ntlab: %u of %u shards stopped at a finding\n",
                merged->outcome[SEARCH_STOPPED], merged->shards);
    } else {
        fprintf(stderr, "ntlab: %s: %s in %lu runs\n", how, what, merged->runs);
        if (away == 0 && merged->bound != 0 && merged->bound != UINT_MAX) {
            fprintf(stderr, "ntlab: all shards have completed bound %u\n", merged->bound - 1);
        }
    }
    fprintf(stderr,
            "ntlab: %lu runs in %.1f s of %u shards, %s%lu traces, %lu bad, %lu cut short as "
            "repetitions\n",
            merged->runs, merged->seconds, merged->shards - away,
            merged->looked != 0 ? "at least " : "", merged->traces, merged->bad, merged->blocked);
}

static int
write_json(const struct merged *merged, const char *path, int status)
{
    FILE *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    bool first = true;
    char bound[32] = "";

    if (out == NULL) {
        return usage_error("%s: %s", path, strerror(errno));
    }
    fprintf(out,
            "{\n  \"schema\": 1, \"ntlab\": \"%s\", \"command\": \"merge\", \"verdict\": \"%s\",\n"
            "  \"search\": {\"outcome\": \"%s\", \"runs\": %lu, \"traces\": %lu, \"bad\": %lu, "
            "\"blocked\": %lu, \"seconds\": %.3f, \"shards\": %u, ",
            NTLAB_VERSION,
            merged->count != uncounted(merged, NULL) ? "finding"
            : status == STATUS_CLEAN                 ? "clean"
            : status == STATUS_REQUIREMENT           ? "inconclusive"
                                                     : "error",
            outcome(merged), merged->runs, merged->traces, merged->bad, merged->blocked,
            merged->seconds, merged->shards);
    if (missing(merged) == 0 && merged->bound != 0 && merged->bound != UINT_MAX) {
        snprintf(bound, sizeof(bound), "\"bound\": %u, ", merged->bound - 1);
    }
    if (merged->looked != 0) {
        fprintf(out, "\"told_apart\": %lu, \"chance_of_a_new_trace\": %.6f, ", merged->looked,
                variety_chance(merged->trace, merged->kept));
    }
    fprintf(out, "%s\"missing\": [", bound);
    for (unsigned i = 0; i < merged->shards; i++) {
        if (!merged->present[i]) {
            fprintf(out, "%s%u", first ? "" : ", ", i + 1);
            first = false;
        }
    }
    fputs("],\n    \"assumptions\": [", out);
    for (const char *line = merged->assumptions; *line != 0;) {
        char item[300];
        size_t length = strcspn(line, "\n");

        snprintf(item, sizeof(item), "%.*s", (int)length, line);
        fputs(line == merged->assumptions ? "" : ", ", out);
        json_string(out, item);
        line += length + (line[length] == '\n');
    }
    fputs("]},\n  \"findings\": [", out);
    for (size_t i = 0; i < merged->count; i++) {
        const struct seen *seen = &merged->seen[i];

        fputs(i == 0 ? "\n    {" : ",\n    {", out);
        fprintf(out, "\"severity\": \"%s\", \"message\": ", seen->severity);
        json_string(out, seen->message);
        fprintf(out,
                ", \"fingerprint\": \"%s\", \"signature\": \"%016lx\", \"runs\": %lu, "
                "\"preemptions\": %u, \"injections\": %u, "
                "\"steps\": %u, \"schedule\": ",
                seen->fingerprint, seen->signature, seen->times, seen->preemptions,
                seen->injections, seen->steps);
        json_string(out, seen->path);
        fputs("}", out);
    }
    fputs("]\n}\n", out);
    return out == stdout || fclose(out) == 0 ? 0 : usage_error("%s: %s", path, strerror(errno));
}

int
command_merge(int argc, char **argv)
{
    struct merged merged = {.bound = UINT_MAX};
    struct options options;
    int status = options_parse(argc, argv, &options);

    if (status != 0) {
        return status;
    }
    if (options.drivers.count == 0) {
        return usage_error("merge: no folder with results (explore --out DIR makes one)");
    }
    for (size_t i = 0; i < options.drivers.count && status == 0; i++) {
        status = add_folder(&merged, options.drivers.item[i]);
    }
    if (status == 0) {
        count_left(&merged);
        if (merged.looked != 0) {
            merged.traces = variety_traces(merged.trace, merged.kept);
        }
        drop_told(&merged);
        say(&merged);
        status = merged.status;
        if (status == STATUS_CLEAN && !is_enough(&merged, &options)) {
            status = STATUS_REQUIREMENT;
        }
        if (options.json != NULL && write_json(&merged, options.json, status) != 0) {
            status = STATUS_USAGE;
        }
    }
    free(merged.identity);
    free(merged.from);
    free(merged.assumptions);
    free(merged.present);
    free(merged.seen);
    free(merged.loose);
    free(merged.alias);
    return status;
}
