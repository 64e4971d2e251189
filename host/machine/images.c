/*
 * images.c - the table of loaded images: load, bind, patch, describe, unload.
 *
 * place.c says where an image goes, thunk.c what its missing imports become.
 *
 * Images come from the command line: parsing one may fail in any way and must not harm us; see
 * host/image. What the guest does to an image once it is mapped is looked at with the same care.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "abi/account.h"
#include "abi/imagebytes.h"
#include "host/machine/known.h"
#include "host/machine/loaded.h"
#include "host/machine/isolation.h"
#include "host/machine/machine.h"
#include "host/machine/snapshot.h"

#define MAX_FRAMES 48

struct loaded *loaded[MAX_LOADED];
size_t loaded_count;

static const char *
base_name(const char *path)
{
    const char *last = path;

    for (; *path != 0; path++) {
        if (*path == '\\' || *path == '/') {
            last = path + 1;
        }
    }
    return last;
}

static struct loaded *
find_address(uint64_t address)
{
    for (size_t i = 0; i < loaded_count; i++) {
        if (image_contains(&loaded[i]->image, address)) {
            return loaded[i];
        }
    }
    return NULL;
}

/* A module by name: system images, else those of the current process. */
static struct loaded *
find_name(const char *name, uint64_t slice)
{
    if (image_is_kernel_alias(name)) {
        name = "ntoskrnl.exe";
    }
    for (size_t i = 0; i < loaded_count; i++) {
        if (loaded[i]->slice == slice && image_same_name(loaded[i]->image.name, name)) {
            return loaded[i];
        }
    }
    return NULL;
}

static int
resolve(void *context, const char *dll, const char *name, uint16_t ordinal,
        struct image_symbol *out)
{
    struct loaded *importer = context, *module = find_name(dll, importer ? importer->slice : 0);

    return module == NULL ? -ENOENT : image_find(&module->image, name, ordinal, out);
}

static int
fail(struct abi_image *out, uint32_t code, uint32_t offset, const char *message)
{
    if (code == ABI_IMAGE_MALFORMED || code == ABI_IMAGE_WRONG_MACHINE) {
        snprintf(out->message, sizeof(out->message), "%.200s (at offset 0x%x)", message, offset);
    } else {
        snprintf(out->message, sizeof(out->message), "%s", message);
    }
    out->error_offset = offset;
    return (int)code;
}

/* Imports of what the version of this run does not have yet fail the load, as on Windows. */
static uint32_t
check_versions(const struct pe *pe, struct abi_image *out)
{
    const struct known_export *e;
    struct pe_imports walk;
    struct pe_import import;

    pe_imports_begin(&walk, pe, false);
    while (pe_imports_next(&walk, &import)) {
        if (import.name == NULL || !image_is_kernel_alias(import.dll)) {
            continue;
        }
        e = known_find(import.name);
        if (e != NULL && e->since > machine.request->boot.os) {
            snprintf(out->message, sizeof(out->message),
                     "imports nt!%.100s, which %s brought and %s does not have", e->name,
                     known_version(e->since), known_version(machine.request->boot.os));
            return ABI_IMAGE_IMPORT_MISSING;
        }
    }
    return ABI_IMAGE_OK;
}

static void
commit_ranges(const struct image *image)
{
    struct image_range range;

    for (unsigned i = 0; image_range(&image->pe, i, &range); i++) {
        space_commit(image->base + range.rva, range.size, range.protection);
    }
}

static void
describe_image(const struct loaded *image, struct abi_image *out)
{
    const struct pe *pe = &image->image.pe;

    out->base = image->image.base;
    out->size = pe->size;
    out->entry = pe->entry ? image->image.base + pe->entry : 0;
    out->preferred = pe->preferred;
    out->stack_reserve = pe->stack_reserve;
    out->stack_commit = pe->stack_commit;
    out->heap_reserve = pe->heap_reserve;
    out->characteristics = pe->characteristics;
    out->subsystem = pe->subsystem;
    out->dll_characteristics = pe->dll_characteristics;
    out->checksum = pe->checksum;
    out->timestamp = pe->timestamp;
    out->os_version = pe->os_version;
    out->subsystem_version = pe->subsystem_version;
    snprintf(out->name, sizeof(out->name), "%s", image->image.name);
}

