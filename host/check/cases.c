/*
 * cases.c - what is tried on a driver: each case is a search of schedules, in a process of its own.
 *
 *     load      the driver is loaded and unloaded, and nobody asks it for anything; one run
 *     walk      everything once, by one thread; one run
 *     fuzz      each code with structures made from what the driver compares with; one run
 *     sequence  such requests one after the other, of all codes that are harmless alone; one run
 *     hostile   every code with all lengths, and with pointers and contents that lie, from two processes; one run
 *     nomem     each allocation fails, once and always, while a client walks through everything (nomem.c)
 *     activity  for a driver that is notified: processes, threads, images, registry; one run, and a search with requests
 *     cancel    a request that waits is cancelled while something else may complete it
 *     io        everything but controls, from two processes
 *     storm     one code, then all of them, from two processes with two threads each
 *     fine      the same from two threads, which take turns at each access to memory and not only at calls of the kernel
 *     reload    the driver is unloaded under load, and loaded again
 *     files     for a filter: two processes with files; where it is attached by hand only, the client does that
 *
 * A case hands its notes back through a memory file. Findings that another case had already are counted, not told again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "host/check/check.h"
#include "host/cli/documents.h"
#include "host/cli/explore.h"

#define MAX_STORMS     16 /* codes of a device that have a case of their own */
#define MAX_FINE       2  /* codes of a device that two threads send at memory granularity */
#define MAX_TOGETHER   6  /* codes of a case with all of them */
#define MAX_HOSTILE    8  /* codes of one case */
#define MAX_FUZZ       32 /* codes of a device that have a case of their own */
#define MAX_AGAIN      3
#define MAX_STEPS      2000
#define MAX_CANCELS    8 /* codes of a device whose cancellation has a case of its own */
#define MAX_COMPLETERS 4 /* codes sent meanwhile */

/* What a search costs at least: the boot, learning, and the schedules that are always tried. */
#define LEAST_SECONDS 0.5

static struct one_case list[MAX_CASES];
static size_t cases;

static struct list muted; /* "NAME=off", for --rule */

static double
now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- the list ---- */

static struct one_case *
add_case(const char *name, const char *what)
{
    struct one_case *one;

    if (cases == MAX_CASES) {
        return NULL;
    }
    one = &list[cases++];
    memset(one, 0, sizeof(*one));
    one->inject = ABI_INJECT_ALL;
    snprintf(one->name, sizeof(one->name), "%s", name);
    snprintf(one->what, sizeof(one->what), "%s", what);
    return one;
}

static void
add_client(struct check *check, struct one_case *one, enum abi_token token, const char *words)
{
    if (one == NULL) {
        return;
    }
    snprintf(one->command[one->clients], sizeof(one->command[0]), "\"%.900s\" %.8000s",
             check->client, words);
    if (one->clients == 0) {
        snprintf(one->words, sizeof(one->words), "%.7999s", words);
    }
    one->client[one->clients] = (struct client){token, one->command[one->clients], NULL};
    one->clients++;
}

static enum abi_token
weakest(const struct device *device)
{
    return device->of_users ? ABI_TOKEN_USER : ABI_TOKEN_ADMIN;
}

/* " CODE:IN:OUT/HINTS" */
static size_t
fuzz_words(const struct code *code, char *words, size_t size)
{
    int length = snprintf(words, size, " %x:%u:%u%s", code->code, code->good_in, code->good_out,
                          code->hints);

    if (length < 0 || (size_t)length >= size) {
        words[0] = 0;
        return 0;
    }
    return (size_t)length;
}

static void
fuzz_cases(struct check *check, const struct device *device, size_t number)
{
    for (size_t i = 0; i < device->codes && i < MAX_FUZZ; i++) {
        char name[64], what[200], words[700];
        size_t used = (size_t)snprintf(words, sizeof(words), "fuzz %s", device->name);
        struct one_case *one;

        fuzz_words(&device->code[i], words + used, sizeof(words) - used);
        snprintf(name, sizeof(name), "fuzz-%zu-%x", number, device->code[i].code);
        snprintf(what, sizeof(what), "%s: 0x%x with structures", device->name,
                 device->code[i].code);
        one = add_case(name, what);
        add_client(check, one, weakest(device), words);
        if (one != NULL) {
            one->kind = CASE_SINGLE;
            one->code = (struct code *)&device->code[i];
        }
    }
}

