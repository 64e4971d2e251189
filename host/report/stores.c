/*
 * stores.c - of a hang of clients: which store changed what the waiting threads had counted (host/machine/watch.c).
 *
 * One paragraph for each word. Its name is that of the nearest symbol before it in the image's COFF table, which mingw's
 * linker leaves there; without one it is the image and an offset.
 */
#include <string.h>
#include "host/image/image.h"
#include "host/report/report.h"

struct named {
    char name[64];
    uint32_t offset;
};

static uint32_t
load32_at(const uint8_t *data, size_t size, uint64_t at)
{
    uint32_t value = 0;

    if (at + 4 <= size) {
        memcpy(&value, data + at, 4);
    }
    return value;
}

static uint16_t
load16_at(const uint8_t *data, size_t size, uint64_t at)
{
    return (uint16_t)load32_at(data, size, at);
}

/* The symbol at or before an rva, of the same section. */
static bool
data_symbol(const struct run_file *file, uint32_t rva, struct named *out)
{
    const uint8_t *data = file->data;
    size_t size = file->size;
    uint32_t header = load32_at(data, size, 0x3C);
    uint32_t symbols = load32_at(data, size, header + 12ull);
    uint32_t count = load32_at(data, size, header + 16ull), best = 0;
    uint64_t sections = header + 24ull + load16_at(data, size, header + 20ull);
    uint64_t strings = symbols + count * 18ull;
    bool found = false;

    if (symbols == 0 || strings > size) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t at = symbols + i * 18ull;
        uint16_t section = load16_at(data, size, at + 12);
        uint8_t class = data[at + 16], aux = data[at + 17];
        uint32_t start, value;
        const char *name = (const char *)data + at;
        size_t room = 8;

        i += aux;
        if (section == 0 || section > load16_at(data, size, header + 6ull) ||
            (class != 2 && class != 3)) {
            continue; /* neither external nor static */
        }
        start = load32_at(data, size, sections + (section - 1) * 40ull + 12);
        value = start + load32_at(data, size, at + 8);
        if (value > rva || (found && value < best) ||
            rva >= start + load32_at(data, size, sections + (section - 1) * 40ull + 8)) {
            continue;
        }
        if (load32_at(data, size, at) == 0) {
            uint64_t text = strings + load32_at(data, size, at + 4);

            if (text >= size) {
                continue;
            }
            name = (const char *)data + text;
            room = size - text;
        }
        if (name[0] == '.' || name[0] == 0) {
            continue; /* the section's own */
        }
        best = value;
        found = true;
        snprintf(out->name, sizeof(out->name), "%.*s", (int)strnlen(name, room < 63 ? room : 63),
                 name);
    }
    out->offset = rva - best;
    return found;
}

static void
name_word(const struct report *report, uint64_t address, char *out, size_t size)
{
    for (size_t i = 0; i < report->result->images; i++) {
        const struct run_image *image = &report->result->image[i];
        const struct run_file *file = place_file(report, image);
        struct named named;

        if (address - image->base >= image->size) {
            continue;
        }
        if (file != NULL && data_symbol(file, (uint32_t)(address - image->base), &named)) {
            snprintf(out, size, named.offset ? "%s!%s+0x%x" : "%s!%s", image->name, named.name,
                     named.offset);
        } else {
            snprintf(out, size, "%s+0x%lx", image->name, address - image->base);
        }
        return;
    }
    snprintf(out, size, "0x%lx", address);
}

static void
name_code(const struct report *report, uint64_t address, char *out, size_t size)
{
    snprintf(out, size, "0x%lx", address);
    for (size_t i = 0; i < report->result->images; i++) {
        const struct run_image *image = &report->result->image[i];
        const struct run_file *file = place_file(report, image);
        struct symbol_query query = {0};

        if (address - image->base >= image->size) {
            continue;
        }
        snprintf(out, size, "%s+0x%lx", image->name, address - image->base);
        if (file == NULL) {
            return;
        }
        query.path = file->host_path;
        query.rva = (uint32_t)(address - image->base);
        if (symbolizer_ask(&report->options, &query, 1) && query.sources != 0) {
            const struct source *source = query.source;
            const char *slash;

            while (source + 1 < query.source + query.sources && source->symbol != NULL &&
                   source->symbol[0] == '_') {
                source++; /* an intrinsic that was inlined */
            }
            slash = source->file != NULL ? strrchr(source->file, '/') : NULL;
            if (source->symbol == NULL) {
                return;
            }
            if (source->file != NULL && source->line != 0) {
                snprintf(out, size, "%s!%s [%s:%u]", image->name, source->symbol,
                         slash != NULL ? slash + 1 : source->file, source->line);
            } else {
                snprintf(out, size, "%s!%s", image->name, source->symbol);
            }
        }
        return;
    }
}

static const struct thread *
thread_of(const struct report *report, uint32_t agent)
{
    for (size_t i = 0; i < report->threads; i++) {
        if (report->thread[i].agent == agent) {
            return &report->thread[i];
        }
    }
    return NULL;
}

static bool
same_word(const struct run_watch *one, const struct run_watch *other)
{
    return (one->address ^ other->address) < 8;
}

/* The waiting threads whose last atomic instruction was on this word. */
static size_t
print_waiters(FILE *out, const struct report *report, const struct run_result *again,
              const struct run_watch *watch)
{
    size_t count = 0;

    for (size_t i = 0; i < again->watched; i++) {
        const struct thread *thread = thread_of(report, again->watch[i].agent);

        if (thread == NULL || !same_word(&again->watch[i], watch) ||
            strcmp(thread->state, "waiting") != 0) {
            continue;
        }
        if (out != NULL) {
            fprintf(out, "%s%04lx.%04lx", count == 0 ? "" : ", ", thread->pid, thread->tid);
        }
        count++;
    }
    return count;
}

void
report_stores(FILE *out, const struct report *report, const struct run_result *again)
{
    char word[192], site[320], store[320];

    for (size_t i = 0; i < again->watched; i++) {
        const struct run_watch *watch = &again->watch[i];
        const struct thread *writer = thread_of(report, watch->store.agent);
        size_t count = print_waiters(NULL, report, again, watch);
        bool told = false;

        for (size_t j = 0; j < i; j++) {
            told |= same_word(&again->watch[j], watch);
        }
        if (told || count == 0) {
            continue;
        }
        name_word(report, watch->address, word, sizeof(word));
        name_code(report, watch->site, site, sizeof(site));
        name_code(report, watch->store.site, store, sizeof(store));
        fprintf(out, "\nCOUNTER: %s, which %zu waiting thread%s (", word, count,
                count == 1 ? "" : "s");
        print_waiters(out, report, again, watch);
        fprintf(out,
                ") changed by an atomic instruction last, in %s, was also changed by a store "
                "that is none:\n    %s stored %u byte%s there: 0x%lx became 0x%lx",
                site, store, watch->store.size, watch->store.size == 1 ? "" : "s",
                watch->store.before, watch->store.after);
        if (writer != NULL) {
            fprintf(out, ", in thread %04lx.%04lx", writer->pid, writer->tid);
        }
        fprintf(out,
                ".\n    What it counted before is lost, so nobody knows any more whom to wake.\n");
    }
}