/* A page for trampolines: anywhere in the image's window or in the images' part of its slice. */
static uint8_t *
trampoline_page(void *context, uint64_t address)
{
    const struct loaded *image = context;
    uint64_t low = ABI_IMAGE_BASE + image->window * ABI_IMAGE_WINDOW;
    uint64_t high = low + ABI_IMAGE_WINDOW;

    if (image->slice != 0) {
        low = image->slice * ABI_SLICE_SIZE + ABI_USER_IMAGES;
        high = (image->slice + 1) * ABI_SLICE_SIZE;
        if (image->image.base < ABI_SLICE_SIZE) {
            low = ABI_LOW_BASE;
            high = ABI_SLICE_SIZE;
        }
    }
    if (address < low || address + ABI_PAGE_SIZE > high || image_contains(&image->image, address) ||
        !space_is_free(address, ABI_PAGE_SIZE)) {
        return NULL;
    }
    space_commit(address, ABI_PAGE_SIZE, ABI_PROT_READ | ABI_PROT_EXECUTE);
    return guest_pointer(address);
}

/*
 * The file that an image is, whose bytes the guest has. One of the host's with the same bytes, if there is: its copy has
 * its symbols. Else one of its own, which only says what it is called: those are kept for good, for an image in a
 * snapshot comes back.
 */
static const struct run_file *
given_file(const char *name, const uint8_t *bytes, size_t size)
{
    static struct given {
        struct run_file file;
        struct given *next;
    } *all;
    struct given *new;

    for (size_t i = 0; i < machine.request->files; i++) {
        const struct run_file *file = &machine.request->file[i];

        if (!file->directory && file->size == size && memcmp(file->data, bytes, size) == 0) {
            return file;
        }
    }
    for (struct given *each = all; each != NULL; each = each->next) {
        if (strcmp(each->file.guest_path, name) == 0) {
            return &each->file;
        }
    }
    new = calloc(1, sizeof(*new));
    if (new == NULL || (new->file.guest_path = strdup(name)) == NULL) {
        worker_fail("out of memory");
    }
    new->next = all;
    all = new;
    return &new->file;
}

bool
loaded_is_ours(const struct loaded *image)
{
    static const char folder[] = "C:\\Windows\\System32\\";
    const char *path = image->file->guest_path;

    return image->file->host_path != NULL && strncasecmp(path, folder, sizeof(folder) - 1) == 0 &&
           strchr(path + sizeof(folder) - 1, '\\') == NULL;
}

/* Its compiler has put calls in front of all accesses to memory. */
static bool
is_instrumented(const struct pe *pe)
{
    struct pe_imports walk;
    struct pe_import import;

    pe_imports_begin(&walk, pe, false);
    while (pe_imports_next(&walk, &import)) {
        if (import.name != NULL && strcmp(import.name, "__tsan_func_entry") == 0) {
            return true;
        }
    }
    return false;
}

/* How many schedule points the image has got, and which it should have but could not get. */
static void
count_points(const struct loaded *image, struct run_learned *learned)
{
    for (size_t i = 0; i < image->patch.sites; i++) {
        const struct patch_site *site = &image->patch.site[i];

        if (site->kind != PATCH_ATOMIC && site->kind != PATCH_MEMORY) {
            continue;
        }
        learned->points++;
        if ((site->method == PATCH_LEFT || site->whole) && learned->missed++ < RUN_MAX_MISSED) {
            image_describe(&image->image, site->address, learned->missed_at[learned->missed - 1],
                           sizeof(learned->missed_at[0]));
        }
    }
}