/* A driver must live with codes that are not its own: of its type, and of another one. */
static void
unknown_case(struct check *check, const struct device *device, size_t number)
{
    char name[64], what[200], words[400];
    size_t used = (size_t)snprintf(words, sizeof(words), "fuzz %s", device->name);
    uint32_t type = device->codes != 0 ? device->code[0].code >> 16 : 0x22;
    struct one_case *one;

    for (uint32_t method = 0; method < 4; method++) {
        used += (size_t)snprintf(words + used, sizeof(words) - used, " %x:64:64",
                                 type << 16 | 0xF7A << 2 | method);
    }
    snprintf(name, sizeof(name), "unknown-%zu", number);
    snprintf(what, sizeof(what), "%s: codes that nobody has", device->name);
    one = add_case(name, what);
    add_client(check, one, weakest(device), words);
    if (one != NULL) {
        one->kind = CASE_SINGLE;
    }
}

static void
sequence_case(struct check *check, const struct device *device, size_t number)
{
    char name[64], what[200];
    struct one_case *one;

    (void)check;
    if (device->codes < 2) {
        return;
    }
    snprintf(name, sizeof(name), "sequence-%zu", number);
    snprintf(what, sizeof(what), "%s: all codes one after the other", device->name);
    one = add_case(name, what);
    if (one != NULL) {
        one->kind = CASE_SINGLE;
        one->sequence = device; /* the rest is known later */
    }
}

/* Those that are harmless alone. False: there are not two of them. */
static bool
make_sequence(struct check *check, struct one_case *one)
{
    char words[8000];
    const struct device *device = one->sequence;
    size_t used = (size_t)snprintf(words, sizeof(words), "sequence %s %u", device->name, MAX_STEPS);
    size_t count = 0;

    for (size_t i = 0; i < device->codes; i++) {
        if (!device->code[i].harmful && !device->code[i].crashed) {
            size_t length = fuzz_words(&device->code[i], words + used, sizeof(words) - used);

            used += length;
            count += length != 0;
        }
    }
    add_client(check, one, weakest(device), words);
    return count >= 2;
}

static void
hostile_cases(struct check *check, const struct device *device, size_t number)
{
    for (size_t from = 0; from < device->codes; from += MAX_HOSTILE) {
        char name[64], what[200], words[1100];
        size_t used = (size_t)snprintf(words, sizeof(words), "hostile %s", device->name);
        struct one_case *one;

        for (size_t i = from; i < device->codes && i < from + MAX_HOSTILE; i++) {
            used +=
                (size_t)snprintf(words + used, sizeof(words) - used, " %x", device->code[i].code);
        }
        snprintf(name, sizeof(name), "hostile-%zu-%zu", number, from / MAX_HOSTILE + 1);
        snprintf(what, sizeof(what), "%s: all lengths, hostile buffers", device->name);
        one = add_case(name, what);
        add_client(check, one, ABI_TOKEN_USER, words);
        add_client(check, one, ABI_TOKEN_ADMIN, words);
        if (one != NULL) {
            one->kind = CASE_SINGLE;
        }
    }
}

/* "storm DEVICE THREADS ROUNDS", or another word of the client, and codes with their lengths. */
static size_t
storm_words(const struct device *device, const char *how, size_t from, size_t most, char *words,
            size_t size)
{
    const char *space = strchr(how, ' ');
    int verb = (int)strcspn(how, " ");
    size_t used = (size_t)snprintf(words, size, "%.*s %s%s", verb, how, device->name,
                                   space != NULL ? space : ""),
           count = 0;

    for (size_t i = from; i < device->codes && count < most && used + 32 < size; i++) {
        const struct code *code = &device->code[i];

        if (!code->crashed && (code->accepted || most == 1)) {
            used += (size_t)snprintf(words + used, size - used, " %x:%u:%u", code->code,
                                     code->good_in, code->good_out);
            count++;
        }
    }
    return count;
}

static void
storm_cases(struct check *check, const struct device *device, size_t number)
{
    char name[64], what[200], words[1100];
    struct one_case *one;
    size_t storms = 0, most = MAX_STORMS;

    if (check->options->budget_runs == 0 &&
        most > (size_t)(check->options->budget_seconds / (2 * LEAST_SECONDS))) {
        most = (size_t)(check->options->budget_seconds / (2 * LEAST_SECONDS));
    }
    for (size_t i = 0; i < device->codes && storms < most; i++) {
        if (device->code[i].crashed ||
            (!device->code[i].accepted && (device->code[i].source & CODE_TRIED) == 0) ||
            /* One that was accepted, and then no more: what it takes is used up by the first ones. */
            storm_words(device, strcmp(device->code[i].in, "none") == 0 ? "storm 2 3" : "storm 2 1",
                        i, 1, words, sizeof(words)) == 0) {
            continue;
        }
        snprintf(name, sizeof(name), "storm-%zu-%x", number, device->code[i].code);
        snprintf(what, sizeof(what), "%s: 0x%x from two processes", device->name,
                 device->code[i].code);
        one = add_case(name, what);
        add_client(check, one, ABI_TOKEN_USER, words);
        add_client(check, one, ABI_TOKEN_ADMIN, words);
        storms++;
    }
}

