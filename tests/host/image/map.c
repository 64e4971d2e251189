/*
 * map.c - mapping and binding: the sample image field by field, then images that mingw built.
 *
 * Usage: map LIB.dll PROGRAM.exe. The DLL is mapped at another base and its code is run there.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include "host/image/image.h"
#include "tests/host/check.h"
#include "tests/host/image/sample.h"

#define BASE 0x400080000000ull

struct asked {
    char last_missing[64];
    unsigned missing;
    uint64_t slot;
    bool refuse;
};

/* a.dll!Alpha goes round by forwarders; ntoskrnl.exe!Beta is simply there; #7 is missing. */
static int
resolve(void *ctx, const char *dll, const char *name, uint16_t ordinal, struct image_symbol *out)
{
    if (image_same_name(dll, "a.dll") && name && !strcmp(name, "Alpha")) {
        out->forwarder = "b.c.Gamma";
        return 0;
    }
    if (image_same_name(dll, "b.c.dll") && name && !strcmp(name, "Gamma")) {
        out->forwarder = "ntoskrnl.#12";
        return 0;
    }
    if (image_is_kernel_alias(dll) && !name && ordinal == 12) {
        out->address = 0x1200;
        return 0;
    }
    if (image_is_kernel_alias(dll) && name && !strcmp(name, "Beta")) {
        out->address = 0xBE7A;
        return 0;
    }
    if (name && !strcmp(name, "Loop")) {
        out->forwarder = "loop.Loop";
        return 0;
    }
    return -ENOENT;
}

static uint64_t
missing(void *ctx, const char *dll, const char *name, uint16_t ordinal, uint64_t slot)
{
    struct asked *asked = ctx;

    snprintf(asked->last_missing, sizeof asked->last_missing, "%s!%s#%u", dll, name ? name : "",
             ordinal);
    asked->missing++;
    asked->slot = slot;
    return asked->refuse ? 0 : 0xDEAD0;
}

static uint64_t
get64(const struct image *image, uint32_t rva)
{
    uint64_t value;

    memcpy(&value, image->where + rva, 8);
    return value;
}

