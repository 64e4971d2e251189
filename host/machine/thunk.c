/*
 * thunk.c - imports that nobody implements: calling one ends the run and names it.
 *
 * Each is bound to a 16-byte thunk in the last image window, 64 KiB for each system image's window.
 * The thunks hold no code that could run: `ud2` brings the caller to the trap handler, which asks
 * images_missing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "host/machine/loaded.h"

#define THUNK_SIZE  16
#define THUNK_BLOCK 0x10000ull
#define MAX_MISSING (THUNK_BLOCK / THUNK_SIZE)
#define THUNK_BASE  (ABI_IMAGE_BASE + THUNK_WINDOW * ABI_IMAGE_WINDOW)

uint64_t
loaded_thunk(void *context, const char *dll, const char *name, uint16_t ordinal, uint64_t slot)
{
    struct loaded *importer = context;
    struct missing *entry;
    char number[16];

    if (importer->missing_count == MAX_MISSING) {
        return 0;
    }
    importer->missing =
        realloc(importer->missing, (importer->missing_count + 1) * sizeof(*importer->missing));
    if (importer->missing == NULL) {
        worker_fail("out of memory");
    }
    if (name == NULL) {
        snprintf(number, sizeof(number), "#%u", ordinal);
        name = number;
    }
    entry = &importer->missing[importer->missing_count];
    entry->dll = strdup(dll);
    entry->name = strdup(name);
    if (entry->dll == NULL || entry->name == NULL) {
        worker_fail("out of memory");
    }
    return THUNK_BASE + importer->window * THUNK_BLOCK + THUNK_SIZE * importer->missing_count++;
}

/* The thunks hold no code that could run: `ud2` brings the caller to images_missing. */
void
loaded_commit_thunks(const struct loaded *image)
{
    uint64_t base = THUNK_BASE + image->window * THUNK_BLOCK;
    uint8_t *bytes = guest_pointer(base);
    uint64_t size = (image->missing_count * THUNK_SIZE + ABI_PAGE_SIZE - 1) & ~(ABI_PAGE_SIZE - 1);

    if (size == 0) {
        return;
    }
    for (uint64_t i = 0; i < size; i += 2) {
        memcpy(bytes + i, "\x0F\x0B", 2);
    }
    space_commit(base, size, ABI_PROT_EXECUTE);
}

void
loaded_decommit_thunks(const struct loaded *image)
{
    if (image->missing_count != 0) {
        space_decommit(THUNK_BASE + image->window * THUNK_BLOCK, THUNK_BLOCK);
    }
}

/* What a whole library is that ntlab has nothing of; "" for one of which only this routine is missing. */
static const char *
absent(const char *module)
{
    static const struct {
        const char *module, *what;
    } known[] = {
        {"wdfldr",
         ": there is no KMDF (Wdf01000.sys) here, only drivers of the WDM and minifilters run"},
        {"ndis", ": there is no network (NDIS) here"},
        {"fwpkclnt", ": there is no network (WFP) here"},
        {"netio", ": there is no network (Winsock Kernel) here"},
        {"tdi", ": there is no network (TDI) here"},
        {"storport", ": there is no storage stack here"},
        {"scsiport", ": there is no storage stack here"},
        {"classpnp", ": there is no storage stack here"},
        {"usbd", ": there is no USB here"},
        {"hidclass", ": there is no HID here"},
        {"hidparse", ": there is no HID here"},
        {"ks", ": there is no kernel streaming here"},
        {"portcls", ": there is no kernel streaming here"},
        {"videoprt", ": there are no displays here"},
        {"dxgkrnl", ": there are no displays here"},
        {"win32k", ": there is no GUI here"},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcasecmp(module, known[i].module) == 0) {
            return known[i].what;
        }
    }
    return "";
}

bool
images_missing(uint64_t rip, uint64_t return_address, char *buffer, size_t size)
{
    uint64_t offset = rip - THUNK_BASE;
    char caller[256], module[64];

    if (offset >= THUNK_WINDOW * THUNK_BLOCK) {
        return false;
    }
    for (size_t i = 0; i < loaded_count; i++) {
        struct loaded *image = loaded[i];
        uint64_t number = offset % THUNK_BLOCK / THUNK_SIZE;

        if (image->slice != 0 || image->window != offset / THUNK_BLOCK ||
            number >= image->missing_count) {
            continue;
        }
        images_describe(images_original_rip(return_address), caller, sizeof(caller));
        snprintf(module, sizeof(module), "%.63s", image->missing[number].dll);
        if (image_is_kernel_alias(module)) {
            strcpy(module, "nt");
        } else if (strrchr(module, '.') != NULL) {
            *strrchr(module, '.') = 0;
        }
        snprintf(buffer, size, "%s called %s!%s, which is not implemented%s", caller, module,
                 image->missing[number].name, absent(module));
        return true;
    }
    return false;
}