/* A race need not contain a call of the kernel. Nothing is added here: what is looked for is what two threads do to each
   other. A race that harms nobody is not told: `explore --granularity memory` does. */
static void
fine_cases(struct check *check, const struct device *device, size_t number)
{
    char name[64], what[200], words[1100];
    struct one_case *one;

    for (size_t i = 0, made = 0; i < device->codes && made < MAX_FINE; i++) {
        if (device->code[i].crashed || !device->code[i].accepted ||
            storm_words(device, "storm 2 1", i, 1, words, sizeof(words)) == 0) {
            continue;
        }
        snprintf(name, sizeof(name), "fine-%zu-%x", number, device->code[i].code);
        snprintf(what, sizeof(what), "%s: 0x%x from two threads, memory granularity", device->name,
                 device->code[i].code);
        one = add_case(name, what);
        add_client(check, one, ABI_TOKEN_ADMIN, words);
        if (one != NULL) {
            one->fine = true;
            one->inject = 0;
        }
        made++;
    }
}

/* All codes at once; with one that is accepted that would be its own storm. */
static void
together_case(struct check *check, const struct device *device, size_t number)
{
    char name[64], what[200], words[1100];
    size_t accepted = 0;
    struct one_case *one;

    for (size_t i = 0; i < device->codes; i++) {
        accepted += device->code[i].accepted;
    }
    if (accepted < 2 ||
        storm_words(device, "storm 2 1", 0, MAX_TOGETHER, words, sizeof(words)) == 0) {
        return;
    }
    snprintf(name, sizeof(name), "storm-%zu-all", number);
    snprintf(what, sizeof(what), "%s: all codes at once from two processes", device->name);
    one = add_case(name, what);
    add_client(check, one, ABI_TOKEN_USER, words);
    add_client(check, one, ABI_TOKEN_ADMIN, words);
}

/* A request that waits, who cancels it, and who completes it: nobody and nothing else, so that a search goes through all. */
static void
cancel_cases(struct check *check, const struct device *device, size_t number)
{
    static const char *const processes[] = {"PsSetCreateProcess", NULL};
    size_t made = 0;

    for (size_t i = 0; i < device->codes && made < MAX_CANCELS; i++) {
        char name[64], what[200], words[1100];
        size_t used;
        struct one_case *one;

        if (!device->code[i].waits || device->code[i].crashed) {
            continue;
        }
        snprintf(name, sizeof(name), "cancel-%zu-%x", number, device->code[i].code);
        snprintf(what, sizeof(what), "%s: 0x%x is cancelled", device->name, device->code[i].code);
        one = add_case(name, what);
        if (one == NULL) {
            return;
        }
        one->inject = ABI_INJECT_CANCEL;
        storm_words(device, "storm 1 4", i, 1, words, sizeof(words));
        add_client(check, one, ABI_TOKEN_ADMIN, words);
        if (imports_any(check, processes)) {
            add_client(check, one, ABI_TOKEN_ADMIN, "nothing");
        }
        used = (size_t)snprintf(words, sizeof(words), "storm %s 1 1", device->name);
        for (size_t j = 0, others = 0; j < device->codes && others < MAX_COMPLETERS; j++) {
            const struct code *other = &device->code[j];

            if (!other->crashed && other->accepted && !other->waits) {
                used += (size_t)snprintf(words + used, sizeof(words) - used, " %x:%u:%u",
                                         other->code, other->good_in, other->good_out);
                others++;
            }
        }
        if (strchr(words, ':') != NULL) {
            add_client(check, one, ABI_TOKEN_ADMIN, words);
        }
        made++;
    }
}

static void
io_case(struct check *check, const struct device *device, size_t number)
{
    char name[64], what[200], words[300];
    struct one_case *one;

    snprintf(name, sizeof(name), "io-%zu", number);
    snprintf(what, sizeof(what), "%s: read, write, flush, queries, from two processes",
             device->name);
    snprintf(words, sizeof(words), "io %s", device->name);
    one = add_case(name, what);
    add_client(check, one, ABI_TOKEN_USER, words);
    add_client(check, one, ABI_TOKEN_ADMIN, words);
}

