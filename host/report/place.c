/*
 * place.c - an address becomes image!symbol+offset [file @ line].
 *
 * Addresses are collected while lines are read and resolved all together, for the symbolizer is
 * asked once. Debug information is asked for the byte before a return address, since the call may
 * have been the last instruction of its line, of its function even.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "host/image/image.h"
#include "host/report/report.h"

#define DRIVERS "C:\\Windows\\System32\\drivers\\"
#define SYSTEM  "C:\\Windows\\System32\\"

static const struct run_image *
image_at(const struct report *report, uint64_t address)
{
    /* The last one: an address may have been another image's before. */
    for (size_t i = report->result->images; i-- > 0;) {
        const struct run_image *image = &report->result->image[i];

        if (address - image->base < image->size) {
            return image;
        }
    }
    return NULL;
}

const struct run_file *
place_file(const struct report *report, const struct run_image *image)
{
    return image == NULL ? NULL : files_find(report->request, image->path);
}

static size_t
folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

/* A driver that another one has brought lies beside one of the command line; else it came with
 * ntlab. */
static bool
beside_driver(const struct report *report, const struct run_file *file)
{
    for (uint32_t i = 0; file != NULL && i < report->request->boot.drivers && i < ABI_MAX_DRIVERS;
         i++) {
        const char *name = strrchr(report->request->boot.driver[i].path, '\\');
        const struct run_file *driver = name ? files_find(report->request, name + 1) : NULL;
        size_t length = driver ? folder_length(driver->host_path) : 0;

        if (driver != NULL && folder_length(file->host_path) == length &&
            strncmp(driver->host_path, file->host_path, length) == 0) {
            return true;
        }
    }
    return false;
}

static enum origin
origin_of(const struct report *report, const struct run_image *image)
{
    if (image == NULL) {
        return ORIGIN_NONE;
    }
    for (uint32_t i = 0; i < report->request->boot.drivers && i < ABI_MAX_DRIVERS; i++) {
        const char *path = report->request->boot.driver[i].path, *name = strrchr(path, '\\');

        if (name != NULL && strcasecmp(name + 1, image->name) == 0 && image->slice == 0) {
            return ORIGIN_DRIVER;
        }
    }
    if (strncasecmp(image->path, DRIVERS, sizeof(DRIVERS) - 1) == 0) {
        return beside_driver(report, place_file(report, image)) ? ORIGIN_DRIVER : ORIGIN_OURS;
    }
    if (strncasecmp(image->path, SYSTEM, sizeof(SYSTEM) - 1) == 0) {
        return ORIGIN_OURS;
    }
    return image->slice == 0 ? ORIGIN_DRIVER : ORIGIN_CLIENT; /* a client may load a driver */
}

const char *
place_module(const struct run_image *image)
{
    return strcasecmp(image->name, "ntoskrnl.exe") == 0 ? "nt" : image->name;
}

struct place *
place_of(struct report *report, uint64_t address, bool is_return)
{
    struct place *place;

    for (size_t i = 0; i < report->places; i++) {
        if (report->place[i]->address == address && report->place[i]->is_return == is_return) {
            return report->place[i];
        }
    }
    place = calloc(1, sizeof(*place));
    if (place == NULL) {
        abort();
    }
    place->address = address;
    place->is_return = is_return;
    place->image = image_at(report, address);
    place->origin = origin_of(report, place->image);
    if (place->image != NULL) {
        place->rva = (uint32_t)(address - place->image->base);
    }
    report->place = report_grow(report->place, &report->places, sizeof(place));
    report->place[report->places - 1] = place;
    return place;
}

/* What comes with a compiler or a kit: inlined there means called from where the user's code is. */
static bool
is_kits(const char *file)
{
    static const char *const folders[] = {"/usr/",          "\\Windows Kits\\",
                                          "/Windows Kits/", "\\Microsoft Visual Studio\\",
                                          "/mingw-w64-",    "/sdk/include/"};

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        if (strstr(file, folders[i]) != NULL) {
            return true;
        }
    }
    return false;
}

const struct source *
place_source(const struct place *place)
{
    const struct source *first = NULL;

    for (size_t i = 0; place != NULL && i < place->sources; i++) {
        const struct source *source = &place->source[i];

        if (source->file == NULL || source->line == 0) {
            continue;
        }
        if (!is_kits(source->file)) {
            return source;
        }
        first = first == NULL ? source : first;
    }
    return first;
}

