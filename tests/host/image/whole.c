/*
 * whole.c - whole images that compilers made, patched and looked through.
 *
 * Usage: whole LIB.dll IMAGE... LIB.dll is also run after patching. Each image is patched with
 * every kind switched on. Nothing but sites may change, each jump must lead to its own trampoline,
 * and a second time must give the same bytes.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <Zydis/Zydis.h>
#include "host/image/patch.h"
#include "tests/host/check.h"

#define BASE     0x400080000000ull
#define WINDOW   0x400000000000ull
#define RUN_SIZE 0x10000 /* LIB.dll is smaller; what lies above is for trampolines */

static struct {
    uint64_t address;
    uint8_t *alias;
} pages[65536];
static unsigned page_count;

/* Trampolines of images that are not run: anywhere in host memory. */
static uint8_t *
any_page(void *ctx, uint64_t address)
{
    if (address < WINDOW || address >= WINDOW + (1ull << 32)) {
        return NULL;
    }
    pages[page_count].address = address;
    pages[page_count].alias = calloc(1, ABI_PAGE_SIZE);
    return pages[page_count++].alias;
}

static uint8_t *
real_page(void *ctx, uint64_t address)
{
    void *page = mmap((void *)address, ABI_PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    return page == (void *)address ? page : NULL;
}

static void
load(const char *path, struct image *image, uint8_t *where, struct pe *pe)
{
    size_t size;
    uint8_t *file = check_read_file(path, &size);
    struct image_error err = {0};

    CHECK_THAT(image_parse(file, size, pe, &err) == 0, "%s: %s", path, err.message);
    if (!where) {
        where = calloc(1, pe->size);
    }
    CHECK_THAT(image_map(pe, path, where, BASE, image, &err) == 0, "%s: %s", path, err.message);
    free(file);
}

static struct patch_options
all_kinds(uint8_t *(*page)(void *, uint64_t))
{
    return (struct patch_options){
        .system = true,
        .smep = true,
        .targets = {0x400000001000, 0x400000001010, 0x400000001020, 0x400000001030, 0x400000001040},
        .page = page};
}

/* Where the instruction at a site leads now. */
static void
check_site(const struct image *image, const struct patch *patch, const struct patch_site *site)
{
    const uint8_t *now = image->where + (site->address - BASE);
    ZydisDecoder decoder;
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
    uint64_t target = 0;

    switch (site->method) {
    case PATCH_JMP:
    case PATCH_PUN:
        ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
        CHECK(ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, now, 15, &insn, operand)) &&
              insn.mnemonic == ZYDIS_MNEMONIC_JMP &&
              ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&insn, &operand[0], site->address, &target)));
        CHECK_THAT(target == site->trampoline, "%llx: %llx", (unsigned long long)site->address,
                   (unsigned long long)target);
        CHECK(patch_original_rip(patch, target, NULL) == site->address);
        break;
    case PATCH_INT3:
        CHECK(now[0] == 0xCC && memcmp(now + 1, site->bytes + 1, site->length - 1u) == 0);
        break;
    case PATCH_LEFT:
        CHECK(memcmp(now, site->bytes, site->length) == 0);
        break;
    }
}

/* Looking only where a site could be finds the same sites, but for a few behind odd control flow. */
static void
test_ours(const char *path, const struct patch *all)
{
    struct patch_options options = all_kinds(any_page);
    struct patch patch;
    struct image image;
    struct pe pe;

    options.ours = true;
    load(path, &image, NULL, &pe);
    CHECK(patch_image(&image, &options, &patch) == 0);
    CHECK(patch.counts.instructions <= all->counts.instructions);
    CHECK_THAT(patch.sites <= all->sites && patch.sites >= all->sites * 99 / 100,
               "%s: %zu of %zu sites", path, patch.sites, all->sites);
    patch_free(&patch);
    free(image.where);
}