static void
test_sample(void)
{
    static uint8_t memory[2][SAMPLE_IMAGE];
    uint8_t file[SAMPLE_SIZE];
    struct pe pe;
    struct image image, other;
    struct image_error err = {0};
    struct image_range range;
    struct asked asked = {0};
    struct image_binder binder = {.ctx = &asked,
                                  .resolve = resolve,
                                  .missing = missing,
                                  .guard_check = 0xC4EC,
                                  .guard_dispatch = 0xD15};
    uint64_t cookie;
    char text[64];
    uint32_t next = 0;

    sample_build(file);
    CHECK(image_parse(file, sizeof file, &pe, &err) == 0);
    CHECK(image_map(&pe, "C:\\x/dir\\Sample.sys", memory[0], BASE, &image, &err) == 0);
    memset(file, 0xEE, sizeof file); /* the file is not needed any more */
    CHECK(strcmp(image.name, "Sample.sys") == 0);
    CHECK(get64(&image, SAMPLE_POINTER) == BASE + 0x1010);
    CHECK(get64(&image, 0x2230) == BASE + 0x1020);
    CHECK(image.where[0x3200] == 0 && image.where[0x38FF] == 0);

    cookie = get64(&image, SAMPLE_COOKIE);
    CHECK(cookie != 0x00002B992DDFA232 && cookie > 0xFFFF && cookie >> 48 == 0);
    sample_build(file);
    memset(memory[1], 0, sizeof memory[1]);
    CHECK(image_map(&pe, "sample.sys", memory[1], BASE, &other, &err) == 0);
    CHECK(get64(&other, SAMPLE_COOKIE) == cookie);
    memset(memory[1], 0, sizeof memory[1]);
    CHECK(image_map(&pe, "other.sys", memory[1], BASE, &other, &err) == 0);
    CHECK(get64(&other, SAMPLE_COOKIE) != cookie);

    CHECK(image_bind(&image, &binder, &err) == 0);
    CHECK(get64(&image, 0x2080) == 0x1200 && get64(&image, 0x2088) == 0xDEAD0 &&
          get64(&image, 0x20A0) == 0xBE7A);
    CHECK(asked.missing == 1 && !strcmp(asked.last_missing, "a.dll!#7") &&
          asked.slot == BASE + 0x2088);
    CHECK(get64(&image, SAMPLE_GUARD_CHECK) == 0xC4EC &&
          get64(&image, SAMPLE_GUARD_DISPATCH) == 0xD15);
    asked.refuse = true;
    CHECK(image_bind(&image, &binder, &err) == -ENOENT && err.code == ABI_IMAGE_IMPORT_MISSING);
    CHECK(strstr(err.message, "a.dll!#7"));
    CHECK(image_resolve(&binder, "loop.dll", "Loop", 0, &cookie) == -ENOENT);

    for (unsigned i = 0; image_range(&image.pe, i, &range); i++) {
        static const struct {
            const char *name;
            uint32_t protection;
            bool discardable;
        } expected[] = {
            {"", ABI_PROT_READ, false},       {".text", ABI_PROT_READ | ABI_PROT_EXECUTE, false},
            {".rdata", ABI_PROT_READ, false}, {".data", ABI_PROT_READ | ABI_PROT_WRITE, false},
            {".reloc", ABI_PROT_READ, true},  {"INIT", ABI_PROT_READ | ABI_PROT_EXECUTE, true}};

        CHECK(range.rva == next && !strcmp(range.name, expected[i].name));
        CHECK(range.protection == expected[i].protection &&
              range.discardable == expected[i].discardable && !range.pageable);
        next = range.rva + range.size;
    }
    CHECK(next == SAMPLE_IMAGE);

    image_describe(&image, BASE + 0x1009, text, sizeof text);
    CHECK_THAT(!strcmp(text, "Sample.sys!First+0x9"), "%s", text);
    image_describe(&image, BASE + 0x1010, text, sizeof text);
    CHECK_THAT(!strcmp(text, "Sample.sys!Second"), "%s", text);
    image_describe(&image, BASE + 0x3010, text, sizeof text);
    CHECK_THAT(!strcmp(text, "Sample.sys+0x3010"), "%s", text);
    CHECK(image_describe(&image, BASE + 0x1009, text, 8) == 20 && strlen(text) == 7);

    /* The guest may write anything over its image. */
    memset(image.where + 0x2000, 0xFF, 0x800);
    image_describe(&image, BASE + 0x1009, text, sizeof text);
    CHECK_THAT(!strcmp(text, "Sample.sys+0x1009"), "%s", text);
}

static void
test_not_relocatable(void)
{
    static uint8_t memory[SAMPLE_IMAGE];
    uint8_t file[SAMPLE_SIZE];
    struct pe pe;
    struct image image;
    struct image_error err = {0};

    sample_build(file);
    set16(file + SAMPLE_NT + 22, 0x23); /* relocations stripped */
    CHECK(image_parse(file, sizeof file, &pe, &err) == 0 && !pe.relocatable);
    CHECK(image_map(&pe, "s", memory, BASE, &image, &err) == -EADDRNOTAVAIL);
    CHECK(err.code == ABI_IMAGE_CONFLICT && strstr(err.message, "0x140000000"));
    CHECK(image_map(&pe, "s", memory, SAMPLE_BASE, &image, &err) == 0);
    CHECK(get64(&image, SAMPLE_POINTER) == SAMPLE_BASE + 0x1010);
    /* 32-bit addresses: the same */
    sample_build(file);
    set16(file + SAMPLE_RELOC + 8, 0x3030);
    CHECK(image_parse(file, sizeof file, &pe, &err) == 0 && !pe.relocatable);
}

static void
test_names(void)
{
    CHECK(image_is_kernel_alias("ntoskrnl.exe") && image_is_kernel_alias("HAL.dll") &&
          image_is_kernel_alias("NTKRNLMP.EXE") && image_is_kernel_alias("hal"));
    CHECK(!image_is_kernel_alias("ntdll.dll") && !image_is_kernel_alias("hall.dll") &&
          !image_is_kernel_alias("") && !image_is_kernel_alias("ntoskrnl.exe.dll"));
    CHECK(image_same_name("KERNEL32", "kernel32.DLL") && !image_same_name("a.sys", "a.dll") &&
          !image_same_name("ab", "a") && image_same_name("fltmgr.sys", "FLTMGR.SYS"));
}

