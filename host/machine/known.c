/*
 * known.c - look-up in the kernel's table of exports, which is sorted by name.
 */
#include <stdlib.h>
#include <string.h>
#include "host/machine/known.h"

static const struct known_export table[] = {
#include "exports.h"
    {NULL, 0, 0, NULL}, /* keeps an empty table legal; not searched */
};

static int
compare(const void *name, const void *entry)
{
    return strcmp(name, ((const struct known_export *)entry)->name);
}

const struct known_export *
known_find(const char *name)
{
    return bsearch(name, table, sizeof(table) / sizeof(table[0]) - 1, sizeof(table[0]), compare);
}

const char *
known_version(unsigned row)
{
    static const char *const names[] = {"nt51", "ws2003", "vista", "win7",
                                        "win8", "win10",  "win11"};

    return row < sizeof(names) / sizeof(names[0]) ? names[row] : "?";
}