void
places_forget(struct report *report)
{
    for (size_t i = 0; i < report->places; i++) {
        for (size_t j = 0; j < report->place[i]->sources; j++) {
            free(report->place[i]->source[j].symbol);
            free(report->place[i]->source[j].file);
        }
        free(report->place[i]->source);
        free(report->place[i]);
    }
    free(report->place);
    report->place = NULL;
    report->places = 0;
}

static void
from_exports(struct place *place, const struct pe *pe)
{
    const char *name;
    uint32_t offset;

    if (place->sources != 0 || !pe_nearest_export(pe, place->rva, &name, &offset)) {
        return;
    }
    place->source = report_grow(place->source, &place->sources, sizeof(*place->source));
    place->source[0].symbol = strdup(name);
    place->offset = offset;
}

static void
take_answer(struct place *place, struct symbol_query *query, const struct pe *pe)
{
    place->source = query->source;
    place->sources = query->sources;
    if (place->sources == 0) {
        return;
    }
    if (place->source[place->sources - 1].symbol == NULL) {
        for (size_t i = 0; i < place->sources; i++) {
            free(place->source[i].symbol);
            free(place->source[i].file);
        }
        free(place->source);
        place->source = NULL;
        place->sources = 0;
        return;
    }
    place->exact = true;
    /* The start is by the file's own base; a function without it starts where its unwind data say.
     */
    if (query->start > pe->preferred && query->start - pe->preferred <= place->rva) {
        place->offset = place->rva - (uint32_t)(query->start - pe->preferred);
    } else {
        struct pe_function function;

        if (pe_function_find(pe, place->rva, &function)) {
            place->offset = place->rva - function.begin;
        }
    }
}

static bool
parse_file(const struct report *report, const struct run_image *image, struct pe *pe)
{
    const struct run_file *file = place_file(report, image);
    struct image_error error;

    return file != NULL && !file->directory && image_parse(file->data, file->size, pe, &error) == 0;
}

void
places_resolve(struct report *report)
{
    struct symbol_query *query = calloc(report->places + 1, sizeof(*query));
    struct place **asked = calloc(report->places + 1, sizeof(*asked));
    struct pe *pe = calloc(1, sizeof(*pe));
    size_t count = 0;

    if (query == NULL || asked == NULL || pe == NULL) {
        abort();
    }
    for (size_t i = 0; i < report->places; i++) {
        struct place *place = report->place[i];
        const struct run_file *file = place_file(report, place->image);

        if (file != NULL && !file->directory && !place->resolved) {
            place->resolved = true;
            query[count].path = file->host_path;
            query[count].rva = place->rva - (place->is_return && place->rva != 0 ? 1 : 0);
            asked[count++] = place;
        }
    }
    if (count != 0) {
        report->symbolized = symbolizer_ask(&report->options, query, count);
    }
    for (size_t i = 0; i < count; i++) {
        if (parse_file(report, asked[i]->image, pe)) {
            take_answer(asked[i], &query[i], pe);
            from_exports(asked[i], pe);
        }
    }
    free(query);
    free(asked);
    free(pe);
}

void
place_name(const struct place *place, char *out, size_t size)
{
    const char *symbol;

    if (place == NULL || place->image == NULL) {
        snprintf(out, size, "0x%016lx", place == NULL ? 0 : place->address);
        return;
    }
    symbol = place->sources != 0 ? place->source[place->sources - 1].symbol : NULL;
    if (symbol == NULL) {
        snprintf(out, size, "%s+0x%x", place_module(place->image), place->rva);
    } else if (place->offset == 0) {
        snprintf(out, size, "%s!%s", place_module(place->image), symbol);
    } else {
        snprintf(out, size, "%s!%s+0x%x", place_module(place->image), symbol, place->offset);
    }
}

