/*
 * running.c - each case is run in a process of its own.
 *
 * It hands its notes back through a memory file. Findings that another case had already are counted, not told again. Where a
 * rule has ended a single run it is made again without that rule, for what the rule stands in front of.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "host/check/cases.h"
#include "host/cli/documents.h"
#include "host/cli/explore.h"

#define MAX_AGAIN 3

static struct list muted; /* "NAME=off", for --rule */

static double
now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

struct handing {
    FILE *out;
};

static void
hand_over(const struct search *search, void *context)
{
    struct handing *handing = context;
    uint64_t numbers[2] = {search->outcome.tally.runs,
                           search->findings + (search->other.text != NULL)};

    fwrite(numbers, sizeof(numbers), 1, handing->out);
    for (size_t i = 0; i < search->findings; i++) {
        note_send(handing->out, &search->confirmed[i].note);
    }
    if (search->other.text != NULL) {
        note_send(handing->out, &search->other);
    }
    fflush(handing->out);
}

void
case_options(const struct check *check, const struct one_case *one, struct options *out)
{
    *out = *check->options;
    memcpy(out->client, one->client, sizeof(one->client));
    out->clients = one->clients;
    out->client_exit_ignored = true;
    out->first = check->options->first && !one->goes_on;
    out->keep_going = !out->first;
    out->json = out->html = out->sarif = out->junit = out->coverage = NULL;
    out->trace = out->out = NULL;
    out->quiet = true;
    out->timelines = check->options->html != NULL || check->options->out != NULL;
    out->inject_given = true;
    if (one->fine) {
        out->granularity = RUN_MEMORY;
    }
    out->open = one->open;
    if (one->kind != CASE_SEARCH) {
        out->inject = 0;
        out->strategy = "random";
        out->budget_runs = one->clients > 1 ? 2 : 1;
        out->budget_seconds = 0;
    } else if (!check->options->inject_given) {
        out->inject = out->cpus_given ? 0 : one->inject; /* needs a processor for each thread */
    }
    for (size_t i = 0; (one->muted != 0 || one->kind == CASE_SEARCH) && i < muted.count &&
                       out->rules.count < MAX_LIST;
         i++) {
        out->rules.item[out->rules.count++] = muted.item[i];
    }
}

struct inside {
    struct check *check;
    const struct one_case *one;
    struct handing handing;
};

/* In the child. */
static int
explore_inside(void *context, struct options *options)
{
    struct inside *inside = context;
    struct check *check = inside->check;
    char folder[400];

    snprintf(folder, sizeof(folder), "%s/%s%s", check->out, inside->one->name,
             options->fail_number == 0 ? ""
             : options->fail_always    ? "-always"
                                       : "-once");
    if (inside->one->muted != 0) {
        size_t length = strlen(folder);

        snprintf(folder + length, sizeof(folder) - length, "-again-%u", inside->one->muted);
    }
    if (options->fail_number != 0) {
        size_t length = strlen(folder);

        snprintf(folder + length, sizeof(folder) - length, "-%u", options->fail_number);
    }
    return explore_case(options, check->argv, folder, check->request.coverage,
                        check->request.coverages, hand_over, &inside->handing);
}

static int
search_case(struct check *check, const struct one_case *one, double seconds, FILE *out)
{
    struct inside inside = {check, one, {out}};
    struct options options;

    if (one->kind == CASE_NOMEM) {
        int status = nomem_run(check, one, seconds, explore_inside, &inside);
        uint64_t numbers[2] = {check->runs, 0}; /* those of the child alone */

        fwrite(numbers, sizeof(numbers), 1, out);
        fflush(out);
        return status;
    }
    case_options(check, one, &options);
    if (one->kind != CASE_SEARCH) {
        /* all is said */
    } else if (options.budget_runs != 0) {
        options.budget_runs = options.budget_runs / cases > 0 ? options.budget_runs / cases : 1;
    } else {
        options.budget_seconds = seconds;
    }
    return explore_inside(&inside, &options);
}

