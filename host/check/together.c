/*
 * together.c - cases in which several things happen at once: a search of schedules each.
 */
#include <string.h>
#include "host/check/cases.h"

#define MAX_FINE       2 /* codes of a device that two threads send at memory granularity */
#define MAX_TOGETHER   6 /* codes of a case with all of them */
#define MAX_CANCELS    8 /* codes of a device whose cancellation has a case of its own */
#define MAX_COMPLETERS 4 /* codes sent meanwhile */

/* "storm DEVICE THREADS ROUNDS", or another word of the client, and codes with their lengths. */
size_t
case_storm_words(const struct device *device, const char *how, size_t from, size_t most,
                 char *words, size_t size)
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

void
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
            case_storm_words(device,
                             strcmp(device->code[i].in, "none") == 0 ? "storm 2 3" : "storm 2 1", i,
                             1, words, sizeof(words)) == 0) {
            continue;
        }
        snprintf(name, sizeof(name), "storm-%zu-%x", number, device->code[i].code);
        snprintf(what, sizeof(what), "%s: 0x%x from two processes", device->name,
                 device->code[i].code);
        one = case_add(name, what);
        case_client(check, one, ABI_TOKEN_USER, words);
        case_client(check, one, ABI_TOKEN_ADMIN, words);
        storms++;
    }
}

/* A race need not contain a call of the kernel. Nothing is added here: what is looked for is what two threads do to each
   other. A race that harms nobody is not told: `explore --granularity memory` does. */
void
fine_cases(struct check *check, const struct device *device, size_t number)
{
    char name[64], what[200], words[1100];
    struct one_case *one;

    for (size_t i = 0, made = 0; i < device->codes && made < MAX_FINE; i++) {
        if (device->code[i].crashed || !device->code[i].accepted ||
            case_storm_words(device, "storm 2 1", i, 1, words, sizeof(words)) == 0) {
            continue;
        }
        snprintf(name, sizeof(name), "fine-%zu-%x", number, device->code[i].code);
        snprintf(what, sizeof(what), "%s: 0x%x from two threads, memory granularity", device->name,
                 device->code[i].code);
        one = case_add(name, what);
        case_client(check, one, ABI_TOKEN_ADMIN, words);
        if (one != NULL) {
            one->fine = true;
            one->inject = 0;
        }
        made++;
    }
}

/* All codes at once; with one that is accepted that would be its own storm. */
void
together_case(struct check *check, const struct device *device, size_t number)
{
    char name[64], what[200], words[1100];
    size_t accepted = 0;
    struct one_case *one;

    for (size_t i = 0; i < device->codes; i++) {
        accepted += device->code[i].accepted;
    }
    if (accepted < 2 ||
        case_storm_words(device, "storm 2 1", 0, MAX_TOGETHER, words, sizeof(words)) == 0) {
        return;
    }
    snprintf(name, sizeof(name), "storm-%zu-all", number);
    snprintf(what, sizeof(what), "%s: all codes at once from two processes", device->name);
    one = case_add(name, what);
    case_client(check, one, ABI_TOKEN_USER, words);
    case_client(check, one, ABI_TOKEN_ADMIN, words);
}

/* A request that waits, who cancels it, and who completes it: nobody and nothing else, so that a search goes through all. */
void
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
        one = case_add(name, what);
        if (one == NULL) {
            return;
        }
        one->inject = ABI_INJECT_CANCEL;
        case_storm_words(device, "storm 1 4", i, 1, words, sizeof(words));
        case_client(check, one, ABI_TOKEN_ADMIN, words);
        if (imports_any(check, processes)) {
            case_client(check, one, ABI_TOKEN_ADMIN, "nothing");
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
            case_client(check, one, ABI_TOKEN_ADMIN, words);
        }
        made++;
    }
}

void
reload_case(struct check *check, const struct device *device)
{
    char what[200], words[1100];
    const char *service = check->request.boot.driver[check->request.boot.drivers - 1].name;
    struct one_case *one;

    snprintf(what, sizeof(what), "%s unloaded under load and loaded again", service);
    one = case_add("reload", what);
    snprintf(words, sizeof(words), "reload %s 2", service);
    case_client(check, one, ABI_TOKEN_SYSTEM, words);
    if (one != NULL) {
        one->inject &= ~(uint32_t)ABI_INJECT_UNLOAD;
    }
    if (device != NULL) {
        if (case_storm_words(device, "storm 1 1", 0, 2, words, sizeof(words)) == 0) {
            snprintf(words, sizeof(words), "open %s", device->name);
        }
        case_client(check, one, ABI_TOKEN_USER, words);
    }
}

/* `first`: NULL: there is no device. */
void
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
        case_storm_words(first, "activity", 0, MAX_TOGETHER, words, sizeof(words)) == 0) {
        snprintf(words, sizeof(words), "activity %s", first->name);
    }
    one = case_add("activity", "what the driver is notified of");
    case_client(check, one, ABI_TOKEN_ADMIN, words);
    if (one != NULL) {
        one->kind = CASE_SINGLE;
    }
    if (first != NULL && case_storm_words(first, "storm 2 2", 0, 2, words, sizeof(words)) != 0) {
        one = case_add("activity-storm", "what the driver is notified of, and requests");
        case_client(check, one, ABI_TOKEN_ADMIN, words);
        case_client(check, one, ABI_TOKEN_ADMIN, "nothing");
        case_client(check, one, ABI_TOKEN_ADMIN, "nothing");
    }
}
