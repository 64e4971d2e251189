/*
 * view.c - what a version of Windows calls a field, or that it has no such field.
 *
 * The kernel has one KTHREAD, whatever version it plays; its offsets are the ones that `dt` prints,
 * on every version, for they are the ones that drivers get here. What differs by version is which
 * fields there are and what they are called. No line of nt/ reads this table.
 *
 * Sources: guarded-mutex article (KernelApcDisable is a ULONG and alone before Server 2003, then a
 * union of two SHORTs and CombinedApcDisable); nt-semantics 1.7 and 1.9 (SuspendApc and
 * SuspendSemaphore until 7, SchedulerApc and SuspendEvent from 8 on).
 */
#include <string.h>
#include "host/debug/types.h"

enum { NT51, WS2003, VISTA, WIN7, WIN8, WIN10, WIN11 };

static const struct {
    const char *type, *field;
    uint32_t first, last; /* versions that have it */
    const char *name;     /* NULL: the same */
    const char *as;
    unsigned size;
} rows[] = {
    {"_KTHREAD", "KernelApcDisable", NT51, NT51, NULL, "Uint4B", 4},
    {"_KTHREAD", "KernelApcDisable", WS2003, WIN11, NULL, NULL, 0},
    {"_KTHREAD", "SpecialApcDisable", WS2003, WIN11, NULL, NULL, 0},
    {"_KTHREAD", "CombinedApcDisable", WS2003, WIN11, NULL, NULL, 0},
    {"_KTHREAD", "SchedulerApc", NT51, WIN7, "SuspendApc", NULL, 0},
    {"_KTHREAD", "SchedulerApc", WIN8, WIN11, NULL, NULL, 0},
    {"_KTHREAD", "SuspendSemaphore", NT51, WIN7, NULL, NULL, 0},
    {"_KTHREAD", "SuspendEvent", WIN8, WIN11, NULL, NULL, 0},
    {"_KTHREAD", "SuspendedWaitMode", WIN8, WIN11, NULL, NULL, 0},
    {"_KTHREAD", "SuspendSchedulerApcWait", WIN8, WIN11, NULL, NULL, 0},
};

/* The first field of ntlab's own in structures that Windows has too. */
static const struct {
    const char *type, *field;
} ours[] = {
    {"_KTHREAD", "Agent"},   {"_KPROCESS", "Slice"},
    {"_KPRCB", "DpcAgent"},  {"_KLDR_DATA_TABLE_ENTRY", "Image"},
    {"_KI_MODULE", "Image"},
};

/* Types of ours that are what Windows calls so. */
static const struct {
    const char *ours, *windows;
} names[] = {
    {"_KI_WAIT_BLOCK", "_KWAIT_BLOCK"},
    {"_KI_MODULE", "_KLDR_DATA_TABLE_ENTRY"},
    {"_KIPCR", "_KPCR"},
};

struct view
view_field(uint32_t os, const char *type, const char *field)
{
    struct view view = {.name = field};
    bool known = false;

    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        view.ours =
            view.ours || (strcmp(ours[i].type, type) == 0 && strcmp(ours[i].field, field) == 0);
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].type, type) == 0 && strcmp(rows[i].field, field) == 0) {
            if (os >= rows[i].first && os <= rows[i].last) {
                view.name = rows[i].name ? rows[i].name : field;
                view.type = rows[i].as;
                view.size = rows[i].size;
                return view;
            }
            known = true;
        }
    }
    view.name = known ? NULL : field;
    return view;
}

const char *
view_type(const char *name)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i].ours, name) == 0) {
            return names[i].windows;
        }
    }
    return NULL;
}

const char *
view_type_of(const char *name)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i].windows, name) == 0) {
            return names[i].ours;
        }
    }
    return NULL;
}