static void
test_image(const char *path)
{
    struct pe pe;
    struct image image, second;
    struct patch patch, again;
    struct patch_options options = all_kinds(any_page);
    uint8_t *before, *copy;
    unsigned first_pages;

    page_count = 0;
    load(path, &image, NULL, &pe);
    before = malloc(pe.size);
    copy = malloc(pe.size);
    memcpy(before, image.where, pe.size);
    CHECK(patch_image(&image, &options, &patch) == 0);
    first_pages = page_count;
    CHECK(patch.pages == page_count);

    memcpy(copy, image.where, pe.size);
    for (size_t i = 0; i < patch.sites; i++) {
        const struct patch_site *site = &patch.site[i];

        CHECK(i == 0 || site[-1].address + site[-1].length <= site->address);
        check_site(&image, &patch, site);
        memcpy(copy + (site->address - BASE), site->bytes, site->length);
    }
    CHECK_THAT(memcmp(copy, before, pe.size) == 0, "%s: a byte outside of all sites changed", path);
    for (size_t i = 1; i < patch.trampolines; i++) {
        CHECK(patch.trampoline[i - 1].address + patch.trampoline[i - 1].size <=
              patch.trampoline[i].address);
    }

    load(path, &second, NULL, &pe);
    CHECK(patch_image(&second, &options, &again) == 0);
    CHECK(memcmp(second.where, image.where, pe.size) == 0);
    CHECK(page_count == 2 * first_pages);
    for (unsigned i = 0; i < first_pages; i++) {
        CHECK(pages[i].address == pages[first_pages + i].address &&
              memcmp(pages[i].alias, pages[first_pages + i].alias, ABI_PAGE_SIZE) == 0);
    }
    test_ours(path, &patch);
    printf("%s: %u instructions, %u sites: %u jumps, %u punned, %u int3, %u left; %u pages\n",
           image.name, patch.counts.instructions, patch.counts.found, patch.counts.patched,
           patch.counts.punned, patch.counts.int3, patch.counts.left, first_pages);
    CHECK_THAT(patch.counts.patched + patch.counts.punned >= patch.counts.found * 9 / 10, "%s",
               path);
    for (unsigned i = 0; i < page_count; i++) {
        free(pages[i].alias);
    }
    patch_free(&patch);
    patch_free(&again);
    free(image.where);
    free(second.where);
    free(before);
    free(copy);
}

/* ---- a patched DLL runs as before ---- */

static int host_variable = 77;

static __attribute__((ms_abi)) int
host_function(int x)
{
    return x + 1000;
}

static int
resolve(void *ctx, const char *dll, const char *name, uint16_t ordinal, struct image_symbol *out)
{
    out->address = !strcmp(name, "Host") ? (uint64_t)host_function : (uint64_t)&host_variable;
    return 0;
}

static void
test_run(const char *path)
{
    static const int expected[] = {11, 1001, 37, 84, 5, 77, 1234, -1};
    struct image_binder binder = {.resolve = resolve};
    struct patch_options options = all_kinds(real_page);
    struct pe pe;
    struct image image;
    struct image_symbol symbol;
    struct image_error err = {0};
    struct patch patch;
    uint8_t *where = mmap((void *)BASE, RUN_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    CHECK(where == (void *)BASE);
    load(path, &image, where, &pe);
    CHECK(pe.size <= RUN_SIZE);
    CHECK_THAT(image_bind(&image, &binder, &err) == 0, "%s", err.message);
    CHECK(patch_image(&image, &options, &patch) == 0);
    /* Table[which](x), and the jump through a table if the compiler made one. */
    CHECK(patch.counts.by_kind[PATCH_CALL][PATCH_JMP] +
              patch.counts.by_kind[PATCH_CALL][PATCH_PUN] +
              patch.counts.by_kind[PATCH_JUMP][PATCH_JMP] +
              patch.counts.by_kind[PATCH_JUMP][PATCH_PUN] >=
          1);
    CHECK(patch.counts.int3 == 0);
    CHECK(image_find(&image, "Apply", 0, &symbol) == 0);
    CHECK(((__attribute__((ms_abi)) int (*)(int, int))symbol.address)(1, 5) == 15);
    CHECK(image_find(&image, "Switch", 0, &symbol) == 0);
    for (int i = 0; i < 8; i++) {
        CHECK(((__attribute__((ms_abi)) int (*)(int))symbol.address)(i) == expected[i]);
    }
    for (size_t i = 0; i < patch.pages; i++) {
        munmap(patch.page[i].alias, ABI_PAGE_SIZE);
    }
    patch_free(&patch);
    munmap(where, RUN_SIZE);
}

int
main(int argc, char **argv)
{
    if (argc < 2) {
        return 77;
    }
    test_run(argv[1]);
    for (int i = 1; i < argc; i++) {
        test_image(argv[i]);
    }
    return check_done("image-whole");
}
