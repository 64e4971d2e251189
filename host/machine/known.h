/*
 * known.h - what ntoskrnl.exe exports, from which version on, and what is partial about it.
 *
 * The table is made by tools/gen_exports.py from the components' exports tables.
 */
#ifndef HOST_MACHINE_KNOWN_H
#define HOST_MACHINE_KNOWN_H

#include <stdint.h>

struct known_export {
    const char *name;
    uint8_t since;   /* row of the version table */
    uint8_t partial; /* `note` says what differs */
    const char *note;
};

/* NULL if the kernel does not export it. */
const struct known_export *known_find(const char *name);
/* Name of a row of the version table. */
const char *known_version(unsigned row);

#endif