static void
say_finding(const struct check *check, const struct note *note)
{
    fprintf(stderr, "\nntlab: finding %zu:\n", check->notes);
    text_show(note->text);
    if (note->schedule[0] != 0) {
        fprintf(stderr, "replay: ntlab replay %s\n", note->schedule);
    }
}

static bool
is_known(const struct check *check, const struct note *note)
{
    for (size_t i = 0; i < check->notes; i++) {
        const struct note *other = &check->note[i];

        /* The same mistake, reached from another case: the fingerprint has the way to it as well. */
        bool same = strcmp(other->rule, note->rule) == 0 &&
                    strcmp(other->where, note->where) == 0 &&
                    strcmp(other->message, note->message) == 0;

        if (note->verdict == other->verdict &&
            (same || (note->verdict == VERDICT_FINDING &&
                      strcmp(other->fingerprint, note->fingerprint) == 0))) {
            return true;
        }
    }
    return false;
}

/* A run goes on behind what breaks these: what they stand in front of is looked for without them. */
static bool
may_be_muted(const char *rule)
{
    static const char *const names[] = {"DoubleFetch", "KernelAddress",        "PoolUninitialized",
                                        "PoolLeak",    "ReferenceLeak",        "HandleLeak",
                                        "MdlLeak",     "UserHandleKernelMode", "KernelHandle"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(rule, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* False: it must not be. */
static bool
mute(const char *rule)
{
    char text[100];

    if (!may_be_muted(rule)) {
        return false;
    }
    snprintf(text, sizeof(text), "%.80s=off", rule);
    for (size_t i = 0; i < muted.count; i++) {
        if (strcmp(muted.item[i], text) == 0) {
            return true;
        }
    }
    muted.item[muted.count] = strdup(text);
    muted.count += muted.item[muted.count] != NULL;
    return true;
}

/* True: a rule was broken that can be muted. */
static bool
take_notes(struct check *check, int from, int status)
{
    bool mutes = false;
    FILE *in = fdopen(from, "r");
    uint64_t numbers[2];
    struct note note;

    rewind(in);
    while (fread(numbers, sizeof(numbers), 1, in) == 1) {
        check->runs += numbers[0];
        for (uint64_t i = 0; i < numbers[1] && note_receive(in, &note); i++) {
            mutes |= mute(note.rule);
            if (note.verdict == VERDICT_FINDING && note.of_system) {
                if (check->of_systems++ == 0) {
                    check->of_system = note;
                } else {
                    note_free(&note);
                }
                continue;
            }
            if (check->options->granularity != RUN_MEMORY && note.verdict == VERDICT_FINDING &&
                strcmp(note.kind, "race") == 0 && strcmp(note.severity, "error") != 0) {
                check->races++;
                note_free(&note);
                continue;
            }
            if ((note.verdict == VERDICT_FINDING && !note.of_driver) || is_known(check, &note) ||
                check->notes == MAX_NOTES) {
                check->repeats++;
                note_free(&note);
                continue;
            }
            check->note[check->notes++] = note;
            say_finding(check, &note);
        }
    }
    check->cases_clean += status == STATUS_CLEAN;
    check->cases_unsupported += status == STATUS_UNSUPPORTED;
    fclose(in);
    return mutes;
}

/* What a child has said, if it came to no result. */
static void
show(int from)
{
    char buffer[4096];
    ssize_t length;

    lseek(from, 0, SEEK_SET);
    while ((length = read(from, buffer, sizeof(buffer))) > 0) {
        fwrite(buffer, 1, (size_t)length, stderr);
    }
}

static int
run_once(struct check *check, const struct one_case *one, double seconds, bool *mutes)
{
    int notes = memfd_create("ntlab-notes", 0), said = memfd_create("ntlab-said", 0), ended;
    pid_t pid;

    fflush(NULL);
    pid = notes < 0 || said < 0 ? -1 : fork();
    if (pid == 0) {
        check->runs = 0;
        dup2(said, STDERR_FILENO);
        dup2(said, STDOUT_FILENO);
        documents_hand_over(NULL); /* who asked for the command gets what the command makes of it */
        exit(search_case(check, one, seconds, fdopen(notes, "w")));
    }
    while (pid > 0 && waitpid(pid, &ended, 0) < 0 && errno == EINTR) {
    }
    if (pid < 0 || !WIFEXITED(ended)) {
        fprintf(stderr, "ntlab: case %s did not come to its end\n", one->name);
        ended = STATUS_INTERNAL << 8;
    }
    if (WEXITSTATUS(ended) == STATUS_INTERNAL || WEXITSTATUS(ended) == STATUS_USAGE) {
        fprintf(stderr, "ntlab: case %s:\n", one->name);
        show(said);
    }
    *mutes = take_notes(check, notes, WEXITSTATUS(ended));
    close(said);
    return WEXITSTATUS(ended);
}

/* A single run goes on where a rule has ended it. */
static int
run_case(struct check *check, struct one_case *one, double seconds)
{
    bool mutes;
    size_t notes = check->notes, of_systems = check->of_systems;
    int status = run_once(check, one, seconds, &mutes);

    if (check->options->first && check->notes == notes && check->of_systems != of_systems &&
        one->kind == CASE_SEARCH) {
        one->goes_on = true; /* it has stopped at what is no finding */
        status = run_once(check, one, seconds, &mutes);
    }
    if (mutes && one->kind == CASE_SINGLE && !check->options->first) {
        int again;

        for (one->muted = 1; one->muted <= MAX_AGAIN && mutes; one->muted++) {
            again = run_once(check, one, seconds, &mutes);
            status = again == STATUS_INTERNAL || again == STATUS_USAGE ? again : status;
        }
    }
    return status;
}

static int
run_plain(struct check *check, const struct one_case *one)
{
    struct answer answer;
    size_t notes = check->notes;
    int status = survey_ask(check, &(struct question){.words = one->words, .loud = true}, &answer);

    free(answer.text);
    check->cases_clean += status == STATUS_CLEAN;
    check->cases_unsupported += status == STATUS_UNSUPPORTED;
    if (check->notes > notes) {
        struct note note = check->note[--check->notes];

        if (is_known(check, &note)) {
            check->repeats++;
            note_free(&note);
        } else {
            check->note[check->notes++] = note;
        }
    }
    return status;
}

int
cases_run(struct check *check)
{
    double budget = check->options->budget_seconds, started = now();
    bool terminal = isatty(STDERR_FILENO);
    int worst = STATUS_CLEAN;

    cases_make(check);
    mkdir(check->out, 0777);
    for (size_t i = 0; i < cases; i++) {
        double left = budget - (now() - started), share = left / (double)(cases - i);
        int status;

        if (check->options->first && check_errors(check) != 0) {
            break;
        }
        /* What is one run alone may take as long again: it finds most, and each takes little. */
        if (check->options->budget_runs == 0 && case_list[i].kind != CASE_PLAIN &&
            left < (case_list[i].kind == CASE_SEARCH ? 0 : -budget)) {
            check->left++;
            continue;
        }
        /* A search takes longer than its budget: it boots, learns, and confirms what it has found. */
        share = share < LEAST_SECONDS ? 0.1 : share - 0.3;
        if (terminal) {
            fprintf(stderr, "\r%-79.79s\r", "");
        }
        if (terminal && case_list[i].kind != CASE_PLAIN) { /* which says itself what it finds */
            fprintf(stderr, "check: %zu of %zu, %.0f s: %.50s", i + 1, cases, now() - started,
                    case_list[i].what);
        }
        if (case_list[i].sequence != NULL && !case_make_sequence(check, &case_list[i])) {
            continue;
        }
        status = case_list[i].kind == CASE_PLAIN ? run_plain(check, &case_list[i])
                                                 : run_case(check, &case_list[i], share);
        if (case_list[i].code != NULL && status != STATUS_CLEAN) {
            case_list[i].code->harmful = true;
        }
        check->cases++;
        if (status == STATUS_INTERNAL || status == STATUS_USAGE) {
            worst = status;
        }
    }
    if (terminal) {
        fprintf(stderr, "\r%-79.79s\r", "");
    }
    rmdir(check->out); /* if nothing is in it */
    check->seconds = now() - started;
    return worst;
}