bool
place_data(const struct report *report, uint64_t address, char *out, size_t size)
{
    const struct run_image *image = image_at(report, address);
    struct pe *pe = calloc(1, sizeof(*pe));
    const struct pe_section *section;
    bool known = true;

    if (image != NULL) {
        section = pe != NULL && parse_file(report, image, pe)
                      ? pe_section_at(pe, (uint32_t)(address - image->base))
                      : NULL;
        snprintf(out, size, "%s+0x%lx%s%s%s", place_module(image), address - image->base,
                 section ? " (section " : "", section ? section->name : "", section ? ")" : "");
        free(pe);
        return true;
    }
    free(pe);
    for (size_t i = 0; i < report->pools; i++) {
        const struct pool *pool = &report->pool[i];

        if (pool->address == address) {
            char tag[5] = {0};

            for (int j = 0; j < 4; j++) {
                unsigned char c = (unsigned char)(pool->tag >> 8 * j);

                tag[j] = c >= 0x20 && c < 0x7F ? (char)c : '.';
            }
            snprintf(out, size, "%s pool, offset 0x%lx of a %sblock of %lu bytes, tag '%s'",
                     address < ABI_PAGED_BASE ? "nonpaged" : "paged", address - pool->block,
                     pool->freed ? "freed " : "", pool->bytes, tag);
            return true;
        }
    }
    for (size_t i = 0; i < report->threads; i++) {
        const struct thread *thread = &report->thread[i];

        if (address >= thread->stack_limit && address < thread->stack_base) {
            snprintf(out, size, "the kernel stack of thread %04lx.%04lx", thread->pid, thread->tid);
            return true;
        }
        if (address < thread->stack_limit && thread->stack_limit - address <= 0x4000 &&
            thread->stack_limit != 0) {
            snprintf(out, size, "the guard page below the kernel stack of thread %04lx.%04lx",
                     thread->pid, thread->tid);
            return true;
        }
    }
    if (address < 0x1000) {
        snprintf(out, size, "a NULL pointer");
    } else if (address < 0x10000) {
        snprintf(out, size, "a field of a NULL pointer");
    } else if (ABI_IS_USER(address)) {
        snprintf(out, size, "a user-mode address");
    } else if (address >= ABI_NONPAGED_BASE && address < ABI_PAGED_BASE) {
        snprintf(out, size, "where nonpaged pool lies, in no block");
    } else if (address >= ABI_PAGED_BASE && address < ABI_MAPPING_BASE) {
        snprintf(out, size, "where paged pool lies, in no block");
    } else if (address >= ABI_STACK_BASE && address < ABI_NONPAGED_BASE) {
        snprintf(out, size, "outside of every kernel stack");
    } else if (address >= ABI_MAPPING_BASE && address < ABI_MAPPING_END) {
        snprintf(out, size, "a system mapping");
    } else if (address >= 0x0000800000000000ull && address < 0xFFFF800000000000ull) {
        snprintf(out, size, "not a canonical address");
    } else {
        known = false;
        snprintf(out, size, "nothing");
    }
    return known;
}

/* The image's file holds DWARF: a section whose long name, in the string table, is .debug_info. */
static bool
has_dwarf(const uint8_t *data, size_t size)
{
    uint32_t header, symbols, count, sections;
    uint16_t number, optional;

    if (size < 64) {
        return false;
    }
    memcpy(&header, data + 0x3C, 4);
    if (header > size || size - header < 24) {
        return false;
    }
    memcpy(&number, data + header + 6, 2);
    memcpy(&symbols, data + header + 12, 4);
    memcpy(&count, data + header + 16, 4);
    memcpy(&optional, data + header + 20, 2);
    sections = header + 24 + optional;
    for (uint16_t i = 0; i < number && (uint64_t)sections + (i + 1) * 40ull <= size; i++) {
        const char *name = (const char *)data + sections + i * 40;
        uint64_t at;

        if (name[0] != '/') {
            continue;
        }
        at = symbols + count * 18ull + strtoul(name + 1, NULL, 10);
        if (at + sizeof(".debug_info") <= size &&
            memcmp(data + at, ".debug_info", sizeof(".debug_info")) == 0) {
            return true;
        }
    }
    return false;
}

const char *
symbols_of(const struct report *report, const struct run_image *image)
{
    const struct run_file *file = place_file(report, image);
    struct pe *pe = calloc(1, sizeof(*pe));
    const char *result = "none";

    if (file != NULL && !file->directory && pe != NULL) {
        if (has_dwarf(file->data, file->size)) {
            result = "dwarf";
        } else if (parse_file(report, image, pe) && pe->debug.present) {
            const char *slash = strrchr(file->host_path, '/'), *back = strrchr(pe->debug.pdb, '\\');
            const char *base = back                          ? back + 1
                               : strrchr(pe->debug.pdb, '/') ? strrchr(pe->debug.pdb, '/') + 1
                                                             : pe->debug.pdb;
            char path[4400];

            snprintf(path, sizeof(path), "%.*s%s", slash ? (int)(slash - file->host_path) + 1 : 0,
                     file->host_path, base);
            if (access(path, R_OK) == 0 || access(pe->debug.pdb, R_OK) == 0) {
                result = "pdb";
            }
            for (size_t i = 0; i < report->options.symbol_folders; i++) {
                snprintf(path, sizeof(path), "%s/%s", report->options.symbols[i], base);
                result = access(path, R_OK) == 0 ? "pdb" : result;
            }
        }
    }
    free(pe);
    return result;
}
