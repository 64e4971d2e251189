/*
 * requests.c - cases of one client's requests, and of two that do the same: what their buffers hold. One run each.
 */
#include <string.h>
#include "host/check/cases.h"

#define MAX_HOSTILE 8  /* codes of one case */
#define MAX_FUZZ    32 /* codes of a device that have a case of their own */
#define MAX_STEPS   2000

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

void
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
        one = case_add(name, what);
        case_client(check, one, case_weakest(device), words);
        if (one != NULL) {
            one->kind = CASE_SINGLE;
            one->open = true;
            one->code = (struct code *)&device->code[i];
        }
    }
}

/* A driver must live with codes that are not its own: of its type, and of another one. */
void
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
    one = case_add(name, what);
    case_client(check, one, case_weakest(device), words);
    if (one != NULL) {
        one->kind = CASE_SINGLE;
        one->open = true;
    }
}

void
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
    one = case_add(name, what);
    if (one != NULL) {
        one->kind = CASE_SINGLE;
        one->open = true;
        one->sequence = device; /* the rest is known later */
    }
}

/* Those that are harmless alone. False: there are not two of them. */
bool
case_make_sequence(struct check *check, struct one_case *one)
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
    case_client(check, one, case_weakest(device), words);
    return count >= 2;
}

void
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
        one = case_add(name, what);
        case_client(check, one, ABI_TOKEN_USER, words);
        case_client(check, one, ABI_TOKEN_ADMIN, words);
        if (one != NULL) {
            one->kind = CASE_SINGLE;
        }
    }
}