/* "files DIRECTORY NAME ...", and files that the driver may know. Who is an administrator attaches the filter first, where
   it must be. */
static const char *
files_words(const struct check *check, const char *name, bool attach, bool detach)
{
    static char words[900];
    const char *service = attach && check->survey.attach[0] != 0 ? check->survey.attach : "-";
    size_t used = (size_t)snprintf(words, sizeof(words), "files C:\\check %s %s %s", name, service,
                                   detach ? "detach" : "keep");

    for (size_t i = 0; i < check->names && used < sizeof(words); i++) {
        used += (size_t)snprintf(words + used, sizeof(words) - used, " %s", check->name[i]);
    }
    return words;
}

/* Everything once, with or without allocations that fail; `device`: NULL for files. */
static void
walk_of(struct check *check, const struct device *device, size_t number, enum case_kind kind)
{
    char name[64], what[200], words[1100];
    struct one_case *one;

    snprintf(name, sizeof(name), "%s-%zu",
             kind == CASE_NOMEM   ? "nomem"
             : kind == CASE_PLAIN ? "plain"
                                  : "walk",
             number);
    snprintf(what, sizeof(what), "%s: %s", device != NULL ? device->name : "files",
             kind == CASE_NOMEM ? "allocations fail" : "everything once");
    one = add_case(name, what);
    if (device != NULL) {
        storm_words(device, "walk", 0, MAX_STORMS, words, sizeof(words));
    } else {
        snprintf(words, sizeof(words), "%s", files_words(check, "a.txt", true, kind != CASE_NOMEM));
    }
    add_client(check, one, ABI_TOKEN_ADMIN, words);
    if (one != NULL) {
        one->kind = kind;
    }
}

/* Also as `ntlab run` has it: time passes only when everybody waits, so that what is set for later is still set. */
static void
walk_case(struct check *check, const struct device *device, size_t number)
{
    walk_of(check, device, number, CASE_PLAIN);
    walk_of(check, device, number, CASE_SINGLE);
}

static void
nomem_case(struct check *check, const struct device *device, size_t number)
{
    walk_of(check, device, number, CASE_NOMEM);
}

/* device: NULL: it is loaded and unloaded. Else opening that one ends the run, and each other case would end so. */
static void
load_case(struct check *check, const struct device *device, size_t number)
{
    char name[64] = "load", what[200] = "loaded and unloaded", words[300] = "list";
    struct one_case *one;

    if (device != NULL) {
        snprintf(name, sizeof(name), "open-%zu", number);
        snprintf(what, sizeof(what), "%s: opened", device->name);
        snprintf(words, sizeof(words), "open %s", device->name);
    }
    one = add_case(name, what);
    add_client(check, one, ABI_TOKEN_ADMIN, words);
    if (one != NULL) {
        one->kind = CASE_LOAD;
    }
}

static void
reload_case(struct check *check, const struct device *device)
{
    char what[200], words[1100];
    const char *service = check->request.boot.driver[check->request.boot.drivers - 1].name;
    struct one_case *one;

    snprintf(what, sizeof(what), "%s unloaded under load and loaded again", service);
    one = add_case("reload", what);
    snprintf(words, sizeof(words), "reload %s 2", service);
    add_client(check, one, ABI_TOKEN_SYSTEM, words);
    if (one != NULL) {
        one->inject &= ~(uint32_t)ABI_INJECT_UNLOAD;
    }
    if (device != NULL) {
        if (storm_words(device, "storm 1 1", 0, 2, words, sizeof(words)) == 0) {
            snprintf(words, sizeof(words), "open %s", device->name);
        }
        add_client(check, one, ABI_TOKEN_USER, words);
    }
}

/* Of a device that answers all codes alike: one of each method. */
static const struct device *
with_codes(const struct check *check, const struct device *device)
{
    static struct device *known[MAX_DEVICES];
    size_t number = (size_t)(device - check->survey.device);
    struct device *generic = known[number];

    if (device->codes != 0) {
        return device;
    }
    if (generic != NULL) {
        return generic;
    }
    generic = known[number] = malloc(sizeof(*generic));
    if (generic == NULL) {
        abort();
    }
    *generic = *device;
    generic->codes = 4;
    for (uint32_t i = 0; i < 4; i++) {
        generic->code[i] = (struct code){.code = 0x222000 + i * 4 + i,
                                         .source = CODE_TRIED,
                                         .good_in = 64,
                                         .good_out = 64,
                                         .accepted = true};
        memcpy(generic->code[i].hints, check->hints, sizeof(check->hints));
    }
    return generic;
}