static void
patch(struct loaded *image)
{
    bool kernel = image->slice == 0 && image->window == 0;
    struct kernel_entries *entries = &machine.entries;
    struct patch_options options = {
        .system = image->slice == 0,
        .smep = image->slice == 0 && !kernel && machine.request->boot.os >= OS_WIN8,
        .ours = loaded_is_ours(image),
        .ctx = image,
        .page = trampoline_page,
    };
    struct run_patches *total = &machine.shared->patches;

    options.keep_tsc =
        kernel && (machine.request->features & (ABI_FEATURE_STAGES | ABI_FEATURE_SHARES)) != 0;
    if (machine.request->explore != NULL) {
        bool instrumented = !options.ours && is_instrumented(&image->image.pe);

        if (instrumented && machine.request->learned != NULL) {
            machine.request->learned->instrumented = 1;
        }
        options.atomics = !options.ours &&
                          (machine.request->granularity >= RUN_ATOMICS || machine.request->polls);
        options.exchanges =
            options.system && !options.ours && machine.request->granularity == RUN_API;
        /* At atomics granularity they are no points, but show what a loop polls (host/explore/spin.c). */
        options.memory = options.atomics && !instrumented &&
                         (options.system || machine.request->granularity == RUN_MEMORY ||
                          machine.request->polls);
        options.pieces = options.memory;
    } else if (!options.system &&
               !options.ours) { /* our own count by themselves, where it matters */
        options.atomics = true;
        options.turns = !machine.request->watch;
        options.memory = machine.request->watch;
    }
    if (options.system) {
        options.targets = (struct patch_targets){.cr8_write = entries->cr8_write,
                                                 .cr8_read = entries->cr8_read,
                                                 .pause = entries->pause,
                                                 .smep_fault = entries->smep};
    } else {
        options.targets =
            (struct patch_targets){.syscall_entry = entries->syscall, .pause = entries->user_pause};
    }
    if (machine.request->explore != NULL || options.atomics) {
        options.targets.point = options.system ? entries->point : entries->user_point_stub;
    }
    if (patch_image(&image->image, &options, &image->patch) != 0) {
        worker_fail("out of memory while %s was patched", image->image.name);
    }
    total->images++;
    total->jumps += image->patch.counts.patched + image->patch.counts.punned;
    total->breakpoints += image->patch.counts.int3;
    total->left += image->patch.counts.left;
    if (machine.request->learned != NULL && machine.request->learned->freely) {
        count_points(image, machine.request->learned);
    }
}

static uint64_t
kernel_export(const struct image *image, const char *name)
{
    struct image_symbol symbol;

    return image_find(image, name, 0, &symbol) == 0 && symbol.forwarder == NULL ? symbol.address
                                                                                : 0;
}

/* Where the host and patched code enter the kernel; see abi/machine.h. */
static void
find_entries(const struct image *image)
{
    struct kernel_entries *entries = &machine.entries;

    entries->trap = kernel_export(image, "KiTrapEntry");
    entries->syscall = kernel_export(
        image, machine.request->features != 0 ? "KiSystemCall64Observed" : "KiSystemCall64");
    if (machine.pages) {
        machine_gate_target = entries->syscall;
        entries->syscall = entries->gate;
    }
    entries->cr8_write = kernel_export(image, "KiPatchCr8Write");
    entries->cr8_read = kernel_export(image, "KiPatchCr8Read");
    entries->pause = kernel_export(image, "KiPatchPause");
    entries->user_pause = kernel_export(image, "KiPatchUserPause");
    if (entries->user_pause == 0) {
        entries->user_pause = entries->user_pause_stub;
    }
    entries->point = kernel_export(image, "KiPatchPoint");
    entries->smep = kernel_export(image, "KiPatchSmepFault");
    GUEST->trap_entry = entries->trap;
}

/* For reports: what was loaded, whether or not it still is. */
static void
tell_supervisor(const struct loaded *image)
{
    struct shared *shared = machine.shared;
    struct run_image *row;

    if (shared->images >= RUN_MAX_IMAGES) {
        return;
    }
    row = &shared->image[shared->images++];
    snprintf(row->name, sizeof(row->name), "%s", image->image.name);
    snprintf(row->path, sizeof(row->path), "%s", image->file->guest_path);
    row->base = image->image.base;
    row->size = image->image.pe.size;
    row->slice = image->slice;
}

void
loaded_forget(struct loaded *image)
{
    for (uint32_t i = 0; i < image->missing_count; i++) {
        free(image->missing[i].dll);
        free(image->missing[i].name);
    }
    free(image->missing);
    patch_free(&image->patch);
    free(image);
}

/* Binds a system image; the DLL that must be loaded first is named in `message`. */
static uint32_t
bind_system(struct loaded *image, struct abi_image *out, struct image_error *error)
{
    struct image_binder binder = {.ctx = image, .resolve = resolve, .missing = loaded_thunk};

    if (image_bind(&image->image, &binder, error) != 0) {
        return (uint32_t)fail(out, error->code, (uint32_t)error->offset, error->message);
    }
    loaded_commit_thunks(image);
    return ABI_IMAGE_OK;
}

