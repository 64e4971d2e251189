/*
 * fuzz.c - DWARF that makes no sense: fuzz FILE SEED RUNS. Each run changes up to twenty bytes of a PE file's debug
 * sections and headers, then prints its types. Whatever comes of it, nothing may be read outside of the file (built
 * with the address and undefined-behaviour sanitizers) and it must end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "host/debug/dwarf_private.h"
#include "host/debug/types.h"

static uint64_t state;

static uint32_t
next(void)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(state >> 33);
}

static void
spoil(uint8_t *file, size_t info, size_t info_size, size_t abbrev, size_t abbrev_size)
{
    for (uint32_t i = 1 + next() % 20; i > 0; i--) {
        uint32_t where = next() % 4;
        size_t at = where == 0   ? abbrev + next() % abbrev_size
                    : where == 1 ? next() % 0x400
                                 : info + next() % info_size;

        file[at] = next() % 3 != 0 ? (uint8_t)next() : next() % 2 ? 0xFF : 0;
    }
}

static void
look(struct dwarf *dwarf, FILE *out)
{
    const struct symbol *symbol;
    size_t count = dwarf_symbols(dwarf, &symbol);

    for (size_t i = 0; i < count; i += 1 + next() % 7) {
        struct dt dt = {.out = out, .dwarf = dwarf, .module = "x", .os = 5, .depth = 2};
        uint32_t offset;

        if (symbol[i].kind == SYMBOL_TYPE) {
            dt_print(&dt, symbol[i].die);
        } else {
            dwarf_nearest(dwarf, symbol[i].rva + 1, &offset);
        }
    }
}

int
main(int argc, char **argv)
{
    FILE *in = fopen(argv[1], "rb"), *out = fopen("/dev/null", "w");
    uint8_t *file, *copy;
    struct dwarf *dwarf;
    size_t size, info, abbrev, info_size, abbrev_size;

    state = strtoull(argv[2], NULL, 10);
    fseek(in, 0, SEEK_END);
    size = (size_t)ftell(in);
    rewind(in);
    file = malloc(size);
    copy = malloc(size);
    if (fread(file, 1, size, in) != size) {
        return 2;
    }
    fclose(in);
    dwarf = dwarf_open(file, size);
    if (!dwarf_has_types(dwarf)) {
        fprintf(stderr, "%s: no types\n", argv[1]);
        return 2;
    }
    info = (size_t)(dwarf->info.data - file);
    info_size = dwarf->info.size;
    abbrev = (size_t)(dwarf->abbrev.data - file);
    abbrev_size = dwarf->abbrev.size;
    dwarf_close(dwarf);
    for (int run = atoi(argv[3]); run > 0; run--) {
        memcpy(copy, file, size);
        spoil(copy, info, info_size, abbrev, abbrev_size);
        dwarf = dwarf_open(copy, size);
        look(dwarf, out);
        dwarf_close(dwarf);
    }
    fclose(out);
    free(file);
    free(copy);
    return 0;
}
