/*
 * cases.c - what is tried on a driver: each case is a search of schedules, in a process of its own.
 *
 *     load      the driver is loaded and unloaded, and nobody asks it for anything; one run
 *     walk      everything once, by one thread; one run
 *     fuzz      each code with structures made from what the driver compares with; one run
 *     sequence  such requests one after the other, of all codes that are harmless alone; one run
 *     nomem     each allocation fails, once and always, while a client walks through everything (nomem.c)
 *     hostile   every code with all lengths, and with pointers and contents that lie, from two processes; one run
 *     activity  for a driver that is notified: processes, threads, images, registry; one run, and a search with requests
 *     cancel    a request that waits is cancelled while something else may complete it
 *     io        everything but controls, from two processes
 *     storm     one code, then all of them, from two processes with two threads each
 *     fine      the same from two threads, which take turns at each access to memory and not only at calls of the kernel
 *     reload    the driver is unloaded under load, and loaded again
 *     files     for a filter: two processes with files; where it is attached by hand only, the client does that
 *
 * How they are run: running.c.
 */
#include <stdlib.h>
#include <string.h>
#include "host/check/cases.h"

struct one_case case_list[MAX_CASES];
size_t cases;

struct one_case *
case_add(const char *name, const char *what)
{
    struct one_case *one;

    if (cases == MAX_CASES) {
        return NULL;
    }
    one = &case_list[cases++];
    memset(one, 0, sizeof(*one));
    one->inject = ABI_INJECT_ALL;
    snprintf(one->name, sizeof(one->name), "%s", name);
    snprintf(one->what, sizeof(one->what), "%s", what);
    return one;
}

void
case_client(struct check *check, struct one_case *one, enum abi_token token, const char *words)
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

enum abi_token
case_weakest(const struct device *device)
{
    return device->of_users ? ABI_TOKEN_USER : ABI_TOKEN_ADMIN;
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

void
cases_make(struct check *check)
{
    const struct survey *survey = &check->survey;
    static void (*const kinds[])(struct check *, const struct device *, size_t) = {
        walk_case,    fuzz_cases, unknown_case, sequence_case, nomem_case, hostile_cases,
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
        if (kinds[kind] == hostile_cases) {
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
                      ? case_add("files-unload", "files of two processes, the filter is unloaded")
                      : case_add("files", "files of two processes");
            case_client(check, one, ABI_TOKEN_USER, case_files_words(check, "a.txt", false, false));
            case_client(check, one, ABI_TOKEN_ADMIN,
                        case_files_words(check, "b.txt", true, unload != 0));
            if (one != NULL) {
                one->inject &= ~(uint32_t)(unload ? ABI_INJECT_SUSPEND : ABI_INJECT_UNLOAD);
            }
        }
    }
}