/* An imported image that is not loaded but could be: the kernel loads it first. `asks`: it may know of one that we do not. */
static bool
needs_other(const struct pe *pe, bool asks, struct abi_image *out)
{
    struct pe_imports walk;
    struct pe_import import;

    pe_imports_begin(&walk, pe, false);
    while (pe_imports_next(&walk, &import)) {
        if (find_name(import.dll, 0) == NULL &&
            (asks || files_find(machine.request, import.dll) != NULL)) {
            snprintf(out->message, sizeof(out->message), "%.250s", import.dll);
            return true;
        }
    }
    return false;
}

uint32_t
images_load(const char *name, uint32_t flags, uint64_t slice, struct abi_image *out)
{
    bool system = (flags & ABI_IMAGE_SYSTEM) != 0, given = (flags & ABI_IMAGE_BYTES) != 0;
    const uint8_t *bytes = given ? (const uint8_t *)out->base : NULL;
    size_t length = given ? out->size : 0;
    const struct run_file *file =
        given ? given_file(name, bytes, length) : files_find(machine.request, name);
    struct image_error error = {0};
    struct loaded *image;
    struct pe pe;
    uint64_t base;
    uint32_t result;

    memset(out, 0, sizeof(*out));
    snprintf(out->name, sizeof(out->name), "%.63s", base_name(name));
    if (file == NULL || file->directory) {
        return (uint32_t)fail(out, ABI_IMAGE_NOT_FOUND, 0, "no such file");
    }
    if (!given) {
        bytes = file->data;
        length = file->size;
    }
    if (image_parse(bytes, length, &pe, &error) != 0) {
        return (uint32_t)fail(out, error.code, (uint32_t)error.offset, error.message);
    }
    if (system) {
        if (needs_other(&pe, (flags & ABI_IMAGE_ASKS) != 0, out)) {
            return ABI_IMAGE_NEEDS;
        }
        result = check_versions(&pe, out);
        if (result != ABI_IMAGE_OK) {
            return result;
        }
    }
    if (loaded_count == MAX_LOADED || (image = calloc(1, sizeof(*image))) == NULL) {
        worker_fail("too many images");
    }
    image->file = file;
    image->slice = system ? 0 : slice;
    base = system ? loaded_place_system(image, base_name(name))
                  : loaded_place_user(image, &pe, base_name(name));
    if (base == 0) {
        free(image);
        return (uint32_t)fail(out, ABI_IMAGE_CONFLICT, 0,
                              pe.relocatable
                                  ? "there is no room where the image could be mapped"
                                  : "the image has no relocations, and its addresses are taken: "
                                    "one such process can run at a time");
    }
    space_clear(base);
    if (image_map(&pe, base_name(given ? name : file->guest_path), guest_pointer(base), base,
                  &image->image, &error) != 0) {
        free(image);
        return (uint32_t)fail(out, error.code, (uint32_t)error.offset, error.message);
    }
    if (system) {
        result = bind_system(image, out, &error);
        if (result != ABI_IMAGE_OK) {
            memset(guest_pointer(base), 0, pe.size);
            loaded_forget(image);
            return result;
        }
    }
    if (system && image->window == 0) {
        find_entries(&image->image);
    }
    commit_ranges(&image->image);
    patch(image);
    loaded[loaded_count++] = image;
    promote_loaded(image);
    coverage_plant(base, pe.size, image->image.name, &image->patch);
    breakpoints_plant(base, image->image.name, &image->patch);
    tell_supervisor(image);
    describe_image(image, out);
    return ABI_IMAGE_OK;
}

void
images_unload(uint64_t base)
{
    for (size_t i = 0; i < loaded_count; i++) {
        struct loaded *image = loaded[i];

        if (image->image.base == base) {
            breakpoints_forget(base, image->image.pe.size);
            promote_forget(base, image->image.pe.size);
            space_decommit(base, image->image.pe.size);
            for (size_t j = 0; j < image->patch.pages; j++) {
                space_decommit(image->patch.page[j].address, ABI_PAGE_SIZE);
            }
            loaded_decommit_thunks(image);
            loaded[i] = loaded[--loaded_count];
            if (!snapshot_holds(image)) {
                loaded_forget(image);
            }
            return;
        }
    }
    worker_fail("the kernel unloaded an image at %#lx, where none is", base);
}

