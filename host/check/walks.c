/*
 * walks.c - cases that go through everything once: controls, reads and writes, files; with and without memory.
 */
#include <string.h>
#include "host/check/cases.h"

void
io_case(struct check *check, const struct device *device, size_t number)
{
    char name[64], what[200], words[300];
    struct one_case *one;

    snprintf(name, sizeof(name), "io-%zu", number);
    snprintf(what, sizeof(what), "%s: read, write, flush, queries, from two processes",
             device->name);
    snprintf(words, sizeof(words), "io %s", device->name);
    one = case_add(name, what);
    case_client(check, one, ABI_TOKEN_USER, words);
    case_client(check, one, ABI_TOKEN_ADMIN, words);
}

/* "files DIRECTORY NAME ...", and files that the driver may know. Who is an administrator attaches the filter first, where
   it must be. */
const char *
case_files_words(const struct check *check, const char *name, bool attach, bool detach)
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
    one = case_add(name, what);
    if (device != NULL) {
        case_storm_words(device, "walk", 0, MAX_STORMS, words, sizeof(words));
    } else {
        snprintf(words, sizeof(words), "%s",
                 case_files_words(check, "a.txt", true, kind != CASE_NOMEM));
    }
    case_client(check, one, ABI_TOKEN_ADMIN, words);
    if (one != NULL) {
        one->kind = kind;
    }
}

/* Also as `ntlab run` has it: time passes only when everybody waits, so that what is set for later is still set. */
void
walk_case(struct check *check, const struct device *device, size_t number)
{
    walk_of(check, device, number, CASE_PLAIN);
    walk_of(check, device, number, CASE_SINGLE);
}

void
nomem_case(struct check *check, const struct device *device, size_t number)
{
    walk_of(check, device, number, CASE_NOMEM);
}

/* device: NULL: it is loaded and unloaded. Else opening that one ends the run, and each other case would end so. */
void
load_case(struct check *check, const struct device *device, size_t number)
{
    char name[64] = "load", what[200] = "loaded and unloaded", words[300] = "list";
    struct one_case *one;

    if (device != NULL) {
        snprintf(name, sizeof(name), "open-%zu", number);
        snprintf(what, sizeof(what), "%s: opened", device->name);
        snprintf(words, sizeof(words), "open %s", device->name);
    }
    one = case_add(name, what);
    case_client(check, one, ABI_TOKEN_ADMIN, words);
    if (one != NULL) {
        one->kind = CASE_LOAD;
    }
}