/* `first`: NULL: there is no device. */
static void
activity_cases(struct check *check, const struct device *first)
{
    static const char *const routines[] = {"PsSetCreate", "PsSetLoadImage", "ObRegisterCallb",
                                           "CmRegisterCallback", NULL};
    char words[1100] = "activity \\Device\\Null";
    struct one_case *one;

    if (!imports_any(check, routines)) {
        return;
    }
    if (first != NULL &&
        storm_words(first, "activity", 0, MAX_TOGETHER, words, sizeof(words)) == 0) {
        snprintf(words, sizeof(words), "activity %s", first->name);
    }
    one = add_case("activity", "what the driver is notified of");
    add_client(check, one, ABI_TOKEN_ADMIN, words);
    if (one != NULL) {
        one->kind = CASE_SINGLE;
    }
    if (first != NULL && storm_words(first, "storm 2 2", 0, 2, words, sizeof(words)) != 0) {
        one = add_case("activity-storm", "what the driver is notified of, and requests");
        add_client(check, one, ABI_TOKEN_ADMIN, words);
        add_client(check, one, ABI_TOKEN_ADMIN, "nothing");
        add_client(check, one, ABI_TOKEN_ADMIN, "nothing");
    }
}

static void
make_list(struct check *check)
{
    const struct survey *survey = &check->survey;
    static void (*const kinds[])(struct check *, const struct device *, size_t) = {
        walk_case,    fuzz_cases, unknown_case, sequence_case, hostile_cases, nomem_case,
        cancel_cases, io_case,    fine_cases,   together_case, storm_cases};
    const struct device *first = NULL;

    if (survey->load_status != STATUS_CLEAN) {
        load_case(check, NULL, 0);
    }
    for (size_t i = 0; i < survey->devices; i++) {
        if (survey->device[i].ends) {
            load_case(check, &survey->device[i], i + 1);
        }
    }
    /* What is cheap and broad comes first, of all devices. */
    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
        for (size_t i = 0; i < survey->devices; i++) {
            if (survey->device[i].opened) {
                first = first != NULL ? first : &survey->device[i];
                kinds[kind](check, with_codes(check, &survey->device[i]), i + 1);
            }
        }
        if (kinds[kind] == walk_case) {
            activity_cases(check, first);
        }
        if (kinds[kind] == nomem_case) {
            reload_case(check, first);
        }
    }
    if (survey->minifilter || first == NULL) {
        struct one_case *one;

        walk_case(check, NULL, 0);
        nomem_case(check, NULL, 0);
        /* Who is suspended in a filter holds up its unloading and detaching, there as here: not both at once. */
        for (int unload = 0; unload < 2; unload++) {
            one = unload
                      ? add_case("files-unload", "files of two processes, the filter is unloaded")
                      : add_case("files", "files of two processes");
            add_client(check, one, ABI_TOKEN_USER, files_words(check, "a.txt", false, false));
            add_client(check, one, ABI_TOKEN_ADMIN, files_words(check, "b.txt", true, unload != 0));
            if (one != NULL) {
                one->inject &= ~(uint32_t)(unload ? ABI_INJECT_SUSPEND : ABI_INJECT_UNLOAD);
            }
        }
    }
}

/* ---- running ---- */

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

    make_list(check);
    mkdir(check->out, 0777);
    for (size_t i = 0; i < cases; i++) {
        double left = budget - (now() - started), share = left / (double)(cases - i);
        int status;

        if (check->options->first && check_errors(check) != 0) {
            break;
        }
        /* What is one run alone may take as long again: it finds most, and each takes little. */
        if (check->options->budget_runs == 0 && list[i].kind != CASE_PLAIN &&
            left < (list[i].kind == CASE_SEARCH ? 0 : -budget)) {
            check->left++;
            continue;
        }
        /* A search takes longer than its budget: it boots, learns, and confirms what it has found. */
        share = share < LEAST_SECONDS ? 0.1 : share - 0.3;
        if (terminal) {
            fprintf(stderr, "\r%-79.79s\r", "");
        }
        if (terminal && list[i].kind != CASE_PLAIN) { /* which says itself what it finds */
            fprintf(stderr, "check: %zu of %zu, %.0f s: %.50s", i + 1, cases, now() - started,
                    list[i].what);
        }
        if (list[i].sequence != NULL && !make_sequence(check, &list[i])) {
            continue;
        }
        status = list[i].kind == CASE_PLAIN ? run_plain(check, &list[i])
                                            : run_case(check, &list[i], share);
        if (list[i].code != NULL && status != STATUS_CLEAN) {
            list[i].code->harmful = true;
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