/* What the version of this run does not have yet is not found either: drivers ask by name for what they do not import. */
uint64_t
images_find_export(const char *name, const char *export)
{
    const struct known_export *known = image_is_kernel_alias(name) ? known_find(export) : NULL;
    struct image_binder binder = {.resolve = resolve};
    struct loaded *image = find_name(name, 0);
    struct image_symbol symbol;
    uint64_t address = 0;

    if (known != NULL && known->since > machine.request->boot.os) {
        return 0;
    }
    if (image == NULL && GUEST->user_slice != 0) {
        image = find_name(name, GUEST->user_slice);
        if (image == NULL || image_find(&image->image, export, 0, &symbol) != 0) {
            return 0;
        }
        return symbol.forwarder == NULL ? symbol.address : 0;
    }
    if (image == NULL || image_resolve(&binder, name, export, 0, &address) != 0) {
        return 0;
    }
    return address;
}

uint64_t
images_origin(uint64_t rip, uint32_t *lower)
{
    uint64_t origin;

    *lower = 0;
    if (find_address(rip) != NULL) {
        return rip;
    }
    for (size_t i = 0; i < loaded_count; i++) {
        origin = patch_original_rip(&loaded[i]->patch, rip, lower);
        if (origin != 0) {
            return origin;
        }
    }
    return rip;
}

void
images_restore(uint64_t rip, uint64_t rsp, struct abi_trap *registers)
{
    uint64_t *gpr = &registers->rax; /* they come first, in the order of their numbers */
    struct patch_saved saved[PATCH_SAVED];

    for (size_t i = 0; find_address(rip) == NULL && i < loaded_count; i++) {
        size_t count = patch_saved(&loaded[i]->patch, rip, saved);

        for (size_t j = 0; j < count; j++) {
            space_read(rsp + saved[j].offset, &gpr[saved[j].reg], sizeof(*gpr));
        }
    }
}

static uint64_t
peek(struct pe_unwind *at, uint64_t address)
{
    uint64_t value = 0;

    at->lost |= space_read(address, &value, sizeof(value)) != sizeof(value);
    return value;
}

uint64_t
images_frames_end(const struct abi_trap *registers)
{
    struct pe_unwind at = {.rip = registers->rip, .peek = peek};

    memcpy(at.gpr, registers, sizeof(at.gpr)); /* they come first, in that order */
    for (int depth = 0; depth < MAX_FRAMES; depth++) {
        uint32_t lower;
        uint64_t rip = images_origin(at.rip, &lower);
        struct loaded *image = find_address(rip);

        if (image == NULL || loaded_is_ours(image)) {
            return depth == 0 || image == NULL ? 0 : at.gpr[4];
        }
        at.gpr[4] += lower;
        if (!pe_unwind(&image->image.pe, (uint32_t)(rip - image->image.base), &at)) {
            return 0;
        }
    }
    return 0;
}

size_t
images_describe(uint64_t address, char *buffer, size_t size)
{
    struct loaded *image = find_address(address);

    if (image != NULL) {
        return image_describe(&image->image, address, buffer, size);
    }
    return (size_t)snprintf(buffer, size, "%#lx", address);
}

/* Where an `int3` that stands for a whole trampoline goes on; 0 if there is none at rip. */
uint64_t
images_trampoline(uint64_t rip)
{
    struct loaded *image = find_address(rip);
    const struct patch_site *site = image == NULL ? NULL : patch_site_at(&image->patch, rip);

    return site == NULL || site->method != PATCH_INT3 ? 0 : site->trampoline;
}

size_t
images_patched(uint64_t rip, uint8_t bytes[16])
{
    struct loaded *image = find_address(rip);
    const struct patch_site *site = image == NULL ? NULL : patch_site_at(&image->patch, rip);

    if (site == NULL || site->method != PATCH_INT3) {
        return 0;
    }
    memcpy(bytes, site->bytes, sizeof(site->bytes));
    return site->length;
}