/* ---- built by mingw ---- */

static int host_variable = 77;

static __attribute__((ms_abi)) int
host_function(int x)
{
    return x + 1000;
}

static int
resolve_host(void *ctx, const char *dll, const char *name, uint16_t ordinal,
             struct image_symbol *out)
{
    if (!image_same_name(dll, "host.dll") || !name) {
        return -ENOENT;
    }
    out->address = !strcmp(name, "Host") ? (uint64_t)host_function : (uint64_t)&host_variable;
    return 0;
}

static void *
address_of(const struct image *image, const char *name)
{
    struct image_symbol symbol = {0, NULL};

    CHECK_THAT(image_find(image, name, 0, &symbol) == 0, "%s", name);
    return (void *)symbol.address;
}

static void
test_dll(const char *path)
{
    size_t size;
    uint8_t *file = check_read_file(path, &size), *where;
    struct pe pe;
    struct image image;
    struct image_error err = {0};
    struct image_binder binder = {.resolve = resolve_host, .missing = missing};
    __attribute__((ms_abi)) int (*apply)(int, int);
    __attribute__((ms_abi)) const char *(*name)(int);
    __attribute__((ms_abi)) int (*read_variable)(void);

    CHECK_THAT(image_parse(file, size, &pe, &err) == 0, "%s", err.message);
    CHECK(pe.relocatable && pe.preferred != BASE);
    where = mmap((void *)BASE, pe.size, PROT_READ | PROT_WRITE | PROT_EXEC,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(where == (uint8_t *)BASE);
    CHECK_THAT(image_map(&pe, path, where, BASE, &image, &err) == 0, "%s", err.message);
    CHECK_THAT(image_bind(&image, &binder, &err) == 0, "%s", err.message);
    free(file);
    apply = address_of(&image, "Apply");
    name = address_of(&image, "Name");
    read_variable = address_of(&image, "ReadVariable");
    CHECK(apply(0, 21) == 42 && apply(1, 5) == 15 && apply(2, 1) == 1001);
    CHECK(!strcmp(name(1), "thrice"));
    CHECK(read_variable() == 77);
    CHECK(*(int *)address_of(&image, "Exported") == 42);
    munmap(where, pe.size);
}

/* An ordinary program with the C run time: parse, map, and all imports have names. */
static void
test_program(const char *path)
{
    size_t size;
    uint8_t *file = check_read_file(path, &size), *where;
    struct pe pe;
    struct image image;
    struct image_error err = {0};
    struct pe_imports it;
    struct pe_import import;
    struct pe_relocations relocations;
    unsigned kernel32 = 0, moved = 0, type;
    uint32_t rva;

    CHECK_THAT(image_parse(file, size, &pe, &err) == 0, "%s", err.message);
    CHECK(pe.subsystem == 3 && pe.entry && pe.tls.present);
    pe_imports_begin(&it, &pe, false);
    while (pe_imports_next(&it, &import)) {
        CHECK(import.name && import.slot);
        kernel32 += image_same_name(import.dll, "KERNEL32.dll");
    }
    CHECK(!it.problem && kernel32 > 3);
    where = calloc(1, pe.size);
    CHECK(image_map(&pe, path, where, BASE, &image, &err) == 0);
    pe_relocations_begin(&relocations, &image.pe);
    while (pe_relocations_next(&relocations, &rva, &type)) {
        uint64_t before;

        CHECK(pe_read(&pe, rva, &before, 8) && get64(&image, rva) == before - pe.preferred + BASE);
        moved++;
    }
    CHECK(moved > 10 && pe_function_count(&image.pe) > 10);
    free(where);
    free(file);
}

int
main(int argc, char **argv)
{
    test_sample();
    test_not_relocatable();
    test_names();
    if (argc == 3) {
        test_dll(argv[1]);
        test_program(argv[2]);
    } else {
        printf("skipped: images built by mingw\n");
    }
    return check_done("image-map");
}
